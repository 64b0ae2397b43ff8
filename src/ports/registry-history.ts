/** The history of a registered model in an object store: one object per event, numbered, below the model's folder. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { canonicalJson, parseJson } from '../core/json'
import type { ObjectStore } from './object-store'
import type { RegistryEvent } from './registry-backend'
import { listAll } from './stored-objects'

/** Attempts to get the next free number before giving up. */
const NUMBER_ATTEMPTS = 200

/** Adds an event under the next free number. Safe against other writers. @throws Conflict after 200 lost races, the storage's errors */
export async function appendStoredEvent(store: ObjectStore, event: RegistryEvent): Promise<void> {
  const folder = historyFolder(event.model)
  const last = (await listAll(store, folder)).at(-1)?.key.slice(folder.length) ?? '0'
  let number = Number.parseInt(last, 10) + 1
  for (let attempt = 0; ; attempt++, number++) {
    try {
      await store.put(`${folder}${String(number).padStart(10, '0')}.json`, utf8(canonicalJson(event)), { ifAbsent: true })
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === NUMBER_ATTEMPTS) throw error
    }
  }
}

/** Every event of a model, in the order of appending. @throws Corrupt naming an object that is no JSON */
export async function listStoredEvents(store: ObjectStore, model: string): Promise<RegistryEvent[]> {
  const keys = (await listAll(store, historyFolder(model))).map(({ key }) => key)
  return Promise.all(keys.map(async (key) => parseJson(fromUtf8(await store.get(key)), key) as RegistryEvent))
}

function historyFolder(model: string): string {
  return `mlruns/models/${model}/history/`
}
