/** The logged models of the memory tracker. */
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { assertBatch, assertModelName } from '../../ports/run-keys'
import type { ExperimentRecord, LoggedModelInit, LoggedModelRecord } from '../../ports/tracker-backend'

/** Logged models by id. */
export interface MemoryModels {
  /** @throws InvalidArgument */
  create(experiment: ExperimentRecord, init: LoggedModelInit): LoggedModelRecord
  /** @throws NotFound */
  get(modelId: string): LoggedModelRecord
  /** @throws NotFound */
  finish(modelId: string, status: 'ready' | 'failed'): void
}

/** An empty set of models. `backend` is the name of the tracker backend, for messages. */
export function memoryModels(backend: string): MemoryModels {
  const models = new Map<string, LoggedModelRecord>()
  const get = (modelId: string): LoggedModelRecord => {
    const model = models.get(modelId)
    if (model === undefined) throw new MillwrightError('NotFound', `${backend} has no model ${show(modelId)}`)
    return model
  }
  return {
    create(experiment, { experimentId, name, sourceRunId, modelType, tags = {}, params = {}, createdAt }) {
      assertModelName(name)
      assertBatch({ tags, params }, 'mlflow')
      const modelId = `m-${newId()}`
      const record: LoggedModelRecord = {
        modelId,
        experimentId,
        name,
        artifactUri: `${experiment.artifactUri}/models/${modelId}/artifacts`,
        status: 'pending',
        ...(sourceRunId === undefined ? {} : { sourceRunId }),
        ...(modelType === undefined ? {} : { modelType }),
        createdAt,
        tags: { ...tags },
        params: { ...params },
      }
      models.set(modelId, record)
      return record
    },
    get,
    finish(modelId, status) {
      models.set(modelId, { ...get(modelId), status })
    },
  }
}
