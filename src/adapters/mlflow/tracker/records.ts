/** From MLflow's REST JSON to the records of the tracker port, and back. An absent list means an empty one. */
import { invalidArgument, show } from '../../../core/errors'
import { isEnded } from '../../../ports/run-state'
import type { DatasetInput, ExperimentRecord, LoggedModelRecord, MetricPoint, RunRecord, RunStatus } from '../../../ports/tracker-backend'
import { fromPairs, list, part, text, type Wire } from '../client/wire'

const statusNames: readonly RunStatus[] = ['running', 'scheduled', 'finished', 'failed', 'killed']

function statusOf(value: unknown): RunStatus {
  const name = text(value).toLowerCase() as RunStatus
  return statusNames.includes(name) ? name : 'running'
}

/** A metric value from the wire: a number, `"NaN"` or `"Infinity"`. Servers on a database send the largest number for infinity. */
export function metricValue(value: unknown): number {
  const number = Number(value)
  return Math.abs(number) === Number.MAX_VALUE ? Math.sign(number) * Number.POSITIVE_INFINITY : number
}

/** A metric point from the wire. */
export function pointOf(wire: Wire): MetricPoint {
  return { key: text(wire.key), value: metricValue(wire.value), timestamp: Number(wire.timestamp ?? 0), step: Number(wire.step ?? 0) }
}

/** A point for the wire. The server answers 200 to a field of the wrong type and drops the rest of the batch, so all fields are checked here. */
export function toPoint({ key, value, timestamp, step }: MetricPoint): Wire {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw invalidArgument(`the timestamp of metric ${show(key)} must be a whole number ≥ 0, got ${show(timestamp)}`)
  if (!Number.isSafeInteger(step)) throw invalidArgument(`the step of metric ${show(key)} must be a whole number, got ${show(step)}`)
  return { key, value: Number.isFinite(value) ? value : String(value), timestamp, step }
}

/** An experiment from the wire. */
export function experimentOf(wire: Wire): ExperimentRecord {
  return {
    experimentId: text(wire.experiment_id),
    name: text(wire.name),
    artifactUri: text(wire.artifact_location),
    lifecycleStage: wire.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
    createdAt: Number(wire.creation_time ?? 0),
    updatedAt: Number(wire.last_update_time ?? 0),
    tags: fromPairs(list(wire, 'tags')),
  }
}

/** A run from the wire. */
export function runOf(wire: Wire): RunRecord {
  const info = part(wire, 'info')
  const data = part(wire, 'data')
  const status = statusOf(info.status)
  // The server keeps the end time of a run that was opened again.
  const endTime = isEnded(status) ? Number(info.end_time ?? 0) : 0
  return {
    runId: text(info.run_id),
    runName: text(info.run_name),
    experimentId: text(info.experiment_id),
    status,
    startTime: Number(info.start_time ?? 0),
    ...(endTime > 0 ? { endTime } : {}),
    artifactUri: text(info.artifact_uri),
    lifecycleStage: info.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
    user: text(info.user_id),
    params: fromPairs(list(data, 'params')),
    tags: fromPairs(list(data, 'tags')),
    metrics: Object.fromEntries(list(data, 'metrics').map((point) => [text(point.key), pointOf(point)])),
    datasets: list(part(wire, 'inputs'), 'dataset_inputs').map(datasetOf),
    inputModels: list(part(wire, 'inputs'), 'model_inputs').map((model) => text(model.model_id)),
    outputModels: list(part(wire, 'outputs'), 'model_outputs').map((model) => ({
      modelId: text(model.model_id),
      step: Number(model.step ?? 0),
    })),
  }
}

function datasetOf(wire: Wire): DatasetInput {
  const dataset = part(wire, 'dataset')
  const context = fromPairs(list(wire, 'tags'))['mlflow.data.context']
  return {
    name: text(dataset.name),
    digest: text(dataset.digest),
    sourceType: text(dataset.source_type),
    source: text(dataset.source),
    ...(dataset.schema === undefined ? {} : { schema: text(dataset.schema) }),
    ...(dataset.profile === undefined ? {} : { profile: text(dataset.profile) }),
    ...(context === undefined ? {} : { context }),
  }
}

/** A dataset input for the wire. */
export function toDataset({ name, digest, sourceType, source, schema, profile, context }: DatasetInput): Wire {
  return {
    dataset: {
      name,
      digest,
      source_type: sourceType,
      source,
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
    },
    tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
  }
}

/** A logged model from the wire. */
export function modelOf(wire: Wire): LoggedModelRecord {
  const info = part(wire, 'info')
  const status = text(info.status)
  return {
    modelId: text(info.model_id),
    experimentId: text(info.experiment_id),
    name: text(info.name),
    artifactUri: text(info.artifact_uri),
    status: status === 'LOGGED_MODEL_READY' ? 'ready' : status === 'LOGGED_MODEL_UPLOAD_FAILED' ? 'failed' : 'pending',
    ...(info.source_run_id === undefined ? {} : { sourceRunId: text(info.source_run_id) }),
    ...(info.model_type === undefined ? {} : { modelType: text(info.model_type) }),
    createdAt: Number(info.creation_timestamp_ms ?? 0),
    tags: fromPairs(list(info, 'tags')),
    params: fromPairs(list(part(wire, 'data'), 'params')),
  }
}
