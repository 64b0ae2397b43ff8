/** What a model lost in each slice of the rows. */
import { evaluate, type FittedModel } from '../learn'
import type { Label, Metric } from '../metrics'
import { metricsBySlice } from '../metrics'
import type { Table } from '../schema/table'

/** One value of a column that divides the rows. */
export interface DiagnosedSlice {
  readonly column: string
  readonly value: string | number | boolean | null
  /** Rows with it. */
  readonly rowsReference: number
  readonly rowsCurrent: number
  /** `null` where the metric is not defined on the rows. */
  readonly reference: number | null
  readonly current: number | null
  /** Positive where the model got worse. */
  readonly loss: number | null
  /** The loss times the slice's share of the current rows: what it adds to the whole. */
  readonly share: number | null
}

/** A metric of a model on a labelled table. */
export function scoreOf(model: FittedModel, table: Table, metric: Metric): number {
  const scores = evaluate(model, table, { metrics: [metric as never] }) as Readonly<Record<string, number>>
  return scores[metric.name] as number
}

/** The slices by each column, the largest share of the loss first. */
export function slicesOf(
  model: FittedModel,
  reference: Table,
  current: Table,
  { metric, columns }: { readonly metric: Metric; readonly columns: readonly string[] },
): DiagnosedSlice[] {
  const sign = metric.higherIsBetter ? 1 : -1
  const found = columns.flatMap((column) => {
    const [before, now] = [bySlice(model, reference, column, metric), bySlice(model, current, column, metric)]
    return [...now].map(([value, { rows, score }]): DiagnosedSlice => {
      const old = before.get(value)
      const isKnown = old !== undefined && Number.isFinite(old.score) && Number.isFinite(score)
      const loss = isKnown ? (old.score - score) * sign : null
      return {
        column,
        value,
        rowsReference: old?.rows ?? 0,
        rowsCurrent: rows,
        reference: old !== undefined && Number.isFinite(old.score) ? old.score : null,
        current: Number.isFinite(score) ? score : null,
        loss,
        share: loss === null ? null : (loss * rows) / current.numRows,
      }
    })
  })
  return found.sort((a, b) => (b.share ?? Number.NEGATIVE_INFINITY) - (a.share ?? Number.NEGATIVE_INFINITY))
}

function bySlice(
  model: FittedModel,
  table: Table,
  column: string,
  metric: Metric,
): ReadonlyMap<string | number | boolean | null, { readonly rows: number; readonly score: number }> {
  const probabilities = model.task === 'classification' ? model.predictProba(table) : undefined
  const actual = table.column(model.target).toArray() as readonly Label[]
  const slices = table.column(column).toArray() as readonly (string | number | boolean | null)[]
  const report = metricsBySlice({ actual, predicted: model.predict(table) as ArrayLike<Label>, probabilities, slices }, [metric])
  return new Map(report.slices.map(({ slice, rows, scores }) => [slice, { rows, score: scores[metric.name] as number }]))
}
