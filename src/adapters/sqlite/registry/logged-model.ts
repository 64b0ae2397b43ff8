/** The logged model that holds a version's files, in MLflow's tables. */
import { newId } from '../../../core/ids'
import { experimentFolder } from '../../../mlruns/keys'
import type { ObjectStore } from '../../../ports/object-store'
import type { VersionInit } from '../../../ports/registry-backend'
import type { Database } from '../database/database'
import { artifactsKey } from './places'

/** A logged model whose files are being written. */
export interface PendingModel {
  readonly modelId: string
  readonly experimentId: number
  /** Key of the folder of its files, without a slash at the end. */
  readonly key: string
}

/** MLflow's numbers for the status of a logged model. */
const PENDING = 1
const READY = 2
const FAILED = 3

/** Adds a pending logged model to the experiment of its run, or to the default experiment where the run is tracked in another place. */
export function addPendingModel(database: Database, storage: ObjectStore, name: string, init: VersionInit): PendingModel {
  return database.transaction(() => {
    const wanted = /^\d{1,15}$/.test(init.experimentId ?? '') ? Number(init.experimentId) : 0
    const has = (id: number): boolean => database.get('SELECT 1 AS one FROM experiments WHERE experiment_id = ?', id) !== undefined
    const experimentId = has(wanted) ? wanted : 0
    if (!has(experimentId)) {
      database.run(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (0, 'Default', ?, 'active', ?, ?)",
        ...[storage.uri(experimentFolder(0).slice(0, -1)), init.createdAt, init.createdAt],
      )
    }
    const modelId = `m-${newId()}`
    const key = artifactsKey(experimentId, modelId)
    const { createdAt, modelType, runId } = init
    database.run(
      "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?, ?)",
      ...[modelId, experimentId, name, storage.uri(key), createdAt, createdAt, PENDING, modelType, runId ?? null],
    )
    return { modelId, experimentId, key }
  })
}

/** Marks a logged model as ready, and links it with its run where the database has that run. Inside the caller's transaction. */
export function finishModel(database: Database, model: PendingModel, init: VersionInit): void {
  const { modelId, experimentId } = model
  database.run('UPDATE logged_models SET status = ? WHERE model_id = ?', READY, modelId)
  const { runId, createdAt } = init
  if (runId === undefined || database.get('SELECT 1 AS one FROM runs WHERE run_uuid = ?', runId) === undefined) return
  database.run(
    "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) VALUES (?, 'RUN_OUTPUT', ?, 'MODEL_OUTPUT', ?, 0)",
    ...[newId(), runId, modelId],
  )
  for (const [name, value] of Object.entries(init.metrics)) {
    // The column cannot hold NaN or lone surrogates. MLflow stores an infinity as the greatest double.
    if (Number.isNaN(value) || name.length > 500 || !name.isWellFormed()) continue
    database.run(
      'INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id) VALUES (?, ?, ?, 0, ?, ?, ?)',
      ...[modelId, name, createdAt, Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE), experimentId, runId],
    )
  }
}

/** Marks a logged model as failed: not all of its files could be stored. */
export function failModel(database: Database, { modelId }: PendingModel): void {
  database.run('UPDATE logged_models SET status = ? WHERE model_id = ?', FAILED, modelId)
}

/** Hides the logged model of a version whose files are removed. */
export function hideModel(database: Database, modelId: string): void {
  database.run("UPDATE logged_models SET lifecycle_stage = 'deleted' WHERE model_id = ?", modelId)
}
