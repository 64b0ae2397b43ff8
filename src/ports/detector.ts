/** The detector port: watches a stream of numbers one at a time, in constant or logarithmic memory. */
import type { Json } from '../core/json'

/** The result of one value. */
export interface DetectorSignal {
  /** Whether a change of the stream was detected at this value. The next `update` starts as in a new detector. */
  readonly driftDetected: boolean
  /** Whether the stream may be changing. Always false without {@link DetectorCapabilities.warnings}, and where `driftDetected` is true. */
  readonly warningDetected: boolean
}

/** What a detector can do. A frozen plain record. */
export interface DetectorCapabilities {
  /** Accepts any finite number; otherwise only 0 (correct) and 1 (error). */
  readonly realValues: boolean
  /** Can set `warningDetected`. */
  readonly warnings: boolean
  /** Detects a decrease of the mean as well as an increase, with the options it has. */
  readonly twoSided: boolean
}

/**
 * A streaming drift detector.
 *
 * Guarantees every implementation gives, checked by `detectorChecks()` of `millwright/testing`:
 * - **Determinism**: the same options (seed included) and values give the same signals.
 * - **State**: after `restore(state())`, at any point and also through JSON in another process, the detector gives the same signals.
 * - **Restart**: the `update` after a drift works as in a new detector, without a call of `reset`.
 * - **Missing values**: `NaN` is a missing value. It changes nothing and gives no signal. An infinite value, or without `realValues` one that is
 *   neither 0 nor 1, is refused with `InvalidArgument` and changes nothing.
 * - **Cost**: `update` takes constant or logarithmic time and does no I/O.
 */
export interface Detector {
  readonly portVersion: 1
  /** For messages: the kind of detector, for example `pageHinkley`. */
  readonly name: string
  readonly capabilities: DetectorCapabilities
  /** Processes the next value. @throws InvalidArgument */
  update(value: number): DetectorSignal
  /** Forgets all values, as in a new detector. */
  reset(): void
  /** A copy of what was learned so far, as plain JSON. It does not contain the options. */
  state(): Json
  /** Continues from the state of a detector with the same options. @throws Corrupt on anything else */
  restore(state: Json): void
}
