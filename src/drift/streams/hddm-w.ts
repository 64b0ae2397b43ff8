/** HDDM-W: detects a change of the error rate with McDiarmid's bound on weighted averages; finds slow changes earlier than HDDM-A. */
import { checkOptions, finiteNumber, ofType } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector, WARNING } from './stream-detector'

/** Options of {@link hddmW}. */
export interface HddmWOptions {
  /** Chance of a false alarm; in (0, 1). @default 0.001 */
  readonly driftConfidence?: number | undefined
  /** Chance of a false warning; in (0, 1). @default 0.005 */
  readonly warningConfidence?: number | undefined
  /** Weight of the newest value; in (0, 1]. @default 0.05 */
  readonly lambda?: number | undefined
  /** Looks for a fall of the rate, too. @default false */
  readonly twoSided?: boolean | undefined
}

/**
 * Exponentially weighted means of all values, and of those before and after the lowest and the highest cut, each with the sum of its squared weights.
 * A mean of −1 has no value yet.
 */
interface State {
  readonly [key: string]: number
  readonly mean: number
  readonly weight: number
  readonly lowCut: number
  readonly lowBefore: number
  readonly lowBeforeWeight: number
  readonly lowAfter: number
  readonly lowAfterWeight: number
  readonly highCut: number
  readonly highBefore: number
  readonly highBeforeWeight: number
  readonly highAfter: number
  readonly highAfterWeight: number
}

const fresh: State = {
  ...{ mean: -1, weight: 1 },
  // Above and below every mean and its bound.
  ...{ lowCut: 1e9, lowBefore: -1, lowBeforeWeight: 1, lowAfter: -1, lowAfterWeight: 1 },
  ...{ highCut: -1e9, highBefore: -1, highBeforeWeight: 1, highAfter: -1, highAfterWeight: 1 },
}

/**
 * An HDDM-W detector; values are 1 for an error and 0 for a correct prediction.
 *
 * Warning and drift begin at the same positions as in river 0.2x.
 * Source: I. Frías-Blanco et al., Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds, IEEE TKDE 27, 2015.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function hddmW(options: HddmWOptions = {}): Detector {
  const confidence = finiteNumber(Number.MIN_VALUE, 1 - Number.EPSILON)
  checkOptions('hddmW', options, {
    driftConfidence: confidence,
    warningConfidence: confidence,
    lambda: finiteNumber(Number.MIN_VALUE, 1),
    twoSided: ofType('boolean'),
  })
  const { driftConfidence = 0.001, warningConfidence = 0.005, lambda = 0.05, twoSided = false } = options
  const next = (mean: number, value: number): number => (mean < 0 ? value : lambda * value + (1 - lambda) * mean)
  const nextWeight = (weight: number): number => lambda * lambda + (1 - lambda) ** 2 * weight
  // Halves of the logarithms of both bounds, computed once.
  const driftLevel = Math.log(1 / driftConfidence) / 2
  const warningLevel = Math.log(1 / warningConfidence) / 2
  return streamDetector<State>({
    name: 'hddmW',
    capabilities: { realValues: false, warnings: true, twoSided },
    fresh: () => ({ ...fresh }),
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.mean = next(state.mean, value)
      state.weight = nextWeight(state.weight)
      const room = Math.sqrt(state.weight * driftLevel)
      if (state.mean + room < state.lowCut) {
        state.lowCut = state.mean + room
        state.lowBefore = state.mean
        state.lowBeforeWeight = state.weight
        state.lowAfter = -1
        state.lowAfterWeight = 1
      } else {
        state.lowAfter = next(state.lowAfter, value)
        state.lowAfterWeight = nextWeight(state.lowAfterWeight)
      }
      if (state.mean - room > state.highCut) {
        state.highCut = state.mean - room
        state.highBefore = state.mean
        state.highBeforeWeight = state.weight
        state.highAfter = -1
        state.highAfterWeight = 1
      } else {
        state.highAfter = next(state.highAfter, value)
        state.highAfterWeight = nextWeight(state.highAfterWeight)
      }
      const rise = squaredExcess(state.lowAfter - state.lowBefore, state.lowAfter, state.lowBeforeWeight + state.lowAfterWeight)
      const fall = twoSided
        ? squaredExcess(state.highBefore - state.highAfter, state.highAfter, state.highBeforeWeight + state.highAfterWeight)
        : -1
      const excess = Math.max(rise, fall)
      if (excess > driftLevel) return memory.drift()
      return excess > warningLevel ? WARNING : QUIET
    },
  })
}

/** The squared difference of two means over the sum of their squared weights; −1 for one without values or a difference of the other sign. */
function squaredExcess(difference: number, after: number, weight: number): number {
  return after < 0 || difference <= 0 ? -1 : (difference * difference) / weight
}
