/** Many small files in one message to a thread: so few messages that sending them costs nothing. */
import { createKeeper, type FoundFile, type Keeper, type KeeperOptions, type Kept } from './keep-small'
import type { FileFacts } from './known-hashes'

/** Files for a thread. */
export interface BatchRequest {
  /** Names the operation: what a keeper remembers holds for one. */
  readonly run: string
  readonly options: KeeperOptions
  /** Separated by NUL, which no path holds. */
  readonly paths: string
  /** Of each file its size, time, inode, mode, and whether it is a link. */
  readonly facts: Float64Array
}

/** What became of them. */
export interface BatchReply {
  /** 32 digits a file. */
  readonly hashes: string
  /** Of each file its size; and, where it became a link, its times and inode, else `NaN`. */
  readonly facts: Float64Array
}

const ASKED = 5
const TOLD = 4

/** The message for a batch of files. */
export function batchRequest(run: string, options: KeeperOptions, files: readonly FoundFile[]): BatchRequest {
  const facts = new Float64Array(files.length * ASKED)
  for (const [i, { size, mtimeMs, inode, mode, isLink }] of files.entries()) {
    facts.set([size, mtimeMs, inode, mode, isLink ? 1 : 0], i * ASKED)
  }
  return { run, options, paths: files.map(({ path }) => path).join('\0'), facts }
}

/** Keeps the files of a batch. @throws where one cannot be kept; the others may have been */
export function keepBatch({ options, paths, facts }: BatchRequest, keeper: Keeper = createKeeper(options)): BatchReply {
  const kept = paths.split('\0').map((path, i) => {
    const [size, mtimeMs, inode, mode, isLink] = facts.subarray(i * ASKED, (i + 1) * ASKED) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ]
    const one = keeper.keep({ path, size, mtimeMs, inode, mode, isLink: isLink === 1 })
    if (one === undefined) throw new Error('no type of link works')
    return one
  })
  const told = new Float64Array(kept.length * TOLD)
  for (const [i, { size, facts: now }] of kept.entries()) {
    told.set(now === undefined ? [size, Number.NaN, Number.NaN, Number.NaN] : [size, now.mtimeMs, now.ctimeMs, now.ino], i * TOLD)
  }
  return { hashes: kept.map(({ hash }) => hash).join(''), facts: told }
}

/** One file of an answer. */
export function keptOf({ hashes, facts }: BatchReply, i: number): Kept {
  const [size, mtimeMs, ctimeMs, ino] = facts.subarray(i * TOLD, (i + 1) * TOLD) as unknown as [number, number, number, number]
  const now: FileFacts | undefined = Number.isNaN(ino) ? undefined : { size, mtimeMs, ctimeMs, ino }
  return { hash: hashes.slice(i * 32, (i + 1) * 32), size, facts: now }
}
