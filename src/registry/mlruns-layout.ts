/** Where things lie in MLflow's `mlruns` tree, and its YAML records (reference: MLflow file store layout). */

import { fromUtf8, utf8 } from '../core/bytes'
import { damaged } from '../core/damage'
import { show } from '../core/errors'
import { toYaml } from '../core/yaml-write'
import type { ModelVersionRecord, RegisteredModelRecord, VersionInit } from '../ports/registry-backend'

/** The folder of all registered models. */
export const MODELS_ROOT = 'mlruns/models/'
/** A version that was deleted stays, marked by this stage. */
export const DELETED_STAGE = 'Deleted_Internal'

/** The folder of a registered model, ending in `/`. */
export function modelFolder(name: string): string {
  return `${MODELS_ROOT}${name}/`
}

/** The folder of a version, ending in `/`. */
export function versionFolder(name: string, version: string): string {
  return `${modelFolder(name)}version-${version}/`
}

/** The folder of a logged model, ending in `/`. */
export function loggedModelFolder(experimentId: string, modelId: string): string {
  return `mlruns/${experimentId}/models/${modelId}/`
}

/** A `meta.yaml` as text members; `null` is an empty text. */
export type Meta = Readonly<Record<string, string>>

/**
 * Reads a `meta.yaml`. Plain `key: value` lines, as they nearly always are, need no YAML parser; it is loaded where anything else is met.
 *
 * @throws Corrupt when it is not a YAML mapping
 */
export async function parseMeta(bytes: Uint8Array, subject: string): Promise<Meta> {
  const text = fromUtf8(bytes)
  return plainMeta(text) ?? fromYaml((await import('../core/yaml-read')).parseYamlStrings(text, subject))
}

/** The members, or `undefined` where a line is more than `key: word` or `key: 'text'`. */
function plainMeta(text: string): Meta | undefined {
  const meta: Record<string, string> = {}
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, key, quoted, plain] = /^(\w+): (?:'((?:[^']|'')*)'|([\w/.\-{}[\]][^#\\"]*))$/.exec(line) ?? []
    if (key === undefined || plain?.includes(': ')) return undefined
    if (plain !== 'null' && plain !== '{}' && plain !== '[]') meta[key] = plain ?? (quoted as string).replaceAll("''", "'")
  }
  return meta
}

function fromYaml(value: unknown): Meta {
  const meta: Record<string, string> = {}
  for (const [key, member] of Object.entries(value ?? {})) {
    if (typeof member === 'string' && !/^(null|~)$/.test(member)) meta[key] = member
  }
  return meta
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
 * The record that a version's `meta.yaml` and tags make.
 *
 * @throws Corrupt when the file is cut short or is that of another version
 */
export function versionRecord(name: string, version: string, meta: Meta, tags: Readonly<Record<string, string>>): ModelVersionRecord {
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

/** When a model was created and changed, and its description. @throws Corrupt when the file is cut short or is that of another model */
export function modelFacts(name: string, meta: Meta): Pick<RegisteredModelRecord, 'createdAt' | 'updatedAt' | 'description'> {
  const file = `${modelFolder(name)}meta.yaml`
  if (meta.name !== name) throw damaged(file, ['name'], show(name), meta.name)
  const createdAt = timeOf(meta, 'creation_timestamp', file) ?? 0
  return { createdAt, updatedAt: timeOf(meta, 'last_updated_timestamp', file) ?? createdAt, description: meta.description ?? '' }
}

/** The version that the file of an alias names. @throws Corrupt when it names none */
export function aliasTarget(text: string, file: string): string {
  const version = text.trim()
  if (!/^[1-9]\d{0,14}$/.test(version)) throw damaged(file, [], 'the number of a version', text)
  return version
}

function timeOf(meta: Meta, key: string, file: string): number | undefined {
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

/** The `meta.yaml` that tells a run which model it made; the reader takes the id from `destination_id`. */
export function runOutputMeta(modelId: string): Uint8Array {
  return utf8(
    toYaml({ destination_id: modelId, destination_type: 'MODEL_OUTPUT', source_id: modelId, source_type: 'RUN_OUTPUT', step: 0, tags: {} }),
  )
}

/** The default experiment's `meta.yaml`, without which MLflow does not find its models. */
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
