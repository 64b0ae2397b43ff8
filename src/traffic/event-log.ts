/** Events of a running experiment, kept on an object store as JSON lines: each process writes objects of its own, and all read all. */
import { fromUtf8, utf8 } from '../core/bytes'
import { newId } from '../core/ids'
import { parseJson } from '../core/json'
import { readStored, type StoredFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import { listAll, readFrom } from '../ports/stored-objects'

/** A log of events of type `T`. */
export interface EventLog<T> {
  /** Adds an event; it is stored by the next `flush`. */
  add(event: T): void
  /** Stores what was added. On failure everything stays, for the next call. Concurrent calls wait for each other. */
  flush(): Promise<void>
  /** The events that other processes (or earlier lives of this one) stored since the last call. @throws Corrupt naming the object and line */
  readOthers(): Promise<T[]>
  /** Events that are not stored yet. */
  readonly pending: number
}

/** Below `prefix`, which ends in `/`. Nothing is touched before the first call. */
export function createEventLog<T>(storage: ObjectStore, prefix: string, format: StoredFormat<T>): EventLog<T> {
  const own = newId().slice(0, 12)
  const offsets = new Map<string, number>()
  let buffer: T[] = []
  let parts = 0
  let flushing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    const events = buffer
    if (events.length === 0) return
    buffer = []
    const bytes = utf8(`${events.map((event) => JSON.stringify(event)).join('\n')}\n`)
    try {
      // Without appends each flush is an object of its own.
      if (storage.capabilities.appendAtomic) await storage.append(`${prefix}${own}.jsonl`, bytes)
      else await storage.put(`${prefix}${own}-${String(parts).padStart(9, '0')}.jsonl`, bytes)
      // Only now: a put whose answer was lost is repeated under its key, with what was added since.
      parts++
    } catch (error) {
      buffer = [...events, ...buffer]
      throw error
    }
  }

  return {
    add: (event) => void buffer.push(event),
    flush() {
      flushing = flushing.catch(() => {}).then(write)
      return flushing
    },
    async readOthers() {
      const events: T[] = []
      // Taken over at the end: a read that fails on a damaged line gives nothing, and fails again the next time.
      const ends = new Map<string, number>()
      for (const { key, sizeBytes } of await listAll(storage, prefix)) {
        const from = offsets.get(key) ?? 0
        if (!key.endsWith('.jsonl') || key.startsWith(`${prefix}${own}`) || sizeBytes <= from) continue
        const bytes = await readFrom(storage, key, from)
        // A line that is being written has no end yet: it is read the next time.
        const end = bytes.lastIndexOf(10) + 1
        ends.set(key, from + end)
        for (const line of fromUtf8(bytes.subarray(0, end)).split('\n'))
          if (line !== '') events.push(readStored(format, parseJson(line, key), key))
      }
      for (const [key, end] of ends) offsets.set(key, end)
      return events
    },
    get pending() {
      return buffer.length
    },
  }
}
