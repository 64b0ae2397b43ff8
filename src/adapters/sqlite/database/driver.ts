/** The two SQLite drivers of Node, `node:sqlite` and better-sqlite3, and the part of their interfaces that both have. */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findBuiltin } from '../../../core/node-builtin'
import { loadPeer } from '../../../core/peer'
import { makeFlushedFolders } from '../../node/folders'

/** A value that SQLite can store. */
export type SqlValue = string | number | bigint | null

/** A prepared statement. Both drivers have these methods. */
export interface Statement {
  run(...values: SqlValue[]): unknown
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
}

/** A connection. Both drivers have these methods. */
export interface Driver {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): unknown
  /** Adds a SQL function. Absent before Node 22.13. */
  function?(name: string, options: { readonly deterministic: boolean }, work: (value: unknown) => unknown): unknown
}

type DriverClass = new (path: string | URL) => Driver

/** Opens a file with `lib`, else with `node:sqlite`, else with better-sqlite3. @throws MissingDependency, the driver's own errors */
export async function openDriver(path: string, lib: unknown): Promise<Driver> {
  if (lib !== undefined) return new (lib as DriverClass)(path)
  const own = findBuiltin<{ readonly DatabaseSync: DriverClass }>('node:sqlite')
  if (own !== undefined) return isImmutable(path) ? openImmutable(own.DatabaseSync, path) : new own.DatabaseSync(path)
  const better = await loadPeer<DriverClass>('better-sqlite3', { needed: 'the SQLite store on a Node without node:sqlite' })
  return new better(path)
}

/** The error code of writing to the folder of a file (`EROFS`, `EACCES`); `undefined` where writing is allowed, or the folder is missing. */
export function writeErrorOfFolder(path: string): string | undefined {
  const folder = dirname(resolve(path))
  try {
    if (existsSync(folder)) accessSync(folder, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as { readonly code?: string }).code
  }
}

/** Makes the folder of a file. `:memory:` and `file:…` have none. @throws the operating system's error */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = dirname(resolve(path))
  if (path === ':memory:' || path.startsWith('file:') || existsSync(folder)) return
  await makeFlushedFolders(folder)
}

/**
 * Whether a file is on a read-only file system and has no write-ahead log. SQLite creates a log even for reading, so it can open such a file
 * only as an immutable one.
 */
function isImmutable(path: string): boolean {
  return path !== ':memory:' && existsSync(path) && !existsSync(`${path}-wal`) && writeErrorOfFolder(path) === 'EROFS'
}

/** Opens a file as immutable: https://sqlite.org/uri.html#uriimmutable. better-sqlite3 has no such option. */
function openImmutable(DatabaseSync: DriverClass, path: string): Driver {
  const url = pathToFileURL(resolve(path))
  url.search = 'immutable=1'
  try {
    return new DatabaseSync(url)
  } catch {
    // Node before 22.15 accepts only a path.
    return new DatabaseSync(path)
  }
}
