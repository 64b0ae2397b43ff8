/** Opening a SQLite file that is MLflow's: `node:sqlite` where the runtime has it, better-sqlite3 elsewhere. Node only. */
import { backoffDelay } from '../../../core/backoff'
import { sleep, systemClock } from '../../../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { systemCode } from '../../node/system-errors'
import { type CommitSync, walSync } from './commit-sync'
import { type Driver, lockOfFolder, makeFolderOf, openDriver, type SqlValue, type Statement } from './driver'
import { prepareSchema } from './prepare'

export type { SqlValue } from './driver'

/** A row by column name. */
export type SqlRow = Record<string, unknown>

/** An open database. Statements are prepared once and kept. */
export interface Database {
  readonly path: string
  /** Name of the SQL function that makes text lower-case: all of Unicode where the driver knows functions, ASCII elsewhere. */
  readonly lower: string
  run(sql: string, ...values: SqlValue[]): void
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  all(sql: string, ...values: SqlValue[]): SqlRow[]
  /** Runs `work` in an immediate transaction: all of it or nothing. */
  transaction<T>(work: () => T): T
  /** Resolves when everything committed so far survives the loss of power; at once where each commit does. @throws Unavailable */
  durable(): Promise<void>
  /** Names of a table's columns. */
  columns(table: string): readonly string[]
  close(): void
}

/** Options of {@link openDatabase}. */
export interface DatabaseOptions {
  /** The file; made with its folder when absent. `:memory:` for none. */
  readonly path: string
  /** better-sqlite3's default export, to be used instead of what the runtime has. */
  readonly lib?: unknown
  /** Milliseconds to wait for another process's lock. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
  /** A commit survives the end of the process, and the loss of power only after `durable()`: many commits share a flush of the disk. @default false */
  readonly groupsSyncs?: boolean | undefined
}

/** Pages' memory, in KiB: enough for the upper levels of every index, and for a batch without writing pages twice. */
const CACHE_KIB = 32_768
/** Pages in the log before it is copied into the database: a page that changes with every run is then copied once for many of them. */
const CHECKPOINT_PAGES = 8000

/** Most prepared statements kept: searches make texts of their own. */
const maxStatements = 256

/**
 * Opens the file, making MLflow's tables in an empty one.
 *
 * @throws MissingDependency where neither `node:sqlite` nor better-sqlite3 is there; Corrupt for a file that is no SQLite database
 * or holds something else than MLflow's tables; PermissionDenied, NotFound where it cannot be opened, nor its folder made
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { path } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw invalidArgument(`\`path\` of a SQLite store must be a file path, got ${show(path)}`)
  await makeFolderOf(path).catch((error) => {
    const code = /^(EACCES|EPERM|EROFS)$/.test(systemCode(error)) ? 'PermissionDenied' : 'NotFound'
    const said = `the SQLite store ${show(path)} cannot be opened: its folder is not there and cannot be made: ${String(error?.message)}`
    throw new MillwrightError(code, said, { cause: error })
  })
  const busyTimeoutMs = options.busyTimeoutMs ?? 20_000
  const clock = systemClock()
  const giveUpAt = performance.now() + busyTimeoutMs
  // Turning WAL on asks for the whole file at once, and SQLite does not wait for that.
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
    throw translate(error, path)
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
    throw translate(error, path)
  }
}

/** Takes the flush after each commit away from SQLite; `undefined` where it keeps no file. */
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
      throw translate(error, path)
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
          // The first error is the one that matters.
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

/** SQLite's own LOWER knows ASCII only. */
function addLower(driver: Driver): string {
  if (driver.function === undefined) return 'LOWER'
  driver.function('millwright_lower', { deterministic: true }, (value) => (typeof value === 'string' ? value.toLowerCase() : value))
  return 'millwright_lower'
}

/** SQLite's errors as ours. */
function translate(error: unknown, path: string): unknown {
  if (error instanceof MillwrightError) return error
  const { message = String(error), code, errcode } = error as { message?: string; code?: string; errcode?: number }
  const kind = `${code ?? ''} ${errcode ?? ''} ${message}`
  const say = (what: string): string => `the SQLite store ${show(path)} ${what}: ${message}`
  if (/NOTADB|not a database|malformed|SQLITE_CORRUPT/i.test(kind))
    return new MillwrightError('Corrupt', say('cannot be read'), { cause: error })
  if (/readonly|READONLY|permission|EACCES/i.test(kind))
    return new MillwrightError('PermissionDenied', say('cannot be written'), { cause: error })
  if (/BUSY|locked/i.test(kind)) return new MillwrightError('Unavailable', say('is locked by another process'), { cause: error })
  if (/FULL|disk/i.test(kind)) return new MillwrightError('Unavailable', say('could not be written'), { cause: error, retryable: false })
  if (/unable to open|directory does not exist|CANTOPEN/i.test(kind)) {
    // SQLite writes beside the file even to read it.
    const lock = path === ':memory:' ? undefined : lockOfFolder(path)
    if (lock === undefined) return new MillwrightError('NotFound', say('cannot be opened'), { cause: error })
    return new MillwrightError('PermissionDenied', say(`cannot be opened, its folder takes no writes (${lock})`), { cause: error })
  }
  if (/UNIQUE|PRIMARYKEY|constraint/i.test(kind)) return new MillwrightError('Conflict', say('refused a write'), { cause: error })
  return new MillwrightError('Internal', say('failed'), { cause: error })
}
