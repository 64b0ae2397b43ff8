/** Performance of a classifier without labels, from how sure it is: confidence-based performance estimation (CBPE). */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, ofType, oneOf, requireMethods, requireOptions, wholeNumber } from '../../core/options'
import { createRng } from '../../core/random'
import type { Isotonic } from '../../learn/calibration/isotonic'
import { classesOf, type Label } from '../../metrics/label'
import { displayedEstimator } from '../display'
import { calibratedScores, fitCalibration } from './calibration'
import type { PerformanceEstimate, PerformanceEstimator, UnlabelledRows } from './estimator'
import {
  type BinaryMetric,
  type BinaryRows,
  binaryMetrics,
  type ConfusionCounts,
  expectedConfusion,
  expectedMetric,
} from './expected-metrics'
import { chunkLimits, chunksOf, type LabelledRows, rowsAt } from './reference'
import { binaryError, meanError } from './sampling-error'

/** Metrics of {@link fitCbpe}. `businessValue` is there with the option `values`. */
export type CbpeMetric = BinaryMetric | 'businessValue'

/** What a prediction is worth, for the metric `businessValue` of two classes: the mean worth of one prediction. */
export interface OutcomeValues {
  readonly truePositive: number
  readonly falsePositive: number
  readonly falseNegative: number
  readonly trueNegative: number
}

/** Options of {@link fitCbpe}. */
export interface CbpeOptions {
  /** @default every metric there is */
  readonly metrics?: readonly CbpeMetric[] | undefined
  /** Whether scores are made probabilities by isotonic regression; `'auto'` tries on held-out rows whether that helps. @default 'auto' */
  readonly calibrate?: boolean | 'auto' | undefined
  /** Rows of a chunk: the limits are three standard deviations of the metric over the chunks of the reference. @default a tenth of the reference */
  readonly chunkRows?: number | undefined
  /** @default no metric `businessValue` */
  readonly values?: OutcomeValues | undefined
  /** Of the splits that try the calibration, and of resampling. @default 0 */
  readonly seed?: number | undefined
}

/** An estimator of classifiers. */
export interface CbpeEstimator extends PerformanceEstimator {
  readonly metrics: readonly CbpeMetric[]
  /** The classes; of two, the last is the positive one. */
  readonly classes: readonly Label[]
  /** Whether the scores of each class are calibrated. */
  readonly calibrated: readonly boolean[]
  /** Everything that was learned, as JSON, for {@link restoreCbpe}. It holds no row. */
  state(): CbpeState
}

/** What an estimator has learned. Plain JSON. */
export interface CbpeState {
  readonly kind: 'cbpe'
  readonly formatVersion: 1
  readonly classes: readonly Label[]
  /** Of two classes one, of the positive class; else one for each class. `null` where the scores are used as they are. */
  readonly calibrations: readonly (Isotonic | null)[]
  readonly values?: OutcomeValues | undefined
  readonly metrics: Readonly<Record<string, LearnedMetric>>
}

/** What is known of a metric from the reference. */
export interface LearnedMetric {
  readonly reference: number
  readonly lower: number
  readonly upper: number
  /** The standard error of one row; `null` where it is not defined. */
  readonly errorOfOneRow: number | null
}

/**
 * Learns from labelled rows how probabilities relate to labels, and how much each metric varies; then estimates metrics of rows without labels. With
 * calibrated probabilities c, the expected true positives are the sum of c over what was predicted positive, and so on. More than two classes are
 * each taken against the rest and averaged.
 *
 * The reference must be rows that the model was not fitted on. The estimate follows changes of the inputs; where the relation of inputs and target
 * changes, only labels show it.
 *
 * @throws InvalidArgument for invalid options, rows without probabilities, and a reference of one class
 * @example const estimator = fitCbpe(modelRows(model, test)); estimator.estimate(rows, 'rocAuc').value
 *
 * Source: NannyML 0.13. Rows of equal score are one step here, so that their order does not matter.
 */
export function fitCbpe(reference: LabelledRows, options: CbpeOptions = {}): CbpeEstimator {
  requireOptions('fitCbpe', reference, ['actual', 'predicted'])
  checkOptions('fitCbpe', options, {
    metrics: arrayOf(oneOf(...binaryMetrics, 'businessValue')),
    calibrate: either(ofType('boolean'), oneOf('auto')),
    chunkRows: wholeNumber(2),
    values: ofType('object'),
    seed: finiteNumber(),
  })
  const { calibrate = 'auto', values, seed = 0 } = options
  const { actual, probabilities } = reference
  if (probabilities === undefined) throw invalidArgument('fitCbpe needs rows with probabilities')
  if (actual.length !== reference.predicted.length || actual.length === 0)
    throw invalidArgument(
      `fitCbpe needs a label for each of its ${reference.predicted.length} rows, and at least one, got ${actual.length}`,
    )
  const classes = probabilities.classes
  if (new Set(actual).size < 2)
    throw invalidArgument(`fitCbpe needs a reference with labels of at least two classes, got only ${show(actual[0])}`)
  const metrics = options.metrics ?? [...binaryMetrics, ...(values === undefined ? [] : (['businessValue'] as const))]
  if (metrics.includes('businessValue')) assertValues(values, classes)
  const rng = createRng(seed)
  const labelled = oneAgainstRest(reference, classes).map((rows, k) => ({ ...rows, probabilities: indicator(actual, labelOf(classes, k)) }))
  const calibrations = labelled.map((rows) => fitCalibration(rows, calibrate, rng) ?? null)
  const chunks = chunksOf(actual.length, options.chunkRows ?? Math.max(2, Math.ceil(actual.length / 10)))
  const learned = metrics.map((metric): [string, LearnedMetric] => {
    const over = (from: number, to: number): number =>
      valueOfMetric(
        metric,
        labelled.map((rows) => part(rows, from, to)),
        values,
        classes,
      )
    const range: readonly [number, number] = metric === 'businessValue' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [0, 1]
    const { lower, upper } = chunkLimits(
      chunks.map(([from, to]) => over(from, to)),
      range,
    )
    const error =
      metric === 'businessValue'
        ? valueError(labelled[0] as BinaryRows, values as OutcomeValues)
        : macroError(labelled.map((rows) => binaryError(metric, rows, rng)))
    return [metric, { reference: over(0, actual.length), lower, upper, errorOfOneRow: Number.isNaN(error) ? null : error }]
  })
  return estimatorOf({ kind: 'cbpe', formatVersion: 1, classes, calibrations, values, metrics: Object.fromEntries(learned) })
}

/** An estimator from its stored state. @throws InvalidArgument for something else */
export function restoreCbpe(state: CbpeState): CbpeEstimator {
  if (state?.kind !== 'cbpe' || state.formatVersion !== 1 || !Array.isArray(state.classes) || !Array.isArray(state.calibrations))
    throw invalidArgument(`restoreCbpe needs the state of an estimator of fitCbpe, got ${show(state)}`)
  return estimatorOf(state)
}

function estimatorOf(state: CbpeState): CbpeEstimator {
  const { classes, calibrations, values } = state
  const metrics = Object.keys(state.metrics) as CbpeMetric[]
  return displayedEstimator<CbpeEstimator>('CBPE', {
    metrics,
    classes,
    calibrated: calibrations.map((isotonic) => isotonic !== null),
    state: () => state,
    estimate(rows, metric) {
      const learned = Object.hasOwn(state.metrics, metric) ? state.metrics[metric] : undefined
      if (learned === undefined) throw invalidArgument(`the estimator has no metric ${show(metric)}; it has ${metrics.join(', ')}`)
      const groups = oneAgainstRest(rows, classes).map((one, k) => ({
        ...one,
        probabilities: calibratedScores(one.scores, calibrations[k] ?? undefined),
      }))
      const value = valueOfMetric(metric as CbpeMetric, groups.length > 1 ? normalised(groups) : groups, values, classes)
      return estimateOf(metric, value, rows.predicted.length, learned)
    },
  })
}

function estimateOf(
  metric: string,
  value: number,
  rows: number,
  { reference, lower, upper, errorOfOneRow }: LearnedMetric,
): PerformanceEstimate {
  const range = metric === 'businessValue' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [0, 1]
  const margin = (3 * (errorOfOneRow ?? Number.NaN)) / Math.sqrt(rows)
  return {
    metric,
    higherIsBetter: true,
    value,
    rows,
    low: Math.max(range[0] as number, value - margin),
    high: Math.min(range[1] as number, value + margin),
    reference,
    limits: { lower, upper },
    alert: value < lower,
  }
}

/** Of two classes the positive one against the other; of more, each against the rest. The scores are the probabilities that the model gave. */
function oneAgainstRest({ predicted, probabilities }: UnlabelledRows, classes: readonly Label[]): BinaryRows[] {
  if (probabilities === undefined && predicted.length > 0) throw invalidArgument('the estimate needs rows with probabilities')
  const at = new Map((probabilities?.classes ?? []).map((label, c) => [label, c] as const))
  const unknown = classesOf(predicted).find((label) => !classes.includes(label))
  if (unknown !== undefined)
    throw invalidArgument(`the estimator knows the classes ${classes.map(show).join(', ')}, and a row was predicted ${show(unknown)}`)
  return (classes.length === 2 ? [1] : [...classes.keys()]).map((k) => {
    const label = classes[k] as Label
    const column = at.get(label)
    const width = probabilities?.classes.length ?? 0
    const scores = Float64Array.from(predicted, (_, row) =>
      column === undefined ? 0 : (probabilities?.values[row * width + column] as number),
    )
    return { scores, probabilities: scores, predicted: predicted.map((value) => value === label) }
  })
}

function labelOf(classes: readonly Label[], k: number): Label {
  return classes[classes.length === 2 ? 1 : k] as Label
}

function indicator(actual: readonly Label[], label: Label): Float64Array {
  return Float64Array.from(actual, (value) => Number(value === label))
}

/** Calibrated one by one, the probabilities of a row no longer add up to 1. */
function normalised(groups: readonly BinaryRows[]): BinaryRows[] {
  const sums = new Float64Array(groups[0]?.probabilities.length ?? 0)
  for (const { probabilities } of groups)
    probabilities.forEach((p, row) => {
      sums[row] = (sums[row] as number) + p
    })
  return groups.map((rows) => ({
    ...rows,
    probabilities: rows.probabilities.map((p, row) => (sums[row] === 0 ? 1 / groups.length : p / (sums[row] as number))),
  }))
}

function valueOfMetric(
  metric: CbpeMetric,
  groups: readonly BinaryRows[],
  values: OutcomeValues | undefined,
  classes: readonly Label[],
): number {
  if (metric === 'businessValue') return meanValue(expectedConfusion(groups[0] as BinaryRows), values as OutcomeValues)
  // Of several classes, accuracy is the probability of what was predicted, not a mean over classes.
  if (metric === 'accuracy' && classes.length > 2) {
    const rows = groups[0]?.predicted.length ?? 0
    return groups.reduce((sum, group) => sum + expectedConfusion(group).tp, 0) / rows
  }
  const each = groups.map((rows) => expectedMetric(metric, rows)).filter((value) => !Number.isNaN(value))
  return each.length === 0 ? Number.NaN : each.reduce((sum, value) => sum + value, 0) / each.length
}

function meanValue(
  { tp, fp, fn, tn }: ConfusionCounts,
  { truePositive, falsePositive, falseNegative, trueNegative }: OutcomeValues,
): number {
  return (tp * truePositive + fp * falsePositive + fn * falseNegative + tn * trueNegative) / (tp + fp + fn + tn)
}

function valueError({ probabilities, predicted }: BinaryRows, values: OutcomeValues): number {
  return meanError(
    Float64Array.from(probabilities, (p, i) =>
      meanValue(
        expectedConfusion({ scores: new Float64Array(1), probabilities: Float64Array.of(p), predicted: [predicted[i] as boolean] }),
        values,
      ),
    ),
  )
}

/** The error of a mean over classes, as if they were independent. */
function macroError(errors: readonly number[]): number {
  const known = errors.filter((error) => !Number.isNaN(error))
  return known.length === 0 ? Number.NaN : Math.sqrt(known.reduce((sum, error) => sum + error * error, 0)) / known.length
}

function part({ scores, probabilities, predicted }: BinaryRows, from: number, to: number): BinaryRows {
  return { scores: scores.subarray(from, to), probabilities: probabilities.subarray(from, to), predicted: predicted.slice(from, to) }
}

function assertValues(values: OutcomeValues | undefined, classes: readonly Label[]): void {
  if (classes.length !== 2) throw invalidArgument(`\`businessValue\` of fitCbpe needs two classes, got ${classes.length}`)
  const names = ['truePositive', 'falsePositive', 'falseNegative', 'trueNegative'] as const
  const wrong = names.find((name) => !Number.isFinite(values?.[name]))
  if (wrong !== undefined) throw invalidArgument(`\`values\` of fitCbpe needs the number \`${wrong}\`, got ${show(values?.[wrong])}`)
}

/** The estimates of each chunk of rows, in order: how a metric went over time. @throws InvalidArgument */
export function estimateChunks(
  estimator: PerformanceEstimator,
  rows: UnlabelledRows,
  options: { readonly metric: string; readonly chunkRows: number },
): PerformanceEstimate[] {
  requireMethods('estimateChunks', 'an estimator', estimator, ['estimate'])
  requireOptions('estimateChunks', rows, ['table', 'predicted'])
  requireOptions('estimateChunks', options, ['metric', 'chunkRows'])
  checkOptions('estimateChunks', options, { metric: ofType('string'), chunkRows: wholeNumber(1) })
  const { metric, chunkRows } = options
  const { predicted, probabilities, table } = rows
  const width = probabilities?.classes.length ?? 0
  return chunksOf(predicted.length, chunkRows).map(([from, to]) =>
    estimator.estimate(
      {
        table: rowsAt(
          table,
          Array.from({ length: to - from }, (_, i) => from + i),
        ),
        predicted: predicted.slice(from, to),
        ...(probabilities === undefined
          ? {}
          : { probabilities: { classes: probabilities.classes, values: probabilities.values.subarray(from * width, to * width) } }),
      },
      metric,
    ),
  )
}
