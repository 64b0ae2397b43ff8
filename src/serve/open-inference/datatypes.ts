/** The datatypes of the Open Inference Protocol, and what columns and tensors they stand for. */
import type { Predictor } from '../../predictor/predictor'
import type { ColumnType } from '../../schema/column'
import { type ColumnSpec, isTensorSide, type TensorSpec, type TensorType } from '../../schema/signature'

/** A datatype. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES'

/** The element type of tensors of each datatype. */
export const tensorTypeOf: Readonly<Record<Datatype, TensorType>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'str',
}

/** Whether a text names a datatype. */
export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(tensorTypeOf, value)
}

/** The datatype of tensors of an element type. */
export function datatypeOf(type: TensorType): Datatype {
  return (Object.keys(tensorTypeOf) as Datatype[]).find((name) => tensorTypeOf[name] === type) as Datatype
}

/** Datatype of a column's tensor. */
const columnDatatypes: Readonly<Record<ColumnType, Datatype>> = {
  float64: 'FP64',
  int32: 'INT32',
  boolean: 'BOOL',
  string: 'BYTES',
  timestamp: 'FP64',
}

/** A tensor as metadata describes it; −1 is a dimension of any size. */
export interface TensorDescription {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/** The output with the probabilities of a classifier of columns: one row per row, one number per class. */
export const probabilitiesName = 'probabilities'

/** The input tensors: of a model of columns, one of shape `[-1]` per column. */
export function inputTensors({ signature }: Predictor): TensorDescription[] {
  return sideOf(signature.inputs)
}

/** The output tensors: of a model of columns the prediction, and the probabilities of a classifier whose classes are known. */
export function outputTensors({ signature, task, classes }: Predictor): TensorDescription[] {
  const declared = sideOf(signature.outputs)
  if (isTensorSide(signature.inputs)) return declared
  const [prediction = { name: 'prediction', datatype: task === 'classification' ? 'BYTES' : 'FP64', shape: [-1] } as const] = declared
  const hasProbabilities = task === 'classification' && classes !== undefined && prediction.name !== probabilitiesName
  return [
    { ...prediction, datatype: classes === undefined ? prediction.datatype : (labelDatatype(classes) ?? prediction.datatype), shape: [-1] },
    ...(hasProbabilities ? [{ name: probabilitiesName, datatype: 'FP64' as const, shape: [-1, classes.length] }] : []),
  ]
}

/** The datatype that holds every label. */
function labelDatatype(classes: readonly (string | number | boolean)[]): Datatype | undefined {
  if (classes.every((label) => typeof label === 'boolean')) return 'BOOL'
  if (classes.every((label) => typeof label === 'string')) return 'BYTES'
  if (classes.every((label) => typeof label === 'number')) return classes.every(Number.isSafeInteger) ? 'INT64' : 'FP64'
  return undefined
}

function sideOf(side: Predictor['signature']['inputs']): TensorDescription[] {
  if (isTensorSide(side)) return side.map(({ name, dtype, shape }: TensorSpec) => ({ name, datatype: datatypeOf(dtype), shape }))
  return (side as readonly ColumnSpec[]).map(({ name, type }) => ({ name, datatype: columnDatatypes[type], shape: [-1] }))
}
