/** What an ONNX file says about itself: its inputs, outputs, class labels, without running it. */

import { fromUtf8 } from '../../core/bytes'
import { attributeOf } from '../../onnxfile/attribute'
import type { OnnxFile } from '../../onnxfile/model-file'
import type { GraphProto, NodeProto, ValueInfoProto } from '../../onnxfile/onnx_pb'
import { tensorValues } from '../../onnxfile/tensor'
import { tensorTypeOf } from '../../onnxfile/types'
import type { GraphValue, ModelGraph } from '../../tensors/graph'
import { isRowByRow, makersOf, rawScoresOf } from './nodes'

/** Attributes of the operators of ai.onnx.ml that name the classes. */
const labelAttributes: readonly string[] = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']

/** The interface of an ONNX model. */
export function readOnnxGraph({ graph }: OnnxFile): ModelGraph {
  const held = new Set(graph.initializer.map(({ name }) => name))
  const makers = makersOf(graph.node)
  return {
    subject: 'the ONNX model',
    maker: 'onnxModel',
    inputs: graph.input.map(readValue).filter(({ name }) => !held.has(name)),
    outputs: graph.output.map(readValue).map((output) => ({
      ...output,
      rawScores: rawScoresOf(output.name, makers),
      rowByRow: isRowByRow(output.name, makers),
    })),
    classes: readClasses(graph, makers),
  }
}

function readValue({ name = '', type }: ValueInfoProto): GraphValue {
  if (type?.value.case !== 'tensorType') return { name, dtype: undefined, shape: undefined }
  const { elemType, shape } = type.value.value
  return {
    name,
    dtype: tensorTypeOf(elemType),
    shape: shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : -1)),
  }
}

/** The labels that a classifier of ai.onnx.ml names, or else those that an output takes by the place of the highest score. */
function readClasses(graph: GraphProto, makers: ReadonlyMap<string, NodeProto>): ModelGraph['classes'] {
  const lists = new Map<string, (string | number)[]>()
  for (const node of graph.node) {
    for (const name of labelAttributes) {
      const { strings = [], ints = [] } = attributeOf(node, name) ?? {}
      const labels = strings.length > 0 ? strings.map(fromUtf8) : ints.map(Number)
      if (labels.length > 0) lists.set(JSON.stringify(labels), labels)
    }
  }
  if (lists.size === 0) for (const { name = '' } of graph.output) addGathered(graph, makers.get(name), makers, lists)
  return lists.size === 1 ? [...lists.values()][0] : undefined
}

/** Labels of the form `Gather(labels, ArgMax(scores))`, which is how `toOnnx` writes a classifier. */
function addGathered(
  graph: GraphProto,
  node: NodeProto | undefined,
  makers: ReadonlyMap<string, NodeProto>,
  lists: Map<string, (string | number)[]>,
): void {
  if (node?.opType !== 'Gather' || makers.get(node.input[1] ?? '')?.opType !== 'ArgMax') return
  const tensor = graph.initializer.find(({ name }) => name === node.input[0])
  if (tensor === undefined || tensor.dims.length !== 1) return
  const type = tensorTypeOf(tensor.dataType)
  if (type !== 'str' && type !== 'int64' && type !== 'int32') return
  const values = Array.from(tensorValues(tensor) as ArrayLike<string | bigint | number>)
  const labels = values.map((value) => (typeof value === 'string' ? value : Number(value)))
  lists.set(JSON.stringify(labels), labels)
}
