/** Metrics of rankings, one list of items per query: how relevant each item is, and the scores that rank them. */
import { invalidArgument, show } from '../core/errors'

/** Options of {@link dcg} and {@link ndcg}. */
export interface GainOptions {
  /** Only the first `k` places count. @default all */
  readonly k?: number | undefined
  /** Items with equal scores share the mean of their gains; `false` ranks the later item first, which is faster. @default true */
  readonly averageTies?: boolean | undefined
}

/** Lists of numbers, one per query. */
export type QueryLists = readonly ArrayLike<number>[]

/**
 * Discounted cumulative gain, the mean over queries of Σ relevance ÷ log₂(place + 1). As scikit-learn's `dcg_score`: the gain is the relevance
 * itself, not 2^relevance − 1.
 *
 * @throws InvalidArgument on unequal lengths, no queries, or what is no number
 *
 * @example
 * dcg([[3, 2, 0]], [[0.9, 0.3, 0.5]]) // 3 + 2 ÷ log2(4)
 */
export function dcg(relevance: QueryLists, scores: QueryLists, options: GainOptions = {}): number {
  checkQueries('dcg', relevance, scores, options.k)
  return meanOver(relevance, (items, query) => gain(items, scores[query] as ArrayLike<number>, options))
}

/** {@link dcg} of each query divided by that of the best order; 0 where no item is relevant. In [0, 1] for relevance ≥ 0. @throws as {@link dcg}; for relevance < 0 */
export function ndcg(relevance: QueryLists, scores: QueryLists, options: GainOptions = {}): number {
  checkQueries('ndcg', relevance, scores, options.k)
  const negative = relevance.findIndex((items) => Array.from(items).some((value) => value < 0))
  if (negative >= 0) throw invalidArgument(`ndcg needs relevance ≥ 0, query ${negative} has less`)
  return meanOver(relevance, (items, query) => {
    const most = gain(items, items, { ...options, averageTies: false })
    return most === 0 ? 0 : gain(items, scores[query] as ArrayLike<number>, options) / most
  })
}

/**
 * Mean reciprocal rank: the mean over queries of 1 ÷ the place of the first relevant item (relevance > 0); 0 where there is none. Of items with
 * equal scores the worst place counts.
 *
 * @throws as {@link dcg}
 */
export function meanReciprocalRank(relevance: QueryLists, scores: QueryLists, options: Pick<GainOptions, 'k'> = {}): number {
  checkQueries('meanReciprocalRank', relevance, scores, options.k)
  return meanOver(relevance, (items, query) => {
    const own = scores[query] as ArrayLike<number>
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < items.length; i++) {
      if ((items[i] as number) <= 0) continue
      let place = 0
      for (let j = 0; j < items.length; j++)
        if ((own[j] as number) > (own[i] as number) || (own[j] === own[i] && !(Number(items[j]) > 0)) || j === i) place++
      best = Math.min(best, place)
    }
    return best > (options.k ?? Number.POSITIVE_INFINITY) ? 0 : 1 / best
  })
}

/**
 * Mean average precision: the mean over queries of the average precision of their items (relevant where relevance > 0); queries without a
 * relevant item are left out, and `NaN` is given when all are. Equal scores are one step, as in `averagePrecision`.
 *
 * @throws as {@link dcg}
 */
export function meanAveragePrecision(relevance: QueryLists, scores: QueryLists): number {
  checkQueries('meanAveragePrecision', relevance, scores, undefined)
  const known = relevance.flatMap((items, query) => {
    const own = Array.from(scores[query] as ArrayLike<number>)
    const order = own.map((_, i) => i).sort((a, b) => (own[b] as number) - (own[a] as number))
    let found = 0
    let sum = 0
    for (let i = 0; i < order.length; ) {
      const score = own[order[i] as number]
      let gained = 0
      for (; i < order.length && own[order[i] as number] === score; i++) gained += Number((items[order[i] as number] as number) > 0)
      found += gained
      sum += gained * (found / i)
    }
    return found === 0 ? [] : [sum / found]
  })
  return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** Σ relevance × discount in the order of scores. */
function gain(
  items: ArrayLike<number>,
  scores: ArrayLike<number>,
  { k = Number.POSITIVE_INFINITY, averageTies = true }: GainOptions,
): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number) || b - a)
  const discount = (place: number): number => (place < k ? 1 / Math.log2(place + 2) : 0)
  let sum = 0
  for (let i = 0; i < order.length; ) {
    const start = i
    const score = scores[order[i] as number]
    let relevant = 0
    let discounts = 0
    for (; i < order.length && (i === start || (averageTies && scores[order[i] as number] === score)); i++) {
      relevant += items[order[i] as number] as number
      discounts += discount(i)
    }
    sum += (relevant / (i - start)) * discounts
  }
  return sum
}

function meanOver(queries: QueryLists, of: (items: ArrayLike<number>, query: number) => number): number {
  return queries.reduce((sum, items, query) => sum + of(items, query), 0) / queries.length
}

function checkQueries(metric: string, relevance: QueryLists, scores: QueryLists, k: number | undefined): void {
  const nested =
    Array.isArray(relevance) && Array.isArray(scores) && [...relevance, ...scores].every((list) => typeof list?.length === 'number')
  if (!nested) throw invalidArgument(`${metric} takes lists of lists, one per query: ${metric}([[3, 0, 1]], [[0.9, 0.2, 0.4]])`)
  if (relevance.length === 0) throw invalidArgument(`${metric} needs at least one query, got none`)
  if (relevance.length !== scores.length)
    throw invalidArgument(`${metric} needs scores for ${relevance.length} queries, got ${scores.length}`)
  if (k !== undefined && (!Number.isInteger(k) || k < 1))
    throw invalidArgument(`\`k\` of ${metric} must be a whole number ≥ 1, got ${show(k)}`)
  relevance.forEach((items, query) => {
    const own = scores[query] as ArrayLike<number>
    if (items.length !== own.length || items.length === 0) {
      throw invalidArgument(`${metric} needs one score per item, query ${query} has ${own.length} for ${items.length}`)
    }
    for (let i = 0; i < items.length; i++) {
      if (Number.isFinite(items[i]) && Number.isFinite(own[i])) continue
      throw invalidArgument(`${metric} needs finite numbers, item ${i} of query ${query} is ${show(items[i])} with score ${show(own[i])}`)
    }
  })
}
