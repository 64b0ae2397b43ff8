/** The page of a drift report: the verdict, what drifted with pictures, and every column. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { ColumnDrift, DriftReport } from '../drift'
import { formatNumber, formatPercent } from '../plot/format'
import { histogramChart } from '../plot/histogram-chart'
import { type Html, type HtmlPart, html } from '../plot/html'
import { barsOfShares } from './bars-of-shares'
import { miniHistogram } from './mini-histogram'
import { page, type Section, type Tile } from './page'
import { dataTable } from './table'

/** Options of {@link driftReportHtml}. */
export interface DriftReportHtmlOptions {
  /** @default 'Data drift' */
  readonly title?: string | undefined
  /** What the reference is, in a word or two: `January`, `training data`. @default 'reference' */
  readonly reference?: string | undefined
  /** What was compared with it. @default 'current' */
  readonly current?: string | undefined
  /** How many drifted columns are drawn large, the most drifted first; the others are in the table. @default 12 */
  readonly maxCharts?: number | undefined
}

/**
 * A drift report as one HTML file that needs no network and runs no script: the verdict with its reasons, a chart and the numbers of each column that drifted, findings,
 * and a table of all columns with small histograms. Light and dark, phone, print, keyboard; the report is in the page as JSON (`report-data`).
 * A page of 100 columns takes less than 300 kB.
 *
 * @example
 * await writeFile('drift.html', driftReportHtml(detector.detect(today), { reference: 'January', current: 'today' }))
 * @throws InvalidArgument for what is no report
 */
export function driftReportHtml(report: DriftReport, options: DriftReportHtmlOptions = {}): string {
  if (!Array.isArray(report?.columns) || typeof report.verdict !== 'string') {
    throw invalidArgument(`driftReportHtml takes the report of DriftDetector.detect, got ${show(report)}`)
  }
  checkOptions('driftReportHtml', options, {
    title: ofType('string'),
    reference: nonEmptyString(),
    current: nonEmptyString(),
    maxCharts: wholeNumber(0),
  })
  const names = { reference: options.reference ?? 'reference', current: options.current ?? 'current' }
  const ordered = [...report.columns].sort((a, b) => rankOf(b) - rankOf(a))
  const drifted = ordered.filter(({ driftDetected, bins }) => driftDetected && bins !== undefined)
  const shown = drifted.slice(0, options.maxCharts ?? 12)
  const sections: (Section | undefined)[] = [
    findingsSection(report),
    shown.length === 0
      ? undefined
      : {
          title: 'What drifted',
          text: `${drifted.length > shown.length ? `The ${shown.length} most drifted of ${drifted.length} columns. ` : ''}The outer bars also hold what lies beyond the range shown.`,
          body: shown.map((column) => cardOf(column, names)),
        },
    columnsSection(ordered, names),
    readingSection(report),
  ]
  return page({
    title: options.title ?? 'Data drift',
    lead: leadOf(report),
    tiles: tilesOf(report, names),
    sections: sections.filter((section) => section !== undefined),
    footer: 'Made with millwright. Opens without a network; the report is in the page as JSON (#report-data).',
    data: rounded(report),
  })
}

interface Names {
  readonly reference: string
  readonly current: string
}

/** Columns that cannot be compared first, then by the index that is comparable over methods. */
function rankOf({ state, driftDetected, psi }: ColumnDrift): number {
  return (state === 'error' ? 1e12 : 0) + (driftDetected ? 1e6 : 0) + (psi ?? -1)
}

const verdicts = {
  drift: 'The data has drifted',
  'no-drift': 'No drift of the data as a whole',
  undecided: 'Undecided: too few values',
} as const

function leadOf({ verdict, reasons }: DriftReport): string {
  return `${verdicts[verdict]}${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}.`
}

function tilesOf(report: DriftReport, names: Names): Tile[] {
  const { comparedColumns, driftShare, driftShareThreshold, rowsReference, rowsCurrent, findings } = report
  const drifted = report.columns.filter(({ driftDetected, state }) => driftDetected && state !== 'error').length
  const broken = report.columns.filter(({ state }) => state === 'error').length
  return [
    { label: 'Verdict', value: report.driftDetected ? '✗ drift' : report.verdict === 'undecided' ? '– undecided' : '✓ no drift' },
    {
      label: 'Columns that drifted',
      value: `${drifted} of ${comparedColumns}`,
      note: `share ${formatPercent(driftShare)}, limit ${formatPercent(driftShareThreshold)}${broken === 0 ? '' : `; ${broken} more cannot be compared`}`,
    },
    { label: 'Rows', value: formatNumber(rowsCurrent), note: `${names.reference}: ${formatNumber(rowsReference)}` },
    {
      label: 'Findings',
      value: String(findings.length),
      note: findings.length === 0 ? 'columns, types and missing values as before' : 'see below',
    },
  ]
}

function findingsSection({ findings }: DriftReport): Section | undefined {
  if (findings.length === 0) return undefined
  return {
    title: 'Findings about the table',
    body: html`<ul>${findings.slice(0, 100).map(({ message }) => html`<li>${message}</li>`)}</ul>${findings.length > 100 ? html`<p>and ${findings.length - 100} more</p>` : null}`,
  }
}

const words: Readonly<Record<ColumnDrift['state'], string>> = {
  drift: '✗ drift',
  warning: '! warning',
  ok: '✓ ok',
  'low-sample': '– too few',
  skipped: '– skipped',
  error: '✗ broken',
}

function stateTag({ state }: ColumnDrift): Html {
  const kind = state === 'drift' || state === 'error' ? 'bad' : state === 'ok' ? 'good' : ''
  return html`<span class="tag ${kind}">${words[state]}</span>`
}

/** The picture and the numbers of one column. */
function cardOf(column: ColumnDrift, names: Names): Html {
  const { bins, notes, reason } = column
  const chart =
    bins === undefined
      ? null
      : bins.kind === 'numeric'
        ? histogramChart({
            series: [
              { name: names.reference, edges: bins.edges, counts: bins.reference },
              { name: names.current, edges: bins.edges, counts: bins.current },
            ],
            description: `${column.column}: shares of ${names.reference} and ${names.current}`,
            width: 520,
            height: 240,
          })
        : barsOfShares({ labels: bins.categories, reference: bins.reference, current: bins.current, names })
  return html`<article class="card"><h3>${column.column} ${stateTag(column)}</h3>
<p>${sentenceOf(column)}</p><div class="beside">${chart}${numbersOf(column, names)}</div>
${reason === undefined ? null : html`<p class="note">${reason}</p>`}${notes.length === 0 ? null : html`<p class="note">${notes.join('; ')}.</p>`}</article>`
}

/** What the numbers say, in words. */
function sentenceOf(column: ColumnDrift): string {
  const { method, adjustedPValue, threshold, score, psi, direction } = column
  const found =
    adjustedPValue === null
      ? `${methodName(method)} ${formatNumber(score)}, limit ${formatNumber(threshold)}`
      : `${methodName(method)}: p ${pText(adjustedPValue)}, limit ${formatNumber(threshold)}; effect ${formatNumber(score)}`
  const size =
    psi === null
      ? ''
      : `; population stability index ${formatNumber(psi)}, which is ${psi >= 0.25 ? 'large' : psi >= 0.1 ? 'moderate' : 'small'}`
  const way = direction === null ? '' : `; values went ${direction}`
  return `${found}${size}${way}.`
}

function pText(p: number): string {
  return p === 0 ? '<1e-300' : formatNumber(p)
}

const methodNames: Readonly<Record<string, string>> = {
  ks: 'Kolmogorov–Smirnov',
  cramerVonMises: 'Cramér–von Mises',
  andersonDarling: 'Anderson–Darling',
  mannWhitney: 'Mann–Whitney',
  tTest: "Student's t",
  welch: "Welch's t",
  eppsSingleton: 'Epps–Singleton',
  mmd: 'Maximum mean discrepancy',
  wasserstein: 'Wasserstein distance',
  energy: 'Energy distance',
  chiSquare: 'χ² test',
  gTest: 'G test',
  goodnessOfFit: 'χ² goodness of fit',
  zTest: 'z test',
  fisher: "Fisher's exact test",
  psi: 'Population stability index',
  klDivergence: 'Kullback–Leibler divergence',
  jensenShannon: 'Jensen–Shannon distance',
  hellinger: 'Hellinger distance',
  totalVariation: 'Total variation distance',
  lInfinity: 'Largest difference',
}

function methodName(method: ColumnDrift['method']): string {
  return method === null ? '–' : (methodNames[method] ?? method)
}

function numbersOf(column: ColumnDrift, names: Names): Html {
  const { summary, nReference, nCurrent, missingReference, missingCurrent } = column
  const line = (title: string, before: HtmlPart, now: HtmlPart): { title: string; before: HtmlPart; now: HtmlPart } => ({
    title,
    before,
    now,
  })
  const numeric =
    summary === undefined
      ? []
      : (['mean', 'std', 'min', 'median', 'max'] as const).map((name) =>
          line(name === 'std' ? 'standard deviation' : name, formatNumber(summary.reference[name]), formatNumber(summary.current[name])),
        )
  return dataTable({
    caption: `Numbers of ${column.column}`,
    columns: [
      { title: 'Of the values', cell: ({ title }) => title },
      { title: names.reference, numeric: true, cell: ({ before }) => before },
      { title: names.current, numeric: true, cell: ({ now }) => now },
    ],
    rows: [
      line('values', formatNumber(nReference), formatNumber(nCurrent)),
      line('missing', formatNumber(missingReference), formatNumber(missingCurrent)),
      ...numeric,
    ],
  })
}

function columnsSection(columns: readonly ColumnDrift[], names: Names): Section {
  const missing = (missing: number, present: number): string => (missing === 0 ? '0' : formatPercent(missing / (missing + present)))
  return {
    title: 'All columns',
    text: `The most drifted first. Grey bars: ${names.reference}; blue line: ${names.current}. The index (PSI) can be compared over methods; p-values cannot be with distances.`,
    body: dataTable({
      caption: 'Every column of the reference',
      rows: columns,
      columns: [
        { title: 'Column', cell: nameAndReason },
        { title: 'Result', cell: stateTag },
        { title: 'Distribution', cell: ({ bins }) => (bins === undefined ? '–' : miniHistogram(bins.reference, bins.current)) },
        { title: 'PSI', numeric: true, cell: ({ psi }) => formatNumber(psi) },
        { title: 'Method', cell: ({ method }) => methodName(method) },
        { title: 'p', numeric: true, cell: ({ adjustedPValue: p }) => (p === null ? '–' : pText(p)) },
        { title: 'Effect', numeric: true, cell: ({ score }) => formatNumber(score) },
        { title: 'Missing', numeric: true, cell: (column) => missingText(column, missing) },
      ],
    }),
  }
}

/** The name of a column; below it why it was not compared, or how. */
function nameAndReason({ column, reason }: ColumnDrift): HtmlPart {
  return reason === undefined ? column : html`${column}<br><small class="note plain">${reason}</small>`
}

function missingText(column: ColumnDrift, share: (missing: number, present: number) => string): string {
  const before = share(column.missingReference, column.nReference)
  const now = share(column.missingCurrent, column.nCurrent)
  return before === now ? now : `${before} → ${now}`
}

function readingSection({ correction }: DriftReport): Section {
  const corrected =
    correction === 'none' ? 'not corrected for the number of columns' : `corrected for the number of columns (${correction})`
  return {
    title: 'How to read this',
    body: html`<p>A test drifts when its p-value, ${corrected}, is below its limit; a distance when it reaches its limit. With many rows any difference has a small p-value: look at the effect and
at the index. Below 0.1 little has changed, from 0.25 on much.</p>`,
  }
}

/** The report with shares of six digits: as precise as any picture, and a third of the text. */
function rounded(report: DriftReport): DriftReport {
  const digits = (list: readonly number[]): number[] => list.map((share) => Number(share.toPrecision(6)))
  return {
    ...report,
    columns: report.columns.map(({ bins, ...column }) => {
      if (bins === undefined) return column
      const shares = { reference: digits(bins.reference), current: digits(bins.current) }
      return { ...column, bins: bins.kind === 'numeric' ? { ...bins, ...shares, edges: digits(bins.edges) } : { ...bins, ...shares } }
    }),
  }
}
