/** Pages about how well models do: one model, and versions side by side. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import type { PerformanceReport, ReportCurves, ReportSlice, VersionComparison, VersionDifference } from '../monitor'
import { calibrationChart, precisionRecallChart, rocChart } from '../plot/classification-charts'
import { confusionMatrixChart } from '../plot/confusion-matrix-chart'
import { formatNumber } from '../plot/format'
import { histogramChart } from '../plot/histogram-chart'
import { type Html, html } from '../plot/html'
import { residualChart, scatterChart } from '../plot/scatter-chart'
import { page, type Section } from './page'
import { dataTable } from './table'

/** Options of {@link performanceHtml} and {@link compareVersionsHtml}. */
export interface PerformanceHtmlOptions {
  /** @default 'Performance of <name>', or 'Versions compared' */
  readonly title?: string | undefined
  /** A sentence below the title. */
  readonly lead?: string | undefined
}

/**
 * The page of a performance report: metrics, confusion matrix or errors, ROC, precision and recall, calibration, and every slice. One file that needs no
 * network and runs no script; the report is in it as JSON (`report-data`).
 *
 * @throws InvalidArgument for what is no report
 */
export function performanceHtml(report: PerformanceReport, options: PerformanceHtmlOptions = {}): string {
  assertReport(report, 'performanceHtml')
  checkOptions('performanceHtml', options, { title: ofType('string'), lead: ofType('string') })
  return page({
    title: options.title ?? `Performance of ${report.name}`,
    lead: options.lead ?? `Measured on ${formatNumber(report.rows)} rows whose true value is known.`,
    tiles: report.metrics.slice(0, 5).map(({ metric, value }) => ({ label: metric, value: numberText(value) })),
    sections: [...performanceSections(report), ...sliceSections(report)],
    footer: 'Made with millwright. Opens without a network; the report is in the page as JSON (#report-data).',
    data: report,
  })
}

/** The sections of one report, for pages that hold more: charts and tables without the slices. */
export function performanceSections(report: PerformanceReport): Section[] {
  const { classification, regression } = report
  const metrics: Section = {
    title: 'Metrics',
    body: dataTable({
      rows: report.metrics,
      columns: [
        { title: 'metric', cell: ({ metric }) => metric },
        { title: 'value', numeric: true, cell: ({ value }) => numberText(value) },
        { title: 'better is', cell: ({ higherIsBetter }) => (higherIsBetter ? 'higher' : 'lower') },
      ],
    }),
  }
  if (regression !== undefined) return [metrics, ...regressionSections(regression)]
  return classification === undefined ? [metrics] : [metrics, ...classificationSections(classification)]
}

function classificationSections({ classes, confusion, perClass, curves }: NonNullable<PerformanceReport['classification']>): Section[] {
  const perClassTable = dataTable({
    rows: perClass,
    columns: [
      { title: 'class', cell: ({ label }) => String(label) },
      { title: 'rows', numeric: true, cell: ({ rows }) => formatNumber(rows) },
      ...(['precision', 'recall', 'f1'] as const).map((key) => ({
        title: key,
        numeric: true,
        cell: (row: (typeof perClass)[number]) => numberText(row[key]),
      })),
    ],
  })
  const matrix: Section = {
    title: 'Confusion matrix',
    text: 'Rows are what was true, columns what was predicted. Right answers are on the diagonal.',
    body:
      classes.length > 30
        ? perClassTable
        : html`<div class="pair">${confusionMatrixChart(confusion)}<div class="scroll">${perClassTable}</div></div>`,
  }
  if (curves === undefined) return [matrix]
  const { positive, roc, precisionRecall, calibration } = curves
  const name = String(positive)
  return [
    matrix,
    {
      title: 'Ranking and calibration',
      text: `How well the probability of ${name} tells the classes apart at every threshold, and how often it came true against how probable it was said to be: on the diagonal the probabilities are honest.`,
      body: html`<div class="pair">${rocChart({ curves: [{ name, curve: typed(roc) }] })}${precisionRecallChart({ curves: [{ name, curve: typed(precisionRecall) }] })}${calibrationChart({ curves: [{ name, curve: typed(calibration) }] })}</div>`,
    },
  ]
}

function regressionSections({ sample, errors, quantiles }: NonNullable<PerformanceReport['regression']>): Section[] {
  return [
    {
      title: 'Predicted and actual',
      text: `${sample.actual.length} rows drawn at random.`,
      body: html`<div class="pair">${scatterChart({ series: [{ name: 'rows', x: sample.actual, y: sample.predicted }], guide: 'diagonal', xTitle: 'actual', yTitle: 'predicted', description: 'Predicted against actual values', width: 480 })}${residualChart({ ...sample, description: 'Errors against predicted values', width: 480 })}</div>`,
    },
    {
      title: 'Errors',
      text: `Actual minus predicted. Half of the errors lie between ${numberText(quantiles.p25)} and ${numberText(quantiles.p75)}, 90 % between ${numberText(quantiles.p5)} and ${numberText(quantiles.p95)}; the median is ${numberText(quantiles.p50)}. The outer bars also hold what lies beyond the range shown.`,
      body: histogramChart({
        series: [{ name: 'errors', edges: errors.edges, counts: errors.counts }],
        description: 'Histogram of the errors',
        height: 260,
      }),
    },
  ]
}

/** A table for each sliced column. */
export function sliceSections({ slices, metrics }: PerformanceReport): Section[] {
  const columns = [...new Set(slices.map(({ column }) => column))]
  return columns.map((column): Section => {
    const rows = slices.filter((one) => one.column === column)
    const shown = metrics.filter(({ metric }) => rows.some(({ scores }) => scores[metric] !== undefined)).slice(0, 6)
    const cell =
      (metric: PerformanceReport['metrics'][number]) =>
      ({ scores }: ReportSlice): Html | string => {
        const value = scores[metric.metric] ?? Number.NaN
        return isWorst(rows, metric, value) ? html`<span class="bad">${numberText(value)} ▾</span>` : numberText(value)
      }
    return {
      title: `By ${column}`,
      text: 'The worst value of each metric has a mark.',
      body: html`<div class="scroll">${dataTable({
        rows,
        columns: [
          { title: column, cell: ({ slice }) => slice },
          { title: 'rows', numeric: true, cell: (row) => formatNumber(row.rows) },
          ...shown.map((metric) => ({ title: metric.metric, numeric: true, cell: cell(metric) })),
        ],
      })}</div>`,
    }
  })
}

function isWorst(rows: readonly ReportSlice[], { metric, higherIsBetter }: PerformanceReport['metrics'][number], value: number): boolean {
  const values = rows.map(({ scores }) => scores[metric] ?? Number.NaN).filter((one) => !Number.isNaN(one))
  return values.length > 1 && new Set(values).size > 1 && value === (higherIsBetter ? Math.min(...values) : Math.max(...values))
}

/**
 * The page of a comparison: metrics side by side, the differences with their intervals, and the curves of up to five versions over each other.
 *
 * @throws InvalidArgument for what is no comparison
 */
export function compareVersionsHtml(comparison: VersionComparison, options: PerformanceHtmlOptions = {}): string {
  if (!Array.isArray(comparison?.reports) || !Array.isArray(comparison.differences))
    throw invalidArgument(`compareVersionsHtml takes what compareVersions gives, got ${show(comparison)}`)
  checkOptions('compareVersionsHtml', options, { title: ofType('string'), lead: ofType('string') })
  const { baseline, reports, rows, differences } = comparison
  const sections = [metricSection(comparison), differenceSection(differences, baseline), ...curveSections(reports)]
  return page({
    title: options.title ?? 'Versions compared',
    lead:
      options.lead ??
      `${reports.length} versions answered the same ${formatNumber(rows)} rows; ${baseline} is what the others are compared with.`,
    tiles: reports
      .slice(0, 6)
      .map(({ name, metrics }) => ({ label: name, value: numberText(metrics[0]?.value ?? Number.NaN), note: metrics[0]?.metric })),
    sections,
    footer: 'Made with millwright. Opens without a network; the comparison is in the page as JSON (#report-data).',
    data: comparison,
  })
}

function metricSection({ reports }: VersionComparison): Section {
  const [first] = reports as readonly [PerformanceReport, ...PerformanceReport[]]
  const scoreOf = (report: PerformanceReport, metric: string): number =>
    report.metrics.find((one) => one.metric === metric)?.value ?? Number.NaN
  const cell =
    (report: PerformanceReport) =>
    ({ metric, higherIsBetter }: PerformanceReport['metrics'][number]): Html | string => {
      const value = scoreOf(report, metric)
      const all = reports.map((one) => scoreOf(one, metric)).filter((one) => !Number.isNaN(one))
      const best = higherIsBetter ? Math.max(...all) : Math.min(...all)
      return value === best && new Set(all).size > 1 ? html`<b class="good">${numberText(value)} ▴</b>` : numberText(value)
    }
  return {
    title: 'Metrics',
    text: 'The best value of each metric has a mark.',
    body: html`<div class="scroll">${dataTable({
      rows: first.metrics,
      columns: [
        { title: 'metric', cell: ({ metric }) => metric },
        ...reports.map((report) => ({ title: report.name, numeric: true, cell: cell(report) })),
      ],
    })}</div>`,
  }
}

function differenceSection(differences: readonly VersionDifference[], baseline: string): Section {
  const words = { better: '✓ better', worse: '✗ worse', undecided: '– undecided' } as const
  const tag = ({ verdict }: VersionDifference): Html =>
    html`<span class="tag ${{ better: 'good', worse: 'bad', undecided: '' }[verdict]}">${words[verdict]}</span>`
  return {
    title: `Differences to ${baseline}`,
    text: 'The interval holds the middle 95 % of the differences over resampled rows. Where it holds 0, these rows do not decide.',
    body: html`<div class="scroll">${dataTable({
      rows: differences,
      columns: [
        { title: 'metric', cell: ({ metric }) => metric },
        { title: 'version', cell: ({ version }) => version },
        { title: 'difference', numeric: true, cell: ({ difference }) => signed(difference) },
        { title: 'interval', numeric: true, cell: ({ low, high }) => html`<span class="nowrap">${signed(low)} to ${signed(high)}</span>` },
        { title: 'verdict', cell: tag },
      ],
    })}</div>`,
  }
}

function curveSections(reports: readonly PerformanceReport[]): Section[] {
  const withCurves = reports
    .flatMap(({ name, classification }) => (classification?.curves === undefined ? [] : [{ name, ...classification.curves }]))
    .slice(0, 5)
  if (withCurves.length === 0) return []
  const named = <C extends Readonly<Record<keyof C, readonly number[]>>>(curveOf: (one: ReportCurves) => C) =>
    withCurves.map((one) => ({ name: one.name, curve: typed(curveOf(one)) }))
  return [
    {
      title: 'Ranking and calibration',
      body: html`<div class="pair">${rocChart({ curves: named(({ roc }) => roc) })}${precisionRecallChart({ curves: named(({ precisionRecall }) => precisionRecall) })}${calibrationChart({ curves: named(({ calibration }) => calibration) })}</div>`,
    },
  ]
}

/** A curve of a report as the charts take it. */
function typed<C extends Readonly<Record<keyof C, readonly number[]>>>(curve: C): { readonly [K in keyof C]: Float64Array } {
  return Object.fromEntries(Object.entries(curve).map(([name, values]) => [name, Float64Array.from(values as readonly number[])])) as {
    readonly [K in keyof C]: Float64Array
  }
}

/** A number for people. */
export function numberText(value: number): string {
  return Number.isNaN(value) ? '–' : formatNumber(value, 4)
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${numberText(value)}`
}

function assertReport(report: PerformanceReport, taker: string): void {
  if (!Array.isArray(report?.metrics) || !Array.isArray(report.slices))
    throw invalidArgument(`${taker} takes what performanceReport gives, got ${show(report)}`)
}
