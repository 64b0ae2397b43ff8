/** Live performance: a metric over logged rows whose labels have arrived. */

import { MillwrightError } from '../core/errors'
import { type ClassProbabilities, classesOf, type Label, type Metric } from '../metrics'
import type { LoggedPrediction } from './prediction-log'
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
  /** Share of rows answered by each model version. */
  readonly versions: Readonly<Record<string, number>>
}

/** A metric over rows; rows without a label count in `rows` only. */
export function performanceOf(rows: readonly LoggedPrediction[], metric: Metric): Performance {
  const labelled = rows.filter((row) => row.actual !== undefined && row.prediction !== null)
  return {
    metric: metric.name,
    higherIsBetter: metric.higherIsBetter,
    value: labelled.length === 0 ? Number.NaN : scoreOf(labelled, metric),
    rows: rows.length,
    labelled: labelled.length,
    from: rows[0]?.at ?? Number.NaN,
    to: rows[rows.length - 1]?.at ?? Number.NaN,
  }
}

/** The metric period by period, oldest first; periods without rows are left out. */
export function performanceSeries(rows: readonly LoggedPrediction[], metric: Metric, period: Period): PerformancePoint[] {
  const series: PerformancePoint[] = []
  for (let i = 0; i < rows.length; ) {
    const from = periodStart((rows[i] as LoggedPrediction).at, period)
    const to = nextPeriod(from, period)
    let end = i
    while (end < rows.length && (rows[end] as LoggedPrediction).at < to) end++
    const part = rows.slice(i, end)
    series.push({ ...performanceOf(part, metric), from, to, versions: sharesOf(part) })
    i = end
  }
  return series
}

function sharesOf(rows: readonly LoggedPrediction[]): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const { version } of rows) shares[version] = (shares[version] ?? 0) + 1 / rows.length
  return shares
}

function scoreOf(rows: readonly LoggedPrediction[], metric: Metric): number {
  if (metric.needs === 'numbers') {
    return metric.compute(
      rows.map((row) => Number(row.actual)),
      rows.map((row) => Number(row.prediction)),
    )
  }
  if (metric.needs === 'probabilities') {
    return metric.compute(
      rows.map((row) => String(row.actual)),
      probabilitiesOf(rows, metric.name),
    )
  }
  // Labels that went through JSON or a form may have changed type: 1 and "1" are then one label.
  const mixed = rows.some((row) => typeof row.actual !== typeof row.prediction)
  const label = (value: unknown): Label => (mixed ? String(value) : (value as Label))
  return metric.compute(
    rows.map((row) => label(row.actual)),
    rows.map((row) => label(row.prediction)),
  )
}

function probabilitiesOf(rows: readonly LoggedPrediction[], metric: string): ClassProbabilities {
  const classes = classesOf([...new Set(rows.flatMap((row) => Object.keys(row.probabilities ?? {})))]) as string[]
  const values = new Float64Array(rows.length * classes.length)
  rows.forEach((row, i) => {
    if (row.probabilities === undefined) {
      throw new MillwrightError('InvalidState', `${metric} needs class probabilities, and version ${row.version} of ${row.model} gave none`)
    }
    classes.forEach((name, c) => {
      values[i * classes.length + c] = row.probabilities?.[name] ?? 0
    })
  })
  return { classes, values }
}
