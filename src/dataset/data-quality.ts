/** The quality of a table at a glance: missing cells, repeated rows, columns that say nothing, and what changed against a reference. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { checkOptions, finiteNumber, ofType } from '../core/options'
import { type Column, toFloat64 } from '../schema/column'
import { assertTable, isTable, type Table } from '../schema/table'
import { histogram, histogramEdges } from '../stats/histogram'
import { correlation } from './correlation'
import { dropDuplicates } from './distinct'
import { type ColumnProfile, profile } from './profile'
import { sample } from './sample'

/** The kinds of issues of {@link dataQuality}. */
export type QualityIssueCode =
  | 'empty-column'
  | 'constant-column'
  | 'almost-constant-column'
  | 'duplicate-column'
  | 'duplicate-rows'
  | 'missing-values'
  | 'infinite-values'
  | 'correlated-columns'
  | 'missing-column'
  | 'new-column'
  | 'type-changed'
  | 'missing-rate-changed'
  | 'out-of-range'
  | 'new-values'

/** Something about a table that deserves a look. */
export interface QualityIssue {
  readonly code: QualityIssueCode
  /** Absent for issues of the whole table. */
  readonly column?: string
  readonly message: string
}

/** One column of a {@link DataQualityReport}. */
export interface ColumnQuality {
  readonly profile: ColumnProfile
  readonly infinite: number
  /** Of numbers: edges and counts of the histogram. */
  readonly histogram?: { readonly edges: readonly number[]; readonly counts: readonly number[] }
  /** The column in the reference. */
  readonly reference?: ColumnProfile
  /** Counts of the reference over the same edges. */
  readonly referenceCounts?: readonly number[]
}

/** The result of {@link dataQuality}. Plain JSON. */
export interface DataQualityReport {
  readonly numRows: number
  readonly numColumns: number
  /** Rows of the reference. */
  readonly referenceRows?: number
  readonly missingCells: number
  /** Rows that repeat an earlier one in every column. */
  readonly duplicateRows: number
  readonly issues: readonly QualityIssue[]
  readonly columns: readonly ColumnQuality[]
  /** The pairs of numeric columns that move most together, by the absolute coefficient of Spearman. */
  readonly correlations: readonly { readonly a: string; readonly b: string; readonly coefficient: number }[]
}

/** Options of {@link dataQuality}. */
export interface DataQualityOptions {
  /** An earlier table to compare with, such as the training data. */
  readonly reference?: Table | undefined
  /** Share of missing cells of a column from which it is an issue. @default 0.05 */
  readonly missingShare?: number | undefined
  /** Share of the most frequent value from which a column is almost constant. @default 0.95 */
  readonly constantShare?: number | undefined
  /** Change of the share of missing cells against the reference that is an issue. @default 0.05 */
  readonly missingChange?: number | undefined
  /** Coefficient from which a pair of columns is an issue. @default 0.95 */
  readonly correlation?: number | undefined
}

type Limits = { readonly [Key in Exclude<keyof DataQualityOptions, 'reference'>]-?: number }

const defaults: Limits = { missingShare: 0.05, constantShare: 0.95, missingChange: 0.05, correlation: 0.95 }
/** Bins of a histogram. */
const BINS = 24
/** Numeric columns, and rows drawn from the table, for correlations: their time grows with the square of the columns. */
const CORRELATED_COLUMNS = 60
const CORRELATED_ROWS = 5000
/** Correlations that are kept. */
const MAX_PAIRS = 20

/**
 * Looks a table over. Sorts a copy of each numeric column: O(n log n) a column, and O(columns²) for correlations of at most 60 columns over 5,000 rows drawn by a fixed seed.
 *
 * `String(report)` is one line; printed, it lists the issues; `dataQualityHtml` of `millwright/report` makes a page of it.
 *
 * @example
 * console.log(dataQuality(today, { reference: train }))
 * @throws InvalidArgument for what is no table, and unknown options
 */
export function dataQuality(table: Table, options: DataQualityOptions = {}): DataQualityReport {
  assertTable(table, 'dataQuality')
  const share = finiteNumber(0, 1)
  const rules = { missingShare: share, constantShare: share, missingChange: share, correlation: share }
  checkOptions('dataQuality', options, { reference: { ...ofType('object'), allowed: 'a table', test: isTable }, ...rules })
  const { reference, ...given } = options
  const limits = { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) } as Limits
  const before = reference === undefined ? undefined : new Map(profile(reference).columns.map((column) => [column.name, column]))
  const columns = profile(table).columns.map((column) =>
    columnQuality(table.column(column.name), column, before?.get(column.name), reference),
  )
  const correlations = strongestPairs(table)
  const duplicateRows = table.numRows === 0 || columns.length === 0 ? 0 : table.numRows - dropDuplicates(table).numRows
  const issues = [
    ...tableIssues(table, duplicateRows),
    ...columns.flatMap((column) => columnIssues(column, limits)),
    ...duplicateColumns(table),
    ...correlations.filter(({ coefficient }) => Math.abs(coefficient) >= limits.correlation).map(correlatedIssue),
    ...(before === undefined ? [] : schemaIssues(columns, before)),
  ]
  return displayed({
    numRows: table.numRows,
    numColumns: columns.length,
    ...(reference === undefined ? {} : { referenceRows: reference.numRows }),
    missingCells: columns.reduce((sum, column) => sum + column.profile.missing, 0),
    duplicateRows,
    issues,
    columns,
    correlations,
  })
}

function columnQuality(column: Column, own: ColumnProfile, before: ColumnProfile | undefined, reference: Table | undefined): ColumnQuality {
  const base = { profile: own, infinite: 0, ...(before === undefined ? {} : { reference: before }) }
  if (column.type === 'string' || column.type === 'boolean') return base
  const cells = toFloat64(column)
  const finite = cells.filter(Number.isFinite)
  const infinite = own.count - finite.length
  if (finite.length === 0 || !Number.isFinite(range(finite))) return { ...base, infinite }
  const old =
    before === undefined || before.type === 'string' || before.type === 'boolean'
      ? undefined
      : toFloat64((reference as Table).column(own.name)).filter(Number.isFinite)
  const pooled = old === undefined ? finite : Float64Array.of(...extremes(finite), ...extremes(old.length > 0 ? old : finite))
  const edges = histogramEdges(pooled, BINS)
  return {
    ...base,
    infinite,
    histogram: { edges: Array.from(edges), counts: Array.from(histogram(finite, edges)) },
    ...(old === undefined ? {} : { referenceCounts: Array.from(histogram(old, edges)) }),
  }
}

function extremes(values: Float64Array): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

function range(values: Float64Array): number {
  const [low, high] = extremes(values)
  return high - low
}

function tableIssues({ numRows }: Table, duplicateRows: number): QualityIssue[] {
  if (duplicateRows === 0) return []
  return [
    { code: 'duplicate-rows', message: `${duplicateRows} of ${numRows} rows repeat an earlier row (${percent(duplicateRows / numRows)})` },
  ]
}

function columnIssues({ profile: own, infinite, reference }: ColumnQuality, limits: Limits): QualityIssue[] {
  const { name: column, count, missing, distinct } = own
  const rows = count + missing
  const issue = (code: QualityIssueCode, words: string): QualityIssue => ({ code, column, message: `${JSON.stringify(column)} ${words}` })
  if (rows === 0) return []
  if (count === 0) return [issue('empty-column', 'holds no values')]
  const issues: QualityIssue[] = []
  const most = own.top?.[0]
  if (distinct === 1) issues.push(issue('constant-column', `holds one value only: ${valueText(own.min)}`))
  else if (most !== undefined && most.count / count >= limits.constantShare) {
    issues.push(issue('almost-constant-column', `is ${valueText(most.value)} in ${percent(most.count / count)} of its values`))
  }
  if (missing / rows >= limits.missingShare && missing > 0)
    issues.push(issue('missing-values', `is missing in ${percent(missing / rows)} of the rows`))
  if (infinite > 0) issues.push(issue('infinite-values', `holds ${infinite} infinite values`))
  return reference === undefined ? issues : [...issues, ...changes(own, reference, limits, issue)]
}

/** What changed against the column of the reference. */
function changes(
  own: ColumnProfile,
  reference: ColumnProfile,
  limits: Limits,
  issue: (code: QualityIssueCode, words: string) => QualityIssue,
): QualityIssue[] {
  const issues: QualityIssue[] = []
  // Whether numbers are whole depends on the values at hand.
  const isNumber = ({ type }: ColumnProfile): boolean => type === 'int32' || type === 'float64'
  if (reference.type !== own.type && !(isNumber(own) && isNumber(reference)))
    issues.push(issue('type-changed', `was ${reference.type} and is ${own.type}`))
  const rate = ({ count, missing }: ColumnProfile): number => (count + missing === 0 ? 0 : missing / (count + missing))
  if (Math.abs(rate(own) - rate(reference)) >= limits.missingChange) {
    issues.push(issue('missing-rate-changed', `is missing in ${percent(rate(own))} of the rows, before in ${percent(rate(reference))}`))
  }
  const { min, max } = own
  if (typeof min === 'number' && typeof max === 'number' && typeof reference.min === 'number' && typeof reference.max === 'number') {
    if (min < reference.min || max > reference.max) {
      issues.push(
        issue(
          'out-of-range',
          `ranges from ${valueText(min)} to ${valueText(max)}, before from ${valueText(reference.min)} to ${valueText(reference.max)}`,
        ),
      )
    }
  }
  // The lists of frequent values are complete where a column has few.
  if (own.top !== undefined && reference.top !== undefined && reference.distinct === reference.top.length) {
    const known = new Set(reference.top.map(({ value }) => value))
    const fresh = own.top.filter(({ value }) => !known.has(value))
    if (fresh.length > 0)
      issues.push(
        issue(
          'new-values',
          `has values that the reference does not: ${fresh
            .slice(0, 5)
            .map(({ value }) => valueText(value))
            .join(', ')}`,
        ),
      )
  }
  return issues
}

function schemaIssues(columns: readonly ColumnQuality[], before: ReadonlyMap<string, ColumnProfile>): QualityIssue[] {
  const names = new Set(columns.map(({ profile: { name } }) => name))
  const gone = [...before.keys()].filter((name) => !names.has(name))
  const fresh = [...names].filter((name) => !before.has(name))
  return [
    ...gone.map(
      (column): QualityIssue => ({ code: 'missing-column', column, message: `${JSON.stringify(column)} of the reference is gone` }),
    ),
    ...fresh.map((column): QualityIssue => ({ code: 'new-column', column, message: `${JSON.stringify(column)} is not in the reference` })),
  ]
}

/** Columns with the same cells as an earlier one. */
function duplicateColumns(table: Table): QualityIssue[] {
  const columns = table.columnNames.map((name) => table.column(name))
  return columns.flatMap((column, i): QualityIssue[] => {
    const twin = columns.slice(0, i).find((other) => isSameColumn(column, other))
    if (twin === undefined) return []
    return [
      {
        code: 'duplicate-column',
        column: column.name,
        message: `${JSON.stringify(column.name)} has the cells of ${JSON.stringify(twin.name)}`,
      },
    ]
  })
}

function isSameColumn(a: Column, b: Column): boolean {
  if (a.type !== b.type || a.length === 0 || a.nullCount !== b.nullCount) return false
  for (let i = 0; i < a.length; i++) if (a.at(i) !== b.at(i)) return false
  return true
}

function strongestPairs(table: Table): DataQualityReport['correlations'] {
  const names = table.columnNames
    .filter((name) => name !== 'column' && ['float64', 'int32'].includes(table.column(name).type))
    .slice(0, CORRELATED_COLUMNS)
  if (names.length < 2 || table.numRows < 3) return []
  const rows = table.numRows > CORRELATED_ROWS ? sample(table, { n: CORRELATED_ROWS, seed: 1 }) : table
  const matrix = correlation(rows, { columns: names, method: 'spearman', minRows: 3 })
  const pairs = names.flatMap((a, i) =>
    names.slice(0, i).map((b) => ({ a: b, b: a, coefficient: Number(matrix.column(b).at(i) ?? Number.NaN) })),
  )
  return pairs
    .filter(({ coefficient }) => Number.isFinite(coefficient))
    .sort((one, other) => Math.abs(other.coefficient) - Math.abs(one.coefficient))
    .slice(0, MAX_PAIRS)
}

function correlatedIssue({ a, b, coefficient }: DataQualityReport['correlations'][number]): QualityIssue {
  const message = `${JSON.stringify(a)} and ${JSON.stringify(b)} move together: rank correlation ${Number(coefficient.toFixed(3))}`
  return { code: 'correlated-columns', column: b, message }
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)))
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}

function displayed(report: DataQualityReport): DataQualityReport {
  const { numRows, numColumns, missingCells, duplicateRows, issues } = report
  const line = `data quality: ${numRows} rows × ${numColumns} columns, ${missingCells} missing cells, ${duplicateRows} repeated rows, ${issues.length} issues`
  const header = ['issue', 'column', 'what'] as const
  const rows = issues.map(({ code, column = '', message }) => [code, column, message])
  return attachDisplay(report, {
    text: () => (issues.length === 0 ? line : `${line}\n${textTable(header, rows)}`),
    markdown: () => (issues.length === 0 ? line : `${line}\n\n${markdownTable(header, rows)}`),
  })
}
