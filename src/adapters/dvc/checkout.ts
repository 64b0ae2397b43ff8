/** Puts into the working tree what DVC tracks. Content that is nowhere else is not overwritten, unless it is forced. */
import { lstat, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MillwrightError, show } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { makeFolders } from '../node/folders'
import { compareOutputs, filesOf, hashFiles } from './compare'
import { createIgnore } from './ignore'
import { type KnownHashes, loadKnownHashes } from './known-hashes'
import { makeExecutable, makeLink, makeWritable, noLinkError } from './links'
import type { ManifestEntry } from './manifest'
import { assertNoLinks } from './paths'
import { hashingFor, type LocalPlace, nothingIfMissing, type ObjectId, readThrough } from './places'
import type { DvcOutput } from './pointers'
import type { Project } from './project'
import { findFiles } from './workspace'

/** What a checkout changed: paths below the root. */
export interface DvcCheckout {
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

/** Options of the checkout. */
export interface CheckoutOptions {
  readonly force?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'write'> | undefined
}

interface Plan {
  readonly output: DvcOutput
  readonly write: readonly ManifestEntry[]
  /** Paths below the root. */
  readonly remove: readonly string[]
  /** Present content that is not in the cache. */
  readonly unsaved: readonly string[]
  /** Wanted content that is not in the cache. */
  readonly absent: readonly string[]
}

/**
 * Checks out outputs. Everything that could be in the way is looked for first: then nothing is changed.
 *
 * @throws Conflict for changes that are not in the cache, NotFound for content that is not there
 */
export async function checkoutOutputs(project: Project, outputs: readonly DvcOutput[], options: CheckoutOptions): Promise<DvcCheckout> {
  const { force = false, signal, onProgress } = options
  const cache = await project.cache()
  const changes = await compareOutputs(
    project,
    outputs.filter(({ isCached }) => isCached),
    { signal },
  )
  const known = await loadKnownHashes(project.root)
  const plans: Plan[] = []
  for (const { output, state } of changes) {
    if (state === 'modified' || state === 'missing') plans.push(await planFor(project, output, { cache, known, signal }))
  }
  const absent = plans.flatMap((plan) => plan.absent)
  if (absent.length > 0) {
    throw new MillwrightError('NotFound', `checkout: the cache lacks ${listed(absent)}`, {
      details: { paths: absent },
      hint: 'await repo.pull(), or `dvc fetch`',
    })
  }
  const unsaved = plans.flatMap((plan) => plan.unsaved)
  if (unsaved.length > 0 && !force) {
    throw new MillwrightError('Conflict', `checkout would overwrite or delete changes that are in no cache: ${listed(unsaved)}`, {
      details: { paths: unsaved },
      hint: '`add` keeps them; `force: true` gives them up',
    })
  }
  const report = progressReporter(onProgress)
  const total = plans.reduce((sum, { write }) => sum + write.length, 0)
  const written: string[] = []
  const step = (path: string): void => {
    written.push(path)
    report({ phase: 'write', done: written.length, total, unit: 'steps' })
  }
  for (const plan of plans) await carryOut(project, plan, { cache, signal, step })
  if (total === 0) report({ phase: 'write', done: 0, total: 0, unit: 'steps' })
  return { written: written.sort(), removed: plans.flatMap(({ remove }) => remove).sort() }
}

function listed(paths: readonly string[]): string {
  return `${paths.slice(0, 5).map(show).join(', ')}${paths.length > 5 ? ` and ${paths.length - 5} more` : ''}`
}

function pathIn(output: DvcOutput, path: string): string {
  return path === '' ? output.path : `${output.path}/${path}`
}

async function planFor(
  project: Project,
  output: DvcOutput,
  options: { readonly cache: LocalPlace; readonly known: KnownHashes; readonly signal: AbortSignal | undefined },
): Promise<Plan> {
  const { cache, known, signal } = options
  await assertNoLinks(project.root, output.path, 'checkout')
  const manifest = { hash: `${output.md5}.dir`, scheme: output.scheme }
  if (output.kind === 'folder' && output.files === undefined && (await cache.sizeOf(manifest)) === undefined) {
    return { output, write: [], remove: [], unsaved: [], absent: [output.path] }
  }
  const wanted = await filesOf(output, cache, signal)
  const found = await findFiles(project.root, output.path, createIgnore(project.root), { signal, cache: cache.root })
  const now = await hashFiles(project, found.files, { output, known, signal })
  const before = new Map(now.map(({ path, md5 }) => [path, md5]))
  const target = new Map(wanted.map(({ path, md5 }) => [path, md5]))
  const write = wanted.filter(({ path, md5 }) => before.get(path) !== md5)
  const extra = now.filter(({ path }) => !target.has(path))
  const present = await cache.present([...new Set([...before.values(), ...target.values()])], output.scheme)
  return {
    output,
    write,
    remove: extra.map(({ full }) => full),
    unsaved: now.filter(({ path, md5 }) => target.get(path) !== md5 && !present.has(md5)).map(({ full }) => full),
    absent: write.filter(({ md5 }) => !present.has(md5)).map(({ path }) => pathIn(output, path)),
  }
}

async function carryOut(
  project: Project,
  { output, write, remove }: Plan,
  options: { readonly cache: LocalPlace; readonly signal: AbortSignal | undefined; readonly step: (path: string) => void },
): Promise<void> {
  const { cache, signal, step } = options
  const root = project.root
  for (const path of remove) {
    throwIfAborted(signal)
    await rm(join(root, path), { force: true })
    await removeEmpty(root, dirname(path), output.path)
  }
  if (output.kind === 'folder') {
    if (!(await lstat(join(root, output.path)).catch(nothingIfMissing))?.isDirectory()) await rm(join(root, output.path), { force: true })
    await makeFolders(join(root, output.path))
  } else await removeEmpty(root, output.path, output.path)
  await forEach(write, project.jobs, async ({ path, md5 }) => {
    throwIfAborted(signal)
    const full = pathIn(output, path)
    await assertNoLinks(root, full, 'checkout')
    const id = { hash: md5, scheme: output.scheme }
    // An empty folder that git or an editor left would be in the way of a file.
    await rmdir(join(root, full)).catch(() => {})
    await placeFile(project, full, id, { cache, isExecutable: output.isExecutable, signal })
    step(full)
  })
  if (write.length === 0 && output.kind === 'file' && output.isExecutable) makeExecutable(join(root, output.path))
}

/** Puts the content of an object at a path, by the first type of `cache.type` that the file systems have. @throws Corrupt, Unsupported */
async function placeFile(
  project: Project,
  path: string,
  id: ObjectId,
  options: { readonly cache: LocalPlace; readonly isExecutable: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { cache, isExecutable, signal } = options
  let isChecked = false
  for (const type of cache.types) {
    // DVC shares no empty file by hard links: a file system allows only so many names of one.
    if (type === 'copy' || (type === 'hardlink' && cache.sizeNow(id) === 0)) {
      const copy = { mode: isExecutable ? 0o777 : 0o666, hashing: hashingFor(id, cache.name), signal }
      return project.replace(path, cache.chunks(id, signal), copy)
    }
    if (!isChecked) await readThrough(cache, id, signal)
    isChecked = true
    const made = await project.replaceBy(path, (aside) => {
      if (!makeLink(type, cache.pathOf(id), aside)) return false
      if (type === 'reflink') makeWritable(aside, isExecutable)
      else if (isExecutable) makeExecutable(aside)
      return true
    })
    if (made) return
  }
  throw noLinkError(project.root, cache.types, path)
}

/** Removes folders with nothing in them, up to that of the output. */
async function removeEmpty(root: string, folder: string, last: string): Promise<void> {
  for (let at = folder; at === last || at.startsWith(`${last}/`); at = dirname(at)) {
    try {
      await rmdir(join(root, at))
    } catch {
      return
    }
  }
}
