/** Dataset verbs against plain arrays of rows. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, filter, fingerprint, fromRows, groupCounts, join, sort, take } from '../../src/dataset'

const key = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null })
const rows = fc.array(fc.record({ k: key, n: fc.option(fc.integer({ min: -3, max: 3 }), { nil: null }) }), { maxLength: 25 })
const types = { k: 'string', n: 'int32' } as const
const tableOfRows = (list: readonly { k: string | null; n: number | null }[]) => fromRows(list, { types, columns: ['k', 'n'] })

describe('dataset', () => {
  it('filter and concat are those of arrays', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const data = tableOfRows(list)
        const positive = filter(data, (row) => (row.n as number) > 0)
        const rest = filter(data, (row) => !((row.n as number) > 0))
        expect(positive.toRecords()).toEqual(list.filter(({ n }) => (n as number) > 0))
        expect(concat([positive, rest]).toRecords()).toEqual([...positive.toRecords(), ...rest.toRecords()])
      }),
    )
  })

  it('sort is a stable permutation in order', () => {
    fc.assert(
      fc.property(rows, fc.boolean(), (list, descending) => {
        const sorted = sort(tableOfRows(list), [{ column: 'k', descending }, 'n']).toRecords()
        const rank = (value: unknown, down: boolean): number =>
          value === null ? 99 : (down ? -1 : 1) * (typeof value === 'string' ? value.charCodeAt(0) - 96 : (value as number))
        const want = [...list].sort((a, b) => rank(a.k, descending) - rank(b.k, descending) || rank(a.n, false) - rank(b.n, false))
        expect(sorted).toEqual(want)
      }),
    )
  })

  it('join is the filtered product', () => {
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const inner = join(tableOfRows(left), tableOfRows(right), { on: 'k' }).toRecords()
        const want = left.flatMap((a) => right.filter((b) => a.k !== null && a.k === b.k).map((b) => ({ k: a.k, n: a.n, n_right: b.n })))
        expect(inner).toEqual(want)
        const count = (how: 'left' | 'right' | 'full' | 'semi' | 'anti') =>
          join(tableOfRows(left), tableOfRows(right), { on: 'k', how }).numRows
        const lonelyLeft = left.filter((a) => a.k === null || !right.some((b) => b.k === a.k)).length
        const lonelyRight = right.filter((b) => b.k === null || !left.some((a) => a.k === b.k)).length
        expect([count('left'), count('right'), count('full')]).toEqual([
          want.length + lonelyLeft,
          want.length + lonelyRight,
          want.length + lonelyLeft + lonelyRight,
        ])
        expect([count('semi'), count('anti')]).toEqual([left.length - lonelyLeft, lonelyLeft])
      }),
    )
  })

  it('group counts add up', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const groups = groupCounts(tableOfRows(list), ['k', 'n']).toRecords()
        expect(groups.reduce((sum, { count }) => sum + (count as number), 0)).toBe(list.length)
        for (const { k, n, count } of groups) expect(list.filter((row) => row.k === k && row.n === n).length).toBe(count)
      }),
    )
  })

  it('fingerprints are equal exactly when cells are', () => {
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        expect(fingerprint(tableOfRows(a)) === fingerprint(tableOfRows(b))).toBe(
          JSON.stringify(a.map(({ k, n }) => [k, n])) === JSON.stringify(b.map(({ k, n }) => [k, n])),
        )
        const data = tableOfRows([...b, ...a])
        expect(fingerprint(data.slice(b.length))).toBe(fingerprint(tableOfRows(a)))
        expect(
          fingerprint(
            take(
              data,
              Int32Array.from(a, (_, i) => b.length + i),
            ),
          ),
        ).toBe(fingerprint(tableOfRows(a)))
      }),
    )
  })
})
