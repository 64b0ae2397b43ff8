/** Learning curve and validation curve: scores by the number of training rows, and by the value of one option. */
import { attachDisplay, markdownTable, textTable } from '../../core/display'
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, finiteNumber, nonEmptyString, wholeNumber } from '../../core/options'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { createRng, permutation } from '../../core/random'
import { throwIfAborted } from '../../core/signal'
import type { Metric, MetricName } from '../../metrics/metric'
import type { NameOf } from '../../schema/row-types'
import type { Table } from '../../schema/table'
import {
  type CrossValidateOptions,
  checkCrossValidation,
  type FoldResult,
  type FoldScores,
  foldResults,
  scoresOf,
  type ValidationPlan,
  validationPlan,
  warningCollector,
} from '../cross-validate'
import type { Estimator } from '../estimator'
import type { DefaultScoring, MetricNameOf, MetricOf } from '../evaluate'
import type { ParamValue, ParamValues } from './distributions'
import type { Searched } from './search-estimator'
import { withOptions } from './with-options'

/** Options that both curves share. */
export interface CurveOptions<Scoring extends readonly (MetricName | Metric)[], Name extends string = string>
  extends Omit<CrossValidateOptions<Scoring, Name>, 'onProgress' | 'returnTrainScores'> {
  /** Points at the same time. @default 1 */
  readonly concurrency?: number | undefined
  /** Called after every point. */
  readonly onProgress?: OnProgress<'curve'> | undefined
}

/** One point of a curve. */
export interface CurvePoint<X, Names extends string = string> {
  /** The number of training rows (of the smallest fold), or the value of the option. */
  readonly x: X
  /** Scores by metric, each with those on the training rows. */
  readonly scores: Readonly<Record<Names, FoldScores & { readonly train: FoldScores }>>
}

/** Scores along a curve. */
export interface ScoreCurve<X, Names extends string = string> {
  /** What x is: `training rows`, or the name of the option. */
  readonly over: string
  readonly points: readonly CurvePoint<X, Names>[]
}

/**
 * Scores by the number of training rows, as scikit-learn's `learning_curve`: whether more data would help. Each fold's training rows are put in
 * a random order (of time, with `timeOrder`), and models learn from the first so many of them; smaller sets are part of larger ones.
 *
 * @throws InvalidArgument for sizes out of range; as `crossValidate`
 *
 * @example
 * const curve = await learningCurve(model, train, { target: 'late', sizes: [0.1, 0.3, 1], scoring: ['rocAuc'] })
 * curve.points.map(({ x, scores }) => [x, scores.rocAuc.train.mean, scores.rocAuc.mean])
 */
export async function learningCurve<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>>(
  estimator: E,
  table: T,
  options: CurveOptions<Scoring, NameOf<T>> & {
    /** Shares up to 1 of the training rows, or numbers of rows above 1. @default [0.1, 0.325, 0.55, 0.775, 1] */
    readonly sizes?: readonly number[] | undefined
  },
): Promise<ScoreCurve<number, MetricNameOf<Scoring[number]>>> {
  checkCrossValidation('learningCurve', options, { sizes: arrayOf(finiteNumber(0)), concurrency: wholeNumber(1) })
  const plan = validationPlan('learningCurve', estimator.task, table, options)
  const least = Math.min(...plan.folds.map(({ train }) => train.length))
  const sizes = [...new Set((options.sizes ?? [0.1, 0.325, 0.55, 0.775, 1]).map((size) => (size <= 1 ? Math.floor(size * least) : size)))]
  const wrong = sizes.find((size) => size < 1 || size > least || !Number.isInteger(size))
  if (sizes.length === 0 || wrong !== undefined) {
    throw invalidArgument(`\`sizes\` of learningCurve must give from 1 to ${least} training rows, got ${show(wrong ?? sizes)}`)
  }
  const orders = plan.folds.map(({ train }, i) => {
    if (options.timeOrder !== undefined) return train
    return permutation(train.length, createRng((options.seed ?? 0) + i)).map((at) => train[at] as number)
  })
  const plans = sizes
    .sort((a, b) => a - b)
    .map((size): [number, ValidationPlan] => {
      const folds = plan.folds.map(({ test }, i) => ({ train: (orders[i] as Int32Array).slice(0, size), test }))
      return [size, { ...plan, folds }]
    })
  const points = await curvePoints(
    plans.map(([x, part]) => ({ x, plan: part, make: () => estimator })),
    options,
  )
  return displayedCurve({ over: 'training rows', points }) as ScoreCurve<number, MetricNameOf<Scoring[number]>>
}

/**
 * Scores by the value of one option, as scikit-learn's `validation_curve`: where a model begins to learn by heart.
 *
 * @throws InvalidArgument for an unknown option; as `crossValidate`
 *
 * @example
 * await validationCurve(model, train, { target: 'late', param: 'randomForestClassifier.maxDepth', values: [2, 4, 8, 16], scoring: ['rocAuc'] })
 */
export async function validationCurve<
  E extends Estimator,
  T extends Table,
  const Value extends ParamValue,
  const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>,
>(
  estimator: Searched<E>,
  table: T,
  options: CurveOptions<Scoring, NameOf<T>> & {
    /** The option, by its name in `estimator.options`. */
    readonly param: string
    readonly values: readonly Value[]
  },
): Promise<ScoreCurve<Value, MetricNameOf<Scoring[number]>>> {
  checkCrossValidation('validationCurve', options, { param: nonEmptyString(), values: arrayOf(anything()), concurrency: wholeNumber(1) })
  const { param, values } = options
  if (param === undefined || values === undefined || values.length === 0) {
    throw invalidArgument("validationCurve needs `param` and `values`: { param: 'maxDepth', values: [2, 4, 8] }")
  }
  const make = typeof estimator === 'function' ? estimator : (params: ParamValues) => withOptions(estimator, params)
  const estimators = values.map((x) => ({ x, estimator: make({ [param]: x }) }))
  const plan = validationPlan('validationCurve', (estimators[0] as { estimator: E }).estimator.task, table, options)
  const points = await curvePoints(
    estimators.map(({ x, estimator: made }) => ({ x, plan, make: () => made })),
    options,
  )
  return displayedCurve({ over: param, points }) as ScoreCurve<Value, MetricNameOf<Scoring[number]>>
}

async function curvePoints<X>(
  points: readonly { readonly x: X; readonly plan: ValidationPlan; readonly make: () => Estimator }[],
  options: CurveOptions<readonly (MetricName | Metric)[]>,
): Promise<CurvePoint<X>[]> {
  const { signal, logger, workers, concurrency = 1 } = options
  throwIfAborted(signal)
  const report = progressReporter(options.onProgress)
  const warnings = warningCollector()
  const made: CurvePoint<X>[] = []
  let done = 0
  await forEach(points, concurrency, async ({ x, plan, make }, i) => {
    const results: FoldResult[] = []
    for await (const result of foldResults(make(), plan, { signal, workers, logger: warnings.logger, returnTrainScores: true }))
      results.push(result)
    made[i] = { x, scores: scoresOf(plan.metrics, results) as CurvePoint<X>['scores'] }
    report({ phase: 'curve', done: ++done, total: points.length, unit: 'steps' })
  })
  warnings.tell(points.length * (points[0]?.plan.folds.length ?? 0), logger)
  return made
}

function displayedCurve<T extends ScoreCurve<unknown>>(curve: T): T {
  const names = Object.keys(curve.points[0]?.scores ?? {})
  const header = [curve.over, ...names.flatMap((name) => [`${name} (train)`, `${name} (test)`, '±'])]
  const digits = (value: number): string => String(Number(value.toPrecision(4)))
  const rows = curve.points.map(({ x, scores }) => [
    x === null ? 'default' : String(x),
    ...names.flatMap((name) => {
      const { mean, std, train } = scores[name] as CurvePoint<unknown>['scores'][string]
      return [digits(train.mean), digits(mean), digits(std)]
    }),
  ])
  return attachDisplay(curve, {
    text: () => `scores over ${curve.over}, ${rows.length} points\n${textTable(header, rows)}`,
    markdown: () => markdownTable(header, rows),
  })
}
