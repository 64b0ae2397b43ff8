/** The frame of the streaming detectors: checks values, restarts after a drift, copies the state. */
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import type { Json } from '../../core/json'
import type { Detector, DetectorCapabilities, DetectorSignal } from '../../ports/detector'

/** What one detector adds to the frame. `State` is plain JSON without cycles. */
export interface StreamDetectorParts<State extends Json & object> {
  readonly name: string
  readonly capabilities: DetectorCapabilities
  /** The state before the first value; a new object at each call. */
  readonly fresh: () => State
  /** Takes a checked value into `state`, which it changes. */
  readonly step: (state: { -readonly [K in keyof State]: State[K] }, value: number) => DetectorSignal
}

const quiet: DetectorSignal = { driftDetected: false, warningDetected: false }

/** A detector of these parts. State that is restored must have the members of a fresh one, each of its kind. */
export function streamDetector<State extends Json & object>(parts: StreamDetectorParts<State>): Detector {
  const { name, capabilities, fresh, step } = parts
  let state = fresh()
  let drifted = false
  return displayPort('Detector', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ ...capabilities }),
    update(value) {
      if (value !== value) return quiet
      const allowed = capabilities.realValues ? Number.isFinite(value) : value === 0 || value === 1
      if (!allowed || typeof value !== 'number') {
        throw invalidArgument(`a value for ${name} must be ${capabilities.realValues ? 'a finite number' : '0 or 1'}, got ${show(value)}`)
      }
      if (drifted) state = fresh()
      const signal = step(state, value)
      drifted = signal.driftDetected
      return signal
    },
    reset() {
      state = fresh()
      drifted = false
    },
    state: () => structuredClone({ name, drifted, state }) as unknown as Json,
    restore(saved) {
      const given = saved as { name?: unknown; drifted?: unknown; state?: unknown } | null
      if (given?.name !== name || typeof given.drifted !== 'boolean' || !sameShape(given.state, fresh())) {
        throw new MillwrightError('Corrupt', `this is not a state of ${name}: ${show(saved)}`)
      }
      state = structuredClone(given.state) as State
      drifted = given.drifted
    },
  })
}

/** Whether `value` has exactly the members of `example`, with finite numbers where it has numbers. */
function sameShape(value: unknown, example: object): boolean {
  if (typeof value !== 'object' || value === null) return false
  const given = value as Record<string, unknown>
  const keys = Object.keys(example)
  return keys.length === Object.keys(given).length && keys.every((key) => sameKind(given[key], (example as Record<string, unknown>)[key]))
}

function sameKind(value: unknown, example: unknown): boolean {
  if (Array.isArray(example)) return Array.isArray(value) && isNumeric(value)
  if (example === null) return value === null || Number.isFinite(value)
  return typeof value === typeof example && (typeof value !== 'number' || Number.isFinite(value))
}

function isNumeric(value: readonly unknown[]): boolean {
  return value.every((item) => (Array.isArray(item) ? isNumeric(item) : Number.isFinite(item)))
}
