/** The unexpected rows of an expectation: counted, with as many values kept as are shown. Findings of one batch are added to those of another. */
import { MillwrightError } from '../core/errors'
import type { Json } from '../core/json'
import type { Table } from '../schema/table'
import { jsonCell } from './cells'
import type { FormattedVerdict, ReportOptions, RowsVerdict } from './result'

/** What is known of the rows judged so far. */
export interface RowFindings {
  elementCount: number
  /** Absent for expectations on missing cells themselves: every row counts. */
  missingCount?: number
  unexpectedCount: number
  /** Unexpected values in order of rows: all of them in `COMPLETE` results, otherwise the first ones. */
  readonly values: Json[]
  /** Their row numbers, or the values of the columns that name rows. */
  readonly rows: Json[]
  /** How often each unexpected value occurs; `undefined` once there were too many different ones to keep. */
  counts: Map<string, { readonly value: Json; count: number }> | undefined
  mostly: number
}

/** Most values of a stream that are kept for one result. */
const MAX_KEPT = 1_000_000

/** Nothing judged yet. */
export function noFindings(): RowFindings {
  return { elementCount: 0, unexpectedCount: 0, values: [], rows: [], counts: new Map(), mostly: 1 }
}

/**
 * Adds a verdict.
 *
 * @param table the rows that were judged; `numberOf` their numbers in the whole
 * @throws Unsupported when a `COMPLETE` result would hold more than a million values
 */
export function addFindings(
  findings: RowFindings,
  verdict: RowsVerdict,
  { table, numberOf, report }: { readonly table: Table; readonly numberOf: (row: number) => number; readonly report: ReportOptions },
): void {
  const { elementCount, missingCount, unexpected, valueAt, mostly } = verdict
  findings.elementCount += elementCount
  if (missingCount !== undefined) findings.missingCount = (findings.missingCount ?? 0) + missingCount
  findings.unexpectedCount += unexpected.length
  findings.mostly = mostly
  if (report.format === 'BOOLEAN_ONLY') return
  const limit = report.format === 'COMPLETE' ? MAX_KEPT : report.partialCount
  const nameOf = rowNames(verdict, table, report)
  for (const row of unexpected) {
    if (findings.values.length >= limit) break
    findings.values.push(valueAt(row))
    findings.rows.push(nameOf?.(row) ?? numberOf(row))
  }
  if (report.format === 'COMPLETE' && findings.unexpectedCount > MAX_KEPT) {
    throw new MillwrightError('Unsupported', `a COMPLETE result lists at most ${MAX_KEPT} unexpected values; take SUMMARY`)
  }
  if (report.format !== 'BASIC') for (const row of unexpected) count(findings, valueAt(row))
}

function count(findings: RowFindings, value: Json): void {
  if (findings.counts === undefined) return
  const key = JSON.stringify(value)
  const known = findings.counts.get(key)
  if (known !== undefined) known.count++
  else if (findings.counts.size < MAX_KEPT) findings.counts.set(key, { value, count: 1 })
  else findings.counts = undefined
}

/** Rows by the columns that name them, with the judged values, as Great Expectations writes them. */
function rowNames({ columns }: RowsVerdict, table: Table, { indexColumns }: ReportOptions): ((row: number) => Json) | undefined {
  if (indexColumns.length === 0) return undefined
  const all = [...columns, ...indexColumns.map((name) => table.column(name))]
  return (row) => Object.fromEntries(all.map((column) => [column.name, jsonCell(column, row)]))
}

/** Findings as `success` and `result`. */
export function formatFindings(findings: RowFindings, { format, partialCount, indexColumns }: ReportOptions): FormattedVerdict {
  const { elementCount, missingCount, unexpectedCount, values, rows, counts, mostly } = findings
  const judged = elementCount - (missingCount ?? 0)
  // Nothing to judge is nothing amiss.
  const success = judged === 0 || (judged - unexpectedCount) / judged >= mostly
  if (format === 'BOOLEAN_ONLY') return { success, result: {} }
  const percent = (part: number, of: number): number | null => (of === 0 ? null : (part / of) * 100)
  const result: Record<string, Json | undefined> = {
    element_count: elementCount,
    unexpected_count: unexpectedCount,
    unexpected_percent: percent(unexpectedCount, judged),
    partial_unexpected_list: values.slice(0, partialCount),
    ...(indexColumns.length === 0 ? {} : { unexpected_index_column_names: [...indexColumns] }),
  }
  if (missingCount !== undefined) {
    result.missing_count = missingCount
    result.missing_percent = percent(missingCount, elementCount)
    result.unexpected_percent_total = percent(unexpectedCount, elementCount)
    result.unexpected_percent_nonmissing = percent(unexpectedCount, judged)
  }
  if (format === 'BASIC') return { success, result }
  if (counts !== undefined) result.partial_unexpected_counts = commonest(counts, partialCount)
  result.partial_unexpected_index_list = rows.slice(0, partialCount)
  if (format === 'COMPLETE') {
    result.unexpected_list = values
    result.unexpected_index_list = rows
  }
  return { success, result }
}

/** The most common values with their counts, by falling count, then by value. */
function commonest(counts: NonNullable<RowFindings['counts']>, limit: number): Json[] {
  const order = (a: Json, b: Json): number => {
    if (typeof a === 'number' && typeof b === 'number') return a - b
    const [x, y] = [String(a), String(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || order(a.value, b.value))
    .slice(0, limit)
    .map(({ value, count: times }) => ({ value, count: times }))
}
