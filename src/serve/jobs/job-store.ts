/** Where batch jobs are kept: `<prefix>/<id>/input.ndjson`, `state.json`, `result-<n>.ndjson`. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'

/** A job, as it is stored and answered. */
export interface JobState {
  readonly formatVersion: 1
  readonly id: string
  readonly model: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  /** Rows in all, and rows whose answers are stored. */
  readonly rows: number
  readonly done: number
  /** Files of results so far. */
  readonly parts: number
  /** Epoch milliseconds. */
  readonly submittedAt: number
  readonly startedAt?: number | undefined
  readonly endedAt?: number | undefined
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

const stateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<JobState> => {
    const count = z.number().check(z.int(), z.nonnegative())
    return z.looseObject({
      formatVersion: z.literal(1),
      id: z.string(),
      model: z.string(),
      state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
      rows: count,
      done: count,
      parts: count,
      submittedAt: z.number(),
      startedAt: z.optional(z.number()),
      endedAt: z.optional(z.number()),
      error: z.optional(z.looseObject({ code: z.string(), message: z.string() })),
    }) as unknown as z.ZodMiniType<JobState>
  },
  { field: 'formatVersion', reads: 1 },
)

/** Whether a job will not change any more. */
export function isEnded({ state }: JobState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}

/** Reads and writes jobs. */
export interface JobStore {
  /** `undefined` where there is no such job. */
  read(id: string): Promise<JobState | undefined>
  write(state: JobState): Promise<void>
  /** The ids of all jobs. */
  ids(): Promise<string[]>
  writeInput(id: string, lines: Uint8Array): Promise<void>
  /** The rows of the input from one on, as they were sent. */
  readInput(id: string, from: number): AsyncIterable<string>
  writePart(id: string, part: number, lines: readonly string[]): Promise<void>
  readPart(id: string, part: number): Promise<Uint8Array>
}

/** The jobs below a prefix. */
export function createJobStore(storage: ObjectStore, prefix: string): JobStore {
  const key = (id: string, file: string): string => `${prefix}/${id}/${file}`
  const part = (n: number): string => `result-${String(n).padStart(6, '0')}.ndjson`
  return {
    async read(id) {
      try {
        return parseStored(stateFormat, await storage.get(key(id, 'state.json')), key(id, 'state.json'))
      } catch (error) {
        if (isMillwrightError(error, 'NotFound')) return undefined
        throw error
      }
    },
    async write(state) {
      await storage.put(key(state.id, 'state.json'), utf8(JSON.stringify(state)))
    },
    async ids() {
      const found: string[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await storage.list({ prefix: `${prefix}/`, shallow: true, ...(cursor === undefined ? {} : { cursor }) })
        found.push(...page.prefixes.map((folder) => folder.slice(prefix.length + 1, -1)))
        cursor = page.cursor
        if (cursor === undefined) return found
      }
    },
    async writeInput(id, lines) {
      await storage.put(key(id, 'input.ndjson'), lines)
    },
    async *readInput(id, from) {
      yield* linesOf(await storage.get(key(id, 'input.ndjson')), from)
    },
    async writePart(id, n, lines) {
      await storage.put(key(id, part(n)), utf8(`${lines.join('\n')}\n`))
    },
    readPart: async (id, n) => storage.get(key(id, part(n))),
  }
}

/** The lines of a text that are not empty, from one on. */
export function* linesOf(bytes: Uint8Array, from = 0): Generator<string, void, undefined> {
  let [start, count] = [0, 0]
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    start = end + 1
    if (countLines(line) > 0 && count++ >= from) yield fromUtf8(line).trim()
  }
}

/** How many lines are not empty. */
export function countLines(bytes: Uint8Array): number {
  let [count, isEmpty] = [0, true]
  for (const byte of bytes) {
    if (byte === 10) isEmpty = true
    else if (isEmpty && byte !== 32 && byte !== 13 && byte !== 9) {
      isEmpty = false
      count++
    }
  }
  return count
}
