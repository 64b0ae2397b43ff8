/** Tables for tests of formats: columns of every type under odd names, with missing cells and the values that formats get wrong. */
import fc from 'fast-check'
import { Dataset } from '../../src/dataset'
import { type ColumnType, columnFrom } from '../../src/schema/column'

const cells = {
  int32: fc.oneof(fc.integer({ min: -2147483647, max: 2147483647 }), fc.constantFrom(0, -2147483647, 2147483647)),
  float64: fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 53, 1e308),
  ),
  boolean: fc.boolean(),
  timestamp: fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map(Number),
  string: fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('', '\ufeffmark', '\0', 'NA', '한글', '👩‍👩‍👧', 'a,b\n"c"', '__proto__'),
    )
    .map((text) => text.toWellFormed()),
} as const

const types = Object.keys(cells) as ColumnType[]

/** A dataset of 1 to 6 columns and 0 to `maxRows` rows. */
export function randomTable(maxRows: number): fc.Arbitrary<Dataset> {
  return fc
    .record({
      columns: fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), fc.constantFrom(...types)), {
        minLength: 1,
        maxLength: 6,
        selector: ([name]) => name.toWellFormed(),
      }),
      rows: fc.integer({ min: 0, max: maxRows }),
      missing: fc.boolean(),
    })
    .chain(({ columns, rows, missing }) =>
      fc
        .tuple(
          ...columns.map(([, type]) =>
            fc.array(missing ? fc.option<unknown>(cells[type], { nil: null, freq: 4 }) : (cells[type] as fc.Arbitrary<unknown>), {
              minLength: rows,
              maxLength: rows,
            }),
          ),
        )
        .map((data) => new Dataset(columns.map(([name, type], i) => columnFrom(name.toWellFormed(), type, data[i] as unknown[])))),
    )
}
