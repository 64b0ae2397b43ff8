/** Whether scores become better probabilities by isotonic regression, tried on rows that were held out. */
import type { Rng } from '../../core/random'
import { fitIsotonic, type Isotonic, isotonicAt } from '../../learn/calibration/isotonic'
import { type BinaryRows, expectedMetric } from './expected-metrics'

const splits = 10
const testShare = 0.1
const bins = 10

/** The isotonic calibration of a class; `undefined` where the scores are probabilities already. `rows.probabilities` are the labels. */
export function fitCalibration(rows: BinaryRows, calibrate: boolean | 'auto', rng: Rng): Isotonic | undefined {
  const helps = calibrate === 'auto' ? needsCalibration(rows, rng) : calibrate
  return helps ? fitIsotonic(rows.scores, rows.probabilities) : undefined
}

/** Scores as probabilities. */
export function calibratedScores(scores: Float64Array, isotonic: Isotonic | undefined): Float64Array {
  return isotonic === undefined ? scores : scores.map((score) => isotonicAt(isotonic, score))
}

/** Whether the expected calibration error falls, pooled over ten stratified splits. Never with one class, nor when the classes are separated. */
function needsCalibration(rows: BinaryRows, rng: Rng): boolean {
  const auc = expectedMetric('rocAuc', rows)
  if (Number.isNaN(auc) || auc > 0.999) return false
  const { scores, probabilities: labels } = rows
  const before: number[] = []
  const after: number[] = []
  const truth: number[] = []
  for (let split = 0; split < splits; split++) {
    const { train, test } = stratified(labels, rng)
    const isotonic = fitIsotonic(
      Float64Array.from(train, (i) => scores[i] as number),
      train.map((i) => labels[i] as number),
    )
    for (const i of test) {
      before.push(scores[i] as number)
      after.push(isotonicAt(isotonic, scores[i] as number))
      truth.push(labels[i] as number)
    }
  }
  return calibrationError(after, truth) < calibrationError(before, truth)
}

/** Each class divided at random in the same proportion, at least one row of it in the test part. */
function stratified(labels: Float64Array, rng: Rng): { readonly train: number[]; readonly test: number[] } {
  const train: number[] = []
  const test: number[] = []
  for (const label of [0, 1]) {
    const own = Array.from(labels.keys()).filter((i) => labels[i] === label)
    for (let i = own.length - 1; i > 0; i--) {
      const j = rng.int(i + 1)
      ;[own[i], own[j]] = [own[j] as number, own[i] as number]
    }
    const cut = Math.max(1, Math.round(own.length * testShare))
    own.forEach((row, i) => {
      ;(i < cut ? test : train).push(row)
    })
  }
  return { train, test }
}

/** Expected calibration error over bins of equal count: the mean distance of score and share of positives, weighted by rows. */
export function calibrationError(scores: readonly number[], labels: readonly number[]): number {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  let error = 0
  for (let bin = 0; bin < bins; bin++) {
    const from = Math.floor((bin * order.length) / bins)
    const to = Math.floor(((bin + 1) * order.length) / bins)
    let difference = 0
    for (let i = from; i < to; i++) difference += (scores[order[i] as number] as number) - (labels[order[i] as number] as number)
    error += Math.abs(difference)
  }
  return error / order.length
}
