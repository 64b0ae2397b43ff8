import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readArrow, toArrow } from '../../../../src/adapters/arrow/arrow'
import { fromColumns, profile } from '../../../../src/dataset'
import { kindsOfArrow, kindsOfRows } from '../../../support/columnar-fixture'

const path = (name: string): string => fileURLToPath(new URL(`../../../fixtures/columnar/${name}`, import.meta.url))

describe('readArrow', () => {
  it.each([...kindsOfRows, ...kindsOfArrow])('reads $name, written by pyarrow', async ({ name, type, cells }) => {
    const column = (await readArrow(path('kinds.arrow'), { columns: [name] })).column(name)
    expect([column.type, column.toArray()]).toEqual([type, cells])
  })

  it('shares memory where the layouts agree', async () => {
    const bytes = await toArrow(fromColumns({ i: Int32Array.of(1, 2), f: Float64Array.of(0.5, 1), s: ['x', 'y'] }), { text: 'dictionary' })
    const data = await readArrow(bytes)
    for (const name of ['i', 'f', 's']) expect(data.column(name).storage.buffer, name).toBe(bytes.buffer)
    const missing = await readArrow(await toArrow(fromColumns({ i: [1, null], f: [0.5, null] })))
    expect(missing.toRecords()).toEqual([
      { i: 1, f: 0.5 },
      { i: null, f: null },
    ])
  })

  it('names the columns that are no cells', async () => {
    const error = await readArrow(path('kinds.arrow')).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'Unsupported', details: { columns: ['list', 'struct', 'map', 'binary', 'duration'] } })
    expect(String(error)).toContain('"list" is List; "struct" is Struct; "map" is Map; "binary" is Binary; "duration" is Duration')
  })

  it.each(['lz4', 'zstd'])('reads Feather compressed with %s', async (codec) => {
    const data = await readArrow(path(`${codec}.feather`))
    expect([data.numRows, data.row(999), data.row(1)]).toEqual([1000, { a: 999, b: 'x' }, { a: 1, b: null }])
  })

  it('reads bytes from any place in memory', async () => {
    const data = fromColumns({ f: [0.5, 1], t: [new Date(0), new Date(1)] })
    const bytes = await toArrow(data)
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    expect((await readArrow(moved.subarray(3))).toRecords()).toEqual(data.toRecords())
  })

  it('reads a stream whose dictionary is replaced', async () => {
    expect((await readArrow(path('dictionaries.arrows'))).column('d').toArray()).toEqual(['x', 'y', 'x', 'z', 'x'])
  })

  it('refuses what is wrong, in its own words', async () => {
    await expect(readArrow('none.arrow')).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readArrow(path('kinds.arrow'), { columns: ['zz'] })).rejects.toMatchObject({ code: 'NotFound' })
    const bytes = new Uint8Array(await readFile(path('kinds.arrow')))
    await expect(readArrow(bytes.subarray(0, 600))).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(readArrow(new Uint8Array(0))).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(toArrow(fromColumns({}))).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(toArrow(fromColumns({ a: [1] }), { format: 'feather' as 'file' })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})

const shared = new URL('../../../../../shared/data/columnar/flights_200k.arrow', import.meta.url)

describe.skipIf(!existsSync(shared))('real files (needs the data beside the repository)', () => {
  it('flights_200k', async () => {
    const data = await readArrow(fileURLToPath(shared))
    expect([data.numRows, data.schema.map(({ name, type }) => `${name}: ${type}`)]).toEqual([
      200_000,
      ['delay: int32', 'distance: int32', 'time: float64'],
    ])
    const { columns } = profile(data)
    const [delay, distance, time] = columns
    expect(delay).toMatchObject({ min: -86, max: 1444, missing: 0 })
    expect(delay?.mean).toBeCloseTo(7.500795, 6)
    expect((distance?.mean ?? 0) * 200_000).toBeCloseTo(145_847_125, 3)
    expect(time?.mean).toBeCloseTo(13.77585, 5)
  })
})
