/** What the searches over an estimator's options share: options, trials by cross-validation, the result. */
import { type Clock, systemClock } from '../../core/clock'
import { invalidArgument } from '../../core/errors'
import { sha256, sha256Hex } from '../../core/hash'
import { canonicalJson } from '../../core/json'
import { anything, type OptionRule, ofType, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { Metric, MetricName } from '../../metrics/metric'
import type { Table } from '../../schema/table'
import {
  assertEstimator,
  type CrossValidateOptions,
  checkCrossValidation,
  type FoldResult,
  foldResults,
  scoresOf,
  summaryOf,
  type ValidationPlan,
  validationPlan,
  warningCollector,
} from '../cross-validate'
import type { Estimator } from '../estimator'
import { assertRounds } from '../rounds'
import type { Distribution, ParamValues, SearchSpace } from './distributions'
import { isKept, type KnownTrials, knownTrials } from './known-trials'
import { type CheckedPruning, type Pruner, type Pruning, pruningOf, pruningRule } from './pruning'
import { nothingFound, type RunningTrial, runTrials, type Suggestion, type TrialLoop, type TrialOutcome } from './run-trials'
import { displayedSearch, type FittedOf, type SearchResult } from './search-result'
import { logBest, type SearchRun } from './search-run'
import { ranked, type SearchTrial } from './trial'
import type { TrialTracker } from './trial-runs'
import type { TrialStorage } from './trial-store'
import { validateRounds } from './validate-rounds'
import { withOptions } from './with-options'

/** Options that all searches share. */
export interface SearchOptions<Scoring extends readonly (MetricName | Metric)[], Name extends string = string>
  extends Omit<CrossValidateOptions<Scoring, Name>, 'onProgress'> {
  /**
   * What each option may be, by the name that `estimator.options` has for it: `randomForestClassifier.maxDepth` in a chain, `maxDepth` of a
   * single model.
   */
  readonly params: SearchSpace
  /** Fit the best estimator on the whole table. @default true */
  readonly refit?: boolean | undefined
  /** Trials at the same time. Pays off where a fit waits for something, such as a worker. @default 1 */
  readonly concurrency?: number | undefined
  /**
   * Stops trials that are hopeless: `true` by the median rule after each fold; a pruner such as `successiveHalvingPruner()`; or
   * `{ pruner, each: 'round' }` to stop them between the trees of their fits. @default no pruning
   */
  readonly pruning?: Pruner | Pruning | boolean | undefined
  /** Keep finished trials, and skip those that are there already. @default none */
  readonly store?: TrialStorage | undefined
  /** Log every trial as a run nested in this one, and the best to this one. @default none */
  readonly run?: SearchRun | undefined
  /**
   * The tracker of `run`: trials that finished in an earlier call with this `run` are read back from its nested runs, and not fitted again. The
   * result is that of a search that was not interrupted. `tracker.run({ name, resume: true }, …)` opens the earlier run. Runs of trials
   * that did not end become `killed`, so only one process may search in a run. The best's params are then also the tags `best_<param>`, since a
   * param of the run cannot change when a later trial is better. @default every trial is fitted
   */
  readonly resume?: TrialTracker | undefined
  /** Called after every trial. */
  readonly onProgress?: OnProgress<'search'> | undefined
  /** Called with every trial that ended; what it throws is ignored. */
  readonly onTrial?: ((trial: SearchTrial) => void) | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** An estimator whose options are changed by name, or a function that makes one from the params. */
export type Searched<E extends Estimator> = E | ((params: ParamValues) => E)

/** The options of any search, for the code that all searches share. */
export type AnySearchOptions = SearchOptions<readonly (MetricName | Metric)[]>

/** A search that is ready to run. */
export interface PreparedSearch<E extends Estimator> {
  readonly method: string
  readonly plan: ValidationPlan
  readonly options: AnySearchOptions
  readonly make: (params: ParamValues) => E
  readonly metric: Metric
  readonly trials: KnownTrials
  readonly pruning: CheckedPruning | undefined
  readonly startedAt: number
  readonly clock: Clock
}

/** Checks options and estimator, divides the rows, and opens the store. */
export async function prepareSearch<E extends Estimator>(
  method: string,
  given: Searched<E>,
  table: Table,
  options: AnySearchOptions,
  facts: { readonly example: ParamValues; readonly space: ReadonlyMap<string, Distribution>; readonly identity: object },
): Promise<PreparedSearch<E>> {
  const { clock = systemClock(), signal } = options
  throwIfAborted(signal)
  const pruned = pruningOf(method, options.pruning)
  const make = typeof given === 'function' ? given : (params: ParamValues) => withOptions(given, params)
  // An unknown name is an error now, not in every trial.
  const example = make(facts.example)
  assertEstimator(method, example)
  if (pruned?.each === 'round') assertRounds(`\`pruning\` with \`each: 'round'\` of ${method}`, example.learner)
  const plan = validationPlan(method, example.task, table, options)
  const { seed = 0, pruning } = options
  const identity = {
    method,
    seed,
    pruning,
    space: [...facts.space],
    ...facts.identity,
    estimator: typeof given === 'function' ? example.kind : { kind: given.kind, options: given.options },
    target: options.target,
    metrics: plan.metrics.map(({ name }) => name),
    folds: sha256Hex(canonicalJson(plan.folds)),
    data: isKept(options) ? dataDigest(plan.table) : undefined,
  }
  const description = `${method} of ${example.kind} over ${[...facts.space.keys()].join(', ')} on ${plan.table.numRows} rows, seed ${seed}`
  const trials = await knownTrials(method, options, { identity, description })
  return { method, plan, options, make, metric: plan.metrics[0] as Metric, trials, pruning: pruned, startedAt: clock.now(), clock }
}

/** The rule of a `resume` option. */
export const resumeRule: OptionRule = {
  allowed: 'the tracker of `run`',
  test: (value) => typeof (value as TrialTracker | null)?.readArtifact === 'function',
}

/** The rules of the options that all searches share. */
export function checkSearch(method: string, options: AnySearchOptions, more: Readonly<Record<string, OptionRule>>): void {
  checkCrossValidation(method, options, {
    params: anything(),
    refit: ofType('boolean'),
    concurrency: wholeNumber(1),
    pruning: pruningRule,
    store: {
      allowed: 'an object store and a key: { storage, key }',
      test: (value) => typeof (value as TrialStorage)?.storage?.put === 'function' && typeof (value as TrialStorage).key === 'string',
    },
    run: { allowed: 'a run of a tracker', test: (value) => typeof (value as SearchRun)?.startChild === 'function' },
    resume: resumeRule,
    onTrial: ofType('function'),
    clock: ofType('object'),
    ...more,
  })
}

/** Runs some trials of a search. */
export function searchTrials<E extends Estimator>(
  search: PreparedSearch<E>,
  part: Pick<TrialLoop, 'first' | 'end' | 'total' | 'suggest'> & {
    readonly planOf?: ((suggestion: Suggestion) => ValidationPlan) | undefined
  },
): Promise<SearchTrial[]> {
  const { method, options, metric, trials, pruning, plan, clock } = search
  return runTrials({
    method,
    ...part,
    concurrency: options.concurrency ?? 1,
    higherIsBetter: metric.higherIsBetter,
    pruner: pruning?.pruner,
    signal: options.signal,
    clock,
    trials,
    run: options.run,
    onProgress: options.onProgress,
    onTrial: options.onTrial,
    attempt: (trial, suggestion) => validate(search, part.planOf?.(suggestion) ?? plan, trial),
  })
}

/** Cross-validates one set of params; the running mean is reported after every fold. */
async function validate<E extends Estimator>(search: PreparedSearch<E>, plan: ValidationPlan, trial: RunningTrial): Promise<TrialOutcome> {
  const { returnTrainScores, workers, logger } = search.options
  const warnings = warningCollector()
  if (search.pruning?.each === 'round') {
    const { every } = search.pruning
    const outcome = await validateRounds(search.make(trial.params), plan, trial, { every, returnTrainScores, warn: warnings.logger.warn })
    warnings.tell(plan.folds.length, logger)
    return outcome
  }
  const results: FoldResult[] = []
  let pruned = false
  const folds = foldResults(search.make(trial.params), plan, { signal: trial.signal, returnTrainScores, workers, logger: warnings.logger })
  for await (const result of folds) {
    // The fitted models of all folds are not kept: of many trials they would fill the memory.
    results.push({ values: result.values, trainValues: result.trainValues, fold: result.fold, fitted: undefined as never })
    const soFar = summaryOf(results.map(({ values }) => values[0] as number)).mean
    const stop = trial.report(soFar)
    if (stop && results.length < plan.folds.length) {
      pruned = true
      break
    }
  }
  warnings.tell(results.length, logger)
  const scores = scoresOf(plan.metrics, results)
  return { score: scores[(plan.metrics[0] as Metric).name]?.mean ?? Number.NaN, scores, pruned }
}

/** The result of a search: the best of `candidates`, fitted on the whole table. @throws InvalidState when no trial finished */
export async function searchResult<E extends Estimator>(
  search: PreparedSearch<E>,
  trials: readonly SearchTrial[],
  candidates: readonly SearchTrial[] = trials,
): Promise<SearchResult<E>> {
  const { method, metric, options, plan, make, clock, startedAt } = search
  const { higherIsBetter } = metric
  const best = ranked(candidates, higherIsBetter)[0]
  if (best === undefined || best.status !== 'finished' || Number.isNaN(best.score)) throw nothingFound(method, trials)
  const bestEstimator = make(best.params)
  const { target, signal, logger, workers } = options
  const fitted =
    options.refit === false ? undefined : ((await bestEstimator.fitAsync(plan.table, { target, signal, logger, workers })) as FittedOf<E>)
  if (options.run !== undefined) logBest(options.run, best, { method, trials: trials.length, resumed: options.resume !== undefined })
  return displayedSearch({
    method,
    metric: metric.name,
    higherIsBetter,
    best,
    bestParams: best.params,
    bestScore: best.score,
    trials,
    seconds: (clock.now() - startedAt) / 1000,
    bestEstimator,
    fitted,
  })
}

/** A digest of all cells, so that trials on other data are not taken for these. */
function dataDigest(table: Table): string {
  const hasher = sha256()
  for (const name of table.columnNames) {
    const { type, storage, dictionary } = table.column(name)
    hasher.update(JSON.stringify([name, type, dictionary]))
    hasher.update(new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength))
  }
  return hasher.digest()
}

/** @throws InvalidArgument without options */
export function requireParams(method: string, options: { readonly params?: unknown } | undefined): void {
  if (options?.params === undefined) {
    throw invalidArgument(`${method} needs options: { target: 'late', params: { 'randomForestClassifier.maxDepth': [4, 8, 16] } }`)
  }
}
