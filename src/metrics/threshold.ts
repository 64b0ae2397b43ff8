/** The threshold at which a classifier of two classes costs least. */
import { attachDisplay } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber } from '../core/options'
import type { ClassProbabilities, Label } from './label'
import { binaryRows, walkDown } from './ranking'

/** What each outcome of one row costs; a gain is a negative cost. */
export interface OutcomeCosts {
  /** A negative row that is called positive: a false alarm. */
  readonly falsePositive: number
  /** A positive row that is missed. */
  readonly falseNegative: number
  /** @default 0 */
  readonly truePositive?: number | undefined
  /** @default 0 */
  readonly trueNegative?: number | undefined
}

/** Options of {@link chooseThreshold}. */
export interface ThresholdOptions {
  readonly costs: OutcomeCosts
  /** The positive class. @default the last class in ascending order */
  readonly positive?: Label | undefined
  /** How much each row counts. @default all 1 */
  readonly weights?: ArrayLike<number> | undefined
}

/** A threshold, and what it costs. */
export interface ChosenThreshold {
  /** Rows with a score of at least this are positive; `Infinity` when calling none positive is cheapest. */
  readonly threshold: number
  /** Mean cost of a row at the threshold. */
  readonly cost: number
  /** Mean cost of a row when all are called positive, and when none is. */
  readonly costOfAll: number
  readonly costOfNone: number
  /** Rows of each outcome, or the sums of their weights. */
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

/**
 * Finds the threshold of least mean cost among all scores that occur; of equally cheap ones the highest. Choose it on rows that the model did not
 * learn from, such as those of `crossValPredict`. O(n log n).
 *
 * @param scores of the positive class, or probabilities of two classes
 * @throws InvalidArgument on unequal lengths, no rows, one class only, or costs that are no numbers
 *
 * @example
 * chooseThreshold(actual, probabilities, { costs: { falsePositive: 1, falseNegative: 20 } }).threshold
 */
export function chooseThreshold(
  actual: ArrayLike<Label>,
  scores: ArrayLike<number> | ClassProbabilities,
  options: ThresholdOptions,
): ChosenThreshold {
  const { costs } = options ?? {}
  if (typeof costs !== 'object' || costs?.falsePositive === undefined || costs.falseNegative === undefined) {
    throw invalidArgument(`chooseThreshold needs \`costs\`: { falsePositive: 1, falseNegative: 20 }, got ${show(costs)}`)
  }
  const cost = finiteNumber()
  checkOptions('costs of chooseThreshold', costs, { falsePositive: cost, falseNegative: cost, truePositive: cost, trueNegative: cost })
  const { falsePositive, falseNegative, truePositive = 0, trueNegative = 0 } = costs
  const rows = binaryRows('chooseThreshold', actual, scores, { positive: options.positive, weights: options.weights })
  if (rows === undefined) throw invalidArgument(`chooseThreshold needs rows of two classes, all are ${show(actual[0])}`)
  let [positives, negatives] = [0, 0]
  walkDown(rows, (morePositives, moreNegatives) => {
    positives += morePositives
    negatives += moreNegatives
  })
  const at = (threshold: number, tp: number, fp: number) => {
    const [fn, tn] = [positives - tp, negatives - fp]
    const sum = tp * truePositive + fp * falsePositive + fn * falseNegative + tn * trueNegative
    const outcomes = { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn }
    return { threshold, cost: sum / (positives + negatives), ...outcomes }
  }
  const none = at(Number.POSITIVE_INFINITY, 0, 0)
  let best = none
  let [tp, fp] = [0, 0]
  walkDown(rows, (morePositives, moreNegatives, score) => {
    tp += morePositives
    fp += moreNegatives
    const here = at(score, tp, fp)
    if (here.cost < best.cost) best = here
  })
  const chosen = { ...best, costOfAll: at(0, positives, negatives).cost, costOfNone: none.cost }
  const digits = (value: number): string => String(Number(value.toPrecision(4)))
  return attachDisplay(chosen, {
    text: () =>
      `threshold ${digits(chosen.threshold)}: ${digits(chosen.cost)} a row (${digits(chosen.costOfNone)} for none, ${digits(chosen.costOfAll)} for all)`,
  })
}
