/** Writes one offline run directory. */
import { concatBytes } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { fileHeader, frameRecords } from './framing'
import { encodeRecord, type WandbRecord } from './records'

/** A directory to which records and files are written. */
export interface WandbSession {
  /** Key of the directory, without a slash at its end. */
  readonly directory: string
  /** Appends records. After a crash only the first of them may be there. */
  write(records: readonly WandbRecord[]): Promise<void>
  /** Writes a file below `files/`. */
  putFile(path: string, bytes: Uint8Array): Promise<void>
}

/** What {@link openSession} needs to know. */
export interface SessionInit {
  readonly storage: ObjectStore
  readonly folder: string
  readonly runId: string
  /** Epoch milliseconds; names the directory. */
  readonly startTime: number
  readonly records: readonly WandbRecord[]
}

/** Creates the directory. When there is one with the same second in its name, the next second is used. */
export async function openSession({ storage, folder, runId, startTime, records }: SessionInit): Promise<WandbSession> {
  const file = `run-${runId}.wandb`
  let number = 0
  const framed = (more: readonly WandbRecord[], position: number): Uint8Array =>
    frameRecords(
      more.map((record) => encodeRecord(record, number++)),
      position,
    )
  const header = fileHeader()
  const start = concatBytes([header, framed(records, header.length)])
  const directory = await firstFree(storage, start, (attempt) => {
    const name = `${folder}/offline-run-${stamp(startTime + attempt * 1000)}-${runId}`
    return [name, `${name}/${file}`]
  })
  let position = start.length
  return {
    directory,
    async write(more) {
      const bytes = framed(more, position)
      await append(storage, `${directory}/${file}`, bytes)
      position += bytes.length
    },
    async putFile(path, bytes) {
      await storage.put(`${directory}/files/${path}`, bytes)
    },
  }
}

/** The most seconds that are tried. */
const ATTEMPTS = 100

async function firstFree(
  storage: ObjectStore,
  bytes: Uint8Array,
  nameOf: (attempt: number) => readonly [directory: string, key: string],
): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const [directory, key] = nameOf(attempt)
    try {
      if (!storage.capabilities.conditionalPut && (await storage.head(key)) !== undefined) continue
      await storage.put(key, bytes, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
      return directory
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt >= ATTEMPTS) throw error
    }
  }
}

async function append(storage: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  if (storage.capabilities.appendAtomic) return storage.append(key, bytes)
  await storage.put(key, concatBytes([await storage.get(key), bytes]))
}

/** `YYYYMMDD_HHMMSS`, in UTC. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')
}
