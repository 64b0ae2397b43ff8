/** Asks the `git` program, without a shell: files of a revision, and what git tracks and ignores. */
import { spawn } from 'node:child_process'
import { fromUtf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'

/** The git repository around a DVC project. */
export interface Git {
  /** Whether the project lies in a git repository. */
  isRepository(signal?: AbortSignal): Promise<boolean>
  /** Files that git tracks, and those that it neither tracks nor ignores; relative to the project. */
  files(signal?: AbortSignal): Promise<readonly string[]>
  /** The commit that a revision names. @throws NotFound */
  commit(revision: string, signal?: AbortSignal): Promise<string>
  /** Files of a commit → id of their content. */
  tree(commit: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** The content of one file of a commit. */
  blob(id: string, signal?: AbortSignal): Promise<Uint8Array>
  isTracked(path: string, signal?: AbortSignal): Promise<boolean>
  isIgnored(path: string, signal?: AbortSignal): Promise<boolean>
}

/** Asks the git repository around `root`. */
export function createGit(root: string): Git {
  const git = async (args: readonly string[], signal: AbortSignal | undefined, allowed: readonly number[] = [0]): Promise<Answer> => {
    const answer = await run(root, args, signal)
    if (allowed.includes(answer.status)) return answer
    throw new MillwrightError('Internal', `git ${args[0]} failed in ${root}: ${answer.stderr.trim() || `status ${answer.status}`}`)
  }
  const paths = (answer: Answer): readonly string[] => [...new Set(fromUtf8(answer.stdout).split('\0').slice(0, -1))]

  return {
    async isRepository(signal) {
      const { status, stdout } = await git(['rev-parse', '--is-inside-work-tree'], signal, [0, 128])
      return status === 0 && fromUtf8(stdout).trim() === 'true'
    },
    files: async (signal) => paths(await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], signal)),
    async commit(revision, signal) {
      if (typeof revision !== 'string' || revision === '' || /^-|[\0\n]/.test(revision)) {
        throw invalidArgument(`\`rev\` must be a branch, tag or commit, got ${show(revision)}`)
      }
      const { status, stdout } = await git(
        ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
        signal,
        [0, 1, 128],
      )
      if (status !== 0) {
        throw new MillwrightError('NotFound', `the git repository at ${root} has no revision ${show(revision)}`, { details: { revision } })
      }
      return fromUtf8(stdout).trim()
    },
    async tree(commit, signal) {
      const lines = paths(await git(['ls-tree', '-r', '-z', commit], signal))
      // `<mode> <type> <id>\t<path>`; a link's content is a path and a submodule has none.
      return new Map(
        lines.flatMap((line) => {
          const [, mode, id, path] = /^(\d+) blob ([0-9a-f]+)\t([\s\S]*)$/.exec(line) ?? []
          return id === undefined || path === undefined || mode === '120000' ? [] : [[path, id] as const]
        }),
      )
    },
    blob: async (id, signal) => (await git(['cat-file', 'blob', id], signal)).stdout,
    isTracked: async (path, signal) => (await git(['ls-files', '-z', '--', `:(literal)${path}`], signal)).stdout.length > 0,
    isIgnored: async (path, signal) => (await git(['check-ignore', '--quiet', '--no-index', '--', path], signal, [0, 1])).status === 0,
  }
}

interface Answer {
  readonly status: number
  readonly stdout: Uint8Array
  readonly stderr: string
}

function run(root: string, args: readonly string[], signal: AbortSignal | undefined): Promise<Answer> {
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    // A repository's own configuration may name programs to run; reading needs none of them.
    const child = spawn('git', ['-c', 'core.fsmonitor=false', ...args], {
      cwd: root,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const stop = (): void => void child.kill()
    signal?.addEventListener('abort', stop, { once: true })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', (error) => reject(translated(error)))
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop)
      if (signal?.aborted) reject(signal.reason)
      else resolve({ status: status ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() })
    })
  })
}

function translated(error: unknown): unknown {
  if (systemCode(error) !== 'ENOENT') return error
  return new MillwrightError('MissingDependency', 'dvcRepo needs the program `git`, which is not installed', {
    hint: 'install git, or pass `git: false` for a project without git',
    cause: error,
  })
}
