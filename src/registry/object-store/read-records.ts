/** Reading registered models, versions and aliases from MLflow's layout. */
import { fromUtf8 } from '../../core/bytes'
import { modelFolder, versionFolder } from '../../mlruns/keys'
import { aliasTarget, DELETED_STAGE, modelFacts, parseModelMeta, versionRecord } from '../../mlruns/model-meta'
import type { ObjectStore } from '../../ports/object-store'
import type { ModelVersionRecord, RegisteredModelRecord } from '../../ports/registry-backend'
import { readOptional } from '../../ports/stored-objects'
import { listFolders, readTexts } from './stored-records'

/** The key of the object that holds the version of an alias, as text. */
export function aliasKey(name: string, alias: string): string {
  return `${modelFolder(name)}aliases/${alias}`
}

/** A registered model with its tags and aliases. @throws Corrupt */
export async function readModel(store: ObjectStore, name: string): Promise<RegisteredModelRecord | undefined> {
  const key = `${modelFolder(name)}meta.yaml`
  const bytes = await readOptional(store, key)
  if (bytes === undefined) return undefined
  const meta = await parseModelMeta(bytes, key)
  return {
    name,
    ...modelFacts(name, meta),
    tags: await readTexts(store, `${modelFolder(name)}tags/`),
    aliases: await readAliases(store, name),
  }
}

/** A version with its tags; `undefined` also for a deleted one. @throws Corrupt */
export async function readVersion(store: ObjectStore, name: string, version: string): Promise<ModelVersionRecord | undefined> {
  const folder = versionFolder(name, version)
  const bytes = await readOptional(store, `${folder}meta.yaml`)
  if (bytes === undefined) return undefined
  const meta = await parseModelMeta(bytes, `${folder}meta.yaml`)
  if (meta.current_stage === DELETED_STAGE) return undefined
  return versionRecord(name, version, meta, await readTexts(store, `${folder}tags/`))
}

/** The numbers of all versions, also of deleted ones, ascending. */
export async function versionNumbers(store: ObjectStore, name: string): Promise<number[]> {
  const prefix = `${modelFolder(name)}version-`
  const folders = await listFolders(store, prefix)
  return folders
    .map((folder) => Number(folder.slice(prefix.length, -1)))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => a - b)
}

/** The version of an alias. @throws Corrupt */
export async function readAlias(store: ObjectStore, name: string, alias: string): Promise<string | undefined> {
  const key = aliasKey(name, alias)
  const bytes = await readOptional(store, key)
  return bytes === undefined ? undefined : aliasTarget(fromUtf8(bytes), key)
}

/** Alias → version. @throws Corrupt */
export async function readAliases(store: ObjectStore, name: string): Promise<Record<string, string>> {
  const folder = aliasKey(name, '')
  const targets = Object.entries(await readTexts(store, folder))
  return Object.fromEntries(targets.map(([alias, text]) => [alias, aliasTarget(text, folder + alias)]))
}
