/**
 * The journal of a run: what has ended since its record was written whole, one line of JSON a step or item. Only for storages that can append; on others
 * the record is written whole each time.
 */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { parseStored, storedFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import { type ItemState, type RunState, readStoredState, type StepState, stateKey, storedItem, storedStep } from './run-state'

/** A step that has ended. */
export interface StepEntry {
  readonly step: string
  readonly result: StepState
}

/** An item of a map step that has ended before its step. */
export interface ItemEntry {
  readonly step: string
  readonly index: number
  readonly result: ItemState
}

/** One line of a journal. */
export type JournalEntry = StepEntry | ItemEntry

const entryFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<JournalEntry> =>
    z.union([
      z.looseObject({ step: z.string(), index: z.int().check(z.gte(0)), result: z.looseObject({ ...storedItem(), version: z.string() }) }),
      z.looseObject({ step: z.string(), index: z.optional(z.undefined()), result: storedStep() }),
    ]) as z.ZodMiniType<JournalEntry>,
)

/** Steps and unfinished items of a record, while entries are added. */
export interface RecordedWork {
  readonly steps: Record<string, StepState>
  readonly items: Record<string, Record<string, ItemState>>
}

/** A copy of the steps and items of a record. */
export function workOf({ steps, items = {} }: Pick<RunState, 'steps' | 'items'>): RecordedWork {
  return { steps: { ...steps }, items: Object.fromEntries(Object.entries(items).map(([step, done]) => [step, { ...done }])) }
}

/** Adds what has ended. */
export function addEntry({ steps, items }: RecordedWork, entry: JournalEntry): void {
  const { step, result } = entry
  if ('index' in entry) {
    items[step] ??= {}
    items[step][entry.index] = result
    return
  }
  steps[step] = result
  // A map step that has not succeeded keeps its items, so that a resumed run need not repeat them.
  if (result.digest !== undefined) delete items[step]
}

/** The members of a record that hold `work`. */
export function recorded({ steps, items }: RecordedWork): Pick<RunState, 'steps' | 'items'> {
  return { steps, items: Object.keys(items).length === 0 ? undefined : items }
}

/** The key of the journal of that id. */
export function journalKey(pipeline: string, runId: string, journal: string): string {
  return stateKey(pipeline, runId).replace(/state\.json$/, `journal-${journal}.jsonl`)
}

/** The lines that stand for `entries`. */
export function journalLines(entries: readonly JournalEntry[]): Uint8Array {
  return utf8(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
}

/** The entries of a journal; undefined when there is none. A last line without an end was not acknowledged. @throws Corrupt */
export async function readJournal(storage: ObjectStore, key: string): Promise<readonly JournalEntry[] | undefined> {
  let text: string
  try {
    text = fromUtf8(await storage.get(key))
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line, at) => parseStored(entryFormat, utf8(line), `${key} (line ${at + 1})`))
}

/** A record with its journal, and what a writer that goes on needs to know. */
export interface ReadRecord {
  readonly state: RunState
  readonly etag: string
  /** The id of the journal. */
  readonly journal?: string | undefined
}

/** Reads the record of a run. @throws NotFound, Corrupt, Unsupported for a newer format */
export async function readRecord(storage: ObjectStore, pipeline: string, runId: string): Promise<ReadRecord> {
  for (;;) {
    const { state: stored, etag } = await readStoredState(storage, pipeline, runId)
    const { journal, ...rest } = stored
    const state: RunState = { ...rest, format: 1 }
    if (journal === undefined) return { state, etag }
    const entries = await readJournal(storage, journalKey(pipeline, runId, journal))
    // Its owner removes a journal after writing the record whole: then this is not the present record.
    if (entries === undefined && (await storage.head(stateKey(pipeline, runId)))?.etag !== etag) continue
    const work = workOf(state)
    let { updatedAt } = state
    for (const entry of entries ?? []) {
      addEntry(work, entry)
      updatedAt = Math.max(updatedAt, entry.result.endedAt)
    }
    return { state: { ...state, updatedAt, ...recorded(work) }, etag, journal }
  }
}
