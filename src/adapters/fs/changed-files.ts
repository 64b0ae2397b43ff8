/** Reads those of many small files that changed. Uses synchronous calls, which for small files are faster than the thread pool. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assertSafeKey } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { ChangedAnswer, ChangedQuery } from '../../ports/object-store'
import { systemCode } from '../node/system-errors'
import { eventLoopTurns } from '../node/turns'
import { readRange } from './files'
import { isInside, leadsOut } from './folders'
import { entryNames } from './walk'

/**
 * Files that changed more recently than this get no stamp. A stamp holds inode, size and change time (`ctime`, which no program can set).
 * Two changes within one tick of the file system's clock (1 to 10 ms on Linux, 2 s on FAT) may leave all three equal.
 */
const SETTLED_MS = 2500
/** Larger files are read asynchronously. */
const SMALL_BYTES = 262_144
/** How many checked names are cached. */
const NAMES_KEPT = 50_000

/** Options of {@link createChangedFiles}. */
export interface ChangedFilesOptions {
  readonly root: string
  readonly name: string
  /** The path of a key. @throws InvalidArgument for a key that the store reserves */
  readonly pathOf: (key: string) => string
}

/** Answers `getChanged`. Calls `onKey` with each key before reading it, for error messages. */
export type ChangedFiles = (
  queries: readonly ChangedQuery[],
  signal: AbortSignal | undefined,
  onKey: (key: string) => void,
) => Promise<readonly (ChangedAnswer | undefined)[]>

/** Reads files below `root`. Symbolic links count as missing, as in a listing. */
export function createChangedFiles({ root, name, pathOf }: ChangedFilesOptions): ChangedFiles {
  const safeNames = new Set<string>()
  let realRoot: string | undefined

  /** As `pathOf`, with a cache of checked names. */
  const cachedPathOf = (key: string): string => {
    const names = key.split('/')
    const first = names[0] as string
    if (key.length > 1024 || !safeNames.has(first) || !names.every((part) => safeNames.has(part))) {
      assertSafeKey(key)
      pathOf(key)
      if (safeNames.size > NAMES_KEPT) safeNames.clear()
      for (const part of names) safeNames.add(part)
      return join(root, key)
    }
    // A name that is allowed in a folder may be reserved at the root.
    return first.startsWith('.') ? pathOf(key) : `${root}/${key}`
  }

  const assertFolderInside = (folder: string, key: string, checked: Set<string>): void => {
    if (checked.has(folder)) return
    realRoot ??= realpathSync.native(root)
    if (!isInside(realpathSync.native(folder), realRoot)) throw leadsOut(name, key)
    checked.add(folder)
  }

  const folder = ({ key, stamp }: ChangedQuery, checked: Set<string>): ChangedAnswer | undefined => {
    const path = cachedPathOf(key.slice(0, -1))
    const now = Date.now()
    const facts = factsOf(path)
    if (facts === undefined || !facts.isDirectory()) return undefined
    const held = stampOf(facts)
    if (stamp !== undefined && stamp === held) return { stamp: held }
    assertFolderInside(path, key, checked)
    const entries = orMissing(() => readdirSync(path, { withFileTypes: true }))
    return entries === undefined ? undefined : { stamp: isSettled(facts, now) ? held : '', names: entryNames(entries, key) }
  }

  const file = ({ key, stamp }: ChangedQuery, checked: Set<string>): ChangedAnswer | Promise<ChangedAnswer | undefined> | undefined => {
    const path = cachedPathOf(key)
    const seen = factsOf(path)
    if (seen === undefined || !seen.isFile()) return undefined
    if (stamp !== undefined && stamp !== '' && stamp === stampOf(seen)) return { stamp }
    const inside = orMissing(() => {
      assertFolderInside(dirname(path), key, checked)
      return true
    })
    if (inside === undefined) return undefined
    return seen.size > SMALL_BYTES ? readLarge(path) : readSmall(path)
  }

  return async (queries, signal, onKey) => {
    const answers: (ChangedAnswer | undefined)[] = []
    const checked = new Set<string>()
    const turn = eventLoopTurns()
    for (const query of queries) {
      onKey(query.key)
      const answer = query.key.endsWith('/') ? folder(query, checked) : file(query, checked)
      answers.push(answer instanceof Promise ? await answer : answer)
      if (answers.length % 32 === 0) {
        await turn()
        throwIfAborted(signal)
      }
    }
    return answers
  }
}

function factsOf(path: string): Stats | undefined {
  return orMissing(() => lstatSync(path, { throwIfNoEntry: false }))
}

/** Reads the facts before the content, so that a change in between is found the next time. */
function readSmall(path: string): ChangedAnswer | undefined {
  const now = Date.now()
  const handle = orMissing(() => openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)))
  if (handle === undefined) return undefined
  try {
    const facts = fstatSync(handle)
    const bytes = new Uint8Array(facts.size)
    let filled = 0
    while (filled < bytes.length) {
      const read = readSync(handle, bytes, filled, bytes.length - filled, filled)
      if (read === 0) break
      filled += read
    }
    return { stamp: isSettled(facts, now) ? stampOf(facts) : '', bytes: bytes.subarray(0, filled) }
  } finally {
    closeSync(handle)
  }
}

async function readLarge(path: string): Promise<ChangedAnswer | undefined> {
  const now = Date.now()
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    try {
      const facts = await handle.stat()
      return { stamp: isSettled(facts, now) ? stampOf(facts) : '', bytes: await readRange(handle, 0, facts.size, undefined) }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function stampOf({ dev, ino, size, ctimeMs, mtimeMs }: Stats): string {
  return mtimeMs === ctimeMs ? `${dev}.${ino}.${size}.${ctimeMs}` : `${dev}.${ino}.${size}.${ctimeMs}.${mtimeMs}`
}

/** Whether the last change is old enough for a stamp. A time in the future is not: after a clock was set back, the same time may occur again. */
function isSettled({ ctimeMs }: Stats, now: number): boolean {
  return now - ctimeMs >= SETTLED_MS
}

function orMissing<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether an error means that there is no file at a path: it is missing, below a file, or a symbolic link. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error))
}
