/** What a run remembers of where it ran: captured by an adapter, recorded by a tracker. */
import type { Awaitable } from '../core/awaitable'

/** Facts about a process; everything may be unknown. */
export interface RunEnvironment {
  /** Who runs it. */
  readonly user?: string | undefined
  /** The program: entry script or page address. */
  readonly entryScript?: string | undefined
  /** What was typed: the runtime's options, the script, its arguments. Values that look secret are masked. */
  readonly command?: readonly string[] | undefined
  /** `node`, `bun`, `deno`, `browser`, … */
  readonly runtime?: string | undefined
  readonly runtimeVersion?: string | undefined
  /** Operating system, version and architecture in one line. */
  readonly os?: string | undefined
  /** How many processors there are. */
  readonly cpuCount?: number | undefined
  /** Of the package the program belongs to. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
  /** SHA-256 of the package's lockfile. */
  readonly lockfileDigest?: string | undefined
  /** Direct dependencies and the versions installed. */
  readonly packages?: Readonly<Record<string, string>> | undefined
  readonly gitCommit?: string | undefined
  readonly gitBranch?: string | undefined
  readonly gitRepoUrl?: string | undefined
  /** Whether tracked files differ from the commit. */
  readonly gitDirty?: boolean | undefined
  /** The folder of the package below the repository's root; empty for the root itself. */
  readonly gitFolder?: string | undefined
  /** `git diff HEAD` of tracked files, where it is not too large. Recorded as an artifact of its own. */
  readonly gitPatch?: string | undefined
}

/**
 * Captures the environment; called once per tracker. A failure or a long wait never keeps a run from starting: what is not known in time is
 * left out. It must mask secrets in `command` and leave them out elsewhere.
 */
export type EnvironmentSource = () => Awaitable<RunEnvironment>
