/** Tracks a file or folder: content into the cache, then the `.dvc` file, then the line in `.gitignore`. */
import { appendFile, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fromUtf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import { readChunks } from './hashes'
import { createIgnore, type DvcIgnore } from './ignore'
import { type KnownHashes, loadKnownHashes } from './known-hashes'
import { writeManifest } from './manifest'
import { assertNoLinks, pathInside } from './paths'
import { type LocalPlace, nothingIfMissing } from './places'
import { type DvcOutput, readPointer, writePointer } from './pointers'
import { outputsOf, type Project, textContent } from './project'
import { findFiles, type WorkFile } from './workspace'

/** Options of the operations that take long. */
export interface DvcAddOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'hash'> | undefined
}

/** Tracks what is at `path` now. */
export async function addOutput(project: Project, given: unknown, options: DvcAddOptions): Promise<DvcOutput> {
  const { signal, onProgress } = options
  const path = pathInside(project.root, given, 'add')
  const ignore = createIgnore(project.root)
  const cache = await project.cache()
  await assertAddable(project, path, ignore, signal)
  const found = await findFiles(project.root, path, ignore, signal)
  if (found.kind === 'nothing') throw new MillwrightError('NotFound', `add: there is no file or folder ${show(path)} in ${project.root}`)
  await Promise.all([project.sweep(), cache.sweep()])
  const known = await loadKnownHashes(project.root)
  const kept = await keepFiles(project, found.files, { cache, known, signal, onProgress })
  let hash = kept[0]?.md5 ?? ''
  if (found.kind === 'folder') {
    const manifest = writeManifest(kept)
    hash = manifest.hash
    const id = { hash, scheme: 'md5' } as const
    if ((await cache.sizeOf(id)) !== manifest.bytes.length) await cache.write(id, content(manifest.bytes), signal)
  }
  throwIfAborted(signal)
  const pointer = `${path}.dvc`
  const before = await readFile(join(project.root, pointer), 'utf8').catch(nothingIfMissing)
  const text = writePointer(
    {
      name: posix.basename(path),
      hash,
      size: kept.reduce((sum, { size }) => sum + size, 0),
      fileCount: found.kind === 'folder' ? kept.length : undefined,
      isExecutable: found.kind === 'file' && process.platform !== 'win32' && ((found.files[0]?.stats.mode ?? 0) & 0o100) !== 0,
    },
    before,
    pointer,
  )
  if (text !== before) await project.replace(pointer, textContent(text))
  await ignoreInGit(project, path, signal)
  await known.save()
  return readPointer(text, pointer)[0] as DvcOutput
}

/** Bytes as content of a cache. */
export async function* content(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes
}

/** Refuses what DVC refuses too. */
async function assertAddable(project: Project, path: string, ignore: DvcIgnore, signal: AbortSignal | undefined): Promise<void> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line of .gitignore cannot hold them
  if (/[\u0000-\u001f\u007f]/.test(path))
    throw invalidArgument(`add: the name ${show(path)} holds a control character, which .gitignore cannot hold`)
  if (path.endsWith('.dvc') || ['dvc.yaml', 'dvc.lock', '.dvcignore', '.gitignore'].includes(posix.basename(path))) {
    throw invalidArgument(`add: ${show(path)} is a file of DVC or git, not data`)
  }
  await assertNoLinks(project.root, path, 'add')
  const folder = posix.dirname(path)
  await ignore.enter(folder === '.' ? '' : folder)
  if (ignore.ignores(path) || ignore.ignores(`${path}/`)) throw invalidArgument(`add: a .dvcignore leaves out ${show(path)}`)
  for (const other of await outputsOf(project, undefined, signal)) {
    if (other.pointer === `${path}.dvc`) {
      if (other.path === path) continue
      throw new MillwrightError('Conflict', `add: ${other.pointer} already tracks ${show(other.path)}`, {
        details: { path, tracked: other.path },
      })
    }
    if (other.path === path || path.startsWith(`${other.path}/`) || other.path.startsWith(`${path}/`)) {
      throw new MillwrightError('Conflict', `add: ${show(path)} overlaps with ${show(other.path)}, which ${other.pointer} tracks`, {
        details: { path, tracked: other.path },
      })
    }
  }
  const git = await project.git(signal)
  if (git === undefined) return
  if (await git.isTracked(path, signal)) {
    throw new MillwrightError('Conflict', `add: git already tracks ${show(path)}`, {
      hint: `git rm -r --cached -- ${JSON.stringify(path)}, then commit`,
    })
  }
  if (await git.isIgnored(`${path}.dvc`, signal))
    throw invalidArgument(`add: git ignores ${show(`${path}.dvc`)}, so that nobody would get it`)
}

/** A file of the working tree whose content is in the cache. */
export interface KeptFile {
  readonly path: string
  readonly md5: string
  readonly size: number
}

/** Files up to this size are read and written at once. */
const SMALL_BYTES = 262_144
/** How long other work waits at most for its turn. */
const TURN_MS = 25

/** Gives other work a turn now and then. */
function takeTurns(): () => Promise<void> | undefined {
  let last = performance.now()
  return () => {
    if (performance.now() - last < TURN_MS) return undefined
    return yieldToEventLoop().then(() => {
      last = performance.now()
    })
  }
}

/** Puts files into the cache. The hash is that of the bytes that were kept, even when a file changes meanwhile. */
export async function keepFiles(
  project: Project,
  files: readonly WorkFile[],
  options: { cache: LocalPlace; known: KnownHashes; signal: AbortSignal | undefined; onProgress: OnProgress<'hash'> | undefined },
): Promise<readonly KeptFile[]> {
  const { cache, known, signal, onProgress } = options
  const report = progressReporter(onProgress)
  const total = files.reduce((sum, { stats }) => sum + stats.size, 0)
  const kept: KeptFile[] = []
  let done = 0
  const turns = takeTurns()
  await forEach(files, project.jobs, async ({ path, full, stats }, i) => {
    throwIfAborted(signal)
    const hash = known.get(full, stats)
    // A size that differs: an object that a crash or a full disk cut short.
    if (hash !== undefined && (await cache.sizeOf({ hash, scheme: 'md5' })) === stats.size) {
      kept[i] = { path, md5: hash, size: stats.size }
    } else {
      const source = join(project.root, full)
      const isSmall = !project.fsync && stats.size <= SMALL_BYTES
      const added = isSmall ? cache.addSmall(source) : await cache.add(readChunks(source, signal), signal)
      if (isSmall) await turns()
      kept[i] = { path, md5: added.hash, size: added.size }
      if (added.size === stats.size) known.set(full, stats, added.hash)
    }
    done += stats.size
    report({ phase: 'hash', done, total, unit: 'bytes' })
  })
  if (files.length === 0) report({ phase: 'hash', done: 0, total: 0, unit: 'bytes' })
  return kept
}

/** Adds `/name` to the `.gitignore` beside, as `dvc add` does, unless git ignores the path already. */
export async function ignoreInGit(project: Project, path: string, signal: AbortSignal | undefined): Promise<void> {
  const git = await project.git(signal)
  if (git === undefined || (await git.isIgnored(path, signal))) return
  const file = join(project.root, posix.dirname(path), '.gitignore')
  const bytes = await readFile(file).catch(nothingIfMissing)
  const text = bytes === undefined ? '' : fromUtf8(bytes)
  const line = `/${posix
    .basename(path)
    .replace(/[\\[\]!*#?]/g, '\\$&')
    .replace(/ $/, '\\ ')}`
  // One write at the end of the file: another process may add its own line at the same moment.
  await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
}
