/** EDDM: detects that the errors of a model come closer together; finds slow changes earlier than DDM. */
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector, WARNING } from './stream-detector'

/** Options of {@link eddm}. */
export interface EddmOptions {
  /** Values, and errors, seen before the first signal. @default 30 */
  readonly warmStart?: number | undefined
  /** Share of the largest distance below which there is a warning; in (0, 1]. @default 0.95 */
  readonly alpha?: number | undefined
  /** Share of the largest distance below which there is drift; at most `alpha`. @default 0.9 */
  readonly beta?: number | undefined
}

/** Mean and squared deviations of the distances between errors (Welford). */
interface State {
  readonly [key: string]: number
  readonly count: number
  readonly errors: number
  readonly lastError: number
  readonly mean: number
  readonly m2: number
  /** Largest mean + 2 standard deviations; −1 before the end of the warm-up. */
  readonly largest: number
  /** 1 while there is a warning: it lasts until the next error. */
  readonly warning: number
}

/**
 * An early drift detection method (EDDM) detector; values are 1 for an error and 0 for a correct prediction. Noisy with its defaults.
 *
 * Warning and drift begin at the same positions as in river 0.2x.
 * Source: M. Baena-García et al., Early Drift Detection Method, 2006.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function eddm(options: EddmOptions = {}): Detector {
  const share = finiteNumber(Number.MIN_VALUE, 1)
  checkOptions('eddm', options, { warmStart: wholeNumber(1), alpha: share, beta: share })
  const { warmStart = 30, alpha = 0.95, beta = 0.9 } = options
  if (beta > alpha) throw invalidArgument(`\`beta\` of eddm must be at most \`alpha\`, got ${beta} and ${alpha}`)
  return streamDetector<State>({
    name: 'eddm',
    capabilities: { realValues: false, warnings: true, twoSided: false },
    fresh: () => ({ count: 0, errors: 0, lastError: 0, mean: 0, m2: 0, largest: -1, warning: 0 }),
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      let driftDetected = false
      if (value === 1) {
        const distance = state.count - state.lastError
        state.errors++
        const deviation = distance - state.mean
        state.mean += deviation / state.errors
        state.m2 += deviation * (distance - state.mean)
        if (state.count > warmStart) {
          const level = state.mean + 2 * Math.sqrt(state.errors > 1 ? state.m2 / (state.errors - 1) : 0)
          if (level > state.largest) state.largest = level
          else if (state.errors > warmStart) {
            driftDetected = level / state.largest < beta
            state.warning = !driftDetected && level / state.largest < alpha ? 1 : 0
          }
        }
        state.lastError = state.count
      }
      return driftDetected ? memory.drift() : state.warning === 1 ? WARNING : QUIET
    },
  })
}
