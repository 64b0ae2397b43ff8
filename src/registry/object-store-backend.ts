/** The registry backend over any object store, in the layout of MLflow's file store. */

import { fromUtf8, utf8 } from '../core/bytes'
import { displayPort } from '../core/display'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import { experimentFolder, keyInMovedTree, loggedModelFolder, MODELS_ROOT, modelFolder, runFolder, versionFolder } from '../mlruns/keys'
import {
  aliasTarget,
  DELETED_STAGE,
  defaultExperimentMeta,
  loggedModelMeta,
  modelFacts,
  modelMeta,
  parseModelMeta,
  runOutputMeta,
  versionMeta,
  versionRecord,
} from '../mlruns/model-meta'
import { appendStoredEvent, findLastStoredEvent, listStoredEvents } from '../mlruns/registry-history'
import type { ObjectStore } from '../ports/object-store'
import type { ModelVersionRecord, RecordChange, RegisteredModelRecord, RegistryBackend } from '../ports/registry-backend'
import { aliasConflict, missingModel, versionInUse } from '../ports/registry-errors'
import { listAll, readOptional } from '../ports/stored-objects'
import { assertModelName } from './reference'
import { listFolders, readAll, readTexts, updateObject } from './stored-records'

/** Attempts to get the next free number of a version before giving up. */
const NUMBER_ATTEMPTS = 200

/**
 * A registry backend over `store`.
 *
 * `mlruns/models/<name>/` holds `meta.yaml`, `version-<n>/`, `aliases/<alias>` (the version as text), `tags/` and, for the history, one object
 * per event below `history/` and the last number in `history-last`, which MLflow does not look at. Files are a logged model below `mlruns/<experiment>/models/m-…/artifacts/`.
 *
 * @throws Unsupported when the store has no conditional put
 */
export function objectStoreBackend(store: ObjectStore): RegistryBackend {
  if (!store.capabilities.conditionalPut) {
    throw new MillwrightError('Unsupported', `a model registry needs a store with conditional put, and ${store.name} has none`)
  }

  const readVersion = async (name: string, version: string): Promise<ModelVersionRecord | undefined> => {
    const folder = versionFolder(name, version)
    const bytes = await readOptional(store, `${folder}meta.yaml`)
    if (bytes === undefined) return undefined
    const meta = await parseModelMeta(bytes, `${folder}meta.yaml`)
    if (meta.current_stage === DELETED_STAGE) return undefined
    return versionRecord(name, version, meta, await readTexts(store, `${folder}tags/`))
  }

  const readAliases = async (name: string): Promise<Record<string, string>> => {
    const folder = `${modelFolder(name)}aliases/`
    const targets = Object.entries(await readTexts(store, folder))
    return Object.fromEntries(targets.map(([alias, text]) => [alias, aliasTarget(text, folder + alias)]))
  }

  const readAlias = async (name: string, alias: string): Promise<string | undefined> => {
    const key = `${modelFolder(name)}aliases/${alias}`
    const bytes = await readOptional(store, key)
    return bytes === undefined ? undefined : aliasTarget(fromUtf8(bytes), key)
  }

  const readModel = async (name: string): Promise<RegisteredModelRecord | undefined> => {
    const bytes = await readOptional(store, `${modelFolder(name)}meta.yaml`)
    if (bytes === undefined) return undefined
    const meta = await parseModelMeta(bytes, `${modelFolder(name)}meta.yaml`)
    return {
      name,
      ...modelFacts(name, meta),
      tags: await readTexts(store, `${modelFolder(name)}tags/`),
      aliases: await readAliases(name),
    }
  }

  /** All numbers in use, also those of deleted versions, ascending. */
  const numbersOf = async (name: string): Promise<number[]> => {
    const folders = await listFolders(store, `${modelFolder(name)}version-`)
    return folders
      .map((folder) => Number(folder.slice(`${modelFolder(name)}version-`.length, -1)))
      .filter((number) => Number.isSafeInteger(number) && number > 0)
      .sort((a, b) => a - b)
  }

  const writeTags = async (folder: string, tags: RecordChange['tags'] = {}): Promise<void> => {
    const all = Object.entries(tags)
    // Removed first: a tag `a` may make room for `a/b`.
    for (const [key, value] of all) if (value === null) await store.delete(`${folder}tags/${key}`)
    for (const [key, value] of all) if (value !== null) await store.put(`${folder}tags/${key}`, utf8(value))
  }

  /** Where the files of a version lie; a tree that was moved is found by the part of the URI below `mlruns/`. */
  const artifactsOf = (version: ModelVersionRecord): string => {
    const key = keyInMovedTree(decodeUri(version.source))
    if (key !== undefined) return key
    const message = `the files of ${show(version.name)} version ${version.version} lie outside ${store.name}: ${version.source}`
    throw new MillwrightError('Unsupported', message)
  }

  const aliasesAt = async (name: string, version: string): Promise<string[]> => {
    const aliases = await readAliases(name)
    return Object.keys(aliases).filter((alias) => aliases[alias] === version)
  }

  const missing = (name: string, version?: string): MillwrightError => missingModel(store.name, name, version)

  return displayPort('RegistryBackend', {
    portVersion: 1,
    name: store.name,
    capabilities: { atomicAliases: true, history: true, persistent: store.capabilities.persistent },
    getModel: readModel,
    getVersion: readVersion,
    close: () => store.close(),

    async ensureModel(name, { createdAt }) {
      assertModelName(name)
      // MLflow takes folders for parts of a URI: of one such model it would not find the meta.yaml, and then list no model at all.
      if (/[#?]/.test(name)) throw invalidArgument(`the name of a registered model in files must not hold # or ?, got ${show(name)}`)
      const key = `${modelFolder(name)}meta.yaml`
      if ((await store.head(key)) === undefined) {
        await putOnce(store, key, modelMeta(name, { createdAt, updatedAt: createdAt, description: '' }))
      }
    },

    async listModels(limit, onDamaged) {
      const folders = await listFolders(store, MODELS_ROOT)
      return readAll(folders.slice(0, limit), (folder) => readModel(folder.slice(MODELS_ROOT.length, -1)), onDamaged)
    },

    async updateModel(name, change) {
      const model = await readModel(name)
      if (model === undefined) throw missing(name)
      const { checkKeysBeside } = await import('./tags')
      checkKeysBeside(change.tags ?? {}, model.tags)
      await writeTags(modelFolder(name), change.tags)
      await updateObject(store, `${modelFolder(name)}meta.yaml`, async (bytes) => {
        const meta = await parseModelMeta(bytes, `${modelFolder(name)}meta.yaml`)
        return modelMeta(name, {
          createdAt: model.createdAt,
          updatedAt: change.updatedAt,
          description: change.description ?? meta.description ?? '',
        })
      })
    },

    async createVersion(name, init, { signal } = {}) {
      const experimentId = init.experimentId ?? '0'
      const modelId = `m-${newId()}`
      const folder = loggedModelFolder(experimentId, modelId)
      const source = store.uri(`${folder}artifacts`)
      if (experimentId === '0')
        await putOnce(
          store,
          `${experimentFolder('0')}meta.yaml`,
          defaultExperimentMeta(store.uri(experimentFolder('0').slice(0, -1)), init.createdAt),
        )
      await store.put(`${folder}meta.yaml`, loggedModelMeta(name, modelId, experimentId, source, init, 1), { signal })
      for (const [path, bytes] of Object.entries(init.files(modelId))) await store.put(`${folder}artifacts/${path}`, bytes, { signal })
      if (init.runId !== undefined) await linkRun(store, experimentId, init.runId, modelId, init)
      await store.put(`${folder}meta.yaml`, loggedModelMeta(name, modelId, experimentId, source, init, 2), { signal })

      const { createdAt, description, runId, user, tags } = init
      let number = ((await numbersOf(name)).at(-1) ?? 0) + 1
      for (let attempt = 0; ; attempt++, number++) {
        if (signal?.aborted) throw signal.reason
        const record = { name, version: String(number), createdAt, updatedAt: createdAt, description, source, runId, modelId, user, tags }
        try {
          await store.put(`${versionFolder(name, record.version)}meta.yaml`, versionMeta(record), { ifAbsent: true })
        } catch (error) {
          if (!isMillwrightError(error, 'Conflict') || attempt === NUMBER_ATTEMPTS) throw error
          continue
        }
        await writeTags(versionFolder(name, record.version), tags)
        return record
      }
    },

    async listVersions(name, onDamaged) {
      return readAll(await numbersOf(name), (number) => readVersion(name, String(number)), onDamaged)
    },

    async updateVersion(name, version, change) {
      const record = await readVersion(name, version)
      if (record === undefined) throw missing(name, version)
      const { checkKeysBeside } = await import('./tags')
      checkKeysBeside(change.tags ?? {}, record.tags)
      await writeTags(versionFolder(name, version), change.tags)
      const key = `${versionFolder(name, version)}meta.yaml`
      await updateObject(store, key, async (bytes) => {
        const meta = await parseModelMeta(bytes, key)
        const description = change.description ?? meta.description ?? ''
        return versionMeta({ ...versionRecord(name, version, meta, {}), description, updatedAt: change.updatedAt }, meta.current_stage)
      })
    },

    async deleteVersion(name, version, { at, removeFiles }) {
      const record = await readVersion(name, version)
      if (record === undefined) throw missing(name, version)
      const key = `${versionFolder(name, version)}meta.yaml`
      const mark = (stage: string): Promise<void> => updateObject(store, key, async () => versionMeta({ ...record, updatedAt: at }, stage))
      const inUse = async (): Promise<void> => {
        const aliases = await aliasesAt(name, version)
        if (aliases.length > 0) throw versionInUse(name, version, aliases)
      }
      await inUse()
      await mark(DELETED_STAGE)
      // An alias may have moved here meanwhile; whoever moves it looks at the mark afterwards, so that one of the two notices.
      await inUse().catch(async (error) => {
        await mark('None')
        throw error
      })
      if (removeFiles) for (const { key: file } of await listAll(store, artifactsOf(record))) await store.delete(file)
    },

    getAlias: readAlias,

    async moveAlias(name, alias, version, expected) {
      const key = `${modelFolder(name)}aliases/${alias}`
      if ((await readVersion(name, version)) === undefined) throw missing(name, version)
      const head = await store.head(key)
      const actual = head === undefined ? undefined : await readAlias(name, alias)
      const conflict = (cause?: unknown): MillwrightError => aliasConflict(name, alias, { expected, actual, cause })
      if (actual !== expected) throw conflict()
      const written = await Promise.resolve(
        store.put(key, utf8(version), head === undefined ? { ifAbsent: true } : { ifMatch: head.etag }),
      ).catch((error) => {
        throw isMillwrightError(error, 'Conflict') ? conflict(error) : error
      })
      if ((await readVersion(name, version)) !== undefined) return
      // Deleted at this very moment: back to where it was.
      if (expected === undefined) await store.delete(key)
      else await store.put(key, utf8(expected), { ifMatch: written.etag })
      throw missing(name, version)
    },

    deleteAlias: async (name, alias) => store.delete(`${modelFolder(name)}aliases/${alias}`),

    appendEvent: async (event) => appendStoredEvent(store, event),
    listEvents: async (name) => listStoredEvents(store, name),
    findLastEvent: async (name, isMeant) => findLastStoredEvent(store, name, isMeant),

    async listFiles(version) {
      const folder = artifactsOf(version)
      return (await listAll(store, folder)).map(({ key }) => key.slice(folder.length))
    },

    readFile: async (version, path, options) => store.get(artifactsOf(version) + path, options),
  })
}

/** Notes with the run which model it made, where the run lies in the same tree; and the metrics with the model. */
async function linkRun(
  store: ObjectStore,
  experimentId: string,
  runId: string,
  modelId: string,
  init: { readonly metrics: Readonly<Record<string, number>>; readonly createdAt: number },
): Promise<void> {
  const run = runFolder(experimentId, runId)
  if ((await store.head(`${run}meta.yaml`)) === undefined) return
  await store.put(`${run}outputs/${modelId}/meta.yaml`, runOutputMeta(modelId))
  for (const [name, value] of Object.entries(init.metrics)) {
    // Names that are no file names stay in the manifest alone.
    if (!/^[\w.-]+$/.test(name)) continue
    const line = `${init.createdAt} ${Number.isNaN(value) ? 'nan' : value} 0 ${runId}\n`
    await store.put(`${loggedModelFolder(experimentId, modelId)}metrics/${name}`, utf8(line))
  }
}

/** Creates an object; one that is there already is as good. */
async function putOnce(store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(key, bytes, { ifAbsent: true })
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
  }
}

function decodeUri(uri: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri)) return uri
  try {
    return decodeURIComponent(uri)
  } catch {
    return uri
  }
}
