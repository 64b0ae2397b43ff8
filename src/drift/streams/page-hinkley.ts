/** Page–Hinkley: detects a change of the mean of a stream in constant memory. */
import type { Json } from '../../core/json'
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector } from './stream-detector'

/** Options of {@link pageHinkley}. */
export interface PageHinkleyOptions {
  /** Values seen before the first alarm. @default 30 */
  readonly minInstances?: number | undefined
  /** Deviation from the mean that is tolerated, in units of the data. @default 0.005 */
  readonly delta?: number | undefined
  /** Accumulated deviation that is an alarm, in units of the data: scale the stream, or this. @default 50 */
  readonly threshold?: number | undefined
  /** Forgetting factor of the accumulated deviation, in (0, 1]. @default 0.9999 */
  readonly alpha?: number | undefined
  /** Which change of the mean is looked for. @default 'both' */
  readonly mode?: 'up' | 'down' | 'both' | undefined
}

interface State {
  readonly [key: string]: number
  readonly count: number
  readonly mean: number
  readonly rise: number
  readonly fall: number
  /** Smallest rise and largest fall so far; 0 before the first value. */
  readonly lowest: number
  readonly highest: number
}

/**
 * A Page–Hinkley detector. Gives no warnings.
 *
 * The running mean includes the value itself. Alarms at the same positions as river 0.2x.
 * Source: E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 * @example
 * const detector = pageHinkley({ threshold: 10 })
 * for (const error of errors) if (detector.update(error).driftDetected) retrain()
 */
export function pageHinkley(options: PageHinkleyOptions = {}): Detector {
  checkOptions('pageHinkley', options, {
    minInstances: wholeNumber(1),
    delta: finiteNumber(0),
    threshold: finiteNumber(0),
    alpha: finiteNumber(Number.MIN_VALUE, 1),
    mode: oneOf('up', 'down', 'both'),
  })
  const { minInstances = 30, delta = 0.005, threshold = 50, alpha = 0.9999, mode = 'both' } = options
  return streamDetector<State>({
    name: 'pageHinkley',
    capabilities: { realValues: true, warnings: false, twoSided: mode === 'both' },
    fresh: () => ({ count: 0, mean: 0, rise: 0, fall: 0, lowest: 0, highest: 0 }),
    // Up to release 0.1 the extremes were null before the first value.
    upgrade: (saved) => {
      const { lowest, highest, ...rest } = (saved ?? {}) as Readonly<Record<string, Json>>
      return lowest === null && highest === null ? { ...rest, lowest: 0, highest: 0 } : saved
    },
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      state.mean += (value - state.mean) / state.count
      const deviation = value - state.mean
      state.rise = alpha * state.rise + deviation - delta
      state.fall = alpha * state.fall + deviation + delta
      if (state.count === 1 || state.rise < state.lowest) state.lowest = state.rise
      if (state.count === 1 || state.fall > state.highest) state.highest = state.fall
      if (state.count < minInstances) return QUIET
      const up = mode !== 'down' && state.rise - state.lowest > threshold
      const down = mode !== 'up' && state.highest - state.fall > threshold
      return up || down ? memory.drift() : QUIET
    },
  })
}
