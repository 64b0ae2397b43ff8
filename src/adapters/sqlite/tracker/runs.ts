/** Runs in MLflow's tables: new runs, changes of their state, and reading them. */
import type { Clock } from '../../../core/clock'
import { MillwrightError, show } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { pageOfPoints } from '../../../ports/metric-points'
import { assertBatch, assertRunId, assertRunName } from '../../../ports/run-keys'
import { parseRunQuery } from '../../../ports/run-search'
import { assertExperimentActive, assertRunNotDeleted, assertTagDeletable, endTimeAfter } from '../../../ports/run-state'
import type { RunRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { Connection, SqlRow } from '../database/database'
import type { SqliteExperiments } from './experiments'
import { findRuns } from './find-runs'
import { insertRun, newRun } from './new-run'
import { pointColumns, pointOf, runStateOf, runsById, runsOf } from './rows'
import { writeBatch } from './write-batch'

/** The row of a run in the table `runs`. @throws NotFound */
export function runRow({ name, open }: Connection, runId: string): SqlRow {
  const row = open().get('SELECT * FROM runs WHERE run_uuid = ?', runId)
  if (row === undefined) throw new MillwrightError('NotFound', `${name} has no run ${show(runId)}`)
  return row
}

/** The calls that create a run. */
export function runCreation({ name, write }: Connection, { getExperiment }: SqliteExperiments): Pick<TrackerBackend, 'createRun'> {
  return {
    createRun({ experimentId, runName, startTime, user = '', tags = {}, runId = newId() }) {
      assertRunId(runId)
      assertBatch({ tags }, 'mlflow')
      const given = runName ?? tags['mlflow.runName'] ?? runId.slice(0, 8)
      assertRunName(given)
      return write((database): RunRecord => {
        const experiment = getExperiment(experimentId)
        assertExperimentActive(experiment)
        if (database.get('SELECT 1 AS one FROM runs WHERE run_uuid = ?', runId) !== undefined) {
          throw new MillwrightError('AlreadyExists', `${name} already has a run ${runId}`)
        }
        const made = newRun(runId, experiment, { runName: given, startTime, user, tags: { ...tags, 'mlflow.runName': given } })
        insertRun(database, made)
        return made
      })
    },
  }
}

type RunStateCalls = Required<Pick<TrackerBackend, 'updateRun' | 'deleteRun' | 'restoreRun' | 'deleteTag'>>

/** The calls that change the state of a run. Each is one transaction. */
export function runState(connection: Connection, { getExperiment }: SqliteExperiments, clock: Clock): RunStateCalls {
  const { write } = connection
  return {
    updateRun(runId, change) {
      const { runName } = change
      if (runName !== undefined) assertRunName(runName)
      return write((database) => {
        const row = runRow(connection, runId)
        const { status, endTime, ...state } = runStateOf(row)
        assertRunNotDeleted(state)
        const newStatus = (change.status ?? status).toUpperCase()
        const newEnd = endTimeAfter(change, endTime, () => clock.now()) ?? null
        database.run('UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?', newStatus, newEnd, runId)
        if (runName !== undefined) writeBatch(database, runId, Number(row.experiment_id), { tags: { 'mlflow.runName': runName } }, row)
      })
    },
    deleteRun(runId) {
      return write((database) => {
        runRow(connection, runId)
        database.run("UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE run_uuid = ?", clock.now(), runId)
      })
    },
    restoreRun(runId) {
      return write((database) => {
        const row = runRow(connection, runId)
        if (row.lifecycle_stage === 'active') return
        assertExperimentActive(getExperiment(String(row.experiment_id)))
        database.run("UPDATE runs SET lifecycle_stage = 'active', deleted_time = NULL WHERE run_uuid = ?", runId)
      })
    },
    deleteTag(runId, key) {
      assertTagDeletable(runId, key)
      return write((database) => {
        assertRunNotDeleted(runStateOf(runRow(connection, runId)))
        if (database.get('SELECT 1 AS one FROM tags WHERE run_uuid = ? AND key = ?', runId, key) === undefined) {
          throw new MillwrightError('NotFound', `run ${runId} has no tag ${show(key)}`)
        }
        database.run('DELETE FROM tags WHERE run_uuid = ? AND key = ?', runId, key)
      })
    },
  }
}

/** The calls that read runs and the histories of their metrics. */
export function runReads(connection: Connection): Pick<TrackerBackend, 'getRun' | 'searchRuns' | 'getMetricHistory'> {
  const { open } = connection
  return {
    getRun: (runId) => runsOf(open(), [runRow(connection, runId)])[0] as RunRecord,
    searchRuns(query) {
      const parsed = parseRunQuery(query)
      const ids =
        query.experimentIds ??
        open()
          .all("SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'active'")
          .map((row) => String(row.experiment_id))
      const known = ids.filter((id) => /^\d{1,18}$/.test(id))
      if (known.length === 0) return { items: [] }
      const { items, ...next } = findRuns(open(), parsed, known)
      return { items: runsById(open(), items), ...next }
    },
    getMetricHistory(runId, key, page = {}) {
      runRow(connection, runId)
      // Checks the page: over no points it gives an empty one.
      pageOfPoints([], page)
      const { limit = 25_000, cursor = '0' } = page
      const rows = open().all(
        `SELECT ${pointColumns} FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY timestamp, metrics.step, is_nan, value LIMIT ? OFFSET ?`,
        runId,
        key,
        limit + 1,
        Number(cursor),
      )
      const items = rows.slice(0, limit).map(pointOf)
      return rows.length > limit ? { items, cursor: `${Number(cursor) + limit}` } : { items }
    },
  }
}
