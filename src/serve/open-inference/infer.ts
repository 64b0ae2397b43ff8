/** Inference: tensors to rows or to the model, answers to tensors. */
import { SchemaMismatchError } from '../../core/errors'
import { fromFloat16 } from '../../core/float16'
import type { Predictor } from '../../predictor/predictor'
import type { ColumnSpec } from '../../schema/signature'
import { isTensorSide } from '../../schema/signature'
import type { Row } from '../../schema/table'
import type { HttpAnswer, RouteContext } from '../exchange'
import { assertRowCount } from '../predict-route'
import { inferenceAnswer, tensorsOfModel, tensorsOfPredictions } from './answer'
import { malformed } from './binary'
import { modelTensor, type RequestTensor, readInferenceRequest } from './request'

/** Answers an inference request with a model. */
export async function infer(context: RouteContext, name: string, predictor: Predictor): Promise<HttpAnswer> {
  const request = await readInferenceRequest(context)
  const id = request.id ?? context.requestId
  const { version } = predictor
  const { inputs } = predictor.signature
  if (isTensorSide(inputs)) {
    const given = Object.fromEntries(request.inputs.map((input) => [input.name, modelTensor(input)]))
    const tensors = tensorsOfModel(await predictor.predictTensors(given, { signal: context.call.signal }))
    return inferenceAnswer({ model: name, version, id, tensors }, request)
  }
  const rows = rowsOfTensors(request.inputs, inputs as readonly ColumnSpec[])
  assertRowCount(rows.length, context.maxRows)
  const predictions = await predictor.predict(rows, context.call)
  return inferenceAnswer({ model: name, version, id, tensors: tensorsOfPredictions(predictions, predictor) }, request)
}

/**
 * The rows of tensors: one tensor of shape `[n]` or `[n, 1]` for each column, or one matrix of shape `[n, columns]` for all of them.
 *
 * @throws SchemaMismatch for tensors that are no columns of the model; HttpProblem 400 for shapes that are no columns
 */
export function rowsOfTensors(tensors: readonly RequestTensor[], columns: readonly ColumnSpec[]): Row[] {
  const [first] = tensors
  const names = columns.map(({ name }) => name)
  if (
    first !== undefined &&
    tensors.length === 1 &&
    !names.includes(first.name) &&
    first.shape.length === 2 &&
    first.shape[1] === columns.length
  ) {
    const width = columns.length
    return Array.from({ length: first.shape[0] as number }, (_, i) =>
      Object.fromEntries(names.map((name, j) => [name, cellOf(first, i * width + j)])),
    )
  }
  const numRows = first?.shape[0] ?? 0
  const unknown = tensors.filter(({ name }) => !names.includes(name))
  if (unknown.length > 0) {
    const known = names.map((name) => JSON.stringify(name)).join(', ')
    const issues = unknown.map(({ name }) => {
      const message = `the model has no input ${JSON.stringify(name)}; it has ${known}, or takes one matrix of ${columns.length} columns`
      return { path: [name], code: 'unknown-column', message }
    })
    throw new SchemaMismatchError(issues.map(({ message }) => message).join('; '), issues)
  }
  for (const { name, shape } of tensors) {
    const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1)
    if (!isColumn || shape[0] !== numRows)
      throw malformed(name, `must have the shape [${numRows}] or [${numRows}, 1], as many rows as the first input`)
  }
  return Array.from({ length: numRows }, (_, i) => Object.fromEntries(tensors.map((tensor) => [tensor.name, cellOf(tensor, i)])))
}

/** An element as a cell: bytes of truth values are 0 and 1, and those of half-precision numbers their bits. */
function cellOf({ data, datatype }: RequestTensor, at: number): Row[string] {
  const value = data[at]
  if (datatype === 'BOOL' && typeof value === 'number') return value === 1
  return (datatype === 'FP16' ? fromFloat16(value as number) : value) as Row[string]
}
