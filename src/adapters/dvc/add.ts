/** Tracks a file or folder: content into the cache, then the `.dvc` file, then the line in `.gitignore`. */
import { appendFile, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fromUtf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { createIgnore, type DvcIgnore } from './ignore'
import { keepFiles } from './keep'
import { loadKnownHashes } from './known-hashes'
import { makeExecutable } from './links'
import { writeManifest } from './manifest'
import { assertNoLinks, pathInside } from './paths'
import { nothingIfMissing } from './places'
import { type DvcOutput, readPointer, writePointer } from './pointers'
import { outputsOf, type Project, textContent } from './project'
import { findFiles, isExecutable } from './workspace'

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
  const found = await findFiles(project.root, path, ignore, { signal })
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
  const isProgram = isExecutable(found)
  // As a link it has the permissions of an object.
  if (isProgram) makeExecutable(join(project.root, path))
  throwIfAborted(signal)
  const pointer = `${path}.dvc`
  const before = await readFile(join(project.root, pointer), 'utf8').catch(nothingIfMissing)
  const text = writePointer(
    {
      name: posix.basename(path),
      hash,
      size: kept.reduce((sum, { size }) => sum + size, 0),
      fileCount: found.kind === 'folder' ? kept.length : undefined,
      isExecutable: isProgram,
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
