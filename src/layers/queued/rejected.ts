/** What the backend refused for good, kept with the reason below `<prefix>/rejected/` until somebody looks at it. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { laneOf } from './lanes'
import { decodeOperation } from './operations'

/** One operation that was put aside. */
export interface RejectedOperation {
  /** Its place in the order of handing in. */
  readonly number: number
  /** What it is; `unreadable` where the stored object is damaged. */
  readonly kind: 'experiment' | 'run' | 'batch' | 'update' | 'delete' | 'artifact' | 'model' | 'finish' | 'unreadable'
  /** The run, model or experiment it is about, by the id it was given out with. */
  readonly subject?: string | undefined
  readonly reason: string
}

/** The put-aside operations of one queue. */
export interface RejectedLog {
  readonly count: number
  readonly lastNumber: number
  load(): Promise<void>
  add(number: number, from: string, hasBlob: boolean, error: unknown): Promise<void>
  list(): Promise<readonly RejectedOperation[]>
  /** Moves one back to `to`. */
  giveBack(number: number, to: string): Promise<{ readonly sizeBytes: number; readonly hasBlob: boolean }>
  remove(number: number): Promise<void>
}

const digits = 12

/** The operations put aside below `prefix`. */
export function rejectedLog(storage: ObjectStore, prefix: string): RejectedLog {
  const numbers = new Set<number>()
  const placeOf = (number: number): string => `${prefix}/rejected/${String(number).padStart(digits, '0')}`
  const log: RejectedLog = {
    get count() {
      return numbers.size
    },
    get lastNumber() {
      return Math.max(0, ...numbers)
    },
    async load() {
      for (let cursor: string | undefined; ; ) {
        const page = await storage.list({ prefix: `${prefix}/rejected/`, cursor })
        for (const { key } of page.objects) {
          const number = /(\d+)\.json$/.exec(key)?.[1]
          if (number !== undefined) numbers.add(Number(number))
        }
        cursor = page.cursor
        if (cursor === undefined) break
      }
    },
    async add(number, from, hasBlob, error) {
      const place = placeOf(number)
      if (hasBlob) await storage.put(`${place}.bin`, await storage.get(`${from}.bin`))
      await storage.put(`${place}.json`, await storage.get(`${from}.json`))
      await storage.put(`${place}.reason`, utf8(isMillwrightError(error) ? error.message : String(error)))
      numbers.add(number)
    },
    async list() {
      const sorted = [...numbers].sort((a, b) => a - b)
      return Promise.all(sorted.map((number) => read(number)))
    },
    async giveBack(number, to) {
      const place = placeOf(number)
      const blob = await orNothing(storage.get(`${place}.bin`))
      if (blob !== undefined) await storage.put(`${to}.bin`, blob)
      const entry = await storage.get(`${place}.json`)
      await storage.put(`${to}.json`, entry)
      await log.remove(number)
      return { sizeBytes: entry.length + (blob?.length ?? 0), hasBlob: blob !== undefined }
    },
    async remove(number) {
      for (const kind of ['json', 'bin', 'reason']) await storage.delete(`${placeOf(number)}.${kind}`)
      numbers.delete(number)
    },
  }

  const read = async (number: number): Promise<RejectedOperation> => {
    const place = placeOf(number)
    const reason = fromUtf8((await orNothing(storage.get(`${place}.reason`))) ?? utf8('the reason was not written'))
    try {
      const operation = decodeOperation(await storage.get(`${place}.json`), `${place}.json`)
      return { number, kind: operation.kind, subject: laneOf(operation), reason }
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      return { number, kind: 'unreadable', reason }
    }
  }
  return log
}

async function orNothing(work: Promise<Uint8Array> | Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}
