/** Compares the numbers of one column with their reference. */
import { populationStabilityIndex, psiNoise } from '../stats/divergence'
import { histogram, histogramEdges } from '../stats/histogram'
import { type Moments, momentsStd } from '../stats/running-moments'
import { countBetween, DISTINCT_LIMIT, distinctValues } from './bins'
import { compareCounts, type MethodResult } from './count-methods'
import type { CurrentNumbers } from './current-column'
import type { ColumnMethod } from './drift-options'
import type { DriftBins, NumericSummary } from './drift-report'
import { type DriftMethod, fitsKind, isTest } from './methods'
import type { NumericReference } from './reference-profile'
import { compareSamples } from './sample-methods'
import type { NumericSample } from './sketch-reference'

/** The result of comparing two samples of a column, for every method. */
export interface Comparison extends MethodResult {
  readonly psi: number
  readonly psiNoise: number
  readonly bins: DriftBins
  readonly summary?: { readonly reference: NumericSummary; readonly current: NumericSummary }
}

/**
 * Compares by a method.
 *
 * @param sample what the detector keeps of the reference
 * @param current at least one value
 */
export function compareNumeric(
  reference: NumericReference,
  sample: NumericSample,
  current: CurrentNumbers,
  settings: ColumnMethod,
): Comparison {
  // Values of 32 bits are compared with values of 32 bits.
  const own = current.isSingle && !sample.isSingle ? { ...sample, values: sample.values.map(Math.fround) } : sample
  const { values, moments } = current
  const counts = countBetween(values, reference.cuts)
  const result = compared(reference, own, { current, counts }, settings)
  const notes = [
    ...result.notes,
    ...keptNotes(reference.n, sample, 'reference', settings),
    ...keptNotes(current.n, current, 'current column', settings),
  ]
  if (reference.moments.min === reference.moments.max) notes.push('the reference is constant')
  return {
    ...result,
    psi: populationStabilityIndex(reference.counts, counts),
    psiNoise: psiNoise(counts.length, reference.n, current.n),
    notes,
    bins: {
      kind: 'numeric',
      edges: reference.edges,
      reference: reference.edgeCounts.map((count) => count / reference.n),
      current: countBetween(values, reference.edges.slice(1, -1)).map((count) => count / values.length),
    },
    summary: { reference: summaryOf(reference.moments, sample.values), current: summaryOf(moments, values) },
  }
}

/** What the numbers of one side stand for, where not all of its values are there. */
function keptNotes(n: number, { values, size }: Pick<NumericSample, 'values' | 'size'>, side: string, settings: ColumnMethod): string[] {
  const isByMoments = settings.method === 'tTest' || settings.method === 'welch'
  if (values.length >= n || isByMoments || isOfBins(settings)) return []
  const sketch = size < n ? ` of a sketch, which count as ${size} values` : ''
  return [`the ${side} of ${n} values is kept as ${values.length} order statistics${sketch}`]
}

/** Distances over the reference's own bins, which are exact whatever was kept of its values. */
function isOfBins({ method, binning }: ColumnMethod): boolean {
  return fitsKind(method, 'categorical') && binning === 'reference'
}

interface Current {
  readonly current: CurrentNumbers
  /** Over the reference's cuts. */
  readonly counts: readonly number[]
}

function compared(reference: NumericReference, sample: NumericSample, { current, counts }: Current, settings: ColumnMethod): MethodResult {
  const { method, binning } = settings
  if (!fitsKind(method, 'categorical')) {
    const currentSide = { current: current.values, currentSize: current.size, currentMoments: current.moments }
    return compareSamples(settings, { reference: sample.values, size: sample.size, moments: reference.moments, ...currentSide })
  }
  if (!isTest(method) && binning === 'reference') return compareCounts(method, reference.counts, counts)
  const [before, now] = isTest(method) ? countsOfValues(sample.values, current.values) : pooledCounts(method, sample.values, current.values)
  return compareCounts(method, before, now)
}

/**
 * Counts of both sides over bins of equal width by Sturges' rule, or over distinct values where the reference has few. Evidently takes the bins of
 * `hellinger` always, and from the distinct values.
 */
function pooledCounts(method: DriftMethod, reference: Float64Array, current: Float64Array): readonly [number[], number[]] {
  const isHellinger = method === 'hellinger'
  if (!isHellinger && distinctValues(reference, DISTINCT_LIMIT) !== undefined) return countsOfValues(reference, current)
  const pooled = new Float64Array(reference.length + current.length)
  pooled.set(reference)
  pooled.set(current, reference.length)
  const edges = histogramEdges(isHellinger ? new Float64Array(new Set(pooled)) : pooled, 'sturges')
  return [Array.from(histogram(reference, edges)), Array.from(histogram(current, edges))]
}

/** Counts of both sides over every distinct value. */
function countsOfValues(reference: Float64Array, current: Float64Array): readonly [number[], number[]] {
  const before: number[] = []
  const now: number[] = []
  let [i, j] = [0, 0]
  while (i < reference.length || j < current.length) {
    const value = Math.min(reference[i] ?? Number.POSITIVE_INFINITY, current[j] ?? Number.POSITIVE_INFINITY)
    const [fromI, fromJ] = [i, j]
    while (i < reference.length && reference[i] === value) i++
    while (j < current.length && current[j] === value) j++
    before.push(i - fromI)
    now.push(j - fromJ)
  }
  return [before, now]
}

/** Distinct values of two ascending samples together, counted up to `most`. */
export function distinctOfBoth(reference: Float64Array, current: Float64Array, most: number): number {
  let count = 0
  let [i, j] = [0, 0]
  while ((i < reference.length || j < current.length) && count < most) {
    const value = Math.min(reference[i] ?? Number.POSITIVE_INFINITY, current[j] ?? Number.POSITIVE_INFINITY)
    while (i < reference.length && reference[i] === value) i++
    while (j < current.length && current[j] === value) j++
    count++
  }
  return count
}

function summaryOf(moments: Moments, sorted: Float64Array): NumericSummary {
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
  const std = moments.count > 1 ? momentsStd(moments) : 0
  return { mean: moments.mean, std, min: moments.min, median, max: moments.max }
}
