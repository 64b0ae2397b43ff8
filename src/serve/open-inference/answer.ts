/** Makes the body of an inference answer: JSON alone, or JSON and the bytes of tensors behind it. */
import { concatBytes, utf8 } from '../../core/bytes'
import { fromFloat16 } from '../../core/float16'
import type { ModelTensor } from '../../ports/model'
import type { Prediction } from '../../predictor/prediction'
import type { Predictor } from '../../predictor/predictor'
import { type HttpAnswer, jsonAnswer } from '../exchange'
import { HttpProblem } from '../problem'
import { writeBinary } from './binary'
import { type Datatype, datatypeOf, outputTensors, probabilitiesName } from './datatypes'
import type { InferenceRequest, WantedOutput } from './request'

/** One tensor of an answer. */
export interface AnswerTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  /** Half-precision numbers are numbers in an array, bits in a typed array. */
  readonly data: ArrayLike<unknown>
}

/** What an answer is made of. */
export interface InferenceAnswer {
  readonly model: string
  readonly version: string
  readonly id: string
  readonly tensors: readonly AnswerTensor[]
}

/** The tensors of predictions: the prediction, the probabilities where all rows have them, and further outputs that are equally long lists or values. */
export function tensorsOfPredictions(predictions: readonly Prediction[], predictor: Predictor): AnswerTensor[] {
  const [main] = outputTensors(predictor)
  const labels = predictions.map(({ prediction }) => prediction)
  const name = main?.name ?? 'prediction'
  const tensors = [tensorOf(name, labels, [labels.length], main?.datatype)]
  const classes = predictor.classes?.map(String)
  if (
    classes !== undefined &&
    name !== probabilitiesName &&
    predictions.length > 0 &&
    predictions.every((one) => one.probabilities !== undefined)
  ) {
    const flat = predictions.flatMap(({ probabilities }) => classes.map((label) => probabilities?.[label] ?? Number.NaN))
    tensors.push({ name: probabilitiesName, datatype: 'FP64', shape: [predictions.length, classes.length], data: flat })
  }
  const others = new Set(predictions.flatMap(({ outputs }) => Object.keys(outputs ?? {})))
  for (const other of others) {
    const values = predictions.map(({ outputs }) => outputs?.[other])
    if (!tensors.some((tensor) => tensor.name === other)) tensors.push(nestedTensor(other, values))
  }
  return tensors
}

/** The tensors that a model of tensors gave. */
export function tensorsOfModel(given: Readonly<Record<string, ModelTensor>>): AnswerTensor[] {
  return Object.entries(given).map(([name, { dtype, shape, data }]) => ({ name, datatype: datatypeOf(dtype), shape, data }))
}

/** A tensor of values that may be lists of lists; of no common shape, their JSON text. */
function nestedTensor(name: string, values: readonly unknown[]): AnswerTensor {
  let [flat, shape]: [readonly unknown[], number[]] = [values, [values.length]]
  while (
    flat.length > 0 &&
    flat.every((value) => Array.isArray(value) && value.length === (flat[0] as unknown[]).length && value.length > 0)
  ) {
    shape = [...shape, (flat[0] as unknown[]).length]
    flat = (flat as unknown[][]).flat()
  }
  const isPlain = flat.every((value) => typeof value !== 'object' || value === null)
  return isPlain
    ? tensorOf(name, flat, shape)
    : tensorOf(
        name,
        values.map((value) => JSON.stringify(value)),
        [values.length],
      )
}

/** A tensor of the datatype, or of that of its values where they do not fit. */
function tensorOf(name: string, data: readonly unknown[], ...[shape, wanted]: [readonly number[], (Datatype | undefined)?]): AnswerTensor {
  const all = (test: (value: unknown) => boolean): boolean => data.every((value) => value === null || value === undefined || test(value))
  const isNumber = (value: unknown): boolean => typeof value === 'number'
  if (wanted === 'BYTES' && all((value) => typeof value === 'string')) return { name, datatype: 'BYTES', shape, data }
  if (wanted?.startsWith('FP') && all(isNumber)) return { name, datatype: wanted, shape, data }
  if (data.length > 0 && data.every((value) => typeof value === 'boolean')) return { name, datatype: 'BOOL', shape, data }
  if (data.length > 0 && data.every((value) => Number.isSafeInteger(value))) {
    const isSmall = wanted === 'INT32' && data.every((value) => Math.abs(value as number) < 2 ** 31)
    return { name, datatype: isSmall ? 'INT32' : 'INT64', shape, data }
  }
  if (data.length === 0 && wanted !== undefined) return { name, datatype: wanted, shape, data }
  if (all(isNumber)) return { name, datatype: 'FP64', shape, data }
  return { name, datatype: 'BYTES', shape, data: data.map((value) => (value === null || value === undefined ? null : String(value))) }
}

/** The answer. @throws HttpProblem 400 for an output that the model does not give */
export function inferenceAnswer({ model, version, id, tensors }: InferenceAnswer, request: InferenceRequest): HttpAnswer {
  const wanted: readonly WantedOutput[] = request.outputs ?? tensors.map(({ name }) => ({ name, binary: request.binary }))
  const parts: Uint8Array[] = []
  let hasNan = false
  const outputs = wanted.map(({ name, binary }) => {
    const tensor = tensors.find((one) => one.name === name)
    if (tensor === undefined) {
      const known = tensors.map((one) => JSON.stringify(one.name)).join(', ')
      throw new HttpProblem(400, 'unknown-output', `the model gives no output ${JSON.stringify(name)}; it gives ${known}`)
    }
    const { datatype, shape } = tensor
    if (binary) {
      const bytes = writeBinary(tensor.data, datatype)
      parts.push(bytes)
      return { name, shape, datatype, parameters: { binary_data_size: bytes.length } }
    }
    const data = jsonData(tensor)
    hasNan ||= data.some((value) => typeof value === 'number' && !Number.isFinite(value))
    return { name, shape, datatype, data }
  })
  // JSON has no NaN. This says that `null` in a tensor of numbers stands for it.
  const parameters = hasNan ? { parameters: { nan_as_null: true } } : {}
  const body = { model_name: model, model_version: version, id, ...parameters, outputs }
  if (parts.length === 0) return jsonAnswer(body)
  const json = utf8(JSON.stringify(body))
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(json.length) },
    body: concatBytes([json, ...parts]),
  }
}

/** The values as JSON can hold them: whole numbers beyond 2⁵³ as strings of digits; half precision as the numbers it stands for */
function jsonData({ datatype, data }: AnswerTensor): unknown[] {
  if (datatype === 'BOOL') return Array.from(data, (value) => value === true || value === 1)
  const isBits = datatype === 'FP16' && ArrayBuffer.isView(data)
  return Array.from(data, (value) => {
    if (isBits) return fromFloat16(value as number)
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    return value
  })
}
