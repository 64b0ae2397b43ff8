/** Runs a pipeline when its triggers fire. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import type { Json } from '../core/json'
import { checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf } from '../core/options'
import type { ObjectStore } from '../ports/object-store'
import { objectStoreRule } from '../ports/port-rules'
import type { RunOptions } from './pipeline-options'
import type { RunResult } from './result'
import type { RunnablePipeline } from './run-or-resume'
import { acceptFiring } from './triggers/accept-firing'
import { manualTrigger } from './triggers/event-triggers'
import { intervalTrigger } from './triggers/interval-trigger'
import { handleTrigger } from './triggers/schedule-http'
import { leadSchedule } from './triggers/schedule-leader'
import { type EndedRun, type PendingRun, type ScheduleRecord, type ScheduleState, scheduleRecord } from './triggers/schedule-record'
import { scheduledRuns } from './triggers/scheduled-runs'
import type { FiringReceipt, OverlapPolicy, Trigger, TriggerContext, TriggerFiring } from './triggers/trigger'

/** Options of {@link schedule}. */
export interface ScheduleOptions<Input, Steps, Params = object> {
  /** What starts runs. */
  readonly triggers?: readonly Trigger[] | undefined
  /** Short for an `intervalTrigger`: time from one run to the next, in milliseconds. */
  readonly everyMs?: number | undefined
  /** With `everyMs`: start at once rather than after the first interval. @default false */
  readonly immediately?: boolean | undefined
  /** Names the schedule in the storage. @default 'default' */
  readonly name?: string | undefined
  /**
   * Keeps what waits, what runs and what each trigger has seen, under `pipelines/<pipeline>/schedules/`, so that the schedule survives a
   * restart, and processes that share it start each run once. @default in memory
   */
  readonly storage?: ObjectStore | undefined
  /** What happens to a firing while a run has not ended. @default 'skip' */
  readonly overlap?: OverlapPolicy | undefined
  /** How long another process waits before it takes the schedule over from one that died, in milliseconds. @default 30000 */
  readonly leaseMs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Ends the schedule; see {@link Schedule.stop}. */
  readonly signal?: AbortSignal | undefined
  /** Options of each run; a function gets what fired. */
  readonly run?: ScheduledRunOptions<Input, Params> | ((run: PendingRun) => ScheduledRunOptions<Input, Params>) | undefined
  /** Called with each result, failed ones included (see its status). What it throws is ignored. */
  readonly onResult?: ((result: RunResult<Steps>) => void) | undefined
  /** Called when something beside the steps failed: a trigger, the storage, a run that could not be carried out. The schedule goes on. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Options of the runs of a schedule. */
export type ScheduledRunOptions<Input, Params = object> = Omit<RunOptions<Input, Params>, 'runId' | 'signal'>

/** Events of a schedule. */
export interface ScheduleEvents {
  /** A firing was stored and will run. Emitted in the process where it fired. */
  readonly 'firing-accepted': { readonly trigger: string; readonly runId: string; readonly reason: string }
  /** A firing was left out. */
  readonly 'firing-skipped': { readonly trigger: string; readonly runId: string; readonly reason: string; readonly why: string }
  /** A run has ended. Emitted in the process that carried it out. */
  readonly 'run-end': Pick<EndedRun, 'runId' | 'trigger' | 'reason' | 'status' | 'why'>
  /** What `onError` gets. */
  readonly error: unknown
}

/** Options of {@link Schedule.fire}. */
export interface FireOptions {
  /** @default 'manual' */
  readonly trigger?: string | undefined
  /** One sentence: why. @default 'asked for' */
  readonly reason?: string | undefined
  readonly input?: unknown
  /** Equal keys mean the same event, which runs once. */
  readonly key?: string | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/** A running schedule. */
export interface Schedule {
  on<K extends keyof ScheduleEvents & string>(type: K, listener: (event: ScheduleEvents[K]) => void, options?: ListenOptions): () => void
  /**
   * Fires a trigger by hand; resolves when the firing is stored.
   * @throws InvalidArgument for a trigger that does not exist; RateLimited when 1,000 runs wait; what the storage throws
   */
  fire(options?: FireOptions): Promise<FiringReceipt>
  /** The web-standard handler of HTTP triggers, to be mounted under any path: `POST …/<trigger>`. */
  handle(request: Request): Promise<Response>
  /** What waits, runs and ended, read from the storage. */
  state(): Promise<ScheduleState>
  /**
   * Starts no further run and cancels those in progress. With a storage they stay pending: the next process that starts the schedule resumes
   * them. Idempotent.
   */
  stop(): void
  /** Resolves when the schedule has ended. Never rejects. */
  readonly done: Promise<void>
}

/**
 * Runs `pipeline` when a trigger fires, one run at a time unless `overlap` says otherwise. A firing is stored before its run starts; after a
 * crash, pending runs are resumed from their last finished step (this needs the pipeline's storage, too).
 *
 * @throws InvalidArgument
 * @example
 * schedule(pipeline, { storage, triggers: [cronTrigger('0 3 * * *', { catchUp: 'last' }), alertTrigger({ monitor })] })
 */
export function schedule<Input, Steps, Params>(
  pipeline: RunnablePipeline<Input, Steps, Params>,
  options: ScheduleOptions<Input, Steps, Params>,
): Schedule {
  checkScheduleOptions(options)
  const triggers = triggersOf(options)
  // The code that runs pipelines is loaded on first use; loading it now keeps the first run on time. A failure is reported by that run.
  void import('./run-pipeline').catch(() => {})
  const { name = 'default', clock = systemClock() } = options
  const emitter = createEmitter<ScheduleEvents>()
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  if (options.signal?.aborted) stop()
  options.signal?.addEventListener('abort', stop, { once: true })
  const onError = (error: unknown): void => {
    quietly(options.onError, error)
    emitter.emit('error', error)
  }
  const record = scheduleRecord({ pipeline: pipeline.name, schedule: name }, options.storage, clock)
  const runs = scheduledRuns({
    pipeline,
    record,
    clock,
    signal: controller.signal,
    runOptions: (run) => (typeof options.run === 'function' ? options.run(run) : (options.run ?? {})),
    onResult: (result) => quietly(options.onResult, result),
    onEnd: ({ runId, trigger, reason }, status, why) => emitter.emit('run-end', { runId, trigger, reason, status, why }),
    onError,
  })
  const leading: { isLeading: boolean } = { isLeading: false }
  const pump = (): void => (leading.isLeading ? runs.pump() : undefined)
  const fire = async (trigger: Trigger, firing: TriggerFiring): Promise<FiringReceipt> => {
    const overlap = firing.overlap ?? trigger.overlap ?? options.overlap ?? 'skip'
    const receipt = await acceptFiring(record, { trigger: trigger.name, firing, overlap }, clock)
    const event = { trigger: trigger.name, runId: receipt.runId, reason: firing.reason }
    if (receipt.status === 'accepted') emitter.emit('firing-accepted', event)
    else if (receipt.status === 'skipped') emitter.emit('firing-skipped', { ...event, why: receipt.why ?? '' })
    pump()
    return receipt
  }
  const context = { pipeline: pipeline.name, clock, record, fire, onError }
  const done = watch({ ...context, triggers, options, signal: controller.signal, leading, runs }).finally(() =>
    options.signal?.removeEventListener('abort', stop),
  )
  const named = (wanted: string): Trigger => {
    const trigger = triggers.get(wanted)
    if (trigger === undefined)
      throw invalidArgument(`fire needs the name of a trigger: ${[...triggers.keys()].map(show).join(', ')}; got ${show(wanted)}`)
    return trigger
  }
  const made: Schedule = {
    on: (type, listener, listenOptions) => emitter.on(type, listener, listenOptions),
    async fire(fireOptions = {}) {
      checkOptions('fire', fireOptions, fireRules)
      const { trigger = 'manual', reason = 'asked for', ...firing } = fireOptions
      return fire(named(trigger), { ...firing, reason })
    },
    handle: (request) =>
      handleTrigger({ triggers, state: () => record.load(), fire: (trigger, firing) => fire(named(trigger), firing), onError }, request),
    state: () => record.load(),
    stop,
    done,
  }
  return attachDisplay(made, { text: () => textOf(pipeline.name, triggers, record.value, controller.signal.aborted) })
}

const fireRules = {
  trigger: nonEmptyString(),
  reason: nonEmptyString(),
  input: { allowed: 'any value', test: () => true },
  key: nonEmptyString(),
  overlap: oneOf('skip', 'queue', 'replace', 'allow'),
}

interface Watching<Input, Steps, Params> {
  readonly pipeline: string
  readonly clock: Clock
  readonly record: ScheduleRecord
  readonly triggers: ReadonlyMap<string, Trigger>
  readonly options: ScheduleOptions<Input, Steps, Params>
  readonly signal: AbortSignal
  readonly leading: { isLeading: boolean }
  readonly runs: { pump(): void; idle(): Promise<void> }
  readonly fire: (trigger: Trigger, firing: TriggerFiring) => Promise<FiringReceipt>
  readonly onError: (error: unknown) => void
}

/** Starts the triggers, leads while it may, and ends when the signal aborts. */
async function watch<Input, Steps, Params>(watching: Watching<Input, Steps, Params>): Promise<void> {
  const { clock, record, triggers, options, signal, leading, runs, onError } = watching
  const started: Promise<void>[] = []
  const startAll = (where: Trigger['where'], until: AbortSignal): void => {
    for (const trigger of triggers.values()) if (trigger.where === where) started.push(startTrigger(watching, trigger, until))
  }
  if (!signal.aborted) startAll('everywhere', signal)
  await leadSchedule({
    record,
    clock,
    leaseMs: options.leaseMs ?? 30_000,
    signal,
    onLead(until) {
      leading.isLeading = true
      until.addEventListener('abort', () => {
        leading.isLeading = false
      })
      startAll('leader', until)
    },
    onBeat: () => (leading.isLeading ? runs.pump() : undefined),
    onError,
  })
  await runs.idle()
  await Promise.all(started)
}

async function startTrigger<Input, Steps, Params>(
  watching: Watching<Input, Steps, Params>,
  trigger: Trigger,
  signal: AbortSignal,
): Promise<void> {
  const { pipeline, clock, record, fire, onError } = watching
  const context: TriggerContext = {
    pipeline,
    clock,
    signal,
    cursor: () => record.value.cursors[trigger.name],
    async saveCursor(cursor: Json) {
      await record.update((state) => ({ ...state, cursors: { ...state.cursors, [trigger.name]: cursor } }))
    },
    fire: (firing) => fire(trigger, firing),
    report: onError,
  }
  try {
    await trigger.start(context)
  } catch (error) {
    if (!signal.aborted) onError(error)
  }
}

function checkScheduleOptions<Input, Steps, Params>(options: ScheduleOptions<Input, Steps, Params>): void {
  checkOptions('schedule', options, {
    triggers: { allowed: 'an array of triggers', test: (value) => Array.isArray(value) && value.every(isTrigger) },
    everyMs: finiteNumber(1),
    immediately: ofType('boolean'),
    name: nonEmptyString(),
    storage: objectStoreRule(),
    overlap: oneOf('skip', 'queue', 'replace', 'allow'),
    leaseMs: finiteNumber(3),
    clock: ofType('object'),
    signal: ofType('object'),
    run: either(ofType('object'), ofType('function')),
    onResult: ofType('function'),
    onError: ofType('function'),
  })
  if (options.name !== undefined) assertSafeSegment(options.name, '`name` of schedule')
  if (options.triggers !== undefined && options.everyMs === undefined) return
  // A missing interval is caught here: undefined means "default" to checkOptions, and there is none.
  checkOptions('schedule', { everyMs: options.everyMs ?? Number.NaN }, { everyMs: finiteNumber(1) })
}

function isTrigger(value: unknown): boolean {
  const { name, kind, start } = (value ?? {}) as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof kind === 'string' && typeof start === 'function'
}

function triggersOf<Input, Steps, Params>({
  triggers = [],
  everyMs,
  immediately,
}: ScheduleOptions<Input, Steps, Params>): ReadonlyMap<string, Trigger> {
  const all = [...triggers, ...(everyMs === undefined ? [] : [intervalTrigger({ everyMs, immediately })])]
  if (!all.some(({ name }) => name === 'manual')) all.push(manualTrigger())
  const named = new Map<string, Trigger>()
  for (const trigger of all) {
    if (named.has(trigger.name)) throw invalidArgument(`schedule has two triggers named ${show(trigger.name)}; give one another \`name\``)
    named.set(trigger.name, trigger)
  }
  return named
}

function textOf(pipeline: string, triggers: ReadonlyMap<string, Trigger>, { pending, ended }: ScheduleState, isStopped: boolean): string {
  const head = `Schedule of pipeline ${pipeline}: ${isStopped ? 'stopped' : [...triggers.values()].map(({ name }) => name).join(', ')}`
  const waiting = pending.map(({ runId, status, reason }) => `  ${status} ${runId}: ${reason}`)
  const last = ended
    .slice(-5)
    .map(({ runId, status, reason, why }) => `  ${status} ${runId}: ${reason}${why === undefined ? '' : ` (${why})`}`)
  return [head, ...last, ...waiting].join('\n')
}

function quietly<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value)
  } catch {
    // A callback must never end the schedule.
  }
}
