/** FHDDM: detects that the accuracy over a sliding window fell below the best one seen, by Hoeffding's bound. */
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { DRIFT, QUIET, streamDetector } from './stream-detector'

/** Options of {@link fhddm}. */
export interface FhddmOptions {
  /** Number of values in the window. @default 100 */
  readonly window?: number | undefined
  /** Chance of a false alarm; in (0, 1). @default 0.000001 */
  readonly confidence?: number | undefined
  /** What a 1 means: `correct`, as in river, or `error`, as in the other detectors here. @default 'correct' */
  readonly ones?: 'correct' | 'error' | undefined
}

interface State {
  readonly [key: string]: number | number[]
  /** The newest values, 1 for a correct prediction: a ring, once it is full. */
  readonly values: number[]
  /** Where the oldest value stands in a full ring. */
  readonly oldest: number
  readonly correct: number
  readonly best: number
}

/**
 * A fast Hoeffding drift detection method (FHDDM) detector. **A 1 is a correct prediction**, unless `ones` says otherwise. Gives no warnings.
 *
 * Alarms at the same positions as river 0.2x.
 * Source: A. Pesaranghader and H. Viktor, Fast Hoeffding Drift Detection Method for Evolving Data Streams, ECML PKDD 2016.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function fhddm(options: FhddmOptions = {}): Detector {
  checkOptions('fhddm', options, {
    window: wholeNumber(2, 1_000_000),
    confidence: finiteNumber(Number.MIN_VALUE, 1 - Number.EPSILON),
    ones: oneOf('correct', 'error'),
  })
  const { window = 100, confidence = 0.000001, ones = 'correct' } = options
  const room = Math.sqrt(Math.log(1 / confidence) / (2 * window))
  return streamDetector<State>({
    name: 'fhddm',
    capabilities: { realValues: false, warnings: false, twoSided: false },
    fresh: () => ({ values: [], oldest: 0, correct: 0, best: 0 }),
    problemOf: ({ values, oldest }) =>
      values.length > window || !values.every((value) => value === 0 || value === 1)
        ? { member: 'values', expected: `at most ${window} values, each 0 or 1` }
        : Number.isInteger(oldest) && oldest >= 0 && oldest < window
          ? undefined
          : { member: 'oldest', expected: `a whole number from 0 to ${window - 1}` },
    step(state, value) {
      const isCorrect = ones === 'correct' ? value : 1 - value
      state.correct += isCorrect
      if (state.values.length < window) {
        state.values.push(isCorrect)
        if (state.values.length < window) return QUIET
      } else {
        state.correct -= state.values[state.oldest] as number
        state.values[state.oldest] = isCorrect
        state.oldest = (state.oldest + 1) % window
      }
      const share = state.correct / window
      if (share > state.best) state.best = share
      return state.best - share > room ? DRIFT : QUIET
    },
  })
}
