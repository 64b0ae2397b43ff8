/** The history of a registered model in an object store: one object per event, numbered, below the model's folder. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { canonicalJson } from '../core/json'
import { parseStored } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import type { RegistryEvent } from '../ports/registry-backend'
import { registryEventFormat } from '../ports/registry-event'
import { listAll, readOptional } from '../ports/stored-objects'
import { historyFolder, modelFolder } from './keys'

/** Attempts to get the next free number before giving up. */
const NUMBER_ATTEMPTS = 200
/** Numbers found taken before the listing is asked for the last one: so far the note may lag behind concurrent writers. */
const TAKEN_BEFORE_LISTING = 8

/**
 * Adds an event under the next free number. Safe against other writers.
 *
 * The number is free for exactly one writer, because it is taken by a conditional put. Where to begin looking is told by a note beside the
 * history (`history-last`), so that the cost does not grow with the number of events. The note is only a shortcut: without it, or when it
 * lags behind (a crash, a library that does not know it), the listing is asked.
 *
 * @throws Conflict after 200 lost races, the storage's errors
 */
export async function appendStoredEvent(store: ObjectStore, event: RegistryEvent): Promise<void> {
  const { model } = event
  const bytes = utf8(canonicalJson(event))
  const noted = await notedNumber(store, model)
  let number = (noted ?? (await lastListed(store, model))) + 1
  for (let attempt = 0; ; attempt++) {
    try {
      await store.put(eventKey(model, number), bytes, { ifAbsent: true })
      break
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === NUMBER_ATTEMPTS) throw error
    }
    number = noted !== undefined && attempt === TAKEN_BEFORE_LISTING ? Math.max(number, await lastListed(store, model)) + 1 : number + 1
  }
  // The event is stored whatever becomes of the note.
  try {
    await store.put(noteKey(model), utf8(String(number)))
  } catch {
    // Whoever appends next finds that some numbers are taken, and goes on.
  }
}

/**
 * The last event of a model that `isMeant` says yes to, read from the end: what it costs depends on how far back that event is, not on how
 * many there are.
 *
 * @throws Corrupt naming the object and the member that is wrong
 */
export async function findLastStoredEvent(
  store: ObjectStore,
  model: string,
  isMeant: (event: RegistryEvent) => boolean,
): Promise<RegistryEvent | undefined> {
  for (let number = await lastNumber(store, model); number > 0; number--) {
    const key = eventKey(model, number)
    const bytes = await readOptional(store, key)
    if (bytes === undefined) continue
    const event = parseStored(registryEventFormat, bytes, key)
    if (isMeant(event)) return event
  }
  return undefined
}

/** Every event of a model, in the order of appending. @throws Corrupt naming the object and the member that is wrong */
export async function listStoredEvents(store: ObjectStore, model: string): Promise<RegistryEvent[]> {
  const keys = (await listAll(store, historyFolder(model))).map(({ key }) => key)
  return Promise.all(keys.map(async (key) => parseStored(registryEventFormat, await store.get(key), key)))
}

/** The number in the note; `undefined` where there is none, or no number in it. */
async function notedNumber(store: ObjectStore, model: string): Promise<number | undefined> {
  const bytes = await readOptional(store, noteKey(model))
  const text = bytes === undefined ? '' : fromUtf8(bytes)
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

/** The number of the last event: what the note says, or a little more; the listing where the note is missing or wrong. */
async function lastNumber(store: ObjectStore, model: string): Promise<number> {
  const noted = await notedNumber(store, model)
  const isThere = async (number: number): Promise<boolean> => (await store.head(eventKey(model, number))) !== undefined
  if (noted === undefined || !(await isThere(noted))) return lastListed(store, model)
  for (let number = noted; number < noted + TAKEN_BEFORE_LISTING; number++) if (!(await isThere(number + 1))) return number
  return lastListed(store, model)
}

/** The number of the last event that the listing shows, 0 where there is none. */
async function lastListed(store: ObjectStore, model: string): Promise<number> {
  const folder = historyFolder(model)
  return Number.parseInt((await listAll(store, folder)).at(-1)?.key.slice(folder.length) ?? '0', 10)
}

function eventKey(model: string, number: number): string {
  return `${historyFolder(model)}${String(number).padStart(10, '0')}.json`
}

function noteKey(model: string): string {
  return `${modelFolder(model)}history-last`
}
