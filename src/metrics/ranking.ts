/** Metrics of how well scores rank: area under the ROC curve, average precision, top-k accuracy. */
import { invalidArgument, show } from '../core/errors'
import { type ClassProbabilities, classesOf, codesOf, type Label, positiveOf } from './label'
import { type WeightOptions, weightedMean, weightsOf } from './weights'

/** Options of {@link averagePrecision}, and of the curves. */
export interface RankingOptions extends WeightOptions {
  /** The positive class when `scores` is a list of numbers, or of two classes. @default the last class in ascending order */
  readonly positive?: Label | undefined
}

/** Options of {@link rocAuc} and {@link averagePrecision}. */
export interface ClassAverageOptions extends RankingOptions {
  /** With more than two classes: the plain mean over classes, or weighted by their rows. @default 'macro' */
  readonly average?: 'macro' | 'weighted' | undefined
}

/** Options of {@link rocAuc}. */
export interface RocAucOptions extends ClassAverageOptions {
  /** With more than two classes: each class against the rest, or each pair of classes (Hand and Till 2001; without `weights`). @default 'ovr' */
  readonly multiClass?: 'ovr' | 'ovo' | undefined
}

/** Scores of the positive class, one per row, or probabilities of all classes. */
export type Scores = ArrayLike<number> | ClassProbabilities

/**
 * Area under the ROC curve: the chance that a positive row has a higher score than a negative one, ties counting half.
 * With more than two classes, the mean over classes of one class against the rest, or over pairs; classes that `actual` lacks are left out.
 *
 * `NaN` when `actual` holds one class only. O(n log n) per class.
 *
 * @throws InvalidArgument on unequal lengths, no rows, or a score that is not a number
 */
export function rocAuc(actual: ArrayLike<Label>, scores: Scores, options: RocAucOptions = {}): number {
  const { multiClass = 'ovr' } = options
  if (multiClass !== 'ovr' && multiClass !== 'ovo')
    throw invalidArgument(`\`multiClass\` of rocAuc must be 'ovr' or 'ovo', got ${show(multiClass)}`)
  if (multiClass === 'ovo' && isProbabilities(scores) && scores.classes.length > 2) return overPairs(actual, scores, options)
  return overClasses('rocAuc', actual, scores, options, areaUnderRoc)
}

/**
 * Average precision: the sum over thresholds of precision times the gain in recall (no interpolation), as scikit-learn has it.
 * With more than two classes, the mean over classes of one class against the rest; classes that `actual` lacks are left out.
 *
 * `NaN` when `actual` has no positive row.
 *
 * @throws InvalidArgument on unequal lengths, no rows, or a score that is not a number
 */
export function averagePrecision(actual: ArrayLike<Label>, scores: Scores, options: ClassAverageOptions = {}): number {
  return overClasses('averagePrecision', actual, scores, options, precisionOverRecall)
}

/** Options of {@link topKAccuracy}. */
export interface TopKOptions extends WeightOptions {
  /** How many of the most likely classes count. @default 2 */
  readonly k?: number | undefined
}

/**
 * The share of rows whose class is among the `k` most likely ones. Of equally likely classes the later ones come first, as in scikit-learn; of
 * two classes with `k` 1 the second needs more than one half.
 *
 * @throws InvalidArgument when shapes do not fit
 */
export function topKAccuracy(actual: ArrayLike<Label>, probabilities: ClassProbabilities, options: TopKOptions = {}): number {
  const { k = 2 } = options
  if (!Number.isInteger(k) || k < 1) throw invalidArgument(`\`k\` of topKAccuracy must be a whole number ≥ 1, got ${show(k)}`)
  const { classes, values } = probabilities
  const width = classes.length
  if (values.length !== actual.length * width) throw unequal('topKAccuracy', values.length / width, actual.length)
  if (actual.length === 0) throw invalidArgument('topKAccuracy needs at least one row, got none')
  const codes = codesOf(actual, classes)
  return weightedMean(weightsOf('topKAccuracy', options.weights, actual.length), (row) => {
    const code = codes[row] as number
    if (code < 0) return 0
    const own = values[row * width + code] as number
    if (width === 2 && k === 1) return Number(code === 1 ? own > 0.5 : (values[row * width + 1] as number) <= 0.5)
    let ahead = 0
    for (let c = 0; c < width; c++) {
      const other = values[row * width + c] as number
      if (other > own || (other === own && c > code)) ahead++
    }
    return Number(ahead < k)
  })
}

/** Rows in descending order of score, ready for a curve. */
export interface RankedRows {
  readonly positive: Uint8Array
  readonly order: Uint32Array
  readonly scores: Float64Array
  readonly weights: Float64Array
}

type Curve = (rows: RankedRows) => number

function overClasses(metric: string, actual: ArrayLike<Label>, scores: Scores, options: ClassAverageOptions, curve: Curve): number {
  if (!isProbabilities(scores) || scores.classes.length === 2) {
    const rows = binaryRows(metric, actual, scores, options)
    return rows === undefined ? Number.NaN : curve(rows)
  }
  const k = scores.classes.length
  assertRows(metric, actual, scores)
  const weights = weightsOf(metric, options.weights, actual.length)
  const codes = codesOf(actual, scores.classes)
  let sum = 0
  let all = 0
  for (let c = 0; c < k; c++) {
    const positive = Uint8Array.from(codes, (code) => (code === c ? 1 : 0))
    const value = positive.includes(1) ? curve(rankedRows(metric, positive, columnOf(scores, c), weights)) : Number.NaN
    if (Number.isNaN(value)) continue
    const share = options.average === 'weighted' ? positive.reduce((rows, flag, row) => rows + flag * (weights[row] as number), 0) : 1
    sum += share * value
    all += share
  }
  return all === 0 ? Number.NaN : sum / all
}

/** The mean over pairs of classes of the area between the two, each by its own score (Hand and Till 2001). */
function overPairs(actual: ArrayLike<Label>, scores: ClassProbabilities, options: RocAucOptions): number {
  if (options.weights !== undefined) throw invalidArgument("rocAuc takes no `weights` with `multiClass: 'ovo'`")
  assertRows('rocAuc', actual, scores)
  const codes = codesOf(actual, scores.classes)
  const k = scores.classes.length
  let sum = 0
  let all = 0
  for (let a = 0; a < k; a++) {
    for (let b = a + 1; b < k; b++) {
      const rows = Array.from(codes.keys()).filter((row) => codes[row] === a || codes[row] === b)
      const area = (of: number): number => {
        const column = columnOf(scores, of)
        const own = Float64Array.from(rows, (row) => column[row] as number)
        const flags = Uint8Array.from(rows, (row) => (codes[row] === of ? 1 : 0))
        return areaUnderRoc(rankedRows('rocAuc', flags, own, new Float64Array(rows.length).fill(1)))
      }
      const value = rows.length === 0 ? Number.NaN : (area(a) + area(b)) / 2
      if (Number.isNaN(value)) continue
      const share = options.average === 'weighted' ? rows.length : 1
      sum += share * value
      all += share
    }
  }
  return all === 0 ? Number.NaN : sum / all
}

/** The rows of a task of two classes; `undefined` when `actual` holds one class and nothing tells which. @throws InvalidArgument */
export function binaryRows(metric: string, actual: ArrayLike<Label>, scores: Scores, options: RankingOptions): RankedRows | undefined {
  const weights = weightsOf(metric, options.weights, actual.length)
  if (isProbabilities(scores)) {
    assertRows(metric, actual, scores)
    const positive = positiveOf(scores.classes, options.positive)
    return rankedRows(metric, flags(actual, positive), columnOf(scores, scores.classes.indexOf(positive)), weights)
  }
  if (scores.length !== actual.length) throw unequal(metric, scores.length, actual.length)
  const classes = classesOf(actual)
  if (classes.length > 2) throw invalidArgument(`${metric} of ${classes.length} classes needs the probabilities of all classes`)
  if (classes.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
  const positive = positiveOf(classes, classes.length < 2 ? undefined : options.positive)
  if (classes.length < 2) return undefined
  return rankedRows(metric, flags(actual, positive), Float64Array.from(scores), weights)
}

/** Whether scores are probabilities of named classes. */
export function isProbabilities(scores: Scores): scores is ClassProbabilities {
  return 'classes' in scores && 'values' in scores
}

/** One column of row-major probabilities. */
export function columnOf({ classes, values }: ClassProbabilities, column: number): Float64Array {
  const k = classes.length
  const list = new Float64Array(values.length / k)
  for (let i = 0; i < list.length; i++) list[i] = values[i * k + column] as number
  return list
}

/** Calls `step` at each distinct score, from the greatest down, with the summed weights of the positives and negatives that have it. */
export function walkDown(
  { positive, order, scores, weights }: RankedRows,
  step: (positives: number, negatives: number, score: number) => void,
): void {
  for (let i = 0; i < order.length; ) {
    let positives = 0
    let negatives = 0
    const score = scores[order[i] as number] as number
    for (; i < order.length && scores[order[i] as number] === score; i++) {
      const row = order[i] as number
      if (positive[row] === 1) positives += weights[row] as number
      else negatives += weights[row] as number
    }
    step(positives, negatives, score)
  }
}

function assertRows(metric: string, actual: ArrayLike<Label>, { classes, values }: ClassProbabilities): void {
  if (values.length !== actual.length * classes.length) throw unequal(metric, values.length / classes.length, actual.length)
  if (actual.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
}

function flags(actual: ArrayLike<Label>, positive: Label): Uint8Array {
  const list = new Uint8Array(actual.length)
  for (let i = 0; i < list.length; i++) list[i] = actual[i] === positive ? 1 : 0
  return list
}

/** Sorts rows by score; those of weight 0 are left out. */
function rankedRows(metric: string, positive: Uint8Array, scores: Float64Array, weights: Float64Array): RankedRows {
  const bad = scores.findIndex((score) => score !== score)
  if (bad >= 0) throw invalidArgument(`${metric} needs numbers as scores, row ${bad} is missing`)
  const rows: number[] = []
  for (let row = 0; row < scores.length; row++) if (weights[row] !== 0) rows.push(row)
  const order = Uint32Array.from(rows).sort((a, b) => (scores[b] as number) - (scores[a] as number))
  return { positive, order, scores, weights }
}

/** Walks down the scores; a group of equal scores is one diagonal step. */
function areaUnderRoc(rows: RankedRows): number {
  let above = 0
  let positives = 0
  let negatives = 0
  walkDown(rows, (morePositives, moreNegatives) => {
    above += moreNegatives * (positives + morePositives / 2)
    positives += morePositives
    negatives += moreNegatives
  })
  return positives === 0 || negatives === 0 ? Number.NaN : above / (positives * negatives)
}

function precisionOverRecall(rows: RankedRows): number {
  let positives = 0
  let all = 0
  let sum = 0
  walkDown(rows, (morePositives, moreNegatives) => {
    positives += morePositives
    all += morePositives + moreNegatives
    sum += morePositives * (positives / all)
  })
  return positives === 0 ? Number.NaN : sum / positives
}

function unequal(metric: string, scores: number, actual: number): Error {
  return invalidArgument(`${metric} needs one row of scores per actual value, got ${scores} for ${actual}`)
}
