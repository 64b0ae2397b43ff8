/**
 * The history of a model. MLflow has no place for it, so it is stored in tags of the registered model: an event is one or several tags, whose
 * keys sort in the order of appending. Each key has a random part, so that two writers never overwrite each other.
 */
import { newId } from '../../../core/ids'
import type { InOrder } from '../../../core/in-order'
import { canonicalJson, parseJson } from '../../../core/json'
import { readStored } from '../../../core/stored'
import type { RegistryBackend, RegistryEvent } from '../../../ports/registry-backend'
import { missingModel } from '../../../ports/registry-errors'
import { registryEventFormat } from '../../../ports/registry-event'
import type { MlflowClient } from '../client/client'
import { findModel, setTags } from './models'

import { OWN_PREFIX, tagsOf } from './records'

const PREFIX = `${OWN_PREFIX}event.`
/** MLflow's SQL stores before 3.0 truncate a tag after 5,000 characters. */
const PART_LENGTH = 4500
/** `<number>-<random>.<part>of<parts>` */
const keyForm = /^(\d{10})-([0-9a-f]{8})\.(\d+)of(\d+)$/

/** The part of the registry port that concerns the history. */
export function modelHistory(
  client: MlflowClient,
  { name, isKept, inOrder }: { readonly name: string; readonly isKept: boolean; readonly inOrder: InOrder },
): Pick<RegistryBackend, 'appendEvent' | 'listEvents'> {
  return {
    appendEvent: (event) =>
      inOrder(event.model, async () => {
        if (!isKept) return
        const wire = await findModel(client, event.model)
        if (wire === undefined) throw missingModel(name, event.model)
        await setTags(client, 'registered-models', { name: event.model }, Object.fromEntries(eventTags(event, tagsOf(wire))))
      }),
    async listEvents(model) {
      const wire = isKept ? await findModel(client, model) : undefined
      return wire === undefined ? [] : eventsOf(tagsOf(wire))
    },
  }
}

/** The tags for one more event, given the tags that the model has. */
function eventTags(event: RegistryEvent, tags: Readonly<Record<string, string>>): [key: string, value: string][] {
  const numbers = Object.keys(tags).flatMap((key) => {
    const [, number] = (key.startsWith(PREFIX) && keyForm.exec(key.slice(PREFIX.length))) || []
    return number === undefined ? [] : [Number(number)]
  })
  const next = Math.max(0, ...numbers) + 1
  const base = `${PREFIX}${String(next).padStart(10, '0')}-${newId().slice(0, 8)}`
  const text = canonicalJson(event)
  const count = Math.ceil(text.length / PART_LENGTH)
  return Array.from({ length: count }, (_, i) => [`${base}.${i + 1}of${count}`, text.slice(i * PART_LENGTH, (i + 1) * PART_LENGTH)])
}

/** The events stored in tags, in the order of appending. An event with a missing part was never acknowledged and is left out. @throws Corrupt */
function eventsOf(tags: Readonly<Record<string, string>>): RegistryEvent[] {
  const parts = new Map<string, string[]>()
  for (const [key, value] of Object.entries(tags)) {
    const [, number, random, index, count] = (key.startsWith(PREFIX) && keyForm.exec(key.slice(PREFIX.length))) || []
    if (number === undefined) continue
    const id = `${number}-${random}`
    const stored = parts.get(id) ?? new Array<string>(Math.min(Number(count), 10_000))
    stored[Number(index) - 1] = value
    parts.set(id, stored)
  }
  return [...parts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, stored]) => {
      if (Array.from(stored).includes(undefined as unknown as string)) return []
      const tag = `the tag ${PREFIX}${id}`
      return [readStored(registryEventFormat, parseJson(stored.join(''), tag), tag)]
    })
}
