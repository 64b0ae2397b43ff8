/** Weights as eight-bit whole numbers, activations quantized as they come: dynamic quantization. */
import { copyBytes } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, ofType, oneOf } from '../../core/options'
import { type AttributeValue, int } from '../../onnxfile/attribute'
import { readOnnxFile, writeOnnxFile } from '../../onnxfile/model-file'
import type { NodeProto, TensorProto } from '../../onnxfile/onnx_pb'
import { tensorValues } from '../../onnxfile/tensor'
import { dataTypeOf } from '../../onnxfile/types'
import { isStandard, valuesReadBy } from '../../onnxfile/walk'
import { isPlainGemm, isTransposed, transposed } from './gemm'
import { type Int8Options, quantizeWeights, type WeightType } from './int8'
import { liftOpset } from './opset'
import { GraphRewriter } from './rewriter'

/** An operator that {@link quantizeDynamic} knows. */
export type QuantizableOp = 'MatMul' | 'Gemm' | 'Conv' | 'Gather'

/** Options of {@link quantizeDynamic}. */
export interface QuantizeDynamicOptions {
  /** A scale for each column of a matrix, instead of one for the whole: more exact, hardly larger. Convolutions have one scale. @default false */
  readonly perChannel?: boolean | undefined
  /** Seven bits instead of eight, for x86 processors without VNNI, where sums of eight-bit products overflow. @default false */
  readonly reduceRange?: boolean | undefined
  /**
   * The type of the weights of MatMul, Gemm and Conv: `int8` around 0, or `uint8` with a zero point. Tables of Gather are uint8.
   * @default 'int8', for Conv 'uint8': many releases of onnxruntime run no other
   */
  readonly weightType?: WeightType | undefined
  /** The operators to quantize. @default all four */
  readonly ops?: readonly QuantizableOp[] | undefined
}

const known = ['MatMul', 'Gemm', 'Conv', 'Gather'] as const

/**
 * Makes an ONNX file smaller, about four times where weights are most of it: float32 weights of MatMul, Gemm, Conv and Gather become
 * eight-bit whole numbers, and the inputs of those nodes are quantized while the model runs. As onnxruntime's `quantize_dynamic` in Python,
 * with its formulas and names. Weights are initializers of the main graph; every other node is left as it is, and so is a Gemm with a factor or a
 * transposed first input. Files older than operator set 11 are lifted to it. A file without such weights comes back unchanged.
 *
 * Inputs and outputs stay float32. What the answers lose, {@link compareOnnx} tells. Trees and linear models of scikit-learn's kind have
 * nothing to quantize.
 *
 * @throws InvalidArgument on unknown options; Corrupt when the bytes are no ONNX model; Unsupported for an old file that cannot be lifted
 *
 * @example
 * const small = quantizeDynamic(await readFile('model.onnx'), { perChannel: true })
 */
export function quantizeDynamic(bytes: Uint8Array, options: QuantizeDynamicOptions = {}): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`quantizeDynamic needs the bytes of a file, got ${show(bytes)}`)
  checkOptions('quantizeDynamic', options, {
    perChannel: ofType('boolean'),
    reduceRange: ofType('boolean'),
    weightType: oneOf('int8', 'uint8'),
    ops: arrayOf(oneOf(...known)),
  })
  const model = readOnnxFile(bytes)
  const quantizer = new Quantizer(new GraphRewriter(model.graph), options)
  for (const node of model.graph.node) quantizer.take(node)
  if (!quantizer.finish()) return copyBytes(bytes)
  liftOpset(model)
  return writeOnnxFile(model)
}

/** A value in eight bits: the names of its tensors. */
interface Eight {
  readonly values: string
  readonly scale: string
  readonly zeroPoint: string
  /** Whether the float value is to be made of it where it is needed. */
  readonly only?: boolean | undefined
}

class Quantizer {
  readonly #graph: GraphRewriter
  readonly #options: QuantizeDynamicOptions
  readonly #ops: readonly string[]
  readonly #known = new Map<string, Eight>()
  readonly #transposed = new Map<string, string>()
  readonly #floats = new Map<string, Float32Array>()
  readonly #replaced = new Set<string>()

  constructor(graph: GraphRewriter, options: QuantizeDynamicOptions) {
    this.#graph = graph
    this.#options = options
    this.#ops = options.ops ?? known
  }

  /** Writes a node, quantized where it can be. */
  take(node: NodeProto): void {
    const wanted = isStandard(node) && this.#ops.includes(node.opType ?? '')
    if (wanted && node.opType === 'MatMul' && this.#isWeight(node.input[1], 1)) this.#matMul(node)
    else if (wanted && isPlainGemm(node) && this.#isWeight(node.input[1], 2, 2)) this.#gemm(node)
    else if (wanted && node.opType === 'Conv' && this.#isWeight(node.input[1], 3)) this.#conv(node)
    else if (wanted && node.opType === 'Gather' && this.#isWeight(node.input[0], 1)) this.#gather(node)
    else {
      for (const name of valuesReadBy(node)) this.#dequantize(name)
      this.#graph.keep(node)
    }
  }

  /** Whether anything was quantized; the graph then holds the new nodes. */
  finish(): boolean {
    for (const { name } of this.#graph.graph.output) this.#dequantize(name ?? '')
    if (this.#replaced.size === 0) return false
    this.#graph.finish(this.#replaced)
    return true
  }

  #matMul(node: NodeProto, [a, b] = node.input as [string, string], output = node.output[0] as string): void {
    const { perChannel = false, weightType = 'int8' } = this.#options
    const left = this.#activation(a)
    const right = this.#weight(b, { type: weightType, symmetric: weightType === 'int8', channels: perChannel })
    this.#product(node, 'MatMulInteger', [left, right], output)
  }

  #gemm(node: NodeProto): void {
    const [a, b, sum] = node.input as [string, string, string?]
    const [output] = node.output as [string]
    const right = isTransposed(node) ? this.#transpose(b) : b
    const name = node.name ? `${node.name}_MatMul` : ''
    if (!sum) this.#matMul({ ...node, name }, [a, right], output)
    else {
      const product = this.#graph.name(`${output}_MatMul`)
      this.#matMul({ ...node, name }, [a, right], product)
      this.#dequantize(sum)
      this.#graph.add('Add', [product, sum], [output], { name: node.name ? this.#graph.name(`${node.name}_Add`) : undefined })
    }
  }

  #conv(node: NodeProto): void {
    const [x, w, bias] = node.input as [string, string, string?]
    const [output] = node.output as [string]
    const { weightType = 'uint8' } = this.#options
    const left = this.#activation(x)
    const right = this.#weight(w, { type: weightType, symmetric: weightType === 'int8', channels: false })
    const attributes = Object.fromEntries(node.attribute.map((attribute) => [attribute.name ?? '', (): typeof attribute => attribute]))
    const scaled = bias ? this.#graph.name(`${output}quant_scaled_output`) : output
    this.#product(node, 'ConvInteger', [left, right], scaled, attributes)
    if (!bias) return
    this.#dequantize(bias)
    const rank = this.#graph.initializers.get(w)?.dims.length ?? 4
    const shape = BigInt64Array.from({ length: rank }, (_, axis) => (axis === 1 ? -1n : 1n))
    const reshaped = this.#graph.name(`${output}_bias_reshape_output`)
    this.#graph.add('Reshape', [bias, this.#graph.constant(`${output}_bias_reshape_shape`, 'int64', [rank], shape)], [reshaped])
    this.#graph.add('Add', [scaled, reshaped], [output], { name: this.#graph.name(`${output}_bias_add`) })
  }

  /** The product of whole numbers, and what it is as floats. */
  #product(
    { name }: NodeProto,
    op: 'MatMulInteger' | 'ConvInteger',
    [left, right]: readonly [Eight, Eight],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): void {
    const graph = this.#graph
    const whole = graph.name(`${output}_output_quantized`)
    const node = name ? graph.name(`${name}_quant`) : undefined
    graph.add(op, [left.values, right.values, left.zeroPoint, right.zeroPoint], [whole], { name: node, attributes })
    const floats = graph.name(`${whole}_cast_output`)
    graph.add('Cast', [whole], [floats], { name: graph.name(`${whole}_cast`), attributes: { to: int(dataTypeOf.float32) } })
    const stem = node === undefined ? `${left.scale}_${right.scale}_mul` : `${node}_scales_mul`
    const scales = graph.name(`${stem}:0`)
    graph.add('Mul', [left.scale, right.scale], [scales], { name: graph.name(stem) })
    graph.add('Mul', [floats, scales], [output], { name: node && graph.name(`${node}_output_scale_mul`) })
  }

  #gather(node: NodeProto): void {
    const [table, indices] = node.input as [string, string]
    const [output] = node.output as [string]
    this.#dequantize(indices)
    const eight = this.#weight(table, { type: 'uint8', symmetric: false, channels: false, whole: true })
    const values = this.#graph.name(`${output}_quantized`)
    this.#graph.keep({ ...node, input: [eight.values, indices], output: [values] })
    this.#known.set(output, { ...eight, values, only: true })
  }

  /** Whether a value is a float32 constant of a rank between these, with finite values. */
  #isWeight(name: string | undefined, rank: number, most = Number.POSITIVE_INFINITY): boolean {
    const tensor = name === undefined ? undefined : this.#graph.initializers.get(name)
    if (tensor === undefined || tensor.dataType !== dataTypeOf.float32 || tensor.dataLocation === 1) return false
    return (
      tensor.dims.length >= rank &&
      tensor.dims.length <= most &&
      this.#floatsOf(tensor).length > 0 &&
      this.#floatsOf(tensor).every(Number.isFinite)
    )
  }

  #floatsOf(tensor: TensorProto): Float32Array {
    const name = tensor.name ?? ''
    const floats = this.#floats.get(name) ?? (tensorValues(tensor) as Float32Array)
    this.#floats.set(name, floats)
    return floats
  }

  /** A constant of which rows and columns are exchanged, as another value of the floats to quantize. */
  #transpose(name: string): string {
    const known = this.#transposed.get(name)
    if (known !== undefined) return known
    const tensor = this.#graph.initializers.get(name) as TensorProto
    const result = this.#graph.name(`${name}_Transposed`)
    this.#transposed.set(name, result)
    this.#floats.set(result, transposed(this.#floatsOf(tensor), tensor))
    this.#replaced.add(name)
    return result
  }

  /** A constant in eight bits. */
  #weight(
    name: string,
    { type, symmetric, channels, whole = false }: { type: WeightType; symmetric: boolean; channels: boolean; whole?: boolean },
  ): Eight {
    const key = `${type} ${channels} ${whole} ${name}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const dims = this.#dimsOf(name)
    const options: Int8Options = { type, symmetric, reduceRange: !whole && (this.#options.reduceRange ?? false) }
    const perChannel = channels && dims.length > 1
    const floats = this.#floats.get(name) as Float32Array
    const { values, scales, zeroPoints } = quantizeWeights(floats, perChannel ? (dims.at(-1) as number) : 1, options)
    const shape = perChannel ? [scales.length] : []
    const eight = {
      values: this.#graph.constant(`${name}_quantized`, type, dims, values),
      scale: this.#graph.constant(`${name}_scale`, 'float32', shape, scales),
      zeroPoint: this.#graph.constant(`${name}_zero_point`, type, shape, zeroPoints),
    }
    this.#replaced.add(name)
    this.#known.set(key, eight)
    return eight
  }

  #dimsOf(name: string): number[] {
    const [source] = [...this.#transposed].find(([, result]) => result === name) ?? []
    const dims = (this.#graph.initializers.get(source ?? name) as TensorProto).dims.map(Number)
    return source === undefined ? dims : dims.reverse()
  }

  /** A value that a node takes in eight bits: a constant, one that is already in eight bits, or one quantized while the model runs. */
  #activation(name: string): Eight {
    if (this.#isWeight(name, 0)) return this.#weight(name, { type: 'uint8', symmetric: false, channels: false, whole: true })
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const eight = {
      values: this.#graph.name(`${name}_quantized`),
      scale: this.#graph.name(`${name}_scale`),
      zeroPoint: this.#graph.name(`${name}_zero_point`),
    }
    this.#graph.add('DynamicQuantizeLinear', [name], [eight.values, eight.scale, eight.zeroPoint], {
      name: this.#graph.name(`${name}_QuantizeLinear`),
    })
    this.#known.set(name, eight)
    return eight
  }

  /** Makes floats of a value that is there in eight bits only. */
  #dequantize(name: string): void {
    const known = this.#known.get(name)
    if (known?.only !== true) return
    this.#graph.add('DequantizeLinear', [known.values, known.scale, known.zeroPoint], [name], {
      name: this.#graph.name(`${name}_DequantizeLinear`),
    })
    this.#known.set(name, { ...known, only: false })
  }
}
