/** Compares the numbers of one column with their reference. */

import { equalWidthEdges, sturgesBins } from '../stats/bin-edges'
import { populationStabilityIndex, psiNoise } from '../stats/divergence'
import { histogram } from '../stats/histogram'
import { type Moments, momentsStd } from '../stats/running-moments'
import { sortFloat64 } from '../stats/sort'
import { countBetween, DISTINCT_LIMIT, distinctValues } from './bins'
import type { CurrentNumbers } from './current-column'
import type { ColumnMethod } from './drift-options'
import type { NumericSample } from './drift-parts'
import type { DriftBins, NumericSummary } from './drift-report'
import type { DriftMethodPart, MethodResult } from './method-part'
import { type DriftMethod, fitsKind, isTest } from './methods'
import type { NumericReference } from './reference-profile'
import { compareSamples } from './sample-methods'

/** The result of comparing two samples of a column, for every method. */
export interface Comparison extends MethodResult {
  readonly psi: number
  readonly psiNoise: number
  readonly bins: DriftBins
  readonly summary?: { readonly reference: NumericSummary; readonly current: NumericSummary }
}

/** What {@link compareNumeric} takes. */
export interface ComparedNumbers {
  readonly reference: NumericReference
  /** What the detector keeps of the reference. */
  readonly sample: NumericSample
  /** At least one value. */
  readonly current: CurrentNumbers
  readonly settings: ColumnMethod
  /** The method that the settings name. */
  readonly method: DriftMethodPart
}

/** Compares by a method. */
export function compareNumeric({ reference, sample, current, settings, method }: ComparedNumbers): Comparison {
  // Values of 32 bits are compared with values of 32 bits.
  const own = current.isSingle && !sample.isSingle ? { ...sample, values: sample.values.map(Math.fround) } : sample
  const { values, moments } = current
  const counts = countBetween(values, reference.cuts)
  const result = compared({ reference, sample: own, current, settings, method }, counts)
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

/** @param counts of the current values over the reference's cuts */
function compared({ reference, sample, current, settings, method }: ComparedNumbers, counts: readonly number[]): MethodResult {
  if ('compare' in method) {
    const currentSide = { current: current.values, currentSize: current.size, currentMoments: current.moments }
    return compareSamples(method, settings, { reference: sample.values, size: sample.size, moments: reference.moments, ...currentSide })
  }
  const isOfCategories = isTest(method.name)
  if (!isOfCategories && settings.binning === 'reference') return method.compareCounts(reference.counts, counts)
  const [before, now] = isOfCategories
    ? countsOfValues(sample.values, current.values)
    : pooledCounts(method.name, sample.values, current.values)
  return method.compareCounts(before, now)
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
  const sorted = sortFloat64(isHellinger ? new Float64Array(new Set(pooled)) : pooled)
  const edges = equalWidthEdges(sorted[0] as number, sorted[sorted.length - 1] as number, sturgesBins(sorted))
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
