/** Histograms: how many bins, which edges, how many values in each. */
import { invalidArgument, show } from '../core/errors'
import { equalWidthEdges, sturgesBins } from './bin-edges'
import { quantileSorted, skewness, standardDeviation } from './elementary'
import { assertNumbers, sortedSample } from './sample'

/** Rules for the number of equal-width bins, as in NumPy for floating-point data. */
export type BinRule = 'sturges' | 'doane' | 'scott' | 'fd'

/**
 * Edges of equal-width bins over the range of `values`: bins + 1 ascending numbers, the outer two exactly the extremes.
 *
 * Without spread the range becomes value ± ½.
 * @param bins a rule, or a whole number ≥ 1
 * @throws InvalidArgument on an empty sample, a `NaN`, an infinite value, another number of bins
 */
export function histogramEdges(values: ArrayLike<number>, bins: BinRule | number = 'sturges'): Float64Array {
  const sorted = sortedSample('histogramEdges', 'the sample', values)
  const [first, last] = [sorted[0] as number, sorted[sorted.length - 1] as number]
  if (!Number.isFinite(last - first)) throw invalidArgument('histogramEdges needs finite values')
  const count = typeof bins === 'number' ? bins : binCount(sorted, bins)
  if (!(Number.isSafeInteger(count) && count >= 1))
    throw invalidArgument(`the number of bins must be a whole number ≥ 1, got ${show(bins)}`)
  return Float64Array.from(equalWidthEdges(first, last, count))
}

/**
 * How many values fall in each bin: [a, b), the last one [a, b]. Values outside the edges and `NaN` are not counted.
 *
 * @param edges ascending, at least two
 */
export function histogram(values: ArrayLike<number>, edges: ArrayLike<number>): Float64Array {
  assertNumbers('histogram', values, edges)
  const bins = edges.length - 1
  if (bins < 1) throw invalidArgument('histogram needs at least two edges')
  const counts = new Float64Array(bins)
  const last = edges[bins] as number
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value === last) counts[bins - 1] = (counts[bins - 1] as number) + 1
    else if (value >= (edges[0] as number) && value < last) {
      let low = 0
      let high = bins
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if ((edges[middle] as number) <= value) low = middle
        else high = middle
      }
      counts[low] = (counts[low] as number) + 1
    }
  }
  return counts
}

/** Number of bins by a rule, of an ascending sample. */
function binCount(sorted: Float64Array, rule: BinRule): number {
  if (rule === 'sturges') return sturgesBins(sorted)
  const range = (sorted[sorted.length - 1] as number) - (sorted[0] as number)
  if (range === 0) return 1
  const width = binWidth(sorted, rule, range)
  return width > 0 ? Math.ceil(range / width) : 1
}

function binWidth(sorted: Float64Array, rule: Exclude<BinRule, 'sturges'>, range: number): number {
  const n = sorted.length
  switch (rule) {
    case 'scott':
      return Math.cbrt((24 * Math.sqrt(Math.PI)) / n) * standardDeviation(sorted, 0)
    case 'fd':
      return (2 * (quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25))) / Math.cbrt(n)
    case 'doane': {
      if (n < 3) return 0
      const spread = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)))
      return range / (1 + Math.log2(n) + Math.log2(1 + Math.abs(skewness(sorted)) / spread))
    }
    default:
      throw invalidArgument(`the rule for bins must be one of sturges, doane, scott, fd, got ${show(rule)}`)
  }
}
