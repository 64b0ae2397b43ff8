import { describe, expect, it } from 'vitest'
import { type Dataset, fromColumns, fromRows, groupBy } from '../../../src/dataset'

const day = 86_400_000
const flights = fromRows(
  [
    { origin: 'JFK', delay: 3, late: true, at: 0, air: 1.5 },
    { origin: 'LGA', delay: null, late: false, at: 2 * day, air: null },
    { origin: 'JFK', delay: 40, late: null, at: 4 * day, air: 2.5 },
    { origin: null, delay: 7, late: true, at: null, air: 0.25 },
    { origin: 'JFK', delay: 3, late: false, at: day, air: 3 },
  ],
  { types: { at: 'timestamp' } },
)

describe('groupBy', () => {
  it('gives every figure, missing cells left out, groups by first appearance', () => {
    const figures = groupBy(flights, 'origin').agg({
      rows: 'size',
      count: ['delay', 'count'],
      sum: ['delay', 'sum'],
      mean: ['delay', 'mean'],
      sd: ['delay', 'sd'],
      min: ['delay', 'min'],
      max: ['delay', 'max'],
      median: ['air', 'median'],
      p90: ['delay', 'quantile', 0.9],
      first: ['late', 'first'],
      last: ['late', 'last'],
      distinct: ['delay', 'nunique'],
      own: ['delay', (cells) => cells.toArray().join('+')],
    })
    expect(figures.toRecords()).toEqual([
      {
        ...{ origin: 'JFK', rows: 3, count: 3, sum: 46, mean: 46 / 3, sd: Math.sqrt((2 * (3 - 46 / 3) ** 2 + (40 - 46 / 3) ** 2) / 2) },
        ...{ min: 3, max: 40, median: 2.5, p90: 32.6, first: true, last: false, distinct: 2, own: '3+40+3' },
      },
      {
        ...{ origin: 'LGA', rows: 1, count: 0, sum: 0, mean: null, sd: null, min: null, max: null, median: null, p90: null },
        ...{ first: false, last: false, distinct: 0, own: '' },
      },
      {
        ...{ origin: null, rows: 1, count: 1, sum: 7, mean: 7, sd: null, min: 7, max: 7, median: 0.25, p90: 7 },
        ...{ first: true, last: true, distinct: 1, own: '7' },
      },
    ])
  })

  it('gives the documented types', () => {
    const types = groupBy(flights, 'origin')
      .agg({
        ...{ size: 'size', sum: ['delay', 'sum'], sumAir: ['air', 'sum'], mean: ['delay', 'mean'], minText: ['origin', 'min'] },
        ...{ meanTime: ['at', 'mean'], lastTime: ['at', 'last'], share: ['late', 'mean'], any: ['late', 'max'] },
      } as const)
      .schema.map(({ type }) => type)
    expect(types).toEqual([
      ...['string', 'int32', 'int32', 'float64', 'float64', 'string'],
      ...['timestamp', 'timestamp', 'float64', 'boolean'],
    ])
    const big = fromColumns({ k: ['a', 'a'], n: Int32Array.of(2147483647, 1) })
    expect(
      groupBy(big, 'k')
        .agg({ n: ['n', 'sum'] })
        .column('n'),
    ).toMatchObject({ type: 'float64' })
    expect(
      groupBy(flights, 'origin')
        .agg({ at: ['at', 'mean'] })
        .column('at')
        .at(0),
    ).toBe((5 * day) / 3)
  })

  it('groups by several keys and drops missing ones when asked', () => {
    const grouped = groupBy(flights, ['origin', 'delay'], { missing: 'drop' })
    expect(grouped.numGroups).toBe(2)
    expect(grouped.agg({ n: 'size' }).toRecords()).toEqual([
      { origin: 'JFK', delay: 3, n: 2 },
      { origin: 'JFK', delay: 40, n: 1 },
    ])
    expect(groupBy(flights, ['origin', 'delay']).numGroups).toBe(4)
    expect(groupBy(flights.head(0), 'origin').agg({ n: 'size', m: ['delay', 'median'] }).numRows).toBe(0)
  })

  it('keeps digits that a plain sum loses, and infinities', () => {
    const data = fromColumns({ k: ['a', 'a', 'a', 'b', 'b'], x: Float64Array.of(1e16, 1, 1, Number.POSITIVE_INFINITY, 1) })
    expect(
      groupBy(data, 'k')
        .agg({ sum: ['x', 'sum'] })
        .column('sum')
        .toArray(),
    ).toEqual([1e16 + 2, Number.POSITIVE_INFINITY])
  })

  it('refuses with what was meant', () => {
    const loose = flights as Dataset
    const agg = (figures: object) => () => groupBy(loose, 'origin').agg(figures as never)
    expect(() => groupBy(loose, 'orign')).toThrow(expect.objectContaining({ code: 'NotFound', hint: 'did you mean "origin"?' }))
    expect(() => groupBy(loose, [])).toThrow('groupBy needs at least one column')
    expect(agg({ x: ['dely', 'mean'] })).toThrow(expect.objectContaining({ hint: 'did you mean "delay"?' }))
    expect(agg({ x: ['delay', 'maen'] })).toThrow(expect.objectContaining({ hint: "did you mean 'mean'?" }))
    expect(agg({ x: ['delay', 'std'] })).toThrow(expect.objectContaining({ hint: "did you mean 'sd'?" }))
    expect(agg({ x: ['delay', 'std'] })).toThrow("the aggregate of \"x\" must be one of 'count', 'sum'")
    expect(agg({ x: 'mean' })).toThrow('the figure "x" must be \'size\' or [column, aggregate], got "mean"')
    expect(agg({ x: ['delay', 'quantile'] })).toThrow('the share of quantile "x" must be a number from 0 to 1, got undefined')
    expect(agg({ x: ['origin', 'mean'] })).toThrow('mean of column "origin" needs numbers, booleans or timestamps, the column is string')
    expect(agg({ x: ['at', 'sum'] })).toThrow('sum of column "at" needs numbers or booleans, the column is timestamp')
    expect(agg({ origin: 'size' })).toThrow('agg would give two columns called "origin": it is a key')
  })
})
