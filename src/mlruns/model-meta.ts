/** The `meta.yaml` of registered models, their versions and logged models, as MLflow's file store has them. */

import { utf8 } from '../core/bytes'
import { damaged } from '../core/damage'
import { show } from '../core/errors'
import { toYaml } from '../core/yaml-write'
import type { ModelVersionRecord, RegisteredModelRecord, VersionInit } from '../ports/registry-backend'
import { modelFolder, versionFolder } from './keys'
import { parseMeta } from './meta'

/** The stage of a deleted version, whose folder stays. */
export const DELETED_STAGE = 'Deleted_Internal'

/** The text members of the `meta.yaml` of a model or version, without empty ones and nulls. */
export type ModelMeta = Readonly<Record<string, string>>

/** Reads the `meta.yaml` of a registered model or a version. @throws Corrupt for a file that is no YAML */
export async function parseModelMeta(bytes: Uint8Array, subject: string): Promise<ModelMeta> {
  const members = Object.entries(await parseMeta(bytes, subject)).filter(
    (member): member is [string, string] => typeof member[1] === 'string',
  )
  return Object.fromEntries(members)
}

/** A registered model's `meta.yaml`. */
export function modelMeta(
  name: string,
  facts: { readonly createdAt: number; readonly updatedAt: number; readonly description: string },
): Uint8Array {
  return utf8(
    toYaml({
      aliases: {},
      creation_timestamp: facts.createdAt,
      deployment_job_id: null,
      deployment_job_state: null,
      description: facts.description || null,
      last_updated_timestamp: facts.updatedAt,
      name,
      workspace: 'default',
    }),
  )
}

/** A version's `meta.yaml`. */
export function versionMeta(record: Omit<ModelVersionRecord, 'tags'>, stage = 'None'): Uint8Array {
  return utf8(
    toYaml({
      creation_timestamp: record.createdAt,
      current_stage: stage,
      deployment_job_state: null,
      description: record.description || null,
      last_updated_timestamp: record.updatedAt,
      model_id: record.modelId ?? null,
      name: record.name,
      run_id: record.runId ?? null,
      run_link: null,
      source: record.source,
      status: 'READY',
      status_message: null,
      storage_location: record.source,
      user_id: record.user ?? null,
      version: Number(record.version),
      workspace: 'default',
    }),
  )
}

/**
 * The record of a version, from its `meta.yaml` and tags.
 *
 * @throws Corrupt when the file is incomplete, or is that of another version
 */
export function versionRecord(name: string, version: string, meta: ModelMeta, tags: Readonly<Record<string, string>>): ModelVersionRecord {
  const file = `${versionFolder(name, version)}meta.yaml`
  if (meta.version !== version) throw damaged(file, ['version'], version, meta.version)
  const createdAt = timeOf(meta, 'creation_timestamp', file) ?? 0
  return {
    name,
    version,
    createdAt,
    updatedAt: timeOf(meta, 'last_updated_timestamp', file) ?? createdAt,
    description: meta.description ?? '',
    source: meta.storage_location ?? meta.source ?? '',
    runId: meta.run_id || undefined,
    modelId: meta.model_id || undefined,
    user: meta.user_id || undefined,
    tags,
  }
}

/** The times and the description of a model. @throws Corrupt when the file is incomplete, or is that of another model */
export function modelFacts(name: string, meta: ModelMeta): Pick<RegisteredModelRecord, 'createdAt' | 'updatedAt' | 'description'> {
  const file = `${modelFolder(name)}meta.yaml`
  if (meta.name !== name) throw damaged(file, ['name'], show(name), meta.name)
  const createdAt = timeOf(meta, 'creation_timestamp', file) ?? 0
  return { createdAt, updatedAt: timeOf(meta, 'last_updated_timestamp', file) ?? createdAt, description: meta.description ?? '' }
}

/** The version in the file of an alias. @throws Corrupt where it holds none */
export function aliasTarget(text: string, file: string): string {
  const version = text.trim()
  if (!/^[1-9]\d{0,14}$/.test(version)) throw damaged(file, [], 'the number of a version', text)
  return version
}

function timeOf(meta: ModelMeta, key: string, file: string): number | undefined {
  const text = meta[key]
  if (text === undefined) return undefined
  const time = Number(text)
  if (text === '' || !Number.isFinite(time)) throw damaged(file, [key], 'a time in milliseconds', text)
  return time
}

/** A logged model's `meta.yaml`. Status 1 is pending, 2 ready. */
export function loggedModelMeta(
  name: string,
  modelId: string,
  experimentId: string,
  uri: string,
  init: VersionInit,
  status: 1 | 2,
): Uint8Array {
  return utf8(
    toYaml({
      artifact_location: uri,
      creation_timestamp: init.createdAt,
      experiment_id: experimentId,
      last_updated_timestamp: init.createdAt,
      lifecycle_stage: 'active',
      model_id: modelId,
      model_type: init.modelType,
      name,
      source_run_id: init.runId ?? null,
      status,
      status_message: null,
    }),
  )
}

/** The `meta.yaml` of a model among the outputs of a run. MLflow reads the id from `destination_id`. */
export function runOutputMeta(modelId: string): Uint8Array {
  return utf8(
    toYaml({ destination_id: modelId, destination_type: 'MODEL_OUTPUT', source_id: modelId, source_type: 'RUN_OUTPUT', step: 0, tags: {} }),
  )
}

/** The `meta.yaml` of the default experiment. Without it, MLflow does not find the models of this experiment. */
export function defaultExperimentMeta(uri: string, at: number): Uint8Array {
  return utf8(
    toYaml({
      artifact_location: uri,
      creation_time: at,
      experiment_id: '0',
      last_update_time: at,
      lifecycle_stage: 'active',
      name: 'Default',
      trace_location: null,
      workspace: 'default',
    }),
  )
}
