/** Logged models in MLflow's tables. */
import type { Clock } from '../../../core/clock'
import { MillwrightError, show } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { assertBatch, assertModelName } from '../../../ports/run-keys'
import { assertExperimentActive } from '../../../ports/run-state'
import type { ExperimentRecord, LoggedModelInit, LoggedModelRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { Connection, Database } from '../database/database'
import type { SqliteExperiments } from './experiments'
import { modelOf, modelStatusNumber } from './rows'

/** The calls on logged models. */
export interface SqliteModels extends Pick<TrackerBackend, 'createModel' | 'getModel' | 'finishModel'> {
  getModel(modelId: string): LoggedModelRecord
}

/** The calls on the logged models of a database. Each change is one transaction. */
export function sqliteModels({ name, open, write }: Connection, { getExperiment }: SqliteExperiments, clock: Clock): SqliteModels {
  const getModel = (modelId: string): LoggedModelRecord => {
    const row = open().get('SELECT * FROM logged_models WHERE model_id = ?', modelId)
    if (row === undefined) throw new MillwrightError('NotFound', `${name} has no model ${show(modelId)}`)
    return modelOf(open(), row)
  }
  return {
    getModel,
    createModel(init) {
      assertModelName(init.name)
      assertBatch({ tags: init.tags, params: init.params }, 'mlflow')
      return write((database) => {
        const experiment = getExperiment(init.experimentId)
        assertExperimentActive(experiment)
        return getModel(insertModel(database, experiment, init))
      })
    },
    finishModel(modelId, status) {
      return write((database) => {
        getModel(modelId)
        setModelStatus(database, modelId, status, clock.now())
      })
    },
  }
}

/** Adds a pending model and returns its id. Inside the caller's transaction. */
function insertModel(database: Database, experiment: ExperimentRecord, init: LoggedModelInit): string {
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

/** Sets the status of a model. */
function setModelStatus(database: Database, modelId: string, status: LoggedModelRecord['status'], now: number): void {
  database.run(
    'UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ? WHERE model_id = ?',
    modelStatusNumber(status),
    now,
    modelId,
  )
}
