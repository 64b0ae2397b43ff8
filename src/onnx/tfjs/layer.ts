/** What the writers of TensorFlow.js layers work with. */
import { MillwrightError, show } from '../../core/errors'
import type { TfjsWeight } from '../../modelfiles/tfjs-weights'
import { ints } from '../../onnxfile/attribute'
import type { GraphBuilder } from '../graph-builder'

/** A tensor of the graph: its name and shape, the batch first; −1 where a size is not known. */
export interface Value {
  readonly name: string
  readonly shape: readonly number[]
}

/** Writes a layer's nodes for one call, and gives the output. */
export type LayerWriter = (layer: LayerCall) => Value

/** One call of a layer. */
export class LayerCall {
  readonly graph: GraphBuilder
  readonly name: string
  readonly type: string
  readonly inputs: readonly Value[]
  readonly #config: Readonly<Record<string, unknown>>
  readonly #weight: (name: string) => TfjsWeight | undefined

  constructor(given: {
    readonly graph: GraphBuilder
    readonly name: string
    readonly type: string
    readonly inputs: readonly Value[]
    readonly config: Readonly<Record<string, unknown>>
    readonly weight: (name: string) => TfjsWeight | undefined
  }) {
    this.graph = given.graph
    this.name = given.name
    this.type = given.type
    this.inputs = given.inputs
    this.#config = given.config
    this.#weight = given.weight
  }

  /** The only input. @throws Unsupported when there are several */
  get input(): Value {
    const [only, ...others] = this.inputs
    if (only === undefined || others.length > 0) throw this.refuse(`it is called with ${this.inputs.length} tensors`)
    return only
  }

  /** A member of the configuration; `undefined` where it is absent or null. */
  option<T>(name: string): T | undefined {
    return (this.#config[name] ?? undefined) as T | undefined
  }

  /** A whole number, or one for each of `count` axes: `2` and `[2, 2]` are the same. */
  sizes(name: string, count: number, otherwise?: readonly number[]): readonly number[] {
    const value = this.option<number | readonly number[]>(name) ?? otherwise
    const list = typeof value === 'number' ? new Array<number>(count).fill(value) : value
    if (!Array.isArray(list) || list.length !== count || !list.every(Number.isSafeInteger))
      throw this.refuse(`its \`${name}\` is ${show(value)}`)
    return list
  }

  /** A weight. @throws Corrupt when the files do not have it */
  weight(name: string): TfjsWeight {
    const found = this.#weight(name)
    if (found === undefined) throw new MillwrightError('Corrupt', `the layer ${show(this.name)} (${this.type}) has no weight ${show(name)}`)
    return found
  }

  /** A node on values, whose output has `shape`. */
  node(
    op: string,
    inputs: readonly (Value | string)[],
    shape: readonly number[],
    attributes: Parameters<GraphBuilder['node']>[2] = {},
  ): Value {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name))
    return { name: this.graph.node(op, names, attributes), shape }
  }

  /** A constant of floats. */
  floats(values: Float32Array, dims: readonly number[]): string {
    return this.graph.constant('float32', dims, values)
  }

  /** A constant of one float. */
  float(value: number): string {
    return this.floats(Float32Array.of(value), [])
  }

  /** A constant list of whole numbers. */
  longs(values: readonly number[]): string {
    return this.graph.constant('int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  /** The axes in another order. */
  transpose(value: Value, perm: readonly number[]): Value {
    const shape = perm.map((axis) => value.shape[axis] as number)
    return this.node('Transpose', [value], shape, { attributes: { perm: ints(perm) } })
  }

  /** The error for what has no ONNX form here. */
  refuse(why: string): MillwrightError {
    return new MillwrightError('Unsupported', `tfjsToOnnx cannot write the layer ${show(this.name)} (${this.type}): ${why}`, {
      details: { layer: this.name, type: this.type },
    })
  }
}

/** The values of a tensor with its axes in another order. */
export function permuted({ shape, values }: TfjsWeight, perm: readonly number[]): TfjsWeight {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const dims = perm.map((axis) => shape[axis] as number)
  const steps = perm.map((axis) => strides[axis] as number)
  const result = new Float32Array(values.length)
  const at = dims.map(() => 0)
  let from = 0
  for (let i = 0; i < result.length; i++) {
    result[i] = values[from] as number
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number
      at[axis] = (at[axis] as number) + 1
      if ((at[axis] as number) < (dims[axis] as number)) break
      from -= (steps[axis] as number) * (dims[axis] as number)
      at[axis] = 0
    }
  }
  return { shape: dims, values: result }
}
