/** Keys, names and codes that W&B gives a meaning. */
import type { RunStatus } from '../../ports/tracker-backend'

/** MLflow's prefix for keys of system metrics; W&B keeps these in records of another kind. */
export const SYSTEM = 'system/'
/** The system metric that both define alike, by MLflow's name and by W&B's. */
export const memoryNames = ['system_memory_usage_percentage', 'memory_percent'] as const
/** The config key that holds the tags. */
export const TAGS = 'run_tags'
/** The config key that holds the datasets. */
export const DATASETS = 'datasets'

/** The name of this library in the header of a file. */
export const PRODUCER = 'millwright'

/** W&B's exit codes: 255 is its own for an interrupted run. */
export const exitCodes: Readonly<Partial<Record<RunStatus, number>>> = { finished: 0, failed: 1, killed: 255 }

/** Names in rows and in the config that W&B keeps for itself. */
const reserved = /^_(?:step|timestamp|runtime|wandb)$/

/** `key`, or `<key>_` where W&B keeps the name for itself. */
export function usableKey(key: string): string {
  return reserved.test(key) ? `${key}_` : key
}

/** W&B's rule for names of projects: at most 128 characters, none of `/ \ # ? % :`. */
export function projectName(name: string): string {
  return name.replace(/[/\\#?%:]/g, '-').slice(0, 128)
}
