/** DDM: detects a rise of the error rate of a model in a stream of correct (0) and wrong (1) predictions. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector, WARNING } from './stream-detector'

/** Options of {@link ddm}. */
export interface DdmOptions {
  /** Values seen before the first signal. @default 30 */
  readonly warmStart?: number | undefined
  /** Standard deviations above the best rate that are a warning. @default 2 */
  readonly warningThreshold?: number | undefined
  /** Standard deviations above the best rate that are drift. @default 3 */
  readonly driftThreshold?: number | undefined
}

interface State {
  readonly [key: string]: number | null
  readonly count: number
  readonly rate: number
  /** Rate and standard deviation where their sum was smallest; `null` before the end of the warm-up. */
  readonly bestRate: number | null
  readonly bestSpread: number | null
}

/** The same with −1 in place of `null`, so that all members are numbers. */
interface Live {
  count: number
  rate: number
  bestRate: number
  bestSpread: number
}

/**
 * A drift detection method (DDM) detector; values are 1 for an error and 0 for a correct prediction.
 *
 * Warning and drift begin at the same positions as in river 0.2x.
 * Source: J. Gama, P. Medas, G. Castillo and P. Rodrigues, Learning with Drift Detection, SBIA 2004.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function ddm(options: DdmOptions = {}): Detector {
  checkOptions('ddm', options, { warmStart: wholeNumber(1), warningThreshold: finiteNumber(0), driftThreshold: finiteNumber(0) })
  const { warmStart = 30, warningThreshold = 2, driftThreshold = 3 } = options
  return streamDetector<State, Live>({
    name: 'ddm',
    capabilities: { realValues: false, warnings: true, twoSided: false },
    fresh: () => ({ count: 0, rate: 0, bestRate: null, bestSpread: null }),
    live: ({ count, rate, bestRate, bestSpread }) => ({ count, rate, bestRate: bestRate ?? -1, bestSpread: bestSpread ?? -1 }),
    saved: ({ bestRate, bestSpread, ...rest }) => ({
      ...rest,
      bestRate: bestRate < 0 ? null : bestRate,
      bestSpread: bestRate < 0 ? null : bestSpread,
    }),
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      state.rate += (value - state.rate) / state.count
      if (state.count <= warmStart) return QUIET
      const spread = Math.sqrt((state.rate * (1 - state.rate)) / state.count)
      const level = state.rate + spread
      if (state.bestRate < 0 || level <= state.bestRate + state.bestSpread) {
        state.bestRate = state.rate
        state.bestSpread = spread
      }
      if (level > state.bestRate + driftThreshold * state.bestSpread) return memory.drift()
      return level > state.bestRate + warningThreshold * state.bestSpread ? WARNING : QUIET
    },
  })
}
