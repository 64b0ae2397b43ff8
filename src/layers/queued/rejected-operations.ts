/** Operations that the backend rejected, kept with the reason at `<prefix>/rejected/<number>` until they are queued again. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { listAll, readOptional } from '../../ports/stored-objects'
import { entryName } from './entry-objects'
import { subjectOf } from './operation-ids'
import { decodeOperation } from './operations'

/** One rejected operation. */
export interface RejectedOperation {
  /** Its position in the order in which operations were accepted. */
  readonly number: number
  /** `unreadable` if the stored object is damaged. */
  readonly kind: 'experiment' | 'run' | 'batch' | 'update' | 'delete' | 'artifact' | 'model' | 'finish' | 'unreadable'
  /** The run, model or experiment it changes, by the id that the queue returned for it. */
  readonly subject?: string | undefined
  readonly reason: string
}

/** The rejected operations of one queue. */
export interface RejectedOperations {
  readonly count: number
  readonly lastNumber: number
  load(): Promise<void>
  /** Copies the entry at key `from`. */
  add(number: number, from: string, hasBlob: boolean, error: unknown): Promise<void>
  list(): Promise<readonly RejectedOperation[]>
  /** Moves an operation to key `to`. */
  moveTo(number: number, to: string): Promise<{ readonly sizeBytes: number; readonly hasBlob: boolean }>
}

/** The rejected operations below `prefix` of a store. */
export function rejectedOperations(storage: ObjectStore, prefix: string): RejectedOperations {
  const numbers = new Set<number>()
  const keyOf = (number: number): string => `${prefix}/rejected/${entryName(number)}`

  const read = async (number: number): Promise<RejectedOperation> => {
    const key = keyOf(number)
    const reason = fromUtf8((await readOptional(storage, `${key}.reason`)) ?? utf8('the reason was not written'))
    try {
      const operation = decodeOperation(await storage.get(`${key}.json`), `${key}.json`)
      return { number, kind: operation.kind, subject: subjectOf(operation), reason }
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      return { number, kind: 'unreadable', reason }
    }
  }

  return {
    get count() {
      return numbers.size
    },
    get lastNumber() {
      return Math.max(0, ...numbers)
    },
    async load() {
      for (const { key } of await listAll(storage, `${prefix}/rejected/`)) {
        const number = /(\d+)\.json$/.exec(key)?.[1]
        if (number !== undefined) numbers.add(Number(number))
      }
    },
    async add(number, from, hasBlob, error) {
      const key = keyOf(number)
      if (hasBlob) await storage.put(`${key}.bin`, await storage.get(`${from}.bin`))
      await storage.put(`${key}.json`, await storage.get(`${from}.json`))
      await storage.put(`${key}.reason`, utf8(isMillwrightError(error) ? error.message : String(error)))
      numbers.add(number)
    },
    list: async () => Promise.all([...numbers].sort((a, b) => a - b).map(read)),
    async moveTo(number, to) {
      const key = keyOf(number)
      const blob = await readOptional(storage, `${key}.bin`)
      if (blob !== undefined) await storage.put(`${to}.bin`, blob)
      const entry = await storage.get(`${key}.json`)
      await storage.put(`${to}.json`, entry)
      for (const kind of ['json', 'bin', 'reason']) await storage.delete(`${key}.${kind}`)
      numbers.delete(number)
      return { sizeBytes: entry.length + (blob?.length ?? 0), hasBlob: blob !== undefined }
    },
  }
}
