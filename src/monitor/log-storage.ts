/**
 * Stores the prediction log on an object store, as JSON lines in chunks. A chunk is written once and never changed, so that a killed
 * process leaves only complete chunks, and several processes may write below one prefix.
 */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../core/bytes'
import { newId } from '../core/ids'
import { parseJson } from '../core/json'
import { readStored, storedFormat } from '../core/stored'
import type { PredictionRecord, RefusedInput } from '../ports/model'
import type { ObjectStore } from '../ports/object-store'
import type { Actual } from './logged-prediction'

/** One line of a chunk. */
export type LogLine =
  | { readonly kind: 'prediction'; readonly record: PredictionRecord; readonly at: number }
  | { readonly kind: 'label'; readonly id: string; readonly actual: Actual; readonly at: number }
  | { readonly kind: 'refused'; readonly refused: RefusedInput }

/** Chunks below one prefix of a store. */
export interface LogStorage {
  /** Adds a line to the buffer. Beyond `maxBuffered` the oldest line is dropped and counted. */
  add(line: LogLine): void
  /** Lines not yet written. */
  readonly buffered: number
  /** Lines dropped because the store did not accept them in time. */
  readonly lost: number
  /** Writes what is buffered as one chunk. On failure everything stays buffered. Concurrent calls wait for each other. */
  flush(): Promise<void>
  /** Reads all lines, chunk by chunk, oldest chunk first. @throws Corrupt naming the chunk */
  lines(): AsyncIterable<LogLine>
}

/** Where chunks are stored, and how many. */
export interface LogStorageOptions {
  readonly storage: ObjectStore
  /** Key prefix, ending in `/`. */
  readonly prefix: string
  readonly maxBuffered: number
  /** Chunks kept; older ones are deleted at the next flush. */
  readonly maxChunks: number
  /** Chunks written longer ago than this are deleted at the next flush. @default kept */
  readonly retentionMs?: number | undefined
  /** The current time, epoch milliseconds: chunks sort by it. */
  readonly now: () => number
}

/** Opens the chunks below a prefix; nothing is touched before the first call. */
export function createLogStorage({ storage, prefix, maxBuffered, maxChunks, retentionMs, now }: LogStorageOptions): LogStorage {
  let buffer: LogLine[] = []
  let lost = 0
  let last = 0
  let flushing: Promise<void> = Promise.resolve()

  /** Later chunks of one process sort after earlier ones, even within one millisecond or when the clock goes back. */
  const nextKey = (): string => {
    last = Math.max(now(), last + 1)
    return `${prefix}${timeText(last)}-${newId().slice(0, 8)}.jsonl`
  }
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await storage.list({ prefix, cursor })
      found.push(...page.objects.map(({ key }) => key).filter((key) => key.endsWith('.jsonl')))
      cursor = page.cursor
      if (cursor === undefined) return found
    }
  }
  const write = async (): Promise<void> => {
    const lines = buffer
    if (lines.length === 0) return
    buffer = []
    try {
      await storage.put(nextKey(), utf8(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`), { ifAbsent: true })
    } catch (error) {
      buffer = [...lines, ...buffer]
      trim()
      throw error
    }
    const all = await keys()
    const oldest = retentionMs === undefined ? prefix : `${prefix}${timeText(now() - retentionMs)}`
    const surplus = all.length - maxChunks
    for (const [i, key] of all.entries()) if (i < surplus || key < oldest) await storage.delete(key)
  }
  const trim = (): void => {
    if (buffer.length <= maxBuffered) return
    lost += buffer.length - maxBuffered
    buffer = buffer.slice(buffer.length - maxBuffered)
  }

  return {
    get buffered() {
      return buffer.length
    },
    get lost() {
      return lost
    },
    add(line) {
      buffer.push(line)
      trim()
    },
    flush() {
      const next = flushing.then(write, write)
      flushing = next.catch(() => {})
      return next
    },
    async *lines() {
      for (const key of await keys()) {
        const text = fromUtf8(await storage.get(key))
        for (const [i, line] of text.split('\n').entries()) {
          const subject = `line ${i + 1} of ${key}`
          if (line !== '') yield readStored(lineFormat, parseJson(line, subject), subject)
        }
      }
    },
  }
}

/** A time as text that sorts. */
function timeText(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(15, '0')
}

/** The format of a line. JSON has neither NaN nor dates: such cells are `null` and text. */
const lineFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<LogLine> => {
  const record = z.looseObject({
    id: z.string(),
    model: z.string(),
    version: z.string(),
    at: z.number(),
    input: z.record(z.string(), z.any()),
    prediction: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    probabilities: z.optional(z.record(z.string(), z.nullable(z.number()) as z.ZodMiniType<number>)),
    latencyMs: z.number(),
    cached: z.boolean(),
  })
  const refused = z.looseObject({
    model: z.string(),
    version: z.string(),
    at: z.number(),
    rows: z.number(),
    refusedRows: z.number(),
    columns: z.record(z.string(), z.record(z.string(), z.number())),
  })
  const actual = z.union([z.string(), z.number(), z.boolean()])
  return z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('prediction'), record, at: z.number() }),
    z.looseObject({ kind: z.literal('label'), id: z.string(), actual, at: z.number() }),
    z.looseObject({ kind: z.literal('refused'), refused }),
  ])
})
