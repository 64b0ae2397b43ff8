/** Writes a model as a logged model of MLflow 3: record, files, `MLmodel`, status. */
import { utf8 } from '../core/bytes'
import { canonicalJson, type Json } from '../core/json'
import { anything, checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { toYaml } from '../core/yaml-write'
import type { ModelPackage, PackableModel } from '../ports/model'
import { packageOf } from '../ports/model-package'
import { assertModelName } from '../ports/run-keys'
import type { LoggedModelRecord, TrackerBackend } from '../ports/tracker-backend'
import { signatureToMlflow } from '../schema/signature'
import { flattenParams } from './params'
import type { RunContext } from './run-context'

/** Options of `run.logModel`. */
export interface LogModelOptions {
  /** Step the model belongs to. @default 0 */
  readonly step?: number | undefined
  /** @default the flavor */
  readonly modelType?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Nested objects are flattened, as for `logParams`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined
}

/** See `run.logModel`. @throws InvalidArgument; what packing the model and the backend throw */
export async function logModel(
  run: { readonly runId: string; readonly experimentId: string },
  { backend, buffer, clock }: Pick<RunContext<never>, 'backend' | 'buffer' | 'clock'>,
  given: { readonly name: string; readonly model: PackableModel | ModelPackage; readonly options: LogModelOptions },
): Promise<LoggedModelRecord> {
  const { name, model, options } = given
  assertModelName(name)
  checkOptions('logModel', options, { step: wholeNumber(), modelType: nonEmptyString(), tags: ofType('object'), params: anything() })
  const params = options.params === undefined ? undefined : Object.fromEntries(flattenParams(options.params, backend.capabilities.keys))
  const record = await writeModel(backend, await packageOf('logModel', model), {
    experimentId: run.experimentId,
    runId: run.runId,
    name,
    modelType: options.modelType,
    tags: options.tags,
    params,
    now: Math.floor(clock.now()),
  })
  buffer.outputModel(record.modelId, options.step ?? 0)
  await buffer.flush()
  return record
}

/** What {@link writeModel} needs to know. */
export interface WriteModelInit {
  readonly experimentId: string
  readonly runId: string
  readonly name: string
  readonly modelType: string | undefined
  readonly tags: Readonly<Record<string, string>> | undefined
  readonly params: Readonly<Record<string, string>> | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Stores the files of a model and then marks it as ready. After a failure it tries to mark the model as failed, and throws the failure.
 *
 * An `MLmodel` file in the package is kept. Otherwise one is written, with the flavors that MLflow can load, if the package has any.
 */
export async function writeModel(backend: TrackerBackend, model: ModelPackage, init: WriteModelInit): Promise<LoggedModelRecord> {
  const { experimentId, runId, name, modelType, tags, params, now } = init
  const record = await backend.createModel({
    experimentId,
    name,
    sourceRunId: runId,
    modelType: modelType ?? model.flavor,
    tags,
    params,
    createdAt: now,
  })
  try {
    const files = Object.hasOwn(model.files, 'MLmodel') ? model.files : { ...model.files, MLmodel: utf8(mlModelText(model, record, init)) }
    for (const [path, bytes] of Object.entries(files)) await backend.putArtifact({ modelId: record.modelId }, path, bytes)
    await backend.finishModel(record.modelId, 'ready')
  } catch (error) {
    await Promise.resolve(backend.finishModel(record.modelId, 'failed')).catch(() => {})
    throw error
  }
  return { ...record, status: 'ready' }
}

function mlModelText(model: ModelPackage, { modelId }: LoggedModelRecord, { runId, name, now }: WriteModelInit): string {
  const { flavor, files, signature, task, classes, target, metadata } = model
  const sizeBytes = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0)
  const about = { task, ...(classes === undefined ? {} : { classes }), ...(target === undefined ? {} : { target }), ...metadata }
  return toYaml({
    artifact_path: name,
    flavors: flavorsOf(model),
    // Encoding and parsing turns metadata (typed arrays, dates, maps) into plain JSON.
    metadata: { millwright: JSON.parse(canonicalJson({ flavor, ...about })) as Json },
    model_id: modelId,
    model_size_bytes: sizeBytes,
    model_uuid: modelId.slice(2),
    run_id: runId,
    signature: { ...signatureToMlflow(signature), params: null },
    utc_time_created: new Date(now).toISOString().replace('T', ' ').replace('Z', '000'),
  })
}

function flavorsOf({ flavor, files }: ModelPackage): Record<string, Json> {
  const data = Object.keys(files)
  const onnx = flavor === 'onnx' ? data.find((path) => path.endsWith('.onnx')) : undefined
  if (onnx === undefined) return { [flavor]: { files: data } }
  return {
    onnx: { data: onnx, providers: ['CPUExecutionProvider'], onnx_session_options: null, code: null },
    python_function: { data: onnx, loader_module: 'mlflow.onnx' },
  }
}
