/** The isolation forest: finds outliers without labels. */
import { attachDisplay } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import { type OnProgress, progressReporter } from '../../core/progress'
import { createRng } from '../../core/random'
import { throwIfAborted } from '../../core/signal'
import { toFloat64 } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import { treeEnsemble } from '../ensemble/tree-ensemble'
import { featureSpecs } from '../estimator'
import { type FittedClassifier, type FittedModel, makeFittedModel, matrixFor, type PredictionInput } from '../fitted-model'
import type { FeatureMatrix } from '../learner'
import { assertNumbers } from '../linear/linear-regression'
import { type Params, paramsOf } from '../params'
import { type FittedTransformer, fitTransform, sourcesOf, type Transformer } from '../transformer'
import { percentileOf } from '../transformers/percentile'
import { fittedIsolation, isFittedIsolation } from './fitted-isolation'
import { growIsolationTree, meanPath } from './isolation-trees'

/** Options of {@link isolationForest}. */
export interface IsolationForestOptions {
  /** @default 100 */
  readonly nEstimators?: number | undefined
  /** Rows of each tree: a number, or a share of the rows; 'auto' is 256, or all if there are fewer. @default 'auto' */
  readonly maxSamples?: number | 'auto' | undefined
  /** The share of outliers in the training rows, at most 0.5, which sets the threshold; 'auto' is that of the paper, a score of 0.5. @default 'auto' */
  readonly contamination?: number | 'auto' | undefined
  /** The share of the features that each tree looks at. @default 1 */
  readonly maxFeatures?: number | undefined
  /** Run before the trees, as in a chain. @default none */
  readonly transformers?: readonly Transformer[] | undefined
  /** The name of the answer; a column of this name is no feature. @default 'outlier' */
  readonly target?: string | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** Options of the `fit` of an isolation forest. */
export interface IsolationFitOptions {
  readonly signal?: AbortSignal | undefined
  /** Called after every tree. */
  readonly onProgress?: OnProgress<'fit'> | undefined
}

/** An estimator that learns what is usual, without a target. */
export interface OutlierEstimator {
  readonly kind: 'isolationForest'
  readonly options: Params
  /**
   * Fits on a table. The model answers `true` for outliers; its `predictProba` is above one half just for them.
   * @throws InvalidArgument for no rows, and for columns that are no finite numbers after the transformers
   */
  fit(table: Table, options?: IsolationFitOptions): FittedClassifier<boolean>
}

/**
 * An isolation forest (Liu, Ting and Zhou 2008), as scikit-learn's `IsolationForest`: each tree cuts 256 rows at random until each is alone, and rows that are
 * alone soon are outliers. Missing values need an imputer, text an encoder: `transformers`. A model is registered, served and exported like any classifier.
 *
 * @throws InvalidArgument on unknown options or values out of range
 *
 * @example
 * const fitted = isolationForest({ contamination: 0.01, transformers: [simpleImputer()], seed: 1 }).fit(readings)
 * fitted.predict(today) // true: an outlier
 * anomalyScores(fitted, today) // from 0 to 1, higher for odder rows
 */
export function isolationForest(options: IsolationForestOptions = {}): OutlierEstimator {
  const kind = 'isolationForest'
  const share = finiteNumber(Number.MIN_VALUE, 1)
  checkOptions(kind, options, {
    nEstimators: wholeNumber(1),
    maxSamples: either(oneOf('auto'), either(wholeNumber(1), { ...share, allowed: 'a share of the rows' })),
    contamination: either(oneOf('auto'), finiteNumber(Number.MIN_VALUE, 0.5)),
    maxFeatures: share,
    transformers: arrayOf(ofType('object')),
    target: nonEmptyString(),
    seed: finiteNumber(),
  })
  const {
    nEstimators = 100,
    maxSamples = 'auto',
    contamination = 'auto',
    maxFeatures = 1,
    transformers = [],
    target = 'outlier',
    seed = 0,
  } = options
  const settings = { nEstimators, maxSamples, contamination, maxFeatures, seed }
  const estimator: OutlierEstimator = {
    kind,
    options: paramsOf(settings),
    fit: (table, fitOptions = {}) => fitForest({ ...settings, transformers, target }, table, fitOptions),
  }
  return attachDisplay(estimator, {
    text: () => `isolationForest (not fitted): ${nEstimators} trees`,
    markdown: () => `**isolationForest** (not fitted): ${nEstimators} trees`,
  })
}

type Settings = Required<{ [Key in keyof IsolationForestOptions]: Exclude<IsolationForestOptions[Key], undefined> }>

function fitForest(settings: Settings, table: Table, { signal, onProgress, ...rest }: IsolationFitOptions): FittedClassifier<boolean> {
  checkOptions('fit of isolationForest', rest, { signal: anything(), onProgress: ofType('function') })
  assertTable(table, 'fit of isolationForest')
  if (table.numRows === 0) throw invalidArgument('fit of isolationForest needs at least one row, the table has none')
  const { target } = settings
  const { fitted, prepared } = prepare(settings, table)
  const names = prepared.columnNames.filter((name) => name !== target)
  const features = matrixOf(prepared, names)
  const ensemble = growForest(settings, features, signal, onProgress)
  const learner = fittedIsolation(ensemble, 0.5)
  const { contamination } = settings
  const threshold = contamination === 'auto' ? 0.5 : percentileOf(learner.scores(features).sort(), 1 - contamination, 'linear')
  return makeFittedModel({
    task: 'classification',
    target,
    targetType: 'boolean',
    classes: [false, true],
    features: featureSpecs(table, sourcesOf(fitted, names)),
    options: paramsOf({ nEstimators: settings.nEstimators, maxSamples: settings.maxSamples, contamination, seed: settings.seed }),
    transformers: fitted,
    learner: fittedIsolation(ensemble, threshold),
    matrixNames: names,
  }) as FittedClassifier<boolean>
}

function prepare({ transformers, target }: Settings, table: Table): { readonly fitted: FittedTransformer[]; readonly prepared: Table } {
  const fitted: FittedTransformer[] = []
  let prepared = table
  for (const step of transformers) {
    const done = fitTransform(step, prepared, table.columnNames.includes(target) ? { target } : {})
    fitted.push(done.fitted)
    prepared = done.table
  }
  return { fitted, prepared }
}

function matrixOf(table: Table, names: readonly string[]): FeatureMatrix {
  if (names.length === 0) throw invalidArgument('fit of isolationForest needs at least one column')
  const text = names.find((name) => table.column(name).type === 'string')
  if (text !== undefined) {
    throw invalidArgument(`isolationForest learns from numbers, but ${show(text)} is text`, {
      hint: 'put oneHotEncoder() into `transformers`',
    })
  }
  const features = { numRows: table.numRows, names, columns: names.map((name) => toFloat64(table.column(name))) }
  assertNumbers('isolationForest', features)
  return features
}

function growForest(
  { nEstimators, maxSamples, maxFeatures, seed }: Settings,
  features: FeatureMatrix,
  signal: AbortSignal | undefined,
  onProgress: OnProgress<'fit'> | undefined,
) {
  const { numRows, columns } = features
  const wanted = maxSamples === 'auto' ? 256 : maxSamples < 1 ? Math.max(1, Math.floor(maxSamples * numRows)) : maxSamples
  const samples = Math.min(wanted, numRows)
  const plan = { samples, features: Math.max(1, Math.floor(maxFeatures * columns.length)) }
  const rng = createRng(seed)
  const report = progressReporter(onProgress)
  throwIfAborted(signal)
  const trees = Array.from({ length: nEstimators }, (_, t) => {
    const tree = growIsolationTree(features, plan, rng.fork())
    report({ phase: 'fit', done: t + 1, total: nEstimators, unit: 'steps' })
    throwIfAborted(signal)
    return tree
  })
  const all = meanPath(samples)
  return treeEnsemble(
    trees,
    {
      numFeatures: columns.length,
      outputs: 1,
      targets: new Int32Array(nEstimators),
      // One row has no path to it: then every score is 0.5.
      base: Float64Array.of(all > 0 ? 0 : nEstimators),
      scale: -Math.LN2 / (nEstimators * (all > 0 ? all : 1)),
      link: 'exponential',
      precision: 'float64',
      zeroIsMissing: new Uint8Array(columns.length),
    },
    () => new MillwrightError('Internal', 'an isolation tree is no tree'),
  )
}

/**
 * The anomaly scores of rows, from 0 to 1, higher for odder ones: scikit-learn's `score_samples` without its minus sign. A row is an outlier above
 * the model's threshold: 0.5, or the share `contamination` of the training rows.
 *
 * @throws Unsupported for a model that is no isolation forest; SchemaMismatch as `predict`
 */
export function anomalyScores(model: FittedModel, data: PredictionInput): Float64Array {
  const { learner } = model.parts
  if (!isFittedIsolation(learner)) {
    throw new MillwrightError('Unsupported', `anomalyScores takes the model of an isolationForest, not of ${learner.kind}`)
  }
  return learner.scores(matrixFor(model.parts, data))
}
