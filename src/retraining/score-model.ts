/** Computes a metric of a loaded model, of any runtime, on labelled rows. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { ClassProbabilities, Label, Metric } from '../metrics'
import { classesOf, wholeClasses } from '../metrics/label'
import { scoreRows } from '../metrics/score'
import type { LoadedModel, PredictionBatch } from '../ports/model'
import type { CellValue } from '../schema/column'
import { labelOrThrow, readLabel } from '../schema/label'
import { isTensorSide } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'

/**
 * The metric of `model` on a table that holds its inputs and the target column. Rows without a target are left out. The target's cells take
 * the type of the model's labels, so that a model that answers 0 and 1 is measured on a boolean column.
 *
 * @param options.classes the classes of the task, for a model that does not declare its own
 * @throws InvalidArgument when no row has a target, or one does not fit the model's labels; Unsupported when the metric needs probabilities
 * that the model does not give
 */
export async function scoreModel(
  model: LoadedModel,
  table: Table,
  options: {
    readonly target: string
    readonly metric: Metric
    readonly classes?: readonly Label[] | undefined
    readonly signal?: AbortSignal | undefined
  },
): Promise<number> {
  const { target, metric, signal } = options
  const batch = await model.run(inputsOf(model, table, target), { signal })
  const cells = table.column(target)
  const predictions = batch.predictions.filter((prediction) => prediction !== null)
  const own = batch.classes ?? model.classes ?? []
  // The type of the predictions determines the type of the target: ONNX models of a boolean target predict 0 and 1.
  const base = wholeClasses(classesOf(predictions.length > 0 ? predictions : own))
  const labels = new Map<CellValue, Label | null>()
  const read = (value: CellValue, row: number): Label | null => {
    const known = labels.get(value)
    if (known !== undefined) return known
    const label = labelOrThrow(value, base, `comparing models: row ${row} of ${show(target)}`)
    labels.set(value, label)
    return label
  }
  const judged = Array.from({ length: table.numRows }, (_, row) => ({ row, actual: read(cells.at(row), row) })).filter(
    ({ row, actual }) => actual !== null && batch.predictions[row] !== null,
  )
  if (judged.length === 0)
    throw invalidArgument(`comparing models needs labelled rows, and ${show(target)} is missing in all of ${table.numRows}`)
  const actual = judged.map((row) => row.actual as Label)
  const predicted = judged.map(({ row }) => batch.predictions[row] as Label)
  const known = own.length > 0 ? own : (options.classes ?? [])
  const classes = known.map((label) => readLabel(label, base) ?? label)
  return scoreRows(metric, {
    actual,
    predicted,
    classes: classes.length > 0 ? classes : classesOf(actual, predicted),
    probabilities: () =>
      probabilitiesOf(
        batch,
        judged.map(({ row }) => row),
        { metric: metric.name, classes },
      ),
  })
}

/** The columns of the signature; for signatures of tensors all columns but the target. */
function inputsOf({ signature }: LoadedModel, table: Table, target: string): Table {
  const { inputs } = signature
  const names =
    isTensorSide(inputs) || inputs.length === 0 ? table.columnNames.filter((name) => name !== target) : inputs.map(({ name }) => name)
  return tableOf(names.map((name) => table.column(name)))
}

function probabilitiesOf(
  { probabilities }: PredictionBatch,
  rows: readonly number[],
  { metric, classes }: { readonly metric: string; readonly classes: readonly Label[] },
): ClassProbabilities {
  if (probabilities === undefined || classes.length === 0) {
    throw new MillwrightError('Unsupported', `${metric} needs class probabilities, which the model does not give`)
  }
  const k = classes.length
  const values = new Float64Array(rows.length * k)
  for (const [i, row] of rows.entries()) values.set(probabilities.subarray(row * k, row * k + k), i * k)
  return { classes, values }
}
