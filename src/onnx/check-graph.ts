/** What a graph of an ONNX file must keep: names, order, attributes, tensors, types. */
import { show } from '../core/errors'
import type { AttributeProto, GraphProto, NodeProto, TensorProto, TypeProto } from '../onnxfile/onnx_pb'
import { graphsOf, innerType } from '../onnxfile/walk'
import { countOf, elementName } from './describe'

/** Something that keeps a file from being loaded, or being loaded as it is meant. */
export interface OnnxProblem {
  /** What is wrong, as a sentence. */
  readonly message: string
  /** The graph. */
  readonly graph: string
  /** The node, by its name, or by its place and operator where it has none. */
  readonly node?: string
  /** The value, attribute or constant. */
  readonly name?: string
}

/** What is known of the file around the graph. */
export interface GraphFacts {
  /** The operator sets that nodes may use. */
  readonly domains: ReadonlySet<string>
  /** The version of ai.onnx.ml. */
  readonly ml: number
  readonly ir: number
  /** Where problems are put. */
  readonly problems: OnnxProblem[]
}

/** Checks graphs, those within graphs too. */
export class GraphCheck {
  readonly #facts: GraphFacts

  constructor(facts: GraphFacts) {
    this.#facts = facts
  }

  /** Checks a graph; `outer` are the values that it may read from around it. */
  check(graph: GraphProto, outer: ReadonlySet<string> = new Set(), isInner = false): void {
    const { problems, ir } = this.#facts
    const label = graph.name ?? ''
    const add = (message: string, more: Omit<OnnxProblem, 'graph' | 'message'> = {}): void =>
      void problems.push({ graph: label, message, ...more })
    if (label === '') add('the graph has no name')
    const known = new Set(outer)
    const define = (name: string, what: string, node?: string): void => {
      if (known.has(name))
        add(`${what} has the name ${show(name)}, which another value has`, { name, ...(node === undefined ? {} : { node }) })
      known.add(name)
    }
    const inputs = new Set(graph.input.map(({ name = '' }) => name))
    for (const { name = '', type } of graph.input) {
      define(name, 'an input')
      if (!isInner || type !== undefined) for (const message of typeProblems(type)) add(`the input ${show(name)} ${message}`, { name })
    }
    const constants = [...graph.initializer, ...graph.sparseInitializer.flatMap(({ values }) => (values === undefined ? [] : [values]))]
    const initializers = new Set<string>()
    for (const tensor of constants) {
      const { name = '' } = tensor
      if (!inputs.has(name) || initializers.has(name)) define(name, 'a constant')
      else if (ir >= 1 && name === '') add('a constant has no name')
      initializers.add(name)
      for (const message of tensorProblems(tensor)) add(`the constant ${show(name)} ${message}`, { name })
      if (ir < 4 && ir > 0 && !inputs.has(name) && !isInner)
        add(`the constant ${show(name)} must be listed as an input before IR version 4`, { name })
    }
    for (const [i, node] of graph.node.entries()) {
      const title = node.name || `node ${i} (${node.opType ?? ''})`
      this.#node(node, { title, known, add })
      for (const name of node.output.filter((each) => each !== '')) define(name, 'an output', title)
    }
    for (const { name = '', type } of graph.output) {
      if (!known.has(name)) add(`no node makes the output ${show(name)}`, { name })
      if (!isInner) for (const message of typeProblems(type)) add(`the output ${show(name)} ${message}`, { name })
    }
  }

  #node(
    node: NodeProto,
    {
      title,
      known,
      add,
    }: { title: string; known: ReadonlySet<string>; add: (message: string, more?: Omit<OnnxProblem, 'graph' | 'message'>) => void },
  ): void {
    const { domains, ml } = this.#facts
    const { opType = '', domain = '', input, output, attribute } = node
    if (opType === '') add('a node has no operator', { node: title })
    if (input.length === 0 && output.length === 0) add('a node has neither inputs nor outputs', { node: title })
    if (!domains.has(domain === 'ai.onnx' ? '' : domain))
      add(`the operator set ${show(domain || 'ai.onnx')} is not imported`, { node: title, name: domain })
    if (domain === 'ai.onnx.ml' && ml >= 5 && /^TreeEnsemble(Classifier|Regressor)$/.test(opType))
      add(`${opType} is gone from ai.onnx.ml 5; import 3, or write a TreeEnsemble`, { node: title })
    for (const name of input)
      if (name !== '' && !known.has(name)) add(`the input ${show(name)} is made by no node before this one`, { node: title, name })
    const names = new Set<string>()
    for (const each of attribute) {
      const { name = '' } = each
      if (names.has(name)) add(`the attribute ${show(name)} is given twice`, { node: title, name })
      names.add(name)
      for (const message of attributeProblems(each)) add(`the attribute ${show(name)} ${message}`, { node: title, name })
      for (const tensor of each.t === undefined ? each.tensors : [each.t, ...each.tensors])
        for (const message of tensorProblems(tensor)) add(`the tensor of the attribute ${show(name)} ${message}`, { node: title, name })
    }
    for (const graph of graphsOf(node)) this.check(graph, known, true)
  }
}

/** The value fields of an attribute, by the number of the type that they go with. */
function fieldsOf(attribute: AttributeProto): number[] {
  const { f, i, s, t, g, floats, ints, strings, tensors, graphs, sparseTensor, sparseTensors, tp, typeProtos } = attribute
  const single = [f, i, s, t, g].flatMap((value, place) => (value === undefined ? [] : [place + 1]))
  const lists = [floats, ints, strings, tensors, graphs].flatMap((list, place) => (list.length === 0 ? [] : [place + 6]))
  const rare = [sparseTensor, sparseTensors[0], tp, typeProtos[0]].flatMap((value, place) => (value === undefined ? [] : [place + 11]))
  return [...single, ...lists, ...rare]
}

const attributeNames = [
  '',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparse tensor',
  'sparse tensors',
  'type',
  'types',
]

function attributeProblems(attribute: AttributeProto): string[] {
  const { type = 0, refAttrName } = attribute
  if (attribute.name === undefined || attribute.name === '') return ['has no name']
  const fields = fieldsOf(attribute)
  if (refAttrName) return fields.length > 0 ? ['refers to another, and has a value'] : []
  if (attributeNames[type] === undefined || type === 0) return ['says no type']
  if (fields.length > 1) return [`has ${fields.length} values`]
  // An empty list leaves no field; a 0, an empty text and the like do.
  const isList = type >= 6 && type <= 10
  if (fields.length === 0) return isList || type === 12 || type === 14 ? [] : [`says ${attributeNames[type]} and has no value`]
  return fields[0] === type ? [] : [`says ${attributeNames[type]} and has ${attributeNames[fields[0] as number]}`]
}

function typeProblems(type: TypeProto | undefined): string[] {
  const value = type?.value
  if (type === undefined || value?.case === undefined) return ['has no type']
  if (value.case === 'tensorType' || value.case === 'sparseTensorType')
    return elementName(value.value.elemType) === undefined ? ['has no element type'] : []
  if (value.case === 'opaqueType') return []
  if (value.case === 'mapType' && elementName(value.value.keyType) === undefined) return ['is a map without a type of keys']
  return typeProblems(innerType(type)).map((message) => `holds something that ${message}`)
}

/** Bytes of an element in `raw_data`; of four- and two-bit ones a part of a byte. */
const widths: Readonly<Record<number, number>> = {
  ...{
    1: 4,
    2: 1,
    3: 1,
    4: 2,
    5: 2,
    6: 4,
    7: 8,
    9: 1,
    10: 2,
    11: 8,
    12: 4,
    13: 8,
    14: 8,
    15: 16,
    16: 2,
    17: 1,
    18: 1,
    19: 1,
    20: 1,
    24: 1,
  },
  ...{ 21: 0.5, 22: 0.5, 23: 0.5, 25: 0.25, 26: 0.25 },
}

function tensorProblems(tensor: TensorProto): string[] {
  const { dataType = 0, dims, rawData, dataLocation } = tensor
  const name = elementName(dataType)
  if (name === undefined) return ['has no element type']
  if (dims.some((dim) => dim < 0n)) return ['has a negative size']
  if (dataLocation === 1) return ['lies in another file, which the bytes do not hold']
  const lists = [tensor.floatData, tensor.int32Data, tensor.int64Data, tensor.doubleData, tensor.uint64Data, tensor.stringData]
  const filled = lists.filter((list) => list.length > 0)
  const raw = rawData?.length ?? 0
  if (filled.length + (raw > 0 ? 1 : 0) > 1) return ['has values in two fields']
  const count = countOf(tensor)
  if (dataType === 8 && raw > 0) return ['has texts as raw bytes']
  const width = widths[dataType] ?? 1
  const packed = width < 1 ? Math.ceil(count * width) : count
  const held = raw > 0 ? raw : (filled[0]?.length ?? 0)
  const complex = dataType === 14 || dataType === 15 ? 2 : 1
  const wanted = raw > 0 ? Math.ceil(count * width) : packed * complex
  if (held === wanted) return []
  return [`must hold ${wanted} ${raw > 0 ? 'bytes' : 'values'} by its sizes, it holds ${held}`]
}
