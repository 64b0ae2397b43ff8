/** Walks through ONNX graphs and the graphs within them (branches of `If`, bodies of `Loop` and `Scan`). */
import type { GraphProto, ModelProto, NodeProto, TypeProto } from './onnx_pb'

/** The graphs that a node holds. */
export function graphsOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]))
}

/** The graph, and every graph within it. */
export function graphsWithin(graph: GraphProto): GraphProto[] {
  return [graph, ...graph.node.flatMap((node) => graphsOf(node).flatMap(graphsWithin))]
}

/** The names that a node reads, those included that graphs within it take from around them. An omitted input has the empty name. */
export function valuesReadBy(node: NodeProto): string[] {
  const within = graphsOf(node).flatMap(graphsWithin)
  return [
    ...node.input,
    ...within.flatMap(({ node: nodes, output }) => [...nodes.flatMap(({ input }) => input), ...output.map(({ name }) => name ?? '')]),
  ]
}

/** The version of the standard operators (`''`, also written `ai.onnx`), or of another set, that a file is written in; 0 when it names none. */
export function opsetOf({ opsetImport }: ModelProto, domain = ''): number {
  const same = (other = ''): boolean => other === domain || (domain === '' && other === 'ai.onnx')
  return Math.max(0, ...opsetImport.filter((opset) => same(opset.domain)).map(({ version }) => Number(version ?? 0n)))
}

/** Whether a node's operator is one of the standard ones. */
export function isStandard({ domain = '' }: { readonly domain?: string | undefined }): boolean {
  return domain === '' || domain === 'ai.onnx'
}

/** The type within a type of sequences, maps or optional values. */
export function innerType({ value }: TypeProto): TypeProto | undefined {
  if (value.case === 'sequenceType' || value.case === 'optionalType') return value.value.elemType
  return value.case === 'mapType' ? value.value.valueType : undefined
}
