/** Reads data by path and revision, as `dvc.api.read` does: from the working tree, the cache, or the remote. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { systemCode } from '../node/system-errors'
import { filesOf } from './compare'
import { pathInside } from './paths'
import { nothingIfMissing, type ObjectId, readChecked } from './places'
import type { DvcOutput } from './pointers'
import { outputsOf, type Project } from './project'

/** Options of `read` and `files`. */
export interface DvcReadOptions {
  /** A branch, tag or commit of git. @default the working tree */
  readonly rev?: string | undefined
  /** Name of the remote to ask for what the cache lacks. @default the output's own, else the default remote */
  readonly remote?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One file of tracked data. */
export interface DvcFile {
  /** Path below the root. */
  readonly path: string
  readonly md5: string
  /** Bytes, where DVC wrote it down: for the files of a folder it seldom does. */
  readonly size: number | undefined
}

/** The content of a file. */
export async function readPath(project: Project, given: unknown, options: DvcReadOptions): Promise<Uint8Array> {
  const { rev, signal } = options
  const path = pathInside(project.root, given, 'read')
  if (rev === undefined) {
    try {
      return await readFile(join(project.root, path), { signal })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (systemCode(error) === 'EISDIR') throw isFolder(path)
      nothingIfMissing(error)
    }
  }
  const outputs = await outputsOf(project, rev, signal)
  const output = outputs.find((one) => one.path === path) ?? outputs.find((one) => path.startsWith(`${one.path}/`))
  if (output?.isCached) return readOutput(project, output, path, options)
  const source = await project.source(rev, signal)
  const bytes = rev === undefined ? undefined : await source.bytes(path)
  if (bytes !== undefined) return bytes
  const below = `${path}/`
  if (outputs.some((one) => one.path.startsWith(below)) || source.paths.some((one) => one.startsWith(below))) throw isFolder(path)
  throw new MillwrightError(
    'NotFound',
    `read: ${show(path)} is neither tracked by DVC nor a file of git${rev === undefined ? '' : ` at ${show(rev)}`}`,
    { details: { path } },
  )
}

function isFolder(path: string): MillwrightError {
  return invalidArgument(`read takes the path of a file; ${show(path)} is a folder`, { hint: 'repo.files(path) lists what is in it' })
}

async function readOutput(project: Project, output: DvcOutput, path: string, options: DvcReadOptions): Promise<Uint8Array> {
  const { remote, signal } = options
  if (output.md5 === undefined && output.files === undefined) {
    throw new MillwrightError('InvalidState', `read: ${output.pointer} has no hash of ${show(output.path)} yet`, {
      hint: 'await repo.add(path), or `dvc commit`',
    })
  }
  if (output.kind === 'folder' && path === output.path) throw isFolder(path)
  const entries = await entriesAnywhere(project, output, remote, signal)
  const inside = output.kind === 'file' ? '' : path.slice(output.path.length + 1)
  const entry = path !== output.path && output.kind === 'file' ? undefined : entries.find((one) => one.path === inside)
  if (entry === undefined) {
    if (entries.some((one) => one.path.startsWith(`${inside}/`))) throw isFolder(path)
    throw new MillwrightError('NotFound', `read: ${show(output.path)}, which ${output.pointer} tracks, has no file ${show(inside)}`, {
      details: { path },
    })
  }
  return readAnywhere(project, output, { hash: entry.md5, scheme: output.scheme }, remote, signal)
}

/** An object from the cache, else from the remote. */
async function readAnywhere(
  project: Project,
  output: DvcOutput,
  id: ObjectId,
  name: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const cache = await project.cache()
  if ((await cache.sizeOf(id)) !== undefined) return readChecked(id, cache.chunks(id, signal), cache.name)
  const remote = await remoteFor(project, output, name)
  return readChecked(id, remote.chunks(id, signal), remote.name)
}

async function entriesAnywhere(
  project: Project,
  output: DvcOutput,
  name: string | undefined,
  signal: AbortSignal | undefined,
): ReturnType<typeof filesOf> {
  const cache = await project.cache()
  const isHere =
    output.kind === 'file' ||
    output.files !== undefined ||
    (await cache.sizeOf({ hash: `${output.md5}.dir`, scheme: output.scheme })) !== undefined
  return filesOf(output, isHere ? cache : await remoteFor(project, output, name), signal)
}

/** The remote that keeps an output; without one the error says that the cache lacks it. */
async function remoteFor(project: Project, output: DvcOutput, name: string | undefined): ReturnType<Project['remote']> {
  try {
    return await project.remote(name ?? output.remote)
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    throw new MillwrightError(error.code, `the cache lacks content of ${show(output.path)}, and ${error.message}`, {
      cause: error,
      hint: error.hint,
    })
  }
}

/** Every file of the data at or below a path. */
export async function listFiles(project: Project, given: unknown, options: DvcReadOptions): Promise<readonly DvcFile[]> {
  const { rev, remote, signal } = options
  const path = given === undefined ? '' : pathInside(project.root, given, 'files')
  const isBelow = (one: string): boolean => path === '' || one === path || one.startsWith(`${path}/`)
  const found: DvcFile[] = []
  let isTracked = path === ''
  for (const output of await outputsOf(project, rev, signal)) {
    if (output.isOutside || output.md5 === undefined || !(isBelow(output.path) || path.startsWith(`${output.path}/`))) continue
    isTracked ||= isBelow(output.path)
    for (const entry of await entriesAnywhere(project, output, remote, signal)) {
      const full = entry.path === '' ? output.path : `${output.path}/${entry.path}`
      if (isBelow(full)) found.push({ path: full, md5: entry.md5, size: entry.size })
    }
  }
  if (found.length > 0 || isTracked) return found
  throw new MillwrightError('NotFound', `files: DVC tracks nothing at ${show(path)}${rev === undefined ? '' : ` at ${show(rev)}`}`, {
    details: { path },
  })
}
