/** The registry backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { displayPort } from '../../../core/display'
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { checkOptions, ofType, oneOf } from '../../../core/options'
import { throwIfAborted } from '../../../core/signal'
import { assertUsage } from '../../../core/usage'
import type { ModelVersionRecord, RegistryBackend, VersionInit } from '../../../ports/registry-backend'
import { aliasConflict, missingModel, versionInUse } from '../../../ports/registry-errors'
import { assertRunKey } from '../../../ports/run-keys'
import { clientOptionRules, type MlflowClient, type MlflowClientOptions, mlflowClient } from '../client/client'
import { createOnce, requestIdTag } from '../client/create-once'
import { logOutputs } from '../client/outputs'
import { assertServerPath } from '../client/proxy-path'
import { list, orUndefined, part, toPairs, type Wire } from '../client/wire'
import { downloadFile, listVersionFiles, removeFiles, uploadFile, type VersionPlace } from './files'
import { eventsOf, eventTags } from './history'
import { modelOf, tagsOf, USER_TAG, versionOf } from './records'

export type { MlflowClientOptions } from '../client/client'

/** Options of {@link mlflowRegistry}. `url` is first looked for in `MLFLOW_REGISTRY_URI`. */
export interface MlflowRegistryOptions extends MlflowClientOptions {
  /** Where the history goes, which the server does not keep: tags of the registered model, or nowhere (then `rollback` needs `to`). @default 'tags' */
  readonly history?: 'tags' | 'none' | undefined
  /**
   * Alias → stage (`{ champion: 'Production' }`), for tools that still look at stages: moving the alias also moves the version into the
   * stage, and archives the one that was in it; deleting the alias archives its version. Servers without stages are left alone. @default none
   */
  readonly stages?: Readonly<Record<string, 'Staging' | 'Production'>> | undefined
}

/** A registry backend on a server, with what only a server can do. */
export interface MlflowRegistry extends RegistryBackend {
  /**
   * Any other call of the server's REST API, below `/api/2.0/mlflow/` or (with a leading `/`) below the tracking URI: MLflow's own names and
   * JSON, our way to log in, time limits and errors. Only `GET` is repeated after an answer that was lost.
   */
  request(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>>
}

/**
 * Registered models on an MLflow server (3.0 or later).
 *
 * A version's files are a logged model of the run's experiment (or the default one), uploaded through the server's artifact proxy; the
 * version is created when all are there. The server has no compare-and-set: an alias is looked at, set and looked at again, which is exact
 * within one process, and between processes leaves a moment in which two moves may both seem to win. So `atomicAliases` is false.
 *
 * @example const registry = new ModelRegistry({ backend: mlflowRegistry({ url: 'http://127.0.0.1:5000' }) })
 * @throws InvalidArgument without a usable URL
 */
export function mlflowRegistry(options: MlflowRegistryOptions = {}): MlflowRegistry {
  assertUsage('mlflowRegistry', options, {
    write: (url) => `mlflowRegistry({ url: ${url} })`,
    text: 'http://127.0.0.1:5000',
    renamed: { uri: 'url', trackingUri: 'url' },
  })
  checkOptions('mlflowRegistry', options, {
    ...clientOptionRules(),
    history: oneOf('tags', 'none'),
    stages: ofType('object'),
  })
  const { history = 'tags', stages = {}, ...reach } = options
  const client = mlflowClient(reach, ['MLFLOW_REGISTRY_URI', 'MLFLOW_TRACKING_URI'])
  const name = `mlflowRegistry(${client.url})`
  const locations = new Map<string, string>()
  /** Calls that look before they write wait for each other, per model. */
  const queues = new Map<string, Promise<unknown>>()
  let closed = false
  const open = (): MlflowClient => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    return client
  }

  const inLine = async <T>(model: string, work: () => Promise<T>): Promise<T> => {
    const mine = (queues.get(model) ?? Promise.resolve()).catch(() => {}).then(work)
    queues.set(model, mine)
    try {
      return await mine
    } finally {
      if (queues.get(model) === mine) queues.delete(model)
    }
  }

  const wireModel = (model: string): Promise<Wire | undefined> =>
    orUndefined(
      open()
        .call('GET', 'registered-models/get', { name: model }, { expect: 'registered_model' })
        .then((answer) => part(answer, 'registered_model')),
    )

  const getVersion = (model: string, version: string): Promise<ModelVersionRecord | undefined> =>
    orUndefined(
      open()
        .call('GET', 'model-versions/get', { name: model, version }, { expect: 'model_version' })
        .then((answer) => versionOf(part(answer, 'model_version'))),
    )

  const getAlias = async (model: string, alias: string): Promise<string | undefined> => {
    const wire = await wireModel(model)
    if (wire === undefined) return undefined
    const { aliases } = modelOf(wire)
    return Object.hasOwn(aliases, alias) ? aliases[alias] : undefined
  }

  /** The pages of a search until there is enough. */
  const search = async (path: string, key: string, query: Wire, atLeast = Number.POSITIVE_INFINITY): Promise<Wire[]> => {
    const items: Wire[] = []
    for (let token: unknown; ; ) {
      const answer = await open().call('GET', path, { ...query, ...(token === undefined ? {} : { page_token: token }) })
      const page = list(answer, key)
      items.push(...page)
      token = answer.next_page_token
      if (page.length === 0 || items.length >= atLeast || typeof token !== 'string' || token === '') return items
    }
  }

  const wireVersions = async (model: string): Promise<Wire[]> => {
    // A name with both quotes cannot be said in a filter.
    const quote = model.includes("'") ? '"' : "'"
    const sayable = !(model.includes("'") && model.includes('"'))
    const found = await search('model-versions/search', 'model_versions', {
      ...(sayable ? { filter: `name=${quote}${model}${quote}` } : {}),
      max_results: sayable ? 10_000 : 1000,
    })
    return found.filter((wire) => wire.name === model)
  }

  /** Stages follow aliases where the server still has them. */
  const moveStage = async (model: string, version: string, stage: string): Promise<void> => {
    try {
      const body = { name: model, version, stage, archive_existing_versions: stage !== 'Archived' }
      await open().call('POST', 'model-versions/transition-stage', body)
    } catch (error) {
      if (!isMillwrightError(error, 'Unsupported')) throw error
    }
  }

  const placeOf = async (version: ModelVersionRecord): Promise<VersionPlace> => {
    const key = JSON.stringify([version.name, version.version])
    let uri = locations.get(key)
    if (uri === undefined) {
      const answer = await open().call(
        'GET',
        'model-versions/get-download-uri',
        { name: version.name, version: version.version },
        { expect: 'artifact_uri' },
      )
      uri = String(answer.artifact_uri ?? '')
      if (locations.size >= 10_000) locations.clear()
      locations.set(key, uri)
    }
    return { version, uri }
  }

  const setTags = async (kind: 'registered-models' | 'model-versions', owner: Wire, tags: Readonly<Record<string, string | null>> = {}) => {
    for (const [key, value] of Object.entries(tags)) {
      if (value === null) await open().call('DELETE', `${kind}/delete-tag`, { ...owner, key }, { doneBefore: 'NotFound' })
      else await open().call('POST', `${kind}/set-tag`, { ...owner, key, value })
    }
  }

  /** A pending logged model; a run or experiment that the server does not have (tracked elsewhere) gives way to the default experiment. */
  const createLoggedModel = async (model: string, init: VersionInit, signal: AbortSignal | undefined): Promise<Wire> => {
    const requestId = newId()
    const tags = client.retries > 0 ? { [requestIdTag]: requestId } : {}
    const facts = { name: model.replace(/[/:.%"']/g, '-'), model_type: init.modelType, tags: toPairs(tags) }
    const create = async (experimentId: string, where: Wire = {}): Promise<Wire> => {
      const find = async (): Promise<Wire | undefined> => {
        const filter = `tags.\`${requestIdTag}\` = '${requestId}'`
        const query = { experiment_ids: [experimentId], filter, max_results: 1 }
        return list(await open().call('POST', 'logged-models/search', query, { signal }), 'models')[0]
      }
      const body = { experiment_id: experimentId, ...where, ...facts }
      return part(await createOnce(open(), { path: 'logged-models', body, member: 'model', find, signal }), 'info')
    }
    if (init.experimentId === undefined) return create('0')
    return create(init.experimentId, init.runId === undefined ? {} : { source_run_id: init.runId }).catch((error) => {
      if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'InvalidArgument')) return create('0')
      throw error
    })
  }

  const setStatus = async (modelId: string, status: 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED'): Promise<void> => {
    await client.call('PATCH', `logged-models/${encodeURIComponent(modelId)}`, { model_id: modelId, status })
  }

  return displayPort('RegistryBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ atomicAliases: false, history: history === 'tags', persistent: true }),
    assertTakes({ tagKeys = [], paths = [] }) {
      for (const key of tagKeys) assertRunKey(key, 'tag', 'mlflow')
      for (const path of paths) assertServerPath(path, 'a file name of a model')
    },

    async ensureModel(model) {
      if ((await wireModel(model)) !== undefined) return
      try {
        await open().call('POST', 'registered-models/create', { name: model })
      } catch (error) {
        // Somebody else was faster; theirs is as good as ours.
        if (!isMillwrightError(error, 'AlreadyExists')) throw error
      }
    },
    async getModel(model) {
      const wire = await wireModel(model)
      return wire === undefined ? undefined : modelOf(wire)
    },
    async listModels(limit = Number.POSITIVE_INFINITY) {
      const query = { max_results: Math.min(limit, 1000), order_by: ['name ASC'] }
      const found = await search('registered-models/search', 'registered_models', query, limit)
      return found
        .map(modelOf)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit)
    },
    async updateModel(model, { description, tags }) {
      if ((await wireModel(model)) === undefined) throw missingModel(name, model)
      await setTags('registered-models', { name: model }, tags)
      if (description !== undefined) await open().call('PATCH', 'registered-models/update', { name: model, description })
    },

    async createVersion(model, init, { signal } = {}) {
      // What the server would keep under another name is refused before anything is uploaded.
      for (const path of Object.keys(init.files('m-0'))) assertServerPath(path, 'a file name of a model')
      const info = await createLoggedModel(model, init, signal)
      const [modelId, uri] = [String(info.model_id), String(info.artifact_uri)]
      try {
        for (const [path, bytes] of Object.entries(init.files(modelId))) await uploadFile(open(), { uri, path }, bytes, { signal })
        throwIfAborted(signal)
        await setStatus(modelId, 'LOGGED_MODEL_READY')
      } catch (error) {
        await setStatus(modelId, 'LOGGED_MODEL_UPLOAD_FAILED').catch(() => {})
        throw error
      }
      // Both together make the run show its model.
      if (init.runId !== undefined && info.source_run_id === init.runId) await logOutputs(open(), init.runId, [{ modelId, step: 0 }])
      throwIfAborted(signal)
      const tags = init.user === undefined ? init.tags : { [USER_TAG]: init.user, ...init.tags }
      const source = `models:/${modelId}`
      const body = { name: model, source, model_id: modelId, description: init.description, tags: toPairs(tags) }
      const made = await createOnce(open(), {
        path: 'model-versions/create',
        body: init.runId === undefined ? body : { ...body, run_id: init.runId },
        member: 'model_version',
        // The source is this version's own.
        find: async () => (await wireVersions(model)).find((wire) => wire.source === source),
        signal,
      })
      return versionOf(made)
    },
    getVersion,
    async listVersions(model) {
      const versions = (await wireVersions(model)).map(versionOf)
      return versions.sort((a, b) => Number(a.version) - Number(b.version))
    },
    async updateVersion(model, version, { description, tags }) {
      if ((await getVersion(model, version)) === undefined) throw missingModel(name, model, version)
      await setTags('model-versions', { name: model, version }, tags)
      if (description !== undefined) await open().call('PATCH', 'model-versions/update', { name: model, version, description })
    },
    deleteVersion: (model, version, { removeFiles: andFiles }) =>
      inLine(model, async () => {
        const [record, wire] = await Promise.all([getVersion(model, version), wireModel(model)])
        if (record === undefined || wire === undefined) throw missingModel(name, model, version)
        const { aliases } = modelOf(wire)
        const inUse = Object.keys(aliases).filter((alias) => aliases[alias] === version)
        // The server itself would remove the aliases along with the version.
        if (inUse.length > 0) throw versionInUse(model, version, inUse)
        const place = andFiles ? await placeOf(record) : undefined
        await open().call('DELETE', 'model-versions/delete', { name: model, version }, { doneBefore: 'NotFound' })
        if (place !== undefined) await removeFiles(open(), place)
        if (andFiles && record.modelId !== undefined) {
          await open().call('DELETE', `logged-models/${encodeURIComponent(record.modelId)}`, {}, { doneBefore: 'NotFound' })
        }
      }),

    getAlias,
    moveAlias: (model, alias, version, expected) =>
      inLine(model, async () => {
        if ((await getVersion(model, version)) === undefined) throw missingModel(name, model, version)
        const actual = await getAlias(model, alias)
        if (actual !== expected) throw aliasConflict(model, alias, { expected, actual })
        await open().call('POST', 'registered-models/alias', { name: model, alias, version })
        const stands = await getAlias(model, alias)
        if (stands !== version) throw aliasConflict(model, alias, { expected, actual: stands })
        const stage = Object.hasOwn(stages, alias) ? stages[alias] : undefined
        if (stage !== undefined) await moveStage(model, version, stage)
      }),
    async deleteAlias(model, alias) {
      const version = await getAlias(model, alias)
      if (version === undefined) return
      await open().call('DELETE', 'registered-models/alias', { name: model, alias })
      if (Object.hasOwn(stages, alias)) await moveStage(model, version, 'Archived')
    },

    appendEvent: (event) =>
      inLine(event.model, async () => {
        if (history === 'none') return
        const wire = await wireModel(event.model)
        if (wire === undefined) throw missingModel(name, event.model)
        await setTags('registered-models', { name: event.model }, Object.fromEntries(eventTags(event, tagsOf(wire))))
      }),
    async listEvents(model) {
      const wire = history === 'none' ? undefined : await wireModel(model)
      return wire === undefined ? [] : eventsOf(tagsOf(wire))
    },

    request: async (method, path, body = {}) => open().call(method, path, body, { idempotent: method === 'GET' }),

    async listFiles(version) {
      return listVersionFiles(open(), await placeOf(version))
    },
    async readFile(version, path, { signal } = {}) {
      throwIfAborted(signal)
      return downloadFile(open(), await placeOf(version), path, { signal })
    },
    async close() {
      closed = true
      client.close(new MillwrightError('InvalidState', `${name} is closed`))
    },
  })
}
