/** Verbs against the plainest code for arrays of rows. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  correlation,
  dropDuplicates,
  dropMissing,
  fillMissing,
  fromRows,
  groupBy,
  join,
  melt,
  pivot,
  profile,
  sample,
  withColumn,
} from '../../src/dataset'
import { times } from '../support/effort'

interface Cells {
  readonly k: string | null
  readonly j: number | null
  readonly x: number | null
}
const cell = {
  k: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null }),
  j: fc.option(fc.integer({ min: -2, max: 2 }), { nil: null }),
  x: fc.option(fc.double({ min: -100, max: 100, noNaN: true }), { nil: null }),
}
const rows = fc.array(fc.record(cell), { maxLength: 25 })
const types = { k: 'string', j: 'int32', x: 'float64' } as const
const tableOfRows = (list: readonly Cells[]) => fromRows(list, { types, columns: ['k', 'j', 'x'] })
const runs = { numRuns: times(40, 1000) }

function mapOf(list: readonly Cells[]): Map<string, Cells[]> {
  const groups = new Map<string, Cells[]>()
  for (const row of list) {
    const key = JSON.stringify([row.k, row.j])
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return groups
}

describe('verbs', () => {
  it('groupBy is a Map of lists', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const figures = {
          ...({ n: 'size', count: ['x', 'count'], sum: ['x', 'sum'], mean: ['x', 'mean'], sd: ['x', 'sd'] } as const),
          ...({ min: ['x', 'min'], max: ['x', 'max'], median: ['x', 'median'], first: ['x', 'first'], last: ['x', 'last'] } as const),
          ...({ distinct: ['x', 'nunique'], lowest: ['k', 'min'] } as const),
        }
        const found = groupBy(tableOfRows(list), ['k', 'j']).agg(figures).toRecords()
        const groups = [...mapOf(list).values()]
        expect(found.map(({ k, j, n }) => [k, j, n])).toEqual(groups.map((group) => [group[0]?.k, group[0]?.j, group.length]))
        groups.forEach((group, g) => {
          const values = group.flatMap(({ x }) => (x === null ? [] : [x]))
          const sorted = [...values].sort((a, b) => a - b)
          const sum = values.reduce((a, b) => a + b, 0)
          const mean = sum / values.length
          const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1))
          const middle = ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
          const near = (got: number | null | undefined, want: number | undefined) =>
            want === undefined || Number.isNaN(want) ? expect(got).toBeNull() : expect(got).toBeCloseTo(want, 9)
          const row = found[g]
          expect([row?.count, row?.distinct]).toEqual([values.length, new Set(values).size])
          near(row?.sum, sum)
          near(row?.mean, mean)
          near(row?.sd, values.length > 1 ? sd : undefined)
          near(row?.min, sorted[0])
          near(row?.max, sorted.at(-1))
          near(row?.median, middle)
          near(row?.first, values[0])
          near(row?.last, values.at(-1))
          expect(row?.lowest).toBe(group[0]?.k)
        })
      }),
      runs,
    )
  })

  it('join of several keys is a nested loop, in every kind', () => {
    const equal = (a: Cells, b: Cells): boolean => a.k !== null && a.j !== null && a.k === b.k && a.j === b.j
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const pairs = left.flatMap((a) => right.filter((b) => equal(a, b)).map((b) => ({ ...a, x_right: b.x })))
        const onlyLeft = left.filter((a) => !right.some((b) => equal(a, b)))
        const onlyRight = right.filter((b) => !left.some((a) => equal(a, b))).map(({ k, j, x }) => ({ k, j, x: null, x_right: x }))
        const leftJoin = left.flatMap((a) => {
          const found = right.filter((b) => equal(a, b)).map((b) => ({ ...a, x_right: b.x }))
          return found.length > 0 ? found : [{ ...a, x_right: null }]
        })
        const of = (how: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti') =>
          join(tableOfRows(left), tableOfRows(right), { on: ['k', 'j'], how }).toRecords()
        expect(of('inner')).toEqual(pairs)
        expect(of('left')).toEqual(leftJoin)
        expect(of('right')).toEqual([...pairs, ...onlyRight])
        expect(of('full')).toEqual([...leftJoin, ...onlyRight])
        expect(of('anti')).toEqual(onlyLeft)
        expect(of('semi')).toEqual(left.filter((a) => !onlyLeft.includes(a)))
      }),
      runs,
    )
  })

  it('melt undoes pivot', () => {
    fc.assert(
      fc.property(rows, (list) => {
        // One row for each pair of keys, and no missing name.
        const cells = [...mapOf(list).values()].flatMap(([row]) => (row === undefined || row.j === null ? [] : [row]))
        fc.pre(cells.length > 0)
        const wide = pivot(tableOfRows(cells), { index: 'k', columns: 'j', values: 'x' })
        const long = dropMissing(melt(wide, { id: 'k', variable: 'j', value: 'x' }), { columns: ['x'] }).toRecords()
        const text = (row: { readonly k?: unknown; readonly j?: unknown; readonly x?: unknown }): string => `${row.k} ${row.j} ${row.x}`
        expect(long.map(text).sort()).toEqual(
          cells
            .filter(({ x }) => x !== null)
            .map(text)
            .sort(),
        )
      }),
      runs,
    )
  })

  it('filling, dropping, deduplicating and sampling keep what they must', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 1000 }), (list, seed) => {
        const data = tableOfRows(list)
        const kept = dropMissing(data).toRecords()
        expect(kept).toEqual(list.filter(({ k, j, x }) => k !== null && j !== null && x !== null))
        let last: number | null = null
        const forward = list.map(({ x }) => {
          last = x ?? last
          return last
        })
        expect(fillMissing(data, { x: 'forward' }).column('x').toArray()).toEqual(forward)
        const firsts = [...mapOf(list).values()].map(([row]) => row)
        expect(dropDuplicates(data, { columns: ['k', 'j'] }).toRecords()).toEqual(firsts)
        const numbered = withColumn(
          data,
          'row',
          Int32Array.from(list, (_, row) => row),
        )
        const drawn = sample(numbered, { fraction: 0.5, seed }).column('row').toArray()
        expect([drawn.length, new Set(drawn).size]).toEqual([Math.round(list.length * 0.5), drawn.length])
        const sums = add(data.column('x'), data.column('j')).toArray()
        expect(sums).toEqual(list.map(({ x, j }) => (x === null || j === null ? null : x + j)))
      }),
      runs,
    )
  })

  it('correlation is that of each pair of columns, also where its rows lie far from the others', () => {
    const number = fc.oneof(
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.constant(null),
      fc.double({ min: 1e6, max: 1e6 + 3, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number, fc.integer({ min: -2, max: 2 })), { minLength: 1, maxLength: 40 }), (list) => {
        const data = fromRows(
          list.map(([a, b, c]) => ({ a, b, c })),
          { types: { a: 'float64', b: 'float64', c: 'int32' } },
        )
        const found = correlation(data)
        for (const [i, left] of (['a', 'b', 'c'] as const).entries()) {
          for (const right of ['a', 'b', 'c'] as const) {
            const [x, y] = [data.column(left).toArray() as number[], data.column(right).toArray() as number[]]
            const pairs = x.flatMap((value, row) => (value === null || y[row] === null ? [] : [[value, y[row] as number] as const]))
            const mean = [0, 1].map((side) => pairs.reduce((sum, pair) => sum + (pair[side] as number), 0) / pairs.length)
            const sum = (f: (dx: number, dy: number) => number): number =>
              pairs.reduce((total, [p, q]) => total + f(p - (mean[0] as number), q - (mean[1] as number)), 0)
            const [xx, yy] = [sum((dx) => dx * dx), sum((_, dy) => dy * dy)]
            const cell = found.column(right).at(i) as number | null
            // Where a column does not vary but for rounding, its coefficient is noise.
            if (Math.min(xx, yy) < 1e-9) continue
            expect(cell).toBeCloseTo(sum((dx, dy) => dx * dy) / Math.sqrt(xx) / Math.sqrt(yy), 7)
          }
        }
      }),
      runs,
    )
  })

  it('describe counts whole numbers as it sorts others', () => {
    const cells = fc.array(fc.option(fc.integer({ min: -60, max: 60 }), { nil: null }), { maxLength: 200 })
    fc.assert(
      fc.property(cells, (list) => {
        const table = (type: 'int32' | 'float64') =>
          fromRows(
            list.map((x) => ({ x })),
            { types: { x: type }, columns: ['x'] },
          ) // prettier-ignore
        const [counted, sorted] = [profile(table('int32')).columns[0], profile(table('float64')).columns[0]]
        expect(counted).toEqual({
          ...sorted,
          type: 'int32',
          ...(counted?.sd === undefined ? {} : { sd: expect.closeTo(sorted?.sd as number, 10) }),
        })
      }),
      runs,
    )
  })
})
