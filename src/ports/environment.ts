/** The environment of a run: captured by an adapter, recorded by a tracker. */
import type { Awaitable } from '../core/awaitable'

/** Facts about a process. Each may be unknown. */
export interface RunEnvironment {
  /** The name of the user who runs the process. */
  readonly user?: string | undefined
  /** The entry script, or the address of the page. */
  readonly entryScript?: string | undefined
  /** The command line: the runtime's options, the script and its arguments. Values that look secret are masked. */
  readonly command?: readonly string[] | undefined
  /** `node`, `bun`, `deno`, `browser`, … */
  readonly runtime?: string | undefined
  readonly runtimeVersion?: string | undefined
  /** Operating system, version and architecture in one line. */
  readonly os?: string | undefined
  /** Number of processors. */
  readonly cpuCount?: number | undefined
  /** Name of the package to which the program belongs. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
  /** SHA-256 of the package's lockfile. */
  readonly lockfileDigest?: string | undefined
  /** Direct dependencies: name → installed version. */
  readonly packages?: Readonly<Record<string, string>> | undefined
  readonly gitCommit?: string | undefined
  readonly gitBranch?: string | undefined
  readonly gitRepoUrl?: string | undefined
  /** Whether tracked files differ from the commit. */
  readonly gitDirty?: boolean | undefined
  /** The folder of the package, relative to the root of the repository; empty for the root. */
  readonly gitFolder?: string | undefined
  /** The output of `git diff HEAD` for tracked files, unless it is too large. Recorded as an artifact. */
  readonly gitPatch?: string | undefined
}

/**
 * Captures the environment. A tracker calls it once.
 *
 * Guarantees every implementation gives: secrets in `command` are masked, and no other fact contains a secret. The tracker starts a run even
 * when the call fails or takes long; the facts are then left out.
 */
export type EnvironmentSource = () => Awaitable<RunEnvironment>
