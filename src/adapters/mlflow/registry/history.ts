/**
 * The history of a model on a server that keeps none: tags of the registered model, one event in one or several tags whose keys sort in the
 * order of appending. Keys hold a random part, so that two writers never overwrite each other.
 */
import { newId } from '../../../core/ids'
import { canonicalJson, parseJson } from '../../../core/json'
import { readStored } from '../../../core/stored'
import type { RegistryEvent } from '../../../ports/registry-backend'
import { registryEventFormat } from '../../../ports/registry-event'
import { OWN_PREFIX } from './records'

const PREFIX = `${OWN_PREFIX}event.`
/** MLflow's SQL stores of before 3.0 keep 5,000 characters of a tag. */
const PART_LENGTH = 4500
/** `<number>-<random>.<part>of<parts>` */
const keyForm = /^(\d{10})-([0-9a-f]{8})\.(\d+)of(\d+)$/

/** The tags that hold one more event, given all tags there are. */
export function eventTags(event: RegistryEvent, tags: Readonly<Record<string, string>>): [key: string, value: string][] {
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

/** The events that tags hold, in the order of appending; one of which a part is missing was never acknowledged. @throws Corrupt */
export function eventsOf(tags: Readonly<Record<string, string>>): RegistryEvent[] {
  const parts = new Map<string, string[]>()
  for (const [key, value] of Object.entries(tags)) {
    const [, number, random, index, count] = (key.startsWith(PREFIX) && keyForm.exec(key.slice(PREFIX.length))) || []
    if (number === undefined) continue
    const id = `${number}-${random}`
    const held = parts.get(id) ?? new Array<string>(Math.min(Number(count), 10_000))
    held[Number(index) - 1] = value
    parts.set(id, held)
  }
  return [...parts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, held]) => {
      if (Array.from(held).includes(undefined as unknown as string)) return []
      const tag = `the tag ${PREFIX}${id}`
      return [readStored(registryEventFormat, parseJson(held.join(''), tag), tag)]
    })
}
