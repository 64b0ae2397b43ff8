import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readParquet, toParquet } from '../../../../src/adapters/parquet/parquet'
import { createRng } from '../../../../src/core/random'
import { fromColumns, profile, valueCounts } from '../../../../src/dataset'
import { kindsOfRows } from '../../../support/columnar-fixture'
import { times } from '../../../support/effort'

const fixture = fileURLToPath(new URL('../../../fixtures/columnar/kinds.parquet', import.meta.url))
const flat = kindsOfRows.map(({ name }) => name)

describe('readParquet', () => {
  it.each(kindsOfRows)('reads $name, written by pyarrow', async ({ name, type, cells }) => {
    const column = (await readParquet(fixture, { columns: [name] })).column(name)
    expect([column.type, column.toArray()]).toEqual([type, cells])
  })

  it('reads the same from bytes, a Blob and a stream, and only what is asked for', async () => {
    const bytes = await readFile(fixture)
    const [a, b] = [flat[0] as string, flat[1] as string]
    const want = await readParquet(fixture, { columns: [b, a], rowRange: [1, 3] })
    expect([want.columnNames, want.numRows]).toEqual([[b, a], 2])
    for (const source of [new Uint8Array(bytes), new Blob([bytes]), new Response(bytes)]) {
      expect((await readParquet(source, { columns: [b, a], rowRange: [1, 3] })).toRecords()).toEqual(want.toRecords())
    }
    expect((await readParquet(fixture, { columns: [a], rowRange: [9, 20] })).numRows).toBe(0)
  })

  it('names the columns that are no cells', async () => {
    const error = await readParquet(fixture).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'Unsupported', details: { columns: ['list', 'struct', 'map', 'interval'] } })
    expect(String(error)).toContain('"list" is nested (LIST)')
    await expect(readParquet(fixture, { columns: ['binary'] })).rejects.toMatchObject({
      code: 'Unsupported',
      message: 'readParquet: column "binary" holds bytes that are not UTF-8 text',
    })
  })

  it('reads times of 96 bits and text without a dictionary', async () => {
    const data = await readParquet(fileURLToPath(new URL('../../../fixtures/columnar/plain.parquet', import.meta.url)))
    expect(data.column('int96').toArray()).toEqual(kindsOfRows.find(({ name }) => name === 'timestamp ns')?.cells)
    expect(data.column('plain').toArray()).toEqual(kindsOfRows.find(({ name }) => name === 'string')?.cells)
  })

  it.each(['gzip', 'brotli', 'zstd', 'lz4'])('reads what is compressed with %s', async (codec) => {
    const path = fileURLToPath(new URL(`../../../fixtures/columnar/${codec}.parquet`, import.meta.url))
    expect((await readParquet(path)).toRecords()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
      { a: 3, b: 'x' },
    ])
  })

  it('refuses what is wrong, in its own words', async () => {
    await expect(readParquet('none.parquet')).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readParquet(fixture, { columns: ['zz'] })).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readParquet(new Uint8Array(100))).rejects.toMatchObject({ code: 'Corrupt' })
    const bytes = new Uint8Array(await readFile(fixture))
    await expect(readParquet(bytes.subarray(0, 500))).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(readParquet(fixture, { rowRange: [3, 1] })).rejects.toMatchObject({ code: 'InvalidArgument' })
    const reason = new Error('enough')
    await expect(readParquet(fixture, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('reads a column of nothing but nulls, compressed with LZ4 by pyarrow', async () => {
    const path = fileURLToPath(new URL('../../../fixtures/columnar/lz4-nulls.parquet', import.meta.url))
    expect((await readParquet(path)).toRecords()).toEqual([
      { a: 1, b: null },
      { a: 2, b: null },
    ])
  })

  it('never throws anything but its own errors, and always ends, where pages are damaged', async () => {
    const table = fromColumns({
      a: [...Array(200).keys()],
      b: Array.from({ length: 200 }, (_, i) => (i % 9 ? `t${i % 13}` : null)),
      c: Array.from({ length: 200 }, (_, i) => i % 3 === 0),
    })
    const files = [new Uint8Array(await readFile(fileURLToPath(new URL('../../../fixtures/columnar/plain.parquet', import.meta.url))))]
    for (const compression of ['none', 'snappy'] as const)
      files.push(new Uint8Array(await toParquet(table, { compression, rowGroupSize: 90 })))
    const rng = createRng(9)
    for (let n = 0; n < times(60, 4300); n++) {
      const damaged = (files[n % files.length] as Uint8Array).slice()
      const footer = damaged.length - 8 - new DataView(damaged.buffer).getUint32(damaged.length - 8, true)
      for (let k = 0; k <= rng.int(3); k++) damaged[4 + rng.int(footer - 4)] = rng.int(3) === 0 ? 255 : rng.int(256)
      const result: unknown = await readParquet(damaged).catch((error: unknown) => error)
      if (result instanceof Error) expect((result as { code?: string }).code, `${n}: ${result}`).toMatch(/Corrupt|Unsupported/)
    }
  })

  it.each([
    [
      'a length beyond the column',
      [0x15, 0, 0x15, 2, 0x15, 0xfe, 0xff, 2, 0x2c, 0x15, 2, 0x15, 0, 0, 0],
      'a page that is longer than its column',
    ],
    ['a negative length', [0x15, 0, 0x15, 2, 0x15, 1, 0x2c, 0x15, 2, 0], 'a page with a negative or missing number'],
    ['a number that does not end', [0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], 'a number of more than 32 bits'],
    ['structs without end', new Array(60).fill(0x1c), 'a page header with too many levels'],
  ])('refuses a page header with %s', async (_, header, message) => {
    const bytes = new Uint8Array(await toParquet(fromColumns({ a: [...Array(200).keys()].map((i) => i / 3) }), { compression: 'none' }))
    bytes.set(header, 4)
    await expect(readParquet(bytes)).rejects.toThrow(`readParquet: column "a" has ${message}`)
  })

  it('never throws anything but its own errors where the description of the file is damaged', async () => {
    const bytes = new Uint8Array(await toParquet(fromColumns({ a: [1, 2, 3], s: ['x', 'y', null] })))
    const footer = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
    for (let i = footer; i < bytes.length; i++) {
      const damaged = bytes.slice()
      damaged[i] = (damaged[i] as number) ^ 0x55
      const result: unknown = await readParquet(damaged).catch((error: unknown) => error)
      if (result instanceof Error)
        expect((result as { code?: string }).code, `byte ${i}: ${result}`).toMatch(/Corrupt|Unsupported|InvalidArgument/)
    }
  })
})

describe('toParquet', () => {
  it('refuses what it cannot write', async () => {
    await expect(toParquet(fromColumns({}))).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(toParquet(fromColumns({ a: [1] }), { compression: 'lzma' as 'none' })).rejects.toMatchObject({ code: 'InvalidArgument' })
    const lib = {
      parquetWriteBuffer: () => {
        throw new Error('no room')
      },
    } // prettier-ignore
    await expect(toParquet(fromColumns({ a: [1] }), { lib })).rejects.toThrow('could not write the table: no room')
  })
})

const shared = new URL('../../../../../shared/data/monitoring/', import.meta.url)

describe.skipIf(!existsSync(shared))('real files (needs the data beside the repository)', () => {
  const read = (name: string, options = {}) => readParquet(fileURLToPath(new URL(name, shared)), options)

  it('employment_ma_reference', async () => {
    const data = await read('employment_ma_reference.parquet')
    expect([data.numRows, data.columnNames.length]).toEqual([68_785, 21])
    expect(valueCounts(data, 'year')).toMatchObject([{ value: 2015, count: 68_785 }])
    const right = data.column('prediction').storage.filter((value, row) => value === data.column('employed').storage[row]).length
    expect((right / data.numRows).toFixed(3)).toBe('0.827')
    expect(profile(data).columns.reduce((sum, { missing }) => sum + missing, 0)).toBe(0)
  })

  it('employment_ma_analysis and its target', async () => {
    const data = await read('employment_ma_analysis.parquet', { columns: ['id', 'year'] })
    const counts = Object.fromEntries(valueCounts(data, 'year').map(({ value, count }) => [value, count]))
    expect(counts).toEqual({ 2016: 69_126, 2017: 69_635, 2018: 70_131 })
    const target = await read('employment_ma_analysis_target.parquet')
    expect([target.numRows, target.columnNames]).toEqual([208_892, ['id', 'employed']])
    expect(target.column('id').storage).toEqual(data.column('id').storage)
  })
})
