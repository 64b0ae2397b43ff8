import { describe, expect, it } from 'vitest'
import {
  concat,
  type DataRow,
  Dataset,
  describe as describeTable,
  drop,
  filter,
  fromColumns,
  fromRows,
  groupCounts,
  type JoinKind,
  join,
  profile,
  rename,
  select,
  slice,
  sort,
  tail,
  take,
  valueCounts,
  withColumn,
} from '../../../src/dataset'
import { makeColumn } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'

const penguins = fromRows([
  { species: 'Adelie', mass: 3750, sex: 'male' },
  { species: 'Gentoo', mass: null, sex: null },
  { species: 'Adelie', mass: 3250, sex: 'female' },
  { species: 'Chinstrap', mass: 3500, sex: 'female' },
])

describe('Dataset', () => {
  it('shows its shape, schema and cells', () => {
    expect(penguins).toMatchObject({ numRows: 4, columnNames: ['species', 'mass', 'sex'] })
    expect(penguins.schema).toEqual([
      { name: 'species', type: 'string', required: true },
      { name: 'mass', type: 'int32', required: false },
      { name: 'sex', type: 'string', required: false },
    ])
    expect(penguins.column('mass').at(1)).toBeNull()
    expect(`${penguins}`).toBe('Dataset: 3 columns × 4 rows')
    expect(Object.prototype.toString.call(penguins)).toBe('[object Dataset: 3 columns × 4 rows]')
    expect([...penguins]).toEqual(penguins.toRecords())
    expect(() => penguins.column('weight' as never)).toThrow('no column "weight"; there are "species", "mass", "sex"')
    expect(() => penguins.row(4)).toThrow('row must be a whole number from 0 to 3, got 4')
  })

  it('displays itself, escaped and cut', () => {
    const data = fromRows(Array.from({ length: 30 }, (_, i) => ({ '<b>': '|x|', n: i, t: new Date(0) })))
    const hook = (data as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for('Jupyter.display')]
    const shown = hook?.() as Record<string, string>
    expect(shown['text/markdown']).not.toContain('<b>')
    expect(shown['text/markdown']).toContain('1970-01-01')
    expect(shown['text/plain']).toContain('… 20 more rows')
    expect(Object.keys(data)).toEqual([])
  })

  it('slices like an array, sharing memory', () => {
    const data = fromColumns({ n: Int32Array.of(0, 1, 2, 3, 4) })
    const numbers = (part: Dataset) => part.toRecords().map(({ n }) => n)
    expect(numbers(data.slice(1, 3))).toEqual([1, 2])
    expect(numbers(data.slice(-2))).toEqual([3, 4])
    expect(numbers(slice(data, 3, 1))).toEqual([])
    expect(numbers(data.head(2))).toEqual([0, 1])
    expect(numbers(tail(data, 9))).toEqual([0, 1, 2, 3, 4])
    expect(data.slice(1, 3).column('n').storage.buffer).toBe(data.column('n').storage.buffer)
  })

  it('is made of any table, and never changes with what it was made of', () => {
    const source = Float64Array.of(1, 2)
    const data = fromColumns({ x: source })
    source[0] = 9
    expect(data.column('x').at(0)).toBe(1)
    expect(Dataset.fromTable(tableOf([data.column('x')])).numRows).toBe(2)
    expect(Dataset.fromTable(data)).toBe(data)
  })

  it('infers types from rows and takes them from the caller', () => {
    const data = fromRows(
      [
        { a: 1, b: 1.5, c: true, d: new Date(5), e: 1 },
        { a: 2, e: 'x' },
      ],
      { types: { a: 'float64' } },
    )
    expect(data.schema.map(({ type }) => type)).toEqual(['float64', 'float64', 'boolean', 'timestamp', 'string'])
    expect(data.column('e').at(0)).toBe('1')
    expect(() => fromRows([{ a: 'x' }], { types: { a: 'int32' } })).toThrow('column "a" is int32, but row 0 holds "x"')
    expect(() => fromRows([1 as never])).toThrow('row 0 is 1')
    expect(() => fromColumns({ a: [1], b: [1, 2] })).toThrow('one length')
  })
})

describe('verbs', () => {
  it('select, drop, rename', () => {
    expect(select(penguins, ['sex', 'species']).columnNames).toEqual(['sex', 'species'])
    expect(drop(penguins, ['sex']).columnNames).toEqual(['species', 'mass'])
    expect(rename(penguins, { mass: 'mass_g' }).column('mass_g').at(0)).toBe(3750)
    expect(() => rename(penguins, { mass: 'sex' })).toThrow('two columns named "sex"')
    expect(() => drop(penguins, ['nope' as never])).toThrow('no column "nope"')
  })

  it('filter by predicate and by mask', () => {
    expect(filter(penguins, (row, i) => row.species === 'Adelie' && i > 0).toRecords()).toEqual([
      { species: 'Adelie', mass: 3250, sex: 'female' },
    ])
    expect(filter(penguins, [true, false, false, true]).numRows).toBe(2)
    const masked = withColumn(penguins, 'heavy', (row) => (row.mass === null ? null : (row.mass as number) > 3400))
    expect(
      filter(masked, 'heavy')
        .toRecords()
        .map(({ mass }) => mass),
    ).toEqual([3750, 3500])
    expect(() => filter(penguins, 'mass')).toThrow('needs a boolean column')
    expect(() => filter(penguins, [true])).toThrow('each of 4 rows')
  })

  it('withColumn adds at the end and replaces in place', () => {
    const data = withColumn(penguins, 'kg', (row) => (row.mass === null ? null : (row.mass as number) / 1000))
    expect(data.column('kg')).toMatchObject({ type: 'float64', nullCount: 1 })
    expect(withColumn(data, 'species', ['a', 'b', 'c', 'd']).columnNames).toEqual(data.columnNames)
    expect(() => withColumn(data, 'x', [1])).toThrow('column "x" needs 4 values, got 1')
  })

  it('sorts stably by several keys, missing last', () => {
    const data = fromRows([
      { a: 'b', n: 1, i: 0 },
      { a: 'a', n: null, i: 1 },
      { a: 'b', n: 2, i: 2 },
      { a: null, n: 2, i: 3 },
      { a: 'a', n: 1, i: 4 },
      { a: 'b', n: 1, i: 5 },
    ])
    const order = (...by: unknown[]) =>
      sort(data, by as never)
        .toRecords()
        .map(({ i }) => i)
    expect(order('a', 'n')).toEqual([4, 1, 0, 5, 2, 3])
    expect(order({ column: 'a', descending: true }, { column: 'n', descending: true })).toEqual([2, 0, 5, 4, 1, 3])
    expect(() => sort(data, [])).toThrow('at least one column')
  })

  it('joins', () => {
    const left = fromRows([
      { k: 'x', j: 1, v: 1 },
      { k: 'y', j: 1, v: 2 },
      { k: null, j: 1, v: 3 },
      { k: 'x', j: 2, v: 4 },
    ])
    const right = fromRows([
      { k: 'y', j: 1, v: 'r1' },
      { k: 'x', j: 1, v: 'r2' },
      { k: 'x', j: 1, v: 'r3' },
      { k: null, j: 1, v: 'r4' },
      { k: 'z', j: 9, v: 'r5' },
    ])
    const on = ['k', 'j'] as const
    const pairs = (how: JoinKind): DataRow[] => join(left, right, { on, how }).toRecords() as DataRow[]
    expect(pairs('inner')).toEqual([
      { k: 'x', j: 1, v: 1, v_right: 'r2' },
      { k: 'x', j: 1, v: 1, v_right: 'r3' },
      { k: 'y', j: 1, v: 2, v_right: 'r1' },
    ])
    expect(pairs('left').map(({ v, v_right }) => [v, v_right])).toEqual([
      [1, 'r2'],
      [1, 'r3'],
      [2, 'r1'],
      [3, null],
      [4, null],
    ])
    expect(pairs('right').slice(3)).toEqual([
      { k: null, j: 1, v: null, v_right: 'r4' },
      { k: 'z', j: 9, v: null, v_right: 'r5' },
    ])
    expect(pairs('full').length).toBe(7)
    expect(pairs('semi').map(({ v }) => v)).toEqual([1, 2])
    expect(pairs('anti').map(({ v }) => v)).toEqual([3, 4])
  })

  it('joins on other names and other number types, and refuses what cannot be compared', () => {
    const flights = fromColumns({ dest: ['IAH', 'MIA'], n: Int32Array.of(1, 2) })
    const airports = fromColumns({ faa: ['MIA'], n: Float64Array.of(2), name: ['Miami'] })
    expect(join(flights, airports, { on: { dest: 'faa', n: 'n' }, how: 'left' }).toRecords()).toEqual([
      { dest: 'IAH', n: 1, name: null },
      { dest: 'MIA', n: 2, name: 'Miami' },
    ])
    expect(() => join(flights, airports, { on: { dest: 'n' } })).toThrow('cannot be compared')
    expect(() => join(flights, airports, { on: 'dest' as 'n' })).toThrow('no column "dest"')
    const ones = fromColumns({ k: new Int32Array(2000) })
    expect(() => join(ones, ones, { on: 'k', maxRows: 1_000_000 })).toThrow('join would give 4000000 rows')
  })

  it('counts groups and values', () => {
    expect(groupCounts(penguins, 'species').toRecords()).toEqual([
      { species: 'Adelie', count: 2 },
      { species: 'Gentoo', count: 1 },
      { species: 'Chinstrap', count: 1 },
    ])
    expect(groupCounts(penguins, ['species', 'sex']).numRows).toBe(4)
    expect(valueCounts(penguins, 'sex')).toEqual([
      { value: 'female', count: 2 },
      { value: 'male', count: 1 },
      { value: null, count: 1 },
    ])
  })

  it('concatenates, widening numbers and merging dictionaries', () => {
    const a = fromColumns({ n: Int32Array.of(1), s: ['x'] })
    const b = select(fromColumns({ s: ['y', 'x'], n: Float64Array.of(2.5, Number.NaN) }), ['s', 'n'])
    const both = concat([a, b, take(a, [0])])
    expect(both.toRecords()).toEqual([
      { n: 1, s: 'x' },
      { n: 2.5, s: 'y' },
      { n: null, s: 'x' },
      { n: 1, s: 'x' },
    ])
    expect(both.column('s').dictionary).toEqual(['x', 'y'])
    expect(() => concat([a, fromColumns({ n: ['1'], z: [1] })])).toThrow('"n" is int32 in table 0 and string in table 1')
  })

  it('profiles every type', () => {
    const data = new Dataset([
      makeColumn('n', { type: 'float64', values: Float64Array.of(4, 1, Number.NaN, 3, 2) }),
      makeColumn('b', { type: 'boolean', values: Uint8Array.of(1, 0, 2, 1, 1) }),
      makeColumn('s', { type: 'string', values: Int32Array.of(1, 1, -1, 0, 1), dictionary: ['b', 'a', 'unused'] }),
    ])
    const [n, b, s] = profile(data).columns
    // numpy.quantile([1, 2, 3, 4], [.05, .25, .5, .75, .95])
    const quantiles = { p5: 1.15, p25: 1.75, p50: 2.5, p75: 3.25, p95: 3.8499999999999996 }
    expect(n).toMatchObject({ count: 4, missing: 1, distinct: 4, mean: 2.5, min: 1, max: 4 })
    expect(n?.sd).toBeCloseTo(1.2909944487358056, 14)
    for (const [key, value] of Object.entries(quantiles)) expect(n?.quantiles?.[key as 'p5']).toBeCloseTo(value, 12)
    expect(b).toMatchObject({
      distinct: 2,
      top: [
        { value: true, count: 3 },
        { value: false, count: 1 },
      ],
    })
    expect(s).toMatchObject({
      distinct: 2,
      min: 'a',
      max: 'b',
      top: [
        { value: 'a', count: 3 },
        { value: 'b', count: 1 },
      ],
    })
    expect(describeTable(data).column('p50').at(0)).toBe(2.5)
    expect(profile(fromColumns({ x: [] })).columns[0]).toEqual({ name: 'x', type: 'float64', count: 0, missing: 0, distinct: 0 })
  })
})
