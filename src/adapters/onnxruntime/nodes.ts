/** Reads the nodes of an ONNX graph, and finds out whether an output holds scores and not probabilities. */
import { type ProtoField, protoFields, protoFloats, protoNumbers } from '../../core/protobuf-read'

/** A node of a graph; the values of its attributes are read when they are used. */
export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  attribute(name: string): readonly ProtoField[] | undefined
}

/** The evidence that an output holds no probabilities. */
export interface RawScores {
  /** The operator that computes the scores, for messages: "LinearClassifier with post_transform NONE". */
  readonly maker: string
  /** Whether the operator itself says so; otherwise it is concluded from the way the scores are computed. */
  readonly certain: boolean
}

/** Operators that only change the type or shape of their input. */
const passing: readonly string[] = ['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Dropout', 'ArrayFeatureExtractor']
/** Operators whose result is always a score: weighted sums. */
const sums: readonly string[] = ['MatMul', 'Gemm']
/** Operators whose result is a score if their input is one. */
const combining: readonly string[] = ['Add', 'Sub', 'Mul', 'Neg', 'Concat', 'Sum', ...passing]

/** The nodes of a graph, given as its fields. NodeProto: 1 input, 2 output, 4 op_type, 5 attribute. */
export function readNodes(graph: readonly ProtoField[]): OnnxNode[] {
  return graph.flatMap(({ number, bytes }) => {
    if (number !== 1) return []
    const node = protoFields(bytes)
    const texts = (wanted: number): string[] => node.filter((field) => field.number === wanted).map((field) => decode(field.bytes))
    const attributes = node.filter((field) => field.number === 5)
    return {
      op: texts(4)[0] ?? '',
      inputs: texts(1),
      outputs: texts(2),
      attribute: (name) => attributeOf(attributes, name),
    }
  })
}

function attributeOf(attributes: readonly ProtoField[], name: string): ProtoField[] | undefined {
  // Long lists of weights are read only when they are used.
  const found = attributes.find(({ bytes }) => textOf(protoFields(bytes, { last: 1 }), 1) === name)
  return found && protoFields(found.bytes)
}

/** The node that computes each value. */
export function makersOf(nodes: readonly OnnxNode[]): ReadonlyMap<string, OnnxNode> {
  return new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
}

/**
 * Whether the value `name` holds decision scores, margins or logits in place of probabilities; `undefined` when it may hold probabilities.
 * Values that no node computes (weights and constants) do not count.
 */
export function rawScoresOf(name: string, makers: ReadonlyMap<string, OnnxNode>): RawScores | undefined {
  return judge(name, makers, new Map())
}

function judge(name: string, makers: ReadonlyMap<string, OnnxNode>, known: Map<string, RawScores | undefined>): RawScores | undefined {
  const node = makers.get(name)
  if (node === undefined) return undefined
  // Ends also in an invalid graph with a cycle.
  if (known.has(name) || known.size > 1000) return known.get(name)
  known.set(name, undefined)
  const found = judgeNode(node, makers, known)
  known.set(name, found)
  return found
}

function judgeNode(
  node: OnnxNode,
  makers: ReadonlyMap<string, OnnxNode>,
  known: Map<string, RawScores | undefined>,
): RawScores | undefined {
  const said = classifierScores(node)
  if (said !== undefined) return said
  if (sums.includes(node.op)) return { maker: node.op, certain: false }
  if (!combining.includes(node.op)) return undefined
  const made = node.inputs.filter((input) => isComputed(input, makers))
  const kinds = made.map((input) => judge(input, makers, known))
  const first = kinds[0]
  if (first === undefined || !kinds.every((kind) => kind !== undefined)) return undefined
  return passing.includes(node.op) ? first : { maker: first.maker, certain: false }
}

/** Whether the first dimension of a value is certainly the rows: the model operators of ai.onnx.ml work row by row. */
export function isRowByRow(name: string, makers: ReadonlyMap<string, OnnxNode>): boolean {
  let node = makers.get(name)
  for (let steps = 0; node !== undefined && steps < 100; steps++) {
    if (/^(TreeEnsemble|Linear|SVM)(Classifier|Regressor)?$/.test(node.op)) return true
    if (!['Identity', 'Cast', 'Normalizer', 'ArrayFeatureExtractor'].includes(node.op)) return false
    node = makers.get(node.inputs[0] ?? '')
  }
  return false
}

function isComputed(name: string, makers: ReadonlyMap<string, OnnxNode>): boolean {
  const node = makers.get(name)
  return node !== undefined && node.op !== 'Constant'
}

/** Evidence from the attributes of the classifiers of ai.onnx.ml. */
function classifierScores(node: OnnxNode): RawScores | undefined {
  const transform = textOf(node.attribute('post_transform') ?? [], 4) || 'NONE'
  const raw = (why: string): RawScores => ({ maker: `${node.op} ${why}`, certain: true })
  switch (node.op) {
    case 'LinearClassifier':
      if (transform === 'NONE') return raw('with post_transform NONE')
      break
    case 'SVMClassifier':
      if (transform === 'NONE' && protoFloats(node.attribute('prob_a') ?? [], 7).length === 0) return raw('without prob_a and prob_b')
      break
    case 'TreeEnsembleClassifier':
      // The leaves of a forest hold shares; only those of boosted trees are negative.
      if (transform === 'NONE' && hasNegativeWeight(node)) return raw('with post_transform NONE and negative weights')
      break
    case 'LogSoftmax':
      return { maker: 'LogSoftmax', certain: true }
    default:
      return undefined
  }
  return transform === 'LOGISTIC' && numLabels(node) > 2 ? raw('with post_transform LOGISTIC for each of several classes') : undefined
}

/** `class_weights`, or `class_weights_as_tensor` (AttributeProto: 5 t; TensorProto: 9 raw_data, 10 double_data). */
function hasNegativeWeight(node: OnnxNode): boolean {
  if (protoFloats(node.attribute('class_weights') ?? [], 7).some((weight) => weight < 0)) return true
  const tensor = node.attribute('class_weights_as_tensor')?.find(({ number }) => number === 5)?.bytes
  if (tensor === undefined) return false
  const fields = protoFields(tensor)
  const isDouble = fields.some(({ number, value }) => number === 2 && value === 11)
  return [9, 10, 4].some((number) => protoFloats(fields, number, isDouble ? 8 : 4).some((weight) => weight < 0))
}

function numLabels(node: OnnxNode): number {
  return Math.max(
    ...['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'].map((name) => {
      const fields = node.attribute(name) ?? []
      return Math.max(fields.filter(({ number }) => number === 9).length, protoNumbers(fields, 8).length)
    }),
  )
}

function textOf(fields: readonly ProtoField[], number: number): string {
  const found = fields.find((field) => field.number === number)
  return found === undefined ? '' : decode(found.bytes)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
