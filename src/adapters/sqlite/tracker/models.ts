/** Logged models in MLflow's tables. */
import { MillwrightError, show } from '../../../core/errors'
import { newId } from '../../../core/ids'
import type { ExperimentRecord, LoggedModelInit, LoggedModelRecord } from '../../../ports/tracker-backend'
import type { Database } from '../database/database'
import { modelOf, modelStatusNumber } from './rows'

/** One logged model. @throws NotFound */
export function readModel(database: Database, modelId: string, backend: string): LoggedModelRecord {
  const row = database.get('SELECT * FROM logged_models WHERE model_id = ?', modelId)
  if (row === undefined) throw new MillwrightError('NotFound', `${backend} has no model ${show(modelId)}`)
  return modelOf(database, row)
}

/** Adds a pending model, inside the caller's transaction; gives its id. */
export function insertModel(database: Database, experiment: ExperimentRecord, init: LoggedModelInit): string {
  const { name, sourceRunId, modelType, tags = {}, params = {}, createdAt } = init
  const modelId = `m-${newId()}`
  const experimentId = Number(experiment.experimentId)
  database.run(
    "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id) VALUES (?, ?, ?, ?, ?, ?, 1, 'active', ?, ?)",
    modelId,
    experimentId,
    name,
    `${experiment.artifactUri}/models/${modelId}/artifacts`,
    createdAt,
    createdAt,
    modelType ?? null,
    sourceRunId ?? null,
  )
  for (const [key, value] of Object.entries(params)) {
    database.run(
      'INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES (?, ?, ?, ?)',
      modelId,
      experimentId,
      key,
      value,
    )
  }
  for (const [key, value] of Object.entries(tags)) {
    database.run(
      'INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, ?, ?)',
      modelId,
      experimentId,
      key,
      value,
    )
  }
  return modelId
}

/** Sets how a model ended. */
export function setModelStatus(database: Database, modelId: string, status: LoggedModelRecord['status'], now: number): void {
  database.run(
    'UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ? WHERE model_id = ?',
    modelStatusNumber(status),
    now,
    modelId,
  )
}
