/** The part of TensorFlow.js that is used, and its tensors. */

import { MillwrightError } from '../../core/errors'
import type { ModelTensor, TensorData } from '../../ports/model'
import type { TensorType } from '../../schema/signature'

/** The part of `@tensorflow/tfjs` that is used. */
export interface TfjsLib {
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
  tensor(values: never, shape: number[], dtype: never): TfjsTensor
  loadLayersModel(handler: never): Promise<TfjsLayersModel>
  loadGraphModel(handler: never): Promise<TfjsGraphModel>
}

/** A tensor of TensorFlow.js. */
export interface TfjsTensor {
  readonly dtype: string
  readonly shape: number[]
  data(): Promise<unknown>
  dispose(): void
}

/** A symbolic tensor: an input or output of a model. */
export interface TfjsSymbol {
  readonly name: string
  readonly dtype?: string | undefined
  readonly shape?: readonly (number | null)[] | undefined
}

/** A `tf.LayersModel`. */
export interface TfjsLayersModel {
  readonly inputs: readonly TfjsSymbol[]
  readonly outputs: readonly TfjsSymbol[]
  predictOnBatch(inputs: never): TfjsTensor | TfjsTensor[]
  resetStates(): void
  getWeights(): TfjsTensor[]
  dispose(): unknown
}

/** A `tf.GraphModel`. */
export interface TfjsGraphModel {
  readonly inputs: readonly TfjsSymbol[]
  readonly outputs: readonly TfjsSymbol[]
  execute(inputs: never, outputs: string[]): TfjsTensor | TfjsTensor[]
  executeAsync(inputs: never, outputs: string[]): Promise<TfjsTensor | TfjsTensor[]>
  dispose(): void
}

const types: Readonly<Record<string, TensorType>> = { float32: 'float32', int32: 'int32', bool: 'bool', string: 'str' }

/** The element type by this library's name; `undefined` for complex numbers. */
export function tensorTypeOf(dtype: string | undefined): TensorType | undefined {
  return types[dtype ?? 'float32']
}

/** A tensor of TensorFlow.js with these values. The caller disposes it. */
export function toTfjs(lib: TfjsLib, { dtype, shape, data }: ModelTensor): TfjsTensor {
  return lib.tensor(data as never, [...shape], (dtype === 'str' ? 'string' : dtype) as never)
}

/** The values of a tensor, in an array that nothing else writes to. @throws Unsupported for complex numbers */
export async function fromTfjs(tensor: TfjsTensor): Promise<ModelTensor> {
  const dtype = tensorTypeOf(tensor.dtype)
  if (dtype === undefined)
    throw new MillwrightError('Unsupported', `an output of the TensorFlow.js model is ${tensor.dtype}, which cannot be read`)
  const values = (await tensor.data()) as TensorData
  return { dtype, shape: [...tensor.shape], data: values.slice() as TensorData }
}
