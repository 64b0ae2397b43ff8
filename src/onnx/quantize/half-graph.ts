/** Rewrites a graph of float32 as one of float16, with casts around the nodes that stay float32. */
import { int } from '../../onnxfile/attribute'
import { type ElementTypes, elementTypes } from '../../onnxfile/element-types'
import type { GraphProto, NodeProto, TensorProto } from '../../onnxfile/onnx_pb'
import { dataTypeOf } from '../../onnxfile/types'
import { valuesReadBy } from '../../onnxfile/walk'
import { floatInputs, staysFloat32 } from './float32-ops'
import { halfAttributes, halfType } from './half-tensors'
import { GraphRewriter } from './rewriter'

/** How a graph is converted. */
export interface HalfConversion {
  readonly opset: number
  /** Whether its inputs and outputs stay float32. */
  readonly keepIo: boolean
  /** The initializers that were float32 and are float16 now. */
  readonly converted: ReadonlySet<TensorProto>
  /** The graph around it. */
  readonly outer?: { readonly types: ElementTypes; readonly half: (name: string) => string; readonly rewriter: GraphRewriter } | undefined
}

const { float32, float16 } = dataTypeOf

/** Writes a graph anew. Its initializers are converted already. */
export function convertGraph(graph: GraphProto, conversion: HalfConversion): void {
  const values = new HalfValues(graph, conversion)
  for (const node of graph.node) {
    if (staysFloat32(node)) values.keepFloat(node)
    else values.convert(node)
  }
  values.finish()
}

/** The values of a graph, each as float32, as float16, or as both where both are read. */
class HalfValues {
  readonly #graph: GraphProto
  readonly #conversion: HalfConversion
  readonly #rewriter: GraphRewriter
  /** The types before the conversion. */
  readonly #types: ElementTypes
  readonly #floats = new Map<string, string>()
  readonly #halves = new Map<string, string>()
  readonly #kept: ReadonlySet<string>

  constructor(graph: GraphProto, conversion: HalfConversion) {
    this.#graph = graph
    this.#conversion = conversion
    this.#rewriter = new GraphRewriter(graph, conversion.outer?.rewriter)
    const types = elementTypes(graph, conversion.outer?.types)
    for (const tensor of graph.initializer) if (conversion.converted.has(tensor)) types.set(tensor.name ?? '', float32)
    this.#types = types
    const constants = this.#rewriter.initializers
    const ofIo = [...graph.input, ...graph.output]
      .map(({ name = '' }) => name)
      .filter((name) => !constants.has(name) && this.#isFloat(name))
    this.#kept = new Set(conversion.keepIo ? ofIo : [])
    for (const { name = '' } of graph.initializer.filter(({ name }) => this.#isFloat(name ?? ''))) {
      const isHalf = conversion.converted.has(constants.get(name) as TensorProto)
      ;(isHalf ? this.#halves : this.#floats).set(name, name)
    }
    for (const { name = '' } of graph.input)
      if (this.#isFloat(name) && !constants.has(name)) (conversion.keepIo ? this.#floats : this.#halves).set(name, name)
  }

  /** Keeps a node in float32. */
  keepFloat(node: NodeProto): void {
    const input = node.input.map((name) => this.#float(name))
    const output = node.output.map((name) => (this.#isFloat(name) ? this.#made(this.#floats, name) : name))
    this.#rewriter.keep({ ...node, input, output })
  }

  /** Writes a node that computes in float16. */
  convert(node: NodeProto): void {
    const floats = floatInputs(node, this.#conversion.opset)
    const input = node.input.map((name, i) => (floats.includes(i) ? this.#float(name) : this.#half(name)))
    // What graphs within the node read of this one.
    for (const name of valuesReadBy(node)) if (!node.input.includes(name)) this.#half(name)
    const output = node.output.map((name) => (this.#isFloat(name) ? this.#made(this.#halves, name) : name))
    const attribute = halfAttributes(node)
    const outer = {
      types: this.#types,
      rewriter: this.#rewriter,
      half: (name: string) => this.#halves.get(name) ?? this.#conversion.outer?.half(name) ?? name,
    }
    for (const { g, graphs } of attribute) {
      for (const inner of g === undefined ? graphs : [g, ...graphs]) convertGraph(inner, { ...this.#conversion, keepIo: false, outer })
    }
    this.#rewriter.keep({ ...node, input, output, attribute })
  }

  /** Makes the outputs, and puts the new nodes in the place of the old ones. */
  finish(): void {
    const graph = this.#graph
    for (const { name = '' } of graph.output) {
      const there = this.#kept.has(name) ? this.#float(name) : this.#half(name)
      if (there !== name) this.#rewriter.add('Identity', [there], [name])
    }
    for (const { name = '', type } of [...graph.input, ...graph.output]) if (!this.#isFloatThere(name)) halfType(type)
    for (const { name = '', type } of graph.valueInfo) if (!this.#isFloatThere(name)) halfType(type)
    this.#rewriter.finish(new Set())
  }

  /** Whether a value has its own name in float32. */
  #isFloatThere(name: string): boolean {
    return this.#floats.get(name) === name
  }

  #isFloat(name: string): boolean {
    return this.#types.get(name) === float32
  }

  /** A name for a value that a node makes: its own where the graph's outputs or other graphs look for this form, else one beside it. */
  #made(form: Map<string, string>, name: string): string {
    const own = (form === this.#floats) === this.#kept.has(name)
    const made = own ? name : this.#rewriter.name(`${name}_${form === this.#floats ? 'fp32' : 'fp16'}`)
    form.set(name, made)
    return made
  }

  #float(name: string): string {
    return this.#form(name, this.#floats, this.#halves, float32)
  }

  #half(name: string): string {
    return this.#form(name, this.#halves, this.#floats, float16)
  }

  /** The name of a value in one form, cast from the other where it is not there yet. */
  #form(name: string, form: Map<string, string>, other: ReadonlyMap<string, string>, type: number): string {
    const known = form.get(name)
    if (known !== undefined || !this.#isFloat(name)) return known ?? name
    const outer = this.#conversion.outer?.half(name) ?? name
    const from = other.get(name) ?? outer
    if (other.get(name) === undefined && type === float16) return outer
    const free = form === this.#floats ? this.#kept.has(name) && from !== name : !this.#kept.has(name) && from !== name
    const to = free ? name : this.#rewriter.name(`${name}_cast_to_${type === float32 ? 'fp32' : 'fp16'}`)
    this.#rewriter.add('Cast', [from], [to], { name: this.#rewriter.name(`${to}_node`), attributes: { to: int(type) } })
    form.set(name, to)
    return to
  }
}
