/** A SQLite file with MLflow's tables, and the connection of a backend to it: `node:sqlite` where the runtime has it, better-sqlite3 elsewhere. Node only. */
import { backoffDelay } from '../../../core/backoff'
import { sleep, systemClock } from '../../../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import type { ObjectStore } from '../../../ports/object-store'
import { systemCode } from '../../node/system-errors'
import { type CommitSync, walSync } from './commit-sync'
import { type Driver, makeFolderOf, openDriver, type SqlValue, type Statement } from './driver'
import { translateSqliteError } from './errors'
import { prepareSchema } from './prepare'

export type { SqlValue } from './driver'

/** A row by column name. */
export type SqlRow = Record<string, unknown>

/** An open database. Prepared statements are kept. */
export interface Database {
  readonly path: string
  /** Name of the SQL function that makes text lower-case: for all of Unicode where the driver can add functions, for ASCII elsewhere. */
  readonly lower: string
  run(sql: string, ...values: SqlValue[]): void
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  all(sql: string, ...values: SqlValue[]): SqlRow[]
  /** Runs `work` in an immediate transaction, which is rolled back when `work` throws. */
  transaction<T>(work: () => T): T
  /** Resolves when all commits so far survive the loss of power. @throws Unavailable */
  durable(): Promise<void>
  /** Names of a table's columns. */
  columns(table: string): readonly string[]
  close(): void
}

/** Options of {@link openDatabase}. */
export interface DatabaseOptions {
  /** The file. A missing file is created, and its folder too. `:memory:` for a database without a file. */
  readonly path: string
  /** better-sqlite3's default export, to be used instead of `node:sqlite`. */
  readonly lib?: unknown
  /** Milliseconds to wait for the lock of another process. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
  /** A commit survives the end of the process, but the loss of power only after `durable()`. Many commits then share one flush of the disk. @default false */
  readonly groupsSyncs?: boolean | undefined
}

/** Page cache in KiB: holds the upper levels of every index, and the pages of one batch, so that no page is written twice. */
const CACHE_KIB = 32_768
/** Pages in the write-ahead log before they are copied into the database. A page that changes with every run is then copied once for many runs. */
const CHECKPOINT_PAGES = 8000

/** Most prepared statements that are kept. Each search may have a statement of its own. */
const maxStatements = 256

/**
 * Opens the file. An empty one gets MLflow's tables.
 *
 * @throws MissingDependency without `node:sqlite` and better-sqlite3; Corrupt for a file that is no SQLite database or has other tables than
 * MLflow's; PermissionDenied or NotFound where the file cannot be opened or its folder cannot be created
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { path } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw invalidArgument(`\`path\` of a SQLite store must be a file path, got ${show(path)}`)
  await makeFolderOf(path).catch((error) => {
    const code = /^(EACCES|EPERM|EROFS)$/.test(systemCode(error)) ? 'PermissionDenied' : 'NotFound'
    const said = `the SQLite store ${show(path)} cannot be opened: its folder is missing and cannot be created: ${String(error?.message)}`
    throw new MillwrightError(code, said, { cause: error })
  })
  const busyTimeoutMs = options.busyTimeoutMs ?? 20_000
  const clock = systemClock()
  const giveUpAt = performance.now() + busyTimeoutMs
  // Switching to WAL mode needs an exclusive lock, and SQLite does not apply the busy timeout to it.
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(options, busyTimeoutMs)
    } catch (error) {
      if (!isMillwrightError(error, 'Unavailable') || !error.retryable || performance.now() >= giveUpAt) throw error
      await sleep(clock, backoffDelay(attempt, { baseMs: 5, maxMs: 250 }))
    }
  }
}

async function openOnce({ path, lib, groupsSyncs = false }: DatabaseOptions, busyTimeoutMs: number): Promise<Database> {
  const driver = await openDriver(path, lib).catch((error) => {
    throw translateSqliteError(error, path)
  })
  try {
    driver.exec(`PRAGMA busy_timeout=${Math.round(busyTimeoutMs)}`)
    const journal = driver.prepare('PRAGMA journal_mode=WAL').get() as { journal_mode?: string } | undefined
    // In WAL mode FULL makes every commit durable against power loss; NORMAL would only be consistent.
    driver.exec('PRAGMA synchronous=FULL')
    driver.exec('PRAGMA foreign_keys=ON')
    driver.exec('PRAGMA case_sensitive_like=ON')
    driver.exec(`PRAGMA cache_size=-${CACHE_KIB}`)
    driver.exec(`PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`)
    const database = wrap(driver, path, groupsSyncs && journal?.journal_mode === 'wal' ? groupedSync(driver) : undefined)
    prepareSchema(database, (sql) => void driver.exec(sql))
    return database
  } catch (error) {
    driver.close()
    throw translateSqliteError(error, path)
  }
}

/** Turns SQLite's own flush after each commit off, and returns what flushes instead; `undefined` for a database without a file. */
function groupedSync(driver: Driver): CommitSync | undefined {
  const databases = driver.prepare('PRAGMA database_list').all() as { readonly name: string; readonly file: string | null }[]
  const file = databases.find(({ name }) => name === 'main')?.file
  if (file === undefined || file === null || file === '') return undefined
  driver.exec('PRAGMA synchronous=NORMAL')
  return walSync(file)
}

function wrap(driver: Driver, path: string, sync: CommitSync | undefined): Database {
  const statements = new Map<string, Statement>()
  const prepare = (sql: string): Statement => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = driver.prepare(sql)
      if (statements.size >= maxStatements) statements.delete(statements.keys().next().value as string)
      statements.set(sql, statement)
    }
    return statement
  }
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw translateSqliteError(error, path)
    }
  }
  let depth = 0
  let closed = false
  return {
    path,
    lower: addLower(driver),
    run(sql, ...values) {
      guarded(() => prepare(sql).run(...values))
      if (depth === 0) sync?.committed()
    },
    get: (sql, ...values) => guarded(() => prepare(sql).get(...values) as SqlRow | undefined),
    all: (sql, ...values) => guarded(() => prepare(sql).all(...values) as SqlRow[]),
    transaction(work) {
      if (depth > 0) return work()
      guarded(() => prepare('BEGIN IMMEDIATE').run())
      depth = 1
      try {
        const result = work()
        guarded(() => prepare('COMMIT').run())
        sync?.committed()
        return result
      } catch (error) {
        try {
          driver.exec('ROLLBACK')
        } catch {
          // The first error is thrown.
        }
        throw error
      } finally {
        depth = 0
      }
    },
    async durable() {
      if (sync === undefined) return
      await sync.durable().catch((cause: unknown) => {
        throw new MillwrightError('Unavailable', `the SQLite store ${show(path)} could not be flushed to the disk: ${String(cause)}`, {
          cause,
        })
      })
    },
    columns: (table) => guarded(() => (driver.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name)),
    close() {
      if (closed) return
      closed = true
      sync?.close()
      driver.close()
    },
  }
}

/** Adds a lower-case function for all of Unicode, and returns the name of the function to use. SQLite's own LOWER changes only ASCII. */
function addLower(driver: Driver): string {
  if (driver.function === undefined) return 'LOWER'
  driver.function('millwright_lower', { deterministic: true }, (value) => (typeof value === 'string' ? value.toLowerCase() : value))
  return 'millwright_lower'
}

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
