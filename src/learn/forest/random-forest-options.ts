/** Options of both forests: checks, defaults, and their values for given data. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, either, finiteNumber, type OptionRule, ofType, oneOf, wholeNumber } from '../../core/options'

/** Options that both forests share. */
export interface RandomForestOptions {
  /** Number of trees. @default 100 */
  readonly nEstimators?: number | undefined
  /** Greatest depth of a tree; a tree of depth 1 has one split. @default unlimited */
  readonly maxDepth?: number | undefined
  /** Least number of samples a node must have to be split; rows drawn twice count twice. @default 2 */
  readonly minSamplesSplit?: number | undefined
  /** Least number of samples on each side of a split; rows drawn twice count twice. @default 1 */
  readonly minSamplesLeaf?: number | undefined
  /** Least decrease of impurity by a split, as a share of the whole sample. @default 0 */
  readonly minImpurityDecrease?: number | undefined
  /**
   * Features tried per split, drawn anew each time: a whole number is a count, a fraction below 1 a share.
   * @default 'sqrt' for classifiers, 'all' for regressors
   */
  readonly maxFeatures?: 'sqrt' | 'log2' | 'all' | number | undefined
  /** Whether each tree learns from rows drawn with replacement. @default true */
  readonly bootstrap?: boolean | undefined
  /** Rows drawn per tree: a count from 2, or a share of the rows up to 1. Only with `bootstrap`. @default as many as there are */
  readonly maxSamples?: number | undefined
  /** Most ranges that a feature is cut into; 255 and below is faster and smaller, but less precise. @default 65535 */
  readonly maxBins?: number | undefined
  /** Compute the out-of-bag score (`outOfBagScore`). Only with `bootstrap`. @default false */
  readonly oobScore?: boolean | undefined
  /** Equal seeds and data give equal forests, on every runtime. @default 0 */
  readonly seed?: number | undefined
}

/** Options of `randomForestClassifier`. */
export interface RandomForestClassifierOptions extends RandomForestOptions {
  /** The impurity that splits decrease. @default 'gini' */
  readonly criterion?: 'gini' | 'entropy' | undefined
  /**
   * Weight of each class: `balanced` makes all classes count alike, `balancedSubsample` does so in each tree's sample; or a weight
   * per label (as text), 1 for labels not named. @default all 1
   */
  readonly classWeight?: 'balanced' | 'balancedSubsample' | Readonly<Record<string, number>> | undefined
}

/** Options of `randomForestRegressor`. */
export interface RandomForestRegressorOptions extends RandomForestOptions {}

/** Shared options with their defaults. */
export interface ForestSettings {
  readonly nEstimators: number
  readonly maxDepth: number | undefined
  readonly minSamplesSplit: number
  readonly minSamplesLeaf: number
  readonly minImpurityDecrease: number
  readonly maxFeatures: 'sqrt' | 'log2' | 'all' | number
  readonly bootstrap: boolean
  readonly maxSamples: number | undefined
  readonly maxBins: number
  readonly oobScore: boolean
  readonly seed: number
}

/** Checks options and fills in defaults. @throws InvalidArgument */
export function forestSettings(
  kind: string,
  options: RandomForestOptions,
  defaults: { readonly maxFeatures: 'sqrt' | 'all'; readonly rules?: Readonly<Record<string, OptionRule>> },
): ForestSettings {
  const fraction: OptionRule = { allowed: 'a share between 0 and 1', test: (v) => typeof v === 'number' && v > 0 && v < 1 }
  const share: OptionRule = { allowed: 'a share above 0, up to 1', test: (v) => typeof v === 'number' && v > 0 && v <= 1 }
  checkOptions(kind, options, {
    nEstimators: wholeNumber(1, 100_000),
    maxDepth: wholeNumber(1),
    minSamplesSplit: wholeNumber(2),
    minSamplesLeaf: wholeNumber(1),
    minImpurityDecrease: finiteNumber(0),
    maxFeatures: either(oneOf('sqrt', 'log2', 'all'), either(wholeNumber(1), fraction)),
    bootstrap: ofType('boolean'),
    maxSamples: either(wholeNumber(2), share),
    maxBins: wholeNumber(2, 65535),
    oobScore: ofType('boolean'),
    seed: finiteNumber(),
    ...defaults.rules,
  })
  const settings: ForestSettings = {
    nEstimators: options.nEstimators ?? 100,
    maxDepth: options.maxDepth,
    minSamplesSplit: options.minSamplesSplit ?? 2,
    minSamplesLeaf: options.minSamplesLeaf ?? 1,
    minImpurityDecrease: options.minImpurityDecrease ?? 0,
    maxFeatures: options.maxFeatures ?? defaults.maxFeatures,
    bootstrap: options.bootstrap ?? true,
    maxSamples: options.maxSamples,
    maxBins: options.maxBins ?? 65535,
    oobScore: options.oobScore ?? false,
    seed: options.seed ?? 0,
  }
  if (!settings.bootstrap && settings.oobScore)
    throw invalidArgument(`\`oobScore\` of ${kind} needs \`bootstrap\`: every row is in every tree`)
  if (!settings.bootstrap && settings.maxSamples !== undefined) throw invalidArgument(`\`maxSamples\` of ${kind} needs \`bootstrap\``)
  return settings
}

/** Features tried per split. @throws InvalidArgument when more are asked for than there are */
export function featuresPerSplit(kind: string, maxFeatures: ForestSettings['maxFeatures'], count: number): number {
  if (maxFeatures === 'all') return count
  if (maxFeatures === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(count)))
  if (maxFeatures === 'log2') return Math.max(1, Math.floor(Math.log2(count)))
  if (maxFeatures < 1) return Math.max(1, Math.floor(maxFeatures * count))
  if (maxFeatures > count) throw invalidArgument(`\`maxFeatures\` of ${kind} is ${maxFeatures}, but there are only ${count} features`)
  return maxFeatures
}

/** Rows drawn per tree. @throws InvalidArgument when more are asked for than there are */
export function rowsPerTree(kind: string, maxSamples: number | undefined, numRows: number): number {
  if (maxSamples === undefined) return numRows
  if (maxSamples <= 1) return Math.max(1, Math.round(maxSamples * numRows))
  if (maxSamples > numRows) throw invalidArgument(`\`maxSamples\` of ${kind} is ${maxSamples}, but there are only ${numRows} rows`)
  return maxSamples
}

/**
 * Weights of classes for given counts; `undefined` when all are 1. A class without rows weighs 0 under `balanced`.
 *
 * @throws InvalidArgument for a label that the target does not have
 */
export function classWeights(
  kind: string,
  classWeight: RandomForestClassifierOptions['classWeight'],
  counts: ArrayLike<number>,
  classNames: readonly string[],
): Float64Array | undefined {
  if (classWeight === undefined) return undefined
  if (typeof classWeight === 'string') {
    const all = Array.from(counts).reduce((sum, count) => sum + count, 0)
    return Float64Array.from(counts, (count) => (count === 0 ? 0 : all / (counts.length * count)))
  }
  const unknown = Object.keys(classWeight).find((label) => !classNames.includes(label))
  if (unknown !== undefined) {
    throw invalidArgument(
      `\`classWeight\` of ${kind} names the label ${show(unknown)}; the target has ${classNames.slice(0, 10).map(show).join(', ')}`,
    )
  }
  return Float64Array.from(classNames, (label) => (Object.hasOwn(classWeight, label) ? (classWeight[label] as number) : 1))
}

/** The rule of weights by label. */
export function weightRecord(): OptionRule {
  return {
    allowed: 'a record of label → weight ≥ 0',
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((w) => typeof w === 'number' && Number.isFinite(w) && w >= 0),
  }
}
