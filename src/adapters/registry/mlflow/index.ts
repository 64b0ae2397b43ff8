/** The registry backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../../../core/options'
import { throwIfAborted } from '../../../core/signal'
import type { ModelVersionRecord, RegistryBackend, VersionInit } from '../../../ports/registry-backend'
import { aliasConflict, missingModel, versionInUse } from '../../../ports/registry-errors'
import { type MlflowClient, type MlflowClientOptions, mlflowClient } from '../../_mlflow/client'
import { downloadFile, listVersionFiles, removeFiles, uploadFile, type VersionPlace } from './files'
import { eventsOf, eventTags } from './history'
import { list, modelOf, orUndefined, part, tagsOf, toTags, USER_TAG, versionOf, type Wire } from './records'

export type { MlflowClientOptions } from '../../_mlflow/client'

/** Options of {@link mlflowRegistry}. */
export interface MlflowRegistryOptions extends MlflowClientOptions {
  /** Where the history goes, which the server does not keep: tags of the registered model, or nowhere (then `rollback` needs `to`). @default 'tags' */
  readonly history?: 'tags' | 'none' | undefined
  /**
   * Alias → stage (`{ champion: 'Production' }`), for tools that still look at stages: moving the alias also moves the version into the
   * stage, and archives the one that was in it. @default none
   */
  readonly stages?: Readonly<Record<string, 'Staging' | 'Production'>> | undefined
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
export function mlflowRegistry(options: MlflowRegistryOptions = {}): RegistryBackend {
  checkOptions('mlflowRegistry', options, {
    ...{ url: nonEmptyString(), username: ofType('string'), password: ofType('string'), token: ofType('string') },
    ...{ workspace: nonEmptyString(), headers: ofType('object'), retries: wholeNumber(0, 100), backoffMs: finiteNumber(0) },
    ...{ timeoutMs: finiteNumber(1), fetch: ofType('function'), clock: ofType('object') },
    history: oneOf('tags', 'none'),
    stages: ofType('object'),
  })
  const { history = 'tags', stages = {}, ...reach } = options
  const client = mlflowClient(reach)
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
        .call('GET', 'registered-models/get', { name: model })
        .then((answer) => part(answer, 'registered_model')),
    )

  const getVersion = (model: string, version: string): Promise<ModelVersionRecord | undefined> =>
    orUndefined(
      open()
        .call('GET', 'model-versions/get', { name: model, version })
        .then((answer) => versionOf(part(answer, 'model_version'))),
    )

  const getAlias = async (model: string, alias: string): Promise<string | undefined> => {
    const wire = await wireModel(model)
    if (wire === undefined) return undefined
    const { aliases } = modelOf(wire)
    return Object.hasOwn(aliases, alias) ? aliases[alias] : undefined
  }

  /** All pages of a search. */
  const search = async (path: string, key: string, query: Wire): Promise<Wire[]> => {
    const items: Wire[] = []
    for (let token: unknown; ; ) {
      const answer = await open().call('GET', path, { ...query, ...(token === undefined ? {} : { page_token: token }) })
      const page = list(answer, key)
      items.push(...page)
      token = answer.next_page_token
      if (page.length === 0 || typeof token !== 'string' || token === '') return items
    }
  }

  const placeOf = async (version: ModelVersionRecord): Promise<VersionPlace> => {
    const key = JSON.stringify([version.name, version.version])
    let uri = locations.get(key)
    if (uri === undefined) {
      const answer = await open().call('GET', 'model-versions/get-download-uri', { name: version.name, version: version.version })
      uri = String(answer.artifact_uri ?? '')
      if (locations.size >= 10_000) locations.clear()
      locations.set(key, uri)
    }
    return { version, uri }
  }

  const setTags = async (kind: 'registered-models' | 'model-versions', owner: Wire, tags: Readonly<Record<string, string | null>> = {}) => {
    for (const [key, value] of Object.entries(tags)) {
      if (value === null) await open().call('DELETE', `${kind}/delete-tag`, { ...owner, key })
      else await open().call('POST', `${kind}/set-tag`, { ...owner, key, value })
    }
  }

  /** A pending logged model; a run or experiment that the server does not have (tracked elsewhere) gives way to the default experiment. */
  const createLoggedModel = async (model: string, init: VersionInit): Promise<Wire> => {
    const facts = { name: model.replace(/[/:.%"']/g, '-'), model_type: init.modelType }
    const create = async (where: Wire): Promise<Wire> =>
      part(part(await open().call('POST', 'logged-models', { ...where, ...facts }, { idempotent: false }), 'model'), 'info')
    if (init.experimentId === undefined) return create({ experiment_id: '0' })
    return create({ experiment_id: init.experimentId, ...(init.runId === undefined ? {} : { source_run_id: init.runId }) }).catch(
      (error) => {
        if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'InvalidArgument')) return create({ experiment_id: '0' })
        throw error
      },
    )
  }

  const setStatus = async (modelId: string, status: 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED'): Promise<void> => {
    await client.call('PATCH', `logged-models/${encodeURIComponent(modelId)}`, { model_id: modelId, status })
  }

  return {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ atomicAliases: false, history: history === 'tags', persistent: true }),

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
    async listModels() {
      const found = await search('registered-models/search', 'registered_models', { max_results: 1000, order_by: ['name ASC'] })
      return found.map(modelOf).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async updateModel(model, { description, tags }) {
      if ((await wireModel(model)) === undefined) throw missingModel(name, model)
      await setTags('registered-models', { name: model }, tags)
      if (description !== undefined) await open().call('PATCH', 'registered-models/update', { name: model, description })
    },

    async createVersion(model, init, { signal } = {}) {
      const info = await createLoggedModel(model, init)
      const [modelId, uri] = [String(info.model_id), String(info.artifact_uri)]
      try {
        for (const [path, bytes] of Object.entries(init.files(modelId))) {
          throwIfAborted(signal)
          await uploadFile(open(), uri, path, bytes)
        }
        throwIfAborted(signal)
        await setStatus(modelId, 'LOGGED_MODEL_READY')
      } catch (error) {
        await setStatus(modelId, 'LOGGED_MODEL_UPLOAD_FAILED').catch(() => {})
        throw error
      }
      if (init.runId !== undefined && info.source_run_id === init.runId) {
        // Both together make the run show its model.
        await open().call('POST', 'runs/outputs', { run_id: info.source_run_id, models: [{ model_id: modelId, step: 0 }] })
      }
      throwIfAborted(signal)
      const tags = init.user === undefined ? init.tags : { [USER_TAG]: init.user, ...init.tags }
      const answer = await open().call(
        'POST',
        'model-versions/create',
        {
          ...{ name: model, source: `models:/${modelId}`, model_id: modelId, description: init.description, tags: toTags(tags) },
          ...(init.runId === undefined ? {} : { run_id: init.runId }),
        },
        { idempotent: false },
      )
      return versionOf(part(answer, 'model_version'))
    },
    getVersion,
    async listVersions(model) {
      // A name with both quotes cannot be said in a filter.
      const quote = model.includes("'") ? '"' : "'"
      const sayable = !(model.includes("'") && model.includes('"'))
      const found = await search('model-versions/search', 'model_versions', {
        ...(sayable ? { filter: `name=${quote}${model}${quote}` } : {}),
        max_results: sayable ? 10_000 : 1000,
      })
      const versions = found.map(versionOf).filter((version) => version.name === model)
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
        await open().call('DELETE', 'model-versions/delete', { name: model, version })
        if (place !== undefined) await removeFiles(open(), place)
        if (andFiles && record.modelId !== undefined) await open().call('DELETE', `logged-models/${encodeURIComponent(record.modelId)}`)
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
        if (stage === undefined) return
        await open().call('POST', 'model-versions/transition-stage', { name: model, version, stage, archive_existing_versions: true })
      }),
    async deleteAlias(model, alias) {
      if ((await getAlias(model, alias)) === undefined) return
      await open().call('DELETE', 'registered-models/alias', { name: model, alias })
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

    async listFiles(version) {
      return listVersionFiles(open(), await placeOf(version))
    },
    async readFile(version, path, { signal } = {}) {
      throwIfAborted(signal)
      return downloadFile(open(), await placeOf(version), path)
    },
    async close() {
      closed = true
    },
  }
}
