/** Reads the inputs, outputs and class labels of an ONNX file (onnx.proto of ONNX 1.17) without running it. */
import { MillwrightError } from '../../core/errors'
import { type ProtoField, protoFields, protoNumbers } from '../../core/protobuf-read'
import type { TensorType } from '../../schema/signature'
import { isRowByRow, makersOf, type OnnxNode, type RawScores, rawScoresOf, readNodes } from './nodes'

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string
  /** `undefined` for sequences and maps, and for types that this library does not support. */
  readonly dtype: TensorType | undefined
  /** −1 where the size is not fixed. `undefined` when the file does not say. */
  readonly shape: readonly number[] | undefined
  /** Only of outputs: the evidence in the graph that they hold scores and not probabilities. */
  readonly rawScores?: RawScores | undefined
  /** Only of outputs: whether the operators that compute them are known to work row by row. */
  readonly rowByRow?: boolean | undefined
}

/** The interface of a graph. */
export interface OnnxGraph {
  /** The inputs that must be fed; those with a value in the file are left out. */
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** The labels of its classifier, in the order of the scores; `undefined` without a classifier, or with several that differ. */
  readonly classes: readonly (string | number)[] | undefined
}

/** TensorProto.DataType, by number. */
const dtypes: readonly (TensorType | undefined)[] = [
  undefined,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'str',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
]

/** Attributes of the operators of ai.onnx.ml that name the classes. */
const labelAttributes: readonly string[] = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']

/** Reads the interface of an ONNX model. @throws Corrupt when the bytes are no ONNX model */
export function readOnnxGraph(model: Uint8Array): OnnxGraph {
  // ModelProto: 7 graph. GraphProto: 1 node, 5 initializer, 11 input, 12 output, 15 sparse_initializer.
  const graphBytes = messageOf(model).find(({ number }) => number === 7)?.bytes
  if (graphBytes === undefined) throw new MillwrightError('Corrupt', 'the file is not an ONNX model: it holds no graph')
  const graph = messageOf(graphBytes)
  const held = new Set(graph.filter(({ number }) => number === 5).map(({ bytes }) => text(messageOf(bytes), 8)))
  const values = (wanted: number): OnnxValue[] => graph.filter(({ number }) => number === wanted).map(({ bytes }) => readValue(bytes))
  const nodes = attempt(() => readNodes(graph))
  const makers = makersOf(nodes)
  return {
    inputs: values(11).filter(({ name }) => !held.has(name)),
    outputs: values(12).map((output) => ({
      ...output,
      rawScores: rawScoresOf(output.name, makers),
      rowByRow: isRowByRow(output.name, makers),
    })),
    classes: readClasses(nodes),
  }
}

/** ValueInfoProto: 1 name, 2 type. TypeProto: 1 tensor_type { 1 elem_type, 2 shape { 1 dim { 1 value, 2 param } } }. */
function readValue(bytes: Uint8Array): OnnxValue {
  const value = messageOf(bytes)
  const type = value.find(({ number }) => number === 2)
  const tensorBytes = type && messageOf(type.bytes).find(({ number }) => number === 1)?.bytes
  const name = text(value, 1)
  if (tensorBytes === undefined) return { name, dtype: undefined, shape: undefined }
  const tensor = messageOf(tensorBytes)
  const shape = tensor.find(({ number }) => number === 2)?.bytes
  return {
    name,
    dtype: dtypes[tensor.find(({ number }) => number === 1)?.value ?? 0],
    shape: shape && messageOf(shape).map((dimension) => messageOf(dimension.bytes).find(({ number }) => number === 1)?.value ?? -1),
  }
}

/** AttributeProto: 8 ints, 9 strings. */
function readClasses(nodes: readonly OnnxNode[]): OnnxGraph['classes'] {
  const lists = new Map<string, (string | number)[]>()
  for (const node of nodes) {
    for (const name of labelAttributes) {
      const attribute = attempt(() => node.attribute(name)) ?? []
      const strings = attribute.filter((field) => field.number === 9).map((field) => decode(field.bytes))
      const labels = strings.length > 0 ? strings : protoNumbers(attribute, 8)
      if (labels.length > 0) lists.set(JSON.stringify(labels), labels)
    }
  }
  return lists.size === 1 ? [...lists.values()][0] : undefined
}

function messageOf(bytes: Uint8Array): ProtoField[] {
  return attempt(() => protoFields(bytes))
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new MillwrightError('Corrupt', 'the file is not an ONNX model: it cannot be read as one', { cause })
  }
}

function text(fields: readonly ProtoField[], number: number): string {
  const found = fields.find((field) => field.number === number)
  return found === undefined ? '' : decode(found.bytes)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
