/** Writes the layers of a TensorFlow.js model as an ONNX graph. */
import { damaged } from '../../core/damage'
import { MillwrightError, show } from '../../core/errors'
import { distinctNames, innerTopology, type LayerOutput, type TfjsLayer, type TfjsTopology } from '../../modelfiles/tfjs-topology'
import type { TfjsWeight } from '../../modelfiles/tfjs-weights'
import { type Dimension, GraphBuilder } from '../graph-builder'
import { activationLayers } from './activations'
import { basicLayers } from './basic-layers'
import { imageLayers } from './image-layers'
import { LayerCall, type LayerWriter, type Value } from './layer'
import { recurrentLayers } from './recurrent-layers'

/** An input or output of the graph. */
export interface GraphPort {
  readonly name: string
  readonly dtype: 'float32' | 'int32'
  /** −1 where a size is not known. */
  readonly shape: readonly number[]
}

/** A graph that is complete but for its name. */
export interface WrittenModel {
  readonly graph: GraphBuilder
  readonly inputs: readonly GraphPort[]
  readonly outputs: readonly GraphPort[]
}

/** The layer types that can be written. */
const writers = (): Readonly<Record<string, LayerWriter>> => ({ ...activationLayers, ...basicLayers, ...imageLayers, ...recurrentLayers })

type Weights = ReadonlyMap<string, TfjsWeight>

/** @throws Unsupported naming the layer that has no ONNX form; Corrupt */
export function writeTfjsModel(topology: TfjsTopology, weights: Weights): WrittenModel {
  const graph = new GraphBuilder()
  const inputNames = distinctNames(topology.inputs.map(({ layer }) => layer))
  const outputNames = distinctNames(topology.outputs.map(({ layer }) => layer)).map((name) =>
    inputNames.includes(name) ? `${name}_` : name,
  )
  graph.reserve([...inputNames, ...outputNames])
  const inputs = topology.inputs.map(({ layer }, i) => inputOf(layerOf(topology, layer), inputNames[i] as string))
  const given = inputs.map(({ name, dtype, shape }): Value => {
    graph.input(
      name,
      dtype,
      shape.map((size, axis) => dimensionOf(size, axis, name)),
    )
    return { name, shape }
  })
  const values = new ModelWriter({ graph, topology, weights, table: writers(), depth: 0, prefix: [] }, given).outputs()
  const outputs = values.map(({ name, shape }, i): GraphPort => {
    const output = outputNames[i] as string
    graph.node('Identity', [name], { output })
    graph.output(
      output,
      'float32',
      shape.map((size, axis) => dimensionOf(size, axis, output)),
    )
    return { name: output, dtype: 'float32', shape }
  })
  return { graph, inputs, outputs }
}

interface WriterFacts {
  readonly graph: GraphBuilder
  readonly topology: TfjsTopology
  readonly weights: Weights
  readonly table: Readonly<Record<string, LayerWriter>>
  readonly depth: number
  /** The models that this one lies in, outermost first. */
  readonly prefix: readonly string[]
}

/** Writes one model: each call of a layer once, after those that it needs. */
class ModelWriter {
  readonly #facts: WriterFacts
  readonly #values = new Map<string, Value>()
  readonly #open = new Set<string>()

  constructor(facts: WriterFacts, inputs: readonly Value[]) {
    this.#facts = facts
    facts.topology.inputs.forEach((reference, i) => {
      this.#values.set(keyOf(reference), inputs[i] as Value)
    })
  }

  outputs(): Value[] {
    return this.#facts.topology.outputs.map((reference) => this.#valueOf(reference))
  }

  #valueOf(reference: LayerOutput): Value {
    const key = keyOf(reference)
    const known = this.#values.get(key)
    if (known !== undefined) return known
    if (this.#open.has(key))
      throw damaged('model.json', ['modelTopology', reference.layer], 'a layer that does not depend on itself', reference.layer)
    this.#open.add(key)
    const layer = layerOf(this.#facts.topology, reference.layer)
    const call = layer.calls[reference.call]
    if (call === undefined || call.length === 0)
      throw damaged('model.json', ['modelTopology', layer.name], 'a layer that is called', layer.name)
    const made = this.#write(
      layer,
      call.map((input) => this.#valueOf(input)),
    )
    made.forEach((value, output) => {
      this.#values.set(keyOf({ ...reference, output }), value)
    })
    const value = this.#values.get(key)
    if (value === undefined)
      throw damaged('model.json', ['modelTopology', layer.name], `a layer of ${made.length} outputs`, reference.output)
    return value
  }

  #write(layer: TfjsLayer, inputs: readonly Value[]): readonly Value[] {
    const { depth, prefix, table, graph } = this.#facts
    const inner = innerTopology(layer, depth + 1)
    if (inner !== undefined)
      return new ModelWriter({ ...this.#facts, topology: inner, depth: depth + 1, prefix: [...prefix, layer.name] }, inputs).outputs()
    const write = Object.hasOwn(table, layer.type) ? table[layer.type] : undefined
    if (write === undefined) {
      throw new MillwrightError(
        'Unsupported',
        `tfjsToOnnx cannot write the layer ${show(layer.name)}: ${layer.type} is not among ${Object.keys(table).join(', ')}`,
        {
          details: { layer: layer.name, type: layer.type },
        },
      )
    }
    const weight = (name: string): TfjsWeight | undefined => this.#weight(`${layer.name}/${name}`)
    return [write(new LayerCall({ graph, name: layer.name, type: layer.type, inputs, config: layer.config, weight }))]
  }

  /** Weights of models in models may have the names of the outer ones before their own. */
  #weight(name: string): TfjsWeight | undefined {
    const { weights, prefix } = this.#facts
    for (let from = 0; from <= prefix.length; from++) {
      const found = weights.get([...prefix.slice(from), name].join('/'))
      if (found !== undefined) return found
    }
    return undefined
  }
}

function layerOf({ layers }: TfjsTopology, name: string): TfjsLayer {
  const found = layers.find((layer) => layer.name === name)
  if (found === undefined) throw damaged('model.json', ['modelTopology'], `a model with the layer ${show(name)}`, undefined)
  return found
}

function inputOf({ name: layer, config }: TfjsLayer, name: string): GraphPort {
  const shape = config.batch_input_shape ?? config.batch_shape
  const dtype = config.dtype ?? 'float32'
  const isSize = (size: unknown): boolean => size === null || (Number.isSafeInteger(size) && (size as number) > 0)
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every(isSize))
    throw damaged('model.json', ['modelTopology', layer, 'batch_input_shape'], 'a list of sizes', shape)
  if (dtype !== 'float32' && dtype !== 'int32')
    throw new MillwrightError(
      'Unsupported',
      `tfjsToOnnx cannot write the input ${show(layer)}: its type is ${show(dtype)}; float32 and int32 are written`,
    )
  return { name, dtype, shape: shape.map((size) => (size as number | null) ?? -1) }
}

function dimensionOf(size: number, axis: number, name: string): Dimension {
  return size !== -1 ? size : axis === 0 ? 'N' : `${name}_${axis}`
}

function keyOf({ layer, call, output }: LayerOutput): string {
  return JSON.stringify([layer, call, output])
}
