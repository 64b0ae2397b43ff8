/** The tracker backend on a SQLite file with MLflow's own schema: `mlflow ui --backend-store-uri sqlite:///…` opens it as it is. Node only. */

import { type Clock, systemClock } from '../../../core/clock'
import { displayPort } from '../../../core/display'
import { invalidArgument, MillwrightError, show } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType } from '../../../core/options'
import { assertUsage } from '../../../core/usage'
import { experimentFolder } from '../../../mlruns/keys'
import { pageOfPoints } from '../../../ports/metric-points'
import type { ObjectStore } from '../../../ports/object-store'
import { objectStoreRule } from '../../../ports/port-rules'
import { assertBatch, assertExperimentName, assertModelName, assertRunId, assertRunName } from '../../../ports/run-keys'
import { parseRunQuery } from '../../../ports/run-search'
import { assertExperimentActive, assertNameUsable, assertRunNotDeleted, endTimeAfter } from '../../../ports/run-state'
import type { ArtifactOwner, ExperimentRecord, LoggedModelRecord, RunRecord, TrackerBackend } from '../../../ports/tracker-backend'
import { type Database, openDatabase, type SqlRow } from '../database/database'
import { artifactFolder, getBelow, listBelow, putBelow } from './artifacts'
import { findRuns } from './find-runs'
import { sqliteLifecycle } from './lifecycle'
import { insertModel, readModel, setModelStatus } from './models'
import { insertRun, newRun } from './new-run'
import { experimentOf, pointColumns, pointOf, runStateOf, runsById, runsOf } from './rows'
import { writeBatch } from './write-batch'

/** Options of {@link sqliteTracker}. */
export interface SqliteTrackerOptions {
  /** The database file; made with its folder when absent. */
  readonly path: string
  /** Where artifacts go, below `mlruns/`: `fsStorage({ root })` for files that MLflow finds too. */
  readonly storage: ObjectStore
  /** better-sqlite3's default export, for a Node without `node:sqlite`. @default whatever is there */
  readonly lib?: unknown
  /** Milliseconds to wait for another process's write. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * Experiments and runs in a SQLite file of MLflow 3.0's schema. Newer MLflow upgrades the file in place when it opens it; this backend
 * goes on reading and writing it. A batch is one transaction. The storage is not closed with the backend.
 *
 * @example const tracker = createTracker({ backend: await sqliteTracker({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) }) })
 * @throws MissingDependency, Corrupt, NotFound (folder), PermissionDenied
 */
export async function sqliteTracker(options: SqliteTrackerOptions): Promise<TrackerBackend> {
  assertUsage('sqliteTracker', options, {
    write: (path) => `await sqliteTracker({ path: ${path}, storage: fsStorage({ root: '.' }) })`,
    text: 'mlflow.db',
    renamed: { file: 'path', database: 'path' },
  })
  checkOptions('sqliteTracker', options, {
    path: nonEmptyString(),
    storage: objectStoreRule(),
    lib: anything(),
    busyTimeoutMs: finiteNumber(0),
    clock: ofType('object'),
  })
  const { storage, path } = options
  if (path === undefined || storage === undefined) {
    throw invalidArgument(
      "sqliteTracker needs `path` and `storage`: write await sqliteTracker({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) })",
    )
  }
  const clock = options.clock ?? systemClock()
  const database = await openDatabase({ ...options, groupsSyncs: true })
  const name = `sqliteTracker(${options.path})`
  let closed = false
  const open = (): Database => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    return database
  }

  const addExperiment = (experimentName: string, id?: number): void => {
    const now = clock.now()
    const next = id ?? Number(open().get('SELECT COALESCE(MAX(experiment_id), 0) + 1 AS id FROM experiments')?.id)
    open().run(
      "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
      next,
      experimentName,
      storage.uri(experimentFolder(next).slice(0, -1)),
      now,
      now,
    )
  }
  database.transaction(() => {
    if (database.get('SELECT 1 AS one FROM experiments LIMIT 1') === undefined) addExperiment('Default', 0)
  })
  await database.durable()
  /** What was written, once it is there for good. */
  const stored = <T>(result: T): Promise<T> => database.durable().then(() => result)

  const runRow = (runId: string): SqlRow => {
    const row = open().get('SELECT * FROM runs WHERE run_uuid = ?', runId)
    if (row === undefined) throw new MillwrightError('NotFound', `${name} has no run ${show(runId)}`)
    return row
  }
  const getRun = (runId: string): RunRecord => runsOf(open(), [runRow(runId)])[0] as RunRecord
  const getExperiment = (experimentId: string): ExperimentRecord => {
    const row = /^\d{1,18}$/.test(experimentId)
      ? open().get('SELECT * FROM experiments WHERE experiment_id = ?', Number(experimentId))
      : undefined
    if (row === undefined) throw new MillwrightError('NotFound', `${name} has no experiment ${show(experimentId)}`)
    return experimentOf(database, row)
  }
  const getModel = (modelId: string): LoggedModelRecord => readModel(open(), modelId, name)
  const folderOf = (owner: ArtifactOwner): string => {
    const uri = 'runId' in owner ? String(runRow(owner.runId).artifact_uri) : getModel(owner.modelId).artifactUri
    return artifactFolder(storage, uri, name)
  }

  return displayPort<TrackerBackend>('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({
      atomicBatch: true,
      persistent: options.path !== ':memory:',
      search: true,
      lifecycle: true,
      keys: 'mlflow',
    }),

    ensureExperiment(experimentName, { tags = {} } = {}) {
      assertExperimentName(experimentName)
      assertBatch({ tags }, 'mlflow')
      const made = open().transaction(() => {
        const find = (): SqlRow | undefined => database.get('SELECT * FROM experiments WHERE name = ?', experimentName)
        if (find() === undefined) {
          addExperiment(experimentName)
          const id = Number(find()?.experiment_id)
          for (const [key, value] of Object.entries(tags)) {
            database.run('INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)', key, value, id)
          }
        }
        const experiment = experimentOf(database, find() as SqlRow)
        assertNameUsable(experiment)
        return experiment
      })
      return stored(made)
    },
    ...sqliteLifecycle({ name, open, now: () => clock.now(), runRow, getExperiment }),
    getExperiment,
    listExperiments: () =>
      open()
        .all('SELECT * FROM experiments ORDER BY creation_time, experiment_id')
        .map((row) => experimentOf(database, row)),

    createRun({ experimentId, runName, startTime, user = '', tags = {}, runId = newId() }) {
      assertRunId(runId)
      assertBatch({ tags }, 'mlflow')
      const given = runName ?? tags['mlflow.runName'] ?? runId.slice(0, 8)
      assertRunName(given)
      const record = open().transaction((): RunRecord => {
        const experiment = getExperiment(experimentId)
        assertExperimentActive(experiment)
        if (database.get('SELECT 1 AS one FROM runs WHERE run_uuid = ?', runId) !== undefined) {
          throw new MillwrightError('AlreadyExists', `${name} already has a run ${runId}`)
        }
        const made = newRun(runId, experiment, { runName: given, startTime, user, tags: { ...tags, 'mlflow.runName': given } })
        insertRun(database, made)
        return made
      })
      return stored(record)
    },
    getRun,
    logBatch(runId, batch) {
      assertBatch(batch, 'mlflow')
      open().transaction(() => {
        const row = runRow(runId)
        writeBatch(database, runId, Number(row.experiment_id), batch, row)
      })
      return database.durable()
    },
    updateRun(runId, change) {
      const { runName } = change
      if (runName !== undefined) assertRunName(runName)
      open().transaction(() => {
        const row = runRow(runId)
        const { status, endTime, ...state } = runStateOf(row)
        assertRunNotDeleted(state)
        const newStatus = (change.status ?? status).toUpperCase()
        const newEnd = endTimeAfter(change, endTime, () => clock.now()) ?? null
        database.run('UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?', newStatus, newEnd, runId)
        if (runName !== undefined) writeBatch(database, runId, Number(row.experiment_id), { tags: { 'mlflow.runName': runName } }, row)
      })
      return database.durable()
    },
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
      return { items: runsById(database, items), ...next }
    },
    getMetricHistory(runId, key, page = {}) {
      runRow(runId)
      pageOfPoints([], page)
      const { limit = 25_000, cursor = '0' } = page
      const rows = database.all(
        `SELECT ${pointColumns} FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY timestamp, metrics.step, is_nan, value LIMIT ? OFFSET ?`,
        runId,
        key,
        limit + 1,
        Number(cursor),
      )
      const items = rows.slice(0, limit).map(pointOf)
      return rows.length > limit ? { items, cursor: `${Number(cursor) + limit}` } : { items }
    },
    deleteRun(runId) {
      runRow(runId)
      database.run("UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE run_uuid = ?", clock.now(), runId)
      return database.durable()
    },

    putArtifact: async (owner, path, bytes) => putBelow(storage, folderOf(owner), path, bytes),
    getArtifact: async (owner, path) => getBelow(storage, folderOf(owner), path),
    listArtifacts: async (owner, path = '') => listBelow(storage, folderOf(owner), path),

    createModel(init) {
      assertModelName(init.name)
      assertBatch({ tags: init.tags, params: init.params }, 'mlflow')
      const created = open().transaction(() => {
        const experiment = getExperiment(init.experimentId)
        assertExperimentActive(experiment)
        return getModel(insertModel(database, experiment, init))
      })
      return stored(created)
    },
    getModel,
    finishModel(modelId, status) {
      getModel(modelId)
      setModelStatus(database, modelId, status, clock.now())
      return database.durable()
    },
    async close() {
      if (closed) return
      closed = true
      try {
        await database.durable()
      } finally {
        database.close()
      }
    },
  })
}
