/** The interface between estimators and learning algorithms, which work on numbers and not on tables. */
import type { ProgressEvent } from '../core/progress'
import type { ModelTask } from '../ports/model'
import type { Params } from './params'

/** Features as numbers, column by column; `NaN` is missing. */
export interface FeatureMatrix {
  readonly numRows: number
  readonly names: readonly string[]
  /** One array of `numRows` numbers per feature. Not to be written to. */
  readonly columns: readonly Float64Array[]
  /** While fitting: which columns hold categories, as their codes 0, 1, 2 …. None when absent. */
  readonly categorical?: readonly boolean[] | undefined
}

/** The target as numbers. */
export interface TargetVector {
  readonly task: 'classification' | 'regression'
  /** Classification: class codes 0 … classes − 1. Regression: the numbers. */
  readonly values: Int32Array | Float64Array
  /** Number of classes; 0 for regression. */
  readonly numClasses: number
  /** Classification: the label of each code, as text, for messages and class weights. */
  readonly classNames: readonly string[]
  /** The weight of each row, ≥ 0; all 1 when absent. */
  readonly weights?: Float64Array | undefined
}

/**
 * The features of some training rows and of some others, by transformers that learned from the training rows alone: what a learner that divides
 * its rows again needs, so that nothing of the others leaks.
 */
export type FoldFeatures = (train: Int32Array, test: Int32Array) => { readonly train: FeatureMatrix; readonly test: FeatureMatrix }

/** A step of a fit. */
export type FitStep = ProgressEvent<'fit'> & {
  /** Of a fit that was given other rows: what all trees so far predict for them, as `predict` of the fitted learner. */
  readonly predictions?: (() => Float64Array) | undefined
}

/** A fit in steps. A learner that learns in rounds ends with the trees so far when a step is answered by `stop`. */
export type FitSteps = Generator<FitStep, FittedLearner, 'stop' | undefined>

/** A learning algorithm with its options. */
export interface Learner {
  readonly kind: string
  readonly task: ModelTask & ('classification' | 'regression')
  readonly options: Params
  /** The same algorithm with some options changed, for searches. @throws InvalidArgument for unknown or unfit options */
  withOptions?(changes: object): Learner
  /** Of classifiers: the fewest classes a target may have. @default 1 */
  readonly minClasses?: number | undefined
  /** Whether rows may have weights. @default false */
  readonly takesWeights?: boolean | undefined
  /** Of learners that take categories: the columns besides text columns that hold some. Others refuse text. */
  readonly categoricalFeatures?: readonly string[] | undefined
  /** Whether it learns in rounds (trees), after each of which it can predict: whether `steps` uses `others`, and stops. @default false */
  readonly inRounds?: boolean | undefined
  /**
   * Fits in steps, so that a caller can yield to the event loop between them.
   *
   * @param folded the features anew for a part of the rows; absent where no transformers come before
   * @param others rows that are not learned from, which steps predict
   */
  steps(features: FeatureMatrix, target: TargetVector, folded?: FoldFeatures, others?: FeatureMatrix): FitSteps
  /** The options as they were given: a thread makes the same learner from them. Absent where a fit is not worth a thread. */
  readonly given?: object | undefined
  /** Fits on several threads at the same time, with the same result; `undefined` where there are none. */
  onThreads?(features: FeatureMatrix, target: TargetVector, threads: ThreadOptions): Promise<FittedLearner | undefined>
}

/** How a fit uses threads. */
export interface ThreadOptions {
  /** Threads beside the calling one; `true`: as many as the machine has cores for. */
  readonly workers: number | boolean
  readonly signal?: AbortSignal | undefined
  readonly report: (event: ProgressEvent<'fit'>) => void
}

/** A fitted learner. */
export interface FittedLearner {
  readonly kind: string
  /**
   * Classification: row-major probabilities, rows × classes. Regression: one number per row.
   * Zero rows give an empty array.
   */
  predict(features: FeatureMatrix): Float64Array
  /** Importance of each feature, in the order of the features; the sum is 1 (all are 0 when nothing was learned). */
  readonly importance?: Float64Array | undefined
  /** Out-of-bag score, if requested: accuracy or R². */
  readonly outOfBagScore?: number | undefined
  /** Of an iterative fit: whether it reached its tolerance, and how many iterations it took. */
  readonly converged?: boolean | undefined
  readonly iterations?: number | undefined
  /** Warnings about the fit. Not stored. */
  readonly warning?: string | undefined
  /** Whether it supports missing values without an imputer. */
  readonly takesMissing: boolean
  /** What `restoreLearner` needs: JSON and one block of bytes. */
  state(): LearnerState
}

/** A fitted learner as JSON and bytes. */
export interface LearnerState {
  readonly kind: string
  readonly json: Readonly<Record<string, unknown>>
  readonly bytes?: Uint8Array | undefined
}

/** Runs steps to the end in one go. */
export function runSteps<T>(
  steps: Generator<FitStep, T, 'stop' | undefined>,
  onStep: (step: FitStep) => 'stop' | undefined = () => undefined,
): T {
  let answer: 'stop' | undefined
  for (;;) {
    const step = steps.next(answer)
    if (step.done) return step.value
    answer = onStep(step.value)
  }
}
