/**
 * The environment of a Node, Bun or Deno process: git, package, runtime, operating system.
 *
 * Built-in modules are loaded with `process.getBuiltinModule` instead of an import, so that bundles for browsers can contain this file. There
 * it captures only what the page knows.
 */
import { sha256Hex } from '../../core/hash'
import { builtin, findBuiltin } from '../../core/node-builtin'
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import type { EnvironmentSource, RunEnvironment } from '../../ports/environment'

/** Options of {@link nodeEnvironment}. */
export interface NodeEnvironmentOptions {
  /** The folder whose package and git repository are captured. @default the working directory */
  readonly folder?: string | undefined
  /** Longest time for git, in milliseconds. @default 2000 */
  readonly timeoutMs?: number | undefined
  /** Whether uncommitted changes of tracked files are captured as a patch, up to 1 MB. @default true */
  readonly patch?: boolean | undefined
}

interface NodeOs {
  userInfo(): { readonly username: string }
  type(): string
  release(): string
  arch(): string
  cpus(): readonly unknown[]
}
interface FoundProcess {
  readonly argv?: readonly string[]
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly version?: string
  readonly versions?: Readonly<Record<string, string | undefined>>
  cwd?(): string
}
type ExecFile = (
  file: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly timeout: number
    readonly windowsHide: boolean
    readonly env: Readonly<Record<string, string | undefined>>
    readonly maxBuffer: number
  },
  callback: (error: unknown, stdout: string) => void,
) => unknown
/** Most dependencies whose versions are read. */
const MAX_PACKAGES = 500
type ReadText = (path: string, encoding: 'utf8') => Promise<string>

/**
 * Captures the environment; facts that cannot be determined are left out. Never throws; waits for git for at most `timeoutMs`.
 *
 * A password in the URL of the git remote is removed. Environment variables are not recorded.
 *
 * @example
 * createTracker({ backend, environment: nodeEnvironment() })
 */
export function nodeEnvironment(options: NodeEnvironmentOptions = {}): EnvironmentSource {
  checkOptions('nodeEnvironment', options, { folder: nonEmptyString(), timeoutMs: wholeNumber(1, 600_000), patch: ofType('boolean') })
  return async () => {
    const host = (globalThis as { process?: FoundProcess }).process
    if (host === undefined || findBuiltin('node:os') === undefined) return pageEnvironment()
    const folder = options.folder ?? attempt(() => host.cwd?.()) ?? '.'
    const [git, owner] = await Promise.all([gitFacts(host, folder, options).catch(() => ({})), packageFacts(folder).catch(() => ({}))])
    return { ...processFacts(host), ...owner, ...git }
  }
}

function processFacts(host: FoundProcess): RunEnvironment {
  const os = findBuiltin<NodeOs>('node:os')
  const versions = host.versions ?? {}
  const runtime = versions.bun !== undefined ? 'bun' : versions.deno !== undefined ? 'deno' : 'node'
  return {
    user: attempt(() => os?.userInfo().username) ?? host.env?.USER ?? host.env?.USERNAME,
    entryScript: host.argv?.[1],
    command: commandOf(host),
    runtime,
    runtimeVersion: versions[runtime],
    os: attempt(() => (os === undefined ? undefined : `${os.type()} ${os.release()} ${os.arch()}`)),
    cpuCount: attempt(() => os?.cpus().length),
  }
}

/** Names of arguments whose values are secret. */
const secretName = /key|token|secret|passw|credential|auth/i

/** The command line; the values of `--token=…` and `--token …` and passwords in URLs are masked. */
function commandOf({ argv = [], execArgv = [] }: FoundProcess): readonly string[] {
  const all = [...execArgv, ...argv.slice(1)]
  return all.map((argument, i) => {
    const before = all[i - 1] ?? ''
    if (/^--?[\w-]+$/.test(before) && secretName.test(before) && !argument.startsWith('-')) return '***'
    const named = /^(--?[\w-]+=)/.exec(argument)?.[1]
    if (named !== undefined && secretName.test(named)) return `${named}***`
    return argument.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1***@').slice(0, 1000)
  })
}

function pageEnvironment(): RunEnvironment {
  const { navigator, location } = globalThis as {
    navigator?: { userAgent?: string; hardwareConcurrency?: number }
    location?: { href: string }
  }
  return {
    entryScript: location?.href.replace(/[?#].*$/s, ''),
    runtime: 'browser',
    runtimeVersion: navigator?.userAgent,
    cpuCount: navigator?.hardwareConcurrency,
  }
}

/** The nearest package.json at or above `folder`, and a lockfile beside it. */
async function packageFacts(folder: string): Promise<RunEnvironment> {
  const files = builtin<{ readFile: ReadText }>('node:fs/promises')
  const paths = builtin<{ join(...parts: string[]): string; resolve(path: string): string }>('node:path')
  for (let at = paths.resolve(folder), last = ''; at !== last; last = at, at = paths.resolve(paths.join(at, '..'))) {
    const text = await files.readFile(paths.join(at, 'package.json'), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const manifest = JSON.parse(text) as { name?: unknown; version?: unknown; dependencies?: unknown; optionalDependencies?: unknown }
    const { name, version } = manifest
    const wanted = Object.keys({ ...(manifest.dependencies as object), ...(manifest.optionalDependencies as object) }).sort()
    return {
      packageName: asText(name),
      packageVersion: asText(version),
      lockfileDigest: await lockfileDigest(files, (file) => paths.join(at, file)),
      packages: await installedVersions(files, wanted.slice(0, MAX_PACKAGES), (file) => paths.join(at, 'node_modules', file)),
    }
  }
  return {}
}

/** The versions of the dependencies installed beside a package.json; those that are not installed are left out. */
async function installedVersions(
  files: { readFile: ReadText },
  names: readonly string[],
  path: (file: string) => string,
): Promise<Record<string, string> | undefined> {
  const versions = await Promise.all(
    names.map(async (name) => {
      const text = await files.readFile(path(`${name}/package.json`), 'utf8').catch(() => undefined)
      return [name, attempt(() => asText((JSON.parse(text ?? '{}') as { version?: unknown }).version))] as const
    }),
  )
  const known = versions.filter((entry): entry is readonly [string, string] => entry[1] !== undefined)
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

async function lockfileDigest(files: { readFile: ReadText }, path: (file: string) => string): Promise<string | undefined> {
  for (const file of ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'deno.lock']) {
    const text = await files.readFile(path(file), 'utf8').catch(() => undefined)
    if (text !== undefined) return sha256Hex(text)
  }
  return undefined
}

/** Largest patch that is captured, in characters. */
const MAX_PATCH = 1_000_000

async function gitFacts(host: FoundProcess, folder: string, options: NodeEnvironmentOptions): Promise<RunEnvironment> {
  const { timeoutMs: timeout = 2000, patch = true } = options
  const processes = builtin<{ execFile: ExecFile }>('node:child_process')
  const git = (...args: string[]): Promise<string | undefined> =>
    new Promise((resolve) => {
      // No lock is taken, so that a commit under way is not disturbed.
      const env = { ...host.env, GIT_OPTIONAL_LOCKS: '0' }
      processes.execFile('git', args, { cwd: folder, timeout, windowsHide: true, env, maxBuffer: 4 * MAX_PATCH }, (error, stdout) =>
        resolve(error ? undefined : stdout),
      )
    })
  const line = async (...args: string[]): Promise<string | undefined> => (await git(...args))?.trim()
  const [gitCommit, branch, remote, changes, gitFolder] = await Promise.all([
    line('rev-parse', 'HEAD'),
    line('rev-parse', '--abbrev-ref', 'HEAD'),
    line('config', '--get', 'remote.origin.url'),
    line('status', '--porcelain', '--untracked-files=no'),
    line('rev-parse', '--show-prefix'),
  ])
  if (gitCommit === undefined) return {}
  const text =
    patch && changes !== undefined && changes !== ''
      ? await git('diff', '--no-ext-diff', '--no-textconv', '--no-color', '--binary', 'HEAD')
      : undefined
  return {
    gitCommit,
    gitBranch: branch === 'HEAD' ? undefined : branch,
    gitRepoUrl: remote?.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1'),
    gitDirty: changes === undefined ? undefined : changes !== '',
    gitFolder: gitFolder?.replace(/\/$/, ''),
    ...(text === undefined || text === '' || text.length > MAX_PATCH ? {} : { gitPatch: text.toWellFormed() }),
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function attempt<T>(work: () => T | undefined): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
