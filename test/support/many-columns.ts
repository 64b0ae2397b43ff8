/** Wide tables for reports and pages. */
import { createRng } from '../../src/core/random'
import { columnFrom } from '../../src/schema/column'
import { type Table, tableOf } from '../../src/schema/table'

/** Numbers, whole numbers and categories in turn; a fifth of the columns moved by `shift`. */
export function manyColumns(seed: number, shift: number, { columns, rows }: { readonly columns: number; readonly rows: number }): Table {
  const rng = createRng(seed)
  const cells = <T>(make: () => T): T[] => Array.from({ length: rows }, make)
  return tableOf(
    Array.from({ length: columns }, (_, i) => {
      const move = i % 5 === 0 ? shift : 0
      if (i % 4 < 2)
        return columnFrom(
          `sensor_${i}`,
          'float64',
          cells(() => (rng.next() < 0.02 ? null : (rng.normal() + move) * 10 ** (i % 7))),
        )
      if (i % 4 === 2)
        return columnFrom(
          `count_${i}`,
          'int32',
          cells(() => Math.floor((rng.next() + move / 4) * 1000)),
        )
      return columnFrom(
        `category_${i}`,
        'string',
        cells(() => `category ${Math.floor(Math.min(9, rng.next() * 10 + move * 2))}`),
      )
    }),
  )
}
