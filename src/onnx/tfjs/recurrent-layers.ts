/** Recurrent layers. */
import { floats, int, string, strings } from '../../onnxfile/attribute'
import { activationName } from './activations'
import { type LayerCall, type LayerWriter, permuted, type Value } from './layer'

/** A kind of recurrent layer. */
interface Kind {
  readonly op: 'LSTM' | 'GRU' | 'RNN'
  /** The place that TensorFlow.js has each gate of ONNX at, in ONNX's order. */
  readonly gates: readonly number[]
}

const kinds: Readonly<Record<string, Kind>> = {
  // TensorFlow.js: input, forget, cell, output; ONNX: input, output, forget, cell.
  LSTM: { op: 'LSTM', gates: [0, 3, 1, 2] },
  GRU: { op: 'GRU', gates: [0, 1, 2] },
  SimpleRNN: { op: 'RNN', gates: [0] },
}

/** Activations that ONNX's recurrent operators have. */
const names: Readonly<Record<string, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softplus: 'Softplus',
  softsign: 'Softsign',
  hardSigmoid: 'HardSigmoid',
}

const recurrent =
  ({ op, gates }: Kind): LayerWriter =>
  (layer) => {
    for (const option of ['return_state', 'reset_after', 'unroll_backwards'])
      if (layer.option(option) === true) throw layer.refuse(`\`${option}\` is set`)
    const sequences = layer.option('return_sequences') === true
    const backwards = layer.option('go_backwards') === true
    if (backwards && sequences) throw layer.refuse('`go_backwards` and `return_sequences` are both set')
    const units = layer.weight('recurrent_kernel').shape[0] as number
    const [batch, time] = layer.input.shape as [number, number]
    const x = layer.transpose(layer.input, [1, 0, 2])
    const inputs = [x, gateWeights(layer, 'kernel', gates, units), gateWeights(layer, 'recurrent_kernel', gates, units)]
    if (layer.option('use_bias') !== false) inputs.push(gateBiases(layer, gates, units))
    const all = layer.node(op, inputs, [time, 1, batch, units], {
      attributes: {
        hidden_size: int(units),
        direction: string(backwards ? 'reverse' : 'forward'),
        ...activationAttributes(layer, op),
        ...(op === 'GRU' ? { linear_before_reset: int(0) } : {}),
      },
    })
    if (sequences) {
      const flat = layer.node('Squeeze', [all, layer.longs([1])], [time, batch, units])
      return layer.transpose(flat, [1, 0, 2])
    }
    return lastOf(layer, all, backwards)
  }

/** The answer of the step that comes last: at the end of the sequence, or at its beginning when it is read backwards. */
function lastOf(layer: LayerCall, all: Value, backwards: boolean): Value {
  const [, , batch, units] = all.shape as [number, number, number, number]
  const step = layer.node('Gather', [all, layer.longs([backwards ? 0 : -1])], [1, 1, batch, units], { attributes: { axis: int(0) } })
  return layer.node('Squeeze', [step, layer.longs([0, 1])], [batch, units])
}

/** [in, gates · units] as [1, gates · units, in], the gates in ONNX's order. */
function gateWeights(layer: LayerCall, name: string, gates: readonly number[], units: number): Value {
  const { shape, values } = permuted(layer.weight(name), [1, 0])
  const width = shape[1] as number
  const result = new Float32Array(values.length)
  for (const [to, from] of gates.entries())
    result.set(values.subarray(from * units * width, (from + 1) * units * width), to * units * width)
  const dims = [1, gates.length * units, width]
  return { name: layer.floats(result, dims), shape: dims }
}

/** ONNX has a second bias, which is zero here. */
function gateBiases(layer: LayerCall, gates: readonly number[], units: number): Value {
  const { values } = layer.weight('bias')
  const result = new Float32Array(2 * gates.length * units)
  for (const [to, from] of gates.entries()) result.set(values.subarray(from * units, (from + 1) * units), to * units)
  return { name: layer.floats(result, [1, result.length]), shape: [1, result.length] }
}

function activationAttributes(layer: LayerCall, op: Kind['op']) {
  const own = activationOf(layer, 'activation', 'tanh')
  const gate = op === 'RNN' ? undefined : activationOf(layer, 'recurrent_activation', 'hardSigmoid')
  const list = op === 'LSTM' ? [gate as string, own, own] : op === 'GRU' ? [gate as string, own] : [own]
  const hard = list.filter((name) => name === 'HardSigmoid').length
  const values =
    hard === 0
      ? {}
      : { activation_alpha: floats(new Array<number>(hard).fill(0.2)), activation_beta: floats(new Array<number>(hard).fill(0.5)) }
  return { activations: strings(list), ...values }
}

function activationOf(layer: LayerCall, option: string, otherwise: string): string {
  const name = activationName(layer.option(option) ?? otherwise)
  const found = Object.hasOwn(names, name) ? names[name] : undefined
  if (found === undefined) throw layer.refuse(`its \`${option}\` is ${name}; known: ${Object.keys(names).join(', ')}`)
  return found
}

/** By the names that `model.json` has for them. */
export const recurrentLayers: Readonly<Record<string, LayerWriter>> = /* @__PURE__ */ Object.fromEntries(
  Object.entries(kinds).map(([name, kind]) => [name, recurrent(kind)]),
)
