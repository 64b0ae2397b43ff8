/**
 * Keeps the record of a run: written whole when the run begins, is resumed and ends, and when its lease is renewed; what ends in between is appended
 * to a journal. One process at a time owns the record.
 */
import type { Clock } from '../core/clock'
import { isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import type { ObjectStore } from '../ports/object-store'
import { createRecordWriter, type Held } from './record-writer'
import { addEntry, type JournalEntry, type RecordedWork, readRecord, recorded, workOf } from './run-journal'
import type { RunState } from './run-state'

/** Writes the record of one run; the only writer while its lease holds. */
export interface Recorder {
  readonly state: RunState
  /** Adds what has ended, and resolves when it is in the storage. @throws Conflict when another process took the run over */
  add(entry: JournalEntry): Promise<void>
  /** Changes the record and resolves when the change is in the storage. @throws as `add` */
  save(change: Partial<RunState>): Promise<void>
  /** Replaces steps and items; they are stored with what is added or saved next. */
  replace(work: RecordedWork): void
  /** Stops renewing the lease. */
  stop(): void
}

/** What a recorder needs. */
export interface RecorderOptions {
  readonly storage: ObjectStore
  readonly clock: Clock
  readonly leaseMs: number
  /** Called when the lease was lost. */
  readonly onLost: (error: unknown) => void
}

/** Begins the record of a new run. @throws AlreadyExists when there is a run of that id */
export async function createRecord(state: RunState, options: RecorderOptions): Promise<Recorder> {
  const recorder = makeRecorder(state, {}, options)
  try {
    await recorder.save({})
  } catch (cause) {
    recorder.stop()
    if (!isMillwrightError(cause, 'Conflict')) throw cause
    throw new MillwrightError('AlreadyExists', `pipeline ${show(state.pipeline)} already has a run ${show(state.runId)}`, {
      hint: 'Continue it with resume(), or start a run with another id.',
      cause,
    })
  }
  return recorder
}

/**
 * Takes over the record of an unfinished run.
 *
 * @throws InvalidState when it is finished; Conflict when another process holds its lease (unless `takeOver`) or wins the race for it
 */
export async function takeRecord(pipeline: string, runId: string, takeOver: boolean, options: RecorderOptions): Promise<Recorder> {
  const { state, etag, journal } = await readRecord(options.storage, pipeline, runId)
  const what = `run ${show(runId)} of pipeline ${show(pipeline)}`
  if (state.status === 'finished') throw new MillwrightError('InvalidState', `${what} is finished; only others can be resumed`)
  const now = options.clock.now()
  if (!takeOver && state.lease !== undefined && state.lease.expiresAt > now) {
    throw new MillwrightError('Conflict', `${what} is being run by another process for at least ${state.lease.expiresAt - now} ms`, {
      details: { expiresAt: state.lease.expiresAt },
      hint: 'Wait until its lease ends, or pass takeOver: true when that process is surely gone.',
    })
  }
  const { endedAt: _, ...kept } = state
  const recorder = makeRecorder({ ...kept, status: 'running', resumes: state.resumes + 1 }, { etag, journal }, options)
  try {
    await recorder.save({})
  } catch (error) {
    recorder.stop()
    throw error
  }
  return recorder
}

function makeRecorder(initial: RunState, held: Held, { storage, clock, leaseMs, onLost }: RecorderOptions): Recorder {
  const owner = newId()
  const writer = createRecordWriter(storage, initial, { owner, held })
  let state = initial
  let work = workOf(initial)
  let pending: JournalEntry[] = []
  /** Whether more than entries has changed, or it is not known what the storage holds. */
  let isWhole = true
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  let cancelBeat = (): void => {}
  let stopped = false

  const write = async (): Promise<void> => {
    waiting = undefined
    const entries = pending
    pending = []
    const now = clock.now()
    // When the lease has ended, another process may own the run: only a conditional write tells.
    if (!isWhole && (state.lease?.expiresAt ?? 0) > now && (await writer.append(entries))) return
    const { lease: _, ...rest } = state
    state = { ...rest, updatedAt: now, ...(state.status === 'running' ? { lease: { owner, expiresAt: now + leaseMs } } : {}) }
    isWhole = false
    try {
      await writer.put({ ...state, ...recorded(work) })
    } catch (error) {
      isWhole = true
      throw error
    }
    beat()
  }
  const soon = (): Promise<void> => {
    // Changes made while a write waits are included in it.
    waiting ??= last.then(write)
    last = waiting.catch(() => {})
    return waiting
  }
  const save = (change: Partial<RunState>): Promise<void> => {
    state = { ...state, ...change }
    isWhole = true
    return soon()
  }
  const beat = (): void => {
    cancelBeat()
    if (stopped || state.status !== 'running') return
    // When the storage is briefly unavailable, one renewal is skipped; only a lost lease ends the run.
    const missed = (error: unknown): void => (isMillwrightError(error, 'Conflict') ? onLost(error) : beat())
    cancelBeat = clock.schedule(() => void save({}).catch(missed), leaseMs / 3)
  }
  return {
    get state() {
      return { ...state, ...recorded(work) }
    },
    add(entry) {
      addEntry(work, entry)
      pending.push(entry)
      return soon()
    },
    save,
    replace(by) {
      work = by
      isWhole = true
    },
    stop() {
      stopped = true
      cancelBeat()
    },
  }
}
