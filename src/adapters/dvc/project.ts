/** What the operations of {@link dvcRepo} share: the project's folders, cache, remotes, and what is tracked at which revision. */
import { existsSync, readdirSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fromUtf8, utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import type { ObjectStore } from '../../ports/object-store'
import { flushFolder, makeFolders } from '../node/folders'
import { isUrl, readConfig } from './config'
import type { Git } from './git'
import { createIgnore } from './ignore'
import { isInternal, pathInside } from './paths'
import { type LocalPlace, localPlace, nothingIfMissing, type ObjectPlace, removeLeftovers, storePlace, writeChecked } from './places'
import { type DvcOutput, readLock, readPointer } from './pointers'

/** A DVC project. */
export interface Project {
  readonly root: string
  readonly fsync: boolean
  readonly jobs: number
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
  readonly remotes: Readonly<Record<string, ObjectStore>>
}): Project {
  const { root, fsync, jobs, git: asked, remotes } = options
  const temporary = join(root, '.dvc', 'tmp', 'millwright')
  let git: Promise<Git | undefined> | undefined
  const findGit = (signal?: AbortSignal): Promise<Git | undefined> => {
    git ??= (async () => (asked !== undefined && (await asked.isRepository(signal)) ? asked : undefined))()
    git.catch(() => {
      git = undefined
    })
    return git
  }
  let cache: { readonly root: string; readonly place: LocalPlace } | undefined

  const remote = async (name: string | undefined): Promise<ObjectPlace> => {
    const config = await readConfig(root)
    const wanted = name ?? config.defaultRemote
    if (wanted === undefined)
      throw new MillwrightError('NotFound', `the DVC project ${root} has no default remote`, { hint: 'dvc remote add -d <name> <url>' })
    const store = Object.hasOwn(remotes, wanted) ? remotes[wanted] : undefined
    if (store !== undefined) return storePlace(`the remote ${show(wanted)}`, store)
    const url = config.remotes.get(wanted)
    if (url === undefined)
      throw new MillwrightError(
        'NotFound',
        `the DVC project ${root} has no remote ${show(wanted)}; it has ${[...config.remotes.keys()].join(', ') || 'none'}`,
      )
    if (isUrl(url)) {
      throw new MillwrightError(
        'Unsupported',
        `the remote ${show(wanted)} is at ${url.replace(/\/\/[^/]*@/, '//')}, which dvcRepo reads only through an object store`,
        {
          hint: `pass \`remotes: { ${JSON.stringify(wanted)}: store }\`, or run \`dvc fetch\` first`,
        },
      )
    }
    return localPlace({ name: `the remote ${show(wanted)}`, root: url, fsync })
  }

  return {
    root,
    fsync,
    jobs,
    git: findGit,
    async cache() {
      if (!(await stat(join(root, '.dvc')).catch(nothingIfMissing))?.isDirectory()) {
        throw new MillwrightError('NotFound', `${root} is not a DVC project: it has no folder .dvc`, {
          hint: 'run `dvc init`, or `await repo.init()`',
        })
      }
      const config = await readConfig(root)
      if (cache?.root !== config.cache)
        cache = { root: config.cache, place: localPlace({ name: 'the DVC cache', root: config.cache, fsync }) }
      return cache.place
    },
    remote,
    async source(revision, signal) {
      const repository = await findGit(signal)
      if (revision === undefined) return workingTree(root, repository, signal)
      if (repository === undefined)
        throw invalidArgument(`${root} does not lie in a git repository, so that there is no revision ${show(revision)}`)
      const tree = await repository.tree(await repository.commit(revision, signal), signal)
      return {
        paths: [...tree.keys()],
        async bytes(path) {
          const id = tree.get(path)
          return id === undefined ? undefined : repository.blob(id, signal)
        },
      }
    },
    sweep: () => removeLeftovers(temporary),
    async replace(path, content, { mode = 0o666, hashing, signal } = {}) {
      const aside = join(temporary, newId())
      try {
        await makeFolders(dirname(aside))
        await writeChecked(await open(aside, 'wx', mode), content, { hashing: hashing ?? { update: () => {} }, fsync, signal })
        hashing?.finish()
        const target = join(root, path)
        await makeFolders(dirname(target))
        await rename(aside, target)
        if (fsync) await flushFolder(dirname(target))
      } catch (error) {
        await rm(aside, { force: true })
        throw error
      }
    },
  }
}

async function workingTree(root: string, git: Git | undefined, signal: AbortSignal | undefined): Promise<Source> {
  const all = git === undefined ? walk(root, '') : await git.files(signal)
  return { paths: all, bytes: (path) => readFile(join(root, path)).catch(nothingIfMissing) }
}

/** Every file below a folder, but for what belongs to git or DVC. */
function walk(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return isInternal(entry.name) || existsSync(join(root, path, '.dvc')) ? [] : walk(root, path)
    return entry.isFile() ? [path] : []
  })
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
