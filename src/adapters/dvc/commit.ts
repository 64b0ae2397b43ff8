/** Records in `dvc.lock` what a stage needs and made now, as `dvc commit` does; its outputs go into the cache. */
import { join, posix } from 'node:path'
import { fromUtf8 } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import type { Json } from '../../core/json'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { content, ignoreInGit } from './add'
import { hashFiles } from './compare'
import { parseFigures } from './figures'
import { createIgnore } from './ignore'
import { keepFiles } from './keep'
import { type KnownHashes, loadKnownHashes } from './known-hashes'
import { makeExecutable } from './links'
import { type LockEntry, writeLock } from './lock'
import { writeManifest } from './manifest'
import { assertNoLinks, pathOfOutput } from './paths'
import { type DvcOutput, fieldsOf, readLock } from './pointers'
import { outputsOf, type Project, textContent } from './project'
import { readStage, type Stage, stageAddress } from './stages'
import { findFiles, isExecutable } from './workspace'

/** Options of the commit. */
export interface CommitOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'hash'> | undefined
}

/** Records a stage. Gives its outputs. */
export async function commitStage(project: Project, given: unknown, options: CommitOptions): Promise<readonly DvcOutput[]> {
  const { signal } = options
  const address = stageAddress(given)
  const cache = await project.cache()
  const source = await project.source(undefined, signal)
  const stage = await readStage(source, address)
  const lock = stage.pipeline.replace(/dvc\.yaml$/, 'dvc.lock')
  await assertFree(project, stage, lock, signal)
  const params = await paramsNow(source.bytes, stage)
  await Promise.all([project.sweep(), cache.sweep()])
  const known = await loadKnownHashes(project.root)
  const record = (path: string, isCached: boolean): Promise<LockEntry> => recordNow(project, stage, path, { isCached, known, ...options })
  const deps: LockEntry[] = []
  for (const path of stage.deps) deps.push(await record(path, false))
  const outs: LockEntry[] = []
  for (const { path, isCached } of stage.outs) outs.push(await record(path, isCached))
  throwIfAborted(signal)
  const before = await source.bytes(lock)
  const text = writeLock(before && fromUtf8(before), stage.name, { cmd: stage.cmd, deps, params, outs }, lock)
  if (before === undefined || text !== fromUtf8(before)) await project.replace(lock, textContent(text))
  for (const { path, isCached } of stage.outs) if (isCached) await ignoreInGit(project, placeOf(stage, path), signal)
  await known.save()
  const pipeline = await source.bytes(stage.pipeline)
  return readLock(text, lock, pipeline && fromUtf8(pipeline)).filter((output) => output.stage === stage.name)
}

/** Where a path of a stage lies, below the root. @throws Unsupported outside of the project */
function placeOf({ pipeline, wdir, name }: Stage, path: string): string {
  const inside = pathOfOutput(posix.dirname(pipeline), wdir, path)
  if (inside !== undefined) return inside
  throw new MillwrightError('Unsupported', `commit: ${show(path)} of the stage ${show(name)} lies outside of the project`, {
    hint: 'run `dvc commit`',
  })
}

/** An output belongs to one stage or `.dvc` file, and not to git. @throws Conflict */
async function assertFree(project: Project, stage: Stage, lock: string, signal: AbortSignal | undefined): Promise<void> {
  const others = (await outputsOf(project, undefined, signal)).filter((other) => other.pointer !== lock || other.stage !== stage.name)
  const git = await project.git(signal)
  for (const { path, isCached } of stage.outs) {
    const place = placeOf(stage, path)
    await assertNoLinks(project.root, place, 'commit')
    const other = others.find((one) => one.path === place || place.startsWith(`${one.path}/`) || one.path.startsWith(`${place}/`))
    if (other !== undefined) {
      throw new MillwrightError('Conflict', `commit: ${show(place)} overlaps with ${show(other.path)}, which ${other.pointer} tracks`)
    }
    if (isCached && (await git?.isTracked(place, signal))) {
      throw new MillwrightError('Conflict', `commit: git already tracks ${show(place)}`, {
        hint: `git rm -r --cached -- ${JSON.stringify(place)}, or \`cache: false\` in dvc.yaml`,
      })
    }
  }
}

/** Hashes a dependency or output; what is cached goes into the cache, files before their manifest. */
async function recordNow(
  project: Project,
  stage: Stage,
  path: string,
  options: CommitOptions & { readonly isCached: boolean; readonly known: KnownHashes },
): Promise<LockEntry> {
  const { isCached, known, signal, onProgress } = options
  const place = placeOf(stage, path)
  const found = await findFiles(project.root, place, createIgnore(project.root), { signal })
  if (found.kind === 'nothing') {
    throw new MillwrightError('NotFound', `commit: ${show(place)} of the stage ${show(stage.name)} is not there`, {
      hint: 'run the stage first',
    })
  }
  const cache = await project.cache()
  const files = isCached
    ? await keepFiles(project, found.files, { cache, known, signal, onProgress })
    : (await hashFiles(project, found.files, { output: { scheme: 'md5' }, known, signal, onProgress })).map((file) => ({
        ...file,
        size: file.stats.size,
      }))
  const size = files.reduce((sum, file) => sum + file.size, 0)
  if (found.kind === 'file') {
    const isProgram = isExecutable(found)
    if (isProgram) makeExecutable(join(project.root, place))
    return { path, md5: files[0]?.md5 ?? '', size, fileCount: undefined, isExecutable: isProgram }
  }
  const manifest = writeManifest(files)
  const id = { hash: manifest.hash, scheme: 'md5' } as const
  if (isCached && (await cache.sizeOf(id)) !== manifest.bytes.length) await cache.write(id, content(manifest.bytes), signal)
  return { path, md5: manifest.hash, size, fileCount: files.length, isExecutable: false }
}

/** The values of the params that a stage names. @throws NotFound, Unsupported */
async function paramsNow(
  bytesOf: (path: string) => Promise<Uint8Array | undefined>,
  stage: Stage,
): Promise<ReadonlyMap<string, Readonly<Record<string, Json>>>> {
  const result = new Map<string, Readonly<Record<string, Json>>>()
  for (const [file, keys] of stage.params) {
    const place = placeOf(stage, file)
    const bytes = await bytesOf(place)
    if (bytes === undefined) throw new MillwrightError('NotFound', `commit: the params file ${show(place)} is not there`)
    const tree = fieldsOf(parseFigures(fromUtf8(bytes), place), place)
    const wanted = keys.length === 0 ? Object.keys(tree) : keys
    result.set(
      file,
      Object.fromEntries(wanted.map((key) => [key, storable(valueAt(tree, key, place, keys.length > 0), `${place}: ${key}`)])),
    )
  }
  return result
}

function valueAt(tree: Readonly<Record<string, unknown>>, key: string, file: string, isDotted: boolean): unknown {
  let value: unknown = tree
  for (const part of isDotted ? key.split('.') : [key]) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
      throw new MillwrightError('NotFound', `commit: ${file} has no param ${show(key)}`)
    }
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}

/** A value that is the same when it is written and read again. @throws Unsupported */
function storable(value: unknown, subject: string): Json {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new MillwrightError('Unsupported', `commit: ${subject} is a whole number beyond 2^53, which loses digits`, {
      hint: 'run `dvc commit`',
    })
  }
  if (Array.isArray(value)) return value.map((item) => storable(item, subject))
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, storable(member, subject)]))
}
