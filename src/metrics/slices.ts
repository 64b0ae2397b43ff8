/** Metrics of each part of the rows: does a model do as well for one carrier, country or age group as for the others? */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { type ClassProbabilities, classesOf, type Label } from './label'
import { type Metric, type MetricName, metricByName } from './metric'
import { scoreRows } from './score'

/** The rows that {@link metricsBySlice} judges. */
export interface SlicedRows {
  readonly actual: ArrayLike<Label>
  readonly predicted: ArrayLike<Label>
  /** Needed by metrics of probabilities. */
  readonly probabilities?: ClassProbabilities | undefined
  /** The slice of each row; `null` and `undefined` are a slice `null`. */
  readonly slices: ArrayLike<string | number | boolean | null | undefined>
}

/** The metrics of one slice. */
export interface SliceScores {
  readonly slice: string | number | boolean | null
  readonly rows: number
  /** Values by metric; `NaN` where a metric is not defined on these rows. */
  readonly scores: Readonly<Record<string, number>>
}

/** The metrics of every slice, and of all rows. */
export interface SliceReport {
  readonly all: Omit<SliceScores, 'slice'>
  /** The largest slice first; ties in the order of appearance. */
  readonly slices: readonly SliceScores[]
}

/**
 * Metrics of each slice of the rows and of all. Metrics of labels know all classes, so that a slice without positives does not turn the other
 * class into the positive one.
 *
 * @param metrics names or metric objects
 * @throws InvalidArgument on unequal lengths, no rows, or a metric of probabilities without them
 *
 * @example
 * metricsBySlice({ actual, predicted, slices: flights.column('carrier').toArray() }, ['accuracy', 'recall'])
 */
export function metricsBySlice(rows: SlicedRows, metrics: readonly (MetricName | Metric)[]): SliceReport {
  const { actual, predicted, probabilities, slices } = rows
  const n = actual?.length
  if (!(n > 0)) throw invalidArgument(`metricsBySlice needs at least one row, got ${show(actual)}`)
  for (const [name, list] of Object.entries({ predicted, slices })) {
    if (list?.length !== n) throw invalidArgument(`metricsBySlice needs \`${name}\` of ${n} rows, got ${list?.length ?? 'none'}`)
  }
  const chosen = metrics.map((metric) => metricByName(metric as MetricName))
  if (chosen.length === 0) throw invalidArgument('metricsBySlice needs at least one metric')
  const lacking = chosen.find(({ needs }) => needs === 'probabilities' && probabilities === undefined)
  if (lacking !== undefined) throw invalidArgument(`the metric ${show(lacking.name)} of metricsBySlice needs \`probabilities\``)
  const classes = probabilities?.classes ?? classesOf(actual, predicted)
  const width = probabilities?.classes.length ?? 0
  const scoresOf = (of: readonly number[]): Omit<SliceScores, 'slice'> => {
    const judged = {
      actual: of.map((row) => actual[row] as Label),
      predicted: of.map((row) => predicted[row] as Label),
      classes,
      probabilities: () => ({
        classes: probabilities?.classes ?? [],
        values: Float64Array.from(of.flatMap((row) => Array.from(probabilities?.values.subarray(row * width, (row + 1) * width) ?? []))),
      }),
    }
    return { rows: of.length, scores: Object.fromEntries(chosen.map((metric) => [metric.name, scoreRows(metric, judged)])) }
  }
  const parts = new Map<SliceScores['slice'], number[]>()
  for (let row = 0; row < n; row++) {
    const slice = slices[row] ?? null
    const part = parts.get(slice)
    if (part === undefined) parts.set(slice, [row])
    else part.push(row)
  }
  const report: SliceReport = {
    all: scoresOf([...Array(n).keys()]),
    slices: [...parts].sort(([, a], [, b]) => b.length - a.length).map(([slice, of]) => ({ slice, ...scoresOf(of) })),
  }
  return displayed(report)
}

function displayed(report: SliceReport): SliceReport {
  const names = Object.keys(report.all.scores)
  const header = ['slice', 'rows', ...names]
  const line = (name: string, { rows, scores }: Omit<SliceScores, 'slice'>): string[] => [
    name,
    String(rows),
    ...names.map((metric) => String(Number((scores[metric] as number).toPrecision(4)))),
  ]
  const rows = [line('all', report.all), ...report.slices.map((slice) => line(String(slice.slice), slice))]
  return attachDisplay(report, {
    text: () => `metrics of ${report.slices.length} slices over ${report.all.rows} rows\n${textTable(header, rows)}`,
    markdown: () => markdownTable(header, rows),
  })
}
