/** The environment as tags of a run: MLflow's reserved ones, and our own for what MLflow has no name for. */
import type { RunEnvironment } from '../ports/environment'
import { clip } from './clip'

/** The tags; what is unknown has none. */
export function environmentTags(environment: RunEnvironment, seed: number | undefined): Record<string, string> {
  const { runtime, runtimeVersion, packageName, packageVersion, gitDirty } = environment
  const tags: Record<string, string | undefined> = {
    'mlflow.user': environment.user,
    'mlflow.source.name': environment.entryScript,
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': environment.gitCommit,
    'mlflow.source.git.branch': environment.gitBranch,
    'mlflow.source.git.repoURL': environment.gitRepoUrl,
    'mlflow.source.git.dirty': gitDirty === undefined ? undefined : String(gitDirty),
    'millwright.runtime': runtime === undefined ? undefined : `${runtime} ${runtimeVersion ?? ''}`.trim(),
    'millwright.os': environment.os,
    'millwright.package':
      packageName === undefined ? undefined : `${packageName}${packageVersion === undefined ? '' : `@${packageVersion}`}`,
    'millwright.lockfile': environment.lockfileDigest,
    'millwright.seed': seed === undefined ? undefined : String(seed),
  }
  const known = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
  return Object.fromEntries(known.map(([key, value]) => [key, clip(value)]))
}
