/** The two SQLite drivers of Node, `node:sqlite` and better-sqlite3, by what they have in common. */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findBuiltin } from '../../../core/node-builtin'
import { loadPeer } from '../../../core/peer'
import { makeFlushedFolders } from '../../node/folders'

/** A value SQLite takes. */
export type SqlValue = string | number | bigint | null

/** A prepared statement; both drivers have this shape. */
export interface Statement {
  run(...values: SqlValue[]): unknown
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
}

/** A connection; both drivers have this shape. */
export interface Driver {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): unknown
  /** Adds a SQL function. Absent before Node 22.13. */
  function?(name: string, options: { readonly deterministic: boolean }, work: (value: unknown) => unknown): unknown
}

type DriverClass = new (path: string | URL) => Driver

/** Opens a file with `lib`, or `node:sqlite`, or better-sqlite3, whichever is there first. @throws MissingDependency, the driver's own errors */
export async function openDriver(path: string, lib: unknown): Promise<Driver> {
  if (lib !== undefined) return new (lib as DriverClass)(path)
  const own = findBuiltin<{ readonly DatabaseSync: DriverClass }>('node:sqlite')
  if (own !== undefined) return isUnchanging(path) ? openUnchanging(own.DatabaseSync, path) : new own.DatabaseSync(path)
  const better = await loadPeer<DriverClass>('better-sqlite3', { needed: 'the SQLite store on a Node without node:sqlite' })
  return new better(path)
}

/** Why the folder of a file takes no writes (`EROFS`, `EACCES`); `undefined` when it does, or is not there. */
export function lockOfFolder(path: string): string | undefined {
  const folder = dirname(resolve(path))
  try {
    if (existsSync(folder)) accessSync(folder, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as { readonly code?: string }).code
  }
}

/** Makes the folder of a file that is to be opened. A path that is none (`:memory:`, `file:…`) has none. @throws the operating system's error */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = dirname(resolve(path))
  if (path === ':memory:' || path.startsWith('file:') || existsSync(folder)) return
  await makeFlushedFolders(folder)
}

/**
 * Whether a file lies on a read-only file system, and its log is not there: SQLite cannot open it then, because even reading makes a log
 * beside it, unless it is told that nobody can change the file.
 */
function isUnchanging(path: string): boolean {
  return path !== ':memory:' && existsSync(path) && !existsSync(`${path}-wal`) && lockOfFolder(path) === 'EROFS'
}

/** SQLite's own way of being told: https://sqlite.org/uri.html#uriimmutable. better-sqlite3 does not take it. */
function openUnchanging(DatabaseSync: DriverClass, path: string): Driver {
  const url = pathToFileURL(resolve(path))
  url.search = 'immutable=1'
  try {
    return new DatabaseSync(url)
  } catch {
    // Node before 22.15 takes no URL.
    return new DatabaseSync(path)
  }
}
