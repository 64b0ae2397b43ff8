/** The confusion matrix, and the metrics that are read off it whole. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { assertPaired, classesOf, codesOf, type Label } from './label'

/** Counts of actual against predicted classes. */
export interface ConfusionMatrix {
  /** All classes that occur, ascending. */
  readonly classes: readonly Label[]
  /** Row-major: `counts[a * classes.length + p]` rows of class `a` were predicted as `p`. */
  readonly counts: Float64Array
  /** Number of rows. */
  readonly total: number
}

/**
 * Counts actual against predicted labels.
 *
 * @param options.classes the classes and their order; @default all that occur, ascending
 * @throws InvalidArgument on unequal lengths or no rows
 */
export function confusionMatrix(
  actual: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: { readonly classes?: readonly Label[] | undefined } = {},
): ConfusionMatrix {
  assertPaired('confusionMatrix', actual, predicted)
  const classes = options.classes ?? classesOf(actual, predicted)
  const rows = codesOf(actual, classes)
  const columns = codesOf(predicted, classes)
  const counts = new Float64Array(classes.length * classes.length)
  let total = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const column = columns[i] as number
    if (row < 0 || column < 0) continue
    const cell = row * classes.length + column
    counts[cell] = (counts[cell] as number) + 1
    total++
  }
  return displayed({ classes, counts, total })
}

/** Lets a matrix read as a table: a row for each actual class, a column for each predicted one. */
function displayed(matrix: ConfusionMatrix): ConfusionMatrix {
  const { classes, counts, total } = matrix
  const k = classes.length
  const header = ['actual \\ predicted', ...classes.map(String)]
  const rows = classes.map((label, row) => [String(label), ...counts.subarray(row * k, row * k + k)])
  return attachDisplay(matrix, {
    text: () => `confusion matrix of ${k} classes over ${total} rows\n${textTable(header, rows)}`,
    markdown: () => markdownTable(header, rows),
  })
}

/** Per class: rows that are of it (`actual`), rows predicted as it, rows that are both. */
export interface ClassCounts {
  readonly actual: Float64Array
  readonly predicted: Float64Array
  readonly correct: Float64Array
}

/** Row sums, column sums and diagonal of a confusion matrix. */
export function classCounts({ classes, counts }: ConfusionMatrix): ClassCounts {
  const k = classes.length
  const actual = new Float64Array(k)
  const predicted = new Float64Array(k)
  const correct = new Float64Array(k)
  for (let row = 0; row < k; row++) {
    for (let column = 0; column < k; column++) {
      const count = counts[row * k + column] as number
      actual[row] = (actual[row] as number) + count
      predicted[column] = (predicted[column] as number) + count
      if (row === column) correct[row] = count
    }
  }
  return { actual, predicted, correct }
}

/** The share of rows whose predicted label is the actual one, in [0, 1]. @throws InvalidArgument on unequal lengths or no rows */
export function accuracy(actual: ArrayLike<Label>, predicted: ArrayLike<Label>): number {
  assertPaired('accuracy', actual, predicted)
  let right = 0
  for (let i = 0; i < actual.length; i++) if (actual[i] === predicted[i]) right++
  return right / actual.length
}

/** The mean of the recalls of the classes that occur in `actual`. @throws InvalidArgument on unequal lengths or no rows */
export function balancedAccuracy(actual: ArrayLike<Label>, predicted: ArrayLike<Label>): number {
  const counts = classCounts(confusionMatrix(actual, predicted))
  let sum = 0
  let occurring = 0
  for (let k = 0; k < counts.actual.length; k++) {
    if (counts.actual[k] === 0) continue
    sum += (counts.correct[k] as number) / (counts.actual[k] as number)
    occurring++
  }
  return sum / occurring
}

/**
 * Matthews' correlation of actual and predicted classes, in [−1, 1]; 0 when either holds one class only.
 * The multi-class form of Gorodkin (2004), as scikit-learn has it.
 *
 * @throws InvalidArgument on unequal lengths or no rows
 */
export function matthews(actual: ArrayLike<Label>, predicted: ArrayLike<Label>): number {
  const matrix = confusionMatrix(actual, predicted)
  const counts = classCounts(matrix)
  const n = matrix.total
  let right = 0
  let both = 0
  let actualSquares = 0
  let predictedSquares = 0
  for (let k = 0; k < matrix.classes.length; k++) {
    const a = counts.actual[k] as number
    const p = counts.predicted[k] as number
    right += counts.correct[k] as number
    both += a * p
    actualSquares += a * a
    predictedSquares += p * p
  }
  const scale = (n * n - actualSquares) * (n * n - predictedSquares)
  return scale === 0 ? 0 : (right * n - both) / Math.sqrt(scale)
}
