/** How well a model does on labelled rows: metrics, curves, confusion, errors, slices. Plain JSON, for pages, notebooks and programs. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf, requireOptions, wholeNumber } from '../core/options'
import { createRng } from '../core/random'
import {
  type ConfusionMatrix,
  calibrationCurve,
  classificationReport,
  confusionMatrix,
  type Metric,
  metricByName,
  metricsBySlice,
  precisionRecallCurve,
  rocCurve,
} from '../metrics'
import { classesOf, type Label } from '../metrics/label'
import { scoreRows } from '../metrics/score'
import { equalWidthEdges } from '../stats/bin-edges'
import { quantileSorted } from '../stats/elementary'
import type { LabelledRows } from './estimate/reference'

/** Options of {@link performanceReport}. */
export interface PerformanceReportOptions {
  /** The name of the model or version, for headings. @default 'model' */
  readonly name?: string | undefined
  /** @default regression where labels and predictions are numbers of more than two values, without probabilities */
  readonly kind?: 'classification' | 'regression' | undefined
  /** Names of metrics. @default those usual for the task */
  readonly metrics?: readonly string[] | undefined
  /** Input columns by whose values the metrics are also given. @default none */
  readonly slices?: readonly string[] | undefined
  /** Most values of a column, those with the most rows first. @default 20 */
  readonly maxSlices?: number | undefined
  /** Most rows drawn as dots. @default 400 */
  readonly maxPoints?: number | undefined
}

/** One metric of a report. */
export interface ReportMetric {
  readonly metric: string
  /** `NaN` where it is not defined. */
  readonly value: number
  readonly higherIsBetter: boolean
}

/** The metrics of the rows with one value of a column. */
export interface ReportSlice {
  readonly column: string
  readonly slice: string
  readonly rows: number
  readonly scores: Readonly<Record<string, number>>
}

/** What a report holds of a classifier. */
export interface ClassificationDetails {
  readonly classes: readonly Label[]
  /** `counts`: actual × predicted, row-major. */
  readonly confusion: ConfusionMatrix
  readonly perClass: readonly {
    readonly label: Label
    readonly precision: number
    readonly recall: number
    readonly f1: number
    readonly rows: number
  }[]
  /** Of two classes with probabilities. Curves of many points are thinned out evenly. */
  readonly curves?: ReportCurves | undefined
}

/** The curves of a report, as `rocCurve`, `precisionRecallCurve` and `calibrationCurve` of `millwright/metrics` define them. */
export interface ReportCurves {
  /** The last class. */
  readonly positive: Label
  readonly roc: {
    readonly falsePositiveRate: readonly number[]
    readonly truePositiveRate: readonly number[]
    readonly thresholds: readonly number[]
  }
  readonly precisionRecall: {
    readonly precision: readonly number[]
    readonly recall: readonly number[]
    readonly thresholds: readonly number[]
  }
  readonly calibration: { readonly actual: readonly number[]; readonly predicted: readonly number[]; readonly rows: readonly number[] }
}

/** What a report holds of a regressor. `error` is actual minus predicted. */
export interface RegressionDetails {
  /** A random part of the rows, for charts. */
  readonly sample: { readonly actual: readonly number[]; readonly predicted: readonly number[] }
  readonly errors: { readonly edges: readonly number[]; readonly counts: readonly number[] }
  readonly quantiles: Readonly<Record<'p5' | 'p25' | 'p50' | 'p75' | 'p95', number>>
}

/** How well a model does. */
export interface PerformanceReport {
  readonly kind: 'classification' | 'regression'
  readonly name: string
  readonly rows: number
  readonly metrics: readonly ReportMetric[]
  readonly slices: readonly ReportSlice[]
  readonly classification?: ClassificationDetails | undefined
  readonly regression?: RegressionDetails | undefined
}

const usual = {
  classification: ['accuracy', 'balancedAccuracy', 'precision', 'recall', 'f1', 'matthews'],
  probabilities: ['rocAuc', 'averagePrecision', 'logLoss', 'brier'],
  regression: ['rmse', 'mae', 'mape', 'r2', 'medianAbsoluteError', 'maxError'],
} as const

/**
 * Measures labelled rows: `modelRows(model, test)`, `tableRows(table, …)`, or the labelled rows of a monitor. `String(report)` is a table; pass it to
 * `performanceHtml` of `millwright/report` for a page.
 *
 * @throws InvalidArgument for no rows, a metric or column that is not there
 */
export function performanceReport(rows: LabelledRows, options: PerformanceReportOptions = {}): PerformanceReport {
  requireOptions('performanceReport', rows, ['actual', 'predicted'])
  checkOptions('performanceReport', options, {
    name: nonEmptyString(),
    kind: oneOf('classification', 'regression'),
    metrics: arrayOf(nonEmptyString()),
    slices: arrayOf(nonEmptyString()),
    maxSlices: wholeNumber(1, 1000),
    maxPoints: wholeNumber(1, 5000),
  })
  const { name = 'model', maxPoints = 400 } = options
  const { actual, predicted, probabilities } = rows
  if (!(actual?.length > 0) || actual.length !== predicted.length)
    throw invalidArgument(`performanceReport needs at least one row with a label, got ${show(actual?.length)}`)
  const allNumbers = [...actual, ...predicted].every((value) => typeof value === 'number')
  const kind = options.kind ?? (probabilities === undefined && allNumbers && classesOf(actual).length > 2 ? 'regression' : 'classification')
  const isNumbers = kind === 'regression'
  if (isNumbers && !allNumbers) throw invalidArgument('performanceReport of a regression needs labels and predictions that are numbers')
  // A share of a true value of 0 has no meaning.
  const own = usual[kind].filter((one) => one !== 'mape' || !actual.includes(0))
  const names = options.metrics ?? [...own, ...(probabilities === undefined ? [] : usual.probabilities)]
  const metrics = names.map((one) => metricByName(one))
  const classes = isNumbers ? [] : classesOf(actual, predicted, probabilities?.classes ?? [])
  const report: PerformanceReport = {
    kind,
    name,
    rows: actual.length,
    metrics: metrics.map((metric) => ({
      metric: metric.name,
      value: scoreOrNaN(metric, rows, classes),
      higherIsBetter: metric.higherIsBetter,
    })),
    slices: slicesOf(rows, metrics, options),
    ...(isNumbers
      ? { regression: regressionOf(actual as number[], predicted as number[], maxPoints) }
      : { classification: classificationOf(rows, classes) }),
  }
  return attachDisplay(report, { text: () => reportText(report), markdown: () => reportMarkdown(report) })
}

/** A metric of all rows; `NaN` where the rows do not have what it needs. */
function scoreOrNaN(metric: Metric, { actual, predicted, probabilities }: LabelledRows, classes: readonly Label[]): number {
  if (metric.needs === 'probabilities' && probabilities === undefined) return Number.NaN
  try {
    return scoreRows(metric, { actual, predicted, classes, probabilities: () => probabilities as NonNullable<typeof probabilities> })
  } catch {
    // One class only, or a true value of zero: the metric is not defined on these rows.
    return Number.NaN
  }
}

function slicesOf(
  { table, actual, predicted, probabilities }: LabelledRows,
  metrics: readonly Metric[],
  { slices = [], maxSlices = 20 }: PerformanceReportOptions,
): ReportSlice[] {
  return slices.flatMap((column) => {
    if (!table.columnNames.includes(column))
      throw invalidArgument(`performanceReport: the rows have no column ${show(column)}; they have ${table.columnNames.join(', ')}`)
    const cells = table.column(column)
    const values = Array.from({ length: actual.length }, (_, i) => cells.at(i) as string | number | boolean | null)
    const usable = metrics.filter(({ needs }) => needs !== 'probabilities' || probabilities !== undefined)
    const found = metricsBySlice({ actual, predicted, probabilities, slices: values }, usable)
    return found.slices
      .slice(0, maxSlices)
      .map(({ slice, rows, scores }) => ({ column, slice: slice === null ? 'missing' : String(slice), rows, scores }))
  })
}

function classificationOf({ actual, predicted, probabilities }: LabelledRows, classes: readonly Label[]): ClassificationDetails {
  const confusion = confusionMatrix(actual, predicted, { classes })
  const perClass = classificationReport(actual, predicted, { classes }).classes.map(({ label, precision, recall, f1, support }) => ({
    label,
    precision,
    recall,
    f1,
    rows: support,
  }))
  const positive = classes[classes.length - 1] as Label
  if (probabilities === undefined || probabilities.classes.length !== 2 || new Set(actual).size < 2) return { classes, confusion, perClass }
  const curves = {
    positive,
    roc: thinned(rocCurve(actual, probabilities)),
    precisionRecall: thinned(precisionRecallCurve(actual, probabilities)),
    calibration: thinned(calibrationCurve(actual, probabilities, { bins: 10, strategy: 'quantile' })),
  }
  return { classes, confusion, perClass, curves }
}

const maxCurvePoints = 300

/** The lists of a curve with at most 300 evenly spaced points, the first and the last among them, rounded to 6 digits. */
function thinned<C extends object>(curve: C): { readonly [K in keyof C]: readonly number[] } {
  const lists = Object.entries(curve) as [string, Float64Array][]
  const length = Math.max(...lists.map(([, values]) => values.length))
  const step = Math.max(1, (length - 1) / (maxCurvePoints - 1))
  const at = [...new Set(Array.from({ length: Math.min(length, maxCurvePoints) }, (_, i) => Math.round(i * step)))]
  const points = (values: Float64Array): number[] =>
    at.filter((i) => i < values.length).map((i) => Number((values[i] as number).toPrecision(6)))
  return Object.fromEntries(lists.map(([name, values]) => [name, points(values)])) as unknown as {
    readonly [K in keyof C]: readonly number[]
  }
}

function regressionOf(actual: readonly number[], predicted: readonly number[], maxPoints: number): RegressionDetails {
  const errors = Float64Array.from(actual, (value, i) => value - (predicted[i] as number)).sort()
  const q = (p: number): number => quantileSorted(errors, p)
  const edges = equalWidthEdges(q(0.005), q(0.995), 30)
  const counts = edges
    .slice(1)
    .map((to, i) => errors.filter((error) => (i === 0 || error >= (edges[i] as number)) && (i === edges.length - 2 || error < to)).length)
  const rng = createRng(0)
  const picked = [...actual.keys()]
    .map((i) => [rng.next(), i] as const)
    .sort(([a], [b]) => a - b)
    .slice(0, maxPoints)
    .map(([, i]) => i)
    .sort((a, b) => a - b)
  return {
    sample: { actual: picked.map((i) => actual[i] as number), predicted: picked.map((i) => predicted[i] as number) },
    errors: { edges, counts },
    quantiles: { p5: q(0.05), p25: q(0.25), p50: q(0.5), p75: q(0.75), p95: q(0.95) },
  }
}

function rowsOfText({ metrics, slices }: PerformanceReport): readonly [readonly string[], readonly (readonly (string | number)[])[]] {
  const names = metrics.map(({ metric }) => metric)
  const digits = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '–' : String(Number(value.toPrecision(4)))
  const rows = slices.map(({ column, slice, rows: count, scores }) => [
    `${column} = ${slice}`,
    count,
    ...names.map((name) => digits(scores[name])),
  ])
  return [['rows of', 'rows', ...names], rows]
}

function reportText(report: PerformanceReport): string {
  const [header, slices] = rowsOfText(report)
  const whole = [
    'all',
    report.rows,
    ...report.metrics.map(({ value }) => (Number.isNaN(value) ? '–' : String(Number(value.toPrecision(4))))),
  ]
  return `Performance of ${report.name}: ${report.rows} rows (${report.kind})\n${textTable(header, [whole, ...slices])}`
}

function reportMarkdown(report: PerformanceReport): string {
  const [header, slices] = rowsOfText(report)
  const whole = [
    'all',
    report.rows,
    ...report.metrics.map(({ value }) => (Number.isNaN(value) ? '–' : String(Number(value.toPrecision(4))))),
  ]
  return `**Performance of ${report.name}**: ${report.rows} rows (${report.kind})\n\n${markdownTable(header, [whole, ...slices])}`
}
