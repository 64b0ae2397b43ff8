/** Versions of registered models in MLflow's layout on an object store. */
import { isMillwrightError } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import { versionFolder } from '../../mlruns/keys'
import { DELETED_STAGE, parseModelMeta, versionMeta, versionRecord } from '../../mlruns/model-meta'
import type { ObjectStore } from '../../ports/object-store'
import type { ModelVersionRecord, RegistryBackend } from '../../ports/registry-backend'
import { missingModel, versionInUse } from '../../ports/registry-errors'
import { listAll } from '../../ports/stored-objects'
import { artifactsFolder, storeModelFiles } from './files'
import { readAliases, readVersion, versionNumbers } from './read-records'
import { readAll, updateObject, writeTags } from './stored-records'

/** Attempts to create a version under a free number. Each failed one means that another writer took the number. */
const NUMBER_ATTEMPTS = 200

type VersionCalls = Pick<RegistryBackend, 'createVersion' | 'getVersion' | 'listVersions' | 'updateVersion' | 'deleteVersion'>

/** The calls on versions. */
export function storedVersions(store: ObjectStore): VersionCalls {
  /** @throws NotFound */
  const held = async (name: string, version: string): Promise<ModelVersionRecord> => {
    const record = await readVersion(store, name, version)
    if (record === undefined) throw missingModel(store.name, name, version)
    return record
  }
  return {
    getVersion: (name, version) => readVersion(store, name, version),
    async listVersions(name, onDamaged) {
      return readAll(await versionNumbers(store, name), (number) => readVersion(store, name, String(number)), onDamaged)
    },
    async createVersion(name, init, { signal } = {}) {
      const { modelId, source } = await storeModelFiles(store, name, init, signal)
      const { createdAt, description, runId, user, tags } = init
      const facts = { name, createdAt, updatedAt: createdAt, description, source, runId, modelId, user, tags }
      const record = await addUnderFreeNumber(store, facts, signal)
      await writeTags(store, versionFolder(name, record.version), tags)
      return record
    },
    async updateVersion(name, version, change) {
      const record = await held(name, version)
      const { checkKeysBeside } = await import('../tags')
      checkKeysBeside(change.tags ?? {}, record.tags)
      await writeTags(store, versionFolder(name, version), change.tags)
      const key = `${versionFolder(name, version)}meta.yaml`
      await updateObject(store, key, async (bytes) => {
        const meta = await parseModelMeta(bytes, key)
        const description = change.description ?? meta.description ?? ''
        return versionMeta({ ...versionRecord(name, version, meta, {}), description, updatedAt: change.updatedAt }, meta.current_stage)
      })
    },
    async deleteVersion(name, version, { at, removeFiles }) {
      const record = await held(name, version)
      const setStage = (stage: string): Promise<void> =>
        updateObject(store, `${versionFolder(name, version)}meta.yaml`, async () => versionMeta({ ...record, updatedAt: at }, stage))
      await assertNoAlias(store, name, version)
      await setStage(DELETED_STAGE)
      // An alias may have moved to the version meanwhile: see `moveAlias`.
      await assertNoAlias(store, name, version).catch(async (error) => {
        await setStage('None')
        throw error
      })
      if (removeFiles) for (const { key } of await listAll(store, artifactsFolder(store, record))) await store.delete(key)
    },
  }
}

/** Creates the meta.yaml of a version under the next number that no other writer takes. @throws Conflict after 200 attempts */
async function addUnderFreeNumber(
  store: ObjectStore,
  facts: Omit<ModelVersionRecord, 'version'>,
  signal: AbortSignal | undefined,
): Promise<ModelVersionRecord> {
  let number = ((await versionNumbers(store, facts.name)).at(-1) ?? 0) + 1
  for (let attempt = 0; ; attempt++, number++) {
    throwIfAborted(signal)
    const record = { ...facts, version: String(number) }
    try {
      await store.put(`${versionFolder(facts.name, record.version)}meta.yaml`, versionMeta(record), { ifAbsent: true })
      return record
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === NUMBER_ATTEMPTS) throw error
    }
  }
}

/** @throws InvalidState where an alias points to the version */
async function assertNoAlias(store: ObjectStore, name: string, version: string): Promise<void> {
  const aliases = await readAliases(store, name)
  const pointing = Object.keys(aliases).filter((alias) => aliases[alias] === version)
  if (pointing.length > 0) throw versionInUse(name, version, pointing)
}
