/** Fixed-horizon comparisons of two arms, from summaries: shares by the z test, means by Welch's t test. Read once, at the planned size. */
import { invalidArgument, show } from '../../core/errors'
import { anything, checkOptions, requireOptions } from '../../core/options'
import { studentTSf } from '../../stats/distributions'
import { normalIsf, normalSf } from '../../stats/normal'
import { assertRate, studentTIsf } from './normal-interval'

/** The units of an arm and one value each, summarised. For a share, every value is 0 or 1. */
export interface ArmSummary {
  /** Number of units. */
  readonly count: number
  readonly mean: number
  /** Sample variance (divisor n − 1); of a share the exact p (1 − p) is used instead. */
  readonly variance: number
}

/** The difference of two arms: treatment − control. */
export interface ArmDifference {
  readonly difference: number
  /** difference / |control|; `NaN` where the control is 0. */
  readonly relative: number
  /** At the confidence 1 − alpha. */
  readonly interval: readonly [number, number]
  /** Two-sided; 1 where there is no statement yet. */
  readonly pValue: number
  /** The squared standard error of the difference. */
  readonly variance: number
}

/** Options of the comparisons. */
export interface CompareOptions {
  /** @default 0.05 */
  readonly alpha?: number | undefined
}

/**
 * Compares two shares. The p-value is that of the z test with pooled variance. The interval is unpooled (Wald); where an arm has fewer than 10 hits or
 * misses, it is Newcombe's from Wilson intervals (1998, method 10).
 *
 * @throws InvalidArgument unless 0 ≤ hits ≤ n
 */
export function compareShares(
  control: { readonly hits: number; readonly count: number },
  treatment: { readonly hits: number; readonly count: number },
  options: CompareOptions = {},
): ArmDifference {
  const alpha = alphaOf('compareShares', options)
  for (const arm of [control, treatment]) {
    requireOptions('compareShares', arm, ['hits', 'count'])
    const { hits, count } = arm
    if (!(hits >= 0 && hits <= count && count < Number.POSITIVE_INFINITY))
      throw invalidArgument(`compareShares needs 0 ≤ hits ≤ count, got ${show(hits)} of ${show(count)}`)
  }
  const [n1, n2] = [control.count, treatment.count]
  if (n1 === 0 || n2 === 0) return noStatement()
  const [p1, p2] = [control.hits / n1, treatment.hits / n2]
  const difference = p2 - p1
  const pooled = (control.hits + treatment.hits) / (n1 + n2)
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
  const variance = (p1 * (1 - p1)) / n1 + (p2 * (1 - p2)) / n2
  const pValue = difference === 0 ? 1 : 2 * normalSf(Math.abs(difference) / spread)
  const z = normalIsf(alpha / 2)
  const isSmall = [control, treatment].some(({ hits, count }) => Math.min(hits, count - hits) < 10)
  const half = z * Math.sqrt(variance)
  const interval = isSmall ? newcombe(p1, n1, p2, n2, z) : ([difference - half, difference + half] as const)
  return { difference, relative: p1 === 0 ? Number.NaN : difference / p1, interval, pValue, variance }
}

/**
 * Compares two means by Welch's t test. There is no statement (p 1, an unbounded interval) before both arms have two units.
 */
export function compareMeans(control: ArmSummary, treatment: ArmSummary, options: CompareOptions = {}): ArmDifference {
  const alpha = alphaOf('compareMeans', options)
  for (const arm of [control, treatment]) requireOptions('compareMeans', arm, ['count', 'mean', 'variance'])
  if (control.count < 2 || treatment.count < 2) return noStatement()
  for (const { count, mean, variance } of [control, treatment]) {
    if (!(count < Number.POSITIVE_INFINITY && Number.isFinite(mean) && variance >= 0))
      throw invalidArgument(
        `compareMeans needs a count, a finite mean and a variance ≥ 0 of each arm, got ${show(count)}, ${show(mean)} and ${show(variance)}`,
      )
  }
  const difference = treatment.mean - control.mean
  const [v1, v2] = [control.variance / control.count, treatment.variance / treatment.count]
  const variance = v1 + v2
  const relative = control.mean === 0 ? Number.NaN : difference / Math.abs(control.mean)
  if (variance === 0) return { difference, relative, interval: [difference, difference], pValue: difference === 0 ? 1 : 0, variance }
  const degreesOfFreedom = variance ** 2 / (v1 ** 2 / (control.count - 1) + v2 ** 2 / (treatment.count - 1))
  const error = Math.sqrt(variance)
  const half = studentTIsf(alpha / 2, degreesOfFreedom) * error
  const pValue = 2 * studentTSf(Math.abs(difference) / error, degreesOfFreedom)
  return { difference, relative, interval: [difference - half, difference + half], pValue, variance }
}

function noStatement(): ArmDifference {
  return {
    difference: Number.NaN,
    relative: Number.NaN,
    interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    pValue: 1,
    variance: Number.POSITIVE_INFINITY,
  }
}

function newcombe(p1: number, n1: number, p2: number, n2: number, z: number): readonly [number, number] {
  const [low1, high1] = wilson(p1, n1, z)
  const [low2, high2] = wilson(p2, n2, z)
  const difference = p2 - p1
  return [difference - Math.hypot(p2 - low2, high1 - p1), difference + Math.hypot(high2 - p2, p1 - low1)]
}

function wilson(p: number, n: number, z: number): readonly [number, number] {
  const centre = p + z ** 2 / (2 * n)
  const half = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2))
  const scale = 1 + z ** 2 / n
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)]
}

function alphaOf(subject: string, options: CompareOptions): number {
  checkOptions(subject, options, { alpha: anything() })
  const { alpha = 0.05 } = options
  assertRate(subject, 'alpha', alpha)
  return alpha
}
