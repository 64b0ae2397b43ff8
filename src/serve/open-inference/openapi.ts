/** The OpenAPI description of the Open Inference Protocol. */
import type { OpenApiContext, OpenApiPart } from '../exchange'
import { ref } from '../openapi'
import { type ApiObject, jsonRequest, jsonResponse, pathParameter, refusals, responsesFor } from '../openapi-parts'
import { tensorTypeOf } from './datatypes'

/** Its paths and schemas. */
export function openInferenceApi({ models }: OpenApiContext): OpenApiPart {
  const name = pathParameter('name', [...models.keys()])
  const errors = (...statuses: number[]): ApiObject =>
    responsesFor(Object.fromEntries(statuses.map((status) => [status, refusals[status] as string])), ref('V2Error'))
  const get = (operationId: string, summary: string, schema: object, more: ApiObject = {}): ApiObject => ({
    get: {
      operationId,
      summary,
      ...more,
      responses: { 200: jsonResponse('The answer', schema), ...(more.responses as object | undefined) },
    },
  })
  const ofModel = { parameters: [name], responses: errors(404, 503) }
  const object = { type: 'object' }
  const infer = {
    operationId: 'v2_infer',
    summary: 'Inference. Tensors may also follow the JSON as bytes (binary tensor data extension)',
    parameters: [name],
    requestBody: jsonRequest(ref('V2Request')),
    responses: { 200: jsonResponse('The outputs', ref('V2Response')), ...errors(400, 404, 413, 415, 500, 503, 504) },
  }
  return {
    paths: {
      '/v2': get('v2_server', 'The server', { type: 'object', required: ['name', 'version', 'extensions'] }),
      '/v2/health/live': get('v2_live', 'Whether the process answers', object),
      '/v2/health/ready': get('v2_ready', 'Whether the models are ready', object, { responses: { 503: jsonResponse('Not now', object) } }),
      '/v2/models': get('v2_models', 'The models', { type: 'object', required: ['models'] }),
      '/v2/models/stats': get('v2_all_statistics', 'Statistics of all models', { type: 'object', required: ['model_stats'] }),
      '/v2/models/{name}': get('v2_model', 'Inputs and outputs of a model', ref('V2Model'), ofModel),
      '/v2/models/{name}/ready': get('v2_model_ready', 'Whether a model is ready', object, {
        ...ofModel,
        responses: { ...errors(404), 503: jsonResponse('Not now', object) },
      }),
      '/v2/models/{name}/config': get('v2_model_config', "Triton's configuration of a model", object, ofModel),
      '/v2/models/{name}/stats': get(
        'v2_model_statistics',
        'Statistics of a model',
        { type: 'object', required: ['model_stats'] },
        ofModel,
      ),
      '/v2/models/{name}/infer': { post: infer },
      '/v2/repository/index': {
        post: {
          operationId: 'v2_repository_index',
          summary: 'Every model with its state',
          requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { ready: { type: 'boolean' } } } } } },
          responses: { 200: jsonResponse('The models', { type: 'array', items: object }), ...errors(400, 413, 415) },
        },
      },
    },
    schemas: schemas(),
  }
}

function schemas(): Record<string, object> {
  const datatype = { enum: Object.keys(tensorTypeOf) }
  const shape = { type: 'array', items: { type: 'integer', minimum: 0 } }
  const parameters = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } }
  const data = { type: 'array', description: 'The elements, flat or nested as the shape' }
  const described = {
    type: 'object',
    properties: { name: { type: 'string' }, datatype, shape: { type: 'array', items: { type: 'integer' } } },
    required: ['name', 'datatype', 'shape'],
  }
  const tensor = (required: readonly string[]): object => ({
    type: 'object',
    properties: { name: { type: 'string' }, shape, datatype, parameters, data },
    required,
  })
  return {
    V2Error: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
    V2Model: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        versions: { type: 'array' },
        platform: { type: 'string' },
        inputs: { type: 'array', items: described },
        outputs: { type: 'array', items: described },
      },
      required: ['name', 'platform', 'inputs', 'outputs'],
    },
    V2Request: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        parameters,
        inputs: { type: 'array', minItems: 1, items: tensor(['name', 'shape', 'datatype', 'data']) },
        outputs: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, parameters }, required: ['name'] } },
      },
      required: ['inputs'],
    },
    V2Response: {
      type: 'object',
      properties: {
        model_name: { type: 'string' },
        model_version: { type: 'string' },
        id: { type: 'string' },
        outputs: { type: 'array', items: tensor(['name', 'shape', 'datatype']) },
      },
      required: ['model_name', 'outputs', 'id'],
    },
  }
}
