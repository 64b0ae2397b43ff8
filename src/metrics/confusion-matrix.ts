/** The confusion matrix, and the metrics that are read off it whole. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { assertPaired, classesOf, codesOf, type Label } from './label'
import { type LabelMetricOptions, type WeightOptions, weightedMean, weightsIn, weightsOf } from './weights'

/** Counts of actual against predicted classes. */
export interface ConfusionMatrix {
  /** All classes that occur, ascending. */
  readonly classes: readonly Label[]
  /** Row-major: `counts[a * classes.length + p]` rows of class `a` were predicted as `p`; with weights, the sum of theirs. */
  readonly counts: Float64Array
  /** Number of rows, or the sum of their weights. */
  readonly total: number
}

/** Options of {@link confusionMatrix}. */
export interface ConfusionMatrixOptions extends WeightOptions {
  /** The classes and their order; rows of other classes are left out. @default all that occur, ascending */
  readonly classes?: readonly Label[] | undefined
}

/**
 * Counts actual against predicted labels.
 *
 * @throws InvalidArgument on unequal lengths or no rows
 */
export function confusionMatrix(
  actual: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  assertPaired('confusionMatrix', actual, predicted)
  const weights = weightsOf('confusionMatrix', options.weights, actual.length)
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
    counts[cell] = (counts[cell] as number) + (weights[i] as number)
    total += weights[i] as number
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
export function accuracy(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: LabelMetricOptions = {}): number {
  assertPaired('accuracy', actual, predicted)
  return weightedMean(weightsOf('accuracy', weightsIn(options), actual.length), (row) => (actual[row] === predicted[row] ? 1 : 0))
}

/** Options of {@link balancedAccuracy}. */
export interface BalancedAccuracyOptions extends WeightOptions {
  /** Scale so that guessing gives 0 and perfection 1. @default false */
  readonly adjusted?: boolean | undefined
}

/** The mean of the recalls of the classes that occur in `actual`. @throws InvalidArgument on unequal lengths or no rows */
export function balancedAccuracy(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: BalancedAccuracyOptions = {}): number {
  const counts = classCounts(confusionMatrix(actual, predicted, { weights: options.weights }))
  let sum = 0
  let occurring = 0
  for (let k = 0; k < counts.actual.length; k++) {
    if (counts.actual[k] === 0) continue
    sum += (counts.correct[k] as number) / (counts.actual[k] as number)
    occurring++
  }
  const mean = sum / occurring
  return options.adjusted ? (mean - 1 / occurring) / (1 - 1 / occurring) : mean
}

/**
 * Matthews' correlation of actual and predicted classes, in [−1, 1]; 0 when either holds one class only.
 * The multi-class form of Gorodkin (2004), as scikit-learn has it.
 *
 * @throws InvalidArgument on unequal lengths or no rows
 */
export function matthews(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: LabelMetricOptions = {}): number {
  const matrix = confusionMatrix(actual, predicted, { weights: weightsIn(options) })
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

/** Options of {@link cohenKappa}. */
export interface KappaOptions extends ConfusionMatrixOptions {
  /** How much a confusion of distant classes counts more: not at all, by the distance in the order of classes, or by its square. @default 'none' */
  readonly penalty?: 'none' | 'linear' | 'quadratic' | undefined
}

/**
 * Cohen's kappa: agreement beyond what the shares of the classes give by chance; 1 is full agreement, 0 chance. `NaN` when both lists hold the
 * same single class.
 *
 * @throws InvalidArgument on unequal lengths or no rows
 */
export function cohenKappa(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: KappaOptions = {}): number {
  const { penalty = 'none', ...others } = options
  if (!['none', 'linear', 'quadratic'].includes(penalty)) {
    throw invalidArgument(`\`penalty\` of cohenKappa must be 'none', 'linear' or 'quadratic', got ${show(penalty)}`)
  }
  const matrix = confusionMatrix(actual, predicted, others)
  const counts = classCounts(matrix)
  const k = matrix.classes.length
  let observed = 0
  let expected = 0
  for (let a = 0; a < k; a++) {
    for (let p = 0; p < k; p++) {
      const cost = penalty === 'none' ? Number(a !== p) : penalty === 'linear' ? Math.abs(a - p) : (a - p) ** 2
      observed += cost * (matrix.counts[a * k + p] as number)
      expected += (cost * (counts.actual[a] as number) * (counts.predicted[p] as number)) / matrix.total
    }
  }
  return 1 - observed / expected
}
