/**
 * Divergences of two vectors of counts (or weights, or proportions) over the same bins. The first is the reference.
 *
 * All take vectors of equal length whose values are ≥ 0 and not all 0, and normalise them. @throws InvalidArgument otherwise
 */
import { proportionPair, type Smoothing, smoothedPair } from './proportions'

/** Options of {@link populationStabilityIndex} and {@link klDivergence}. */
export interface SmoothingOptions {
  /** @default 'floor' for the index, 'none' for the Kullback–Leibler divergence */
  readonly smoothing?: Smoothing | undefined
}

/**
 * Population stability index Σ (p − q) ln(p / q). Usual reading: below 0.1 stable, 0.1 to 0.25 moderate, above large.
 *
 * Sampling noise alone gives about (bins − 1)(1/m + 1/n), see {@link psiNoise}. Equal to Evidently 0.7.
 */
export function populationStabilityIndex(reference: ArrayLike<number>, current: ArrayLike<number>, options: SmoothingOptions = {}): number {
  const [p, q] = smoothedPair(reference, current, options.smoothing ?? 'floor')
  let sum = 0
  for (let i = 0; i < p.length; i++) {
    const a = p[i] as number
    const b = q[i] as number
    if (a !== b) sum += (a - b) * Math.log(a / b)
  }
  return sum
}

/** The population stability index to be expected from sampling alone: (bins − 1)(1/m + 1/n). */
export function psiNoise(bins: number, m: number, n: number): number {
  return Math.max(0, bins - 1) * (1 / m + 1 / n)
}

/** Kullback–Leibler divergence Σ p ln(p / q) of the current bins from the reference, in nats; infinite where q = 0 < p. */
export function klDivergence(reference: ArrayLike<number>, current: ArrayLike<number>, options: SmoothingOptions = {}): number {
  const [p, q] = proportionPair(...smoothedPair(reference, current, options.smoothing ?? 'none'))
  return relativeEntropy(p, q)
}

/** Options of {@link jensenShannonDistance}. */
export interface JensenShannonOptions {
  /** Base of the logarithm: e gives at most √ln 2 ≈ 0.8326 (Evidently), 2 gives at most 1 (NannyML). @default Math.E */
  readonly base?: number | undefined
}

/** Jensen–Shannon distance: the square root of the divergence, a metric. Needs no smoothing. */
export function jensenShannonDistance(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: JensenShannonOptions = {},
): number {
  const [p, q] = proportionPair(reference, current)
  const middle = p.map((share, i) => (share + (q[i] as number)) / 2)
  const divergence = (relativeEntropy(p, middle) + relativeEntropy(q, middle)) / 2
  const base = options.base ?? Math.E
  return Math.sqrt(Math.max(0, base === Math.E ? divergence : divergence / Math.log(base)))
}

/** Hellinger distance √(½ Σ (√p − √q)²), in [0, 1]; exactly 0 for equal vectors. */
export function hellingerDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return Math.sqrt(sumOver(reference, current, (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2) / 2)
}

/** Total variation distance ½ Σ |p − q|, in [0, 1]. */
export function totalVariationDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return sumOver(reference, current, (p, q) => Math.abs(p - q)) / 2
}

/** Largest single difference max |p − q|, in [0, 1]. */
export function lInfinityDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const [p, q] = proportionPair(reference, current)
  return p.reduce((largest, share, i) => Math.max(largest, Math.abs(share - (q[i] as number))), 0)
}

function sumOver(reference: ArrayLike<number>, current: ArrayLike<number>, term: (p: number, q: number) => number): number {
  const [p, q] = proportionPair(reference, current)
  return p.reduce((sum, share, i) => sum + term(share, q[i] as number), 0)
}

function relativeEntropy(p: Float64Array, q: Float64Array): number {
  let sum = 0
  for (let i = 0; i < p.length; i++) {
    const share = p[i] as number
    if (share > 0) sum += share * Math.log(share / (q[i] as number))
  }
  return sum
}
