/** `expect_column_kl_divergence_to_be_less_than`: how far the values of a column are from an expected distribution. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { type CellValue, type Column, toFloat64 } from '../schema/column'
import type { Table } from '../schema/table'
import { columnOf, jsonValue, setKey } from './cells'
import type { Kwargs } from './expectation'
import type { Verdict } from './result'
import { byValue, summaryOf, type ValueSummary, valueOfKey } from './value-summary'

/** The kwarg `partition_object`: shares of values, or of bins. */
interface Partition {
  readonly values?: readonly Json[]
  readonly bins?: readonly number[]
  readonly weights: readonly number[]
  readonly tail_weights?: readonly number[]
}

/** KL(observed ‖ expected); `null` where it is infinite or there are no values. */
export function judgeKlDivergence(table: Table, kwargs: Kwargs): Verdict {
  const column = columnOf(table, kwargs)
  return isAboutValues(kwargs) ? judgeCategories(summaryOf(column), kwargs) : judgeBins(column, kwargs)
}

/** Whether the kwarg `partition_object` gives shares of values, not of bins. */
export function isAboutValues({ partition_object: partition }: Kwargs): boolean {
  return (partition as Partition | undefined)?.values !== undefined
}

/** Shares of categories. Values that were not expected share `tail_weight_holdout`. */
export function judgeCategories({ type, counts, present }: ValueSummary, kwargs: Kwargs): Verdict {
  const { values = [], weights } = partitionOf(kwargs.partition_object)
  const { tail_weight_holdout: holdout = 0, internal_weight_holdout: internal = 0 } = kwargs as Readonly<Record<string, number>>
  if (internal > 0) throw invalidArgument('`internal_weight_holdout` cannot be used with `values`')
  const known = new Map(values.map((value, i) => [setKey(value as CellValue, type), weights[i] as number]))
  const extra = [...counts.keys()].filter((value) => !known.has(value)).sort(byValue)
  const keys = [...known.keys(), ...extra]
  const observed = keys.map((key) => (present === 0 ? 0 : (counts.get(key) ?? 0) / present))
  const scale = extra.length > 0 ? 1 - holdout : 1
  const expected = keys.map((key) => (known.has(key) ? (known.get(key) as number) * scale : holdout / extra.length))
  const shown = [...values, ...extra.map((key) => jsonValue(type, valueOfKey(type, key)))]
  return compared(kwargs, observed, expected, {
    observed_partition: { values: shown, weights: observed },
    expected_partition: { values: shown, weights: expected },
  })
}

/** @throws InvalidArgument unless there is a weight for every value or bin and they sum to one */
function partitionOf(given: unknown): Partition {
  const { values, bins, weights, tail_weights: tails } = (given ?? {}) as Partition
  const numbers = (list: unknown): list is number[] => Array.isArray(list) && list.every((item) => typeof item === 'number')
  const total = (list: readonly number[]): number => list.reduce((sum, weight) => sum + weight, 0)
  const right = numbers(weights) && (tails === undefined || (numbers(tails) && tails.length === 2 && bins !== undefined))
  const ascends = (list: readonly number[]): boolean => list.every((edge, i) => i === 0 || edge > (list[i - 1] as number))
  const fits =
    right &&
    (Array.isArray(values) ? values.length === weights.length : numbers(bins) && bins.length === weights.length + 1 && ascends(bins))
  if (!fits || Math.abs(total(weights) + total(tails ?? []) - 1) > 1e-5) {
    throw invalidArgument(
      `\`partition_object\` must have \`values\` or ascending \`bins\`, and \`weights\` that sum to 1 with \`tail_weights\`, got ${show(given)}`,
    )
  }
  return given as Partition
}

/** Shares of bins, the last one closed at both ends, and of what lies below and above them. */
function judgeBins(column: Column, kwargs: Kwargs): Verdict {
  const { bins = [], weights, tail_weights: tails } = partitionOf(kwargs.partition_object)
  const { tail_weight_holdout: holdout = 0, internal_weight_holdout: internal = 0 } = kwargs as Readonly<Record<string, number>>
  if (kwargs.bucketize_data === false) throw invalidArgument('`bucketize_data` cannot be false with `bins`')
  if (holdout !== 0 && tails !== undefined) throw invalidArgument('`tail_weight_holdout` must be 0 with `tail_weights`')
  const values = toFloat64(column).filter((value) => value === value)
  const share = (count: number): number => count / values.length
  const [first, last] = [bins[0] as number, bins[bins.length - 1] as number]
  const counts = new Array<number>(weights.length).fill(0)
  let [below, above] = [0, 0]
  for (const value of values) {
    if (value < first) below++
    else if (value > last) above++
    else {
      const bin = binOf(bins, value)
      counts[bin] = (counts[bin] as number) + 1
    }
  }
  const observed = counts.map(share)
  const scaled = weights.map((weight) => weight * (1 - holdout - internal))
  const zeros = scaled.filter((weight) => weight === 0).length
  const expected = scaled.map((weight) => (weight === 0 && internal > 0 ? internal / zeros : weight))
  const expectedTails = tails ?? [holdout / 2, holdout / 2]
  const observedTails = [share(below), share(above)]
  // Of no values there are no shares.
  const json = (list: readonly number[]): Json[] => list.map((weight) => (Number.isNaN(weight) ? null : weight))
  const partition = (inner: readonly number[], outer: readonly number[]) => ({
    bins: [...bins],
    weights: json(inner),
    tail_weights: json(outer),
  })
  return compared(
    kwargs,
    [observedTails[0] as number, ...observed, observedTails[1] as number],
    [expectedTails[0] as number, ...expected, expectedTails[1] as number],
    { observed_partition: partition(observed, observedTails), expected_partition: partition(expected, expectedTails) },
  )
}

function compared({ threshold }: Kwargs, ...[observed, expected, details]: [number[], number[], Json]): Verdict {
  const divergence = relativeEntropy(observed, expected)
  const success = threshold === undefined || divergence <= (threshold as number)
  return { kind: 'figure', success, observed: Number.isFinite(divergence) ? divergence : null, details }
}

/** The bin of a value that lies within the edges; the last bin holds its upper edge. */
function binOf(bins: readonly number[], value: number): number {
  let [low, high] = [0, bins.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (value >= (bins[middle] as number)) low = middle
    else high = middle - 1
  }
  return low
}

/** Σ p ln(p / q) of weights that are scaled to sum to one, as `scipy.stats.entropy(p, q)`. */
function relativeEntropy(observed: readonly number[], expected: readonly number[]): number {
  const total = (list: readonly number[]): number => list.reduce((sum, weight) => sum + weight, 0)
  const [observedTotal, expectedTotal] = [total(observed), total(expected)]
  return observed.reduce((sum, weight, i) => {
    const [p, q] = [weight / observedTotal, (expected[i] as number) / expectedTotal]
    return p === 0 ? sum : sum + p * Math.log(p / q)
  }, 0)
}
