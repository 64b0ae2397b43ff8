/** Layers with windows that move over rows of values or images. TensorFlow.js has the channels last, ONNX has them second. */
import { int, ints, string } from '../../onnxfile/attribute'
import { activate } from './activations'
import { type LayerCall, type LayerWriter, permuted, type Value } from './layer'

/** The number of positions of a window along one axis. */
function positions(size: number, window: number, stride: number, isSame: boolean): number {
  if (size === -1) return -1
  return isSame ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1
}

/** Axes 1 … `count` of the channels-last input are those that windows move along. */
interface Window {
  readonly count: 1 | 2
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly isSame: boolean
}

function windowOf(layer: LayerCall, count: 1 | 2, sizeOption: string): Window {
  const format = layer.option<string>('data_format')
  if (format !== undefined && !/last/i.test(format)) throw layer.refuse(`its \`data_format\` is ${format}; only channelsLast is written`)
  const kind = layer.option<string>('padding') ?? 'valid'
  if (kind !== 'valid' && kind !== 'same') throw layer.refuse(`its \`padding\` is ${kind}; valid and same are written`)
  const sizes = layer.sizes(sizeOption, count)
  const isPool = sizeOption === 'pool_size'
  const strides = layer.sizes('strides', count, isPool ? sizes : new Array<number>(count).fill(1))
  const dilations = layer.sizes('dilation_rate', count, new Array<number>(count).fill(1))
  return { count, sizes, strides, dilations, isSame: kind === 'same' }
}

const channelsSecond = (count: number): number[] => [0, count + 1, ...Array.from({ length: count }, (_, i) => i + 1)]
const channelsLast = (count: number): number[] => [0, ...Array.from({ length: count }, (_, i) => i + 2), 1]

/** Runs an operator that has the channels second, between two transpositions. */
function moved(layer: LayerCall, x: Value, count: number, write: (x: Value) => Value): Value {
  return layer.transpose(write(layer.transpose(x, channelsSecond(count))), channelsLast(count))
}

interface Convolution {
  /** [out, in / groups, …sizes]. */
  readonly kernel: { readonly shape: readonly number[]; readonly values: Float32Array }
  readonly groups: number
  readonly window: Window
  readonly bias: boolean
}

/** A convolution of a tensor that has the channels second. */
function convolve(layer: LayerCall, x: Value, { kernel, groups, window, bias }: Convolution): Value {
  const { sizes, strides, dilations, isSame } = window
  const spans = sizes.map((size, i) => (size - 1) * (dilations[i] as number) + 1)
  const moves = spans.map((span, i) => positions(x.shape[i + 2] as number, span, strides[i] as number, isSame))
  const inputs = [x, layer.floats(kernel.values, kernel.shape)]
  if (bias) {
    const { shape, values } = layer.weight('bias')
    inputs.push(layer.floats(values, shape))
  }
  return layer.node('Conv', inputs, [x.shape[0] as number, kernel.shape[0] as number, ...moves], {
    attributes: {
      strides: ints(strides),
      dilations: ints(dilations),
      group: int(groups),
      kernel_shape: ints(sizes),
      ...padding(window, spans),
    },
  })
}

/** onnxruntime has no automatic padding of dilated windows; they move by one, so their padding does not depend on the size. */
function padding({ isSame, dilations }: Window, spans: readonly number[]) {
  if (!isSame || dilations.every((dilation) => dilation === 1)) return { auto_pad: string(isSame ? 'SAME_UPPER' : 'VALID') }
  return { pads: ints([...spans.map((span) => Math.floor((span - 1) / 2)), ...spans.map((span) => Math.ceil((span - 1) / 2))]) }
}

const conv =
  (count: 1 | 2): LayerWriter =>
  (layer) => {
    const window = windowOf(layer, count, 'kernel_size')
    const kernel = permuted(layer.weight('kernel'), count === 1 ? [2, 1, 0] : [3, 2, 0, 1])
    const bias = layer.option('use_bias') !== false
    return activate(
      layer,
      moved(layer, layer.input, count, (own) => convolve(layer, own, { kernel, groups: 1, window, bias })),
    )
  }

/** The kernel of a depthwise convolution, [h, w, in, m], as one group for each input channel. */
function depthwiseKernel(layer: LayerCall): Convolution['kernel'] {
  const { shape, values } = permuted(layer.weight('depthwise_kernel'), [2, 3, 0, 1])
  const [channels = 0, multiplier = 0, height = 0, width = 0] = shape
  return { shape: [channels * multiplier, 1, height, width], values }
}

const depthwise: LayerWriter = (layer) => {
  const window = windowOf(layer, 2, 'kernel_size')
  const groups = layer.input.shape.at(-1) as number
  const bias = layer.option('use_bias') !== false
  return activate(
    layer,
    moved(layer, layer.input, 2, (x) => convolve(layer, x, { kernel: depthwiseKernel(layer), groups, window, bias })),
  )
}

const separable: LayerWriter = (layer) => {
  const window = windowOf(layer, 2, 'kernel_size')
  const groups = layer.input.shape.at(-1) as number
  const bias = layer.option('use_bias') !== false
  const point = permuted(layer.weight('pointwise_kernel'), [3, 2, 0, 1])
  const one: Window = { count: 2, sizes: [1, 1], strides: [1, 1], dilations: [1, 1], isSame: false }
  const write = (x: Value): Value => {
    const deep = convolve(layer, x, { kernel: depthwiseKernel(layer), groups, window, bias: false })
    return convolve(layer, deep, { kernel: point, groups: 1, window: one, bias })
  }
  return activate(layer, moved(layer, layer.input, 2, write))
}

const transposed: LayerWriter = (layer) => {
  const { sizes, strides, isSame } = windowOf(layer, 2, 'kernel_size')
  const kernel = permuted(layer.weight('kernel'), [3, 2, 0, 1])
  const write = (x: Value): Value => {
    const moves = sizes.map((size, i) => {
      const length = x.shape[i + 2] as number
      if (length === -1) return -1
      return isSame ? length * (strides[i] as number) : (length - 1) * (strides[i] as number) + Math.max(size, strides[i] as number)
    })
    const inputs = [x, layer.floats(kernel.values, kernel.shape)]
    if (layer.option('use_bias') !== false) inputs.push(layer.floats(layer.weight('bias').values, layer.weight('bias').shape))
    return layer.node('ConvTranspose', inputs, [x.shape[0] as number, kernel.shape[1] as number, ...moves], {
      attributes: { strides: ints(strides), kernel_shape: ints(sizes), auto_pad: string(isSame ? 'SAME_UPPER' : 'VALID') },
    })
  }
  return activate(layer, moved(layer, layer.input, 2, write))
}

const pool =
  (op: 'MaxPool' | 'AveragePool', count: 1 | 2): LayerWriter =>
  (layer) => {
    const { sizes, strides, isSame } = windowOf(layer, count, 'pool_size')
    return moved(layer, layer.input, count, (x) => {
      const moves = sizes.map((size, i) => positions(x.shape[i + 2] as number, size, strides[i] as number, isSame))
      return layer.node(op, [x], [...x.shape.slice(0, 2), ...moves], {
        attributes: {
          kernel_shape: ints(sizes),
          strides: ints(strides),
          auto_pad: string(isSame ? 'SAME_UPPER' : 'VALID'),
          ...(op === 'AveragePool' ? { count_include_pad: int(0) } : {}),
        },
      })
    })
  }

const globalPool =
  (op: 'ReduceMax' | 'ReduceMean', count: 1 | 2): LayerWriter =>
  (layer) => {
    const axes = Array.from({ length: count }, (_, i) => i + 1)
    const shape = [layer.input.shape[0] as number, layer.input.shape.at(-1) as number]
    return layer.node(op, [layer.input], shape, { attributes: { axes: ints(axes), keepdims: int(0) } })
  }

/** `[[before, after], [before, after]]`, `[a, b]` or one number. */
function borders(layer: LayerCall, name: string): readonly (readonly [number, number])[] {
  const value = layer.option<number | readonly (number | readonly number[])[]>(name) ?? 1
  const list = typeof value === 'number' ? [value, value] : value
  return list.map((one) => (typeof one === 'number' ? [one, one] : [one[0] as number, one[1] as number]))
}

function resized(size: number, change: number): number {
  return size === -1 ? -1 : size + change
}

const zeroPadding: LayerWriter = (layer) => {
  const [[top, bottom], [left, right]] = borders(layer, 'padding') as [[number, number], [number, number]]
  const [batch, height, width, channels] = layer.input.shape as [number, number, number, number]
  const shape = [batch, resized(height, top + bottom), resized(width, left + right), channels]
  return layer.node('Pad', [layer.input, layer.longs([0, top, left, 0, 0, bottom, right, 0])], shape)
}

const cropping: LayerWriter = (layer) => {
  const [[top, bottom], [left, right]] = borders(layer, 'cropping') as [[number, number], [number, number]]
  const [batch, height, width, channels] = layer.input.shape as [number, number, number, number]
  const end = (cut: number): number => (cut === 0 ? Number.MAX_SAFE_INTEGER : -cut)
  const shape = [batch, resized(height, -top - bottom), resized(width, -left - right), channels]
  return layer.node('Slice', [layer.input, layer.longs([top, left]), layer.longs([end(bottom), end(right)]), layer.longs([1, 2])], shape)
}

const upSampling: LayerWriter = (layer) => {
  const size = layer.sizes('size', 2, [2, 2])
  const mode = layer.option<string>('interpolation') ?? 'nearest'
  if (mode !== 'nearest' && mode !== 'bilinear') throw layer.refuse(`its \`interpolation\` is ${mode}`)
  return moved(layer, layer.input, 2, (x) => {
    const shape = x.shape.map((one, axis) => (axis < 2 || one === -1 ? one : one * (size[axis - 2] as number)))
    return layer.node('Resize', [x, '', layer.floats(Float32Array.of(1, 1, ...size), [4])], shape, {
      attributes: {
        mode: string(mode === 'nearest' ? 'nearest' : 'linear'),
        coordinate_transformation_mode: string('asymmetric'),
        ...(mode === 'nearest' ? { nearest_mode: string('floor') } : {}),
      },
    })
  })
}

/** By the names that `model.json` has for them. */
export const imageLayers: Readonly<Record<string, LayerWriter>> = {
  Conv1D: conv(1),
  Conv2D: conv(2),
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Conv2DTranspose: transposed,
  MaxPooling1D: pool('MaxPool', 1),
  MaxPooling2D: pool('MaxPool', 2),
  AveragePooling1D: pool('AveragePool', 1),
  AveragePooling2D: pool('AveragePool', 2),
  GlobalMaxPooling1D: globalPool('ReduceMax', 1),
  GlobalMaxPooling2D: globalPool('ReduceMax', 2),
  GlobalAveragePooling1D: globalPool('ReduceMean', 1),
  GlobalAveragePooling2D: globalPool('ReduceMean', 2),
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  UpSampling2D: upSampling,
}
