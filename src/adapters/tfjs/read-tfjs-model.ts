/** A TensorFlow.js model from its files, as a model that can be registered and served with plain rows. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, nonEmptyString, ofType, oneOf } from '../../core/options'
import { tfjsWeightPaths } from '../../modelfiles/tfjs-artifacts'
import type { ModelPackage, ModelTask, PackableModel } from '../../ports/model'
import type { ObjectStore } from '../../ports/object-store'
import { assertSignature, isTensorSide, type ModelSignature } from '../../schema/signature'
import { resolveBinding, type TensorBinding } from '../../tensors/binding'
import { bindingFile, columnSignature, inputColumns, writeBinding } from '../../tensors/binding-file'
import { tensorSignature } from '../../tensors/graph'
import { openTfjs } from './tfjs-engine'
import { rolesOf } from './tfjs-roles'
import { isTfjs, type TfjsRuntimeOptions, tfjsLibrary } from './tfjs-runtime'

/** Where a model's files are: by name, or under a key of a storage. */
export type TfjsSource =
  | Readonly<Record<string, Uint8Array>>
  | {
      readonly store: ObjectStore
      /** The key of `model.json`; the weight files are beside it. */
      readonly key: string
    }

/** Options of {@link readTfjsModel}. */
export interface ReadTfjsModelOptions extends TensorBinding, TfjsRuntimeOptions {
  /** The labels in the order of the output. The output holds probabilities then, unless `outputs` says otherwise. */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** @default from the model: columns of floats, named `<input>_0`, `<input>_1`, … */
  readonly signature?: ModelSignature | undefined
  /** `true` for a model that rows cannot feed: it is run with `predictTensors` alone. @default false */
  readonly tensors?: boolean | undefined
  /** @default 'classification' with `classes`; 'regression' for one number a row; else 'other' */
  readonly task?: ModelTask | undefined
  readonly target?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** A TensorFlow.js model that can be registered. */
export interface TfjsFileModel extends PackableModel {
  readonly signature: ModelSignature
  readonly task: ModelTask
  readonly classes: readonly (string | number | boolean)[] | undefined
  pack(): ModelPackage
}

/**
 * Reads `model.json` and the weight files that it names, and asks TensorFlow.js for the inputs and outputs of the model.
 *
 * @example
 * const model = await readTfjsModel({ store: fsStorage({ root: './models' }), key: 'abalone/model.json' }, { target: 'rings' })
 * await registry.register('abalone', model)
 * @throws NotFound when a file is not there; Corrupt when the files are no model; InvalidArgument when the options do not fit it;
 *   MissingDependency without TensorFlow.js
 */
export async function readTfjsModel(source: TfjsSource, options: ReadTfjsModelOptions = {}): Promise<TfjsFileModel> {
  check(options)
  const { target, metadata, signal, tensors = false } = options
  const files = await filesOf(source, signal)
  const { graph, engine } = await openTfjs(await tfjsLibrary(options)(), files)
  await engine.close()
  if (tensors) {
    const signature = options.signature ?? tensorSignature(graph)
    const { classes, task = 'other' } = options
    assertSignature(signature)
    return { signature, task, classes, pack: () => ({ flavor: 'tfjs', signature, files, task, classes, target, metadata }) }
  }
  const { inputs, rowShapes, outputs = rolesOf(graph, options) } = options
  const columns = options.signature === undefined ? undefined : inputColumns(options.signature)
  const binding = resolveBinding(graph, { inputs, outputs, rowShapes, columns, classes: options.classes, task: options.task })
  const signature = options.signature ?? columnSignature(binding, target)
  assertSignature(signature)
  const { task, classes } = binding
  const all = { ...files, [bindingFile]: writeBinding(binding, { rowShapes }) }
  return { signature, task, classes, pack: () => ({ flavor: 'tfjs', signature, files: all, task, classes, target, metadata }) }
}

function check(options: ReadTfjsModelOptions): void {
  const object = ofType('object')
  checkOptions('readTfjsModel', options, {
    lib: { allowed: 'a module', test: isTfjs },
    backend: nonEmptyString(),
    inputs: object,
    outputs: object,
    rowShapes: object,
    classes: object,
    signature: object,
    tensors: ofType('boolean'),
    task: oneOf('classification', 'regression', 'other'),
    target: ofType('string'),
    metadata: object,
    signal: object,
  })
  const other = options.tensors === true && (['inputs', 'outputs', 'rowShapes'] as const).find((name) => options[name] !== undefined)
  if (other) throw invalidArgument(`readTfjsModel with \`tensors\` takes no rows, so it has no \`${other}\``)
  if (options.tensors === true && options.signature !== undefined && !isTensorSide(options.signature.inputs))
    throw invalidArgument('readTfjsModel with `tensors` needs a signature whose inputs are tensors')
}

async function filesOf(source: TfjsSource, signal: AbortSignal | undefined): Promise<Readonly<Record<string, Uint8Array>>> {
  if (typeof source !== 'object' || source === null)
    throw invalidArgument(`readTfjsModel takes files, or a storage and a key, got ${show(source)}`)
  if (!isStored(source)) return source
  const { store, key } = source
  const folder = key.slice(0, key.lastIndexOf('/') + 1)
  const read = async (name: string): Promise<Uint8Array> => store.get(name, { signal })
  const description = await read(key)
  const paths = tfjsWeightPaths(description)
  const shards = await Promise.all(paths.map(async (path) => [path, await read(`${folder}${path}`)] as const))
  return { 'model.json': description, ...Object.fromEntries(shards) }
}

function isStored(source: TfjsSource): source is Extract<TfjsSource, { readonly store: ObjectStore }> {
  return 'store' in source && typeof (source.store as ObjectStore).get === 'function'
}
