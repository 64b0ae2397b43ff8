/** Optimizes any function of parameters: a training loop elsewhere, a simulation, a remote job. */
import { type Clock, systemClock } from '../../core/clock'
import { invalidArgument, show } from '../../core/errors'
import { anything, checkOptions, finiteNumber, ofType, oneOf, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { distributionsOf, type ParamValues, type SearchSpace } from './distributions'
import { knownTrials } from './known-trials'
import { type Pruner, type Pruning, pruningOf, pruningRule } from './pruning'
import { nothingFound, type RunningTrial, runTrials } from './run-trials'
import { resumeRule } from './search-estimator'
import { displayedSearch, type SearchTrials } from './search-result'
import { logBest, type SearchRun } from './search-run'
import { combinationsOf, drawnParams, rngStreams } from './searches'
import { checkTpe, suggestTpe, type TpeSettings } from './tpe'
import { ranked, type SearchTrial } from './trial'
import type { TrialTracker } from './trial-runs'
import type { TrialStorage } from './trial-store'

/** Options of {@link optimize}. */
export interface OptimizeOptions extends TpeSettings {
  /** What each parameter may be, by name. */
  readonly params: SearchSpace
  /** Number of trials. @default with `sampler: 'grid'` all combinations */
  readonly trials?: number | undefined
  /** @default 'minimize' */
  readonly direction?: 'minimize' | 'maximize' | undefined
  /** @default 'tpe' */
  readonly sampler?: 'tpe' | 'random' | 'grid' | undefined
  /** @default 0 */
  readonly seed?: number | undefined
  /** Trials at the same time. @default 1 */
  readonly concurrency?: number | undefined
  /** Lets `trial.report` stop hopeless trials; `true` is `medianPruner()`. @default no pruning */
  readonly pruning?: Pruner | Omit<Pruning, 'each' | 'every'> | boolean | undefined
  /** Keep finished trials, and skip those that are there already. @default none */
  readonly store?: TrialStorage | undefined
  /** Log every trial as a run nested in this one. @default none */
  readonly run?: SearchRun | undefined
  /** The tracker of `run`: finished trials are read back from its nested runs, as by `gridSearch`. @default every trial is tried */
  readonly resume?: TrialTracker | undefined
  /** Stops between trials, and is given to the objective; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** Called after every trial. */
  readonly onProgress?: OnProgress<'search'> | undefined
  /** Called with every trial that ended; what it throws is ignored. */
  readonly onTrial?: ((trial: SearchTrial) => void) | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * A function of parameters. Where it learns step by step it calls `trial.report(score)` after each, and returns when that gives `true`: what it
 * returns then counts as pruned.
 */
export type Objective = (params: ParamValues, trial: RunningTrial) => number | Promise<number>

/**
 * Finds parameters for which a function is small (or great, with `direction: 'maximize'`), as Optuna's `study.optimize`.
 *
 * A trial whose function throws is `failed`, and the search goes on. The same seed and `concurrency` give the same trials.
 *
 * @throws InvalidArgument for unknown options; InvalidState when no trial gave a number; the signal's reason
 *
 * @example
 * const found = await optimize(({ x }) => (x as number) ** 2, { params: { x: uniform(-10, 10) }, trials: 50, seed: 1 })
 */
export async function optimize(objective: Objective, options: OptimizeOptions): Promise<SearchTrials> {
  checkOptimize(objective, options)
  const { sampler = 'tpe', seed = 0, concurrency = 1, pruning, signal, clock = systemClock() } = options
  throwIfAborted(signal)
  const pruned = pruningOf('optimize', pruning)
  if (pruned?.each === 'round') throw invalidArgument('`each` of `pruning` is for models; steps of a function are what it reports')
  const space = distributionsOf('optimize', options.params)
  const grid = sampler === 'grid' ? combinationsOf('optimize', space) : undefined
  const wanted = options.trials ?? grid?.length
  if (wanted === undefined) throw invalidArgument('optimize needs `trials`, how many sets of params it tries')
  const drawn = sampler === 'random' ? drawnParams(space, wanted, seed) : []
  const end = sampler === 'random' ? drawn.length : Math.min(wanted, grid?.length ?? wanted)
  const higherIsBetter = options.direction === 'maximize'
  const streams = rngStreams(seed)
  const { startupTrials, candidates } = options
  const identity = { method: 'optimize', sampler, seed, space: [...space], higherIsBetter, startupTrials, candidates, pruning }
  const description = `optimize over ${[...space.keys()].join(', ')}, ${sampler}, seed ${seed}`
  const known = await knownTrials('optimize', options, { identity, description })
  const startedAt = clock.now()
  const trials = await runTrials({
    method: 'optimize',
    ...{ first: 0, end, total: end, concurrency, higherIsBetter, signal, clock, trials: known, run: options.run },
    pruner: pruned?.pruner,
    onProgress: options.onProgress,
    onTrial: options.onTrial,
    suggest: (number, history) => {
      if (grid !== undefined) return { params: grid.at(number) }
      if (sampler === 'random') return { params: drawn[number] as ParamValues }
      return { params: suggestTpe(space, history, { rng: streams(), higherIsBetter, startupTrials, candidates }) }
    },
    attempt: (trial) => attempt(objective, trial),
  })
  const best = ranked(trials, higherIsBetter)[0]
  if (best === undefined || best.status !== 'finished' || Number.isNaN(best.score)) throw nothingFound('optimize', trials)
  if (options.run !== undefined)
    logBest(options.run, best, { method: 'optimize', trials: trials.length, resumed: options.resume !== undefined })
  const seconds = (clock.now() - startedAt) / 1000
  const found = { best, bestParams: best.params, bestScore: best.score, trials, seconds }
  return displayedSearch({ method: 'optimize', metric: 'objective', higherIsBetter, ...found })
}

async function attempt(
  objective: Objective,
  trial: RunningTrial,
): Promise<{ score: number; scores: Record<string, never>; pruned: boolean }> {
  let pruned = false
  const watched: RunningTrial = {
    ...trial,
    report(score, step) {
      if (typeof score !== 'number') throw invalidArgument(`trial.report takes a number, got ${show(score)}`)
      if (trial.report(score, step)) pruned = true
      return pruned
    },
  }
  const score = await objective(trial.params, watched)
  if (typeof score !== 'number') throw invalidArgument(`the function of optimize must give a number, got ${show(score)}`)
  return { score, scores: {}, pruned }
}

function checkOptimize(objective: Objective, options: OptimizeOptions): void {
  if (typeof objective !== 'function') throw invalidArgument(`optimize takes a function of params, got ${show(objective)}`)
  if (options === undefined) throw invalidArgument('optimize needs options: { params: { x: uniform(0, 1) }, trials: 50 }')
  checkOptions('optimize', options, {
    params: anything(),
    trials: wholeNumber(1),
    direction: oneOf('minimize', 'maximize'),
    sampler: oneOf('tpe', 'random', 'grid'),
    seed: finiteNumber(),
    concurrency: wholeNumber(1),
    pruning: pruningRule,
    store: ofType('object'),
    run: ofType('object'),
    resume: resumeRule,
    signal: anything(),
    onProgress: ofType('function'),
    onTrial: ofType('function'),
    clock: ofType('object'),
    startupTrials: finiteNumber(),
    candidates: finiteNumber(),
  })
  checkTpe(options)
}
