/** The common code of the streaming detectors: checks values, restarts after a drift, copies the state. */
import { damaged } from '../../core/damage'
import { displayPort } from '../../core/display'
import { invalidArgument, show } from '../../core/errors'
import type { Json } from '../../core/json'
import type { OptionRule } from '../../core/options'
import type { Detector, DetectorCapabilities, DetectorSignal } from '../../ports/detector'

/**
 * The code of one detector. `State` is plain JSON without cycles; it is what `state()` gives and `restore` takes. `Live` is what `update` works on: `State` itself, unless
 * another form is faster.
 */
export interface StreamDetectorParts<State extends Json & object, Live extends object = Mutable<State>> {
  readonly name: string
  readonly capabilities: DetectorCapabilities
  /** The state before the first value; a new object at each call. */
  readonly fresh: () => State
  /** The form that `update` works on, from a state that is its own to change. @default the state itself */
  readonly live?: (state: State) => Live
  /** The state of that form; it is copied. @default the form itself */
  readonly saved?: (live: Live) => State
  /** Returns the first invalid member of a restored state; its members have the right types. */
  readonly problemOf?: (state: State) => DetectorProblem | undefined
  /** Brings the state of an earlier release into today's form, before it is checked. */
  readonly upgrade?: (state: Json) => Json
  /**
   * Gives the `update` of the detector. Each detector has its own function, not a shared one that calls a part of it: V8 compiles a function for the
   * objects that it sees, and a function that sees the states of ten detectors is slow for each of them.
   */
  readonly update: (memory: StreamMemory<Live>) => (value: number) => DetectorSignal
}

/** A state that a detector may change. */
type Mutable<State> = { -readonly [K in keyof State]: State[K] }

/** An invalid member of a restored state, and what it should be. */
export interface DetectorProblem {
  readonly member: string
  readonly expected: string
}

/** The signals, made once: detectors are updated millions of times. */
export const QUIET: DetectorSignal = { driftDetected: false, warningDetected: false }
export const WARNING: DetectorSignal = { driftDetected: false, warningDetected: true }
const DRIFT: DetectorSignal = { driftDetected: true, warningDetected: false }

/** What a detector has learned, and whether its last value was a drift. */
class StreamMemory<Live extends object> {
  live: Live
  drifted = false
  readonly #name: string
  readonly #realValues: boolean
  readonly #fresh: () => Live

  constructor(name: string, realValues: boolean, fresh: () => Live) {
    this.#name = name
    this.#realValues = realValues
    this.#fresh = fresh
    this.live = fresh()
  }

  /** What was learned, for an update with `value`: nothing after a drift. `undefined` for a missing value, which changes nothing. @throws InvalidArgument */
  begin(value: number): Live | undefined {
    if (this.#realValues ? !Number.isFinite(value) : value !== 0 && value !== 1) {
      if (value !== value) return undefined
      throw invalidArgument(`a value for ${this.#name} must be ${this.#realValues ? 'a finite number' : '0 or 1'}, got ${show(value)}`)
    }
    if (this.drifted) this.reset()
    return this.live
  }

  /** Notes the drift, and gives its signal. */
  drift(): DetectorSignal {
    this.drifted = true
    return DRIFT
  }

  reset(): void {
    this.live = this.#fresh()
    this.drifted = false
  }
}

/** Creates a detector from its parts. A restored state must have the members of a new one, with the same types. */
export function streamDetector<State extends Json & object, Live extends object = Mutable<State>>(
  parts: StreamDetectorParts<State, Live>,
): Detector {
  const { name, capabilities, fresh } = parts
  const live = parts.live ?? ((state: State): Live => state as unknown as Live)
  const saved = parts.saved ?? ((form: Live): State => form as unknown as State)
  const memory = new StreamMemory(name, capabilities.realValues, () => live(fresh()))
  return displayPort('Detector', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ ...capabilities }),
    update: parts.update(memory),
    reset: () => memory.reset(),
    state: () => structuredClone({ name, drifted: memory.drifted, state: saved(memory.live) }) as unknown as Json,
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
      memory.live = live(structuredClone(restored) as State)
      memory.drifted = given.drifted
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
