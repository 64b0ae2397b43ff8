/** Takes ZipMap out of ONNX models: it makes a list of maps of a matrix of scores, which onnxruntime's JavaScript interface cannot return. */
import { create } from '@bufbuild/protobuf'
import { attributeOf } from '../../onnxfile/attribute'
import { readOnnxFile, writeOnnxFile } from '../../onnxfile/model-file'
import { type GraphProto, type NodeProto, OperatorSetIdProtoSchema, ValueInfoProtoSchema } from '../../onnxfile/onnx_pb'
import { dataTypeOf } from '../../onnxfile/types'
import type { ModelGraph } from '../../tensors/graph'
import { readOnnxGraph } from './graph'

/** A model that the engine can give every answer of. */
export interface ReadableModel {
  readonly graph: ModelGraph
  /** The bytes for the engine: those of the file itself, unless something was taken out. */
  readonly bytes: Uint8Array
}

/**
 * Reads a model. Where an output is made by ZipMap, it is the matrix of scores instead, under the same name.
 *
 * @throws Corrupt when the bytes are no ONNX model
 */
export function readableModel(bytes: Uint8Array): ReadableModel {
  const file = readOnnxFile(bytes)
  const zipped = file.graph.node.filter((node) => node.opType === 'ZipMap' && isOutput(file.graph, node))
  for (const node of zipped) {
    replaceOutput(file.graph, node.output[0] as string, numLabels(node))
    node.opType = 'Identity'
    node.domain = ''
  }
  // The labels of the classes are attributes of the nodes.
  const graph = readOnnxGraph(file)
  if (zipped.length === 0) return { graph, bytes }
  for (const node of zipped) node.attribute = []
  const isStandard = (domain: string | undefined): boolean => domain === undefined || domain === '' || domain === 'ai.onnx'
  if (!file.opsetImport.some(({ domain }) => isStandard(domain)))
    file.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: '', version: 13n }))
  return { graph, bytes: writeOnnxFile(file) }
}

function isOutput({ output }: GraphProto, node: NodeProto): boolean {
  return output.some(({ name }) => name === node.output[0])
}

function numLabels(node: NodeProto): number {
  return attributeOf(node, 'classlabels_strings')?.strings.length || attributeOf(node, 'classlabels_int64s')?.ints.length || 0
}

function replaceOutput(graph: GraphProto, name: string, numClasses: number): void {
  const at = graph.output.findIndex((output) => output.name === name)
  graph.output[at] = create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: dataTypeOf.float32,
          shape: {
            dim: [
              { value: { case: undefined } },
              numClasses === 0 ? { value: { case: undefined } } : { value: { case: 'dimValue', value: BigInt(numClasses) } },
            ],
          },
        },
      },
    },
  })
}
