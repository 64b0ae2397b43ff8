/** Reads the body of an inference request: JSON alone, or JSON and the bytes of tensors behind it. */
import type { ModelTensor, TensorData } from '../../ports/model'
import { tensorArrays } from '../../schema/tensor-arrays'
import type { RouteContext } from '../exchange'
import { isJsonObject } from '../json-body'
import { HttpProblem } from '../problem'
import { malformed, readBinary } from './binary'
import { type Datatype, isDatatype, tensorTypeOf } from './datatypes'

/** One tensor of a request. Numbers of 64 bits are bigints where a number would lose digits. */
export interface RequestTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly data: ArrayLike<unknown>
}

/** An output that the client asked for. */
export interface WantedOutput {
  readonly name: string
  /** Whether it wants bytes. */
  readonly binary: boolean
}

/** A request. */
export interface InferenceRequest {
  readonly id: string | undefined
  readonly inputs: readonly RequestTensor[]
  /** `undefined`: all of them. */
  readonly outputs: readonly WantedOutput[] | undefined
  /** Whether outputs that were not asked for one by one are wanted as bytes. */
  readonly binary: boolean
}

/** @throws HttpProblem 400 for what is no request of the protocol */
export async function readInferenceRequest(context: RouteContext): Promise<InferenceRequest> {
  const header = context.exchange.header('inference-header-content-length')
  if (header === undefined) return requestOf(await context.json(), new Uint8Array(0))
  const bytes = await context.bytes()
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN
  if (!(length <= bytes.length))
    throw new HttpProblem(
      400,
      'malformed-tensor',
      'Inference-Header-Content-Length must be the length of the JSON at the beginning of the body',
    )
  return requestOf(context.parse(bytes.subarray(0, length)), bytes.subarray(length))
}

function requestOf(body: unknown, tail: Uint8Array): InferenceRequest {
  if (!isJsonObject(body) || !Array.isArray(body.inputs) || body.inputs.length === 0)
    throw unknownForm('the body must be an object with "inputs", a list of at least one tensor')
  const { id, outputs, parameters } = body
  if (id !== undefined && typeof id !== 'string') throw unknownForm('"id" must be a string')
  if (outputs !== undefined && !Array.isArray(outputs)) throw unknownForm('"outputs" must be a list')
  const binary = parametersOf(parameters, 'the request').binary_data_output === true
  let at = 0
  const take = (size: number, name: string): Uint8Array => {
    if (at + size > tail.length) throw malformed(name, `must have ${size} bytes behind the JSON, there are ${tail.length - at}`)
    at += size
    return tail.subarray(at - size, at)
  }
  const inputs = body.inputs.map((input) => tensorOf(input, take))
  const twice = inputs.find(({ name }, i) => inputs.findIndex((other) => other.name === name) !== i)
  if (twice !== undefined) throw malformed(twice.name, 'is there twice')
  if (at !== tail.length)
    throw new HttpProblem(400, 'malformed-tensor', `behind the JSON there are ${tail.length} bytes, of which the inputs take ${at}`)
  return { id, inputs, outputs: outputs?.map((output) => wantedOf(output, binary)), binary }
}

function wantedOf(output: unknown, binary: boolean): WantedOutput {
  if (!isJsonObject(output) || typeof output.name !== 'string') throw unknownForm('each of "outputs" must be an object with a "name"')
  const own = parametersOf(output.parameters, output.name).binary_data
  return { name: output.name, binary: typeof own === 'boolean' ? own : binary }
}

function parametersOf(parameters: unknown, owner: string): Readonly<Record<string, unknown>> {
  if (parameters === undefined) return {}
  if (!isJsonObject(parameters)) throw unknownForm(`"parameters" of ${owner} must be an object`)
  return parameters
}

function tensorOf(input: unknown, take: (size: number, name: string) => Uint8Array): RequestTensor {
  if (!isJsonObject(input) || typeof input.name !== 'string') throw unknownForm('each of "inputs" must be an object with a "name"')
  const { name, datatype, shape, data, parameters } = input
  if (!isDatatype(datatype)) throw malformed(name, `must have a "datatype" of the protocol: ${Object.keys(tensorTypeOf).join(', ')}`)
  if (!Array.isArray(shape) || shape.length > 16 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw malformed(name, 'must have a "shape": a list of sizes')
  const count = shape.reduce((product: number, size: number) => product * size, 1)
  const size = parametersOf(parameters, name).binary_data_size
  if (size !== undefined) {
    if (data !== undefined) throw malformed(name, 'must have either "data" or bytes behind the JSON, not both')
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw malformed(name, 'must have a whole "binary_data_size"')
    return { name, datatype, shape, data: readBinary(take(size as number, name), datatype, count, name) }
  }
  if (!Array.isArray(data)) throw malformed(name, 'must have "data", a list')
  if (datatype === 'FP16') throw malformed(name, 'of FP16 has no JSON form: send its bytes behind the JSON')
  const flat = Array.isArray(data[0]) && shape.length > 1 ? flatten(data, shape, name) : data
  if (flat.length !== count)
    throw malformed(name, `must hold ${count} elements for the shape [${shape.join(', ')}], it holds ${flat.length}`)
  return { name, datatype, shape, data: flat.map((value, i) => elementOf(value, datatype, name, i)) }
}

/** The elements of nested lists, which must have the shape. */
function flatten(data: readonly unknown[], shape: readonly number[], name: string): unknown[] {
  let level: readonly unknown[] = [data]
  for (const size of shape) {
    if (!level.every((list) => Array.isArray(list) && list.length === size))
      throw malformed(name, `must be nested as its shape [${shape.join(', ')}] says, or be one flat list`)
    level = (level as readonly unknown[][]).flat()
  }
  return level as unknown[]
}

/** An element of a JSON list; `null` is a missing value. */
function elementOf(value: unknown, datatype: Datatype, name: string, at: number): unknown {
  const wrong = (what: string): HttpProblem => malformed(name, `must hold ${what} as ${datatype}; element ${at} is none`)
  if (value === null) return null
  if (datatype === 'BYTES') {
    if (typeof value !== 'string') throw wrong('strings')
    return value
  }
  if (datatype === 'BOOL') {
    if (typeof value === 'boolean') return value
    if (value === 0 || value === 1) return value === 1
    throw wrong('true and false')
  }
  if (datatype === 'INT64' || datatype === 'UINT64') return wideInteger(value, datatype, wrong)
  if (typeof value !== 'number') throw wrong('numbers')
  if (datatype.startsWith('FP')) return value
  const { 0: read } = new tensorArrays[tensorTypeOf[datatype] as 'int32'](1).fill(value as never) as Int32Array
  if (read !== value) throw wrong('whole numbers of its range')
  return value
}

/** JSON numbers beyond 2⁵³ have lost digits when they arrive, so these come as text. */
function wideInteger(value: unknown, datatype: 'INT64' | 'UINT64', wrong: (what: string) => HttpProblem): number | bigint {
  const isWhole = Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
  if (isWhole) {
    const exact = BigInt(value as number | string)
    if (exact !== (datatype === 'INT64' ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact))) throw wrong('whole numbers of its range')
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }
  throw wrong('whole numbers within ±2⁵³, or strings of digits,')
}

/** A tensor of a request for a model of tensors. @throws HttpProblem 400 for a missing value */
export function modelTensor({ name, datatype, shape, data }: RequestTensor): ModelTensor {
  const dtype = tensorTypeOf[datatype]
  if (ArrayBuffer.isView(data) || (dtype === 'str' && Array.isArray(data) && !data.includes(null)))
    return { dtype, shape, data: data as TensorData }
  if (dtype === 'str' || Array.prototype.includes.call(data, null))
    throw malformed(name, 'has a missing element, which a tensor cannot hold')
  const isBig = dtype === 'int64' || dtype === 'uint64'
  const values = new tensorArrays[dtype](data.length)
  for (let i = 0; i < data.length; i++)
    (values as unknown as (number | bigint)[])[i] = isBig ? BigInt(data[i] as number | bigint) : Number(data[i])
  return { dtype, shape, data: values as TensorData }
}

function unknownForm(message: string): HttpProblem {
  return new HttpProblem(400, 'unknown-form', message)
}
