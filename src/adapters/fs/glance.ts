/** Many small files at once, and only those that changed: one look at each, without a round trip through the thread pool. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { assertSafeKey } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { ChangedAnswer, ChangedQuery } from '../../ports/object-store'
import { systemCode } from '../node/system-errors'
import { readRange } from './files'
import { isInside, leadsOut } from './folders'
import { entryNames } from './walk'

/**
 * A change leaves inode, size or time of change (`ctime`, which no program can set) different, unless it falls into the same tick of the file
 * system's clock: 1 to 10 ms on Linux, 2 s on FAT. What changed later ago than this shows every further change; younger gets no stamp.
 */
const SETTLED_MS = 2500
/** The event loop gets its turn after this long. */
const SLICE_MS = 4
/** Larger files are read without blocking. */
const SMALL_BYTES = 262_144
/** How many checked names are remembered. */
const NAMES_KEPT = 50_000

/** What {@link createGlances} needs to know of its store. */
export interface GlanceInit {
  readonly root: string
  readonly name: string
  /** Refuses keys that the store keeps for itself. @throws InvalidArgument */
  readonly pathOf: (key: string) => string
}

/** Answers of `getChanged` for files below a root; `onKey` is told which key is looked at, for messages. */
export type Glances = (
  queries: readonly ChangedQuery[],
  signal: AbortSignal | undefined,
  onKey: (key: string) => void,
) => Promise<readonly (ChangedAnswer | undefined)[]>

/** Looks at files below `root`. Links are not followed: like a listing, it leaves them out. */
export function createGlances({ root, name, pathOf }: GlanceInit): Glances {
  const safeNames = new Set<string>()
  let realRoot: string | undefined

  /** As `pathOf`, remembering the names it has checked. */
  const place = (key: string): string => {
    const names = key.split('/')
    const first = names[0] as string
    if (key.length > 1024 || !safeNames.has(first) || !names.every((part) => safeNames.has(part))) {
      assertSafeKey(key)
      pathOf(key)
      if (safeNames.size > NAMES_KEPT) safeNames.clear()
      for (const part of names) safeNames.add(part)
      return join(root, key)
    }
    // A name may be safe below another folder and still be the store's own at the top.
    return first.startsWith('.') ? pathOf(key) : `${root}/${key}`
  }

  const assertFolderInside = (folder: string, key: string, checked: Set<string>): void => {
    if (checked.has(folder)) return
    realRoot ??= realpathSync.native(root)
    if (!isInside(realpathSync.native(folder), realRoot)) throw leadsOut(name, key)
    checked.add(folder)
  }

  const folder = ({ key, stamp }: ChangedQuery, checked: Set<string>): ChangedAnswer | undefined => {
    const path = place(key.slice(0, -1))
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
    const path = place(key)
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
    let until = performance.now() + SLICE_MS
    for (const query of queries) {
      onKey(query.key)
      const answer = query.key.endsWith('/') ? folder(query, checked) : file(query, checked)
      answers.push(answer instanceof Promise ? await answer : answer)
      if (answers.length % 32 === 0 && performance.now() > until) {
        await setImmediate()
        throwIfAborted(signal)
        until = performance.now() + SLICE_MS
      }
    }
    return answers
  }
}

function factsOf(path: string): Stats | undefined {
  return orMissing(() => lstatSync(path, { throwIfNoEntry: false }))
}

/** The facts come before the content: what changes in between shows in the next look. */
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

/** Not for times in the future either: a clock that was set back may come by them again. */
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

/** Gone, never there, beneath a file, or a link: nothing that a key leads to. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error))
}
