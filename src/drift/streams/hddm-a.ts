/** HDDM-A: detects a change of the error rate with Hoeffding's bound on averages; few false alarms at sudden changes. */
import { checkOptions, finiteNumber, ofType } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector, WARNING } from './stream-detector'

/** Options of {@link hddmA}. */
export interface HddmAOptions {
  /** Chance of a false alarm; in (0, 1). @default 0.001 */
  readonly driftConfidence?: number | undefined
  /** Chance of a false warning; in (0, 1). @default 0.005 */
  readonly warningConfidence?: number | undefined
  /** Looks for a fall of the rate, too. @default false */
  readonly twoSided?: boolean | undefined
}

/** Averages over all values, and over those up to the lowest and the highest point so far. */
interface State {
  readonly [key: string]: number
  readonly count: number
  readonly mean: number
  readonly lowCount: number
  readonly lowMean: number
  readonly highCount: number
  readonly highMean: number
}

/**
 * An HDDM-A detector; values are 1 for an error and 0 for a correct prediction.
 *
 * Warning and drift begin at the same positions as in river 0.2x.
 * Source: I. Frías-Blanco et al., Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds, IEEE TKDE 27, 2015.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function hddmA(options: HddmAOptions = {}): Detector {
  const confidence = finiteNumber(Number.MIN_VALUE, 1 - Number.EPSILON)
  checkOptions('hddmA', options, { driftConfidence: confidence, warningConfidence: confidence, twoSided: ofType('boolean') })
  const { driftConfidence = 0.001, warningConfidence = 0.005, twoSided = false } = options
  // The logarithms of both bounds, computed once.
  const room = Math.log(1 / driftConfidence) / 2
  const driftLevel = Math.log(2 / driftConfidence) / 2
  const warningLevel = Math.log(2 / warningConfidence) / 2
  return streamDetector<State>({
    name: 'hddmA',
    capabilities: { realValues: false, warnings: true, twoSided },
    fresh: () => ({ count: 0, mean: 0, lowCount: 0, lowMean: 0, highCount: 0, highMean: 0 }),
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      state.mean += (value - state.mean) / state.count
      const here = Math.sqrt(room / state.count)
      if (state.lowCount === 0 || state.lowMean + Math.sqrt(room / state.lowCount) >= state.mean + here) {
        state.lowCount = state.count
        state.lowMean = state.mean
      }
      if (state.highCount === 0 || state.highMean - Math.sqrt(room / state.highCount) <= state.mean - here) {
        state.highCount = state.count
        state.highMean = state.mean
      }
      const rise = squaredExcess(state.mean - state.lowMean, state.lowCount, state.count)
      const fall = twoSided ? squaredExcess(state.highMean - state.mean, state.highCount, state.count) : Number.NEGATIVE_INFINITY
      const excess = Math.max(rise, fall)
      if (excess >= driftLevel) return memory.drift()
      return excess >= warningLevel ? WARNING : QUIET
    },
  })
}

/** The squared difference of the means after and before the cut, over what scales its bound; −Infinity where there is nothing after it, or it is a fall. */
function squaredExcess(difference: number, before: number, count: number): number {
  if (before === count || difference < 0) return Number.NEGATIVE_INFINITY
  return (difference * difference * before * count) / (count - before)
}
