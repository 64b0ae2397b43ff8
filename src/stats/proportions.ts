/** Counts and weights as proportions, and what to do with empty bins. */
import { invalidArgument, show } from '../core/errors'
import { assertNumbers } from './sample'

/**
 * How empty bins are filled before a logarithm is taken:
 * - `floor`: a proportion of 0 becomes 1e-4, or a millionth of the smallest other proportion when that one is at most 1e-4;
 *   nothing is renormalised. What Evidently does; the default.
 * - `jeffreys`: half an observation is added to every bin, then normalised. Needs counts.
 * - `none`: nothing; scores may be infinite.
 *
 * Scores under different smoothings are not comparable.
 */
export type Smoothing = 'floor' | 'jeffreys' | 'none'

/**
 * Shares of the total.
 *
 * @param values counts or weights, at least one, none negative, not all 0
 * @throws InvalidArgument otherwise
 */
export function proportions(values: ArrayLike<number>): Float64Array {
  let total = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw invalidArgument(`a count must be a finite number ≥ 0, got ${show(value)}`)
    total += value
  }
  if (!(total > 0)) throw invalidArgument('counts must have a positive sum')
  return Float64Array.from(values, (value) => value / total)
}

/** Two vectors of counts over the same bins, as proportions without zeros where `smoothing` says so. @throws InvalidArgument */
export function smoothedPair(p: ArrayLike<number>, q: ArrayLike<number>, smoothing: Smoothing): readonly [Float64Array, Float64Array] {
  const [a, b] = proportionPair(p, q)
  if (smoothing === 'floor') return [fillZeros(a), fillZeros(b)]
  if (smoothing === 'none') return [a, b]
  return [proportions(Float64Array.from(p, (count) => count + 0.5)), proportions(Float64Array.from(q, (count) => count + 0.5))]
}

/** Two vectors over the same bins as proportions. @throws InvalidArgument when their lengths differ */
export function proportionPair(p: ArrayLike<number>, q: ArrayLike<number>): readonly [Float64Array, Float64Array] {
  assertNumbers('a comparison of counts', p, q)
  if (p.length !== q.length) throw invalidArgument(`both sides must have the same bins, got ${p.length} and ${q.length}`)
  return [proportions(p), proportions(q)]
}

function fillZeros(shares: Float64Array): Float64Array {
  let smallest = 1
  for (const share of shares) if (share > 0 && share < smallest) smallest = share
  const fill = smallest <= 1e-4 ? smallest / 1e6 : 1e-4
  return shares.map((share) => (share === 0 ? fill : share))
}
