/** Metrics of how well scores rank: area under the ROC curve, average precision. */
import { invalidArgument } from '../core/errors'
import { type ClassProbabilities, classesOf, codesOf, type Label, positiveOf } from './label'

/** Options of {@link rocAuc} and {@link averagePrecision}. */
export interface RankingOptions {
  /** The positive class when `scores` is a list of numbers, or of two classes. @default the last class in ascending order */
  readonly positive?: Label | undefined
}

/** Scores of the positive class, one per row, or probabilities of all classes. */
export type Scores = ArrayLike<number> | ClassProbabilities

/**
 * Area under the ROC curve: the chance that a positive row has a higher score than a negative one, ties counting half.
 * With more than two classes, the plain mean over classes of one class against the rest; classes that `actual` lacks are left out.
 *
 * `NaN` when `actual` holds one class only. O(n log n) per class.
 *
 * @throws InvalidArgument on unequal lengths, no rows, or a score that is not a number
 */
export function rocAuc(actual: ArrayLike<Label>, scores: Scores, options: RankingOptions = {}): number {
  return overClasses('rocAuc', actual, scores, options, areaUnderRoc)
}

/**
 * Average precision: the sum over thresholds of precision times the gain in recall (no interpolation), as scikit-learn has it.
 * With more than two classes, the plain mean over classes of one class against the rest; classes that `actual` lacks are left out.
 *
 * `NaN` when `actual` has no positive row.
 *
 * @throws InvalidArgument on unequal lengths, no rows, or a score that is not a number
 */
export function averagePrecision(actual: ArrayLike<Label>, scores: Scores, options: RankingOptions = {}): number {
  return overClasses('averagePrecision', actual, scores, options, precisionOverRecall)
}

type Curve = (positive: Uint8Array, order: Uint32Array, scores: Float64Array) => number

function overClasses(metric: string, actual: ArrayLike<Label>, scores: Scores, options: RankingOptions, curve: Curve): number {
  if (!isProbabilities(scores)) {
    if (scores.length !== actual.length) throw unequal(metric, scores.length, actual.length)
    const classes = classesOf(actual)
    if (classes.length > 2) throw invalidArgument(`${metric} of ${classes.length} classes needs the probabilities of all classes`)
    if (classes.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
    const positive = positiveOf(classes, classes.length < 2 ? undefined : options.positive)
    if (classes.length < 2) return Number.NaN
    return alongCurve(metric, flags(actual, positive), Float64Array.from(scores), curve)
  }
  const k = scores.classes.length
  if (scores.values.length !== actual.length * k) throw unequal(metric, scores.values.length / k, actual.length)
  if (actual.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
  if (k === 2) {
    const positive = positiveOf(scores.classes, options.positive)
    return alongCurve(metric, flags(actual, positive), columnOf(scores, scores.classes.indexOf(positive)), curve)
  }
  const codes = codesOf(actual, scores.classes)
  let sum = 0
  let defined = 0
  for (let c = 0; c < k; c++) {
    const positive = Uint8Array.from(codes, (code) => (code === c ? 1 : 0))
    const value = positive.includes(1) ? alongCurve(metric, positive, columnOf(scores, c), curve) : Number.NaN
    if (Number.isNaN(value)) continue
    sum += value
    defined++
  }
  return defined === 0 ? Number.NaN : sum / defined
}

/** Whether scores are probabilities of named classes. */
export function isProbabilities(scores: Scores): scores is ClassProbabilities {
  return 'classes' in scores && 'values' in scores
}

/** One column of row-major probabilities. */
function columnOf({ classes, values }: ClassProbabilities, column: number): Float64Array {
  const k = classes.length
  const list = new Float64Array(values.length / k)
  for (let i = 0; i < list.length; i++) list[i] = values[i * k + column] as number
  return list
}

function flags(actual: ArrayLike<Label>, positive: Label): Uint8Array {
  const list = new Uint8Array(actual.length)
  for (let i = 0; i < list.length; i++) list[i] = actual[i] === positive ? 1 : 0
  return list
}

function alongCurve(metric: string, positive: Uint8Array, scores: Float64Array, curve: Curve): number {
  const bad = scores.findIndex((score) => score !== score)
  if (bad >= 0) throw invalidArgument(`${metric} needs numbers as scores, row ${bad} is missing`)
  const order = new Uint32Array(scores.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number))
  return curve(positive, order, scores)
}

/** Walks down the scores; a group of equal scores is one diagonal step. */
function areaUnderRoc(positive: Uint8Array, order: Uint32Array, scores: Float64Array): number {
  let above = 0
  let positives = 0
  let negatives = 0
  for (let i = 0; i < order.length; ) {
    let groupPositives = 0
    let groupNegatives = 0
    const score = scores[order[i] as number]
    for (; i < order.length && scores[order[i] as number] === score; i++) {
      if (positive[order[i] as number] === 1) groupPositives++
      else groupNegatives++
    }
    above += groupNegatives * (positives + groupPositives / 2)
    positives += groupPositives
    negatives += groupNegatives
  }
  return positives === 0 || negatives === 0 ? Number.NaN : above / (positives * negatives)
}

function precisionOverRecall(positive: Uint8Array, order: Uint32Array, scores: Float64Array): number {
  let positives = 0
  let sum = 0
  for (let i = 0; i < order.length; ) {
    let gained = 0
    const score = scores[order[i] as number]
    for (; i < order.length && scores[order[i] as number] === score; i++) gained += positive[order[i] as number] as number
    positives += gained
    sum += gained * (positives / i)
  }
  return positives === 0 ? Number.NaN : sum / positives
}

function unequal(metric: string, scores: number, actual: number): Error {
  return invalidArgument(`${metric} needs one row of scores per actual value, got ${scores} for ${actual}`)
}
