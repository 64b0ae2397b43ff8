/** Finds the first free row in the history of a run that is resumed. */
import { isMillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import type { RunRecord } from '../../ports/tracker-backend'

/** The row after the last one in any directory of the run; without a directory, the row after its last step. */
export async function nextRowOf(storage: ObjectStore, folder: string, run: RunRecord): Promise<number> {
  let next: number | undefined
  for (const key of await filesOf(storage, folder, run.runId)) {
    const { readWandbRun } = await import('./read')
    try {
      const { history } = readWandbRun(await storage.get(key), { onDamage: 'stop' })
      next = history.reduce((row, { step }) => Math.max(row, step + 1), next ?? 0)
    } catch (error) {
      // A directory that was removed meanwhile and a file that cannot be read have no rows.
      if (!isMillwrightError(error, 'NotFound') && !isMillwrightError(error, 'Corrupt')) throw error
    }
  }
  const steps = Object.values(run.metrics).map(({ key, step }) => (key.startsWith('system/') ? 0 : step + 1))
  return next ?? Math.max(0, ...steps)
}

async function filesOf(storage: ObjectStore, folder: string, runId: string): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await storage.list({ prefix: `${folder}/offline-run-`, shallow: true, cursor })
    for (const prefix of page.prefixes) if (prefix.endsWith(`-${runId}/`)) found.push(`${prefix}run-${runId}.wandb`)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}
