/** The element type of every value of an ONNX graph, from the types of its inputs and constants and what each operator gives. */
import { attributeOf, intOf } from './attribute'
import type { GraphProto, NodeProto, TypeProto } from './onnx_pb'
import { dataTypeOf } from './types'
import { graphsOf, isStandard } from './walk'

/** Values by name and their element types (TensorProto.DataType); a value whose type cannot be told is absent. */
export type ElementTypes = ReadonlyMap<string, number>

const { float32, uint8, int32, int64, bool, str } = dataTypeOf

/** The element types of a graph; `outer` are those of the graphs around it. Where the file says nothing, an operator gives the type of its first input. */
export function elementTypes(graph: GraphProto, outer: ElementTypes = new Map()): Map<string, number> {
  const types = new Map(outer)
  const set = (name: string | undefined, type: number | undefined): void => {
    if (name && type !== undefined && type > 0) types.set(name, type)
  }
  for (const { name, type } of [...graph.input, ...graph.valueInfo, ...graph.output]) set(name, typeOf(type))
  for (const { name, dataType } of graph.initializer) set(name, dataType)
  for (const { values } of graph.sparseInitializer) set(values?.name, values?.dataType)
  for (const node of graph.node) {
    const given = outputTypes(node, types)
    for (const [i, name] of node.output.entries()) if (!types.has(name)) set(name, given[i] ?? given.at(-1))
  }
  return types
}

/** The element type of a tensor, or of the tensors in a sequence or an optional value. */
export function typeOf(type: TypeProto | undefined): number | undefined {
  const value = type?.value
  if (value?.case === 'tensorType' || value?.case === 'sparseTensorType') return value.value.elemType
  if (value?.case === 'sequenceType' || value?.case === 'optionalType') return typeOf(value.value.elemType)
  return undefined
}

/** Types of a node's outputs; the last one goes for all that follow. */
function outputTypes(node: NodeProto, types: ElementTypes): (number | undefined)[] {
  const input = (place: number): number | undefined => types.get(node.input[place] ?? '')
  const { opType = '', domain = '' } = node
  const inner = graphsOf(node)[0]
  if (inner !== undefined) return innerTypes(node, inner, types)
  if (domain === 'ai.onnx.ml') return classicalTypes(node, input)
  if (!isStandard(node) && domain !== 'com.microsoft') return []
  if (numbersOf.has(opType)) return [numbersOf.get(opType)]
  switch (opType) {
    case 'Cast':
      return [intOf(node, 'to', 0)]
    case 'CastLike':
    case 'Where':
    case 'DequantizeLinear':
    case 'SequenceInsert':
      return [input(1) ?? input(0)]
    case 'OneHot':
      return [input(2)]
    case 'Constant':
      return [constantType(node)]
    case 'ConstantOfShape':
      return [attributeOf(node, 'value')?.t?.dataType ?? float32]
    case 'EyeLike':
    case 'RandomNormalLike':
    case 'RandomUniformLike':
    case 'Bernoulli':
      return [intOf(node, 'dtype', 0) || input(0)]
    case 'RandomNormal':
    case 'RandomUniform':
    case 'SequenceEmpty':
      return [intOf(node, 'dtype', float32)]
    case 'Multinomial':
      return [intOf(node, 'dtype', int32)]
    case 'QuantizeLinear':
      return [input(2) ?? (intOf(node, 'output_dtype', 0) || uint8)]
    case 'QLinearConv':
    case 'QLinearMatMul':
      return [input(7)]
    case 'DynamicQuantizeLinear':
      return [uint8, float32, uint8]
    case 'TopK':
    case 'MaxPool':
    case 'Unique':
      return [input(0), int64]
    case 'Dropout':
      return [input(0), bool]
    case 'LayerNormalization':
      return [input(0), float32]
    case 'BlackmanWindow':
    case 'HannWindow':
    case 'HammingWindow':
      return [intOf(node, 'output_datatype', float32)]
    default:
      return [node.input.map((name) => types.get(name)).find((type) => type !== undefined)]
  }
}

/** Standard operators that always give one type. */
const numbersOf: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ...['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero', 'NonMaxSuppression', 'SequenceLength'].map((op) => [op, int64] as const),
  ...['And', 'Or', 'Not', 'Xor', 'Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].map((op) => [op, bool] as const),
  ...['IsNaN', 'IsInf', 'OptionalHasElement', 'RegexFullMatch'].map((op) => [op, bool] as const),
  ...['MatMulInteger', 'ConvInteger'].map((op) => [op, int32] as const),
  ['StringNormalizer', str],
  ['TfIdfVectorizer', float32],
])

/** Of an If the outputs of a branch; of a Loop or Scan those of its body, of which a Loop's first is its condition. */
function innerTypes({ opType }: NodeProto, inner: GraphProto, types: ElementTypes): (number | undefined)[] {
  const within = elementTypes(inner, types)
  const outputs = inner.output.map(({ name }) => within.get(name ?? ''))
  return opType === 'Loop' ? outputs.slice(1) : outputs
}

/** The operators of ai.onnx.ml. */
function classicalTypes(node: NodeProto, input: (place: number) => number | undefined): (number | undefined)[] {
  const has = (...names: string[]): boolean => names.some((name) => attributeOf(node, name) !== undefined)
  switch (node.opType) {
    case 'TreeEnsembleClassifier':
    case 'LinearClassifier':
    case 'SVMClassifier':
      return [has('classlabels_strings') ? str : int64, float32]
    case 'LabelEncoder':
      if (has('values_strings')) return [str]
      if (has('values_floats')) return [float32]
      return [has('values_tensor') ? attributeOf(node, 'values_tensor')?.t?.dataType : int64]
    case 'CategoryMapper':
      return [input(0) === str ? int64 : str]
    case 'Imputer':
    case 'Binarizer':
    case 'ArrayFeatureExtractor':
    case 'TreeEnsemble':
      return [input(0)]
    case 'ZipMap':
    case 'CastMap':
    case 'DictVectorizer':
      return []
    default:
      return [float32]
  }
}

function constantType(node: NodeProto): number | undefined {
  const [attribute] = node.attribute
  switch (attribute?.name) {
    case 'value':
      return attribute.t?.dataType
    case 'sparse_value':
      return attribute.sparseTensor?.values?.dataType
    case 'value_float':
    case 'value_floats':
      return float32
    case 'value_string':
    case 'value_strings':
      return str
    default:
      return int64
  }
}
