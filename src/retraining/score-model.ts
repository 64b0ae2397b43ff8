/** A loaded model's metric on labelled rows, whatever runtime opened it. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Label, Metric } from '../metrics'
import type { LoadedModel, PredictionBatch } from '../ports/model'
import { isTensorSide } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'

/**
 * The metric of `model` on a table that holds its inputs and the target column. Rows without a target are left out.
 *
 * @throws InvalidArgument when no row has a target; Unsupported when the metric needs probabilities that the model does not give
 */
export async function scoreModel(
  model: LoadedModel,
  table: Table,
  options: { readonly target: string; readonly metric: Metric; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const { target, metric, signal } = options
  const batch = await model.run(inputsOf(model, table, target), { signal })
  const cells = table.column(target)
  const rows = Array.from({ length: table.numRows }, (_, row) => row).filter(
    (row) => cells.at(row) !== null && batch.predictions[row] !== null,
  )
  if (rows.length === 0)
    throw invalidArgument(`comparing models needs labelled rows, and ${show(target)} is missing in all of ${table.numRows}`)
  const actual = rows.map((row) => cells.at(row) as Label)
  if (metric.needs === 'probabilities') return metric.compute(actual, probabilitiesOf(batch, rows, metric.name))
  const predicted = rows.map((row) => batch.predictions[row] as Label)
  return metric.needs === 'numbers' ? metric.compute(actual.map(Number), predicted.map(Number)) : metric.compute(actual, predicted)
}

/** The columns the signature asks for; of tensor signatures all but the target. */
function inputsOf({ signature }: LoadedModel, table: Table, target: string): Table {
  const { inputs } = signature
  const names =
    isTensorSide(inputs) || inputs.length === 0 ? table.columnNames.filter((name) => name !== target) : inputs.map(({ name }) => name)
  return tableOf(names.map((name) => table.column(name)))
}

function probabilitiesOf(
  batch: PredictionBatch,
  rows: readonly number[],
  metric: string,
): { classes: readonly Label[]; values: Float64Array } {
  const { probabilities, classes } = batch
  if (probabilities === undefined || classes === undefined) {
    throw new MillwrightError('Unsupported', `${metric} needs class probabilities, which the model does not give`)
  }
  const k = classes.length
  const values = new Float64Array(rows.length * k)
  for (const [i, row] of rows.entries()) values.set(probabilities.subarray(row * k, row * k + k), i * k)
  return { classes, values }
}
