/** How many units an experiment needs. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import { normalIsf } from '../../stats/normal'

/** The error rates that a plan keeps. */
export interface SampleSizeOptions {
  /** Chance of finding a difference where there is none (two-sided). @default 0.05 */
  readonly alpha?: number | undefined
  /** Chance of finding the difference, if it is as large as planned. @default 0.8 */
  readonly power?: number | undefined
  /** Comparisons that share `alpha` (Bonferroni): arms beside the control, times goal metrics. @default 1 */
  readonly comparisons?: number | undefined
}

/** Options of {@link sampleSizeForShares}. */
export interface SharePlan extends SampleSizeOptions {
  /** The share today. */
  readonly baseline: number
  /** The smallest absolute change that matters: 0.02 for 10 % → 12 %; may be negative. */
  readonly effect: number
}

/** Options of {@link sampleSizeForMeans}. */
export interface MeanPlan extends SampleSizeOptions {
  /** Standard deviation of the value between units. */
  readonly standardDeviation: number
  /** The smallest absolute change that matters. */
  readonly effect: number
}

/**
 * Units for each arm, to find a change of a share from `baseline` to `baseline + effect` by the z test.
 *
 * @throws InvalidArgument unless both shares are between 0 and 1 and differ
 *
 * @example
 * sampleSizeForShares({ baseline: 0.1, effect: 0.02 }) // 3841
 */
export function sampleSizeForShares(plan: SharePlan): number {
  checkOptions('sampleSizeForShares', plan ?? null, { ...planRules(), baseline: finiteNumber(0, 1), effect: finiteNumber(-1, 1) })
  const { baseline, effect } = plan
  const other = baseline + effect
  if (!(baseline > 0 && baseline < 1 && other > 0 && other < 1 && effect !== 0)) {
    throw invalidArgument(
      `sampleSizeForShares needs two different shares between 0 and 1, got ${show(baseline)} and ${show(Number(other.toPrecision(12)))}`,
    )
  }
  const middle = (baseline + other) / 2
  const [za, zb] = quantiles(plan)
  const root = za * Math.sqrt(2 * middle * (1 - middle)) + zb * Math.sqrt(baseline * (1 - baseline) + other * (1 - other))
  return Math.ceil(root ** 2 / effect ** 2)
}

/**
 * Units for each arm, to find a change of a mean by `effect`; normal approximation.
 *
 * @throws InvalidArgument unless the standard deviation is positive and the effect not 0
 */
export function sampleSizeForMeans(plan: MeanPlan): number {
  checkOptions('sampleSizeForMeans', plan ?? null, { ...planRules(), standardDeviation: finiteNumber(0), effect: finiteNumber() })
  const { standardDeviation, effect } = plan
  if (!(standardDeviation > 0) || typeof effect !== 'number' || effect === 0)
    throw invalidArgument(
      `sampleSizeForMeans needs a positive standard deviation and an effect that is not 0, got ${show(standardDeviation)} and ${show(effect)}`,
    )
  const [za, zb] = quantiles(plan)
  return Math.ceil((2 * (za + zb) ** 2 * standardDeviation ** 2) / effect ** 2)
}

function planRules() {
  return { alpha: finiteNumber(1e-12, 1 - 1e-12), power: finiteNumber(1e-12, 1 - 1e-12), comparisons: wholeNumber(1) }
}

function quantiles({ alpha = 0.05, power = 0.8, comparisons = 1 }: SampleSizeOptions): readonly [number, number] {
  return [normalIsf(alpha / comparisons / 2), normalIsf(1 - power)]
}
