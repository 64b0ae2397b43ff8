/** The model signature: what a model takes and gives. Columns or tensors, as in MLflow (reference: MLflow model signature JSON). */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'
import type { ColumnType } from './column'

/** One named column of a signature. */
export interface ColumnSpec {
  readonly name: string
  readonly type: ColumnType
  /** Whether every row must have a value. @default true */
  readonly required?: boolean | undefined
  /** For categorical columns: the values seen in training. Informational: other values are legal unless a model says otherwise. */
  readonly categories?: readonly string[] | undefined
}

/** Element types of tensors, by their NumPy names. */
export type TensorType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'str'

/** Every element type of tensors. */
export const tensorTypes: readonly TensorType[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'str',
]

/** One named tensor of a signature; −1 is a dimension of any size, the first usually the batch. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: TensorType
  readonly shape: readonly number[]
}

/** What a model takes (`inputs`) and gives (`outputs`). */
export interface ModelSignature {
  readonly inputs: readonly ColumnSpec[] | readonly TensorSpec[]
  readonly outputs: readonly ColumnSpec[] | readonly TensorSpec[]
}

/** Whether a side of a signature is made of tensors. An empty side is not. */
export function isTensorSide(side: readonly ColumnSpec[] | readonly TensorSpec[]): side is readonly TensorSpec[] {
  return side.length > 0 && 'dtype' in (side[0] as object)
}

/** MLflow's name of each column type. */
export const mlflowTypeOf: Readonly<Record<ColumnType, string>> = {
  float64: 'double',
  int32: 'integer',
  boolean: 'boolean',
  string: 'string',
  timestamp: 'datetime',
}

const columnTypeOfMlflow: Readonly<Record<string, ColumnType>> = {
  double: 'float64',
  float: 'float64',
  long: 'float64',
  integer: 'int32',
  boolean: 'boolean',
  string: 'string',
  datetime: 'timestamp',
}

/**
 * The two JSON strings MLflow keeps in an MLmodel file. An `int32` column that may be missing is written as `double`,
 * because MLflow's integers cannot be missing.
 */
export function signatureToMlflow(signature: ModelSignature): { readonly inputs: string; readonly outputs: string } {
  return { inputs: JSON.stringify(sideToMlflow(signature.inputs)), outputs: JSON.stringify(sideToMlflow(signature.outputs)) }
}

/** Reads MLflow's two JSON strings. @throws Corrupt on JSON that is no signature, Unsupported on nested types */
export function signatureFromMlflow(json: {
  readonly inputs?: string | null | undefined
  readonly outputs?: string | null | undefined
}): ModelSignature {
  return { inputs: sideFromMlflow(json.inputs, 'inputs'), outputs: sideFromMlflow(json.outputs, 'outputs') }
}

function sideToMlflow(side: readonly ColumnSpec[] | readonly TensorSpec[]): unknown[] {
  if (isTensorSide(side)) {
    return side.map(({ name, dtype, shape }) => ({ type: 'tensor', ...(name === '' ? {} : { name }), 'tensor-spec': { dtype, shape } }))
  }
  return side.map(({ name, type, required = true }) => ({
    type: type === 'int32' && !required ? 'double' : mlflowTypeOf[type],
    name,
    required,
  }))
}

function sideFromMlflow(text: string | null | undefined, which: string): ColumnSpec[] | TensorSpec[] {
  if (text === null || text === undefined || text === '') return []
  const parsed = parseJson(text, `the ${which} of a model signature`)
  if (!Array.isArray(parsed))
    throw new MillwrightError('Corrupt', `the ${which} of a model signature must be a JSON array, got ${show(parsed)}`)
  const specs = parsed.map((entry: unknown, index): ColumnSpec | TensorSpec => {
    const spec = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>
    if (spec.type === 'tensor') {
      const tensor = (spec['tensor-spec'] ?? {}) as { dtype?: unknown; shape?: unknown }
      if (typeof tensor.dtype !== 'string' || !Array.isArray(tensor.shape))
        throw new MillwrightError('Corrupt', `tensor ${index} of the ${which} has no dtype and shape`)
      return { name: typeof spec.name === 'string' ? spec.name : '', dtype: tensor.dtype as TensorType, shape: tensor.shape as number[] }
    }
    const type = typeof spec.type === 'string' && Object.hasOwn(columnTypeOfMlflow, spec.type) ? columnTypeOfMlflow[spec.type] : undefined
    if (type === undefined)
      throw new MillwrightError('Unsupported', `column ${index} of the ${which} has the type ${show(spec.type)}, which is not supported`)
    return { name: typeof spec.name === 'string' ? spec.name : `${index}`, type, required: spec.required !== false }
  })
  return specs as ColumnSpec[] | TensorSpec[]
}

/** Checks a signature made by hand. @throws InvalidArgument naming the first thing wrong */
export function assertSignature(signature: ModelSignature): void {
  for (const which of ['inputs', 'outputs'] as const) {
    const side = signature?.[which]
    if (!Array.isArray(side)) throw invalidArgument(`\`${which}\` of a model signature must be an array, got ${show(side)}`)
    const names = new Set<string>()
    for (const { name } of side as readonly { name: string }[]) {
      if (typeof name !== 'string') throw invalidArgument(`every entry of \`${which}\` needs a name, got ${show(name)}`)
      if (names.has(name)) throw invalidArgument(`\`${which}\` of a model signature names ${show(name)} twice`)
      names.add(name)
    }
  }
}
