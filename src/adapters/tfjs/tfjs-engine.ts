/** LayersModels and GraphModels as engines of tensors. No tensor outlives its call. */
import { damaged } from '../../core/damage'
import { MillwrightError } from '../../core/errors'
import { assertWeightBytes, type TfjsArtifacts, tfjsLoader } from '../../modelfiles/tfjs-artifacts'
import { distinctNames, readTopology, type TfjsTopology } from '../../modelfiles/tfjs-topology'
import type { ModelTensor } from '../../ports/model'
import type { TensorType } from '../../schema/signature'
import type { GraphValue, ModelGraph } from '../../tensors/graph'
import type { TensorEngine } from '../../tensors/loaded-model'
import {
  fromTfjs,
  type TfjsGraphModel,
  type TfjsLayersModel,
  type TfjsLib,
  type TfjsSymbol,
  type TfjsTensor,
  tensorTypeOf,
  toTfjs,
} from './tfjs-lib'

/** A model that TensorFlow.js has loaded. */
export interface OpenTfjsModel {
  readonly graph: ModelGraph
  readonly engine: TensorEngine
}

const about = { subject: 'the TensorFlow.js model', maker: 'readTfjsModel', classes: undefined } as const

/** Loads the files of a model. @throws Corrupt when they are not one */
export async function openTfjs(lib: TfjsLib, files: Readonly<Record<string, Uint8Array>>): Promise<OpenTfjsModel> {
  const artifacts = await tfjsLoader(files).load()
  assertWeightBytes(artifacts)
  const handler = { load: async () => artifacts } as never
  try {
    if (artifacts.format === 'graph-model') return openGraph(lib, await lib.loadGraphModel(handler), artifacts)
    const topology = readTopology(artifacts.modelTopology)
    return openLayers(lib, await lib.loadLayersModel(handler), topology)
  } catch (cause) {
    if (cause instanceof MillwrightError) throw cause
    throw new MillwrightError('Corrupt', `TensorFlow.js cannot open the model: ${(cause as Error).message}`, { cause })
  }
}

function openLayers(lib: TfjsLib, model: TfjsLayersModel, topology: TfjsTopology): OpenTfjsModel {
  // TensorFlow.js makes the names of inputs unique in the process. Those of the file are the same each time.
  const inputNames = distinctNames(topology.inputs.map(({ layer }) => layer))
  const outputNames = distinctNames(topology.outputs.map(({ layer }) => layer))
  const inputs = model.inputs.map((symbol, i) => graphValue(symbol, inputNames[i] as string))
  const outputs = model.outputs.map((symbol, i) => graphValue(symbol, outputNames[i] as string))
  return {
    graph: { ...about, inputs, outputs },
    engine: {
      run: (feeds, fetches) =>
        withTensors(
          lib,
          inputs.map(({ name }) => feeds[name] as ModelTensor),
          async (tensors, keep) => {
            // A recurrent layer that remembers the call before would make equal rows have different answers.
            model.resetStates()
            const made = keep(model.predictOnBatch((tensors.length === 1 ? tensors[0] : tensors) as never))
            return readOutputs(fetches, (name) => made[outputs.findIndex((output) => output.name === name)] as TfjsTensor)
          },
        ),
      close: async () => release(model),
    },
  }
}

function openGraph(lib: TfjsLib, model: TfjsGraphModel, { signature }: TfjsArtifacts): OpenTfjsModel {
  const { inputs: described, outputs: describedOutputs } = (signature ?? {}) as GraphSignature
  const inputs = graphSide(described, model.inputs)
  const outputs = graphSide(describedOutputs, model.outputs)
  // Loops and operators with sizes of their own can only be run asynchronously; TensorFlow.js warns when others are.
  let isAsync = false
  const execute = async (feeds: never, names: string[]): Promise<TfjsTensor | TfjsTensor[]> => {
    if (!isAsync) {
      try {
        return model.execute(feeds, names)
      } catch (error) {
        if (!/executeAsync/.test((error as Error).message)) throw error
        isAsync = true
      }
    }
    return model.executeAsync(feeds, names)
  }
  return {
    graph: { ...about, inputs: inputs.map(({ value }) => value), outputs: outputs.map(({ value }) => value) },
    engine: {
      run: (feeds, fetches) =>
        withTensors(
          lib,
          inputs.map(({ value }) => feeds[value.name] as ModelTensor),
          async (tensors, keep) => {
            const named = Object.fromEntries(inputs.map(({ node }, i) => [node, tensors[i]]))
            const nodes = fetches.map((name) => outputs.find(({ value }) => value.name === name)?.node as string)
            const made = keep(await execute(named as never, nodes))
            return readOutputs(fetches, (name) => made[fetches.indexOf(name)] as TfjsTensor)
          },
        ),
      close: async () => model.dispose(),
    },
  }
}

/** Disposes of a model and all its weights; TensorFlow.js itself keeps those of models inside models. */
function release(model: TfjsLayersModel): void {
  const weights = model.getWeights()
  model.dispose()
  for (const weight of weights) weight.dispose()
}

/** Runs `work` on tensors of TensorFlow.js, and disposes of them and of all that `work` hands to `keep`. */
async function withTensors<T>(
  lib: TfjsLib,
  given: readonly ModelTensor[],
  work: (tensors: readonly TfjsTensor[], keep: (made: TfjsTensor | TfjsTensor[]) => readonly TfjsTensor[]) => Promise<T>,
): Promise<T> {
  const all: TfjsTensor[] = []
  try {
    for (const tensor of given) all.push(toTfjs(lib, tensor))
    return await work([...all], (made) => {
      const list = Array.isArray(made) ? made : [made]
      all.push(...list)
      return list
    })
  } finally {
    for (const tensor of new Set(all)) tensor.dispose()
  }
}

async function readOutputs(names: readonly string[], find: (name: string) => TfjsTensor): Promise<Readonly<Record<string, ModelTensor>>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await fromTfjs(find(name))] as const)))
}

function graphValue({ dtype, shape }: TfjsSymbol, name: string): GraphValue {
  return { name, dtype: tensorTypeOf(dtype), shape: shape?.map((size) => size ?? -1) }
}

/** A side of a graph model's signature as its converter writes it. */
type GraphSide = Readonly<Record<string, { readonly name?: string; readonly dtype?: string; readonly tensorShape?: unknown }>>

interface GraphSignature {
  readonly inputs?: GraphSide
  readonly outputs?: GraphSide
}

const graphTypes: Readonly<Record<string, TensorType>> = {
  DT_FLOAT: 'float32',
  DT_INT32: 'int32',
  // TensorFlow.js has no 64-bit numbers: it reads and computes these as int32.
  DT_INT64: 'int32',
  DT_BOOL: 'bool',
  DT_STRING: 'str',
}

/** Inputs or outputs by the names of the signature, with the node that each stands for. */
function graphSide(
  described: GraphSide | undefined,
  nodes: readonly TfjsSymbol[],
): { readonly value: GraphValue; readonly node: string }[] {
  if (described === undefined) return nodes.map((symbol) => ({ value: graphValue(symbol, symbol.name), node: symbol.name }))
  return Object.entries(described).map(([key, { name = key, dtype, tensorShape }]) => ({
    value: { name: key, dtype: graphTypes[dtype ?? ''], shape: sizesOf(tensorShape, key) },
    node: name.replace(/:0$/, ''),
  }))
}

function sizesOf(shape: unknown, key: string): readonly number[] | undefined {
  if (shape === undefined || shape === null || (shape as { unknownRank?: unknown }).unknownRank === true) return undefined
  const { dim = [] } = shape as { readonly dim?: unknown }
  if (!Array.isArray(dim)) throw damaged('model.json', ['signature', key, 'tensorShape', 'dim'], 'an array', dim)
  return dim.map((one) => Number((one as { readonly size?: unknown } | null)?.size ?? -1))
}
