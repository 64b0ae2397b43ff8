/** What the operations of {@link dvcRepo} share: the project's folders, cache, remotes, and what is tracked at which revision. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fromUtf8, utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { flushFolder, makeFolders } from '../node/folders'
import { readConfig } from './config'
import type { Git } from './git'
import { createIgnore } from './ignore'
import { localPlace, removeLeftovers } from './local-place'
import { isInternal, pathInside } from './paths'
import { type LocalPlace, nothingIfMissing, type ObjectPlace, writeChecked } from './places'
import { type DvcOutput, readLock, readPointer } from './pointers'
import { type DvcRemotes, remotesOf } from './remotes'

/** A DVC project. */
export interface Project {
  readonly root: string
  readonly fsync: boolean
  readonly jobs: number
  /** Folder for files that are being written; on the file system of the project. */
  readonly temporary: string
  /** `undefined` where the project does not lie in a git repository. */
  git(signal?: AbortSignal): Promise<Git | undefined>
  cache(): Promise<LocalPlace>
  /** The named remote, else the default one. @throws NotFound, Unsupported */
  remote(name: string | undefined): Promise<ObjectPlace>
  /** The files of the working tree or of a revision that may say something about data. */
  source(revision: string | undefined, signal?: AbortSignal): Promise<Source>
  /** Removes what killed processes left aside. */
  sweep(): Promise<void>
  /** Replaces a file of the project: it is there whole, old or new, whatever happens. */
  replace(path: string, content: AsyncIterable<Uint8Array>, options?: ReplaceOptions): Promise<void>
  /** Replaces a file of the project by what `make` puts aside; nothing happens where it could make nothing, and says so. */
  replaceBy(path: string, make: (aside: string) => boolean): Promise<boolean>
}

/** Options of {@link Project.replace}. */
export interface ReplaceOptions {
  readonly mode?: number | undefined
  readonly hashing?: { update(chunk: Uint8Array): void; finish(): unknown } | undefined
  readonly signal?: AbortSignal | undefined
}

/** Files of the working tree or of a commit. */
export interface Source {
  readonly paths: readonly string[]
  /** The content; `undefined` where there is no such file. */
  bytes(path: string): Promise<Uint8Array | undefined>
}

/** Opens the project at `root`. */
export function openProject(options: {
  readonly root: string
  readonly fsync: boolean
  readonly jobs: number
  readonly git: Git | undefined
  readonly remotes: DvcRemotes
}): Project {
  const { root, fsync, jobs, git: asked } = options
  const git = repositoryOf(asked)
  const temporary = join(root, '.dvc', 'tmp', 'millwright')
  return {
    root,
    fsync,
    jobs,
    temporary,
    git,
    cache: cacheOf(root, fsync),
    remote: remotesOf(options),
    async source(revision, signal) {
      const repository = await git(signal)
      if (revision === undefined) return workingTree(root, repository, signal)
      if (repository === undefined)
        throw invalidArgument(`${root} does not lie in a git repository, so that there is no revision ${show(revision)}`)
      return commitTree(repository, revision, signal)
    },
    sweep: () => removeLeftovers(temporary),
    replace: (path, content, given) => replaceFile(join(root, path), content, { ...given, temporary, fsync }),
    async replaceBy(path, make) {
      const aside = join(temporary, newId())
      try {
        await makeFolders(temporary)
        if (!make(aside)) return false
        await moveInto(aside, join(root, path), fsync)
        return true
      } finally {
        // Where both are names of one file, moving leaves the one aside.
        await rm(aside, { force: true })
      }
    },
  }
}

/** The git repository, asked for once; a failure is not remembered. */
function repositoryOf(asked: Git | undefined): Project['git'] {
  let git: Promise<Git | undefined> | undefined
  return (signal) => {
    git ??= (async () => (asked !== undefined && (await asked.isRepository(signal)) ? asked : undefined))()
    git.catch(() => {
      git = undefined
    })
    return git
  }
}

/** The cache that the configuration names at the moment. @throws NotFound where there is no project */
function cacheOf(root: string, fsync: boolean): Project['cache'] {
  let cache: { readonly settings: string; readonly place: LocalPlace } | undefined
  return async () => {
    if (!(await stat(join(root, '.dvc')).catch(nothingIfMissing))?.isDirectory()) {
      throw new MillwrightError('NotFound', `${root} is not a DVC project: it has no folder .dvc`, {
        hint: 'run `dvc init`, or `await repo.init()`',
      })
    }
    const { cache: folder, links: types } = await readConfig(root)
    const settings = [folder, ...types].join()
    if (cache?.settings !== settings) cache = { settings, place: localPlace({ name: 'the DVC cache', root: folder, types, fsync }) }
    return cache.place
  }
}

/** Writes a file aside and moves it into place. */
async function replaceFile(
  target: string,
  content: AsyncIterable<Uint8Array>,
  options: ReplaceOptions & { readonly temporary: string; readonly fsync: boolean },
): Promise<void> {
  const { temporary, fsync, mode = 0o666, hashing, signal } = options
  const aside = join(temporary, newId())
  try {
    await makeFolders(dirname(aside))
    await writeChecked(await open(aside, 'wx', mode), content, { hashing: hashing ?? { update: () => {} }, fsync, signal })
    hashing?.finish()
    await moveInto(aside, target, fsync)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}

async function moveInto(aside: string, target: string, fsync: boolean): Promise<void> {
  await makeFolders(dirname(target))
  await rename(aside, target)
  if (fsync) await flushFolder(dirname(target))
}

async function workingTree(root: string, git: Git | undefined, signal: AbortSignal | undefined): Promise<Source> {
  const all = git === undefined ? walk(root, '') : await git.files(signal)
  return { paths: all, bytes: (path) => readFile(join(root, path)).catch(nothingIfMissing) }
}

async function commitTree(repository: Git, revision: string, signal: AbortSignal | undefined): Promise<Source> {
  const tree = await repository.tree(await repository.commit(revision, signal), signal)
  return {
    paths: [...tree.keys()],
    async bytes(path) {
      const id = tree.get(path)
      return id === undefined ? undefined : repository.blob(id, signal)
    },
  }
}

/** Every file below a folder, but for what belongs to git or DVC, and for tracked folders, which hold data. */
function walk(root: string, folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  const names = new Set(entries.map(({ name }) => name))
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!entry.isDirectory()) return entry.isFile() ? [path] : []
    if (isInternal(entry.name) || existsSync(join(root, path, '.dvc'))) return []
    return names.has(`${entry.name}.dvc`) && isTracked(root, path) ? [] : walk(root, path)
  })
}

/** Whether the `.dvc` file beside a folder tracks it. */
function isTracked(root: string, folder: string): boolean {
  const pointer = `${folder}.dvc`
  try {
    return readPointer(readFileSync(join(root, pointer), 'utf8'), pointer).some(({ kind, path }) => kind === 'folder' && path === folder)
  } catch {
    // Whoever reads the file says what is wrong with it.
    return false
  }
}

/** Everything that DVC tracks there, in the order of the paths. @throws Corrupt */
export async function outputsOf(project: Project, revision: string | undefined, signal?: AbortSignal): Promise<readonly DvcOutput[]> {
  await project.cache()
  const source = await project.source(revision, signal)
  const ignore = createIgnore(project.root)
  const nested = source.paths.filter((path) => path.endsWith('/.dvc/config')).map((path) => path.slice(0, -'.dvc/config'.length))
  const outputs: DvcOutput[] = []
  const pointers = source.paths.filter((path) => path.endsWith('.dvc') || posix.basename(path) === 'dvc.lock').sort()
  for (const pointer of pointers) {
    if (pointer.split('/').some(isInternal) || nested.some((folder) => pointer.startsWith(folder))) continue
    const folder = posix.dirname(pointer)
    await ignore.enter(folder === '.' ? '' : folder)
    if (ignore.ignores(pointer)) continue
    const bytes = await source.bytes(pointer)
    if (bytes === undefined) continue
    const text = fromUtf8(bytes)
    if (pointer.endsWith('.dvc')) outputs.push(...readPointer(text, pointer))
    else {
      const pipeline = await source.bytes(posix.join(folder, 'dvc.yaml'))
      outputs.push(...readLock(text, pointer, pipeline && fromUtf8(pipeline)))
    }
  }
  // What lies in a tracked folder is data, even when it is called `.dvc`.
  return outputs
    .filter(({ pointer }) => !outputs.some(({ kind, path }) => kind === 'folder' && pointer.startsWith(`${path}/`)))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The outputs that `paths` name: by themselves, by their `.dvc` file, or by a folder above them; all without `paths`. @throws NotFound */
export function selectOutputs(project: Project, outputs: readonly DvcOutput[], paths: unknown, operation: string): readonly DvcOutput[] {
  if (paths === undefined) return outputs
  const wanted = Array.isArray(paths) ? (paths as unknown[]) : [paths]
  const chosen = wanted.flatMap((item) => {
    const path = pathInside(project.root, item, operation)
    const found = outputs.filter((output) => output.path === path || output.pointer === path || output.path.startsWith(`${path}/`))
    if (found.length > 0) return found
    const around = outputs.find((output) => path.startsWith(`${output.path}/`))
    throw around === undefined
      ? new MillwrightError('NotFound', `${operation}: DVC does not track ${show(path)}`, { details: { path } })
      : invalidArgument(`${operation}: ${show(path)} is part of ${show(around.path)}, which DVC tracks as a whole`)
  })
  return [...new Set(chosen)]
}

/** A text as content for {@link Project.replace}. */
export async function* textContent(text: string): AsyncGenerator<Uint8Array, void> {
  yield utf8(text)
}
