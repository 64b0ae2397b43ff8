/** The page of a data quality report: issues, columns with small histograms, correlations. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import type { ColumnProfile, ColumnQuality, DataQualityReport } from '../dataset'
import { formatDay, formatNumber, formatPercent, formatValue } from '../plot/format'
import { type Html, type HtmlPart, html } from '../plot/html'
import { miniHistogram } from './mini-histogram'
import { page, type Section, type Tile } from './page'
import { dataTable } from './table'

/** Options of {@link dataQualityHtml}. */
export interface DataQualityHtmlOptions {
  /** @default 'Data quality' */
  readonly title?: string | undefined
  /** What the reference is, in a word or two. @default 'reference' */
  readonly reference?: string | undefined
  /** What was looked over. @default 'current' */
  readonly current?: string | undefined
}

/**
 * A data quality report as one HTML file that needs no network and runs no script: issues, every column with counts, range, quantiles and a small histogram, frequent values,
 * correlations. Light and dark, phone, print, keyboard; the report is in the page as JSON (`report-data`).
 *
 * @example
 * await writeFile('quality.html', dataQualityHtml(dataQuality(today, { reference: train })))
 * @throws InvalidArgument for what is no report
 */
export function dataQualityHtml(report: DataQualityReport, options: DataQualityHtmlOptions = {}): string {
  if (!Array.isArray(report?.columns) || !Array.isArray(report.issues)) {
    throw invalidArgument(`dataQualityHtml takes the report of dataQuality, got ${show(report)}`)
  }
  checkOptions('dataQualityHtml', options, { title: ofType('string'), reference: nonEmptyString(), current: nonEmptyString() })
  const names = { reference: options.reference ?? 'reference', current: options.current ?? 'current' }
  const hasReference = report.referenceRows !== undefined
  const sections: (Section | undefined)[] = [
    issuesSection(report),
    numbersSection(report, names, hasReference),
    categoriesSection(report),
    correlationsSection(report),
  ]
  const { issues, numRows, numColumns } = report
  return page({
    title: options.title ?? 'Data quality',
    lead: `${formatNumber(numRows)} rows and ${formatNumber(numColumns)} columns${issues.length === 0 ? '; nothing stands out' : `; ${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`}.`,
    tiles: tilesOf(report, names),
    sections: sections.filter((section) => section !== undefined),
    footer: 'Made with millwright. Opens without a network; the report is in the page as JSON (#report-data). Times are UTC.',
    data: rounded(report),
  })
}

interface Names {
  readonly reference: string
  readonly current: string
}

function tilesOf({ numRows, numColumns, referenceRows, missingCells, duplicateRows, issues }: DataQualityReport, names: Names): Tile[] {
  const cells = numRows * numColumns
  return [
    {
      label: 'Issues',
      value: issues.length === 0 ? '✓ none' : String(issues.length),
      note: placesOf(issues),
    },
    {
      label: 'Rows',
      value: formatNumber(numRows),
      note: referenceRows === undefined ? undefined : `${names.reference}: ${formatNumber(referenceRows)}`,
    },
    {
      label: 'Missing cells',
      value: cells === 0 ? '–' : formatPercent(missingCells / cells),
      note: `${formatNumber(missingCells)} of ${formatNumber(cells)}`,
    },
    {
      label: 'Repeated rows',
      value: formatNumber(duplicateRows),
      note: numRows === 0 ? undefined : formatPercent(duplicateRows / numRows),
    },
  ]
}

function issuesSection({ issues }: DataQualityReport): Section | undefined {
  if (issues.length === 0) return undefined
  return {
    title: 'Issues',
    body: dataTable({
      caption: issues.length > 200 ? `The first 200 of ${issues.length}` : 'What deserves a look',
      rows: issues.slice(0, 200),
      columns: [
        { title: 'Column', cell: ({ column }) => column ?? 'the table' },
        { title: 'Issue', cell: ({ code }) => html`<span class="tag">${code.replace(/-/g, ' ')}</span>` },
      ],
      words: ({ message }) => message,
    }),
  }
}

/** `in 3 columns`, `in 1 column and the table`. */
function placesOf(issues: DataQualityReport['issues']): string | undefined {
  const columns = new Set(issues.flatMap(({ column }) => column ?? [])).size
  const table = issues.some(({ column }) => column === undefined || column === null)
  const parts = [...(columns === 0 ? [] : [`${columns} ${columns === 1 ? 'column' : 'columns'}`]), ...(table ? ['the table'] : [])]
  return parts.length === 0 ? undefined : `in ${parts.join(' and ')}`
}

/** A mean or deviation with three or four significant digits; of timestamps a day. */
function roundedText(profile: ColumnProfile, value: unknown): string {
  if (typeof value !== 'number' || profile.type === 'timestamp') return valueText(profile, value)
  // Larger numbers get an exponent, and are rounded once.
  return formatValue(Math.abs(value) >= 1e9 ? value : Number(value.toPrecision(4)))
}

/** A value of a column or between two of them, whose whole part is exact since it may be a key or a count; of timestamps a day. */
function valueText({ type }: ColumnProfile, value: unknown): string {
  if (typeof value !== 'number') return '–'
  if (type === 'timestamp') return formatDay(value)
  return Math.abs(value) >= 1e9 ? formatNumber(value, 1) : formatValue(value)
}

function numbersSection({ columns }: DataQualityReport, names: Names, hasReference: boolean): Section | undefined {
  const numeric = columns.filter(({ profile: { type } }) => type !== 'string' && type !== 'boolean')
  if (numeric.length === 0) return undefined
  const figure = (title: string, of: (profile: ColumnProfile) => unknown, text = valueText) => ({
    title,
    numeric: true,
    cell: ({ profile }: ColumnQuality) => text(profile, of(profile)),
  })
  return {
    title: 'Numbers',
    text: hasReference ? `Grey bars: ${names.reference}; blue line: ${names.current}.` : undefined,
    body: dataTable({
      caption: 'Columns of numbers and times',
      rows: numeric,
      columns: [
        { title: 'Column', cell: ({ profile }) => profile.name },
        { title: 'Distribution', cell: pictureOf },
        { title: 'Missing', numeric: true, cell: missingText },
        { title: 'Distinct', numeric: true, cell: ({ profile }) => formatNumber(profile.distinct) },
        figure('Mean', ({ mean }) => mean, roundedText),
        figure('Std', ({ sd }) => sd, roundedText),
        figure('Min', ({ min }) => min),
        figure('Median', ({ quantiles }) => quantiles?.p50),
        figure('Max', ({ max }) => max),
        { title: 'Middle half', numeric: true, cell: ({ profile }) => middleHalf(profile) },
      ],
    }),
  }
}

/** The quartiles between which half of the values lie. */
function middleHalf(profile: ColumnProfile): string {
  const { quantiles } = profile
  return quantiles === undefined ? '–' : `${valueText(profile, quantiles.p25)} to ${valueText(profile, quantiles.p75)}`
}

function pictureOf({ histogram, referenceCounts }: ColumnQuality): HtmlPart {
  if (histogram === undefined) return '–'
  const shares = (counts: readonly number[]): number[] => {
    const total = counts.reduce((sum, count) => sum + count, 0)
    return counts.map((count) => (total === 0 ? 0 : count / total))
  }
  const own = shares(histogram.counts)
  return referenceCounts === undefined ? miniHistogram(own) : miniHistogram(shares(referenceCounts), own)
}

function missingText({ profile: { count, missing }, reference }: ColumnQuality): string {
  const text = (part: number, rest: number): string => (part === 0 ? '0' : formatPercent(part / (part + rest)))
  const now = text(missing, count)
  const before = reference === undefined ? now : text(reference.missing, reference.count)
  return before === now ? now : `${before} → ${now}`
}

function categoriesSection({ columns }: DataQualityReport): Section | undefined {
  const own = columns.filter(({ profile: { type } }) => type === 'string' || type === 'boolean')
  if (own.length === 0) return undefined
  return {
    title: 'Text and categories',
    body: dataTable({
      caption: 'Columns of text and booleans, with their most frequent values',
      rows: own,
      columns: [
        { title: 'Column', cell: ({ profile }) => profile.name },
        { title: 'Type', cell: ({ profile }) => profile.type },
        { title: 'Missing', numeric: true, cell: missingText },
        { title: 'Distinct', numeric: true, cell: ({ profile }) => formatNumber(profile.distinct) },
      ],
      words: ({ profile }) => frequent(profile),
    }),
  }
}

function frequent({ top = [], count }: ColumnProfile): Html {
  const shown = top.slice(0, 5)
  return html`${shown.map(({ value, count: own }, i) => html`${i === 0 ? '' : ', '}<span class="mono">${shortText(String(value))}</span> ${formatPercent(count === 0 ? 0 : own / count)}`)}`
}

function shortText(text: string): string {
  if (text === '') return '(empty text)'
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

function correlationsSection({ correlations }: DataQualityReport): Section | undefined {
  if (correlations.length === 0) return undefined
  return {
    title: 'Correlations',
    text: 'The pairs of numbers that move most together, by rank (Spearman).',
    body: dataTable({
      caption: 'Pairs of columns',
      rows: correlations,
      columns: [
        { title: 'Column', cell: ({ a }) => a },
        { title: 'With', cell: ({ b }) => b },
        { title: 'Coefficient', numeric: true, cell: ({ coefficient }) => formatNumber(coefficient) },
      ],
    }),
  }
}

/** The report with edges of seven digits. */
function rounded(report: DataQualityReport): DataQualityReport {
  const columns = report.columns.map((column) => {
    if (column.histogram === undefined) return column
    return { ...column, histogram: { ...column.histogram, edges: column.histogram.edges.map((edge) => Number(edge.toPrecision(7))) } }
  })
  return { ...report, columns }
}
