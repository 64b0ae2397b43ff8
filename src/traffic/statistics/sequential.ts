/** Always-valid inference: p-values and intervals that may be read after every observation, and acted on at any of these moments. */
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber } from '../../core/options'

/** Options of {@link sequentialTest}. */
export interface SequentialOptions {
  /** The variance τ² of the mixture, fixed before the data: about (smallest difference that matters)². */
  readonly tau2: number
  /** @default 0.05 */
  readonly alpha?: number | undefined
}

/** What {@link sequentialTest} finds. */
export interface SequentialResult {
  /** The likelihood ratio Λ: the difference is significant from the first moment at which it is ≥ 1 / alpha. */
  readonly likelihoodRatio: number
  /** min(1, 1 / Λ). The probability that it ever falls to alpha or below, without a difference, is at most alpha. */
  readonly pValue: number
  /** Covers the true difference at all moments together with probability 1 − alpha. */
  readonly interval: readonly [number, number]
}

/**
 * The mixture sequential probability ratio test of a difference against 0, with a normal mixture N(0, τ²).
 *
 * With `variance` V: Λ = √(V / (V + τ²)) · exp(τ² d² / (2 V (V + τ²))), and the interval d ± √((V (V + τ²) / τ²) · (2 ln(1 / α) + ln((V + τ²) / V))).
 * It is the estimate that is taken as normal, so do not read it before each arm has about 100 units, and 5 hits and misses of a share.
 *
 * @param difference the estimate, treatment − control
 * @param variance its squared standard error; where it is 0 or not finite there is no statement: p 1 and an unbounded interval
 * @throws InvalidArgument
 *
 * Source: Johari, Koomen, Pekelis and Walsh 2022, "Always Valid Inference".
 */
export function sequentialTest(difference: number, variance: number, options: SequentialOptions): SequentialResult {
  checkOptions('sequentialTest', options ?? null, { tau2: finiteNumber(Number.MIN_VALUE), alpha: finiteNumber(1e-12, 1 - 1e-12) })
  const { tau2, alpha = 0.05 } = options
  if (tau2 === undefined) throw invalidArgument('`tau2` of sequentialTest must be a number > 0, got undefined')
  if (!(variance > 0 && variance < Number.POSITIVE_INFINITY) || !Number.isFinite(difference)) {
    return { likelihoodRatio: 1, pValue: 1, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] }
  }
  const total = variance + tau2
  const likelihoodRatio = Math.sqrt(variance / total) * Math.exp((tau2 * difference ** 2) / (2 * variance * total))
  const half = Math.sqrt(((variance * total) / tau2) * (2 * Math.log(1 / alpha) + Math.log(total / variance)))
  return { likelihoodRatio, pValue: Math.min(1, 1 / likelihoodRatio), interval: [difference - half, difference + half] }
}
