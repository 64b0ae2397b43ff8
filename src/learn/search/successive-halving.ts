/** Successive halving: many candidates on little, the better ones on more. */
import { invalidArgument, show } from '../../core/errors'
import { either, finiteNumber, nonEmptyString, wholeNumber } from '../../core/options'
import { createRng } from '../../core/random'
import { strataOf, stratifiedParts } from '../../schema/partition'
import type { NameOf } from '../../schema/row-types'
import type { Table } from '../../schema/table'
import type { ValidationPlan } from '../cross-validate'
import type { Estimator } from '../estimator'
import type { DefaultScoring, MetricOf } from '../evaluate'
import { distributionsOf, type ParamValues } from './distributions'
import type { Suggestion } from './run-trials'
import {
  checkSearch,
  type PreparedSearch,
  prepareSearch,
  requireParams,
  type Searched,
  type SearchOptions,
  searchResult,
  searchTrials,
} from './search-estimator'
import type { SearchResult } from './search-result'
import { drawnParams } from './searches'
import { ranked, type SearchTrial } from './trial'

/** Options of {@link successiveHalving} beside those of every search. */
export interface HalvingOptions {
  /** Candidates of the first round, drawn at random. */
  readonly trials: number
  /** What grows from round to round: the rows learned from, or an option such as `randomForestClassifier.nEstimators`. @default 'rows' */
  readonly resource?: string | undefined
  /** What the last round may use. @default for rows all of them; needed for an option */
  readonly maxResource?: number | undefined
  /** What the first round uses. @default so that the last round uses `maxResource` */
  readonly minResource?: number | undefined
  /** Each round keeps one of so many candidates, and gives it so many times as much. @default 3 */
  readonly factor?: number | undefined
}

/**
 * Successive halving (Jamieson and Talwalkar 2016), as scikit-learn's `HalvingRandomSearchCV`: candidates are drawn at random and tried with
 * little; one third of them goes on to the next round with three times as much, until `maxResource` or one candidate is reached. Every
 * candidate of every round is a trial with its `rung` and `resource`; the best is the best of the last round.
 *
 * With `resource: 'rows'` a fold's model learns from a stratified sample of its training rows and is judged on all of its test rows
 * (scikit-learn takes a sample of those too).
 *
 * @throws as `gridSearch`
 *
 * @example
 * await successiveHalving(model, train, { target: 'late', trials: 27, params: { 'randomForestClassifier.maxDepth': int(2, 20) } })
 */
export async function successiveHalving<
  E extends Estimator,
  T extends Table,
  const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>,
>(estimator: Searched<E>, table: T, options: SearchOptions<Scoring, NameOf<T>> & HalvingOptions): Promise<SearchResult<E>> {
  const method = 'successiveHalving'
  requireParams(method, options)
  const number = either(wholeNumber(1), finiteNumber(1))
  checkSearch(method, options, {
    trials: wholeNumber(1),
    resource: nonEmptyString(),
    maxResource: number,
    minResource: number,
    factor: finiteNumber(1.5),
  })
  if (options.trials === undefined) throw invalidArgument(`${method} needs \`trials\`, how many candidates the first round tries`)
  const { resource = 'rows', seed = 0 } = options
  const space = distributionsOf(method, options.params)
  if (space.has(resource)) throw invalidArgument(`\`resource\` of ${method} is ${show(resource)}, which \`params\` searches too`)
  const candidates = drawnParams(space, options.trials, seed)
  const rounds = roundsOf(method, candidates.length, { ...options, resource }, table.numRows)
  const given = (params: ParamValues, amount: number): ParamValues => (resource === 'rows' ? params : { ...params, [resource]: amount })
  const example = given(candidates[0] as ParamValues, rounds[0]?.resource as number)
  const search = await prepareSearch(method, estimator, table, options, { example, space, identity: { resource, rounds } })
  const all: SearchTrial[] = []
  let entrants: readonly ParamValues[] = candidates
  let last: readonly SearchTrial[] = []
  for (const [rung, round] of rounds.entries()) {
    const first = all.length
    const now = entrants.slice(0, round.candidates)
    last = await searchTrials(search, {
      first,
      end: first + now.length,
      total: rounds.reduce((sum, each) => sum + each.candidates, 0),
      suggest: (number) => ({ params: given(now[number - first] as ParamValues, round.resource), rung, resource: round.resource }),
      planOf: resource === 'rows' ? (suggestion) => fewerRows(search, suggestion, seed) : undefined,
    })
    all.push(...last)
    const order = ranked(last, search.metric.higherIsBetter).filter(({ status }) => status === 'finished')
    entrants = order.map((trial) => now[trial.number - first] as ParamValues)
    if (entrants.length === 0) break
  }
  return searchResult(search, all, last)
}

interface Round {
  readonly candidates: number
  readonly resource: number
}

/** The rounds: how many candidates, and how much each gets. */
function roundsOf(method: string, candidates: number, options: HalvingOptions & { readonly resource: string }, numRows: number): Round[] {
  const { factor = 3, resource } = options
  const isRows = resource === 'rows'
  const most = options.maxResource ?? (isRows ? numRows : undefined)
  if (most === undefined) throw invalidArgument(`${method} needs \`maxResource\`, the greatest value of ${show(resource)}`)
  if (isRows && most > numRows) throw invalidArgument(`\`maxResource\` of ${method} is ${most}, but the table has ${numRows} rows`)
  const wanted = 1 + Math.floor(Math.log(candidates) / Math.log(factor) + 1e-9)
  const least = options.minResource ?? Math.max(1, Math.floor(most / factor ** (wanted - 1)))
  if (least > most) throw invalidArgument(`\`minResource\` of ${method} is ${least}, more than the ${most} of \`maxResource\``)
  const possible = 1 + Math.floor(Math.log(most / least) / Math.log(factor) + 1e-9)
  return Array.from({ length: Math.min(wanted, possible) }, (_, rung) => ({
    candidates: Math.ceil(candidates / factor ** rung - 1e-9),
    resource: Math.min(most, Math.floor(least * factor ** rung)),
  }))
}

/** The plan with as large a share of each fold's training rows as the round gives of the table; the same rows for all candidates of a round. */
function fewerRows<E extends Estimator>(
  { plan, metric }: PreparedSearch<E>,
  { rung = 0, resource = 0 }: Suggestion,
  seed: number,
): ValidationPlan {
  const share = resource / plan.table.numRows
  if (share >= 1) return plan
  const strata = metric.task === 'classification' ? strataOf(plan.table.column(plan.target)) : new Int32Array(plan.table.numRows)
  const folds = plan.folds.map(({ train, test }, i) => {
    const rng = createRng(seed + 7919 * (rung + 1) + i)
    const codes = Array.from(train, (row) => strata[row] as number)
    const [kept] = stratifiedParts(codes, [Math.max(1, Math.round(share * train.length))], rng) as [Int32Array]
    return { train: kept.map((at) => train[at] as number), test }
  })
  return { ...plan, folds }
}
