/** How the working tree differs from what DVC tracks. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMillwrightError } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { eventLoopTurns } from '../node/turns'
import { md5Of } from './hashes'
import { createIgnore } from './ignore'
import { SMALL_BYTES } from './keep-small'
import { type KnownHashes, loadKnownHashes } from './known-hashes'
import { type ManifestEntry, readManifest, writeManifest } from './manifest'
import type { LocalPlace, ObjectPlace } from './places'
import { keyOf, readChecked } from './places'
import type { DvcOutput } from './pointers'
import type { Project } from './project'
import { findFiles, hashFile, TURN_MS, type WorkFile } from './workspace'

/** One output that is not as DVC tracks it. */
export interface DvcChange {
  readonly output: DvcOutput
  /**
   * `modified`: other content; `missing`: nothing at its path; `not-in-cache`: unchanged, but the cache lacks content;
   * `not-hashed`: the pointer has no hash yet; `outside`: it lies outside of the project and is not looked at.
   */
  readonly state: 'modified' | 'missing' | 'not-in-cache' | 'not-hashed' | 'outside'
  /** Files of a modified folder, paths below it; all empty where the cache lacks the manifest. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** A file of the working tree and its hash. */
export interface HashedFile extends WorkFile {
  readonly md5: string
}

/** Hashes files, those that are known without reading them. Reports bytes. */
export async function hashFiles(
  project: Project,
  files: readonly WorkFile[],
  options: {
    readonly output: Pick<DvcOutput, 'scheme'>
    readonly known: KnownHashes
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: OnProgress<'hash'> | undefined
  },
): Promise<readonly HashedFile[]> {
  const { output, known, signal, onProgress } = options
  const report = progressReporter(onProgress)
  const isNew = output.scheme === 'md5'
  const total = files.reduce((sum, { stats }) => sum + stats.size, 0)
  const hashes = files.map(({ full, stats }) => (isNew ? known.get(full, stats) : undefined))
  let done = files.reduce((sum, { stats }, i) => sum + (hashes[i] === undefined ? 0 : stats.size), 0)
  const unknown = files.map((_, i) => i).filter((i) => hashes[i] === undefined)
  const turns = eventLoopTurns(TURN_MS, signal)
  await forEach(unknown, project.jobs, async (i) => {
    throwIfAborted(signal)
    const { full, stats } = files[i] as WorkFile
    const path = join(project.root, full)
    await turns()
    const md5 = isNew && stats.size <= SMALL_BYTES ? md5Of(readFileSync(path)) : (await hashFile(path, output.scheme, signal)).hash
    hashes[i] = md5
    if (isNew) known.set(full, stats, md5)
    done += stats.size
    report({ phase: 'hash', done, total, unit: 'bytes' })
  })
  if (unknown.length === 0) report({ phase: 'hash', done: total, total, unit: 'bytes' })
  return files.map((file, i) => ({ ...file, md5: hashes[i] as string }))
}

/** The files that make up an output, as its hash says. @throws NotFound when the place lacks the manifest */
export async function filesOf(output: DvcOutput, place: ObjectPlace, signal?: AbortSignal): Promise<readonly ManifestEntry[]> {
  if (output.files !== undefined) return output.files
  if (output.md5 === undefined) return []
  if (output.kind === 'file') return [{ path: '', md5: output.md5, size: output.size }]
  const id = { hash: `${output.md5}.dir`, scheme: output.scheme }
  return readManifest(await readChecked(id, place.chunks(id, signal), place.name), `${place.name}: ${keyOf(id)}`)
}

/** Compares outputs with the working tree; those without a difference are left out. */
export async function compareOutputs(
  project: Project,
  outputs: readonly DvcOutput[],
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress<'hash'> | undefined } = {},
): Promise<readonly DvcChange[]> {
  const cache = await project.cache()
  const known = await loadKnownHashes(project.root)
  const ignore = createIgnore(project.root)
  const changes: DvcChange[] = []
  for (const output of outputs) {
    const change = (state: DvcChange['state'], files: Partial<DvcChange> = {}): void =>
      void changes.push({ output, state, added: [], removed: [], changed: [], ...files })
    if (output.isOutside) {
      change('outside')
      continue
    }
    const found = await findFiles(project.root, output.path, ignore, { signal: options.signal, cache: cache.root })
    if (found.kind === 'nothing') change('missing')
    else if (output.md5 === undefined && output.files === undefined) change('not-hashed')
    else if (found.kind !== output.kind) change('modified')
    else {
      const files = await hashFiles(project, found.files, { output, known, ...options })
      if (!isSame(output, files)) change('modified', await difference(output, files, cache, options.signal))
      else if (output.isCached) {
        const needed = files.map(({ md5 }) => md5)
        if (output.kind === 'folder' && output.files === undefined) needed.push(`${output.md5}.dir`)
        const has = await cache.present(needed, output.scheme)
        const isThere = needed.every((hash) => has.has(hash))
        if (!isThere) change('not-in-cache')
      }
    }
  }
  await known.save()
  return changes
}

function isSame(output: DvcOutput, files: readonly HashedFile[]): boolean {
  if (output.kind === 'file') return files[0]?.md5 === output.md5
  const expected = output.files === undefined ? `${output.md5}.dir` : writeManifest(output.files).hash
  return writeManifest(files).hash === expected
}

async function difference(
  output: DvcOutput,
  files: readonly HashedFile[],
  cache: LocalPlace,
  signal: AbortSignal | undefined,
): Promise<Partial<DvcChange>> {
  if (output.kind === 'file') return {}
  let entries: readonly ManifestEntry[]
  try {
    entries = await filesOf(output, cache, signal)
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return {}
    throw error
  }
  const before = new Map(entries.map(({ path, md5 }) => [path, md5]))
  const now = new Map(files.map(({ path, md5 }) => [path, md5]))
  return {
    added: [...now.keys()].filter((path) => !before.has(path)).sort(),
    removed: [...before.keys()].filter((path) => !now.has(path)).sort(),
    changed: [...now]
      .filter(([path, md5]) => before.has(path) && before.get(path) !== md5)
      .map(([path]) => path)
      .sort(),
  }
}
