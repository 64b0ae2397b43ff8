/** Distances between two samples on the line: Wasserstein-1 and energy. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, either, ofType } from '../core/options'
import { copySample, type MissingPolicy, missingRule, sortedSample } from './sample'

/** Options of {@link wassersteinDistance} and {@link energyDistance}. */
export interface SampleDistanceOptions {
  /** Weights of the first sample's values, ≥ 0 with a positive sum; only together with `missing: 'error'`. */
  readonly weightsA?: ArrayLike<number> | undefined
  /** Weights of the second sample's values. */
  readonly weightsB?: ArrayLike<number> | undefined
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/**
 * Wasserstein-1 (earth mover's) distance ∫ |F − G|, in the units of the data. Equal to SciPy's `wasserstein_distance`.
 *
 * Infinite values give `NaN` or infinity. The inputs are copied. O(n log n).
 * @throws InvalidArgument on an empty sample, missing values, weights that do not fit
 */
export function wassersteinDistance(a: ArrayLike<number>, b: ArrayLike<number>, options: SampleDistanceOptions = {}): number {
  return distance('wassersteinDistance', a, b, options, Math.abs)
}

/** Energy distance √(2 ∫ (F − G)²). Equal to SciPy's `energy_distance`. Otherwise as {@link wassersteinDistance}. */
export function energyDistance(a: ArrayLike<number>, b: ArrayLike<number>, options: SampleDistanceOptions = {}): number {
  return Math.sqrt(2 * distance('energyDistance', a, b, options, (difference) => difference * difference))
}

/** {@link wassersteinDistance} of ascending samples without `NaN`. O(n + m). */
export function wassersteinSorted(a: Float64Array, b: Float64Array): number {
  return integrate(a, b, undefined, undefined, Math.abs)
}

/** {@link energyDistance} of ascending samples without `NaN`. O(n + m). */
export function energySorted(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(2 * integrate(a, b, undefined, undefined, (difference) => difference * difference))
}

function distance(
  operation: string,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: SampleDistanceOptions,
  height: (difference: number) => number,
): number {
  checkOptions(operation, options, { weightsA: weightsRule(), weightsB: weightsRule(), missing: missingRule() })
  const { weightsA, weightsB, missing } = options
  if (weightsA === undefined && weightsB === undefined) {
    const first = sortedSample(operation, 'the first sample', a, missing)
    return integrate(first, sortedSample(operation, 'the second sample', b, missing), undefined, undefined, height)
  }
  const first = weighted(operation, 'the first sample', a, weightsA)
  const second = weighted(operation, 'the second sample', b, weightsB)
  return integrate(first.values, second.values, first.cumulated, second.cumulated, height)
}

function weightsRule(): ReturnType<typeof either> {
  return { ...either(ofType('object'), ofType('object')), allowed: 'an array of numbers' }
}

/** ∫ height(F − G) by one walk over the merged values; `cumulated` shares replace equal weights. */
function integrate(
  a: Float64Array,
  b: Float64Array,
  shareA: Float64Array | undefined,
  shareB: Float64Array | undefined,
  height: (difference: number) => number,
): number {
  const m = a.length
  const n = b.length
  let i = 0
  let j = 0
  let previous = Math.min(a[0] as number, b[0] as number)
  let sum = 0
  while (i < m || j < n) {
    const x = i < m ? (a[i] as number) : Number.POSITIVE_INFINITY
    const y = j < n ? (b[j] as number) : Number.POSITIVE_INFINITY
    const value = Math.min(x, y)
    if (value !== previous) {
      const f = i === 0 ? 0 : shareA === undefined ? i / m : (shareA[i - 1] as number)
      const g = j === 0 ? 0 : shareB === undefined ? j / n : (shareB[j - 1] as number)
      sum += height(f - g) * (value - previous)
      previous = value
    }
    if (i < m && x === value) i++
    else j++
  }
  return sum
}

function weighted(
  operation: string,
  which: string,
  values: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
): { values: Float64Array; cumulated: Float64Array } {
  const copy = copySample(operation, which, values)
  const own = weights === undefined ? new Float64Array(copy.length).fill(1) : new Float64Array(weights)
  if (own.length !== copy.length) throw invalidArgument(`${operation}: ${which} has ${copy.length} values and ${own.length} weights`)
  const order = Array.from(copy.keys()).sort((i, j) => (copy[i] as number) - (copy[j] as number))
  const cumulated = new Float64Array(copy.length)
  let total = 0
  order.forEach((index, position) => {
    const weight = own[index] as number
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw invalidArgument(`${operation}: a weight must be a finite number ≥ 0, got ${show(weight)}`)
    total += weight
    cumulated[position] = total
  })
  if (!(total > 0)) throw invalidArgument(`${operation}: the weights of ${which} must have a positive sum`)
  return { values: Float64Array.from(order, (index) => copy[index] as number), cumulated: cumulated.map((share) => share / total) }
}
