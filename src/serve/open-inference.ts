/** Open Inference Protocol v2 (REST): health, server and model metadata. */
import { MillwrightError, show } from '../core/errors'
import type { Predictor } from '../predictor/predictor'
import type { ColumnType } from '../schema/column'
import { type ColumnSpec, isTensorSide, type ModelSignature, type TensorSpec } from '../schema/signature'
import { type HttpAnswer, jsonAnswer, type Problem, type Protocol, type RouteContext } from './exchange'

/** Datatype of a column's tensor. */
const columnDatatypes: Readonly<Record<ColumnType, string>> = {
  float64: 'FP64',
  int32: 'INT32',
  boolean: 'BOOL',
  string: 'BYTES',
  timestamp: 'FP64',
}

/**
 * `GET /v2`, `/v2/health/live`, `/v2/health/ready`, `/v2/models`, `/v2/models/:name` and its `/ready`, also below `/versions/:version`.
 *
 * A model of columns is described as one tensor of shape `[-1]` per column. Errors are `{ error }`.
 */
export function openInferenceProtocol(): Protocol {
  const get = (path: string, handle: (context: RouteContext) => HttpAnswer): Protocol['routes'][number] => ({ method: 'GET', path, handle })
  const models = ['/v2/models/:name', '/v2/models/:name/versions/:version']
  return {
    name: 'open-inference',
    routes: [
      get('/v2', ({ predictor }) => jsonAnswer({ name: 'millwright', version: predictor().version, extensions: [] })),
      get('/v2/health/live', () => jsonAnswer({ live: true })),
      get('/v2/health/ready', health),
      get('/v2/models', (context) => jsonAnswer({ models: [...context.models.keys()] })),
      ...models.map((path) => get(path, metadata)),
      ...models.map((path) => get(`${path}/ready`, readiness)),
    ],
    renderProblem,
  }
}

/** Both keys, because the specification and KServe differ. */
function health({ models, draining }: RouteContext): HttpAnswer {
  const ready = !draining && [...models.values()].every(({ closed }) => !closed)
  return jsonAnswer({ ready, live: true }, ready ? 200 : 503)
}

function metadata(context: RouteContext): HttpAnswer {
  const predictor = versionOf(context)
  const { inputs, outputs } = predictor.signature
  return jsonAnswer({
    name: context.params.name,
    versions: [predictor.version],
    platform: 'millwright_predictor',
    inputs: tensorsOf(inputs),
    outputs: tensorsOf(outputs),
  })
}

function readiness(context: RouteContext): HttpAnswer {
  const ready = !versionOf(context).closed && !context.draining
  return jsonAnswer({ name: context.params.name, ready }, ready ? 200 : 503)
}

/** @throws NotFound for another version than the one that is served */
function versionOf(context: RouteContext): Predictor {
  const { name, version } = context.params
  const predictor = context.predictor(name)
  if (version !== undefined && version !== predictor.version) {
    throw new MillwrightError('NotFound', `version ${show(version)} of ${show(name)} is not served; version ${show(predictor.version)} is`)
  }
  return predictor
}

function tensorsOf(side: ModelSignature['inputs']): unknown[] {
  if (isTensorSide(side)) return side.map(({ name, dtype, shape }: TensorSpec) => ({ name, datatype: datatypeOf(dtype), shape }))
  return (side as readonly ColumnSpec[]).map(({ name, type }) => ({ name, datatype: columnDatatypes[type], shape: [-1] }))
}

function datatypeOf(dtype: string): string {
  if (dtype === 'str') return 'BYTES'
  return dtype.toUpperCase().replace('FLOAT', 'FP')
}

function renderProblem({ status, code, detail, errors, requestId }: Problem): HttpAnswer {
  return jsonAnswer(
    { error: detail, code, request_id: requestId, ...(errors === undefined ? {} : { details: errors }) },
    status === 422 ? 400 : status,
  )
}
