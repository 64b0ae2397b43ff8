/** Registered models on an MLflow server. */
import { isMillwrightError } from '../../../core/errors'
import type { RegistryBackend } from '../../../ports/registry-backend'
import { missingModel } from '../../../ports/registry-errors'
import { allPages, type MlflowClient } from '../client/client'
import { orUndefined, part, type Wire } from '../client/wire'
import { modelOf } from './records'

/** A registered model as the server describes it; `undefined` where there is none. */
export function findModel(client: MlflowClient, model: string): Promise<Wire | undefined> {
  const answer = client.call('GET', 'registered-models/get', { name: model }, { expect: 'registered_model' })
  return orUndefined(answer.then((found) => part(found, 'registered_model')))
}

/** Sets the tags of a registered model or a version; `null` deletes a tag. */
export async function setTags(
  client: MlflowClient,
  kind: 'registered-models' | 'model-versions',
  owner: Wire,
  tags: Readonly<Record<string, string | null>> = {},
): Promise<void> {
  for (const [key, value] of Object.entries(tags)) {
    if (value === null) await client.call('DELETE', `${kind}/delete-tag`, { ...owner, key }, { doneBefore: 'NotFound' })
    else await client.call('POST', `${kind}/set-tag`, { ...owner, key, value })
  }
}

/** The part of the registry port that concerns models. */
export function registeredModels(
  client: MlflowClient,
  name: string,
): Pick<RegistryBackend, 'ensureModel' | 'getModel' | 'listModels' | 'updateModel'> {
  return {
    async ensureModel(model) {
      if ((await findModel(client, model)) !== undefined) return
      try {
        await client.call('POST', 'registered-models/create', { name: model })
      } catch (error) {
        // Another process has created it in the meantime.
        if (!isMillwrightError(error, 'AlreadyExists')) throw error
      }
    },
    async getModel(model) {
      const wire = await findModel(client, model)
      return wire === undefined ? undefined : modelOf(wire)
    },
    async listModels(limit = Number.POSITIVE_INFINITY) {
      const listing = { method: 'GET', path: 'registered-models/search', member: 'registered_models' } as const
      const found = await allPages(client, listing, { max_results: Math.min(limit, 1000), order_by: ['name ASC'] }, limit)
      return found
        .map(modelOf)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit)
    },
    async updateModel(model, { description, tags }) {
      if ((await findModel(client, model)) === undefined) throw missingModel(name, model)
      await setTags(client, 'registered-models', { name: model }, tags)
      if (description !== undefined) await client.call('PATCH', 'registered-models/update', { name: model, description })
    },
  }
}
