/** The files of the working tree: found, and hashed, those only that changed since the last look. */
import { type Dirent, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import { systemCode } from '../node/system-errors'
import { createMd5, type DvcHashScheme, readChunks } from './hashes'
import type { DvcIgnore } from './ignore'
import type { FileFacts } from './known-hashes'
import { nothingIfMissing } from './places'

/** What the file system says of a file. Not its own object: a hundred thousand of those keep the garbage collector busy. */
export interface WorkFacts extends FileFacts {
  readonly mode: number
}

/** A file as the file system describes it. */
export interface WorkFile {
  /** Path below the output; empty for an output that is a file. */
  readonly path: string
  /** Path below the root. */
  readonly full: string
  readonly stats: WorkFacts
  /** It is a symbolic link; `stats` are those of the file it leads to. */
  readonly isLink: boolean
}

/** What lies at the path of an output. */
export interface Found {
  readonly kind: 'file' | 'folder' | 'nothing'
  readonly files: readonly WorkFile[]
}

/** Files looked at between two turns of the event loop. */
const BETWEEN_TURNS = 2000
/** How long other work waits at most for its turn while files are read. */
export const TURN_MS = 25

/**
 * The file or the files of a folder at `path`. A link to a file counts as the file; links to folders are not followed.
 *
 * @param options `cache`: links into this folder that lead nowhere count as files that are not there
 * @throws NotFound for a link that leads nowhere; Conflict for a file that goes away meanwhile; InvalidArgument for a device, a pipe or a socket
 */
export async function findFiles(
  root: string,
  path: string,
  ignore: DvcIgnore,
  { signal, cache }: { readonly signal?: AbortSignal | undefined; readonly cache?: string | undefined } = {},
): Promise<Found> {
  const own = await lstat(join(root, path)).catch(nothingIfMissing)
  if (own === undefined) return { kind: 'nothing', files: [] }
  if (!own.isDirectory()) {
    const stats = statsOf(root, path, { isLink: own.isSymbolicLink(), cache })
    if (stats === undefined) return { kind: 'nothing', files: [] }
    if (stats.isDirectory()) throw invalidArgument(`dvcRepo: ${show(path)} is a symbolic link to a folder, which DVC does not follow`)
    return { kind: 'file', files: [{ path: '', full: path, stats: factsOf(stats), isLink: own.isSymbolicLink() }] }
  }
  const files: WorkFile[] = []
  const folders = [path]
  let sinceTurn = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await ignore.enter(folder)
    const isIgnored = ignore.within(folder)
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const full = `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!isIgnored(entry.name, true)) folders.push(full)
      } else if (!isIgnored(entry.name, false)) {
        const stats = statsOf(root, full, { isLink: isLink(entry), cache })
        if (stats === undefined) continue
        if (!stats.isDirectory()) files.push({ path: full.slice(path.length + 1), full, stats: factsOf(stats), isLink: isLink(entry) })
        else if (!isLink(entry)) throw changing(full)
      }
      if (++sinceTurn % BETWEEN_TURNS === 0) {
        throwIfAborted(signal)
        await yieldToEventLoop()
      }
    }
  }
  return { kind: 'folder', files }
}

function factsOf({ size, mtimeMs, ctimeMs, ino, mode }: Stats): WorkFacts {
  return { size, mtimeMs, ctimeMs, ino, mode }
}

function isLink(entry: Dirent): boolean {
  return entry.isSymbolicLink()
}

/** The error for a file that goes away, or becomes another thing, while an operation needs it. */
export function changing(path: string, cause?: unknown): MillwrightError {
  return new MillwrightError('Conflict', `dvcRepo: ${show(path)} changes while it is read`, { cause })
}

/** `undefined` for a link to an object that the cache does not have. */
function statsOf(
  root: string,
  path: string,
  { isLink, cache }: { readonly isLink: boolean; readonly cache: string | undefined },
): Stats | undefined {
  if (!path.isWellFormed() || path.includes('\ufffd')) {
    throw invalidArgument(`dvcRepo: the name of ${show(path)} is not UTF-8, which a manifest cannot hold`)
  }
  let stats: Stats
  try {
    stats = statSync(`${root}/${path}`)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ELOOP') throw error
    if (!isLink) throw changing(path, error)
    if (cache !== undefined && readlinkSync(join(root, path)).startsWith(cache + sep)) return undefined
    throw new MillwrightError('NotFound', `dvcRepo: ${show(path)} is a symbolic link that leads nowhere`, { cause: error })
  }
  if (!stats.isFile() && !stats.isDirectory()) throw invalidArgument(`dvcRepo: ${show(path)} is a device, a pipe or a socket, not a file`)
  return stats
}

/** Whether an output is a program. */
export function isExecutable({ kind, files }: Found): boolean {
  return kind === 'file' && process.platform !== 'win32' && ((files[0]?.stats.mode ?? 0) & 0o100) !== 0
}

/** MD5 of a file of the working tree, and the bytes that were read. */
export async function hashFile(
  path: string,
  scheme: DvcHashScheme,
  signal: AbortSignal | undefined,
): Promise<{ readonly hash: string; readonly size: number }> {
  const md5 = createMd5(scheme)
  let size = 0
  for await (const chunk of readChunks(path, signal)) {
    md5.update(chunk)
    size += chunk.length
  }
  return { hash: md5.digest(), size }
}
