/** A DVC project: data beside git, tracked in the form of the real `dvc`. Node only. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { displayPort } from '../../core/display'
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { assertUsage } from '../../core/usage'
import type { ObjectStore } from '../../ports/object-store'
import { translateFsError } from '../node/system-errors'
import { addOutput, type DvcAddOptions } from './add'
import { checkoutOutputs, type DvcCheckout } from './checkout'
import { compareOutputs, type DvcChange } from './compare'
import { type DvcFigures, readFigures } from './figures'
import { createGit } from './git'
import type { DvcOutput } from './pointers'
import { openProject, outputsOf, type Project, selectOutputs, textContent } from './project'
import { type DvcFile, type DvcReadOptions, listFiles, readPath } from './read'
import { copyOutputs, type DvcProblem, type DvcTransfer, verifyOutputs } from './transfer'

/** Options of {@link dvcRepo}. */
export interface DvcRepoOptions {
  /** The folder that holds `.dvc/`. */
  readonly root: string
  /** Ask the `git` program; without it there are no revisions, no `.gitignore` lines, and git's own rules are not looked at. @default true */
  readonly git?: boolean | undefined
  /** Flush what is written to the disk before it is acknowledged; DVC itself does not. @default true */
  readonly fsync?: boolean | undefined
  /** Files hashed and copied at the same time. @default 8 */
  readonly jobs?: number | undefined
  /** Name of a remote → the storage that it is, for remotes that are no folder of this machine. */
  readonly remotes?: Readonly<Record<string, ObjectStore>> | undefined
}

/** What every operation takes. */
export interface DvcOptions {
  readonly signal?: AbortSignal | undefined
}

/** Which outputs: paths of outputs, of `.dvc` files, or of folders above them. @default all */
export type DvcPaths = string | readonly string[] | undefined

/** A DVC project, as {@link dvcRepo} opens it. */
export interface DvcRepo {
  readonly name: string
  readonly root: string
  /** Makes a DVC project, as `dvc init` does; nothing happens where there is one. */
  init(options?: DvcOptions): Promise<void>
  /**
   * Tracks a file or folder as `dvc add` does: content into the cache, `<path>.dvc`, a line in `.gitignore`. Adding again records the present
   * content; comments and other fields of the `.dvc` file stay. After an abort or a crash the `.dvc` file is the old one or the new one.
   *
   * @throws NotFound; Conflict when git or another output has the path; InvalidArgument for what DVC cannot track
   */
  add(path: string, options?: DvcAddOptions): Promise<DvcOutput>
  /** Everything that `.dvc` files and `dvc.lock` track, now or at a git revision. @throws Corrupt naming the file */
  list(options?: DvcOptions & { readonly rev?: string | undefined }): Promise<readonly DvcOutput[]>
  /** The outputs that differ from what is tracked; empty when all is as it was recorded. Reads only files that changed since the last look. */
  status(
    options?: DvcOptions & { readonly paths?: DvcPaths; readonly onProgress?: OnProgress<'hash'> | undefined },
  ): Promise<readonly DvcChange[]>
  /**
   * Brings the working tree to what is tracked, from the cache.
   *
   * @param options `force`: also where that loses changes that are in no cache
   * @throws Conflict before anything is changed, when changes would be lost; NotFound when the cache lacks content
   */
  checkout(
    options?: DvcOptions & {
      readonly paths?: DvcPaths
      readonly force?: boolean | undefined
      readonly onProgress?: OnProgress<'write'> | undefined
    },
  ): Promise<DvcCheckout>
  /** Copies what is tracked from the cache to a remote. */
  push(options?: DvcTransferOptions): Promise<DvcTransfer>
  /** Copies what is tracked from a remote to the cache, checking each object. @throws Corrupt, NotFound */
  fetch(options?: DvcTransferOptions): Promise<DvcTransfer>
  /** {@link DvcRepo.fetch} and {@link DvcRepo.checkout}. */
  pull(options?: DvcTransferOptions & { readonly force?: boolean | undefined }): Promise<DvcCheckout>
  /**
   * The content of a file, as `dvc.api.read` gives it: from the working tree, or at a revision from the cache, else the remote; a file that git
   * has, from git. Content from the cache or a remote is checked against its hash.
   *
   * @throws NotFound, Corrupt; InvalidArgument for a folder
   */
  read(path: string, options?: DvcReadOptions): Promise<Uint8Array>
  /** The files of the tracked data at or below `path`. @throws NotFound */
  files(path?: string, options?: DvcReadOptions): Promise<readonly DvcFile[]>
  /** Reads every object of the cache (or remote) that is tracked; what is missing or damaged. */
  verify(options?: DvcTransferOptions & { readonly rev?: string | undefined }): Promise<readonly DvcProblem[]>
  /** `params.yaml` and the other files that `dvc.yaml` names as params. */
  params(options?: DvcOptions & { readonly rev?: string | undefined }): Promise<DvcFigures>
  /** The metrics files that `dvc.yaml` names; those not written yet are left out. */
  metrics(options?: DvcOptions & { readonly rev?: string | undefined }): Promise<DvcFigures>
}

/** Options of `push`, `fetch` and `pull`. */
export interface DvcTransferOptions extends DvcOptions {
  readonly paths?: DvcPaths
  /** Name of the remote. @default the output's own, else the default remote */
  readonly remote?: string | undefined
  readonly onProgress?: OnProgress<'copy'> | undefined
}

const signalRule = ofType('object')
const progressRules = { signal: signalRule, onProgress: ofType('function') }
const pathsRule = {
  allowed: 'a path or an array of paths',
  test: (value: unknown) => typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string')),
}
const revRules = { signal: signalRule, rev: nonEmptyString() }
const transferRules = { ...progressRules, paths: pathsRule, remote: nonEmptyString() }

/**
 * Opens a DVC project: writes what the real `dvc` reads, and reads what it wrote. `dvc` itself is not needed.
 *
 * @example
 * const repo = dvcRepo({ root: '.' })
 * await repo.add('data')
 * const bytes = await repo.read('data/train.csv', { rev: 'v1' })
 */
export function dvcRepo(options: DvcRepoOptions): DvcRepo {
  assertUsage('dvcRepo', options, {
    write: (path) => `dvcRepo({ root: ${path} })`,
    text: '.',
    renamed: { path: 'root', folder: 'root', dir: 'root', directory: 'root' },
  })
  checkOptions('dvcRepo', options, {
    root: { ...nonEmptyString(), test: (value) => typeof value === 'string' && value !== '' },
    git: ofType('boolean'),
    fsync: ofType('boolean'),
    jobs: wholeNumber(1, 256),
    remotes: ofType('object'),
  })
  const root = resolve(options.root)
  const name = `dvcRepo(${options.root})`
  const { git = true, fsync = true, jobs = 8, remotes = {} } = options
  const project = openProject({ root, fsync, jobs, git: git ? createGit(root) : undefined, remotes })

  /** Checks the options, does the work, and puts errors of the file system into words. */
  const perform = async <O extends DvcOptions, T>(
    operation: string,
    given: O | undefined,
    rules: Parameters<typeof checkOptions>[2],
    work: (given: O) => Promise<T>,
  ): Promise<T> => {
    checkOptions(operation, given, rules)
    const signal = given?.signal
    throwIfAborted(signal)
    try {
      return await work(given ?? ({} as O))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw translateFsError(error, name, operation, (error as { path?: string } | undefined)?.path ?? root)
    }
  }
  const chosen = async (operation: string, paths: DvcPaths, signal?: AbortSignal, rev?: string): Promise<readonly DvcOutput[]> =>
    selectOutputs(project, await outputsOf(project, rev, signal), paths, operation)
  // One at a time: two of them would write the same `.gitignore` and the same files.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
  const remoteOf = (remote: string | undefined) => (output: DvcOutput) => project.remote(remote ?? output.remote)
  const fetch = async ({ paths, remote, ...rest }: DvcTransferOptions): Promise<DvcTransfer> =>
    copyOutputs(project, await chosen('fetch', paths, rest.signal), remoteOf(remote), () => project.cache(), rest)

  return displayPort('DvcRepo', {
    name,
    root,
    init: (given?: DvcOptions) => perform('init', given, { signal: signalRule }, () => inTurn(() => initialise(project))),
    add: (path: string, given?: DvcAddOptions) =>
      perform('add', given, progressRules, (own) => inTurn(() => addOutput(project, path, own))),
    list: (given) => perform('list', given, revRules, ({ rev, signal }) => outputsOf(project, rev, signal)),
    status: (given) =>
      perform('status', given, { ...progressRules, paths: pathsRule }, async ({ paths, ...rest }) =>
        compareOutputs(project, await chosen('status', paths, rest.signal), rest),
      ),
    checkout: (given) =>
      perform('checkout', given, { ...progressRules, paths: pathsRule, force: ofType('boolean') }, ({ paths, ...rest }) =>
        inTurn(async () => checkoutOutputs(project, await chosen('checkout', paths, rest.signal), rest)),
      ),
    push: (given) =>
      perform('push', given, transferRules, async ({ paths, remote, ...rest }) =>
        copyOutputs(project, await chosen('push', paths, rest.signal), () => project.cache(), remoteOf(remote), rest),
      ),
    fetch: (given) => perform('fetch', given, transferRules, fetch),
    pull: (given) =>
      perform('pull', given, { ...transferRules, force: ofType('boolean') }, ({ force, ...rest }) =>
        inTurn(async () => {
          await fetch(rest)
          return checkoutOutputs(project, await chosen('pull', rest.paths, rest.signal), { force, signal: rest.signal })
        }),
      ),
    read: (path, given) => perform('read', given, { ...revRules, remote: nonEmptyString() }, (own) => readPath(project, path, own)),
    files: (path, given) => perform('files', given, { ...revRules, remote: nonEmptyString() }, (own) => listFiles(project, path, own)),
    verify: (given) =>
      perform('verify', given, { ...transferRules, rev: nonEmptyString() }, async ({ paths, remote, rev, ...rest }) =>
        verifyOutputs(
          project,
          await chosen('verify', paths, rest.signal, rev),
          remote === undefined ? () => project.cache() : () => project.remote(remote),
          rest,
        ),
      ),
    params: (given) => perform('params', given, revRules, ({ rev, signal }) => readFigures(project, 'params', rev, signal)),
    metrics: (given) => perform('metrics', given, revRules, ({ rev, signal }) => readFigures(project, 'metrics', rev, signal)),
  } satisfies DvcRepo)
}

/** The files that `dvc init` writes; those that are there stay. */
async function initialise(project: Project): Promise<void> {
  const hasGit = (await project.git()) !== undefined
  const files = {
    '.dvc/.gitignore': '/config.local\n/tmp\n/cache\n',
    '.dvcignore': '# Paths that DVC does not look at, in the syntax of .gitignore.\n',
    '.dvc/config': hasGit ? '' : '[core]\n    no_scm = True\n',
  }
  for (const [path, text] of Object.entries(files)) {
    if (!existsSync(join(project.root, path))) await project.replace(path, textContent(text))
  }
}
