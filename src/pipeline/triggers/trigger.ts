/** What starts runs of a pipeline: the interface of triggers, and the firings they make. */
import type { Awaitable } from '../../core/awaitable'
import type { Clock } from '../../core/clock'
import { invalidArgument } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'
import type { Json } from '../../core/json'
import type { OptionRule } from '../../core/options'
import { finiteNumber, nonEmptyString, oneOf } from '../../core/options'

/**
 * What happens to a firing while a run of the same schedule has not ended: `skip` leaves it out, `queue` runs it afterwards, `replace` cancels
 * the present run and everything that waits, `allow` runs both at the same time.
 */
export type OverlapPolicy = 'skip' | 'queue' | 'replace' | 'allow'

/** What happens to times that passed while no process was running: `none` leaves them out, `last` runs once for the latest, `all` runs once for each. */
export type CatchUpPolicy = 'none' | 'last' | 'all'

/** A reason to run the pipeline, as a trigger reports it. */
export interface TriggerFiring {
  /** One sentence: why. */
  readonly reason: string
  /** When the run was due, epoch milliseconds. @default now */
  readonly dueAt?: number | undefined
  /** The input of the run; must be storable (see `valueCodec`). @default that of the schedule's `run` option */
  readonly input?: unknown
  /** Equal keys of one trigger mean the same event: the second firing is ignored. @default every firing is an event of its own */
  readonly key?: string | undefined
  /** What the trigger has seen by now; stored with the firing in one write, and given back after a restart. */
  readonly cursor?: Json | undefined
  /** @default that of the trigger, then that of the schedule */
  readonly overlap?: OverlapPolicy | undefined
}

/** What became of a firing when it was reported. */
export interface FiringReceipt {
  /** The id of the run, also where it was `skipped`. */
  readonly runId: string
  /** `accepted`: it is stored and will run, also after a crash. `known`: the same event had been accepted before. */
  readonly status: 'accepted' | 'skipped' | 'known'
  /** Why it was skipped. */
  readonly why?: string | undefined
}

/** What a trigger works with. */
export interface TriggerContext {
  readonly pipeline: string
  readonly clock: Clock
  /** Aborts when the schedule ends, or another process has become the one that fires. */
  readonly signal: AbortSignal
  /** What the trigger last stored; `undefined` before its first firing. */
  cursor(): Json | undefined
  /** Stores a cursor without a firing. */
  saveCursor(cursor: Json): Promise<void>
  /** Reports a firing; resolves when it is stored. @throws RateLimited when too many wait; what the storage throws */
  fire(firing: TriggerFiring): Promise<FiringReceipt>
  /** Reports a failure of the trigger itself; the schedule goes on. */
  report(error: unknown): void
}

/**
 * Starts runs of a pipeline. `cronTrigger`, `intervalTrigger`, `alertTrigger`, `dataVersionTrigger`, `manualTrigger` and `httpTrigger` make
 * triggers; an object with these members is another.
 */
export interface Trigger {
  /** Names the trigger within its schedule, in the stored state and in the ids of runs. */
  readonly name: string
  readonly kind: string
  /** @default that of the schedule */
  readonly overlap?: OverlapPolicy | undefined
  /**
   * `leader`: only one of the processes that share the schedule's storage starts it, so that a time or a new version fires once. `everywhere`:
   * each process starts it, because the events reach a process of their own.
   */
  readonly where: 'leader' | 'everywhere'
  /** Starts watching. Called again after a restart. */
  start(context: TriggerContext): Awaitable<void>
  /** Whether a request to the schedule's `handle` may fire it; only HTTP triggers have it. Resolves with a refusal, or `undefined`. */
  authorise?(request: Request): Awaitable<Response | undefined>
}

/** The rules of the options that all triggers share. */
export function triggerRules(): Readonly<Record<'name' | 'overlap', OptionRule>> {
  return { name: nonEmptyString(), overlap: oneOf('skip', 'queue', 'replace', 'allow') }
}

/** The rules of the options of triggers that fire at times. */
export function timedRules(): Readonly<Record<'catchUp' | 'lateMs', OptionRule>> {
  return { catchUp: oneOf('none', 'last', 'all'), lateMs: finiteNumber(0) }
}

/** Checks the name of a trigger. @throws InvalidArgument */
export function assertTriggerName(name: string): void {
  assertSafeSegment(name, 'the name of a trigger')
  // Ids of runs are made of it, and must be usable as file names, too.
  if (name.length > 100) throw invalidArgument(`the name of a trigger must have at most 100 characters, got ${name.length}`)
}
