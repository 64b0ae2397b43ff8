/** Model versions on an MLflow server: each is a logged model with its files, registered under a number. */
import { isMillwrightError } from '../../../core/errors'
import type { InOrder } from '../../../core/in-order'
import { throwIfAborted } from '../../../core/signal'
import type { ModelVersionRecord, RegistryBackend, VersionInit } from '../../../ports/registry-backend'
import { missingModel, versionInUse } from '../../../ports/registry-errors'
import { allPages, type MlflowClient } from '../client/client'
import { createOnce, createTagged, logOutputs } from '../client/create-once'
import { assertServerPath, orUndefined, part, toPairs, type Wire } from '../client/wire'
import { removeFiles, uploadFile, type VersionPlace } from './files'
import { findModel, setTags } from './models'

import { modelOf, USER_TAG, versionOf } from './records'

/** A version; `undefined` where there is none. */
export function findVersion(client: MlflowClient, model: string, version: string): Promise<ModelVersionRecord | undefined> {
  const answer = client.call('GET', 'model-versions/get', { name: model, version }, { expect: 'model_version' })
  return orUndefined(answer.then((found) => versionOf(part(found, 'model_version'))))
}

/** What the functions on versions share. */
export interface VersionContext {
  readonly name: string
  readonly inOrder: InOrder
  /** Where the files of a version are. */
  placeOf(version: ModelVersionRecord): Promise<VersionPlace>
}

/** The part of the registry port that concerns versions. */
export function modelVersions(
  client: MlflowClient,
  { name, inOrder, placeOf }: VersionContext,
): Pick<RegistryBackend, 'createVersion' | 'getVersion' | 'listVersions' | 'updateVersion' | 'deleteVersion'> {
  return {
    async createVersion(model, init, { signal } = {}) {
      // A path that the server would store under another name is refused before anything is uploaded.
      for (const path of Object.keys(init.files('m-0'))) assertServerPath(path, 'a file name of a model')
      const info = await createLoggedModel(client, model, init, signal)
      const modelId = String(info.model_id)
      await uploadFiles(client, { modelId, uri: String(info.artifact_uri) }, init, signal)
      // Both together make the run show its model.
      if (init.runId !== undefined && info.source_run_id === init.runId) await logOutputs(client, init.runId, [{ modelId, step: 0 }])
      throwIfAborted(signal)
      return registerVersion(client, { model, modelId }, init, signal)
    },
    getVersion: (model, version) => findVersion(client, model, version),
    async listVersions(model) {
      const versions = (await findVersions(client, model)).map(versionOf)
      return versions.sort((a, b) => Number(a.version) - Number(b.version))
    },
    async updateVersion(model, version, { description, tags }) {
      if ((await findVersion(client, model, version)) === undefined) throw missingModel(name, model, version)
      await setTags(client, 'model-versions', { name: model, version }, tags)
      if (description !== undefined) await client.call('PATCH', 'model-versions/update', { name: model, version, description })
    },
    deleteVersion: (model, version, { removeFiles: withFiles }) =>
      inOrder(model, async () => {
        const [record, wire] = await Promise.all([findVersion(client, model, version), findModel(client, model)])
        if (record === undefined || wire === undefined) throw missingModel(name, model, version)
        const { aliases } = modelOf(wire)
        const inUse = Object.keys(aliases).filter((alias) => aliases[alias] === version)
        // The server itself would delete the aliases together with the version.
        if (inUse.length > 0) throw versionInUse(model, version, inUse)
        const place = withFiles ? await placeOf(record) : undefined
        await client.call('DELETE', 'model-versions/delete', { name: model, version }, { doneBefore: 'NotFound' })
        if (place !== undefined) await removeFiles(client, place)
        if (withFiles && record.modelId !== undefined) {
          await client.call('DELETE', `logged-models/${encodeURIComponent(record.modelId)}`, {}, { doneBefore: 'NotFound' })
        }
      }),
  }
}

/** Creates a pending logged model: in the run's experiment, or in the default experiment where the server has no such run or experiment. */
async function createLoggedModel(
  client: MlflowClient,
  model: string,
  { experimentId, runId, modelType }: VersionInit,
  signal: AbortSignal | undefined,
): Promise<Wire> {
  const create = async (experiment: string, run: Wire = {}): Promise<Wire> => {
    const body = { experiment_id: experiment, ...run, name: model.replace(/[/:.%"']/g, '-'), model_type: modelType }
    return part(await createTagged(client, 'model', body, { signal }), 'info')
  }
  if (experimentId === undefined) return create('0')
  try {
    return await create(experimentId, runId === undefined ? {} : { source_run_id: runId })
  } catch (error) {
    if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'InvalidArgument')) return create('0')
    throw error
  }
}

/** Uploads the files of a logged model and marks it as ready, or as failed when an upload fails. */
async function uploadFiles(
  client: MlflowClient,
  { modelId, uri }: { readonly modelId: string; readonly uri: string },
  init: VersionInit,
  signal: AbortSignal | undefined,
): Promise<void> {
  const setStatus = (status: 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED'): Promise<Wire> =>
    client.call('PATCH', `logged-models/${encodeURIComponent(modelId)}`, { model_id: modelId, status })
  try {
    for (const [path, bytes] of Object.entries(init.files(modelId))) await uploadFile(client, { uri, path }, bytes, { signal })
    throwIfAborted(signal)
    await setStatus('LOGGED_MODEL_READY')
  } catch (error) {
    await setStatus('LOGGED_MODEL_UPLOAD_FAILED').catch(() => {})
    throw error
  }
}

/** Registers a logged model as the next version. */
async function registerVersion(
  client: MlflowClient,
  { model, modelId }: { readonly model: string; readonly modelId: string },
  { runId, user, tags, description }: VersionInit,
  signal: AbortSignal | undefined,
): Promise<ModelVersionRecord> {
  const source = `models:/${modelId}`
  const allTags = toPairs(user === undefined ? tags : { [USER_TAG]: user, ...tags })
  const body = { name: model, source, model_id: modelId, description, tags: allTags }
  const created = await createOnce(client, {
    path: 'model-versions/create',
    body: runId === undefined ? body : { ...body, run_id: runId },
    member: 'model_version',
    // No other version has this source.
    find: async () => (await findVersions(client, model)).find((wire) => wire.source === source),
    signal,
  })
  return versionOf(created)
}

/** All versions of a model as the server describes them. */
async function findVersions(client: MlflowClient, model: string): Promise<Wire[]> {
  // The server's filters have no escapes: a name with both kinds of quotes cannot be written in one.
  const quote = model.includes("'") ? '"' : "'"
  const query = model.includes(quote) ? { max_results: 1000 } : { filter: `name=${quote}${model}${quote}`, max_results: 10_000 }
  const listing = { method: 'GET', path: 'model-versions/search', member: 'model_versions' } as const
  return (await allPages(client, listing, query)).filter((wire) => wire.name === model)
}
