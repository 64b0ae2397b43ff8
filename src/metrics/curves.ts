/** Curves over the threshold of a score: ROC, precision and recall, calibration. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf, wholeNumber } from '../core/options'
import type { ClassProbabilities, Label } from './label'
import { binaryRows, isProbabilities, type RankingOptions, type Scores, walkDown } from './ranking'

/** Points of a ROC curve, thresholds descending: rows count as positive from a threshold on. */
export interface RocCurve {
  /** Share of the negatives that count as positive; `NaN` where there are no negatives. */
  readonly falsePositiveRate: Float64Array
  /** Share of the positives that do; `NaN` where there are no positives. */
  readonly truePositiveRate: Float64Array
  /** The first is `Infinity`: no row counts. */
  readonly thresholds: Float64Array
}

/** Options of {@link rocCurve}. */
export interface RocCurveOptions extends RankingOptions {
  /** Leave out points on a straight line between their neighbours. @default true */
  readonly dropIntermediate?: boolean | undefined
}

/**
 * The ROC curve of a task of two classes, as scikit-learn's `roc_curve`; equal scores are one point.
 *
 * @param scores numbers, or probabilities of two classes
 * @throws InvalidArgument on unequal lengths, no rows, one class only, or a score that is not a number
 */
export function rocCurve(actual: ArrayLike<Label>, scores: Scores, options: RocCurveOptions = {}): RocCurve {
  const { tps, fps, thresholds } = cumulative('rocCurve', actual, scores, options)
  const last = tps.length - 1
  const bends = (list: readonly number[], i: number): boolean =>
    (list[i + 1] as number) - (list[i] as number) !== (list[i] as number) - (list[i - 1] as number)
  const drop = options.dropIntermediate !== false && tps.length > 2
  const kept = [...tps.keys()].filter((i) => !drop || i === 0 || i === last || bends(fps, i) || bends(tps, i))
  const rate = (list: readonly number[]): Float64Array => {
    const all = list[last] as number
    return Float64Array.from([0, ...kept.map((i) => list[i] as number)], (count) => (all === 0 ? Number.NaN : count / all))
  }
  return {
    falsePositiveRate: rate(fps),
    truePositiveRate: rate(tps),
    thresholds: Float64Array.from([Number.POSITIVE_INFINITY, ...kept.map((i) => thresholds[i] as number)]),
  }
}

/** Points of precision against recall, thresholds ascending. */
export interface PrecisionRecallCurve {
  /** One more than `thresholds`; the last is 1. */
  readonly precision: Float64Array
  /** One more than `thresholds`, descending; the last is 0. */
  readonly recall: Float64Array
  readonly thresholds: Float64Array
}

/**
 * Precision and recall at every threshold, as scikit-learn's `precision_recall_curve`; equal scores are one point.
 *
 * @throws as {@link rocCurve}
 */
export function precisionRecallCurve(actual: ArrayLike<Label>, scores: Scores, options: RankingOptions = {}): PrecisionRecallCurve {
  const { tps, fps, thresholds } = cumulative('precisionRecallCurve', actual, scores, options)
  const positives = tps.at(-1) as number
  return {
    precision: Float64Array.from([...tps.map((tp, i) => tp / (tp + (fps[i] as number))).reverse(), 1]),
    recall: Float64Array.from([...tps.map((tp) => (positives === 0 ? 1 : tp / positives)).reverse(), 0]),
    thresholds: Float64Array.from(thresholds).reverse(),
  }
}

/** Summed weights of positives and negatives down to each distinct score. */
function cumulative(metric: string, actual: ArrayLike<Label>, scores: Scores, options: RankingOptions) {
  if (isProbabilities(scores) && scores.classes.length !== 2) {
    throw invalidArgument(
      `${metric} needs two classes, got ${scores.classes.length}: give the scores of one class, and labels that are it or not`,
    )
  }
  const rows = binaryRows(metric, actual, scores, options)
  if (rows === undefined) throw invalidArgument(`${metric} needs rows of two classes, all are ${show(actual[0])}`)
  const tps: number[] = []
  const fps: number[] = []
  const thresholds: number[] = []
  let [tp, fp] = [0, 0]
  walkDown(rows, (positives, negatives, score) => {
    tp += positives
    fp += negatives
    tps.push(tp)
    fps.push(fp)
    thresholds.push(score)
  })
  return { tps, fps, thresholds }
}

/** Options of {@link calibrationCurve}. */
export interface CalibrationCurveOptions {
  /** The positive class. @default the last class in ascending order */
  readonly positive?: Label | undefined
  /** Number of bins. @default 5 */
  readonly bins?: number | undefined
  /** Bins of one width, or of as many rows each. @default 'uniform' */
  readonly strategy?: 'uniform' | 'quantile' | undefined
}

/** How often the positive class comes true, by what was predicted; bins without rows are left out. */
export interface CalibrationCurve {
  /** Share of positives in each bin. */
  readonly actual: Float64Array
  /** Mean of the predicted probabilities in each bin. */
  readonly predicted: Float64Array
  /** Rows in each bin. */
  readonly rows: Float64Array
}

/**
 * The calibration curve (reliability diagram), as scikit-learn's `calibration_curve`: well calibrated means that both lists are equal.
 *
 * @param probabilities of the positive class, in [0, 1], or of two classes
 * @throws InvalidArgument as {@link rocCurve}, and for a probability outside [0, 1]
 */
export function calibrationCurve(
  actual: ArrayLike<Label>,
  probabilities: ArrayLike<number> | ClassProbabilities,
  options: CalibrationCurveOptions = {},
): CalibrationCurve {
  checkOptions('calibrationCurve', options, {
    positive: { allowed: 'a label', test: () => true },
    bins: wholeNumber(1),
    strategy: oneOf('uniform', 'quantile'),
  })
  const rows = binaryRows('calibrationCurve', actual, probabilities, { positive: options.positive })
  if (rows === undefined) throw invalidArgument(`calibrationCurve needs rows of two classes, all are ${show(actual[0])}`)
  const { scores, positive } = rows
  const outside = scores.findIndex((value) => value < 0 || value > 1)
  if (outside >= 0) throw invalidArgument(`calibrationCurve needs probabilities from 0 to 1, row ${outside} has ${show(scores[outside])}`)
  const { bins = 5, strategy = 'uniform' } = options
  const sorted = Float64Array.from(scores).sort()
  const edges = Array.from({ length: Math.max(0, bins - 1) }, (_, i) => {
    const share = (i + 1) / bins
    return strategy === 'uniform' ? share : interpolated(sorted, share)
  })
  const [sums, trues, counts] = [new Float64Array(bins), new Float64Array(bins), new Float64Array(bins)]
  scores.forEach((score, row) => {
    // The first edge that is not below the score: a score on an edge is in the bin below it.
    const at = edges.findIndex((edge) => edge >= score)
    const bin = at < 0 ? bins - 1 : at
    sums[bin] = (sums[bin] as number) + score
    trues[bin] = (trues[bin] as number) + (positive[row] as number)
    counts[bin] = (counts[bin] as number) + 1
  })
  const filled = [...counts.keys()].filter((bin) => (counts[bin] as number) > 0)
  const mean = (list: Float64Array): Float64Array => Float64Array.from(filled, (bin) => (list[bin] as number) / (counts[bin] as number))
  return { actual: mean(trues), predicted: mean(sums), rows: Float64Array.from(filled, (bin) => counts[bin] as number) }
}

/** A quantile with linear interpolation, as `numpy.percentile`. */
function interpolated(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1)
  const below = Math.floor(at)
  const [low, high] = [sorted[below] as number, sorted[Math.min(below + 1, sorted.length - 1)] as number]
  const share = at - below
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share
}
