/** Calibration: an estimator whose probabilities mean what they say. */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, ofType, oneOf, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { createRng } from '../../core/random'
import { type Fold, foldsOfTests, stratifiedFolds } from '../../schema/partition'
import { chain } from '../chain'
import { type Classifier, type Estimator, makeEstimator } from '../estimator'
import type { FeatureMatrix, FittedLearner, FoldFeatures, Learner, TargetVector } from '../learner'
import { paramsOf } from '../params'
import { matrixRows, targetRows } from '../rows'
import { type Calibrators, calibrationScores, fittedCalibrated } from './calibrated-learner'
import { fitIsotonic } from './isotonic'
import { fitSigmoid } from './platt'

/** Options of {@link calibrated}. */
export interface CalibratedOptions {
  /** A logistic function of the score (Platt), or any non-decreasing one, which needs some thousand rows. @default 'sigmoid' */
  readonly method?: 'sigmoid' | 'isotonic' | undefined
  /** Number of stratified folds, or the folds as row numbers, which must test every row once. @default 5 */
  readonly folds?: number | readonly Fold[] | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/**
 * A classifier with calibrated probabilities, as scikit-learn's `CalibratedClassifierCV(ensemble=False)`: each row is scored by a model that was
 * fitted on the other folds, the calibrator learns from these scores, and the model itself from all rows. The transformers of a chain are
 * fitted anew in each fold, so that nothing leaks. More than two classes are calibrated one against the rest and scaled to sum to 1.
 *
 * What is calibrated are the sums of a linear model, and the probabilities of others, as in scikit-learn. The model is stored with its calibrators.
 *
 * @throws InvalidArgument for a regressor or unknown options; on fit, for a class of fewer than two rows
 *
 * @example
 * calibrated(chain([simpleImputer(), randomForestClassifier()]), { method: 'isotonic', folds: 5 })
 */
export function calibrated(estimator: Estimator, options: CalibratedOptions = {}): Classifier {
  checkOptions('calibrated', options, {
    method: oneOf('sigmoid', 'isotonic'),
    folds: either(wholeNumber(2), arrayOf(ofType('object'))),
    seed: finiteNumber(),
  })
  const base = (estimator as Partial<Estimator> | undefined)?.learner
  if (base === undefined || base.task !== 'classification') {
    throw invalidArgument(`calibrated takes a classifier such as randomForestClassifier(), got ${show(base?.kind ?? estimator)}`)
  }
  if (base.kind === 'calibrated') throw invalidArgument('calibrated takes a classifier that is not calibrated already')
  const learner = calibratedLearner(base, options)
  const model = makeEstimator<Classifier>('calibrated', [], learner, learner.options)
  return estimator.transformers.length === 0 ? model : (chain([...estimator.transformers, model]) as Classifier)
}

function calibratedLearner(base: Learner, options: CalibratedOptions): Learner {
  const { method = 'sigmoid', folds = 5, seed = 0 } = options
  return {
    kind: 'calibrated',
    task: 'classification',
    minClasses: 2,
    categoricalFeatures: base.categoricalFeatures,
    options: paramsOf({ method, folds: typeof folds === 'number' ? folds : 'given', seed, base: base.kind, [base.kind]: base.options }),
    withOptions(changes) {
      const prefix = `${base.kind}.`
      const isOfBase = ([name]: [string, unknown]): boolean => name.startsWith(prefix)
      const all = Object.entries(changes) as [string, unknown][]
      const ofBase = all.filter(isOfBase).map(([name, value]) => [name.slice(prefix.length), value])
      const own = Object.fromEntries(all.filter((change) => !isOfBase(change)))
      const changed = ofBase.length === 0 ? base : base.withOptions?.(Object.fromEntries(ofBase))
      if (changed === undefined) throw invalidArgument(`the options of ${base.kind} cannot be changed by name`)
      return calibrated(makeEstimator(base.kind, [], changed, changed.options), { ...options, ...own }).learner
    },
    steps: (features, target, folded) => fitCalibrated({ base, method, folds, seed }, features, target, folded),
  }
}

interface CalibrationJob {
  readonly base: Learner
  readonly method: 'sigmoid' | 'isotonic'
  readonly folds: number | readonly Fold[]
  readonly seed: number
}

function* fitCalibrated(
  { base, method, folds, seed }: CalibrationJob,
  features: FeatureMatrix,
  target: TargetVector,
  folded: FoldFeatures | undefined,
): Generator<ProgressEvent<'fit'>, FittedLearner> {
  const { numClasses, values } = target
  const parts = typeof folds === 'number' ? stratified(target, folds, seed) : given(folds, features.numRows)
  const scores = Array.from({ length: numClasses === 2 ? 1 : numClasses }, () => new Float64Array(features.numRows))
  const anew: FoldFeatures = folded ?? ((train, test) => ({ train: matrixRows(features, train), test: matrixRows(features, test) }))
  const total = parts.length + 1
  for (const [i, { train, test }] of parts.entries()) {
    const matrices = anew(train, test)
    const fitted = yield* quietly(base.steps(matrices.train, targetRows(target, train)))
    calibrationScores(fitted, matrices.test, numClasses).forEach((list, c) => {
      test.forEach((row, at) => {
        ;(scores[c] as Float64Array)[row] = list[at] as number
      })
    })
    yield { phase: 'fit', done: i + 1, total, unit: 'steps' }
  }
  const fitted = yield* quietly(base.steps(features, target, folded))
  const flagsOf = (c: number): Uint8Array => Uint8Array.from(values, (code) => Number(code === (numClasses === 2 ? 1 : c)))
  const calibrators: Calibrators =
    method === 'isotonic'
      ? { method, calibrators: scores.map((list, c) => fitIsotonic(list, flagsOf(c))) }
      : { method, calibrators: scores.map((list, c) => fitSigmoid(list, flagsOf(c))) }
  yield { phase: 'fit', done: total, total, unit: 'steps' }
  return fittedCalibrated(fitted, calibrators, numClasses)
}

/** The steps of a part: they give the caller turns, but count as none of the whole. */
function* quietly(steps: Generator<ProgressEvent<'fit'>, FittedLearner>): Generator<ProgressEvent<'fit'>, FittedLearner> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    yield { phase: 'fit', done: 0, unit: 'steps' }
  }
}

function stratified({ values, numClasses, classNames }: TargetVector, k: number, seed: number): Fold[] {
  const counts = new Int32Array(numClasses)
  for (const code of values) counts[code] = (counts[code] as number) + 1
  const rare = counts.findIndex((count) => count < 2)
  if (rare >= 0) throw invalidArgument(`calibrated needs at least 2 rows of each class, ${show(classNames[rare])} has ${counts[rare]}`)
  return foldsOfTests(values.length, stratifiedFolds(values, k, createRng(seed)))
}

function given(folds: readonly Fold[], n: number): Fold[] {
  const tested = new Uint8Array(n)
  let count = 0
  for (const { test } of folds) {
    for (const row of test) {
      if (!(row >= 0 && row < n) || tested[row] === 1)
        throw invalidArgument(`\`folds\` of calibrated must test each of ${n} rows once, row ${row} is not`)
      tested[row] = 1
      count++
    }
  }
  if (count !== n) throw invalidArgument(`\`folds\` of calibrated must test each of ${n} rows once, they test ${count}`)
  return folds.map(({ train, test }) => ({ train: Int32Array.from(train), test: Int32Array.from(test) }))
}
