/** The columns of a table as values of an ONNX graph, while transformers are written one after the other. */
import { MillwrightError, show } from '../core/errors'
import { int } from '../onnxfile/attribute'
import { dataTypeOf } from '../onnxfile/types'
import type { ColumnSpec } from '../schema/signature'
import type { GraphBuilder } from './graph-builder'

/** Where a column lies: one column of a tensor of the shape [rows, width]. */
export interface TensorColumn {
  readonly name: string
  /** The value of the graph that holds it. */
  readonly tensor: string
  readonly index: number
  readonly width: number
  readonly kind: 'numbers' | 'text'
  /** Of text: what stands for a missing cell, which is an empty text in the graph. */
  readonly missingText?: string | undefined
}

/** The floating-point type of a graph's inputs. */
export type Precision = 'float64' | 'float32'

/** The table as transformers leave it: columns by name, in order. Numbers are float64 throughout, as in the model itself. */
export class Features {
  readonly graph: GraphBuilder
  #columns: readonly TensorColumn[]

  constructor(graph: GraphBuilder, columns: readonly TensorColumn[]) {
    this.graph = graph
    this.#columns = columns
  }

  get columns(): readonly TensorColumn[] {
    return this.#columns
  }

  /** The column of this name. @throws Internal when no column has it, which a fitted model rules out */
  column(name: string): TensorColumn {
    const found = this.#columns.find((column) => column.name === name)
    if (found === undefined) throw new MillwrightError('Internal', `toOnnx: there is no column ${show(name)} at this step`)
    return found
  }

  /** Replaces columns in place (an empty list removes), and adds others at the end. */
  replace(replaced: ReadonlyMap<string, readonly TensorColumn[]>, added: readonly TensorColumn[] = []): void {
    this.#columns = [...this.#columns.flatMap((column) => replaced.get(column.name) ?? [column]), ...added]
  }

  /** Has these columns, in this order, and no others. */
  keep(columns: readonly TensorColumn[]): void {
    this.#columns = columns
  }

  /** Number columns side by side: a tensor of the shape [rows, names]. */
  matrix(names: readonly string[]): string {
    const runs: TensorColumn[][] = []
    for (const name of names) {
      const column = this.column(name)
      if (column.kind === 'text')
        throw new MillwrightError('Unsupported', `toOnnx: the text column ${show(name)} would have to be a number here`)
      const last = runs.at(-1)
      if (last?.[0]?.tensor === column.tensor) last.push(column)
      else runs.push([column])
    }
    const parts = runs.map((run) => this.#part(run))
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return only
    return this.graph.node('Concat', parts, { attributes: { axis: int(1) } })
  }

  /** Columns of one tensor, the whole of it or some of it. */
  #part(run: readonly TensorColumn[]): string {
    const [{ tensor, width }] = run as [TensorColumn]
    if (run.length === width && run.every(({ index }, i) => index === i)) return tensor
    const indices = this.graph.constant(
      'int64',
      [run.length],
      BigInt64Array.from(run, ({ index }) => BigInt(index)),
    )
    return this.graph.node('Gather', [tensor, indices], { attributes: { axis: int(1) } })
  }

  /** A text column alone: a tensor of the shape [rows, 1]. */
  text(name: string): string {
    return this.#part([this.column(name)])
  }

  /** A constant of numbers. */
  numbers(dims: readonly number[], values: ArrayLike<number>): string {
    return this.graph.constant('float64', dims, Float64Array.from(values))
  }

  /** A tensor as numbers. */
  cast(tensor: string): string {
    return castToFloat64(this.graph, tensor)
  }
}

/** A tensor of numbers or booleans as float64, in which the graph computes. */
export function castToFloat64(graph: GraphBuilder, tensor: string): string {
  return graph.node('Cast', [tensor], { attributes: { to: int(dataTypeOf.float64) } })
}

/** Names for the columns of a new tensor. */
export function columnsOfTensor(tensor: string, names: readonly string[]): TensorColumn[] {
  return names.map((name, index) => ({ name, tensor, index, width: names.length, kind: 'numbers' }))
}

/** The names of a graph's outputs. */
export interface OutputNames {
  readonly label: string
  readonly scores: string
  /** Where each class has an output of its own: their names. */
  readonly columns?: readonly string[] | undefined
}

/** The element type of a feature's input: its own where no cell may be missing. */
export function inputType({ type, required }: ColumnSpec, precision: Precision): 'str' | 'int32' | 'bool' | Precision {
  if (type === 'string') return 'str'
  // Milliseconds since 1970 have more digits than a float32.
  if (type === 'timestamp') return 'float64'
  if (required === false || type === 'float64') return precision
  return type === 'int32' ? 'int32' : 'bool'
}
