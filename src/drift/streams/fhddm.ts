/** FHDDM: detects that the accuracy over a sliding window fell below the best one seen, by Hoeffding's bound. */
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector } from './stream-detector'

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
  /** The best share of correct predictions in a window. */
  readonly best: number
}

/** The same in whole numbers: the ring has its full length from the start, and the best window is a count. */
interface Live {
  readonly ring: Uint8Array
  filled: number
  oldest: number
  correct: number
  best: number
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
  // No smaller difference of two counts can be an alarm; the shares decide, as in river, where it may be one.
  const least = Math.floor(room * window) - 1
  return streamDetector<State, Live>({
    name: 'fhddm',
    capabilities: { realValues: false, warnings: false, twoSided: false },
    fresh: () => ({ values: [], oldest: 0, correct: 0, best: 0 }),
    live: ({ values, oldest, correct, best }) => {
      const ring = new Uint8Array(window)
      ring.set(values)
      return { ring, filled: values.length, oldest, correct, best: Math.round(best * window) }
    },
    saved: ({ ring, filled, oldest, correct, best }) => ({ values: [...ring.subarray(0, filled)], oldest, correct, best: best / window }),
    problemOf: ({ values, oldest }) =>
      values.length > window || !values.every((value) => value === 0 || value === 1)
        ? { member: 'values', expected: `at most ${window} values, each 0 or 1` }
        : Number.isInteger(oldest) && oldest >= 0 && oldest < window
          ? undefined
          : { member: 'oldest', expected: `a whole number from 0 to ${window - 1}` },
    update: (memory) => (value) => {
      const live = memory.begin(value)
      if (live === undefined) return QUIET
      const isCorrect = ones === 'correct' ? value : 1 - value
      if (live.filled < window) {
        live.ring[live.filled++] = isCorrect
        live.correct += isCorrect
        if (live.filled < window) return QUIET
      } else {
        const at = live.oldest
        live.correct += isCorrect - (live.ring[at] as number)
        live.ring[at] = isCorrect
        live.oldest = at + 1 === window ? 0 : at + 1
      }
      if (live.correct >= live.best) live.best = live.correct
      else if (live.best - live.correct > least && live.best / window - live.correct / window > room) return memory.drift()
      return QUIET
    },
  })
}
