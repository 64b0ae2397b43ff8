/** The registry backend on a SQLite file with MLflow's own schema: plain MLflow opens it as it is, and its models load in Python. Node only. */

import { displayPort } from '../../../core/display'
import { invalidArgument, MillwrightError } from '../../../core/errors'
import { anything, checkOptions, finiteNumber, nonEmptyString } from '../../../core/options'
import { throwIfAborted } from '../../../core/signal'
import { assertUsage } from '../../../core/usage'
import { appendStoredEvent, findLastStoredEvent, listStoredEvents } from '../../../mlruns/registry-history'
import type { ObjectStore } from '../../../ports/object-store'
import { objectStoreRule } from '../../../ports/port-rules'
import type { RegistryBackend } from '../../../ports/registry-backend'
import { aliasConflict, missingModel, versionInUse } from '../../../ports/registry-errors'
import { listAll } from '../../../ports/stored-objects'
import { openDatabase } from '../database/database'
import { addPendingModel, failModel, finishModel, hideModel } from './logged-model'
import { filesFolder } from './places'
import { registryTables } from './tables'

/** Options of {@link sqliteRegistry}. */
export interface SqliteRegistryOptions {
  /** The database file; made with its folder when absent. A tracker may keep its runs in the same one. */
  readonly path: string
  /** Where models' files and the history go, below `mlruns/`: `fsStorage({ root })` for files that MLflow finds too. */
  readonly storage: ObjectStore
  /** better-sqlite3's default export, for a Node without `node:sqlite`. @default whatever is there */
  readonly lib?: unknown
  /** Milliseconds to wait for another process's write. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
}

/**
 * Registered models in a SQLite file of MLflow 3.0's schema. Newer MLflow upgrades the file in place when it opens it; this backend goes on
 * reading and writing it.
 *
 * Files are stored first, then version, tags and links in one transaction; an alias moves by compare-and-set inside an immediate
 * transaction, so also between processes and against MLflow itself. The storage is not closed with the backend.
 *
 * @example
 * const storage = fsStorage({ root: '.' })
 * const registry = new ModelRegistry({ backend: await sqliteRegistry({ path: 'mlflow.db', storage }) })
 * @throws MissingDependency, Corrupt, NotFound (folder), PermissionDenied; Unsupported when the storage has no conditional put
 */
export async function sqliteRegistry(options: SqliteRegistryOptions): Promise<RegistryBackend> {
  assertUsage('sqliteRegistry', options, {
    write: (path) => `await sqliteRegistry({ path: ${path}, storage: fsStorage({ root: '.' }) })`,
    text: 'mlflow.db',
    renamed: { file: 'path', database: 'path' },
  })
  checkOptions('sqliteRegistry', options, {
    path: nonEmptyString(),
    storage: objectStoreRule(),
    lib: anything(),
    busyTimeoutMs: finiteNumber(0),
  })
  const { storage, path } = options
  if (path === undefined || storage === undefined) {
    throw invalidArgument(
      "sqliteRegistry needs `path` and `storage`: write await sqliteRegistry({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) })",
    )
  }
  if (!storage.capabilities.conditionalPut) {
    throw new MillwrightError('Unsupported', `a model registry needs a store with conditional put, and ${storage.name} has none`)
  }
  const database = await openDatabase(options)
  const tables = registryTables(database)
  const name = `sqliteRegistry(${options.path})`
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
  }
  const read = <T>(work: () => T): T => {
    assertOpen()
    return work()
  }
  const write = <T>(work: () => T): T => {
    assertOpen()
    return database.transaction(work)
  }

  return displayPort<RegistryBackend>('RegistryBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({
      atomicAliases: true,
      history: true,
      persistent: options.path !== ':memory:' && storage.capabilities.persistent,
    }),

    ensureModel: (model, { createdAt }) =>
      write(() => {
        if (tables.model(model) === undefined) tables.addModel(model, createdAt)
      }),
    getModel: (model) => read(() => tables.model(model)),
    listModels: (limit) => read(() => tables.models(limit)),
    updateModel: (model, change) =>
      write(() => {
        if (tables.model(model) === undefined) throw missingModel(name, model)
        tables.change(change, model)
      }),

    async createVersion(model, init, { signal } = {}) {
      const pending = write(() => addPendingModel(database, storage, model, init))
      try {
        for (const [path, bytes] of Object.entries(init.files(pending.modelId))) {
          await storage.put(`${pending.key}/${path}`, bytes, { signal })
        }
        throwIfAborted(signal)
      } catch (error) {
        if (!closed) failModel(database, pending)
        throw error
      }
      return write(() => {
        // Another process may have removed the model with all its versions meanwhile.
        if (tables.model(model) === undefined) tables.addModel(model, init.createdAt)
        finishModel(database, pending, init)
        const { createdAt, description, runId, user, tags } = init
        const facts = { name: model, createdAt, description, runId, user, tags, modelId: pending.modelId }
        const location = storage.uri(pending.key)
        const version = tables.addVersion({ ...facts, source: `models:/${pending.modelId}`, location })
        return { ...facts, version, updatedAt: createdAt, source: location }
      })
    },
    getVersion: (model, version) => read(() => tables.version(model, version)),
    listVersions: (model) => read(() => tables.versions(model)),
    updateVersion: (model, version, change) =>
      write(() => {
        if (tables.version(model, version) === undefined) throw missingModel(name, model, version)
        tables.change(change, model, version)
      }),
    async deleteVersion(model, version, { at, removeFiles }) {
      const record = write(() => {
        const held = tables.version(model, version)
        if (held === undefined) throw missingModel(name, model, version)
        const aliases = Object.entries(tables.aliases(model)).filter(([, target]) => target === version)
        if (aliases.length > 0) {
          throw versionInUse(
            model,
            version,
            aliases.map(([alias]) => alias),
          )
        }
        if (removeFiles && held.modelId !== undefined) hideModel(database, held.modelId)
        tables.markDeleted(model, version, at)
        return held
      })
      if (removeFiles) for (const { key } of await listAll(storage, filesFolder(storage, record))) await storage.delete(key)
    },

    getAlias: (model, alias) => read(() => tables.alias(model, alias)),
    moveAlias: (model, alias, version, expected) =>
      write(() => {
        if (tables.version(model, version) === undefined) throw missingModel(name, model, version)
        const actual = tables.alias(model, alias)
        if (actual !== expected) throw aliasConflict(model, alias, { expected, actual })
        tables.setAlias(model, alias, version)
      }),
    deleteAlias: (model, alias) => write(() => tables.setAlias(model, alias, undefined)),

    appendEvent: async (event) => read(() => appendStoredEvent(storage, event)),
    listEvents: async (model) => read(() => listStoredEvents(storage, model)),
    findLastEvent: async (model, isMeant) => read(() => findLastStoredEvent(storage, model, isMeant)),

    async listFiles(version) {
      assertOpen()
      const folder = filesFolder(storage, version)
      return (await listAll(storage, folder)).map(({ key }) => key.slice(folder.length))
    },
    async readFile(version, path, readOptions) {
      assertOpen()
      return storage.get(filesFolder(storage, version) + path, readOptions)
    },
    async close() {
      closed = true
      database.close()
    },
  })
}
