/** Tables for the tests of the dataset store. */
import { createRng } from '../../src/core/random'
import { type Dataset, fromColumns } from '../../src/dataset'

/** 4,000 rows of every column type, with missing cells. */
export function table(rows = 4000, seed = 1): Dataset {
  const rng = createRng(seed)
  const cells = Array.from({ length: rows }, (_, i) => i)
  return fromColumns(
    {
      id: cells,
      amount: cells.map(() => (rng.int(50) === 0 ? null : rng.next() * 100)),
      city: cells.map(() => (rng.int(40) === 0 ? null : `city ${rng.int(300)} \u{1f600}`)),
      isLate: cells.map(() => (rng.int(30) === 0 ? null : rng.int(2) === 1)),
      at: cells.map((i) => new Date(1.7e12 + i * 60_000)),
    },
    { types: { id: 'int32', amount: 'float64', city: 'string', isLate: 'boolean' } },
  ) as unknown as Dataset
}

/** Small chunks, so that small tables have many. */
export const small = { chunkRows: 64, chunkBytes: 512 }
