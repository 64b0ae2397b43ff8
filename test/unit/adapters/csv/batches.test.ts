/** CSV in batches: the same rows as in one piece, however the file is cut. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ReadCsvBatchesOptions, readCsv, readCsvBatches } from '../../../../src/adapters/csv/csv'
import type { DataSource } from '../../../../src/adapters/node/data-source'
import { silentLogger } from '../../../../src/core/logger'
import { concat, type Dataset, fingerprint } from '../../../../src/dataset'
import { times } from '../../../support/effort'

async function all(source: DataSource, options: ReadCsvBatchesOptions = {}): Promise<Dataset[]> {
  const batches: Dataset[] = []
  for await (const batch of readCsvBatches(source, { logger: silentLogger(), ...options })) batches.push(batch)
  return batches
}

describe('readCsvBatches', () => {
  it('gives all rows in batches of the size asked for', async () => {
    const text = `a,b\n${Array.from({ length: 25 }, (_, i) => `${i},"x\n${i % 3}"`).join('\n')}\n`
    const batches = await all(text, { batchSize: 10 })
    expect(batches.map(({ numRows }) => numRows)).toEqual([10, 10, 5])
    expect(batches[2]?.row(4)).toEqual({ a: 24, b: 'x\n0' })
    expect((await all('a,b\n')).map(String)).toEqual(['Dataset: 2 columns × 0 rows'])
    await expect(all(new Uint8Array(0))).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('gives the same rows as readCsv, whatever the pieces', async () => {
    const cell = fc.constantFrom('1', '2,5', '"x\ny"', '"a ""b"""', '', 'é한', '"\r\n"', 'z')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 30 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (rows, lineEnd, piece, sampleBytes, batchSize) => {
          const text = new TextEncoder().encode(`a;b;c${lineEnd}${rows.map((row) => `${row.join(';')};`.slice(0, -1)).join(lineEnd)}`)
          const pieces = Array.from({ length: Math.ceil(text.length / piece) }, (_, i) => text.subarray(i * piece, (i + 1) * piece))
          const options = { delimiter: ';', types: { a: 'string', b: 'string', c: 'string' } } as const
          const batches = await all(pieces, { ...options, sampleBytes, batchSize })
          const want = await readCsv(text, { ...options, logger: silentLogger() })
          expect(fingerprint(concat(batches))).toBe(fingerprint(want))
          expect(batches.slice(0, -1).every(({ numRows }) => numRows === batchSize)).toBe(true)
        },
      ),
      { numRuns: times(40, 2000) },
    )
  })

  it('keeps types and spellings of the sample, and names the line that contradicts it', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => `${i};${i},5;31.12.2024;t${i}`).join('\n')
    const options = { sampleBytes: 1000, batchSize: 100, dates: 'find' } as const
    const batches = await all([`i;f;d;s\n${rows}\n`, ''], options)
    expect(batches.map(({ schema }) => schema.map(({ type }) => type).join())).toEqual(Array(4).fill('int32,float64,timestamp,string'))
    expect(batches[3]?.row(99)).toEqual({ i: 399, f: 399.5, d: Date.UTC(2024, 11, 31), s: 't399' })
    const pieces = (last: string): string[] => [...`i;f;d;s\n${rows}\n`.split(/(?<=\n)/), last]
    const many = (last: string) =>
      all([...pieces('').flatMap((one) => [one]), ...Array<string>(1000).fill('1;1,5;31.12.2024;x\n'), last], options)
    await expect(many('1.5;1,5;31.12.2024;x\n')).rejects.toMatchObject({
      code: 'SchemaMismatch',
      message: 'readCsvBatches: line 1402: column "i" must be int32, got "1.5"',
    })
    await expect(many('1;1.5;31.12.2024;x\n')).rejects.toMatchObject({ code: 'SchemaMismatch' })
    await expect(many('1;1,5;later;x\n')).rejects.toThrow('column "d" holds dates written as the day first, got "later"')
    await expect(many('1;1,5\n')).rejects.toThrow('line 1402 has 2 fields, expected 4')
    await expect(many('1;1,5;"\n')).rejects.toThrow('line 1402 opens a quote that is never closed')
  })

  it('reads gzip and other encodings', async () => {
    const korean = Uint8Array.of(0x61, 0x0a, 0xbc, 0xad, 0xbf, 0xef, 0x0a, 0xba, 0xce, 0xbb, 0xea)
    const halves = [korean.subarray(0, 3), korean.subarray(3)]
    expect((await all(halves, { encoding: 'cp949', sampleBytes: 1 })).flatMap((batch) => batch.column('a').toArray())).toEqual([
      '서울',
      '부산',
    ])
    expect((await all(new Uint8Array(gzipSync('a\n1\n2\n'))))[0]?.column('a').toArray()).toEqual([1, 2])
    await expect(all(Uint8Array.of(0xff, 0xfe, 0x61, 0, 0x0a, 0))).rejects.toMatchObject({ code: 'Unsupported' })
    await expect(all(new Uint8Array(gzipSync('a\n1\n2\n')).subarray(0, 20))).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('stops when told', async () => {
    const reason = new Error('enough')
    await expect(all('a\n1\n', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
