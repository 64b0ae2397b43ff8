/** Rewrites the main graph of an ONNX file node by node: fresh names, constants, and which values are still used. */
import { create } from '@bufbuild/protobuf'
import type { AttributeValue } from '../../onnxfile/attribute'
import { type GraphProto, type NodeProto, NodeProtoSchema, type TensorProto } from '../../onnxfile/onnx_pb'
import { type TensorValues, tensorProto } from '../../onnxfile/tensor'
import { graphsWithin, valuesReadBy } from '../../onnxfile/walk'
import type { TensorType } from '../../schema/signature'

/** What a new node is besides operator, inputs and outputs. */
export interface NewNode {
  readonly name?: string | undefined
  readonly domain?: string | undefined
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined
}

/** The nodes of a graph as they are written anew. */
export class GraphRewriter {
  readonly graph: GraphProto
  readonly initializers: ReadonlyMap<string, TensorProto>
  readonly #taken: Set<string>
  readonly #nodes: NodeProto[] = []
  readonly #added: TensorProto[] = []

  /** @param outer the rewriter of the graph around this one: names are unique in both together */
  constructor(graph: GraphProto, outer?: GraphRewriter) {
    this.graph = graph
    this.#taken = outer === undefined ? new Set() : outer.#taken
    this.initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]))
    if (outer !== undefined) return
    for (const each of graphsWithin(graph)) {
      for (const { name } of [...each.initializer, ...each.input, ...each.output, ...each.valueInfo]) this.#taken.add(name ?? '')
      for (const { name, input, output } of each.node) for (const taken of [name ?? '', ...input, ...output]) this.#taken.add(taken)
    }
  }

  /** The wanted name, or one with a number behind it where that is taken. */
  name(wanted: string): string {
    let name = wanted
    for (let i = 1; this.#taken.has(name); i++) name = `${wanted}_${i}`
    this.#taken.add(name)
    return name
  }

  /** Keeps a node as it is. */
  keep(node: NodeProto): void {
    this.#nodes.push(node)
  }

  /** Adds a node; its inputs are initializers, inputs of the graph or outputs of nodes before it. */
  add(opType: string, input: readonly string[], output: readonly string[], { name, domain, attributes = {} }: NewNode = {}): void {
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        input: [...input],
        output: [...output],
        ...(name ? { name } : {}),
        ...(domain ? { domain } : {}),
        attribute: Object.entries(attributes).map(([key, value]) => value(key)),
      }),
    )
  }

  /** Adds a constant; gives its name. */
  constant(wanted: string, type: TensorType, dims: readonly number[], values: TensorValues): string {
    const name = this.name(wanted)
    this.#added.push(tensorProto(name, type, dims, values))
    return name
  }

  /** Puts the new nodes and constants in the place of the old ones. Of `replaced` initializers, those that nothing reads any more are left out. */
  finish(replaced: ReadonlySet<string>): void {
    const { graph } = this
    graph.node = this.#nodes
    const used = new Set(graph.output.map(({ name }) => name ?? ''))
    for (const node of graph.node) for (const name of valuesReadBy(node)) used.add(name)
    const gone = new Set([...replaced].filter((name) => !used.has(name)))
    const stays = ({ name }: { readonly name?: string | undefined }): boolean => !gone.has(name ?? '')
    graph.initializer = [...graph.initializer.filter(stays), ...this.#added]
    graph.input = graph.input.filter(stays)
    graph.valueInfo = graph.valueInfo.filter(stays)
  }
}
