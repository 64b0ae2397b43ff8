/** A DVC project: data beside git, tracked in the form of the real `dvc`. Node only. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { displayPort } from '../../core/display'
import { inOrderByKey } from '../../core/in-order'
import { checkOptions, either, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { assertUsage } from '../../core/usage'
import { translateFsError } from '../node/system-errors'
import { addOutput, type DvcAddOptions } from './add'
import { checkoutOutputs, type DvcCheckout } from './checkout'
import { commitStage } from './commit'
import { compareOutputs, type DvcChange } from './compare'
import { type DvcFigures, type DvcFiguresOptions, readFigures } from './figures'
import { createGit } from './git'
import type { ObjectPlace } from './places'
import type { DvcOutput } from './pointers'
import { openProject, outputsOf, type Project, selectOutputs, textContent } from './project'
import { type DvcFile, type DvcReadOptions, listFiles, readPath } from './read'
import type { DvcRemotes } from './remotes'
import { copyOutputs, type DvcProblem, type DvcTransfer, verifyOutputs } from './transfer'
import { unprotectOutputs } from './unprotect'

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
  /** Remotes that are no folder of this machine: name → store, or a function that opens what DVC's configuration describes. */
  readonly remotes?: DvcRemotes | undefined
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
  /**
   * Records a stage of `dvc.yaml` as `dvc commit` does: the hashes of its dependencies and outputs and its params go into `dvc.lock`, cached
   * outputs into the cache. Then `dvc status` is clean and `dvc repro` has nothing to do. Other stages of the lock stay as they are.
   *
   * @param stage `train`, or `sub/dvc.yaml:train`; of a `foreach`, `each@x`
   * @returns the outputs of the stage
   * @throws NotFound for a dependency, output or param that is not there; Conflict for an output of another stage, `.dvc` file or of git;
   * Unsupported for a `matrix`, for files outside of the project, and params in TOML or Python
   */
  commit(stage: string, options?: DvcAddOptions): Promise<readonly DvcOutput[]>
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
  /**
   * Makes links to the cache (`cache.type` hardlink or symlink) files of their own, so that they can be changed, as `dvc unprotect` does.
   * `add` shares them again.
   *
   * @returns paths below the root of the files that were links
   */
  unprotect(options?: DvcOptions & { readonly paths?: DvcPaths }): Promise<readonly string[]>
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
  /** `params.yaml` and the other files that `dvc.yaml` names as params; with `paths` those files. @throws NotFound for a path that is not there */
  params(options?: DvcFiguresOptions): Promise<DvcFigures>
  /** The metrics files that `dvc.yaml` names, those not written yet left out; with `paths` those files. @throws NotFound for a path that is not there */
  metrics(options?: DvcFiguresOptions): Promise<DvcFigures>
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
    remotes: either(ofType('object'), ofType('function')),
  })
  const root = resolve(options.root)
  const name = `dvcRepo(${options.root})`
  const { git = true, fsync = true, jobs = 8, remotes = {} } = options
  const project = openProject({ root, fsync, jobs, git: git ? createGit(root) : undefined, remotes })
  const perform = performer(name, root)
  return displayPort('DvcRepo', {
    name,
    root,
    ...treeOperations(project, perform),
    ...transferOperations(project, perform),
    ...readOperations(project, perform),
  } satisfies DvcRepo)
}

/** Checks the options, does the work, and puts errors of the file system into words. */
type Perform = <O extends DvcOptions, T>(
  operation: string,
  given: O | undefined,
  rules: Parameters<typeof checkOptions>[2],
  work: (given: O) => Promise<T>,
) => Promise<T>

function performer(name: string, root: string): Perform {
  return async (operation, given, rules, work) => {
    checkOptions(operation, given, rules)
    const signal = given?.signal
    throwIfAborted(signal)
    try {
      return await work(given ?? ({} as NonNullable<typeof given>))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw translateFsError(error, name, operation, (error as { path?: string } | undefined)?.path ?? root)
    }
  }
}

/** The outputs that an operation is about. */
async function chosen(project: Project, operation: string, { paths, rev, signal }: Choice): Promise<readonly DvcOutput[]> {
  return selectOutputs(project, await outputsOf(project, rev, signal), paths, operation)
}

interface Choice {
  readonly paths?: DvcPaths
  readonly rev?: string | undefined
  readonly signal?: AbortSignal | undefined
}

type TreeOperations = Pick<DvcRepo, 'init' | 'add' | 'commit' | 'status' | 'checkout' | 'pull' | 'unprotect'>

/** What looks at the working tree or changes it. */
function treeOperations(project: Project, perform: Perform): TreeOperations {
  // One at a time: two of them would write the same `.gitignore` and the same files.
  const queue = inOrderByKey()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => queue('', work)
  return {
    init: (given) => perform('init', given, { signal: signalRule }, () => inTurn(() => initialise(project))),
    add: (path, given) => perform('add', given, progressRules, (own) => inTurn(() => addOutput(project, path, own))),
    commit: (stage, given) => perform('commit', given, progressRules, (own) => inTurn(() => commitStage(project, stage, own))),
    status: (given) =>
      perform('status', given, { ...progressRules, paths: pathsRule }, async ({ paths, ...rest }) =>
        compareOutputs(project, await chosen(project, 'status', { paths, signal: rest.signal }), rest),
      ),
    checkout: (given) =>
      perform('checkout', given, { ...progressRules, paths: pathsRule, force: ofType('boolean') }, ({ paths, ...rest }) =>
        inTurn(async () => checkoutOutputs(project, await chosen(project, 'checkout', { paths, signal: rest.signal }), rest)),
      ),
    unprotect: (given) =>
      perform('unprotect', given, { signal: signalRule, paths: pathsRule }, ({ paths, signal }) =>
        inTurn(async () => unprotectOutputs(project, await chosen(project, 'unprotect', { paths, signal }), { signal })),
      ),
    pull: (given) =>
      perform('pull', given, { ...transferRules, force: ofType('boolean') }, ({ force, ...rest }) =>
        inTurn(async () => {
          await fetchOutputs(project, rest)
          return checkoutOutputs(project, await chosen(project, 'pull', rest), { force, signal: rest.signal })
        }),
      ),
  }
}

async function fetchOutputs(project: Project, { paths, remote, ...rest }: DvcTransferOptions): Promise<DvcTransfer> {
  const outputs = await chosen(project, 'fetch', { paths, signal: rest.signal })
  return copyOutputs(project, outputs, { from: remoteOf(project, remote), to: () => project.cache() }, rest)
}

/** The named remote, else the output's own, else the default one. */
function remoteOf(project: Project, name: string | undefined): (output: DvcOutput) => Promise<ObjectPlace> {
  return (output) => project.remote(name ?? output.remote)
}

/** What moves objects between the cache and a remote, or looks at every one of them. */
function transferOperations(project: Project, perform: Perform): Pick<DvcRepo, 'push' | 'fetch' | 'verify'> {
  return {
    push: (given) =>
      perform('push', given, transferRules, async ({ paths, remote, ...rest }) =>
        copyOutputs(
          project,
          await chosen(project, 'push', { paths, signal: rest.signal }),
          { from: () => project.cache(), to: remoteOf(project, remote) },
          rest,
        ),
      ),
    fetch: (given) => perform('fetch', given, transferRules, (own) => fetchOutputs(project, own)),
    verify: (given) =>
      perform('verify', given, { ...transferRules, rev: nonEmptyString() }, async ({ paths, remote, rev, ...rest }) =>
        verifyOutputs(
          project,
          await chosen(project, 'verify', { paths, rev, signal: rest.signal }),
          remote === undefined ? () => project.cache() : () => project.remote(remote),
          rest,
        ),
      ),
  }
}

/** What tells of data by path and revision. */
function readOperations(project: Project, perform: Perform): Pick<DvcRepo, 'list' | 'read' | 'files' | 'params' | 'metrics'> {
  const readRules = { ...revRules, remote: nonEmptyString() }
  const figureRules = { ...revRules, paths: pathsRule }
  return {
    list: (given) => perform('list', given, revRules, ({ rev, signal }) => outputsOf(project, rev, signal)),
    read: (path, given) => perform('read', given, readRules, (own) => readPath(project, path, own)),
    files: (path, given) => perform('files', given, readRules, (own) => listFiles(project, path, own)),
    params: (given) => perform('params', given, figureRules, (own) => readFigures(project, 'params', own)),
    metrics: (given) => perform('metrics', given, figureRules, (own) => readFigures(project, 'metrics', own)),
  }
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
