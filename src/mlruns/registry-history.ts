/** The history of a registered model in an object store: a numbered object for each event, below the model's folder. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { canonicalJson } from '../core/json'
import { parseStored } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import type { RegistryEvent } from '../ports/registry-backend'
import { registryEventFormat } from '../ports/registry-event'
import { listAll, readOptional } from '../ports/stored-objects'
import { historyFolder, modelFolder } from './keys'

/** Attempts to store an event under a free number. Each failed one means that another writer took the number. */
const NUMBER_ATTEMPTS = 200
/** After this many numbers that are taken, the listing is read. With concurrent writers the counter may be this far behind. */
const TAKEN_BEFORE_LISTING = 8

/**
 * Adds an event under the next free number. Safe with concurrent writers.
 *
 * A conditional put gives the number to exactly one writer. The object `history-last` beside the history holds a counter from which the search
 * for a free number begins, so that the cost does not grow with the number of events. The counter may be missing or too small (after a crash, or
 * when another library wrote the history); the listing is then read.
 *
 * @throws Conflict after 200 attempts, the storage's errors
 */
export async function appendStoredEvent(store: ObjectStore, event: RegistryEvent): Promise<void> {
  const { model } = event
  const bytes = utf8(canonicalJson(event))
  const counter = await readCounter(store, model)
  let number = (counter ?? (await lastListed(store, model))) + 1
  for (let attempt = 0; ; attempt++) {
    try {
      await store.put(eventKey(model, number), bytes, { ifAbsent: true })
      break
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === NUMBER_ATTEMPTS) throw error
    }
    number = counter !== undefined && attempt === TAKEN_BEFORE_LISTING ? Math.max(number, await lastListed(store, model)) + 1 : number + 1
  }
  // The event is stored, whether or not the counter can be written.
  try {
    await store.put(counterKey(model), utf8(String(number)))
  } catch {
    // The next writer finds that some numbers are taken, and tries further ones.
  }
}

/**
 * The last event of a model for which `isMeant` returns true. The history is read from its end, so the cost depends on the position of that event,
 * and not on the number of events.
 *
 * @throws Corrupt naming the object and the wrong member
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

/** All events of a model, in the order of appending. @throws Corrupt naming the object and the wrong member */
export async function listStoredEvents(store: ObjectStore, model: string): Promise<RegistryEvent[]> {
  const keys = (await listAll(store, historyFolder(model))).map(({ key }) => key)
  return Promise.all(keys.map(async (key) => parseStored(registryEventFormat, await store.get(key), key)))
}

/** The counter; `undefined` where it is missing or no number. */
async function readCounter(store: ObjectStore, model: string): Promise<number | undefined> {
  const bytes = await readOptional(store, counterKey(model))
  const text = bytes === undefined ? '' : fromUtf8(bytes)
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

/** The number of the last event: the counter or a few more, or the last of the listing where the counter is missing or wrong. */
async function lastNumber(store: ObjectStore, model: string): Promise<number> {
  const counter = await readCounter(store, model)
  const isThere = async (number: number): Promise<boolean> => (await store.head(eventKey(model, number))) !== undefined
  if (counter === undefined || !(await isThere(counter))) return lastListed(store, model)
  for (let number = counter; number < counter + TAKEN_BEFORE_LISTING; number++) if (!(await isThere(number + 1))) return number
  return lastListed(store, model)
}

/** The number of the last event in the listing; 0 where there is none. */
async function lastListed(store: ObjectStore, model: string): Promise<number> {
  const folder = historyFolder(model)
  return Number.parseInt((await listAll(store, folder)).at(-1)?.key.slice(folder.length) ?? '0', 10)
}

function eventKey(model: string, number: number): string {
  return `${historyFolder(model)}${String(number).padStart(10, '0')}.json`
}

function counterKey(model: string): string {
  return `${modelFolder(model)}history-last`
}
