/** Searches for hyper-parameters: every combination, at random, and by the Tree-structured Parzen Estimator. */
import { invalidArgument, show } from '../../core/errors'
import { finiteNumber, wholeNumber } from '../../core/options'
import { createRng, type Rng } from '../../core/random'
import type { NameOf } from '../../schema/row-types'
import type { Table } from '../../schema/table'
import type { Estimator } from '../estimator'
import type { DefaultScoring, MetricOf } from '../evaluate'
import { type Distribution, distributionsOf, draw, type ParamValue, type ParamValues, valuesOf } from './distributions'
import {
  checkSearch,
  prepareSearch,
  requireParams,
  type Searched,
  type SearchOptions,
  searchResult,
  searchTrials,
} from './search-estimator'
import type { SearchResult } from './search-result'
import { checkTpe, suggestTpe, type TpeSettings } from './tpe'

/** The most combinations of a grid. */
const MAX_COMBINATIONS = 100_000

/** How many trials a search makes. */
export interface TrialCount {
  /** Number of trials. */
  readonly trials: number
}

/**
 * Tries every combination of the values in `params`, the last parameter changing fastest, as scikit-learn's `GridSearchCV`. Lists, `choice` and
 * `int` can be searched so; ranges of real numbers cannot.
 *
 * The first metric of `scoring` decides. A trial whose fit throws is `failed` and the search goes on. The same seed gives the same result.
 *
 * @throws InvalidArgument for unknown options, names and values, or over 100,000 combinations; InvalidState when no trial finished; as `crossValidate`
 *
 * @example
 * const found = await gridSearch(model, train, { target: 'late', params: { 'randomForestClassifier.maxDepth': [4, 8, 16] }, scoring: ['rocAuc'] })
 * found.bestParams
 */
export async function gridSearch<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>>(
  estimator: Searched<E>,
  table: T,
  options: SearchOptions<Scoring, NameOf<T>>,
): Promise<SearchResult<E>> {
  requireParams('gridSearch', options)
  checkSearch('gridSearch', options, {})
  const space = distributionsOf('gridSearch', options.params)
  const grid = combinationsOf('gridSearch', space)
  const search = await prepareSearch('gridSearch', estimator, table, options, { example: grid.at(0), space, identity: {} })
  const trials = await searchTrials(search, { first: 0, end: grid.length, total: grid.length, suggest: (i) => ({ params: grid.at(i) }) })
  return searchResult(search, trials)
}

/**
 * Tries values drawn at random, as scikit-learn's `RandomizedSearchCV`. Where all parameters are lists or whole numbers, no combination is tried
 * twice, and there are at most as many trials as combinations. More trials with the same seed begin with the same ones. Otherwise as {@link gridSearch}.
 *
 * @example
 * await randomSearch(model, train, { target: 'late', trials: 30, params: { 'logisticRegression.c': logUniform(1e-4, 1e3) } })
 */
export async function randomSearch<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>>(
  estimator: Searched<E>,
  table: T,
  options: SearchOptions<Scoring, NameOf<T>> & TrialCount,
): Promise<SearchResult<E>> {
  requireParams('randomSearch', options)
  checkSearch('randomSearch', options, { trials: wholeNumber(1) })
  const { trials: count = missingTrials('randomSearch') } = options
  const space = distributionsOf('randomSearch', options.params)
  const drawn = drawnParams(space, count, options.seed ?? 0)
  const search = await prepareSearch('randomSearch', estimator, table, options, { example: drawn[0] as ParamValues, space, identity: {} })
  const trials = await searchTrials(search, {
    first: 0,
    end: drawn.length,
    total: drawn.length,
    suggest: (number) => ({ params: drawn[number] as ParamValues }),
  })
  return searchResult(search, trials)
}

/**
 * Tries what the trials before make promising: the Tree-structured Parzen Estimator with the settings of Optuna's `TPESampler`. The formulas are
 * on the page "Search" of the guide and in `tpe.ts`. With `concurrency` n, a trial knows all but the n − 1 before it. Otherwise as {@link gridSearch}.
 *
 * @example
 * await tpeSearch(model, train, { target: 'late', trials: 50, params: { 'randomForestClassifier.maxDepth': int(2, 20) }, pruning: true })
 */
export async function tpeSearch<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>>(
  estimator: Searched<E>,
  table: T,
  options: SearchOptions<Scoring, NameOf<T>> & TrialCount & TpeSettings,
): Promise<SearchResult<E>> {
  requireParams('tpeSearch', options)
  checkSearch('tpeSearch', options, { trials: wholeNumber(1), startupTrials: finiteNumber(), candidates: finiteNumber() })
  const { trials: count = missingTrials('tpeSearch'), startupTrials, candidates, seed = 0 } = options
  checkTpe(options)
  const space = distributionsOf('tpeSearch', options.params)
  const example = drawnParams(space, 1, seed)[0] as ParamValues
  const search = await prepareSearch('tpeSearch', estimator, table, options, { example, space, identity: { startupTrials, candidates } })
  const streams = rngStreams(seed)
  const trials = await searchTrials(search, {
    first: 0,
    end: count,
    total: count,
    suggest: (_, history) => ({
      params: suggestTpe(space, history, { rng: streams(), higherIsBetter: search.metric.higherIsBetter, startupTrials, candidates }),
    }),
  })
  return searchResult(search, trials)
}

/** A generator of random streams, one for each trial, so that what one trial draws does not change the next. */
export function rngStreams(seed: number): () => Rng {
  const root = createRng(seed)
  return () => root.fork()
}

/** Every combination, the last parameter changing fastest. @throws InvalidArgument for a range, and for too many */
export function combinationsOf(
  method: string,
  space: ReadonlyMap<string, Distribution>,
): { readonly length: number; at(index: number): ParamValues } {
  const lists = [...space].map(([name, distribution]): readonly [string, readonly ParamValue[]] => {
    const values = valuesOf(distribution)
    if (values === undefined)
      throw invalidArgument(`${method} needs lists, but ${show(name)} is a range of numbers; use randomSearch or a list`)
    return [name, values]
  })
  const length = lists.reduce((product, [, values]) => product * values.length, 1)
  if (length > MAX_COMBINATIONS) {
    throw invalidArgument(
      `${method} would try ${length} combinations, at most ${MAX_COMBINATIONS} are allowed; use randomSearch or tpeSearch`,
    )
  }
  return {
    length,
    at(index) {
      let rest = index
      const places = [...lists].reverse().map(([name, values]): [string, ParamValue] => {
        const value = values[rest % values.length] as ParamValue
        rest = Math.floor(rest / values.length)
        return [name, value]
      })
      return Object.fromEntries(places.reverse())
    },
  }
}

/** Params drawn at random; without repetition where there are finitely many. */
export function drawnParams(space: ReadonlyMap<string, Distribution>, count: number, seed: number): ParamValues[] {
  const streams = rngStreams(seed)
  const sizes = [...space.values()].map((distribution) => valuesOf(distribution)?.length ?? Number.POSITIVE_INFINITY)
  const all = sizes.reduce((product, size) => product * size, 1)
  const seen = new Set<string>()
  const drawn: ParamValues[] = []
  while (drawn.length < Math.min(count, all)) {
    const rng = streams()
    let params = drawAll(space, rng)
    // A space of distinct values always has one that was not drawn; equal values in a list could not end this.
    for (let tries = 0; Number.isFinite(all) && seen.has(JSON.stringify(params)) && tries < 1000; tries++) params = drawAll(space, rng)
    seen.add(JSON.stringify(params))
    drawn.push(params)
  }
  return drawn
}

function drawAll(space: ReadonlyMap<string, Distribution>, rng: Rng): ParamValues {
  return Object.fromEntries([...space].map(([name, distribution]) => [name, draw(distribution, rng)]))
}

function missingTrials(method: string): never {
  throw invalidArgument(`${method} needs \`trials\`, how many sets of params it tries`)
}
