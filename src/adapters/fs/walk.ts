/** Listing a folder tree in the order of keys. */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { assertSafeSegment } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'

/** The folder below the root where temporary files and locks live; keys cannot reach it. */
export const INTERNAL_FOLDER = '.millwright'

/** The options of a listing. */
export interface WalkQuery {
  readonly root: string
  readonly prefix: string
  readonly shallow: boolean
  /** Only entries after this key or prefix. */
  readonly after: string | undefined
  readonly signal: AbortSignal | undefined
}

/** A key, or a prefix (ending in `/`). */
export interface WalkItem {
  readonly key: string
  readonly isPrefix: boolean
}

/**
 * The keys that begin with the prefix, in ascending order. Symbolic links, names that cannot be in a key, and the store's own folder are left out.
 * The listing of one folder for each level is in memory.
 */
export async function* walk(query: WalkQuery): AsyncGenerator<WalkItem> {
  const slash = query.prefix.lastIndexOf('/') + 1
  yield* walkFolder(query, query.prefix.slice(0, slash))
}

async function* walkFolder(query: WalkQuery, folder: string): AsyncGenerator<WalkItem> {
  const { root, prefix, shallow, after, signal } = query
  throwIfAborted(signal)
  for (const item of await itemsOf(join(root, folder), folder)) {
    if (!item.key.startsWith(prefix)) continue
    // A folder before the cursor has later keys only if the cursor is in it.
    if (after !== undefined && item.key <= after && (shallow || !item.isPrefix || !after.startsWith(item.key))) continue
    if (!item.isPrefix) yield item
    else if (!shallow) yield* walkFolder(query, item.key)
    else if (await holdsAnything(root, item.key)) yield item
  }
}

/** Whether there is an object below the folder. A folder without objects is not a prefix. */
async function holdsAnything(root: string, folder: string): Promise<boolean> {
  for (const item of await itemsOf(join(root, folder), folder)) {
    if (!item.isPrefix || (await holdsAnything(root, item.key))) return true
  }
  return false
}

async function itemsOf(path: string, folder: string): Promise<WalkItem[]> {
  return entryNames(await entriesOf(path), folder).map((name) => ({ key: folder + name, isPrefix: name.endsWith('/') }))
}

/** The names among a folder's entries that can be in a key, ascending; names of folders end in `/`. `folder` is the prefix of the folder. */
export function entryNames(entries: readonly Dirent[], folder: string): string[] {
  const names: string[] = []
  for (const entry of entries) {
    if (!(entry.isFile() || entry.isDirectory()) || !isKeySegment(entry.name) || (folder === '' && entry.name === INTERNAL_FOLDER)) continue
    // With the slash at the end of folders, the order is that of whole keys: a-b, a.txt, a/b.
    names.push(entry.isDirectory() ? `${entry.name}/` : entry.name)
  }
  return names.sort((a, b) => (a < b ? -1 : 1))
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    // The folder was deleted meanwhile, or does not exist, or a part of the prefix is a file: there are no keys below it.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return []
    throw error
  }
}

function isKeySegment(name: string): boolean {
  try {
    assertSafeSegment(name, 'a file name')
    return true
  } catch {
    return false
  }
}
