/** CUSUM: detects a change of the mean from a level that is learned first, by summing deviations. */
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector } from './stream-detector'

/** Options of {@link cusum}. */
export interface CusumOptions {
  /** Values from which mean and standard deviation are learned, before the first alarm. @default 30 */
  readonly minInstances?: number | undefined
  /** Deviation that is tolerated, in standard deviations. @default 0.5 */
  readonly slack?: number | undefined
  /** Accumulated deviation that is an alarm, in standard deviations. 5 alarms every few hundred stable values, 20 in about 3 % of a thousand. @default 5 */
  readonly threshold?: number | undefined
  /** Which change of the mean is looked for. @default 'both' */
  readonly mode?: 'up' | 'down' | 'both' | undefined
}

interface State {
  readonly [key: string]: number
  readonly count: number
  readonly mean: number
  readonly m2: number
  readonly rise: number
  readonly fall: number
}

/**
 * A CUSUM detector. Gives no warnings. Where the first values are all equal, any deviation is an alarm.
 *
 * Alarms at the same positions as river's.
 * Source: E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function cusum(options: CusumOptions = {}): Detector {
  checkOptions('cusum', options, {
    minInstances: wholeNumber(2),
    slack: finiteNumber(0),
    threshold: finiteNumber(0),
    mode: oneOf('up', 'down', 'both'),
  })
  const { minInstances = 30, slack = 0.5, threshold = 5, mode = 'both' } = options
  return streamDetector<State>({
    name: 'cusum',
    capabilities: { realValues: true, warnings: false, twoSided: mode === 'both' },
    fresh: () => ({ count: 0, mean: 0, m2: 0, rise: 0, fall: 0 }),
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      if (state.count <= minInstances) {
        const change = value - state.mean
        state.mean += change / state.count
        state.m2 += change * (value - state.mean)
      }
      // The last value that is learned from is also the first that is summed, as in river.
      if (state.count < minInstances) return QUIET
      const deviation = value - state.mean
      const std = Math.sqrt(state.m2 / (minInstances - 1))
      state.rise = Math.max(0, state.rise + deviation - slack * std)
      state.fall = Math.max(0, state.fall - deviation - slack * std)
      const up = mode !== 'down' && state.rise > threshold * std
      const down = mode !== 'up' && state.fall > threshold * std
      return up || down ? memory.drift() : QUIET
    },
  })
}
