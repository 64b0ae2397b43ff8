/** Renaming, deleting and restoring experiments and runs in MLflow's tables. */
import { MillwrightError, show } from '../../../core/errors'
import { assertBatch, assertExperimentName } from '../../../ports/run-keys'
import { assertExperimentActive, assertRunNotDeleted, assertTagDeletable, deletedExperiment } from '../../../ports/run-state'
import type { ExperimentRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { Database, SqlRow } from '../database/database'
import { runStateOf } from './rows'

/** The optional part of the tracker port. */
export type Lifecycle = Required<Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'>>

/** What {@link sqliteLifecycle} works with. */
export interface LifecycleInit {
  /** The backend's name, for messages. */
  readonly name: string
  /** @throws InvalidState once closed */
  readonly open: () => Database
  /** Epoch milliseconds. */
  readonly now: () => number
  /** @throws NotFound */
  readonly runRow: (runId: string) => SqlRow
  /** @throws NotFound */
  readonly getExperiment: (experimentId: string) => ExperimentRecord
}

/** The calls; each change is one transaction. */
export function sqliteLifecycle({ name, open, now, runRow, getExperiment }: LifecycleInit): Lifecycle {
  const assertFree = (experimentName: string, id: number): void => {
    const other = open().get('SELECT lifecycle_stage AS stage FROM experiments WHERE name = ? AND experiment_id <> ?', experimentName, id)
    if (other === undefined) return
    throw new MillwrightError('AlreadyExists', `${name} already has an experiment ${show(experimentName)} (${other.stage})`)
  }

  return {
    restoreRun(runId) {
      open().transaction(() => {
        const row = runRow(runId)
        if (row.lifecycle_stage === 'active') return
        const experiment = getExperiment(String(row.experiment_id))
        assertExperimentActive(experiment)
        open().run("UPDATE runs SET lifecycle_stage = 'active', deleted_time = NULL WHERE run_uuid = ?", runId)
      })
      return open().durable()
    },
    deleteTag(runId, key) {
      assertTagDeletable(runId, key)
      open().transaction(() => {
        assertRunNotDeleted(runStateOf(runRow(runId)))
        if (open().get('SELECT 1 AS one FROM tags WHERE run_uuid = ? AND key = ?', runId, key) === undefined) {
          throw new MillwrightError('NotFound', `run ${runId} has no tag ${show(key)}`)
        }
        open().run('DELETE FROM tags WHERE run_uuid = ? AND key = ?', runId, key)
      })
      return open().durable()
    },
    async changeExperiment(experimentId, { name: newName, lifecycleStage, tags = {} }) {
      if (newName !== undefined) assertExperimentName(newName)
      assertBatch({ tags }, 'mlflow')
      const changed = open().transaction(() => {
        const held = getExperiment(experimentId)
        const id = Number(experimentId)
        const stage = lifecycleStage ?? held.lifecycleStage
        if (held.lifecycleStage === 'deleted' && stage === 'deleted') {
          if (newName !== undefined || Object.keys(tags).length > 0) throw deletedExperiment(held)
          return held
        }
        if (newName !== undefined) assertFree(newName, id)
        open().run(
          'UPDATE experiments SET name = ?, lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ?',
          newName ?? held.name,
          stage,
          Math.max(now(), held.updatedAt),
          id,
        )
        for (const [key, value] of Object.entries(tags)) {
          open().run(
            'INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?) ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value',
            key,
            value,
            id,
          )
        }
        if (stage !== held.lifecycleStage) {
          const deletedAt = stage === 'deleted' ? now() : null
          open().run('UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE experiment_id = ?', stage, deletedAt, id)
        }
        return getExperiment(experimentId)
      })
      await open().durable()
      return changed
    },
  }
}
