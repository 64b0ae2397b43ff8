/** The REST protocol of TensorFlow Serving, which is also version 1 of KServe's: `POST /v1/models/<name>:predict`. */
import { fromBase64, fromUtf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import type { Predictor } from '../predictor/predictor'
import type { ColumnType } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import type { Row } from '../schema/table'
import { type HttpAnswer, jsonAnswer, type Problem, type Protocol, type RouteContext } from './exchange'
import { isJsonObject } from './json-body'
import { inputColumns } from './openapi'
import { assertRowCount } from './predict-route'
import { HttpProblem } from './problem'
import { tensorflowApi } from './protocol-apis'

/**
 * `POST /v1/models/:name:predict`, also below `/versions/:version` and `/labels/:label`: `instances` (rows) gives `{ predictions }`, `inputs` (columns) gives `{ outputs }`. A row is an
 * object, a list in the order of the columns, or the value of the only column; `{ "b64": … }` is text in base64. `GET /v1/models`, `/v1/models/:name` (state) and
 * `/v1/models/:name/metadata`. Labels are not looked at: the model that is served answers. Errors are `{ error }`.
 */
export function tensorflowProtocol(): Protocol {
  const verbs = ['/v1/models/:name:predict', '/v1/models/:name/versions/:version:predict', '/v1/models/:name/labels/:label:predict']
  return {
    name: 'tensorflow',
    routes: [
      { method: 'GET', path: '/v1/models', handle: ({ models }) => jsonAnswer({ models: [...models.keys()] }) },
      ...verbs.map((path) => ({ method: 'POST' as const, path, handle: predict })),
      { method: 'GET', path: '/v1/models/:name', handle: state },
      { method: 'GET', path: '/v1/models/:name/versions/:version', handle: state },
      { method: 'GET', path: '/v1/models/:name/metadata', handle: metadata },
      { method: 'GET', path: '/v1/models/:name/versions/:version/metadata', handle: metadata },
    ],
    openApi: tensorflowApi,
    renderProblem,
  }
}

async function predict(context: RouteContext): Promise<HttpAnswer> {
  const { name = '', version } = context.params
  const predictor = served(context, name, version)
  const body = await context.json()
  if (!isJsonObject(body) || (body.instances === undefined) === (body.inputs === undefined))
    throw new HttpProblem(400, 'unknown-form', 'the body must be an object with either "instances" or "inputs"')
  const columns = inputColumns(predictor)
  const rows = body.instances === undefined ? columnRows(body.inputs, columns) : instanceRows(body.instances, columns)
  assertRowCount(rows.length, context.maxRows)
  const predictions = (await predictor.predict(rows, context.call)).map(({ prediction }) => prediction)
  return jsonAnswer(body.instances === undefined ? { outputs: predictions } : { predictions })
}

/** @throws NotFound for another model or version than those that are served */
function served(context: RouteContext, name: string, version: string | undefined): Predictor {
  const predictor = context.predictor(name)
  if (version !== undefined && version !== predictor.version)
    throw new MillwrightError('NotFound', `version ${show(version)} of ${show(name)} is not served; version ${show(predictor.version)} is`)
  return predictor
}

function instanceRows(instances: unknown, columns: readonly ColumnSpec[]): Row[] {
  if (!Array.isArray(instances)) throw new HttpProblem(400, 'unknown-form', '"instances" must be a list, one entry for each row')
  return instances.map((instance: unknown, i) => {
    if (isJsonObject(instance) && !isBase64(instance))
      return Object.fromEntries(Object.entries(instance).map(([key, value]) => [key, cellOf(value)])) as Row
    const cells = Array.isArray(instance) ? instance : [instance]
    if (cells.length !== columns.length)
      throw new HttpProblem(
        400,
        'unknown-form',
        `row ${i} must have a value for each of the ${columns.length} columns, it has ${cells.length}`,
      )
    return Object.fromEntries(columns.map(({ name }, j) => [name, cellOf(cells[j])])) as Row
  })
}

function columnRows(inputs: unknown, columns: readonly ColumnSpec[]): Row[] {
  const [only] = columns
  const given = Array.isArray(inputs) && columns.length === 1 && only !== undefined ? { [only.name]: inputs } : inputs
  const entries = isJsonObject(given) ? Object.entries(given) : []
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : -1
  if (length < 0 || !entries.every(([, cells]) => Array.isArray(cells) && cells.length === length))
    throw new HttpProblem(400, 'unknown-form', '"inputs" must map column names to lists of one length')
  return Array.from(
    { length },
    (_, i) => Object.fromEntries(entries.map(([name, cells]) => [name, cellOf((cells as unknown[])[i])])) as Row,
  )
}

function isBase64(value: unknown): value is { readonly b64: string } {
  return isJsonObject(value) && Object.keys(value).length === 1 && typeof value.b64 === 'string'
}

/** TensorFlow's clients send a column of one value as a list of one. */
function cellOf(value: unknown): unknown {
  const single = Array.isArray(value) && value.length === 1 ? value[0] : value
  if (!isBase64(single)) return single
  try {
    return fromUtf8(fromBase64(single.b64))
  } catch {
    throw new HttpProblem(400, 'malformed-base64', '"b64" must be base64 of text in UTF-8')
  }
}

function state(context: RouteContext): HttpAnswer {
  const { name = '', version } = context.params
  const predictor = context.models.get(name) ?? context.predictor(name)
  if (version !== undefined) served(context, name, version)
  const ready = !predictor.closed && !context.draining && !context.unloaded.has(name)
  const status = { error_code: 'OK', error_message: '' }
  return jsonAnswer({
    model_version_status: [{ version: predictor.version, state: ready ? 'AVAILABLE' : 'UNLOADING', status }],
    name,
    ready,
  })
}

const types: Readonly<Record<ColumnType, string>> = {
  float64: 'DT_DOUBLE',
  int32: 'DT_INT32',
  boolean: 'DT_BOOL',
  string: 'DT_STRING',
  timestamp: 'DT_DOUBLE',
}

function metadata(context: RouteContext): HttpAnswer {
  const { name = '', version } = context.params
  const predictor = served(context, name, version)
  const info = (side: Predictor['signature']['inputs']): object =>
    Object.fromEntries(
      (isTensorSide(side) ? [] : (side as readonly ColumnSpec[])).map((column) => [
        column.name,
        { dtype: types[column.type], tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false }, name: column.name },
      ]),
    )
  const { inputs, outputs } = predictor.signature
  const definition = { inputs: info(inputs), outputs: info(outputs), method_name: 'tensorflow/serving/predict' }
  return jsonAnswer({
    model_spec: { name, signature_name: '', version: predictor.version },
    metadata: { signature_def: { signature_def: { serving_default: definition } } },
  })
}

function renderProblem({ status, code, detail, requestId }: Problem): HttpAnswer {
  return jsonAnswer({ error: detail, code, request_id: requestId }, status === 422 ? 400 : status)
}
