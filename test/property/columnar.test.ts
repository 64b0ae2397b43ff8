/** Columnar formats: what is written is read back the same, type by type and bit by bit. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArrow, toArrow } from '../../src/adapters/arrow/arrow'
import { readParquet, toParquet } from '../../src/adapters/parquet/parquet'
import { fingerprint } from '../../src/dataset'
import { times } from '../support/effort'
import { randomTable } from '../support/random-table'

describe('parquet', () => {
  it('gives back every table, in row groups of any size and with any compression', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomTable(40),
        fc.constantFrom('none', 'snappy', 'gzip'),
        fc.integer({ min: 1, max: 50 }),
        async (data, compression, rowGroupSize) => {
          const bytes = await toParquet(data, { compression, rowGroupSize })
          expect(fingerprint(await readParquet(bytes))).toBe(fingerprint(data))
        },
      ),
      { numRuns: times(60, 3000) },
    )
  })

  it('gives back any part', async () => {
    await fc.assert(
      fc.asyncProperty(randomTable(40), fc.nat(45), fc.nat(45), fc.integer({ min: 1, max: 20 }), async (data, a, b, rowGroupSize) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const columns = data.columnNames.slice(-2).reverse()
        const read = await readParquet(await toParquet(data, { rowGroupSize }), { columns, rowRange: [from, to] })
        const part = data.slice(from, to)
        expect(read.columnNames).toEqual(columns)
        expect(read.toRecords()).toEqual(part.toRecords().map((row) => Object.fromEntries(columns.map((name) => [name, row[name]]))))
      }),
      { numRuns: times(40, 1000) },
    )
  })
})

describe('arrow', () => {
  it('gives back every table, as file and stream, with strings and with dictionaries', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomTable(40),
        fc.constantFrom('file', 'stream'),
        fc.constantFrom('strings', 'dictionary'),
        async (data, format, text) => {
          expect(fingerprint(await readArrow(await toArrow(data, { format, text })))).toBe(fingerprint(data))
        },
      ),
      { numRuns: times(60, 3000) },
    )
  })
})
