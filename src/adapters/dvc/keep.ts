/** Puts files of the working tree into the cache, and leaves at their paths what `cache.type` says. */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { newId } from '../../core/ids'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { availableThreads, giveBack, type ProgramThread, takeThreads } from '../../core/threads'
import { systemCode, translateFsError } from '../node/system-errors'
import { eventLoopTurns } from '../node/turns'
import { readChunks } from './hashes'
import { type BatchReply, batchRequest, keptOf } from './keep-batch'
import { createKeeper, type FoundFile, type Keeper, type KeeperOptions, type Kept, SMALL_BYTES } from './keep-small'
import type { KnownHashes } from './known-hashes'
import { noLinkError } from './links'
import { type LocalPlace, problemOf } from './places'
import type { Project } from './project'
import { changing, hashFile, TURN_MS, type WorkFile } from './workspace'

/** A file of the working tree whose content is in the cache. */
export interface KeptFile {
  readonly path: string
  readonly md5: string
  readonly size: number
}

/** How files are kept. */
export interface KeepOptions {
  readonly cache: LocalPlace
  readonly known: KnownHashes
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress<'hash'> | undefined
  /** So many small files are worth threads. */
  readonly threadsFrom?: number
}

/** Starting a thread takes as long as keeping so many files. */
const THREADS_FROM = 1000
/** Files in a message to a thread. */
const BATCH = 256

/** Puts files into the cache. The hash is that of the bytes that were kept, even when a file changes meanwhile. */
export async function keepFiles(project: Project, files: readonly WorkFile[], options: KeepOptions): Promise<readonly KeptFile[]> {
  const { cache, known, signal, threadsFrom = THREADS_FROM } = options
  const report = progressReporter(options.onProgress)
  const total = files.reduce((sum, { stats }) => sum + stats.size, 0)
  const kept: KeptFile[] = []
  let done = 0
  const advance = (bytes: number): void => {
    done += bytes
    report({ phase: 'hash', done, total, unit: 'bytes' })
  }
  const keep = (i: number, { hash, size, facts }: Kept): void => {
    const { path, full, stats } = files[i] as WorkFile
    kept[i] = { path, md5: hash, size }
    if (facts !== undefined) known.setOwn(full, facts, hash)
    else if (size === stats.size) known.set(full, stats, hash)
  }
  const turns = eventLoopTurns(TURN_MS, signal)
  const [small, large]: [number[], number[]] = [[], []]
  for (const [i, { path, full, stats }] of files.entries()) {
    const hash = known.get(full, stats)
    // A size that differs: an object that a crash or a full disk cut short.
    if (hash !== undefined && cache.sizeNow({ hash, scheme: 'md5' }) === stats.size) {
      kept[i] = { path, md5: hash, size: stats.size }
      advance(stats.size)
    } else (stats.size <= SMALL_BYTES ? small : large).push(i)
    if (i % 64 === 63) await turns()
  }
  const keeper: KeeperOptions = { cache: cache.root, temporary: project.temporary, types: cache.types, fsync: project.fsync }
  const work: Work = { project, files, keeper, cache, signal, keep, advance }
  const rest = small.length < threadsFrom ? small : await keepOnThreads(small, work)
  // A flush waits for the disk, and meanwhile this thread has other work.
  if (!project.fsync) await keepHere(rest, work, turns)
  await keepInPieces(project.fsync ? [...rest, ...large] : large, work)
  if (files.length === 0) advance(0)
  return kept
}

/** What the ways to keep files share. */
interface Work {
  readonly project: Project
  readonly files: readonly WorkFile[]
  readonly keeper: KeeperOptions
  readonly cache: LocalPlace
  readonly signal: AbortSignal | undefined
  /** Records what became of a file. */
  readonly keep: (i: number, kept: Kept) => void
  readonly advance: (bytes: number) => void
}

function foundFile({ project, files }: Work, i: number): FoundFile {
  const { full, stats, isLink } = files[i] as WorkFile
  const { size, mtimeMs, ino: inode, mode } = stats
  return { path: `${project.root}/${full}`, size, mtimeMs, inode, mode, isLink }
}

/** What is wrong, with the name of the file that was to be kept. */
function keepError({ project, files, cache, signal }: Work, i: number, error: unknown): unknown {
  if (signal?.aborted) return error
  const { full } = files[i] as WorkFile
  return systemCode(error) === 'ENOENT' && !existsSync(`${project.root}/${full}`)
    ? changing(full, error)
    : translateFsError(error, cache.name, 'keep', full)
}

/** Keeps small files on this thread. */
async function keepHere(which: readonly number[], work: Work, turns: () => Promise<void> | undefined): Promise<void> {
  const { project, cache, files, keep, advance } = work
  const [first] = which
  if (first === undefined) return
  const keeper = createKeeper(work.keeper)
  for (const i of which) {
    await turns()
    const { full, stats } = files[i] as WorkFile
    let kept: Kept | undefined
    try {
      kept = keeper.keep(foundFile(work, i))
    } catch (error) {
      throw keepError(work, i, error)
    }
    if (kept === undefined) throw noLinkError(project.root, cache.types, full)
    keep(i, kept)
    advance(stats.size)
  }
}

/** Keeps small files on threads. @returns those that are still to be kept, for whatever reason: whoever tries finds it */
async function keepOnThreads(which: readonly number[], work: Work): Promise<readonly number[]> {
  const { program } = await import('./keep-program')
  if (program === undefined) return which
  const { project, signal, keeper, keep, advance, files } = work
  // Flushing waits for the disk, not for a core.
  const threads = takeThreads(program, project.fsync ? project.jobs : Math.min(project.jobs, availableThreads()), 'millwright dvc')
  const run = newId()
  const left: number[] = []
  let next = 0
  const serve = async (thread: ProgramThread): Promise<void> => {
    while (next < which.length && thread.isAlive) {
      throwIfAborted(signal)
      const batch = which.slice(next, next + BATCH)
      next += BATCH
      const request = batchRequest(
        run,
        keeper,
        batch.map((i) => foundFile(work, i)),
      )
      const reply = await thread.ask(request, [request.facts.buffer as ArrayBuffer]).catch(() => undefined)
      if (reply === undefined) left.push(...batch)
      else for (const [k, i] of batch.entries()) keep(i, keptOf(reply as BatchReply, k))
      if (reply !== undefined) advance(batch.reduce((sum, i) => sum + (files[i] as WorkFile).stats.size, 0))
    }
  }
  try {
    // One that fails waits for the others: none writes any more when the operation has ended.
    const ends = await Promise.allSettled(threads.map(serve))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  } finally {
    giveBack(program, threads)
  }
  return [...left, ...which.slice(next)]
}

/** Keeps files in pieces, several at a time; this thread never waits for the disk. */
async function keepInPieces(which: readonly number[], work: Work): Promise<void> {
  const { project, cache, signal, files, keep, advance } = work
  if (which.length === 0) return
  const keeper = createKeeper(work.keeper)
  await forEach(which, project.jobs, async (i) => {
    throwIfAborted(signal)
    const { full, stats } = files[i] as WorkFile
    const kept = await keepOne(foundFile(work, i), { keeper, cache, signal }).catch((error) => {
      throw keepError(work, i, error)
    })
    if (kept === undefined) throw noLinkError(project.root, cache.types, full)
    keep(i, kept)
    advance(stats.size)
  })
}

interface PieceWork {
  readonly keeper: Keeper
  readonly cache: LocalPlace
  readonly signal: AbortSignal | undefined
}

async function keepOne(file: FoundFile, work: PieceWork): Promise<Kept | undefined> {
  const { keeper, cache, signal } = work
  for (const type of cache.types) {
    if (type === 'copy') return { ...(await cache.add(readChunks(file.path, signal), signal)), facts: undefined }
    if (type === 'reflink') {
      const aside = keeper.clone(file.path)
      if (aside === undefined) continue
      try {
        const { hash, size } = await hashFile(aside, 'md5', signal)
        keeper.settle(aside, hash, size)
        return { hash, size, facts: undefined }
      } finally {
        rmSync(aside, { force: true })
      }
    }
    const shared = await shareOne(type, file, work)
    if (shared !== undefined) return shared
  }
  return undefined
}

async function shareOne(type: 'hardlink' | 'symlink', file: FoundFile, { keeper, cache, signal }: PieceWork): Promise<Kept | undefined> {
  const handle = openSync(file.path, 'r')
  try {
    const { hash, size } = await hashFile(file.path, 'md5', signal)
    const id = { hash, scheme: 'md5' } as const
    if (cache.sizeNow(id) === size && (await problemOf(cache, id, signal)) === 'damaged') cache.remove(id)
    const content = { file, handle, hash, size }
    const shared = file.isLink ? 'impossible' : keeper.share(type, content)
    if (typeof shared === 'object') return { hash, size, facts: shared }
    if (shared === 'impossible' && type === 'hardlink' && !file.isLink) return undefined
    // Changed meanwhile, or on another file system: the cache keeps a copy, and a link may lead there.
    const added = await cache.add(readChunks(file.path, signal), signal)
    const linked = shared === 'impossible' && added.hash === hash ? keeper.share(type, { ...content, isStored: true }) : 'copy'
    if (linked === 'impossible') return undefined
    return { ...added, facts: linked === 'copy' ? undefined : linked }
  } finally {
    closeSync(handle)
  }
}
