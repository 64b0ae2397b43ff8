/** The connection of a tracker or registry to its database, and the storage of its files. */
import { MillwrightError } from '../../../core/errors'
import type { ObjectStore } from '../../../ports/object-store'
import type { Database } from './database'

/** What the parts of one backend share. */
export interface Connection {
  /** The backend's name, for messages. */
  readonly name: string
  readonly storage: ObjectStore
  readonly isClosed: boolean
  /** The database. @throws InvalidState once closed */
  open(): Database
  /** Runs `work` in one transaction. Resolves with its result when the transaction survives the loss of power. @throws InvalidState once closed */
  write<T>(work: (database: Database) => T): Promise<T>
  /** Waits for pending flushes and closes the database. Idempotent. */
  close(): Promise<void>
}

/** The connection over an open database. */
export function createConnection(database: Database, { name, storage }: Pick<Connection, 'name' | 'storage'>): Connection {
  let isClosed = false
  const open = (): Database => {
    if (isClosed) throw new MillwrightError('InvalidState', `${name} is closed`)
    return database
  }
  return {
    name,
    storage,
    get isClosed() {
      return isClosed
    },
    open,
    write(work) {
      const result = open().transaction(() => work(database))
      return database.durable().then(() => result)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      try {
        await database.durable()
      } finally {
        database.close()
      }
    },
  }
}
