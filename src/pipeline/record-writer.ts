/** Writes the record of a run to its storage: whole by compare-and-set, and in between by appending to a journal. */
import { utf8 } from '../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import type { ObjectStore, PutOptions } from '../ports/object-store'
import { type JournalEntry, journalKey, journalLines } from './run-journal'
import { type RunState, readStoredState, type StoredState, stateKey } from './run-state'

/** What the storage holds of a record. */
export interface Held {
  readonly etag?: string | undefined
  /** The id of its journal. */
  readonly journal?: string | undefined
}

/** Writes one record. Its calls must not overlap. */
export interface RecordWriter {
  /** Appends to the journal. Gives false where that is not possible, or failed: then the record is to be written whole. */
  append(entries: readonly JournalEntry[]): Promise<boolean>
  /** Writes the record whole; while the run goes on, with a new, empty journal. @throws Conflict when another process took the run over */
  put(state: RunState): Promise<void>
}

/** A writer of one run's record, for the process `owner`. */
export function createRecordWriter(
  storage: ObjectStore,
  { pipeline, runId }: Pick<RunState, 'pipeline' | 'runId'>,
  { owner, held }: { readonly owner: string; readonly held: Held },
): RecordWriter {
  const key = stateKey(pipeline, runId)
  let { etag, journal } = held
  let isOpen = false
  let hasLines = journal !== undefined

  const putState = async (stored: StoredState): Promise<void> => {
    const text = JSON.stringify(stored)
    const bytes = utf8(text)
    const condition: PutOptions = !storage.capabilities.conditionalPut ? {} : etag === undefined ? { ifAbsent: true } : { ifMatch: etag }
    try {
      etag = (await storage.put(key, bytes, condition)).etag
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
      // A write that was stored although it was reported as failed is our own.
      const found = await readStoredState(storage, pipeline, runId).catch(() => undefined)
      if (found === undefined) throw error
      if (JSON.stringify(found.state) === text) etag = found.etag
      else if (found.state.lease?.owner !== owner) {
        throw new MillwrightError('Conflict', `run ${show(runId)} of pipeline ${show(pipeline)} was taken by another process`, {
          cause: error,
        })
      } else etag = (await storage.put(key, bytes, { ifMatch: found.etag })).etag
    }
  }

  return {
    async append(entries) {
      if (!isOpen || journal === undefined) return false
      hasLines = true
      try {
        await storage.append(journalKey(pipeline, runId, journal), journalLines(entries))
        return true
      } catch {
        // It is not known what was appended, and layers do not repeat it.
        return false
      }
    },
    async put(state) {
      const before = hasLines ? journal : undefined
      isOpen = false
      const opens = storage.capabilities.appendAtomic && state.status === 'running'
      // An id of its own: a journal that an earlier process left behind is never taken for this one.
      const next = opens ? newId() : undefined
      await putState(next === undefined ? { ...state, format: 1 } : { ...state, format: 2, journal: next })
      journal = next
      isOpen = opens
      hasLines = false
      if (before === undefined) return
      // Its lines are in the record now. One that stays behind is read by nobody.
      await Promise.resolve(storage.delete(journalKey(pipeline, runId, before))).catch(() => {})
    },
  }
}
