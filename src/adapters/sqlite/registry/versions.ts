/** Versions of registered models: their rows in MLflow's tables, and their files in the storage. */
import { throwIfAborted } from '../../../core/signal'
import type { ModelVersionRecord, RegistryBackend, VersionInit } from '../../../ports/registry-backend'
import { missingModel, versionInUse } from '../../../ports/registry-errors'
import { listAll } from '../../../ports/stored-objects'
import type { Connection } from '../database/database'
import { addPendingModel, failModel, finishModel, hideModel } from './logged-model'
import { filesFolder } from './places'
import type { RegistryTables } from './tables'

type VersionCalls = Pick<RegistryBackend, 'createVersion' | 'getVersion' | 'listVersions' | 'updateVersion' | 'deleteVersion'>

/** The calls on versions. */
export function sqliteVersions(connection: Connection, tables: () => RegistryTables): VersionCalls {
  const { name, storage, write } = connection
  /** @throws NotFound */
  const held = (model: string, version: string): ModelVersionRecord => {
    const record = tables().versions.get(model, version)
    if (record === undefined) throw missingModel(name, model, version)
    return record
  }
  return {
    async createVersion(model, init, { signal } = {}) {
      const pending = await write((database) => addPendingModel(database, storage, model, init))
      try {
        for (const [path, bytes] of Object.entries(init.files(pending.modelId))) {
          await storage.put(`${pending.key}/${path}`, bytes, { signal })
        }
        throwIfAborted(signal)
      } catch (error) {
        if (!connection.isClosed) failModel(connection.open(), pending)
        throw error
      }
      return write((database) => {
        finishModel(database, pending, init)
        return addVersion(tables(), model, init, { modelId: pending.modelId, location: storage.uri(pending.key) })
      })
    },
    getVersion: (model, version) => tables().versions.get(model, version),
    listVersions: (model) => tables().versions.list(model),
    updateVersion: (model, version, change) =>
      write(() => {
        held(model, version)
        tables().versions.change(model, version, change)
      }),
    async deleteVersion(model, version, { at, removeFiles }) {
      const record = await write((database) => {
        const deleted = held(model, version)
        const aliases = Object.entries(tables().aliases.all(model)).flatMap(([alias, target]) => (target === version ? [alias] : []))
        if (aliases.length > 0) throw versionInUse(model, version, aliases)
        if (removeFiles && deleted.modelId !== undefined) hideModel(database, deleted.modelId)
        tables().versions.markDeleted(model, version, at)
        return deleted
      })
      if (removeFiles) for (const { key } of await listAll(storage, filesFolder(storage, record))) await storage.delete(key)
    },
  }
}

/** Adds the version of a logged model whose files are complete. Inside the caller's transaction. */
function addVersion(
  tables: RegistryTables,
  name: string,
  { createdAt, description, runId, user, tags }: VersionInit,
  { modelId, location }: { readonly modelId: string; readonly location: string },
): ModelVersionRecord {
  // Another process may have removed the model with all its versions meanwhile.
  if (tables.models.get(name) === undefined) tables.models.add(name, createdAt)
  const facts = { name, createdAt, description, runId, user, tags, modelId }
  const version = tables.versions.add({ ...facts, source: `models:/${modelId}`, location })
  return { ...facts, version, updatedAt: createdAt, source: location }
}
