/** The check that arms got the shares of units that they should have. */
import { invalidArgument } from '../../core/errors'
import { goodnessOfFit } from '../../stats/goodness-of-fit'

/** What {@link sampleRatioTest} finds. */
export interface SampleRatioResult {
  readonly statistic: number
  readonly pValue: number
  /** p < 0.001: units were lost or counted wrongly. Results must not be read before the cause is found. */
  readonly mismatch: boolean
}

/**
 * χ² test of observed units against weights (sample-ratio mismatch). Without units there is no mismatch.
 *
 * @param units number of units of each arm, @param weights intended share of each; arms of weight 0 should have none
 * @throws InvalidArgument when the lengths differ
 */
export function sampleRatioTest(units: readonly number[], weights: readonly number[]): SampleRatioResult {
  const areCounts = (values: unknown): boolean => Array.isArray(values) && values.every((value) => Number.isFinite(value) && value >= 0)
  if (!areCounts(units) || !areCounts(weights) || units.length !== weights.length)
    throw invalidArgument('sampleRatioTest takes the units of each arm and as many weights: two arrays of finite numbers ≥ 0')
  if (units.every((count) => count === 0)) return { statistic: 0, pValue: 1, mismatch: false }
  const used = weights.map((weight, i) => weight > 0 || (units[i] as number) > 0)
  const keep = (values: readonly number[]): number[] => values.filter((_, i) => used[i])
  if (keep(weights).length < 2) return { statistic: 0, pValue: 1, mismatch: false }
  const { statistic, pValue } = goodnessOfFit(keep(units), keep(weights))
  return { statistic, pValue, mismatch: pValue < 0.001 }
}
