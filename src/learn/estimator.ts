/** The estimator: has options, and returns a fitted model when it is fitted on a table. */

import { systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Logger } from '../core/logger'
import { anything, checkOptions, either, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../core/options'
import { type OnProgress, type ProgressEvent, progressReporter } from '../core/progress'
import { throwIfAborted, yieldToEventLoop } from '../core/signal'
import type { Label } from '../metrics/label'
import { toFloat64 } from '../schema/column'
import type { NameOf, RowOf } from '../schema/row-types'
import type { ColumnSpec } from '../schema/signature'
import { assertTable, type Table } from '../schema/table'
import { estimatorMarkdown, estimatorText } from './display'
import { encodedCategories } from './encoded-categories'
import type { ScoredTask } from './evaluate'
import { type FittedClassifier, type FittedModel, type FittedRegressor, makeFittedModel, matrixFor } from './fitted-model'
import {
  type FeatureMatrix,
  type FitStep,
  type FitSteps,
  type FittedLearner,
  type FoldFeatures,
  type Learner,
  runSteps,
  type TargetVector,
} from './learner'
import type { Params } from './params'
import { checkValidation, type FitValidation, validationScorer } from './rounds'
import { takeRows } from './rows'
import { targetOf } from './target'
import { type FittedTransformer, fitTransform, sourcesOf, type Transformer } from './transformer'
import { weightsOf } from './weights'

/** Options of `fit` and `fitAsync`. */
export interface FitOptions<Name extends string = string> {
  /** The column to predict. Every other column is a feature. */
  readonly target: Name
  /**
   * How much each row counts: a column, which is then no feature, or one number ≥ 0 per row. Only for gradient boosting.
   * @default all rows count alike
   */
  readonly sampleWeight?: string | ArrayLike<number> | undefined
  /** Stops between steps (trees); the signal's reason is thrown. An aborted fit has no effect. */
  readonly signal?: AbortSignal | undefined
  /** Called after every step (tree). */
  readonly onProgress?: OnProgress<'fit'> | undefined
  /**
   * Of `fitAsync`: grows the trees of a forest on other threads too, with the same result: so many threads beside the calling one, or with `true` as many as the
   * machine has cores for. They are worker threads of Node or Web Workers, kept for a few seconds after use. Without threads, and for other learners, the
   * calling thread does everything.
   * @default false
   */
  readonly workers?: number | boolean | undefined
  /**
   * Scores the model on other rows while it learns, round by round, and lets you end the fit: for curves, and to stop what leads nowhere. Only
   * gradient boosting and random forests; the calling thread does everything then. The model is the same as without, unless it is ended.
   */
  readonly validation?: FitValidation | undefined
  /** Receives warnings through `warn`, such as a fit that did not converge. @default the console */
  readonly logger?: Logger | undefined
}

/** An estimator. Immutable: fitting twice gives two models. */
export interface Estimator {
  readonly kind: string
  readonly task: 'classification' | 'regression'
  /** All options with their defaults, as a flat record for `run.logParams`. */
  readonly options: Params
  /** The learning algorithm, without the transformers. */
  readonly learner: Learner
  /** The transformers before it. */
  readonly transformers: readonly Transformer[]
  /**
   * Fits on a table. Blocks the thread until it is done.
   *
   * @throws NotFound when there is no target column; InvalidArgument when the target has missing values or does not fit the
   * task, when there are no rows or features, or a feature is of a kind the learner cannot take
   */
  fit<T extends Table, const Name extends NameOf<T>>(table: T, options: FitOptions<Name>): FittedModel
  /** As `fit`, but yields to the event loop every few milliseconds. Gives the same model. */
  fitAsync<T extends Table, const Name extends NameOf<T>>(table: T, options: FitOptions<Name>): Promise<FittedModel>
}

/** The labels of a model that learns column `Name` of rows of type `R`; {@link Label} if the type of the rows does not say it. */
export type LabelIn<R, Name extends PropertyKey> = string extends keyof R
  ? Label
  : Name extends keyof R
    ? Extract<Exclude<R[Name], null>, Label>
    : Label

/** An estimator for classification. The labels of its models have the type of the target column, if the dataset is typed. */
export interface Classifier extends Estimator {
  readonly task: 'classification'
  fit<T extends Table, const Name extends NameOf<T>>(table: T, options: FitOptions<Name>): FittedClassifier<LabelIn<RowOf<T>, Name>>
  fitAsync<T extends Table, const Name extends NameOf<T>>(
    table: T,
    options: FitOptions<Name>,
  ): Promise<FittedClassifier<LabelIn<RowOf<T>, Name>>>
}

/** An estimator for regression. */
export interface Regressor extends Estimator {
  readonly task: 'regression'
  fit<T extends Table, const Name extends NameOf<T>>(table: T, options: FitOptions<Name>): FittedRegressor
  fitAsync<T extends Table, const Name extends NameOf<T>>(table: T, options: FitOptions<Name>): Promise<FittedRegressor>
}

/** The rule of a `logger` option. */
export const loggerRule: OptionRule = {
  allowed: 'a logger such as `console`',
  test: (value) => typeof (value as Logger | null)?.warn === 'function',
}

/** How long a fit runs before it yields to the event loop, in milliseconds. */
const TURN_MS = 12

/** An estimator of transformers and a learner. */
export function makeEstimator<E extends Estimator = Estimator>(
  kind: string,
  transformers: readonly Transformer[],
  learner: Learner,
  options: Params,
): E {
  const parts = { transformers, learner, options }
  const estimator: Estimator = {
    kind,
    task: learner.task,
    options,
    learner,
    transformers,
    fit(table, fitOptions) {
      throwIfAborted(fitOptions?.signal)
      const report = progressReporter(fitOptions?.onProgress)
      const fit = prepareFit(parts, table, fitOptions)
      const fitted = runSteps(fit.steps(fitOptions.validation?.table), (step) => {
        report(progressOf(step))
        throwIfAborted(fitOptions.signal)
        return fit.score?.(step)
      })
      const model = fit.finish(fitted)
      tellWarnings(model.warnings, fitOptions.logger)
      return model
    },
    async fitAsync(table, fitOptions) {
      throwIfAborted(fitOptions?.signal)
      const report = progressReporter(fitOptions?.onProgress)
      const { signal, workers = false, logger, validation } = fitOptions ?? {}
      const fit = prepareFit(parts, table, fitOptions)
      const alone = workers === false || validation !== undefined
      const fitted = alone ? undefined : await learner.onThreads?.(fit.features, fit.target, { workers, signal, report })
      const model = fit.finish(fitted ?? (await inTurns(fit, validation?.table, { report, signal })))
      tellWarnings(model.warnings, logger)
      return model
    },
  }
  attachDisplay(estimator, { text: () => estimatorText(estimator), markdown: () => estimatorMarkdown(estimator) })
  return estimator as E
}

/** Runs steps to the end; the event loop gets a turn every few milliseconds. @throws the signal's reason */
async function inTurns(
  fit: PreparedFit,
  others: Table | undefined,
  { report, signal }: { readonly report: (event: ProgressEvent<'fit'>) => void; readonly signal: AbortSignal | undefined },
): Promise<FittedLearner> {
  const steps = fit.steps(others)
  const nextTurn = createTurns(signal)
  let answer: 'stop' | undefined
  for (;;) {
    const step = steps.next(answer)
    if (step.done) return step.value
    report(progressOf(step.value))
    answer = fit.score?.(step.value)
    await nextTurn()
  }
}

/** Gives the event loop a turn every few milliseconds. The function throws the signal's reason. */
export function createTurns(signal: AbortSignal | undefined): () => Promise<void> {
  const clock = systemClock()
  let turn = clock.now()
  return async () => {
    if (clock.now() - turn >= TURN_MS) {
      await yieldToEventLoop()
      turn = clock.now()
    }
    throwIfAborted(signal)
  }
}

/** The event of a step, without what only the fit needs. */
function progressOf({ phase, done, total, unit }: FitStep): ProgressEvent<'fit'> {
  return { phase, done, total, unit }
}

/** Writes warnings to the given logger, or to the console. */
export function tellWarnings(warnings: readonly string[], logger: Logger | undefined): void {
  for (const warning of warnings) {
    if (logger === undefined) console.warn(`millwright: ${warning}`)
    else logger.warn(warning)
  }
}

/** What an estimator is made of. */
export interface EstimatorParts {
  readonly transformers: readonly Transformer[]
  readonly learner: Learner
  readonly options: Params
}

/** A table made ready for the learner. */
export interface PreparedFit {
  readonly features: FeatureMatrix
  readonly target: TargetVector
  /** What the target is, for scores. */
  readonly task: ScoredTask
  /** The steps of the fit. @param others rows that are not learned from, which steps of learners in rounds predict */
  steps(others?: Table): FitSteps
  /** Scores a step as `validation` asks; absent without it. */
  readonly score?: ((step: FitStep) => 'stop' | undefined) | undefined
  /** The model of what was learned. */
  finish(fitted: FittedLearner): FittedModel
}

/** Checks the options, fits the transformers, and makes the learner's numbers. */
export function prepareFit(parts: EstimatorParts, table: Table, options: FitOptions): PreparedFit {
  const { learner } = parts
  assertFitInput(learner, table, options)
  const { table: rows, weights } = weightsOf(learner, table, options)
  const target = targetOf(rows.column(options.target), learner.task)
  if (learner.task === 'classification' && target.classes.length < (learner.minClasses ?? 1)) {
    throw invalidArgument(
      `fit of ${learner.kind} needs at least ${learner.minClasses} classes, but the target ${show(options.target)} is ${show(target.classes[0])} in every row`,
    )
  }
  const transformers: FittedTransformer[] = []
  let prepared = rows
  for (const step of parts.transformers) {
    const { fitted, table: transformed } = fitTransform(step, prepared, { target: options.target, task: learner.task })
    transformers.push(fitted)
    prepared = transformed
  }
  const encoded = encodedCategories(learner, prepared, options.target)
  if (encoded.step !== undefined) transformers.push(encoded.step)
  const features = featureMatrix(learner.kind, encoded.table, options.target, encoded.columns)
  const weighted = weights === undefined ? target.vector : { ...target.vector, weights }
  const task = { task: learner.task, target: options.target, classes: target.classes }
  const input = { features: featureSpecs(rows, sourcesOf(transformers, features.names)), transformers, matrixNames: features.names }
  return {
    features,
    target: weighted,
    task,
    ...(options.validation === undefined ? {} : { score: validationScorer(task, options.validation) }),
    steps(others) {
      const watched = others && matrixFor({ ...input, learner: { kind: learner.kind, takesMissing: true } }, others)
      return learner.steps(features, weighted, foldFeatures(parts, table, options.target), watched)
    },
    finish: (fitted) =>
      makeFittedModel({ ...task, ...input, targetType: table.column(options.target).type, options: parts.options, learner: fitted }),
  }
}

function assertFitInput(learner: Learner, table: Table, options: FitOptions): void {
  const { kind } = learner
  assertTable(table, `fit of ${kind}`)
  if (typeof options !== 'object' || options === null || typeof options.target !== 'string') {
    const got = typeof options === 'object' ? options?.target : options
    throw invalidArgument(`fit of ${kind} needs \`target\`, the name of the column to predict, got ${show(got)}`, {
      hint: "fit(table, { target: 'late' })",
    })
  }
  checkOptions(`fit of ${kind}`, options, {
    target: nonEmptyString(),
    sampleWeight: anything(),
    signal: anything(),
    onProgress: ofType('function'),
    workers: either(wholeNumber(0), ofType('boolean')),
    validation: ofType('object'),
    logger: loggerRule,
  })
  if (!table.columnNames.includes(options.target)) {
    const names = table.columnNames.slice(0, 30).map(show).join(', ')
    const more = table.columnNames.length > 30 ? ` and ${table.columnNames.length - 30} more` : ''
    throw new MillwrightError('NotFound', `fit: no target column ${show(options.target)}; the table has ${names || 'no columns'}${more}`)
  }
  if (table.numRows === 0) throw invalidArgument(`fit of ${kind} needs at least one row, the table has none`)
  if (options.validation !== undefined) checkValidation(learner, options.validation, options.target)
}

/** Fits the transformers on a part of the rows, and transforms that part and another. */
function foldFeatures({ transformers, learner }: EstimatorParts, table: Table, target: string): FoldFeatures | undefined {
  if (transformers.length === 0) return undefined
  return (train, test) => {
    let [learned, others] = [takeRows(table, train), takeRows(table, test)]
    for (const step of transformers) {
      const { fitted, table: transformed } = fitTransform(step, learned, { target, task: learner.task })
      learned = transformed
      others = fitted.transform(others)
    }
    const encoded = encodedCategories(learner, learned, target)
    if (encoded.step !== undefined) others = encoded.step.transform(others)
    const features = featureMatrix(learner.kind, encoded.table, target, encoded.columns)
    const same = features.names.map((name) => toFloat64(others.column(name)))
    return { train: features, test: { numRows: others.numRows, names: features.names, columns: same } }
  }
}

/** The table's columns but the target, as numbers. */
function featureMatrix(kind: string, table: Table, target: string, categorical: readonly string[]): FeatureMatrix {
  const names = table.columnNames.filter((name) => name !== target)
  if (names.length === 0) throw invalidArgument(`fit of ${kind} needs at least one feature column beside the target ${show(target)}`)
  const text = names.filter((name) => table.column(name).type === 'string')
  if (text.length > 0) {
    throw invalidArgument(
      `${kind} learns from numbers, but ${text.slice(0, 10).map(show).join(', ')} ${text.length === 1 ? 'is' : 'are'} text`,
      {
        hint: 'put oneHotEncoder() before it in a chain, or drop the column',
        details: { columns: text },
      },
    )
  }
  const columns = names.map((name) => toFloat64(table.column(name)))
  return {
    numRows: table.numRows,
    names,
    columns,
    ...(categorical.length === 0 ? {} : { categorical: names.map((name) => categorical.includes(name)) }),
  }
}

/** The columns of a table that a model needs. */
export function featureSpecs(table: Table, needed: ReadonlySet<string>): ColumnSpec[] {
  return table.columnNames
    .filter((name) => needed.has(name))
    .map((name) => {
      const { type, nullCount, dictionary } = table.column(name)
      const categories = dictionary !== undefined && dictionary.length <= 1000 ? [...dictionary].sort() : undefined
      return { name, type, required: nullCount === 0, ...(categories === undefined ? {} : { categories }) }
    })
}
