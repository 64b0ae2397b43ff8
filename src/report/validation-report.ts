/** The page of a validation result: what was expected, what was found, and in which rows. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { checkOptions, ofType, requireOptions } from '../core/options'
import { formatNumber, formatPercent, formatTime } from '../plot/format'
import { type Html, type HtmlPart, html } from '../plot/html'
import { type ExpectationResult, expectationWords, maxSeverityOfFailures, type ValidationResult } from '../quality'
import { page, type Section, type Tile } from './page'
import { dataTable } from './table'

/** Options of {@link validationReport}. */
export interface ValidationReportOptions {
  /** @default the suite's name */
  readonly title?: string | undefined
  /** What was judged, in words. */
  readonly data?: string | undefined
  /** A link at the foot of the page, to the list of all runs. */
  readonly index?: string | undefined
}

/**
 * A validation result as one self-contained HTML document: first what was not met, with examples, counts and the failing rows; then every
 * expectation, grouped by column. No script, no network; light and dark, print, phone; everything escaped. The result is also in the page as
 * JSON (`report-data`), but for the complete lists of unexpected values.
 *
 * It takes results of `validate`, and those of Great Expectations by `validationResultFromJson`.
 *
 * @throws InvalidArgument when the result is none
 */
export function validationReport(result: ValidationResult, options: ValidationReportOptions = {}): string {
  requireOptions('validationReport', result, ['results', 'statistics', 'suite_name'])
  if (!Array.isArray(result.results)) throw invalidArgument(`validationReport needs a validation result, got ${show(result)}`)
  checkOptions('validationReport', options, { title: ofType('string'), data: ofType('string'), index: ofType('string') })
  const groups = groupsOf(result.results)
  const failed = result.results.filter(({ success }) => !success)
  const first = failed.length > 0 ? 2 : 1
  const sections = [
    ...(failed.length > 0 ? [failureSection(failed, groups, first)] : []),
    ...groups.map(groupSection),
    ...(groups.length > 0 ? [] : [{ title: 'Expectations', body: html`<p class="note">The suite is empty.</p>` }]),
    ...(options.index === undefined ? [] : [{ title: 'Other runs', body: html`<p><a href="${options.index}">All runs</a></p>` }]),
  ]
  return page({
    title: options.title ?? `Data quality: ${result.suite_name}`,
    lead: leadOf(result, options.data),
    tiles: tilesOf(result, groups),
    sections,
    footer: 'Opens without a network; the result is in the page as JSON (#report-data).',
    data: withoutLists(result),
  })
}

/** Expectations on one column, or on the table. */
interface Group {
  readonly title: string
  readonly results: readonly ExpectationResult[]
  readonly failed: number
}

/** Groups with failures first; otherwise the table first and columns in order of the suite. */
function groupsOf(results: readonly ExpectationResult[]): Group[] {
  const byTitle = new Map<string, ExpectationResult[]>()
  for (const result of results) {
    const title = subjectOf(result)
    byTitle.set(title, [...(byTitle.get(title) ?? []), result])
  }
  const groups = [...byTitle].map(([title, own]) => ({ title, results: own, failed: own.filter(({ success }) => !success).length }))
  return [...groups.filter(({ failed }) => failed > 0), ...groups.filter(({ failed }) => failed === 0)]
}

function subjectOf({ expectation_config: { kwargs } }: ExpectationResult): string {
  const { column, column_A: a, column_B: b, column_list: list } = kwargs
  if (typeof column === 'string') return column
  if (typeof a === 'string' && typeof b === 'string') return `${a}, ${b}`
  // Lists of columns of the whole table belong to the table.
  return Array.isArray(list) && list.length <= 4 ? list.join(', ') : 'The table'
}

function leadOf({ success, statistics, meta }: ValidationResult, data: string | undefined): string {
  const { evaluated_expectations: all, successful_expectations: met } = statistics
  const run = (meta.run_id as { readonly run_name?: unknown } | undefined)?.run_name
  const about = data === undefined ? '' : ` of ${data}`
  const named = typeof run === 'string' ? ` Run ${run}.` : ''
  const time = typeof meta.validation_time === 'string' ? Date.parse(meta.validation_time) : Number.NaN
  const when = Number.isNaN(time) ? '' : ` Checked ${formatTime(time)} UTC.`
  if (all === 0) return `Nothing${about} was judged: the suite is empty.${named}${when}`
  const outcome = success ? `All ${all} expectations${about} were met.` : `${all - met} of ${all} expectations${about} were not met.`
  return `${outcome}${named}${when}`
}

function tilesOf(result: ValidationResult, groups: readonly Group[]): Tile[] {
  const { evaluated_expectations: all, successful_expectations: met, success_percent: percent } = result.statistics
  const gravest = maxSeverityOfFailures(result)
  const columns = groups.filter(({ failed }) => failed > 0).length
  const errors = result.results.filter(({ exception_info: info }) => info.raised_exception).length
  return [
    { label: 'Outcome', value: result.success ? '✓ passed' : '✗ failed', note: gravest === undefined ? undefined : `gravest: ${gravest}` },
    { label: 'Expectations met', value: `${met} of ${all}`, note: percent === null ? undefined : formatPercent(percent / 100) },
    { label: 'Columns with failures', value: String(columns), note: `of ${groups.length} with expectations` },
    { label: 'Could not be judged', value: String(errors), note: errors === 0 ? 'none' : 'see the messages' },
  ]
}

function failureSection(failed: readonly ExpectationResult[], groups: readonly Group[], first: number): Section {
  const order = { critical: 0, warning: 1, info: 2 }
  const rows = [...failed].sort((a, b) => order[severityOf(a)] - order[severityOf(b)])
  const linkOf = (result: ExpectationResult): Html => {
    const title = subjectOf(result)
    return html`<a href="#section-${groups.findIndex((group) => group.title === title) + first}">${title}</a>`
  }
  const item = (result: ExpectationResult): Html =>
    html`<li><b>${linkOf(result)}</b><span>${severityTag(result)}</span><span>${expectationWords(result.expectation_config)}</span><span>${foundOf(result)}</span></li>`
  return { title: 'What was not met', body: html`<ul class="findings">${rows.map(item)}</ul>` }
}

function groupSection({ title, results, failed }: Group): Section {
  const met = results.filter(({ success }) => success)
  const unmet = results.filter(({ success }) => !success)
  const item = (result: ExpectationResult): Html =>
    html`<li><span class="tag good">✓ met</span><span>${expectationWords(result.expectation_config)}${notesOf(result)}</span><span>${foundOf(result)}</span></li>`
  const list = html`<ul class="findings met">${met.map(item)}</ul>`
  const metPart = met.length === 0 ? null : failed === 0 ? list : html`<details><summary>${met.length} met</summary>${list}</details>`
  return {
    title,
    text: failed === 0 ? `${results.length} of ${results.length} met.` : `${failed} of ${results.length} not met.`,
    body: [...unmet.map(failureCard), ...(metPart === null ? [] : [metPart])],
  }
}

function failureCard(item: ExpectationResult): Html {
  return html`<article class="failure">
<h3>${expectationWords(item.expectation_config)}</h3>
<p><span class="tag bad">✗ not met</span> ${severityTag(item)} ${foundOf(item)}</p>
${notesOf(item)}${samplesOf(item)}${rowsOf(item)}${detailsOf(item)}
</article>`
}

function notesOf({ expectation_config: { notes } }: ExpectationResult): Html | null {
  if (notes === undefined || notes === null) return null
  return html`<div class="note">${[notes].flat().map(String).join(' ')}</div>`
}

function severityOf({ expectation_config: { severity } }: ExpectationResult): 'critical' | 'warning' | 'info' {
  return severity ?? 'critical'
}

function severityTag(item: ExpectationResult): Html {
  return html`<span class="tag">${severityOf(item)}</span>`
}

/** What was found: rows and their share with a bar, an observed value, or why it could not be judged. */
function foundOf({ result, exception_info: exception }: ExpectationResult): HtmlPart {
  if (exception.raised_exception) return html`<span class="bad">could not be judged: ${exception.exception_message ?? 'unknown'}</span>`
  const { element_count: rows, unexpected_count: unexpected, unexpected_percent: percent, observed_value: observed } = result
  if (typeof rows === 'number' && typeof unexpected === 'number') {
    const share = typeof percent === 'number' ? percent / 100 : 0
    const words = `${formatNumber(unexpected)} of ${formatNumber(rows)} rows unexpected (${shareText(share)})`
    const bar =
      unexpected === 0
        ? null
        : html` <span class="share" style="--share:${Math.max(1, Math.min(100, share * 100)).toFixed(1)}%" aria-hidden="true"></span>`
    return [html`<span class="nowrap">${words}</span>`, bar]
  }
  return observed === undefined ? '' : `observed ${valueText(observed)}`
}

/** Small shares are not rounded to nothing. */
function shareText(share: number): string {
  return share > 0 && share < 0.0005 ? `<${formatPercent(0.0005, 2)}` : formatPercent(share)
}

/** Unexpected values with their counts. */
function samplesOf({ result }: ExpectationResult): Html | null {
  const counts = result.partial_unexpected_counts as readonly { readonly value: Json; readonly count: number }[] | undefined
  if (!Array.isArray(counts) || counts.length === 0) {
    const list = result.partial_unexpected_list
    if (!Array.isArray(list) || list.length === 0) return null
    return html`<p>Unexpected values: ${list.map((value, i) => [i === 0 ? '' : ', ', html`<span class="mono">${valueText(value)}</span>`])}</p>`
  }
  const total = Number(result.unexpected_count ?? 0)
  const shown = counts.slice(0, 10)
  const table = dataTable({
    caption: `Unexpected values${counts.length > shown.length ? `, the ${shown.length} most common ones` : ''}`,
    rows: shown,
    columns: [
      { title: 'Value', cell: ({ value }) => html`<span class="mono">${valueText(value)}</span>` },
      { title: 'Rows', numeric: true, cell: ({ count }) => formatNumber(count) },
      { title: 'Share of the unexpected', numeric: true, cell: ({ count }) => (total > 0 ? formatPercent(count / total) : '–') },
    ],
  })
  return html`<div class="samples">${table}</div>`
}

/** Numbers of the failing rows, or the values that name them. */
function rowsOf({ result }: ExpectationResult): Html | null {
  const rows = result.partial_unexpected_index_list
  if (!Array.isArray(rows) || rows.length === 0) return null
  const more = Number(result.unexpected_count ?? rows.length) - rows.length
  const rest = more > 0 ? ` and ${formatNumber(more)} more` : ''
  const list = rows.map((row, i) => [i === 0 ? '' : ', ', html`<span class="mono">${valueText(row as Json)}</span>`])
  const title = typeof rows[0] === 'number' ? 'Row numbers, from 0' : 'Rows'
  return html`<p>${title}: ${list}${rest}</p>`
}

/** Columns that differ, quantiles, partitions. */
function detailsOf({ result: { details } }: ExpectationResult): Html | null {
  if (details === undefined || details === null) return null
  return html`<details><summary>Details</summary><p class="mono break">${JSON.stringify(details)}</p></details>`
}

/** A value in words: members of a list with commas, members of an object with their names. */
function valueText(value: Json | undefined): string {
  const text = wholeText(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

function wholeText(value: Json | undefined): string {
  if (value === null || value === undefined) return 'missing'
  if (value === '') return '(empty text)'
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(7)))
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(wholeText).join(', ')
  if (typeof value !== 'object') return String(value)
  const members = Object.entries(value).map(([name, member]) => `${name} ${wholeText(member)}`)
  return members.join(' · ')
}

/** The result without the lists that may be as long as the data. */
function withoutLists(result: ValidationResult): unknown {
  const results = result.results.map((item) => {
    const { unexpected_list: _, unexpected_index_list: __, ...rest } = item.result
    return { ...item, result: rest }
  })
  return { ...result, results }
}
