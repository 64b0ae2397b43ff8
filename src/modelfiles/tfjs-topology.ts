/** The layers of a LayersModel, from the `modelTopology` of its `model.json`. */
import * as z from 'zod/mini'
import { damaged } from '../core/damage'
import { readStored, storedFormat } from '../core/stored'

/** A tensor that a layer gives: which layer, which of its calls, which of its outputs. */
export interface LayerOutput {
  readonly layer: string
  readonly call: number
  readonly output: number
}

/** A layer. */
export interface TfjsLayer {
  readonly name: string
  /** `Dense`, `Conv2D`, … */
  readonly type: string
  readonly config: Readonly<Record<string, unknown>>
  /**
   * For each call of the layer (a shared one has several) the tensors that it is called with. The first call of a model inside a model is that on its
   * own inputs, which is empty here.
   */
  readonly calls: readonly (readonly LayerOutput[])[]
}

/** A model of layers; a sequence of layers is one whose layers have one call each. */
export interface TfjsTopology {
  readonly layers: readonly TfjsLayer[]
  readonly inputs: readonly LayerOutput[]
  readonly outputs: readonly LayerOutput[]
}

/** How deep models may lie in models. */
const MAX_DEPTH = 10

interface StoredLayer {
  readonly class_name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly name?: string | undefined
  readonly inbound_nodes?: readonly unknown[] | undefined
}

const layerFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<StoredLayer> =>
    z.looseObject({
      class_name: z.string(),
      config: z.record(z.string(), z.unknown()),
      name: z.optional(z.string()),
      inbound_nodes: z.optional(z.array(z.unknown())),
    }),
)

/**
 * Reads `modelTopology`, as TensorFlow.js and as the converter of Keras models write it.
 *
 * @throws Corrupt when it is no model of layers; the message names the place
 */
export function readTopology(modelTopology: unknown): TfjsTopology {
  const { model_config: inner } = (modelTopology ?? {}) as { readonly model_config?: unknown }
  return topologyOf(inner ?? modelTopology, 0)
}

/** The model that a layer is: a model inside a model. `undefined` for a plain layer. @throws Corrupt */
export function innerTopology(layer: TfjsLayer, depth: number): TfjsTopology | undefined {
  return isModel(layer.type) ? topologyOf({ class_name: layer.type, config: layer.config }, depth) : undefined
}

/** Names of which no two are equal: further ones are numbered. */
export function distinctNames(names: readonly string[]): readonly string[] {
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length
    return before === 0 ? name : `${name}_${before}`
  })
}

function isModel(type: string): boolean {
  return type === 'Sequential' || type === 'Functional' || type === 'Model'
}

function topologyOf(value: unknown, depth: number): TfjsTopology {
  if (depth > MAX_DEPTH) throw damaged('model.json', ['modelTopology'], `models in models, at most ${MAX_DEPTH} deep`, 'more')
  const type = (value as { readonly class_name?: unknown } | null)?.class_name
  if (typeof type !== 'string' || !isModel(type))
    throw damaged('model.json', ['modelTopology', 'class_name'], 'Sequential, Functional or Model', type)
  const { config } = value as { readonly config?: unknown }
  // Old files hold the layers of a sequence themselves.
  const list = Array.isArray(config) ? config : (config as { readonly layers?: unknown } | null)?.layers
  if (!Array.isArray(list) || list.length === 0)
    throw damaged('model.json', ['modelTopology', 'config', 'layers'], 'a list of layers', list)
  const layers = list.map((layer, i) => readStored(layerFormat, layer, `layer ${i} of model.json`))
  return type === 'Sequential' ? sequence(layers) : network(layers, config as Readonly<Record<string, unknown>>)
}

/** A sequence begins with an input layer; where the file has none, TensorFlow.js makes one, named after the first layer. */
function sequence(stored: readonly StoredLayer[]): TfjsTopology {
  const first = stored[0] as StoredLayer
  const layers: TfjsLayer[] = []
  if (first.class_name !== 'InputLayer') {
    const { batch_input_shape, dtype } = first.config
    layers.push({ name: `${nameOf(first)}_input`, type: 'InputLayer', config: { batch_input_shape, dtype }, calls: [[]] })
  }
  for (const layer of stored) {
    const before = layers.at(-1)
    const call = before === undefined ? [] : [endOf(before)]
    layers.push({ name: nameOf(layer), type: layer.class_name, config: layer.config, calls: callsOf(layer, [call]) })
  }
  return { layers, inputs: [endOf(layers[0] as TfjsLayer)], outputs: [endOf(layers.at(-1) as TfjsLayer)] }
}

/** What a layer of a sequence gives: the output of its only call. */
function endOf({ name, calls }: TfjsLayer): LayerOutput {
  return { layer: name, call: calls.length - 1, output: 0 }
}

function callsOf({ class_name: type }: StoredLayer, calls: TfjsLayer['calls']): TfjsLayer['calls'] {
  return isModel(type) ? [[], ...calls] : calls
}

function network(stored: readonly StoredLayer[], config: Readonly<Record<string, unknown>>): TfjsTopology {
  const layers = stored.map((layer) => {
    const nodes = layer.inbound_nodes ?? []
    const calls = nodes.length === 0 ? [[]] : nodes.map((node) => referencesOf(node, nameOf(layer)))
    return { name: nameOf(layer), type: layer.class_name, config: layer.config, calls: callsOf(layer, calls) }
  })
  return { layers, inputs: referencesOf(config.input_layers, 'input_layers'), outputs: referencesOf(config.output_layers, 'output_layers') }
}

/** `[[layer, call, output, …], …]`, or one such alone. */
function referencesOf(value: unknown, place: string): LayerOutput[] {
  const list = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value
  const isReference = (item: unknown): item is [string, number, number] =>
    Array.isArray(item) && typeof item[0] === 'string' && Number.isSafeInteger(item[1]) && Number.isSafeInteger(item[2])
  if (!Array.isArray(list) || !list.every(isReference))
    throw damaged('model.json', ['modelTopology', place], 'a list of layers with their calls and outputs', value)
  return list.map(([layer, call, output]) => ({ layer, call, output }))
}

function nameOf({ name, config, class_name: type }: StoredLayer): string {
  const own = name ?? config.name
  if (typeof own !== 'string') throw damaged('model.json', ['modelTopology', type, 'name'], 'text', own)
  return own
}
