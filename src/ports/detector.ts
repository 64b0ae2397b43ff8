/** The detector port: watches a stream of numbers one at a time, in constant or logarithmic memory. */
import type { Json } from '../core/json'

/** What a detector says after one value. */
export interface DetectorSignal {
  /** The stream has changed at this value. The next `update` starts afresh. */
  readonly driftDetected: boolean
  /** It may be changing. Always false where {@link DetectorCapabilities.warnings} is false, and with `driftDetected`. */
  readonly warningDetected: boolean
}

/** What a detector can do. A frozen plain record. */
export interface DetectorCapabilities {
  /** Takes any finite numbers; otherwise only 0 (correct) and 1 (error). */
  readonly realValues: boolean
  /** Gives warnings before drift. */
  readonly warnings: boolean
  /** Finds a fall of the mean as well as a rise, as it is configured. */
  readonly twoSided: boolean
}

/**
 * A streaming drift detector.
 *
 * Guarantees every implementation gives, checked by `detectorChecks()` of `millwright/testing`:
 * - **Determinism**: the same options (seed included) and values give the same signals.
 * - **State**: `restore(state())` at any point, in another process through JSON too, gives the same future.
 * - **Restart**: the `update` after a drift starts as if newly made; nothing needs to be called.
 * - **Missing**: `NaN` is missing: it changes nothing and gives no signal. An infinite value, or one that is neither 0 nor 1 where
 *   `realValues` is false, is refused with `InvalidArgument` and changes nothing.
 * - **Cost**: `update` takes constant or logarithmic time and does no I/O.
 */
export interface Detector {
  readonly portVersion: 1
  /** For messages: what it is, for example `pageHinkley`. */
  readonly name: string
  readonly capabilities: DetectorCapabilities
  /** Takes the next value. @throws InvalidArgument */
  update(value: number): DetectorSignal
  /** Forgets everything, as if newly made. */
  reset(): void
  /** What was learned so far, as plain JSON: a copy. Options are not part of it. */
  state(): Json
  /** Continues from what {@link Detector.state} of a detector with the same options gave. @throws Corrupt on anything else */
  restore(state: Json): void
}
