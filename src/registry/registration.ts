/** Prepares the registration of a model: checks its options, and makes the files and the manifest. */

import { utf8 } from '../core/bytes'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { anything, checkOptions, either, nonEmptyString, ofType } from '../core/options'
import type { ModelPackage, PackableModel } from '../ports/model'
import { packageOf } from '../ports/model-package'
import type { VersionInit } from '../ports/registry-backend'
import type { Row, Table } from '../schema/table'
import {
  assertFilesBeside,
  assertPackage,
  buildManifest,
  type Lineage,
  MANIFEST_FILE,
  MLMODEL_FILE,
  type ModelManifest,
  manifestBytes,
} from './manifest'
import { exampleFiles, mlmodelText } from './mlmodel'
import { FINGERPRINT_TAG } from './model-version'
import { ONNX_FILE, type OnnxExport, type OnnxExporter, type OnnxExportOptions } from './onnx-export'
import { checkDescription, checkTags } from './tags'

/** Options of `registry.register`. */
export interface Registration {
  /** The run that made the model: a `Run`, or its ids. */
  readonly run?: { readonly runId: string; readonly experimentId?: string | undefined } | undefined
  /** Rows of input for the model. The first 20 are stored. */
  readonly example?: Table | readonly Row[] | undefined
  /** The metrics of the model, measured on data that it was not trained on. Gates use them. */
  readonly metrics?: Readonly<Record<string, number>> | undefined
  /** The training data of the model. */
  readonly dataset?: { readonly fingerprint: string; readonly name?: string | undefined } | undefined
  /** The lineage of a model from another registry. `run` and `dataset` take precedence over it. */
  readonly lineage?: Lineage | undefined
  readonly description?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /**
   * Stores the model also as an ONNX file, so that Python opens the version: `mlflow.onnx.load_model`, `mlflow.pyfunc.load_model` and
   * `mlflow models serve`. This library goes on opening the model itself.
   * @default false
   */
  readonly onnx?: boolean | OnnxExportOptions | undefined
  readonly signal?: AbortSignal | undefined
}

/** The new version for the backend, and its manifest. @throws InvalidArgument */
export async function registrationInit(
  model: PackableModel | ModelPackage,
  options: Registration,
  facts: { readonly at: number; readonly user: string | undefined; readonly onnxExporter: OnnxExporter | undefined },
): Promise<{ readonly init: VersionInit; readonly manifest: ModelManifest }> {
  check(options)
  const plain = await packageOf('register', model)
  assertPackage(plain)
  const onnx = await onnxOf(model as PackableModel, plain, options, facts.onnxExporter)
  const packed = onnx === undefined ? plain : { ...plain, files: { ...plain.files, [ONNX_FILE]: onnx.bytes } }
  const { run, description = '', tags = {} } = options
  const manifest = buildManifest(packed, { metrics: { ...options.metrics }, lineage: lineageOf(options), tags })
  const example = options.example === undefined ? {} : exampleFiles(options.example)
  // A package of another tool keeps its own `MLmodel` file.
  const described = Object.hasOwn(packed.files, MLMODEL_FILE)
  assertFilesBeside(packed, [MANIFEST_FILE, ...(described ? [] : [MLMODEL_FILE]), ...Object.keys(example)])
  const hasExample = options.example !== undefined
  // Made before any file is written: an error must not leave a part of the files.
  const sealed = manifestBytes(manifest)
  const init: VersionInit = {
    createdAt: facts.at,
    description,
    runId: run?.runId,
    experimentId: run?.experimentId,
    user: facts.user,
    // The fingerprint is written last: it shows that all tags are written.
    tags: { ...tags, [FINGERPRINT_TAG]: manifest.fingerprint },
    metrics: manifest.metrics,
    modelType: packed.task,
    files: (modelId) => ({
      ...(described
        ? {}
        : {
            [MLMODEL_FILE]: utf8(
              mlmodelText(packed, { modelId, runId: run?.runId, createdAt: facts.at, hasExample, onnxSignature: onnx?.signature }),
            ),
          }),
      ...packed.files,
      ...example,
      [MANIFEST_FILE]: sealed,
    }),
  }
  return { init, manifest }
}

/** The model as an ONNX file, where that is asked for and it is none already. */
async function onnxOf(
  model: PackableModel,
  { flavor, files }: ModelPackage,
  { onnx = false, signal }: Registration,
  exporter: OnnxExporter | undefined,
): Promise<OnnxExport | undefined> {
  if (onnx === false || flavor === 'onnx') return undefined
  if (Object.hasOwn(files, MLMODEL_FILE)) throw invalidArgument('register with `onnx` takes a model without an `MLmodel` file of its own')
  if (exporter === undefined) {
    throw new MillwrightError('Unsupported', 'register with `onnx` needs a registry that can write ONNX files', {
      hint: "import { ModelRegistry } from 'millwright', or hand in `onnxExporter`",
    })
  }
  return exporter(model, onnx === true ? {} : onnx, signal)
}

function check(options: Registration): void {
  checkOptions('register', options, {
    run: ofType('object'),
    example: ofType('object'),
    metrics: ofType('object'),
    dataset: ofType('object'),
    lineage: ofType('object'),
    description: ofType('string'),
    tags: ofType('object'),
    onnx: either(ofType('boolean'), ofType('object')),
    signal: anything(),
  })
  const { run, metrics, dataset } = options
  // A Run has more members than these two.
  if (run !== undefined)
    checkOptions('`run` of register', { runId: run.runId, experimentId: run.experimentId }, { runId: id, experimentId: id })
  if (run !== undefined && run.runId === undefined) throw invalidArgument(`\`run\` of register needs a \`runId\`, got ${show(run)}`)
  for (const [name, value] of Object.entries(metrics ?? {})) {
    if (name === '__proto__') throw invalidArgument('a metric of register must not have the name __proto__: safe JSON parsers drop it')
    if (typeof value !== 'number') throw invalidArgument(`the metric ${show(name)} of register must be a number, got ${show(value)}`)
  }
  if (dataset !== undefined && !nonEmptyString().test(dataset.fingerprint))
    throw invalidArgument(`\`dataset\` of register needs a \`fingerprint\`, got ${show(dataset)}`)
  checkTags(options.tags ?? {})
  checkDescription(options.description ?? '')
}

/** Checks the ids, which become folder names. */
const id = {
  allowed: 'an id of letters, digits, _ and -',
  test: (value: unknown) => typeof value === 'string' && /^[A-Za-z0-9][\w-]{0,255}$/.test(value),
}

function lineageOf({ run, dataset, lineage }: Registration): Lineage {
  return {
    ...lineage,
    ...(dataset === undefined ? {} : { dataset: { fingerprint: dataset.fingerprint, name: dataset.name } }),
    ...(run === undefined ? {} : { runId: run.runId, experimentId: run.experimentId }),
  }
}
