/** Builds ONNX graphs: names values, shares constants, writes nodes in order, and knows which operator sets are used. */
import { create } from '@bufbuild/protobuf'
import type { AttributeValue } from '../onnxfile/attribute'
import { writeOnnxFile } from '../onnxfile/model-file'
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../onnxfile/onnx_pb'
import { type TensorValues, tensorProto } from '../onnxfile/tensor'
import { dataTypeOf } from '../onnxfile/types'
import type { TensorType } from '../schema/signature'

/** A size: a number, or the name of a size that is only known when the model runs. */
export type Dimension = number | string

/** What a node is besides its operator and inputs. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined
  /** `ai.onnx.ml` for the operators of classical models. @default the standard operators */
  readonly domain?: 'ai.onnx.ml' | undefined
  /** The name of its output. @default one made of the operator's */
  readonly output?: string | undefined
}

/** The versions that are written: every onnxruntime since 2022 loads them. */
export const versions = { ir: 8, opset: 17, ml: 3 } as const

/** Facts written beside the graph. */
export interface ModelFacts {
  readonly name: string
  readonly doc?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

/** A graph that is being built. Nodes are in topological order, because a node can only name values that exist. */
export class GraphBuilder {
  readonly #taken = new Set<string>()
  readonly #nodes: NodeProto[] = []
  readonly #constants: TensorProto[] = []
  readonly #constantNames = new Map<string, string>()
  readonly #inputs: ValueInfoProto[] = []
  readonly #outputs: ValueInfoProto[] = []
  #usesMl = false

  /** Keeps names for inputs and outputs, so that no value in between takes them. */
  reserve(names: readonly string[]): void {
    for (const name of names) this.#taken.add(name)
  }

  /** An input of the graph; its name is the value's. */
  input(name: string, type: TensorType, dims: readonly Dimension[]): string {
    this.#taken.add(name)
    this.#inputs.push(valueInfo(name, type, dims))
    return name
  }

  /** A constant of the graph. Equal small constants are written once. */
  constant(type: TensorType, dims: readonly number[], values: TensorValues): string {
    const key = values.length <= 16 ? `${type} ${dims.join('x')} ${Array.from(values as ArrayLike<unknown>, spell).join('|')}` : undefined
    const known = key === undefined ? undefined : this.#constantNames.get(key)
    if (known !== undefined) return known
    const name = this.#fresh('constant')
    this.#constants.push(tensorProto(name, type, dims, values))
    if (key !== undefined) this.#constantNames.set(key, name)
    return name
  }

  /** A node with one output; gives the output's name. */
  node(op: string, inputs: readonly string[], { attributes = {}, domain, output }: NodeOptions = {}): string {
    const name = output ?? this.#fresh(op)
    this.#usesMl ||= domain !== undefined
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: `${name}_node`,
        opType: op,
        ...(domain === undefined ? {} : { domain }),
        input: [...inputs],
        output: [name],
        attribute: Object.entries(attributes).map(([key, value]) => value(key)),
      }),
    )
    return name
  }

  /** Declares a value as an output of the graph. */
  output(name: string, type: TensorType, dims: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, dims))
  }

  /** The file. */
  build({ name, doc, metadata = {} }: ModelFacts): Uint8Array {
    const opset = (domain: string, version: number) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) })
    return writeOnnxFile(
      create(ModelProtoSchema, {
        irVersion: BigInt(versions.ir),
        producerName: 'millwright',
        docString: doc,
        opsetImport: [opset('', versions.opset), ...(this.#usesMl ? [opset('ai.onnx.ml', versions.ml)] : [])],
        metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
        graph: create(GraphProtoSchema, {
          name,
          node: this.#nodes,
          initializer: this.#constants,
          input: this.#inputs,
          output: this.#outputs,
        }),
      }),
    )
  }

  #fresh(stem: string): string {
    const base = stem.toLowerCase()
    for (let i = 0; ; i++) {
      const name = `${base}_${this.#taken.size + i}`
      if (this.#taken.has(name)) continue
      this.#taken.add(name)
      return name
    }
  }
}

function valueInfo(name: string, type: TensorType, dims: readonly Dimension[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: dataTypeOf[type],
          shape: {
            dim: dims.map((dim) =>
              typeof dim === 'number'
                ? { value: { case: 'dimValue' as const, value: BigInt(dim) } }
                : { value: { case: 'dimParam' as const, value: dim } },
            ),
          },
        },
      },
    },
  })
}

/** Tells −0 from 0, and texts from numbers. */
function spell(value: unknown): string {
  return Object.is(value, -0) ? '-0' : typeof value === 'string' ? JSON.stringify(value) : String(value)
}
