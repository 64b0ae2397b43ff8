/** Expectations drawn for a table, with arguments taken from its values: every kind that Great Expectations judges on pandas. */
import type { Json } from '../../../src/core/json'
import type { Rng } from '../../../src/core/random'
import * as q from '../../../src/quality'
import type { CellValue, Column } from '../../../src/schema/column'
import type { Table } from '../../../src/schema/table'

type Draw = (table: Table, rng: Rng) => q.Expectation | undefined

/** One expectation of each kind that the table has columns for, in random order of arguments. */
export function everyKind(table: Table, rng: Rng): q.Expectation[] {
  return Object.values(kinds).flatMap((draw) => draw(table, rng) ?? [])
}

/** One expectation of each kind that Great Expectations judges in databases only. A table is compared with the table `self`, which is itself. */
export function sqlKinds(table: Table, rng: Rng): q.Expectation[] {
  return Object.values(kindsOfSql).flatMap((draw) => draw(table, rng) ?? [])
}

/** One expectation of a random kind. */
export function oneKind(table: Table, rng: Rng): q.Expectation {
  const draws = Object.values(kinds)
  for (;;) {
    const drawn = draws[rng.int(draws.length)]?.(table, rng)
    if (drawn !== undefined) return drawn
  }
}

function pick<T>(rng: Rng, list: readonly T[]): T | undefined {
  return list[rng.int(Math.max(1, list.length))]
}

function columnOf(table: Table, rng: Rng, types: readonly string[]): Column | undefined {
  const able = table.columnNames.map((name) => table.column(name)).filter(({ type }) => types.includes(type))
  return pick(rng, able)
}

const numeric = ['int32', 'float64']
const any = ['int32', 'float64', 'string', 'boolean', 'timestamp']

/** Some present cells. */
function values<T extends CellValue = CellValue>(column: Column, rng: Rng, count: number): NonNullable<T>[] {
  const present = column.toArray().filter((cell) => cell !== null)
  return present.length === 0 ? [] : Array.from({ length: count }, () => pick(rng, present) as NonNullable<T>)
}

function bounds(column: Column, rng: Rng): q.Bounds {
  const [a = 0, b = 1] = values<number>(column, rng, 2)
  const iso = (value: number) => (column.type === 'timestamp' ? new Date(value).toISOString().replace(/(\.000)?Z$/, '') : value)
  const strict = rng.int(4)
  const both = { min: iso(Math.min(a, b)), max: iso(Math.max(a, b)) }
  const some = [both, { min: both.min }, { max: both.max }][rng.int(3)] ?? both
  return {
    ...some,
    ...(strict === 1 && 'min' in some ? { strictMin: true } : {}),
    ...(strict === 2 && 'max' in some ? { strictMax: true } : {}),
  }
}

/** `mostly`, and sometimes a condition on rows. */
function rowwise(table: Table, rng: Rng): q.RowwiseOptions {
  const mostly = pick(rng, [undefined, 1, 0.9, 0.5, 0.25])
  const column = columnOf(table, rng, numeric)
  const [value] = column === undefined ? [] : values<number>(column, rng, 1)
  const condition = rng.int(4) === 0 && column !== undefined && value !== undefined
  const { name } = column ?? { name: '' }
  return { mostly, ...(condition ? { rowCondition: q.anyOf(q.col(name).atLeast(value as number), q.col(name).isMissing()) } : {}) }
}

function on(types: readonly string[], make: (column: Column, options: q.RowwiseOptions, rng: Rng) => q.Expectation): Draw {
  return (table, rng) => {
    const column = columnOf(table, rng, types)
    return column === undefined ? undefined : make(column, rowwise(table, rng), rng)
  }
}

/** The same without `mostly`, for figures. */
function figure(make: (name: string, options: q.AggregateOptions) => q.Expectation, types: readonly string[] = numeric): Draw {
  return on(types, (column, { rowCondition }, rng) => make(column.name, { ...bounds(column, rng), rowCondition }))
}

function counts(make: (name: string, options: q.AggregateOptions) => q.Expectation, top: (column: Column) => number): Draw {
  return on(any, (column, { rowCondition }, rng) =>
    make(column.name, { min: 0, max: Math.max(1, Math.round(top(column) * rng.next() * 100) / 100), rowCondition }),
  )
}

const setTypes = ['int32', 'float64', 'string']
/** A column without a value has a set of something else. */
const someValues = (column: Column, rng: Rng, count: number): q.SetValue[] => {
  const drawn = values<q.SetValue>(column, rng, count)
  return drawn.length > 0 ? drawn : [column.type === 'string' ? 'x' : 1]
}
const sets = (make: (name: string, list: q.SetValue[], options: q.RowwiseOptions) => q.Expectation): Draw =>
  on(setTypes, (column, options, rng) => make(column.name, someValues(column, rng, 1 + rng.int(6)), options))

const regexes = ['^[A-Z]', '[aeiou]', '\\d+$', '^\\w+$', '^.{1,6}$', '(?i)^a', '\\s']

function several(count: number, make: (names: string[], options: q.RowwiseOptions, rng: Rng, table: Table) => q.Expectation): Draw {
  return (table, rng) => {
    const able = table.columnNames.filter((name) => numeric.includes(table.column(name).type))
    if (able.length < count) return undefined
    const start = rng.int(able.length - count + 1)
    return make(able.slice(start, start + count), rowwise(table, rng), rng, table)
  }
}

const patterns = ['A%', '%e%', '_a%', '%l%', '%1', 'N_']

const schemas: readonly Readonly<Record<string, Json>>[] = [{ type: 'integer' }, { type: 'array', minItems: 1 }, {}]

const pair = (names: string[]) => ({ a: names[0] as string, b: names[1] as string })
const dtype = ({ type, nullCount }: Column): string =>
  ({
    int32: nullCount > 0 ? 'float64' : 'int64',
    float64: 'float64',
    string: 'str',
    boolean: nullCount > 0 ? 'object' : 'bool',
    timestamp: 'datetime64[ns]',
  })[type]

const kinds: Readonly<Record<string, Draw>> = {
  between: on([...numeric, 'timestamp'], (c, o, rng) => q.columnValuesToBeBetween(c.name, { ...o, ...bounds(c, rng) })),
  notNull: on(any, (c, o) => q.columnValuesToNotBeNull(c.name, o)),
  null: on(any, (c, o) => q.columnValuesToBeNull(c.name, o)),
  inSet: sets(q.columnValuesToBeInSet),
  notInSet: sets(q.columnValuesToNotBeInSet),
  unique: on(any, (c, o) => q.columnValuesToBeUnique(c.name, o)),
  regex: on(['string'], (c, o, rng) => q.columnValuesToMatchRegex(c.name, pick(rng, regexes) as string, o)),
  notRegex: on(['string'], (c, o, rng) => q.columnValuesToNotMatchRegex(c.name, pick(rng, regexes) as string, o)),
  regexList: on(['string'], (c, o, rng) =>
    q.columnValuesToMatchRegexList(c.name, [pick(rng, regexes) as string, '^B'], { ...o, matchOn: pick(rng, ['any', 'all'] as const) }),
  ),
  notRegexList: on(['string'], (c, o, rng) => q.columnValuesToNotMatchRegexList(c.name, [pick(rng, regexes) as string, '^B'], o)),
  lengths: on(['string'], (c, o, rng) => q.columnValueLengthsToBeBetween(c.name, { min: rng.int(4), max: 4 + rng.int(20), ...o })),
  length: on(['string'], (c, o, rng) => q.columnValueLengthsToEqual(c.name, rng.int(8), o)),
  time: on(['string'], (c, o, rng) =>
    q.columnValuesToMatchStrftimeFormat(c.name, pick(rng, ['%Y-%m-%d', '%H:%M', '%d/%m/%Y']) as string, o),
  ),
  json: on(['string'], (c, o) => q.columnValuesToBeJsonParseable(c.name, o)),
  jsonSchema: on(['string'], (c, o, rng) => q.columnValuesToMatchJsonSchema(c.name, pick(rng, schemas) ?? {}, o)),
  type: on(any, (c, _, rng) => q.columnValuesToBeOfType(c.name, rng.int(3) > 0 ? dtype(c) : 'bytes')),
  // Great Expectations fails every list of types on text of pandas 3: `StringDtype` equals no type that it makes of a name.
  typeList: on(['int32', 'float64', 'boolean', 'timestamp'], (c, _, rng) =>
    q.columnValuesToBeInTypeList(c.name, rng.int(3) > 0 ? [dtype(c), 'bytes'] : ['bytes', 'complex']),
  ),
  typeToBe: on(any, (c) => q.columnTypeToBe(c.name, dtype(c))),
  increasing: on([...numeric, 'timestamp'], (c, o, rng) => q.columnValuesToBeIncreasing(c.name, { ...o, strictly: rng.int(2) === 0 })),
  decreasing: on([...numeric, 'timestamp'], (c, o, rng) => q.columnValuesToBeDecreasing(c.name, { ...o, strictly: rng.int(2) === 0 })),
  zScores: on(numeric, (c, o, rng) =>
    q.columnValueZScoresToBeLessThan(c.name, { ...o, threshold: 0.5 + rng.int(3), doubleSided: rng.int(2) === 0 }),
  ),
  outliers: on(numeric, (c, o, rng) =>
    q.columnValuesToNotBeOutliers(c.name, { ...o, method: pick(rng, ['iqr', 'std'] as const), multiplier: 1 + rng.int(3) }),
  ),
  mean: figure(q.columnMeanToBeBetween),
  median: figure(q.columnMedianToBeBetween),
  sum: figure(q.columnSumToBeBetween),
  stdev: figure(q.columnStdevToBeBetween),
  min: figure(q.columnMinToBeBetween),
  max: figure(q.columnMaxToBeBetween),
  uniqueCount: counts(
    (name, o) => q.columnUniqueValueCountToBeBetween(name, { ...o, max: Math.ceil(o.max as number) }),
    (c) => c.length,
  ),
  uniqueShare: counts(q.columnProportionOfUniqueValuesToBeBetween, () => 1),
  presentShare: counts(q.columnProportionOfNonNullValuesToBeBetween, () => 1),
  quantiles: on(numeric, (c, { rowCondition }, rng) => {
    const { min = null, max = null } = bounds(c, rng) as { min?: number; max?: number }
    return q.columnQuantileValuesToBeBetween(c.name, {
      quantiles: [
        [0.1, min, null],
        [0.5, min, max],
        [0.95, null, max],
      ],
      rowCondition,
    })
  }),
  mostCommon: on(setTypes, (c, { rowCondition }, rng) =>
    q.columnMostCommonValueToBeInSet(c.name, someValues(c, rng, 3), { rowCondition, tiesOkay: rng.int(2) === 0 }),
  ),
  distinctIn: sets((name, list, { rowCondition }) => q.columnDistinctValuesToBeInSet(name, list, { rowCondition })),
  distinctContain: sets((name, list, { rowCondition }) => q.columnDistinctValuesToContainSet(name, list, { rowCondition })),
  distinctEqual: sets((name, list, { rowCondition }) => q.columnDistinctValuesToEqualSet(name, list, { rowCondition })),
  divergence: on(numeric, (c, { rowCondition }, rng) => {
    const edges = [...new Set(values<number>(c, rng, 4))].sort((a, b) => a - b)
    const bins = edges.length > 1 ? edges : [0, 1]
    const weights = bins.slice(1).map(() => 0.8 / (bins.length - 1))
    return q.columnKlDivergenceToBeLessThan(c.name, { partition: { bins, weights, tailWeights: [0.1, 0.1] }, threshold: 0.5, rowCondition })
  }),
  categories: on(['string'], (c, { rowCondition }, rng) => {
    const list = [...new Set(values<string>(c, rng, 3))]
    const partition = {
      values: list.length > 0 ? list : ['x'],
      weights: (list.length > 0 ? list : ['x']).map((_, __, { length }) => 1 / length),
    }
    return q.columnKlDivergenceToBeLessThan(c.name, { partition, threshold: 0.5, tailWeightHoldout: 0.1, rowCondition })
  }),
  exist: on(any, (c, _, rng) => q.columnToExist(rng.int(3) > 0 ? c.name : 'nowhere')),
  greater: several(2, (names, o, rng) => q.columnPairValuesAToBeGreaterThanB(pair(names), { ...o, orEqual: rng.int(2) === 0 })),
  equal: several(2, (names, o, rng) =>
    q.columnPairValuesToBeEqual(pair(names), {
      ...o,
      ignoreRowIf: pick(rng, ['both_values_are_missing', 'either_value_is_missing', 'neither'] as const),
    }),
  ),
  pairSet: several(2, (names, o, rng, table) => {
    const row = rng.int(Math.max(1, table.numRows))
    const cell = (name: string) => table.column(name).at(row) as number | null
    return q.columnPairValuesToBeInSet(pair(names), [[cell(names[0] as string), cell(names[1] as string)]], o)
  }),
  compound: several(2, (names, o, rng) =>
    q.compoundColumnsToBeUnique(names, {
      ...o,
      ignoreRowIf: pick(rng, ['all_values_are_missing', 'any_value_is_missing', 'never'] as const),
    }),
  ),
  sumEqual: several(2, (names, o, rng) => q.multicolumnSumToEqual(names, { ...o, total: rng.int(10) })),
  allEqual: several(3, (names, o) => q.multicolumnValuesToBeEqual(names, o)),
  within: several(3, (names, o) => q.selectColumnValuesToBeUniqueWithinRecord(names, o)),
  rows: (table, rng) =>
    q.tableRowCountToBeBetween({
      min: Math.max(0, table.numRows - rng.int(3)),
      max: table.numRows + rng.int(2) - 1 < 0 ? 1 : Math.max(table.numRows, 1),
    }),
  rowsEqual: (table, rng) => q.tableRowCountToEqual(table.numRows + rng.int(2)),
  columns: (table, rng) => q.tableColumnCountToEqual(table.columnNames.length + rng.int(2)),
  columnsBetween: (table) => q.tableColumnCountToBeBetween({ min: 1, max: table.columnNames.length }),
  columnSet: (table, rng) => q.tableColumnsToMatchSet(table.columnNames.slice(rng.int(2)), { exactMatch: rng.int(2) === 0 }),
  columnList: (table, rng) => q.tableColumnsToMatchOrderedList(rng.int(2) === 0 ? table.columnNames : [...table.columnNames].reverse()),
}

const kindsOfSql: Readonly<Record<string, Draw>> = {
  like: on(['string'], (c, o, rng) => q.columnValuesToMatchLikePattern(c.name, pick(rng, patterns) as string, o)),
  notLike: on(['string'], (c, o, rng) => q.columnValuesToNotMatchLikePattern(c.name, pick(rng, patterns) as string, o)),
  likeList: on(['string'], (c, o, rng) =>
    q.columnValuesToMatchLikePatternList(c.name, [pick(rng, patterns) as string, '%o%'], {
      ...o,
      matchOn: pick(rng, ['any', 'all'] as const),
    }),
  ),
  notLikeList: on(['string'], (c, o, rng) => q.columnValuesToNotMatchLikePatternList(c.name, [pick(rng, patterns) as string, 'B%'], o)),
  rowsOfOther: () => q.tableRowCountToEqualOtherTable('self'),
}
