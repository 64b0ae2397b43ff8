/** The verbs one by one; against pandas they stand in `verbs-golden.test.ts`. */
import { describe, expect, it } from 'vitest'
import {
  add,
  bin,
  cast,
  correlation,
  type Dataset,
  datePart,
  divide,
  dropDuplicates,
  dropMissing,
  fillMissing,
  fromColumns,
  fromRows,
  join,
  mapColumn,
  melt,
  modulo,
  multiply,
  pivot,
  power,
  sample,
  sort,
  subtract,
  toMatrix,
  unique,
  withColumn,
  withDateParts,
} from '../../../src/dataset'

const penguins = fromRows([
  { species: 'Adelie', mass: 3750, sex: 'male', ok: true },
  { species: 'Gentoo', mass: null, sex: null, ok: null },
  { species: 'Adelie', mass: 3251, sex: 'female', ok: false },
  { species: null, mass: null, sex: 'female', ok: false },
])
const loose = penguins as Dataset
const times = fromRows([{ at: new Date('2024-02-29T23:59:58.123Z') }, { at: null }, { at: new Date('1969-12-31T01:02:03Z') }])

describe('fillMissing', () => {
  it('fills by column', () => {
    const filled = fillMissing(penguins, { mass: 'mean', sex: 'mode', ok: ['constant', true], species: ['constant', 'unknown'] })
    expect(filled.toRecords()).toEqual([
      { species: 'Adelie', mass: 3750, sex: 'male', ok: true },
      { species: 'Gentoo', mass: 3500.5, sex: 'female', ok: true },
      { species: 'Adelie', mass: 3251, sex: 'female', ok: false },
      { species: 'unknown', mass: 3500.5, sex: 'female', ok: false },
    ])
    expect(fillMissing(penguins, { mass: ['constant', 1] }).column('mass').type).toBe('int32')
    expect(penguins.column('mass').nullCount).toBe(2)
  })

  it('carries values on and back, no further than allowed', () => {
    const gaps = fromColumns({ x: [null, 1, null, null, 4, null] })
    expect(fillMissing(gaps, 'forward').column('x').toArray()).toEqual([null, 1, 1, 1, 4, 4])
    expect(fillMissing(gaps, 'backward', { limit: 1 }).column('x').toArray()).toEqual([1, 1, null, 4, 4, null])
  })

  it('takes one strategy for all the columns it suits', () => {
    expect(fillMissing(penguins, 'median').row(1)).toEqual({ species: 'Gentoo', mass: 3500.5, sex: null, ok: null })
    expect(fillMissing(penguins, ['constant', 0]).row(3)).toEqual({ species: null, mass: 0, sex: 'female', ok: false })
    const empty = fromColumns({ x: [null, null] })
    expect(fillMissing(empty, 'mean').column('x').nullCount).toBe(2)
  })

  it('takes the smallest of equally frequent values', () => {
    expect(
      fillMissing(fromColumns({ x: ['b', 'a', null] }), { x: 'mode' })
        .column('x')
        .at(2),
    ).toBe('a')
    expect(
      fillMissing(fromColumns({ x: [7, -2, null] }), { x: 'mode' })
        .column('x')
        .at(2),
    ).toBe(-2)
  })

  it('refuses what does not suit', () => {
    expect(() => fillMissing(loose, { sex: 'mean' })).toThrow('the mean of column "sex" needs numbers, the column is string')
    expect(() => fillMissing(loose, { mas: 'mean' })).toThrow(expect.objectContaining({ hint: 'did you mean "mass"?' }))
    expect(() => fillMissing(loose, { mass: 'zero' as never })).toThrow('the strategy of fillMissing for column "mass" must be one of')
    expect(() => fillMissing(loose, { mass: ['constant', 'x'] })).toThrow('the constant for column "mass" must fit int32, got "x"')
    expect(() => fillMissing(fromColumns({ x: [null] }), { x: 'mean' })).toThrow('column "x" has no value to take the mean of')
  })
})

describe('dropMissing', () => {
  it('drops rows by any, all or a number of cells', () => {
    const kept = (options?: object) =>
      dropMissing(loose, options as never)
        .toRecords()
        .map(({ sex, mass }) => [sex, mass])
    expect(kept()).toEqual([
      ['male', 3750],
      ['female', 3251],
    ])
    expect(kept({ columns: ['sex'] })).toHaveLength(3)
    expect(kept({ columns: ['mass', 'ok'], how: 'all' })).toHaveLength(3)
    expect(kept({ atLeast: 2 })).toHaveLength(3)
    expect(() => kept({ atLeast: 2, how: 'all' })).toThrow('exclude each other')
  })
})

describe('distinct', () => {
  it('values and rows', () => {
    expect(unique(penguins, 'species')).toEqual(['Adelie', 'Gentoo', null])
    const twice = fromColumns({ a: [1, 1, 2, 1], b: ['x', 'x', null, 'x'], n: [0, 1, 2, 3] })
    const kept = (keep: 'first' | 'last' | 'none') =>
      dropDuplicates(twice, { columns: ['a', 'b'], keep })
        .column('n')
        .toArray()
    expect([kept('first'), kept('last'), kept('none')]).toEqual([[0, 2], [2, 3], [2]])
    expect(dropDuplicates(twice).numRows).toBe(4)
    expect(() => dropDuplicates(twice, { columns: [] })).toThrow('at least one column')
  })
})

describe('sample', () => {
  const data = fromColumns({
    n: Int32Array.from({ length: 100 }, (_, i) => i),
    k: Array.from({ length: 100 }, (_, i) => (i < 90 ? 'a' : 'b')),
  })
  it('draws the same rows for the same seed, none twice', () => {
    const drawn = sample(data, { n: 20, seed: 7 }).column('n').toArray()
    expect(new Set(drawn).size).toBe(20)
    expect(sample(data, { n: 20, seed: 7 }).column('n').toArray()).toEqual(drawn)
    expect(sample(data, { n: 20, seed: 8 }).column('n').toArray()).not.toEqual(drawn)
  })
  it('draws by group, with replacement, by share', () => {
    const drawn = sample(data, { fraction: 0.5, by: 'k' })
    expect(drawn.numRows).toBe(50)
    expect(
      drawn
        .column('k')
        .toArray()
        .filter((k) => k === 'b'),
    ).toHaveLength(5)
    expect(sample(data, { n: 500, replace: true }).numRows).toBe(500)
    expect(() => sample(data, { n: 11, by: 'k' })).toThrow('sample cannot draw 11 rows from the group k = b, which has 10')
    expect(() => sample(data, { n: 101 })).toThrow('from the table, which has 100')
    expect(() => sample(data, {})).toThrow('sample needs either `n` or `fraction`')
  })
})

describe('cast and mapColumn', () => {
  it('reads and writes cells in other types', () => {
    const data = fromColumns({
      t: ['1', '2.5', null],
      d: ['2024-06-01', null, '2024-06-02T12:00'],
      n: [1, 0, null],
      b: [true, null, false],
    })
    const done = cast(data, { t: 'float64', d: 'timestamp', n: 'boolean', b: 'int32' })
    expect(done.column('t').toArray()).toEqual([1, 2.5, null])
    expect(done.column('d').toArray()).toEqual([Date.UTC(2024, 5, 1), null, Date.UTC(2024, 5, 2, 12)])
    expect(done.column('n').toArray()).toEqual([true, false, null])
    expect(done.column('b').toArray()).toEqual([1, null, 0])
    const back = cast(done, { t: 'string', d: 'string', n: 'string' })
    expect(back.toRecords()[0]).toEqual({ t: '1', d: '2024-06-01T00:00:00.000Z', n: 'true', b: 1 })
    expect(
      cast(fromColumns({ x: Float64Array.of(2, Number.NaN) }), { x: 'int32' })
        .column('x')
        .toArray(),
    ).toEqual([2, null])
  })
  it('refuses what is no value of the type, or leaves it out', () => {
    const data = fromColumns({ t: ['1', 'x'], f: [0.5, 1] })
    expect(() => cast(data, { t: 'int32' })).toThrow('cast: column "t", row 1: "x" is no int32')
    expect(() => cast(data, { f: 'int32' })).toThrow('cast: column "f", row 0: 0.5 is no int32')
    expect(cast(data, { t: 'int32', f: 'int32' }, { invalid: 'missing' }).toRecords()).toEqual([
      { t: 1, f: null },
      { t: null, f: 1 },
    ])
    expect(() => cast(data, { t: 'int' as never })).toThrow('the type of column "t" must be one of')
    expect(() => cast(times, { at: 'boolean' })).toThrow('is no boolean')
  })
  it('maps cells, asking once for each text', () => {
    const asked: unknown[] = []
    const upper = mapColumn(penguins, 'species', (species) => {
      asked.push(species)
      return species === null ? 'none' : species.toUpperCase()
    })
    expect(upper.column('species').toArray()).toEqual(['ADELIE', 'GENTOO', 'ADELIE', 'none'])
    expect(asked).toEqual(['Adelie', 'Gentoo', null])
    expect(
      mapColumn(penguins, 'mass', (mass) => mass && mass / 2)
        .column('mass')
        .toArray(),
    ).toEqual([1875, null, 1625.5, null])
    expect(() => mapColumn(loose, 'mass', () => ({}) as never)).toThrow('column "mass", row 0: a cell must be')
  })
})

describe('arithmetic', () => {
  const data = fromColumns({ a: [7, null, -7], b: [2, 2, 0], f: [0.5, 1.5, Number.NaN], t: ['x', 'y', 'z'] })
  const [a, b, f] = [data.column('a'), data.column('b'), data.column('f')]
  it('goes cell by cell; whole numbers stay whole while they fit', () => {
    expect(add(a, b)).toMatchObject({ type: 'int32', name: 'a' })
    expect(add(a, b).toArray()).toEqual([9, null, -7])
    expect(subtract(10, a).toArray()).toEqual([3, null, 17])
    expect(multiply(a, f).toArray()).toEqual([3.5, null, null])
    expect(divide(a, b).toArray()).toEqual([3.5, null, Number.NEGATIVE_INFINITY])
    expect(modulo(a, 4).toArray()).toEqual([3, null, 1])
    expect(modulo(a, b).toArray()).toEqual([1, null, null])
    expect(power(b, 2).toArray()).toEqual([4, 4, 0])
    expect(multiply(a, 1_000_000_000)).toMatchObject({ type: 'float64' })
    expect(withColumn(data, 'sum', add(a, b)).column('sum').toArray()).toEqual([9, null, -7])
  })
  it('knows times', () => {
    const at = times.column('at')
    expect(add(at, 1000)).toMatchObject({ type: 'timestamp' })
    expect(subtract(at, at)).toMatchObject({ type: 'float64' })
    expect(subtract(at, at).toArray()).toEqual([0, null, 0])
    expect(() => add(at, at)).toThrow('add is not defined for timestamp and timestamp')
    expect(() => subtract(1, at)).toThrow('subtract is not defined for int32 and timestamp')
    expect(() => multiply(at, 2)).toThrow('multiply is not defined for timestamp and int32')
  })
  it('refuses text, other lengths and numbers alone', () => {
    expect(() => add(data.column('t'), 1)).toThrow('add needs numbers, column "t" is string')
    expect(() => add(a, data.head(1).column('b'))).toThrow('add needs columns of one length: "a" has 3 rows, "b" has 1')
    expect(() => add(1, 2)).toThrow('add needs at least one column')
    expect(() => add('a' as never, 2)).toThrow('add needs a column or a number, got "a"')
  })
})

describe('date parts', () => {
  it('are those of UTC', () => {
    const parts = withDateParts(times, 'at', [
      ...(['year', 'quarter', 'month', 'week', 'day', 'dayOfYear', 'weekday', 'hour', 'minute', 'second', 'millisecond'] as const),
    ])
    expect(Object.values(parts.row(0)).slice(1)).toEqual([2024, 1, 2, 9, 29, 60, 3, 23, 59, 58, 123])
    expect(Object.values(parts.row(1)).slice(1)).toEqual(Array.from({ length: 11 }, () => null))
    expect(Object.values(parts.row(2)).slice(1)).toEqual([1969, 4, 12, 1, 31, 365, 2, 1, 2, 3, 0])
  })
  it('agree with Date on every day of 240 years', () => {
    const days = Float64Array.from({ length: 87_000 }, (_, i) => (i - 40_000) * 86_400_000)
    const at = cast(fromColumns({ at: days }), { at: 'timestamp' }).column('at')
    const [year, month, day, weekday] = (['year', 'month', 'day', 'weekday'] as const).map((part) => datePart(at, part).storage)
    const wrong = days.findIndex((time, i) => {
      const date = new Date(time)
      const isDate = year?.[i] === date.getUTCFullYear() && month?.[i] === date.getUTCMonth() + 1 && day?.[i] === date.getUTCDate()
      return !isDate || weekday?.[i] !== (date.getUTCDay() + 6) % 7
    })
    expect(wrong).toBe(-1)
  })
  it('need a timestamp and a known part', () => {
    expect(() => withDateParts(loose, 'mass', ['year'])).toThrow('datePart needs a timestamp column, column "mass" is int32')
    expect(() => datePart(times.column('at'), 'years' as never)).toThrow('a date part must be one of year, quarter')
    expect(() => datePart(times.column('at'), 'constructor' as never)).toThrow('a date part must be one of')
  })
})

describe('bin', () => {
  const data = fromColumns({ x: [0, 5, 10, null, 11, -1] })
  const bins = (options: object) =>
    bin(data as Dataset, 'x', options as never)
      .column('x_bin')
      .toArray()
  it('puts numbers between edges', () => {
    expect(bins({ edges: [0, 5, 10] })).toEqual([null, '(0, 5]', '(5, 10]', null, null, null])
    expect(bins({ edges: [0, 5, 10], closed: 'left' })).toEqual(['[0, 5)', '[5, 10)', null, null, null, null])
    expect(bins({ edges: [0, 5, 10], labels: ['low', 'high'], includeLowest: true })).toEqual(['low', 'low', 'high', null, null, null])
    expect(bins({ edges: [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY], labels: false })).toEqual([0, 1, 1, null, 1, 0])
    expect(bins({ count: 2, labels: false })).toEqual([0, 0, 1, null, 1, 0])
    expect(bins({ quantiles: 2, labels: false })).toEqual([0, 0, 1, null, 1, 0])
    expect(bin(data, 'x', { count: 1, as: 'all' }).columnNames).toEqual(['x', 'all'])
  })
  it('refuses', () => {
    expect(() => bins({ edges: [1, 1] })).toThrow('`edges` of bin must be two or more ascending numbers')
    expect(() => bins({ edges: [0, 1], count: 2 })).toThrow('bin needs one of `edges`, `count`, `quantiles`, got edges, count')
    expect(() => bins({ count: 2, labels: ['a'] })).toThrow('bin makes 2 bins, `labels` has 1')
    expect(() => bin(penguins, 'sex', { count: 2 })).toThrow('bin needs numbers, column "sex" is string')
    const same = fromColumns({ x: [1, 1, 1, 2] })
    expect(() => bin(same, 'x', { quantiles: 4 })).toThrow('quantiles of column "x" are equal')
    expect(bin(same, 'x', { quantiles: 4, duplicates: 'drop', labels: false }).column('x_bin').toArray()).toEqual([0, 0, 0, 1])
  })
})

describe('correlation', () => {
  it('is a matrix of every pair', () => {
    const data = fromColumns({
      a: [1, 2, 3, 4, null],
      b: [1, 4, 9, 16, 5],
      c: [4, 3, 2, 1, 0],
      k: [1, 1, 1, 1, 1],
      t: ['a', 'b', 'c', 'd', 'e'],
    })
    const matrix = correlation(data, { method: 'kendall' })
    expect(matrix.columnNames).toEqual(['column', 'a', 'b', 'c', 'k'])
    expect(matrix.row(0)).toEqual({ column: 'a', a: 1, b: 1, c: -1, k: null })
    expect(correlation(data, { columns: ['a', 'b'], minRows: 5 }).row(0)).toEqual({ column: 'a', a: null, b: null })
    expect(() => correlation(data, { columns: ['t'] })).toThrow('column "t" must be numeric')
    expect(() => correlation(fromColumns({ t: ['a'] }))).toThrow('correlation needs at least one column of numbers')
  })
})

describe('pivot and melt', () => {
  const long = fromRows([
    { who: 'b', month: 10, n: 1, x: 'p' },
    { who: 'a', month: 2, n: 2, x: 'q' },
    { who: 'b', month: 2, n: 3, x: 'r' },
    { who: 'a', month: null, n: 4, x: 's' },
  ])
  it('widens, columns in ascending order', () => {
    const wide = pivot(long, { index: 'who', columns: 'month', values: 'n' })
    expect(wide.columnNames).toEqual(['who', '2', '10', 'missing'])
    expect(wide.toRecords()).toEqual([
      { who: 'b', 2: 3, 10: 1, missing: null },
      { who: 'a', 2: 2, 10: null, missing: 4 },
    ])
    const filled = pivot(long, { index: 'who', columns: 'month', values: ['n', 'x'], aggregate: 'count', fill: 0 })
    expect(filled.row(1)).toEqual({ who: 'a', n_2: 1, n_10: 0, n_missing: 1, x_2: 1, x_10: 0, x_missing: 1 })
  })
  it('refuses what would lose rows', () => {
    const twice = () => pivot(long, { index: 'who', columns: 'who', values: 'n' })
    expect(twice).toThrow('pivot: rows 0 and 2 of 4 fall into one cell (who = b, who = b)')
    expect(() => pivot(long, { index: 'who', columns: 'n', values: 'x', maxColumns: 3 })).toThrow('pivot would make 4 columns')
    expect(() => pivot(long, { index: 'who', columns: 'month', values: 'n', fill: 'x' })).toThrow('`fill` of pivot must fit int32 cells')
  })
  it('lengthens', () => {
    const wide = fromColumns({ id: ['p', 'q'], a: [1, null], b: [0.5, 2] })
    expect(melt(wide, { id: 'id', variable: 'name' }).toRecords()).toEqual([
      { id: 'p', name: 'a', value: 1 },
      { id: 'q', name: 'a', value: null },
      { id: 'p', name: 'b', value: 0.5 },
      { id: 'q', name: 'b', value: 2 },
    ])
    expect(() => melt(long, { id: 'who' })).toThrow('melt needs value columns of one type: "month" is int32, "x" is string')
    expect(() => melt(wide, { id: ['id', 'a', 'b'] })).toThrow('melt needs at least one value column')
  })
})

describe('join', () => {
  it('adds suffixes on both sides, and keeps nothing of the right in semi and anti', () => {
    const left = fromRows([{ k: 1, v: 'l' }])
    const right = fromRows([{ k: 1, v: 'r' }])
    expect(join(left, right, { on: 'k', suffix: ['_x', '_y'] }).toRecords()).toEqual([{ k: 1, v_x: 'l', v_y: 'r' }])
    expect(join(left, right, { on: 'k', how: 'semi', suffix: ['_x', '_y'] }).columnNames).toEqual(['k', 'v'])
    expect(() => join(left, right, { on: 'k', suffix: '' })).toThrow('join would give two columns called "v"')
    expect(() => join(left, right, { on: 'k', suffix: ['_x'] as never })).toThrow('`suffix` of join must be')
  })
})

describe('toMatrix', () => {
  it('lays out rows or columns', () => {
    const data = fromColumns({ a: [1, null], b: [true, false] })
    expect(toMatrix(data)).toEqual({ values: Float64Array.of(1, 1, Number.NaN, 0), numRows: 2, columnNames: ['a', 'b'], order: 'row' })
    expect(toMatrix(data, { columns: ['b'], order: 'column' }).values).toEqual(Float64Array.of(1, 0))
    expect(() => toMatrix(penguins)).toThrow('column "species" must be numeric')
  })
})

describe('sort of many rows', () => {
  it('is that of comparing', () => {
    const n = 3000
    const at = (i: number, m: number): number => (i * 7919) % m
    const data = fromColumns({
      whole: Array.from({ length: n }, (_, i) => (i % 13 === 0 ? null : at(i, 50) - 25)),
      fraction: Array.from({ length: n }, (_, i) => (i % 17 === 0 ? null : (at(i, 101) - 50) / 8)),
      wide: Array.from({ length: n }, (_, i) => (at(i, 997) - 400) * 1e9 + (i % 2)),
      text: Array.from({ length: n }, (_, i) => (i % 19 === 0 ? null : `t${at(i, 30)}`)),
      row: Array.from({ length: n }, (_, i) => i),
    })
    const records = data.toRecords()
    for (const by of ['whole', 'fraction', 'wide', 'text'] as const) {
      for (const descending of [false, true]) {
        const want = [...records].sort((a, b) => {
          const [x, y] = [a[by], b[by]]
          if (x === y) return a.row - b.row
          if (x === null || y === null) return x === null ? 1 : -1
          return (x < y ? -1 : 1) * (descending ? -1 : 1)
        })
        expect(sort(data, { column: by, descending }).column('row').toArray()).toEqual(want.map(({ row }) => row))
      }
    }
    const both = sort(data, ['text', { column: 'whole', descending: true }])
    expect(both.column('text').at(n - 1)).toBeNull()
    expect(both.row(0).text).toBe('t0')
  })
})
