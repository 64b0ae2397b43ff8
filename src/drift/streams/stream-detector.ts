/** The common code of the streaming detectors: checks values, restarts after a drift, copies the state. */
import { damaged } from '../../core/damage'
import { displayPort } from '../../core/display'
import { invalidArgument, show } from '../../core/errors'
import type { Json } from '../../core/json'
import type { OptionRule } from '../../core/options'
import type { Detector, DetectorCapabilities, DetectorSignal } from '../../ports/detector'

/** The code of one detector. `State` is plain JSON without cycles. */
export interface StreamDetectorParts<State extends Json & object> {
  readonly name: string
  readonly capabilities: DetectorCapabilities
  /** The state before the first value; a new object at each call. */
  readonly fresh: () => State
  /** Returns the first invalid member of a restored state; its members have the right types. */
  readonly problemOf?: (state: State) => DetectorProblem | undefined
  /** Brings the state of an earlier release into today's form, before it is checked. */
  readonly upgrade?: (state: Json) => Json
  /** Updates `state` with a checked value, and says what it gives: {@link QUIET}, {@link WARNING} or {@link DRIFT}. */
  readonly step: (state: { -readonly [K in keyof State]: State[K] }, value: number) => DetectorSignal
}

/** An invalid member of a restored state, and what it should be. */
export interface DetectorProblem {
  readonly member: string
  readonly expected: string
}

/** The signals, made once: detectors are updated millions of times. */
export const QUIET: DetectorSignal = { driftDetected: false, warningDetected: false }
export const WARNING: DetectorSignal = { driftDetected: false, warningDetected: true }
export const DRIFT: DetectorSignal = { driftDetected: true, warningDetected: false }

/** Creates a detector from its parts. A restored state must have the members of a new one, with the same types. */
export function streamDetector<State extends Json & object>(parts: StreamDetectorParts<State>): Detector {
  const { name, capabilities, fresh, step } = parts
  let state = fresh()
  let drifted = false
  return displayPort('Detector', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ ...capabilities }),
    update(value) {
      if (value !== value) return QUIET
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
      const given = (saved ?? {}) as { name?: unknown; drifted?: unknown; state?: unknown }
      const subject = `the state of ${name}`
      if (given.name !== name) throw damaged(subject, ['name'], show(name), given.name)
      if (typeof given.drifted !== 'boolean') throw damaged(subject, ['drifted'], 'true or false', given.drifted)
      const restored = parts.upgrade === undefined ? given.state : parts.upgrade(given.state as Json)
      checkShape(restored, fresh(), subject)
      const problem = parts.problemOf?.(restored as State)
      if (problem !== undefined) {
        throw damaged(subject, ['state', problem.member], problem.expected, (restored as State)[problem.member as keyof State])
      }
      state = structuredClone(restored) as State
      drifted = given.drifted
    },
  })
}

/** Checks that a state has exactly the members of a new one, with the same types. @throws Corrupt */
function checkShape(value: unknown, example: object, subject: string): void {
  if (typeof value !== 'object' || value === null) throw damaged(subject, ['state'], 'an object', value)
  const given = value as Record<string, unknown>
  for (const key of new Set([...Object.keys(example), ...Object.keys(given)])) {
    const expected = Object.hasOwn(example, key) ? kindOf((example as Record<string, unknown>)[key]) : undefined
    if (expected === undefined) throw damaged(subject, ['state', key], 'left out', given[key])
    if (!expected.test(given[key])) throw damaged(subject, ['state', key], expected.allowed, given[key])
  }
}

/** The rule for a member that is `example` in a new state. */
function kindOf(example: unknown): OptionRule {
  if (Array.isArray(example)) return { allowed: 'an array', test: Array.isArray }
  if (example === null) return { allowed: 'a number or null', test: (value) => value === null || Number.isFinite(value) }
  return { allowed: 'a finite number', test: Number.isFinite }
}
