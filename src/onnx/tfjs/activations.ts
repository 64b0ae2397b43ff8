/** Activations of TensorFlow.js layers. */
import { float, int } from '../../onnxfile/attribute'
import type { LayerCall, LayerWriter, Value } from './layer'

type Activation = (layer: LayerCall, x: Value) => Value

const unary =
  (op: string): Activation =>
  (layer, x) =>
    layer.node(op, [x], x.shape)
const lastAxis =
  (op: string): Activation =>
  (layer, x) =>
    layer.node(op, [x], x.shape, { attributes: { axis: int(-1) } })
const times = (layer: LayerCall, a: Value, b: Value | string): Value => layer.node('Mul', [a, b], a.shape)

/** By TensorFlow.js' names. */
const activations: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: unary('Relu'),
  relu6: (layer, x) => layer.node('Clip', [x, layer.float(0), layer.float(6)], x.shape),
  sigmoid: unary('Sigmoid'),
  tanh: unary('Tanh'),
  softplus: unary('Softplus'),
  softsign: unary('Softsign'),
  elu: unary('Elu'),
  selu: unary('Selu'),
  softmax: lastAxis('Softmax'),
  logSoftmax: lastAxis('LogSoftmax'),
  hardSigmoid: (layer, x) => layer.node('HardSigmoid', [x], x.shape, { attributes: { alpha: float(0.2), beta: float(0.5) } }),
  swish: (layer, x) => times(layer, x, layer.node('Sigmoid', [x], x.shape)),
  mish: (layer, x) => times(layer, x, layer.node('Tanh', [layer.node('Softplus', [x], x.shape)], x.shape)),
  gelu: (layer, x) => halfTimes(layer, x, layer.node('Erf', [times(layer, x, layer.float(Math.SQRT1_2))], x.shape)),
}

/** x · (1 + y) / 2. */
function halfTimes(layer: LayerCall, x: Value, y: Value): Value {
  const plus = layer.node('Add', [y, layer.float(1)], y.shape)
  return times(layer, times(layer, x, layer.float(0.5)), plus)
}

/** The name of an activation: files have them in camel case, in snake case, or as an object. */
export function activationName(value: unknown): string {
  const name = typeof value === 'object' && value !== null ? (value as { readonly class_name?: unknown }).class_name : value
  if (name === undefined || name === null) return 'linear'
  return String(name).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Applies the activation that the option `option` of the layer names. @throws Unsupported for one that is not known */
export function activate(layer: LayerCall, x: Value, option = 'activation'): Value {
  const name = activationName(layer.option(option))
  const write = Object.hasOwn(activations, name) ? activations[name] : undefined
  if (write === undefined) throw layer.refuse(`its activation is ${JSON.stringify(name)}; known: ${Object.keys(activations).join(', ')}`)
  return write(layer, x)
}

/** Layers that are an activation. */
export const activationLayers: Readonly<Record<string, LayerWriter>> = {
  Activation: (layer) => activate(layer, layer.input),
  ReLU: (layer) => {
    const x = layer.node('Relu', [layer.input], layer.input.shape)
    const max = layer.option<number>('max_value')
    return max === undefined ? x : layer.node('Min', [x, layer.float(max)], x.shape)
  },
  // ONNX has other defaults than TensorFlow.js, so each value is written.
  LeakyReLU: (layer) => withAlpha(layer, 'LeakyRelu', layer.option<number>('alpha') ?? 0.3),
  ELU: (layer) => withAlpha(layer, 'Elu', layer.option<number>('alpha') ?? 1),
  ThresholdedReLU: (layer) => withAlpha(layer, 'ThresholdedRelu', layer.option<number>('theta') ?? 1),
  PReLU: (layer) => {
    const { shape, values } = layer.weight('alpha')
    return layer.node('PRelu', [layer.input, layer.floats(values, shape)], layer.input.shape)
  },
  Softmax: (layer) =>
    layer.node('Softmax', [layer.input], layer.input.shape, { attributes: { axis: int(layer.option<number>('axis') ?? -1) } }),
}

function withAlpha(layer: LayerCall, op: string, alpha: number): Value {
  return layer.node(op, [layer.input], layer.input.shape, { attributes: { alpha: float(alpha) } })
}
