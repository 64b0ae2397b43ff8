/** The tracker backend on a SQLite file with MLflow's own schema: `mlflow ui --backend-store-uri sqlite:///…` opens the file. Node only. */

import { type Clock, systemClock } from '../../../core/clock'
import { displayPort } from '../../../core/display'
import { invalidArgument } from '../../../core/errors'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType } from '../../../core/options'
import { assertUsage } from '../../../core/usage'
import type { ObjectStore } from '../../../ports/object-store'
import { objectStoreRule } from '../../../ports/port-rules'
import { assertBatch } from '../../../ports/run-keys'
import type { TrackerBackend } from '../../../ports/tracker-backend'
import { createConnection, openDatabase } from '../database/database'
import { sqliteArtifacts } from './artifacts'
import { ensureDefaultExperiment, sqliteExperiments } from './experiments'
import { sqliteModels } from './models'
import { runCreation, runReads, runRow, runState } from './runs'
import { writeBatch } from './write-batch'

/** Options of {@link sqliteTracker}. */
export interface SqliteTrackerOptions {
  /** The database file. A missing file is created, and its folder too. */
  readonly path: string
  /** Stores artifacts, below `mlruns/`. With `fsStorage({ root })` MLflow finds the files too. */
  readonly storage: ObjectStore
  /** better-sqlite3's default export, to be used instead of `node:sqlite`. @default `node:sqlite` where the runtime has it, else better-sqlite3 */
  readonly lib?: unknown
  /** Milliseconds to wait for the lock of another process. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * Experiments and runs in a SQLite file with MLflow 3.0's schema. A newer MLflow upgrades the file in place when it opens it; this backend
 * then still reads and writes it. A batch is one transaction. Closing the backend does not close the storage.
 *
 * @example const tracker = createTracker({ backend: await sqliteTracker({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) }) })
 * @throws MissingDependency, Corrupt, NotFound (folder), PermissionDenied
 */
export async function sqliteTracker(options: SqliteTrackerOptions): Promise<TrackerBackend> {
  checkTrackerOptions(options)
  const { path, storage, clock = systemClock() } = options
  const name = `sqliteTracker(${path})`
  const connection = createConnection(await openDatabase({ ...options, groupsSyncs: true }), { name, storage })
  await ensureDefaultExperiment(connection, clock)
  const experiments = sqliteExperiments(connection, clock)
  const models = sqliteModels(connection, experiments, clock)

  return displayPort<TrackerBackend>('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ atomicBatch: true, persistent: path !== ':memory:', search: true, lifecycle: true, keys: 'mlflow' }),
    ...experiments,
    ...runCreation(connection, experiments),
    logBatch(runId, batch) {
      assertBatch(batch, 'mlflow')
      return connection.write((database) => {
        const row = runRow(connection, runId)
        writeBatch(database, runId, Number(row.experiment_id), batch, row)
      })
    },
    ...runState(connection, experiments, clock),
    ...runReads(connection),
    ...sqliteArtifacts(connection, models),
    ...models,
    close: () => connection.close(),
  })
}

function checkTrackerOptions(options: SqliteTrackerOptions): void {
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
  if (options.path === undefined || options.storage === undefined) {
    throw invalidArgument(
      "sqliteTracker needs `path` and `storage`: write await sqliteTracker({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) })",
    )
  }
}
