/** Live performance: computes a metric on logged rows whose labels have arrived. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { ClassProbabilities, Label, Metric } from '../metrics'
import { classesOf, wholeClasses } from '../metrics/label'
import { scoreRows } from '../metrics/score'
import { readLabel } from '../schema/label'
import { displayedPerformance } from './display'
import type { LoggedPrediction } from './logged-prediction'
import { groupRows } from './row-filter'
import { labelsOfRow } from './seen-labels'
import { nextPeriod, type Period, periodStart } from './window'

/** A metric over one window. */
export interface Performance {
  readonly metric: string
  readonly higherIsBetter: boolean
  /** `NaN` without a labelled row, or where the metric is not defined. */
  readonly value: number
  /** Rows answered in the window, and how many of them have their label. */
  readonly rows: number
  readonly labelled: number
  /** Event times of the first and last row, epoch milliseconds; `NaN` without rows. */
  readonly from: number
  readonly to: number
}

/** A metric over one period of a series. `from` (included) and `to` (not included) are the period's own bounds. */
export interface PerformancePoint extends Performance {
  /** The share of the rows that each model version answered. */
  readonly versions: Readonly<Record<string, number>>
}

/** A metric over the rows with one value of an input column, or of one model version. */
export interface PerformanceSlice extends Performance {
  /** The value as text; `''` where the cell is missing. */
  readonly slice: string
}

/** The classes of a model version, if they are known from elsewhere than the rows. */
export type VersionClasses = (model: string, version: string) => readonly Label[]

/** A metric over rows; rows without a label count in `rows` only. */
export function performanceOf(rows: readonly LoggedPrediction[], metric: Metric, classes: VersionClasses): Performance {
  const labelled = rows.filter((row) => row.actual !== undefined && row.prediction !== null)
  return displayedPerformance({
    metric: metric.name,
    higherIsBetter: metric.higherIsBetter,
    value: labelled.length === 0 ? Number.NaN : scoreOf(labelled, metric, classes),
    rows: rows.length,
    labelled: labelled.length,
    from: rows[0]?.at ?? Number.NaN,
    to: rows[rows.length - 1]?.at ?? Number.NaN,
  })
}

/** The metric for each period, oldest first; periods without rows are left out. */
export function performanceSeries(
  rows: readonly LoggedPrediction[],
  metric: Metric,
  period: Period,
  classes: VersionClasses,
): PerformancePoint[] {
  const series: PerformancePoint[] = []
  for (let i = 0; i < rows.length; ) {
    const from = periodStart((rows[i] as LoggedPrediction).at, period)
    const to = nextPeriod(from, period)
    let end = i
    while (end < rows.length && (rows[end] as LoggedPrediction).at < to) end++
    const part = rows.slice(i, end)
    series.push(displayedPerformance({ ...performanceOf(part, metric, classes), from, to, versions: sharesOf(part) }))
    i = end
  }
  return series
}

/** The metric for each value of an input column or each version, the largest slice first. */
export function performanceSlices(
  rows: readonly LoggedPrediction[],
  metric: Metric,
  by: 'version' | { readonly column: string },
  classes: VersionClasses,
): PerformanceSlice[] {
  return groupRows(rows, by).map(({ group, rows: part }) => {
    const slice = Object.values(group)[0] as string
    return displayedPerformance({ ...performanceOf(part, metric, classes), slice })
  })
}

function sharesOf(rows: readonly LoggedPrediction[]): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const { version } of rows) shares[version] = (shares[version] ?? 0) + 1 / rows.length
  return shares
}

function scoreOf(rows: readonly LoggedPrediction[], metric: Metric, classesOfVersion: VersionClasses): number {
  if (metric.needs === 'numbers') {
    const wrong = rows.find(({ prediction, actual }) => Number.isNaN(Number(prediction)) || Number.isNaN(Number(actual)))
    if (wrong !== undefined) {
      const found = `version ${wrong.version} of ${wrong.model} predicted ${show(wrong.prediction)} where ${show(wrong.actual)} was true`
      throw invalidArgument(`${metric.name} is a metric of numbers, but ${found}`)
    }
  }
  const { unified, known: classes, probabilities } = commonLabels(rows, classesOfVersion)
  return scoreRows(metric, {
    actual: rows.map((row) => unified(row.actual as Label)),
    predicted: rows.map((row) => unified(row.prediction as Label)),
    classes,
    probabilities: () => probabilities(metric.name, classes),
  })
}

/** Rows of several versions with labels of one type. */
export interface CommonLabels {
  /** A label as one of the common type. */
  readonly unified: (value: Label) => Label
  /** The classes of all versions. */
  readonly known: readonly Label[]
  /** Probabilities of every row. @throws InvalidState naming `metric` when a row has none */
  readonly probabilities: (metric: string, classes: readonly Label[]) => ClassProbabilities
}

/** Versions may answer in different types (an ONNX model gives 0 and 1 for a boolean target). All are converted to the type of the newest row. At least one row. */
export function commonLabels(rows: readonly LoggedPrediction[], classesOfVersion: VersionClasses): CommonLabels {
  const base = wholeClasses(labelsOfRow(rows[rows.length - 1] as LoggedPrediction))
  const found = new Map<unknown, Label>()
  const unified = (value: Label): Label => {
    const label = found.get(value) ?? readLabel(value, base) ?? value
    found.set(value, label)
    return label
  }
  return {
    unified,
    known: classesOf(classesIn(rows, classesOfVersion).map(unified)),
    probabilities: (metric, classes) => probabilitiesOf(rows, classes, { metric, unified }),
  }
}

/** The classes of every version that answered: those of its probabilities, else those that it declares, else those of its logged answers. */
function classesIn(rows: readonly LoggedPrediction[], classesOfVersion: VersionClasses): Label[] {
  const versions = new Map<string, { readonly row: LoggedPrediction; readonly probabilities: Record<string, number> }>()
  for (const row of rows) {
    const key = JSON.stringify([row.model, row.version])
    let version = versions.get(key)
    if (version === undefined) {
      version = { row, probabilities: Object.create(null) as Record<string, number> }
      versions.set(key, version)
    }
    Object.assign(version.probabilities, row.probabilities)
  }
  return [...versions.values()].flatMap(({ row, probabilities }) =>
    Object.keys(probabilities).length === 0
      ? classesOfVersion(row.model, row.version)
      : labelsOfRow({ prediction: row.prediction, probabilities }),
  )
}

function probabilitiesOf(
  rows: readonly LoggedPrediction[],
  classes: readonly Label[],
  { metric, unified }: { readonly metric: string; readonly unified: (value: Label) => Label },
): ClassProbabilities {
  const position = new Map(classes.map((label, c) => [label, c] as const))
  const values = new Float64Array(rows.length * classes.length)
  rows.forEach((row, i) => {
    if (row.probabilities === undefined) {
      throw new MillwrightError('InvalidState', `${metric} needs class probabilities, and version ${row.version} of ${row.model} gave none`)
    }
    for (const [name, probability] of Object.entries(row.probabilities)) {
      values[i * classes.length + (position.get(unified(name)) as number)] = probability
    }
  })
  return { classes, values }
}
