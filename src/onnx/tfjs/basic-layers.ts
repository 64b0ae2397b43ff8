/** Layers of weights without windows, layers that only move values, and layers that join several tensors. */
import { float, int } from '../../onnxfile/attribute'
import { activate } from './activations'
import type { LayerCall, LayerWriter, Value } from './layer'

const same: LayerWriter = (layer) => layer.input

/** Adds the weight `bias`, along the last axis. */
export function addBias(layer: LayerCall, x: Value): Value {
  if (layer.option('use_bias') === false) return x
  const { shape, values } = layer.weight('bias')
  return layer.node('Add', [x, layer.floats(values, shape)], x.shape)
}

const dense: LayerWriter = (layer) => {
  const { shape, values } = layer.weight('kernel')
  const product = layer.node('MatMul', [layer.input, layer.floats(values, shape)], [...layer.input.shape.slice(0, -1), shape[1] as number])
  return activate(layer, addBias(layer, product))
}

const embedding: LayerWriter = (layer) => {
  if (layer.option('mask_zero') === true) throw layer.refuse('`mask_zero` is set, and ONNX has no masks')
  const { shape, values } = layer.weight('embeddings')
  const at = layer.node('Cast', [layer.input], layer.input.shape, { attributes: { to: int(7) } })
  return layer.node('Gather', [layer.floats(values, shape), at], [...at.shape, shape[1] as number], { attributes: { axis: int(0) } })
}

/** y = x · k + b, with k and b from the moving statistics. */
const batchNormalization: LayerWriter = (layer) => {
  const { shape } = layer.input
  const given = layer.option<number | readonly number[]>('axis') ?? -1
  const only = typeof given === 'number' ? given : given[0]
  if (only === undefined || (Array.isArray(given) && given.length !== 1)) throw layer.refuse(`its \`axis\` is ${JSON.stringify(given)}`)
  const axis = only < 0 ? shape.length + only : only
  if (axis !== shape.length - 1) throw layer.refuse('it normalises another axis than the last')
  const mean = layer.weight('moving_mean').values
  const variance = layer.weight('moving_variance').values
  const gamma = layer.option('scale') === false ? undefined : layer.weight('gamma').values
  const beta = layer.option('center') === false ? undefined : layer.weight('beta').values
  const epsilon = layer.option<number>('epsilon') ?? 1e-3
  const k = Float32Array.from(variance, (value, c) => (gamma?.[c] ?? 1) / Math.sqrt(value + epsilon))
  const b = Float32Array.from(mean, (value, c) => (beta?.[c] ?? 0) - value * (k[c] as number))
  const dims = [mean.length]
  return layer.node('Add', [layer.node('Mul', [layer.input, layer.floats(k, dims)], shape), layer.floats(b, dims)], shape)
}

const layerNormalization: LayerWriter = (layer) => {
  const { shape } = layer.input
  const given = layer.option<number | readonly number[]>('axis') ?? -1
  const axes = (typeof given === 'number' ? [given] : given).map((axis) => (axis < 0 ? shape.length + axis : axis))
  if (axes.length !== 1 || axes[0] !== shape.length - 1) throw layer.refuse('it normalises other axes than the last')
  const size = shape.at(-1) as number
  const gamma = layer.option('scale') === false ? new Float32Array(size).fill(1) : layer.weight('gamma').values
  const beta = layer.option('center') === false ? new Float32Array(size) : layer.weight('beta').values
  return layer.node('LayerNormalization', [layer.input, layer.floats(gamma, [size]), layer.floats(beta, [size])], shape, {
    attributes: { axis: int(-1), epsilon: float(layer.option<number>('epsilon') ?? 1e-3) },
  })
}

const flatten: LayerWriter = (layer) => {
  const rest = layer.input.shape.slice(1)
  const size = rest.includes(-1) ? -1 : rest.reduce((product, one) => product * one, 1)
  return layer.node('Reshape', [layer.input, layer.longs([0, -1])], [layer.input.shape[0] as number, size])
}

const reshape: LayerWriter = (layer) => {
  const target = (layer.option<readonly (number | null)[]>('target_shape') ?? []).map((size) => size ?? -1)
  const rest = layer.input.shape.slice(1)
  const known = rest.includes(-1) ? undefined : rest.reduce((product, size) => product * size, 1)
  const fixed = target.filter((size) => size !== -1).reduce((product, size) => product * size, 1)
  const shape = target.map((size) => (size === -1 && known !== undefined ? known / fixed : size))
  return layer.node('Reshape', [layer.input, layer.longs([0, ...target])], [layer.input.shape[0] as number, ...shape])
}

const repeatVector: LayerWriter = (layer) => {
  const [n] = layer.sizes('n', 1) as [number]
  const [batch, size] = layer.input.shape as [number, number]
  const spread = layer.node('Unsqueeze', [layer.input, layer.longs([1])], [batch, 1, size])
  return layer.node('Tile', [spread, layer.longs([1, n, 1])], [batch, n, size])
}

/** The shape of several tensors that are combined element by element, those of size 1 repeated. */
function broadcast(values: readonly Value[]): readonly number[] {
  const rank = Math.max(...values.map(({ shape }) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = values.map(({ shape }) => shape[axis - rank + shape.length] ?? 1)
    return sizes.find((size) => size !== 1) ?? 1
  })
}

const joined =
  (op: string): LayerWriter =>
  (layer) => {
    const [first, ...others] = layer.inputs
    if (new Set(layer.inputs.map(({ shape }) => shape.length)).size > 1) throw layer.refuse('its inputs have different numbers of axes')
    if (op !== 'Add' && op !== 'Mul') return layer.node(op, layer.inputs, broadcast(layer.inputs))
    return others.reduce((sum, value) => layer.node(op, [sum, value], broadcast([sum, value])), first as Value)
  }

const concatenate: LayerWriter = (layer) => {
  const first = layer.inputs[0] as Value
  const given = layer.option<number>('axis') ?? -1
  const axis = given < 0 ? first.shape.length + given : given
  const sizes = layer.inputs.map(({ shape }) => shape[axis] as number)
  const size = sizes.includes(-1) ? -1 : sizes.reduce((sum, one) => sum + one, 0)
  const shape = first.shape.map((one, at) => (at === axis ? size : one))
  return layer.node('Concat', layer.inputs, shape, { attributes: { axis: int(axis) } })
}

const rescaling: LayerWriter = (layer) => {
  const scaled = layer.node('Mul', [layer.input, layer.float(layer.option<number>('scale') ?? 1)], layer.input.shape)
  return layer.node('Add', [scaled, layer.float(layer.option<number>('offset') ?? 0)], scaled.shape)
}

/** By the names that `model.json` has for them. */
export const basicLayers: Readonly<Record<string, LayerWriter>> = {
  Dense: dense,
  Embedding: embedding,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  Flatten: flatten,
  Reshape: reshape,
  RepeatVector: repeatVector,
  Permute: (layer) => layer.transpose(layer.input, [0, ...(layer.option<readonly number[]>('dims') ?? [])]),
  Rescaling: rescaling,
  Add: joined('Add'),
  Multiply: joined('Mul'),
  Average: joined('Mean'),
  Maximum: joined('Max'),
  Minimum: joined('Min'),
  Concatenate: concatenate,
  // What these do in training they do not do afterwards.
  Dropout: same,
  SpatialDropout1D: same,
  AlphaDropout: same,
  GaussianDropout: same,
  GaussianNoise: same,
  ActivityRegularization: same,
}
