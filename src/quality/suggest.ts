/** A first suite for a dataset, by documented rules. */
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { type Column, toFloat64 } from '../schema/column'
import { assertTable, type Table } from '../schema/table'
import { jsonValue } from './cells'
import { columnValueLengthsToBeBetween, columnValuesToMatchRegex } from './column-text'
import {
  columnValuesToBeBetween,
  columnValuesToBeInSet,
  columnValuesToBeInTypeList,
  columnValuesToBeNull,
  columnValuesToBeOfType,
  columnValuesToBeUnique,
  columnValuesToNotBeNull,
  type SetValue,
} from './column-values'
import { repeatedRows } from './evaluate-several'
import { type Expectation, type ExpectationSuite, expectations } from './expectation'
import { compoundColumnsToBeUnique } from './several-columns'
import { tableColumnsToMatchSet, tableRowCountToBeBetween } from './table-shape'
import { byValue, summaryOf, type ValueSummary, valueOfKey } from './value-summary'

/** Options of {@link suggestExpectations}. */
export interface SuggestOptions {
  /** The suite's name. @default 'suggested' */
  readonly name?: string | undefined
  /** How far beyond the values that were seen a bound lies, as a share of their range (of text lengths: of the greatest). @default 0.1 */
  readonly margin?: number | undefined
  /** A column of at most so many different values is a category. @default 20 */
  readonly maxCategories?: number | undefined
  /** Whether pairs of columns are tried as a key when no column is one. @default true */
  readonly keys?: boolean | undefined
}

/**
 * Proposes a suite that the dataset meets. The same data give the same suite; nothing is random. Edit it: take out what is by chance,
 * tighten what you know. Each expectation says in `notes` what was seen and by which rule it is there, and has the rule's name in
 * `meta.rule`.
 *
 * | rule | proposes | when |
 * | --- | --- | --- |
 * | `columns` | the names of the columns | always |
 * | `rows` | a number of rows from half to twice what was seen | always |
 * | `type` | names of the column's type, ours and those of pandas | the column has a value |
 * | `complete`, `mostly-complete`, `empty` | missing cells: none; at most twice the share that was seen; nothing but | always; `mostly-complete` while at most a quarter is missing |
 * | `range` | bounds wider by the margin; a least value that is 0 stays 0 | numbers and timestamps of more than one value |
 * | `category` | the set of values | text, booleans and whole numbers of few values, each on average 10 times |
 * | `unique` | no value twice | text, whole numbers and timestamps, 10 values or more, all different |
 * | `pattern` | a regular expression of the common shape (digits, letters, marks) | text of one shape, 10 different values or more |
 * | `length` | lengths, the greatest wider by the margin | other text |
 * | `key` | pairs of columns that are unique | no column is unique, 10 rows or more, without missing cells; the first such pair |
 *
 * @example validate(tomorrow, suggestExpectations(today)).success
 * @throws InvalidArgument when `table` is none
 */
export function suggestExpectations(table: Table, options: SuggestOptions = {}): ExpectationSuite {
  assertTable(table, 'suggestExpectations')
  checkOptions('suggestExpectations', options, {
    name: nonEmptyString(),
    margin: finiteNumber(0),
    maxCategories: wholeNumber(1),
    keys: ofType('boolean'),
  })
  const { name = 'suggested', margin = 0.1, maxCategories = 20, keys = true } = options
  const columns = table.columnNames.map((column) => table.column(column))
  const rows = table.numRows
  const list = [
    because('columns', `${columns.length} columns were seen`, (told) => tableColumnsToMatchSet([...table.columnNames], told)),
    because('rows', `${rows} rows were seen; half to twice as many are taken for normal`, (told) =>
      tableRowCountToBeBetween({ min: Math.floor(rows / 2), max: rows * 2, ...told }),
    ),
    ...columns.flatMap((column) => columnRules(column, { margin, maxCategories })),
  ]
  const unique = list.some(({ type }) => type === 'expect_column_values_to_be_unique')
  return expectations(name, keys && !unique ? [...list, ...keyRule(columns)] : list)
}

/** What a proposal carries: its rule and its reason. */
interface Told {
  readonly meta: { readonly rule: string }
  readonly notes: string
}

function because(rule: string, reason: string, make: (told: Told) => Expectation): Expectation {
  return make({ meta: { rule }, notes: `Suggested by the rule "${rule}": ${reason}.` })
}

interface Limits {
  readonly margin: number
  readonly maxCategories: number
}

function columnRules(column: Column, limits: Limits): Expectation[] {
  const { name } = column
  const summary = summaryOf(column)
  if (summary.present === 0) {
    return column.length === 0 ? [] : [because('empty', 'no cell had a value', (told) => columnValuesToBeNull(name, told))]
  }
  const values = valueRule(column, summary, limits)
  return [typeRule(column), ...missingRule(column), ...uniqueRule(column, summary), ...(values === undefined ? [] : [values])]
}

/** Names of a type in suites: ours first, then those of pandas, with and without missing cells. */
const typeLists: Readonly<Record<Exclude<Column['type'], 'string'>, readonly string[]>> = {
  float64: ['float64'],
  int32: ['int32', 'int64', 'float64'],
  boolean: ['boolean', 'bool', 'object'],
  timestamp: ['timestamp', 'datetime64', 'datetime64[ns]'],
}

function typeRule({ name, type }: Column): Expectation {
  return because('type', `the column was ${type}`, (told) =>
    // Great Expectations 1.24 fails every list of types on text of pandas 3, but takes the name alone.
    type === 'string' ? columnValuesToBeOfType(name, 'str', told) : columnValuesToBeInTypeList(name, typeLists[type], told),
  )
}

function missingRule({ name, length, nullCount }: Column): Expectation[] {
  if (nullCount === 0) return [because('complete', 'no cell was missing', (told) => columnValuesToNotBeNull(name, told))]
  const share = nullCount / length
  if (share > 0.25) return []
  const mostly = Math.floor((1 - 2 * share) * 1000) / 1000
  const reason = `${nullCount} of ${length} cells were missing (${percent(share)}); twice as many are taken for normal`
  return [because('mostly-complete', reason, (told) => columnValuesToNotBeNull(name, { mostly, ...told }))]
}

function uniqueRule({ name, type }: Column, { present, counts }: ValueSummary): Expectation[] {
  // Measured numbers are often all different, by chance.
  if (type === 'float64' || type === 'boolean' || present < 10 || counts.size < present) return []
  return [because('unique', `all ${present} values were different`, (told) => columnValuesToBeUnique(name, told))]
}

function valueRule(column: Column, summary: ValueSummary, { margin, maxCategories }: Limits): Expectation | undefined {
  const { name, type } = column
  const { counts, present } = summary
  const few = counts.size <= maxCategories && present >= counts.size * 10
  if (type === 'boolean' || (few && (type === 'string' || (type === 'int32' && counts.size > 1)))) {
    const values = [...counts.keys()].sort(byValue).map((key) => valueOfKey(type, key) as SetValue)
    return because('category', `${present} values were ${counts.size} different ones`, (told) => columnValuesToBeInSet(name, values, told))
  }
  if (type === 'string') return textRule(name, [...counts.keys()] as string[], margin)
  return counts.size > 1 ? rangeRule(column, margin) : undefined
}

function rangeRule(column: Column, margin: number): Expectation {
  const { name, type } = column
  const numbers = toFloat64(column).filter(Number.isFinite)
  const [low, high] = numbers.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity])
  const reach = (high - low) * margin
  const whole = type !== 'float64'
  const bound = (value: number, round: (value: number) => number) => {
    const json = jsonValue(type, whole ? round(value) : tidy(value, round)) as number | string
    // Great Expectations on pandas does not compare times that have a zone with those of a table, which have none.
    return typeof json === 'string' ? json.replace(/(\.000)?Z$/, '') : json
  }
  // Counts, ages and amounts start at 0: less is an error even by a little.
  const min = low >= 0 && low - reach < 0 ? 0 : bound(low - reach, Math.floor)
  const max = high <= 0 && high + reach > 0 ? 0 : bound(high + reach, Math.ceil)
  const reason = `values lay from ${String(jsonValue(type, low))} to ${String(jsonValue(type, high))}; the bounds are wider by ${percent(margin)} of that range`
  return because('range', reason, (told) => columnValuesToBeBetween(name, { min, max, ...told }))
}

/** To three digits more than needed, away from the values. */
function tidy(value: number, round: (value: number) => number): number {
  if (value === 0) return 0
  const scale = 10 ** (3 - Math.floor(Math.log10(Math.abs(value))))
  const tidied = round(value * scale) / scale
  return Number.isFinite(tidied) ? tidied : value
}

function textRule(name: string, values: readonly string[], margin: number): Expectation {
  const lengths = values.map((text) => [...text].length)
  const pattern = values.length >= 10 ? commonPattern(values) : undefined
  if (pattern !== undefined) {
    return because('pattern', `all ${values.length} different values had one shape, such as "${values[0]}"`, (told) =>
      columnValuesToMatchRegex(name, pattern, told),
    )
  }
  const [min, longest] = lengths.reduce(([a, b], length) => [Math.min(a, length), Math.max(b, length)], [Infinity, 0])
  const max = longest + Math.ceil(longest * margin)
  const reason = `texts were ${min} to ${longest} characters long; the greatest length is wider by ${percent(margin)}`
  return because('length', reason, (told) => columnValueLengthsToBeBetween(name, { min: Math.min(min, 1), max, ...told }))
}

/** The regular expression of texts that are the same runs of digits, capital and small letters between the same marks. */
function commonPattern(values: readonly string[]): string | undefined {
  const shapes = values.map((text) => text.match(/[0-9]+|[A-Z]+|[a-z]+|[^0-9A-Za-z]/g) ?? [])
  const [first = []] = shapes
  if (first.length === 0 || first.length > 12 || !first.some((run) => /^[0-9A-Za-z]/.test(run))) return undefined
  if (shapes.some((shape) => shape.length !== first.length)) return undefined
  const parts = first.map((_, i) => partPattern(shapes.map((shape) => shape[i] as string)))
  return parts.every((part) => part !== undefined) ? `^${parts.join('')}\\Z` : undefined
}

function partPattern(runs: readonly string[]): string | undefined {
  const [first = ''] = runs
  if (!/^[0-9A-Za-z]/.test(first)) return runs.every((run) => run === first) ? escaped(first) : undefined
  const kind = ['[0-9]', '[A-Z]', '[a-z]'].find((set) => runs.every((run) => new RegExp(`^${set}+$`).test(run)))
  if (kind === undefined) return undefined
  const [least, most] = runs.reduce(([a, b], { length }) => [Math.min(a, length), Math.max(b, length)], [Infinity, 0])
  return least === most ? `${kind}{${least}}` : `${kind}+`
}

function escaped(mark: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(mark) ? `\\${mark}` : mark
}

/** The first pair of columns that is a key, among columns of text, whole numbers and timestamps. */
function keyRule(columns: readonly Column[]): Expectation[] {
  const able = columns.filter(({ type, nullCount, length }) => type !== 'float64' && type !== 'boolean' && nullCount === 0 && length >= 10)
  for (const [i, a] of able.slice(0, 12).entries()) {
    for (const b of able.slice(i + 1, 12)) {
      if (repeatedRows([a, b], () => true).length > 0) continue
      return [
        because('key', `no combination of "${a.name}" and "${b.name}" was there twice`, (told) =>
          compoundColumnsToBeUnique([a.name, b.name], told),
        ),
      ]
    }
  }
  return []
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}
