/** Logged models on an MLflow server. */
import { assertBatch, assertModelId, assertModelName } from '../../../ports/run-keys'
import type { LoggedModelRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { createTagged } from '../client/create-once'
import { list, part, toPairs } from '../client/wire'
import { modelOf } from './records'

/** @throws NotFound */
export async function getModel(client: MlflowClient, modelId: string): Promise<LoggedModelRecord> {
  assertModelId(modelId)
  return modelOf(part(await client.call('GET', `logged-models/${modelId}`, {}, { expect: 'model' }), 'model'))
}

/** The part of the tracker port that concerns logged models, and the search for them by a tag. */
export function serverModels(client: MlflowClient): Pick<TrackerBackend, 'createModel' | 'getModel' | 'finishModel'> & {
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
} {
  return {
    async createModel({ experimentId, name, sourceRunId, modelType, tags, params }) {
      assertModelName(name)
      assertBatch({ tags, params }, 'mlflow')
      const facts = { name, source_run_id: sourceRunId, model_type: modelType, params: toPairs(params) }
      return modelOf(await createTagged(client, 'model', { experiment_id: experimentId, ...facts }, { tags }))
    },
    getModel: (modelId) => getModel(client, modelId),
    async findModels(experimentId, { key, value }) {
      const query = { experiment_ids: [experimentId], filter: `tags.\`${key}\` = '${value}'`, max_results: 50 }
      return list(await client.call('POST', 'logged-models/search', query), 'models').map(modelOf)
    },
    async finishModel(modelId, status) {
      assertModelId(modelId)
      // The server answers 400 when the id stands only in the path.
      await client.call('PATCH', `logged-models/${modelId}`, {
        model_id: modelId,
        status: status === 'ready' ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED',
      })
    },
  }
}
