import { describe, expect, it } from 'vitest'
import { Dataset, fingerprint, fromColumns, rename, select } from '../../../src/dataset'
import { makeColumn } from '../../../src/schema/column'

describe('fingerprint', () => {
  it('is pinned', () => {
    const table = fromColumns({ i: Int32Array.of(1, 2), f: [0.5, null], s: ['x', null], b: [true, false] })
    // Computed in Python (hashlib, struct) from the documented layout. Changes only with the documented layout: stored fingerprints depend on it.
    expect(fingerprint(table)).toBe('7f306b3e5a8081e9e7cbfae12a0c48d05b163d415ff1f439f487d6383473b5ba')
  })

  it('does not see how cells are stored', () => {
    const table = fromColumns({ f: [1.5, null, 0], s: ['x', null, 'y'] })
    const other = new Dataset([
      makeColumn('f', { type: 'float64', values: Float64Array.of(9, 1.5, -Number.NaN, -0).subarray(1) }),
      makeColumn('s', { type: 'string', values: Int32Array.of(2, -1, 0), dictionary: ['y', 'unused', 'x'] }),
    ])
    expect(fingerprint(other)).toBe(fingerprint(table))
    const long = fromColumns({ x: Float64Array.from({ length: 20_000 }, (_, i) => i / 7) })
    expect(fingerprint(long.slice(5, 19_999))).toBe(
      fingerprint(fromColumns({ x: (long.column('x').storage as Float64Array).slice(5, 19_999) })),
    )
  })

  it('sees cells, names, types and order', () => {
    const table = fromColumns({ a: [1, 2], b: [1, 2] })
    const others = [
      table,
      fromColumns({ a: [1, 3], b: [1, 2] }),
      rename(table, { b: 'c' }),
      select(table, ['b', 'a']),
      fromColumns({ a: Float64Array.of(1, 2), b: [1, 2] }),
      table.head(1),
      fromColumns({ a: ['1', '2'], b: [1, 2] }),
      fromColumns({ a: ['1', null], b: [1, 2] }),
    ]
    expect(new Set(others.map(fingerprint)).size).toBe(others.length)
  })
})
