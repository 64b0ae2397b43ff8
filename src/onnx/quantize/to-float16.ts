/** ONNX files in sixteen-bit floats. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, ofType } from '../../core/options'
import { type OnnxFile, readOnnxFile, writeOnnxFile } from '../../onnxfile/model-file'
import type { TensorProto } from '../../onnxfile/onnx_pb'
import { dataTypeOf } from '../../onnxfile/types'
import { graphsWithin, opsetOf } from '../../onnxfile/walk'
import { floatInputs, staysFloat32 } from './float32-ops'
import { convertGraph } from './half-graph'
import { halfTensor } from './half-tensors'

/** Options of {@link toFloat16}. */
export interface ToFloat16Options {
  /** Inputs and outputs of the model stay float32, with a Cast behind each input and before each output. @default true */
  readonly keepIoTypes?: boolean | undefined
}

/**
 * Makes an ONNX file half as large, and faster on graphics processors: every float32 constant, value and cast becomes float16. As
 * `convert_float_to_float16` in Python. Operators without a float16 form stay float32, with casts around them: those of ai.onnx.ml, those of
 * quantization, and a few others (NonMaxSuppression, TopK, RoiAlign, Range, CumSum, Min, Max, …). A constant that only those read stays as it is.
 *
 * Numbers beyond ±65504 become ±65504, and those nearer to 0 than 5.96e-8, but not 0, become ±5.96e-8. On most processors float16 saves memory,
 * not time. What the answers lose, {@link compareOnnx} tells.
 *
 * @throws InvalidArgument on unknown options; Corrupt when the bytes are no ONNX model; Unsupported for weights that lie in another file
 *
 * @example
 * const half = toFloat16(await readFile('model.onnx'))
 */
export function toFloat16(bytes: Uint8Array, options: ToFloat16Options = {}): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`toFloat16 needs the bytes of a file, got ${show(bytes)}`)
  checkOptions('toFloat16', options, { keepIoTypes: ofType('boolean') })
  const model = readOnnxFile(bytes)
  const converted = convertConstants(model)
  convertGraph(model.graph, { opset: opsetOf(model), keepIo: options.keepIoTypes ?? true, converted })
  return writeOnnxFile(model)
}

/** Makes initializers float16 where a node reads them that does not stay float32; gives those it made. */
function convertConstants(model: OnnxFile): ReadonlySet<TensorProto> {
  const converted = new Set<TensorProto>()
  const graphs = graphsWithin(model.graph)
  const opset = opsetOf(model)
  const read = new Set(graphs.flatMap(({ output }) => output.map(({ name }) => name ?? '')))
  for (const node of graphs.flatMap(({ node: nodes }) => nodes)) {
    const kept = floatInputs(node, opset)
    if (!staysFloat32(node)) for (const [i, name] of node.input.entries()) if (!kept.includes(i)) read.add(name)
  }
  for (const graph of graphs) {
    graph.initializer = graph.initializer.map((tensor) => {
      if (!read.has(tensor.name ?? '') || tensor.dataType !== dataTypeOf.float32) return tensor
      const half = halfTensor(tensor)
      converted.add(half)
      return half
    })
  }
  return converted
}
