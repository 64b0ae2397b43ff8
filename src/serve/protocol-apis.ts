/** The OpenAPI descriptions of MLflow's and TensorFlow Serving's protocols, and of batch jobs. */
import type { OpenApiContext, OpenApiPart } from './exchange'
import { key, ref } from './openapi'
import { type ApiObject, jsonRequest, jsonResponse, pathParameter, refusals, responsesFor } from './openapi-parts'

const object = { type: 'object' }
const problemType = 'application/problem+json'

/** MLflow's scoring protocol. */
export function mlflowApi({ models }: OpenApiContext, hasCsv: boolean): OpenApiPart {
  const error = {
    type: 'object',
    properties: { error_code: { type: 'string' }, message: { type: 'string' } },
    required: ['error_code', 'message'],
  }
  const first = models.keys().next().value as string
  const rows = { type: 'array', items: ref(key(first, 'Row')) }
  const params = { params: object }
  const only = (name: string, schema: object): object => ({
    type: 'object',
    properties: { [name]: schema, ...params },
    required: [name],
    additionalProperties: false,
  })
  const split = {
    type: 'object',
    properties: {
      columns: { type: 'array', items: { type: ['string', 'number'] } },
      data: { type: 'array', items: { type: 'array' } },
      index: { type: 'array' },
    },
    required: ['columns', 'data'],
  }
  const forms = [
    only('dataframe_records', rows),
    only('instances', rows),
    only('dataframe_split', split),
    only('inputs', { type: 'object', additionalProperties: { type: 'array' } }),
  ]
  const body = jsonRequest({ anyOf: forms }) as { content: ApiObject }
  if (hasCsv) body.content['text/csv'] = { schema: { type: 'string' } }
  return {
    paths: {
      '/invocations': {
        post: {
          operationId: 'invocations',
          summary: "MLflow's scoring protocol",
          requestBody: body,
          responses: {
            200: jsonResponse('One prediction per row', {
              type: 'object',
              properties: { predictions: { type: 'array' } },
              required: ['predictions'],
            }),
            ...responsesFor(refusals, error),
          },
        },
      },
      '/version': {
        get: {
          operationId: 'version',
          summary: 'The version of the default model',
          responses: { 200: jsonResponse('The version', { type: 'object', required: ['version'] }) },
        },
      },
    },
  }
}

/** TensorFlow Serving's protocol. */
export function tensorflowApi({ models }: OpenApiContext): OpenApiPart {
  const error = { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] }
  const name = pathParameter('name', [...models.keys()])
  const missing = responsesFor({ 404: refusals[404] as string }, error)
  const get = (operationId: string, summary: string): ApiObject => ({
    get: { operationId, summary, parameters: [name], responses: { 200: jsonResponse('The answer', object), ...missing } },
  })
  const forms = ['instances', 'inputs'].map((form) => ({
    type: 'object',
    properties: { [form]: form === 'inputs' ? { type: ['object', 'array'] } : { type: 'array' }, signature_name: { type: 'string' } },
    required: [form],
  }))
  return {
    paths: {
      '/v1/models': { get: { operationId: 'v1_models', summary: 'The models', responses: { 200: jsonResponse('The models', object) } } },
      '/v1/models/{name}': get('v1_state', 'The state of a model'),
      '/v1/models/{name}/metadata': get('v1_metadata', 'Inputs and outputs of a model'),
      '/v1/models/{name}:predict': {
        post: {
          operationId: 'v1_predict',
          summary: "TensorFlow Serving's and KServe's version 1",
          parameters: [name],
          requestBody: jsonRequest({ oneOf: forms }),
          responses: {
            200: jsonResponse('`predictions` for `instances`, `outputs` for `inputs`', object),
            ...responsesFor(refusals, error),
          },
        },
      },
    },
  }
}

/** Batch jobs. */
export function jobsApi(): OpenApiPart {
  const id = { ...pathParameter('id'), schema: { type: 'string', pattern: '^[0-9a-f]{32}$' } }
  const problem = (...statuses: number[]): ApiObject =>
    responsesFor(
      Object.fromEntries(
        statuses.map((status) => [status, status === 404 ? 'There is no such job or model' : (refusals[status] ?? 'Not in this state')]),
      ),
      ref('Problem'),
      problemType,
    )
  const body = jsonRequest({
    type: 'object',
    properties: { rows: { type: 'array', minItems: 1, items: object, description: 'Checked against the signature when the job runs' } },
    required: ['rows'],
  }) as { content: ApiObject }
  body.content['application/x-ndjson'] = { schema: { type: 'string', description: 'One row per line' } }
  const of = (operationId: string, summary: string, answer: ApiObject, method = 'get'): ApiObject => ({
    [method]: { operationId, summary, parameters: [id], responses: { 200: answer, ...problem(404, 409) } },
  })
  const job = ref('Job')
  const links = Object.fromEntries(
    ['job_state', 'job_events', 'job_result', 'job_cancel'].map((operationId) => [
      operationId,
      { operationId, parameters: { id: '$response.body#/id' } },
    ]),
  )
  return {
    paths: {
      '/jobs': {
        post: {
          operationId: 'job_submit',
          summary: 'Submit a batch',
          requestBody: body,
          responses: { 202: { ...jsonResponse('The job', job), links }, ...problem(400, 413, 415, 503) },
        },
      },
      '/jobs/{id}': {
        ...of('job_state', 'The state of a job', jsonResponse('The job', job)),
        ...of('job_cancel', 'Cancel a job', jsonResponse('The job', job), 'delete'),
      },
      '/jobs/{id}/events': of('job_events', 'Progress as server-sent events', {
        description: 'Events `progress` and `end`',
        content: { 'text/event-stream': {} },
      }),
      '/jobs/{id}/result': of('job_result', 'The answers, one per line', {
        description: 'Predictions',
        content: { 'application/x-ndjson': {} },
      }),
    },
    schemas: {
      Job: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          model: { type: 'string' },
          state: { enum: ['waiting', 'running', 'done', 'failed', 'cancelled'] },
          rows: { type: 'integer' },
          done: { type: 'integer' },
          links: object,
        },
        required: ['id', 'model', 'state', 'rows', 'done', 'links'],
      },
    },
  }
}
