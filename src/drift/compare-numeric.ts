/** Compares the numbers of one column with their reference. */
import { jensenShannonDistance, populationStabilityIndex, psiNoise } from '../stats/divergence'
import { ksTestSorted, ksWalk } from '../stats/ks'
import { ksAsymptoticPValue } from '../stats/ks-p-value'
import { type Moments, momentsOf, momentsStd } from '../stats/running-moments'
import { wassersteinSorted } from '../stats/wasserstein'
import { countBetween } from './bins'
import type { DriftMethod } from './drift-options'
import type { DriftBins, NumericSummary } from './drift-report'
import type { NumericReference } from './reference-profile'

/** The result of comparing two samples of a column, for every method. */
export interface Comparison {
  readonly statistic: number
  readonly pValue: number | null
  readonly score: number
  readonly psi: number
  readonly psiNoise: number
  readonly notes: readonly string[]
  readonly bins: DriftBins
  readonly summary?: { readonly reference: NumericSummary; readonly current: NumericSummary }
}

/**
 * Compares by `method`.
 *
 * @param sample the reference sample as an array of doubles, which the detector keeps
 * @param current ascending, finite, at least one value
 */
export function compareNumeric(reference: NumericReference, sample: Float64Array, current: Float64Array, method: DriftMethod): Comparison {
  const counts = countBetween(current, reference.cuts)
  const notes: string[] = []
  let statistic: number
  let pValue: number | null = null
  if (method === 'ks') {
    const result = kolmogorovSmirnov(reference, sample, current)
    statistic = result.statistic
    pValue = result.pValue
    if (result.hasTies) notes.push('repeated values: the true p-value is smaller or equal')
  } else if (method === 'wasserstein') statistic = wassersteinSorted(sample, current) / scaleOf(reference.moments)
  else if (method === 'jensenShannon') statistic = jensenShannonDistance(reference.counts, counts)
  else statistic = populationStabilityIndex(reference.counts, counts)
  if (sample.length < reference.n && (method === 'ks' || method === 'wasserstein')) {
    notes.push(`the reference of ${reference.n} values is kept as ${sample.length} order statistics`)
  }
  if (reference.moments.min === reference.moments.max) notes.push('the reference is constant')
  const moments = momentsOf(current)
  return {
    statistic,
    pValue,
    score: statistic,
    psi: method === 'psi' ? statistic : populationStabilityIndex(reference.counts, counts),
    psiNoise: psiNoise(counts.length, reference.n, current.length),
    notes,
    bins: {
      kind: 'numeric',
      edges: reference.edges,
      reference: reference.edgeCounts.map((count) => count / reference.n),
      current: countBetween(current, reference.edges.slice(1, -1)).map((count) => count / current.length),
    },
    summary: { reference: summaryOf(reference.moments, sample), current: summaryOf(moments, current) },
  }
}

/** The test. If the reference was thinned, D is computed from the kept values and the p-value from the full size. */
function kolmogorovSmirnov(
  reference: NumericReference,
  sample: Float64Array,
  current: Float64Array,
): { statistic: number; pValue: number; hasTies: boolean } {
  if (sample.length === reference.n) return ksTestSorted(sample, current)
  const walk = ksWalk(sample, current)
  const statistic = Math.max(walk.plus, walk.minus) / (sample.length * current.length)
  return { statistic, pValue: ksAsymptoticPValue(statistic, reference.n, current.length, true), hasTies: walk.hasTies }
}

/** The population standard deviation of the reference, at least the rounding error of its values. */
function scaleOf(moments: Moments): number {
  const size = Math.max(Math.abs(moments.min), Math.abs(moments.max))
  return Math.max(momentsStd(moments, 0), size * 1e-12, 1e-300)
}

function summaryOf(moments: Moments, sorted: Float64Array): NumericSummary {
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
  const std = moments.count > 1 ? momentsStd(moments) : 0
  return { mean: moments.mean, std, min: moments.min, median, max: moments.max }
}
