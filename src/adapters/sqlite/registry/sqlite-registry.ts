/** The registry backend on a SQLite file with MLflow's own schema: MLflow opens the file, and its models load in Python. Node only. */

import { displayPort } from '../../../core/display'
import { invalidArgument, MillwrightError } from '../../../core/errors'
import { anything, checkOptions, finiteNumber, nonEmptyString } from '../../../core/options'
import { assertUsage } from '../../../core/usage'
import { appendStoredEvent, findLastStoredEvent, listStoredEvents } from '../../../mlruns/registry-history'
import type { ObjectStore } from '../../../ports/object-store'
import { objectStoreRule } from '../../../ports/port-rules'
import type { RegistryBackend } from '../../../ports/registry-backend'
import { aliasConflict, missingModel } from '../../../ports/registry-errors'
import { listAll } from '../../../ports/stored-objects'
import { type Connection, createConnection, openDatabase } from '../database/database'
import { filesFolder } from './places'
import { type RegistryTables, registryTables } from './tables'
import { sqliteVersions } from './versions'

/** Options of {@link sqliteRegistry}. */
export interface SqliteRegistryOptions {
  /** The database file. A missing file is created, and its folder too. A tracker may use the same file. */
  readonly path: string
  /** Stores the files of models and the history, below `mlruns/`. With `fsStorage({ root })` MLflow finds the files too. */
  readonly storage: ObjectStore
  /** better-sqlite3's default export, to be used instead of `node:sqlite`. @default `node:sqlite` where the runtime has it, else better-sqlite3 */
  readonly lib?: unknown
  /** Milliseconds to wait for the lock of another process. @default 20000 */
  readonly busyTimeoutMs?: number | undefined
}

/**
 * Registered models in a SQLite file with MLflow 3.0's schema. A newer MLflow upgrades the file in place when it opens it; this backend then
 * still reads and writes it.
 *
 * Files are stored first, then the version with its tags and links in one transaction. An alias moves by compare-and-set inside an immediate
 * transaction, which holds against other processes and against MLflow itself. Closing the backend does not close the storage.
 *
 * @example
 * const storage = fsStorage({ root: '.' })
 * const registry = new ModelRegistry({ backend: await sqliteRegistry({ path: 'mlflow.db', storage }) })
 * @throws MissingDependency, Corrupt, NotFound (folder), PermissionDenied; Unsupported when the storage has no conditional put
 */
export async function sqliteRegistry(options: SqliteRegistryOptions): Promise<RegistryBackend> {
  checkRegistryOptions(options)
  const { path, storage } = options
  const name = `sqliteRegistry(${path})`
  const database = await openDatabase(options)
  const connection = createConnection(database, { name, storage })
  const rows = registryTables(database)
  /** The tables. @throws InvalidState once closed */
  const tables = (): RegistryTables => {
    connection.open()
    return rows
  }
  return displayPort<RegistryBackend>('RegistryBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({
      atomicAliases: true,
      history: true,
      persistent: path !== ':memory:' && storage.capabilities.persistent,
    }),
    ...modelCalls(connection, tables),
    ...sqliteVersions(connection, tables),
    ...aliasCalls(connection, tables),
    ...storageCalls(connection),
    close: () => connection.close(),
  })
}

function checkRegistryOptions(options: SqliteRegistryOptions): void {
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
  const { path, storage } = options
  if (path === undefined || storage === undefined) {
    throw invalidArgument(
      "sqliteRegistry needs `path` and `storage`: write await sqliteRegistry({ path: 'mlflow.db', storage: fsStorage({ root: '.' }) })",
    )
  }
  if (!storage.capabilities.conditionalPut) {
    throw new MillwrightError('Unsupported', `a model registry needs a store with conditional put, and ${storage.name} has none`)
  }
}

function modelCalls(
  { name, write }: Connection,
  tables: () => RegistryTables,
): Pick<RegistryBackend, 'ensureModel' | 'getModel' | 'listModels' | 'updateModel'> {
  return {
    ensureModel: (model, { createdAt }) =>
      write(() => {
        if (tables().models.get(model) === undefined) tables().models.add(model, createdAt)
      }),
    getModel: (model) => tables().models.get(model),
    listModels: (limit) => tables().models.list(limit),
    updateModel: (model, change) =>
      write(() => {
        if (tables().models.get(model) === undefined) throw missingModel(name, model)
        tables().models.change(model, change)
      }),
  }
}

function aliasCalls(
  { name, write }: Connection,
  tables: () => RegistryTables,
): Pick<RegistryBackend, 'getAlias' | 'moveAlias' | 'deleteAlias'> {
  return {
    getAlias: (model, alias) => tables().aliases.get(model, alias),
    moveAlias: (model, alias, version, expected) =>
      write(() => {
        if (tables().versions.get(model, version) === undefined) throw missingModel(name, model, version)
        const actual = tables().aliases.get(model, alias)
        if (actual !== expected) throw aliasConflict(model, alias, { expected, actual })
        tables().aliases.set(model, alias, version)
      }),
    deleteAlias: (model, alias) => write(() => tables().aliases.delete(model, alias)),
  }
}

/** The calls that only use the storage: the history, for which MLflow has no table, and the files of versions. */
function storageCalls({
  storage,
  open,
}: Connection): Pick<RegistryBackend, 'appendEvent' | 'listEvents' | 'findLastEvent' | 'listFiles' | 'readFile'> {
  return {
    async appendEvent(event) {
      open()
      return appendStoredEvent(storage, event)
    },
    async listEvents(model) {
      open()
      return listStoredEvents(storage, model)
    },
    async findLastEvent(model, isMeant) {
      open()
      return findLastStoredEvent(storage, model, isMeant)
    },
    async listFiles(version) {
      open()
      const folder = filesFolder(storage, version)
      return (await listAll(storage, folder)).map(({ key }) => key.slice(folder.length))
    },
    async readFile(version, path, options) {
      open()
      return storage.get(filesFolder(storage, version) + path, options)
    },
  }
}
