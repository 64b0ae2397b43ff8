/** Options of gradient boosting: checks, and defaults. */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../../core/options'
import type { FeatureMatrix } from '../learner'

/** Options that both kinds of gradient boosting share. */
export interface GradientBoostingOptions {
  /** Iterations at most; each grows one tree, or one per class where there are more than two. @default 100 */
  readonly nEstimators?: number | undefined
  /** The share of each tree's correction that is added. @default 0.1 */
  readonly learningRate?: number | undefined
  /** Most leaves of a tree. The leaf whose split gains most is split next. @default 31 */
  readonly maxLeafNodes?: number | undefined
  /** Greatest depth of a tree; a tree of depth 1 has one split. @default unlimited */
  readonly maxDepth?: number | undefined
  /** Least rows of a leaf. @default 20 */
  readonly minSamplesLeaf?: number | undefined
  /** Least gain of a split: half of it is the decrease of the loss. @default 0 */
  readonly minSplitGain?: number | undefined
  /** Strength of the L2 penalty on leaf values. @default 0 */
  readonly l2Regularization?: number | undefined
  /** Most ranges that a feature is cut into, missing values not counted. @default 255 */
  readonly maxBins?: number | undefined
  /** The share of the features that each split tries, drawn anew each time. @default 1 */
  readonly maxFeatures?: number | undefined
  /** The share of the rows that each iteration learns from, drawn without replacement. @default 1 */
  readonly subsample?: number | undefined
  /**
   * Columns whose values are categories without an order; a split puts any set of them on one side. A column has at most 254 categories; the
   * rarest beyond count as one. Text columns are always among them.
   * @default the text columns
   */
  readonly categoricalFeatures?: readonly string[] | undefined
  /** By column: 1 where the prediction may only rise with the feature, −1 where it may only fall. Of classifiers, the second class's probability. */
  readonly monotonicConstraints?: Readonly<Record<string, -1 | 0 | 1>> | undefined
  /** Stops when the loss on rows held back no longer falls, and keeps the trees up to the lowest loss. @default false */
  readonly earlyStopping?: boolean | undefined
  /** The share of the rows held back. Only with `earlyStopping`. @default 0.1 */
  readonly validationFraction?: number | undefined
  /** Iterations without a lower loss before it stops. Only with `earlyStopping`. @default 10 */
  readonly patience?: number | undefined
  /** Decreases of the loss up to this much do not count. Only with `earlyStopping`. @default 1e-7 */
  readonly tolerance?: number | undefined
  /** Equal seeds and data give equal models, on every runtime. @default 0 */
  readonly seed?: number | undefined
}

/** Options of `gradientBoostingClassifier`. */
export interface GradientBoostingClassifierOptions extends GradientBoostingOptions {
  /** Weight of each class: `balanced` makes all classes count alike; or a weight per label (as text), 1 for labels not named. @default all 1 */
  readonly classWeight?: 'balanced' | Readonly<Record<string, number>> | undefined
}

/** Options of `gradientBoostingRegressor`. */
export interface GradientBoostingRegressorOptions extends GradientBoostingOptions {
  /** What is lowered: the squared error predicts the mean, the absolute error the median, `quantile` the quantile of the option `quantile`. @default 'squaredError' */
  readonly loss?: 'squaredError' | 'absoluteError' | 'quantile' | undefined
  /** Which quantile is predicted. Only with the loss `quantile`. @default 0.5 */
  readonly quantile?: number | undefined
}

/** Shared options with their defaults. */
export interface BoostingSettings {
  readonly nEstimators: number
  readonly learningRate: number
  readonly maxLeafNodes: number
  readonly maxDepth: number | undefined
  readonly minSamplesLeaf: number
  readonly minSplitGain: number
  readonly l2Regularization: number
  readonly maxBins: number
  readonly maxFeatures: number
  readonly subsample: number
  readonly categoricalFeatures: readonly string[] | undefined
  readonly monotonicConstraints: Readonly<Record<string, -1 | 0 | 1>> | undefined
  readonly earlyStopping: boolean
  readonly validationFraction: number | undefined
  readonly patience: number | undefined
  readonly tolerance: number | undefined
  readonly seed: number
}

/** A share between 0 and 1, both excluded. */
export function openShare(): OptionRule {
  return { allowed: 'a share between 0 and 1', test: (value) => typeof value === 'number' && value > 0 && value < 1 }
}

/** A share above 0, up to 1. */
function share(): OptionRule {
  return { allowed: 'a share above 0, up to 1', test: (value) => typeof value === 'number' && value > 0 && value <= 1 }
}

const directions: OptionRule = {
  allowed: 'a record of column → 1, 0 or -1',
  test: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((d) => d === 1 || d === 0 || d === -1),
}

/** Checks options and fills in defaults. @throws InvalidArgument */
export function boostingSettings(
  kind: string,
  options: GradientBoostingOptions,
  rules: Readonly<Record<string, OptionRule>>,
): BoostingSettings {
  checkOptions(kind, options, {
    nEstimators: wholeNumber(1, 100_000),
    learningRate: { allowed: 'a number above 0', test: (value) => finiteNumber(0).test(value) && value !== 0 },
    maxLeafNodes: wholeNumber(2, 65_536),
    maxDepth: wholeNumber(1),
    minSamplesLeaf: wholeNumber(1),
    minSplitGain: finiteNumber(0),
    l2Regularization: finiteNumber(0),
    maxBins: wholeNumber(2, 255),
    maxFeatures: share(),
    subsample: share(),
    categoricalFeatures: arrayOf(nonEmptyString()),
    monotonicConstraints: directions,
    earlyStopping: ofType('boolean'),
    validationFraction: openShare(),
    patience: wholeNumber(1),
    tolerance: finiteNumber(0),
    seed: finiteNumber(),
    ...rules,
  })
  const { earlyStopping = false, validationFraction, patience, tolerance } = options
  const idle = Object.entries({ validationFraction, patience, tolerance }).find(([, value]) => value !== undefined)
  if (!earlyStopping && idle !== undefined) throw invalidArgument(`\`${idle[0]}\` of ${kind} needs \`earlyStopping\``)
  return {
    nEstimators: options.nEstimators ?? 100,
    learningRate: options.learningRate ?? 0.1,
    maxLeafNodes: options.maxLeafNodes ?? 31,
    maxDepth: options.maxDepth,
    minSamplesLeaf: options.minSamplesLeaf ?? 20,
    minSplitGain: options.minSplitGain ?? 0,
    l2Regularization: options.l2Regularization ?? 0,
    maxBins: options.maxBins ?? 255,
    maxFeatures: options.maxFeatures ?? 1,
    subsample: options.subsample ?? 1,
    categoricalFeatures: options.categoricalFeatures,
    monotonicConstraints: options.monotonicConstraints,
    earlyStopping,
    validationFraction: earlyStopping ? (validationFraction ?? 0.1) : undefined,
    patience: earlyStopping ? (patience ?? 10) : undefined,
    tolerance: earlyStopping ? (tolerance ?? 1e-7) : undefined,
    seed: options.seed ?? 0,
  }
}

/** The direction of each feature: 1, −1, or 0 for none. @throws InvalidArgument for a column that is no feature or holds categories */
export function directionsOf(kind: string, constraints: BoostingSettings['monotonicConstraints'], features: FeatureMatrix): Int8Array {
  const found = new Int8Array(features.columns.length)
  for (const [name, direction] of Object.entries(constraints ?? {})) {
    const f = features.names.indexOf(name)
    if (f < 0) throw invalidArgument(`\`monotonicConstraints\` of ${kind} names ${show(name)}, which is no feature`)
    if (direction !== 0 && features.categorical?.[f] === true) {
      throw invalidArgument(`\`monotonicConstraints\` of ${kind} names ${show(name)}, whose categories have no order`)
    }
    found[f] = direction
  }
  return found
}
