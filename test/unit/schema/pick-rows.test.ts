/** Taking the same rows from many columns. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnFrom, takeColumn } from '../../../src/schema/column'
import { pickColumn, pickRows } from '../../../src/schema/pick-rows'

const column = columnFrom('n', 'int32', [7, null, 5, ...Array.from({ length: 997 }, (_, i) => i)])
const text = columnFrom(
  's',
  'string',
  Array.from({ length: 1000 }, (_, i) => (i % 9 === 0 ? null : `t${i % 50}`)),
)

describe('pickRows', () => {
  it('takes what takeColumn takes, in runs or one by one', () => {
    const run = fc.tuple(fc.integer({ min: -1, max: 999 }), fc.integer({ min: 1, max: 400 }))
    let [withRuns, without] = [0, 0]
    fc.assert(
      fc.property(fc.array(run, { maxLength: 8 }), (parts) => {
        const rows = Int32Array.from(
          parts.flatMap(([from, length]) => (from < 0 ? [-1] : Array.from({ length: Math.min(length, 1000 - from) }, (_, i) => from + i))),
        )
        const pick = pickRows(rows, 1000)
        if (pick.runs === undefined) without++
        else withRuns++
        for (const one of [column, text]) {
          expect(pickColumn(one, pick).storage).toEqual(takeColumn(one, rows).storage)
          expect(pickColumn(one, pick).dictionary).toBe(one.dictionary)
        }
      }),
    )
    expect(Math.min(withRuns, without)).toBeGreaterThan(5)
  })

  it('shares a column of which all rows are taken, and no other', () => {
    const all = Int32Array.from({ length: 1000 }, (_, row) => row)
    expect(pickColumn(column, pickRows(all, 1000))).toBe(column)
    expect(pickColumn(column, pickRows(all.subarray(0, 999), 1000)).length).toBe(999)
    expect(pickColumn(column, pickRows(all.subarray(1), 1000)).at(1)).toBe(5)
    expect(pickColumn(column, pickRows(new Int32Array(0), 1000)).length).toBe(0)
  })
})
