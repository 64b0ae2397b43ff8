/** Open Inference Protocol v2 (REST), with the binary tensor data extension and the model repository extension. */
import { MillwrightError, show } from '../../core/errors'
import type { Predictor } from '../../predictor/predictor'
import { type HttpAnswer, jsonAnswer, type Problem, type Protocol, type RouteContext } from '../exchange'
import { isJsonObject } from '../json-body'
import { HttpProblem } from '../problem'
import { infer } from './infer'
import { modelConfig, modelMetadata, modelStatistics } from './metadata'
import { openInferenceApi } from './openapi'

const extensions = ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics']

/**
 * Below `/v2`: `health/live`, `health/ready`, `models`, and for each model, also below `/versions/:version`, metadata, `ready`, `config`, `stats` and `infer`; `repository/index`, and for
 * administrators `repository/models/:name/load` and `unload`.
 *
 * A model of columns takes one tensor of shape `[-1]` per column, or one matrix of all columns; a model of tensors takes its own. Errors are `{ error }`.
 */
export function openInferenceProtocol(): Protocol {
  const models = ['/v2/models/:name', '/v2/models/:name/versions/:version']
  return {
    name: 'open-inference',
    routes: [
      get('/v2', ({ predictor }) => jsonAnswer({ name: 'millwright', version: predictor().version, extensions })),
      get('/v2/health/live', () => jsonAnswer({ live: true })),
      get('/v2/health/ready', health),
      get('/v2/models', (context) => jsonAnswer({ models: [...context.models.keys()] })),
      get('/v2/models/stats', (context) =>
        jsonAnswer({ model_stats: [...context.models].map(([name, predictor]) => modelStatistics(name, predictor)) }),
      ),
      ...models.flatMap((path) => [
        get(path, (context) => jsonAnswer(modelMetadata(nameOf(context), versionOf(context)))),
        get(`${path}/ready`, readiness),
        get(`${path}/config`, (context) => jsonAnswer(modelConfig(nameOf(context), versionOf(context), context.maxRows))),
        get(`${path}/stats`, (context) => jsonAnswer({ model_stats: [modelStatistics(nameOf(context), versionOf(context))] })),
        {
          method: 'POST' as const,
          path: `${path}/infer`,
          handle: (context: RouteContext) => infer(context, nameOf(context), versionOf(context)),
        },
      ]),
      { method: 'POST', path: '/v2/repository/index', handle: repositoryIndex },
      { method: 'POST', path: '/v2/repository/models/:name/load', admin: true, handle: load },
      { method: 'POST', path: '/v2/repository/models/:name/unload', admin: true, handle: unload },
    ],
    openApi: openInferenceApi,
    renderProblem,
  }
}

function get(path: string, handle: (context: RouteContext) => HttpAnswer): Protocol['routes'][number] {
  return { method: 'GET', path, handle }
}

function nameOf({ params }: RouteContext): string {
  return params.name as string
}

/** Both keys, because the specification and KServe differ. */
function health({ models, draining }: RouteContext): HttpAnswer {
  const ready = !draining && [...models.values()].every(({ closed }) => !closed)
  return jsonAnswer({ ready, live: true }, ready ? 200 : 503)
}

function readiness(context: RouteContext): HttpAnswer {
  const name = nameOf(context)
  const ready = !versionOf(context).closed && !context.draining && !context.unloaded.has(name)
  return jsonAnswer({ name, ready }, ready ? 200 : 503)
}

/** @throws NotFound for another version than the one that is served */
function versionOf(context: RouteContext): Predictor {
  const { name, version } = context.params
  const predictor = context.models.get(name as string) ?? context.predictor(name)
  if (version !== undefined && version !== predictor.version) {
    throw new MillwrightError('NotFound', `version ${show(version)} of ${show(name)} is not served; version ${show(predictor.version)} is`)
  }
  if (context.exchange.method === 'POST') context.predictor(name)
  return predictor
}

/** Every model with its state. The body may ask for those that are ready. */
async function repositoryIndex(context: RouteContext): Promise<HttpAnswer> {
  const body = await context.optionalJson({})
  const wanted = isJsonObject(body) ? (body.ready === undefined ? false : body.ready) : undefined
  if (typeof wanted !== 'boolean') throw new HttpProblem(400, 'unknown-form', 'the body must be an object whose "ready" is true or false')
  const models = [...context.models].map(([name, { version, closed }]) => {
    const isReady = !closed && !context.unloaded.has(name)
    return { name, version, state: isReady ? 'READY' : 'UNAVAILABLE', reason: isReady ? '' : closed ? 'closed' : 'unloaded' }
  })
  return jsonAnswer(wanted ? models.filter(({ state }) => state === 'READY') : models)
}

/** Looks the reference of the model up again, and serves it, if it was taken out of service. */
async function load(context: RouteContext): Promise<HttpAnswer> {
  const name = nameOf(context)
  const predictor = knownModel(context, name)
  await predictor.refresh()
  context.unloaded.delete(name)
  return jsonAnswer({ name, load: true })
}

/** Takes a model out of service. It stays in memory, so that `load` brings it back at once. */
function unload(context: RouteContext): HttpAnswer {
  const name = nameOf(context)
  knownModel(context, name)
  context.unloaded.add(name)
  return jsonAnswer({ name, load: false })
}

function knownModel({ models }: RouteContext, name: string): Predictor {
  const predictor = models.get(name)
  if (predictor === undefined)
    throw new HttpProblem(404, 'model-not-found', `there is no model ${show(name)}; there are ${[...models.keys()].map(show).join(', ')}`)
  return predictor
}

function renderProblem({ status, code, detail, errors, requestId }: Problem): HttpAnswer {
  return jsonAnswer(
    { error: detail, code, request_id: requestId, ...(errors === undefined ? {} : { details: errors }) },
    status === 422 ? 400 : status,
  )
}
