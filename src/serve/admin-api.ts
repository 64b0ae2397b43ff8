/** The OpenAPI description of the administrators' routes. */
import type { Predictor } from '../predictor/predictor'
import { canaryPaths, canarySchema, MAX_REASON } from './canary-routes'
import type { OpenApiPart } from './exchange'
import { loadedBy } from './loaded-by'
import { ref } from './openapi'
import { type ApiObject, jsonResponse, pathParameter, responsesFor } from './openapi-parts'

const text = { type: 'string', minLength: 1 }
const reason = { ...text, maxLength: MAX_REASON }
const security = [{ adminToken: [] }]
const refused = { 400: 'The body does not fit', 413: 'Too many bytes', 415: 'The body is no JSON', 503: 'The registry or storage is away' }

/** Routes of administrators for these models, and for the canaries that run now. */
export function adminApi(models: readonly (readonly [string, Predictor])[], canaries: readonly string[]): OpenApiPart {
  const names = models.map(([name]) => name)
  // A model that has an alias makes an example that works: promoting the version that it serves.
  const promotable = models.find(([, predictor]) => loadedBy(predictor).alias !== undefined)
  const version = promotable?.[1].version ?? '1'
  const canaryNames = canaries.length > 0 ? canaries : names
  const served = jsonResponse('What is served now', {
    type: 'object',
    properties: { name: text, from: text, version: text, changed: { type: 'boolean' } },
    required: ['name', 'from', 'version', 'changed'],
  })
  const move = (operationId: string, summary: string, properties: object, example: object): ApiObject =>
    order(operationId, summary, {
      names,
      properties,
      example,
      answer: served,
      conflict: 'There is no registry, or another moved the alias',
    })
  const examples = { reason: 'fewer complaints' }
  return {
    paths: {
      '/admin/models': {
        get: {
          ...{ operationId: 'admin_models', summary: 'What is served', security },
          responses: {
            200: jsonResponse('The models', { type: 'object', properties: { models: { type: 'array', items: { type: 'object' } } } }),
            ...problems({}),
          },
        },
      },
      '/admin/models/{name}/reload': move('admin_reload', 'Load what the reference means now', {}, {}),
      '/admin/models/{name}/promote': move(
        ...(['admin_promote', 'Move the alias to a version'] as const),
        { version: { type: ['string', 'integer'] }, alias: text, reason },
        { version, ...examples },
      ),
      '/admin/models/{name}/rollback': move('admin_rollback', 'Move the alias back', { alias: text, reason }, examples),
      ...canaryPaths(
        (summary, answer) => ({
          get: {
            ...{
              operationId: 'admin_canary',
              summary,
              security,
              parameters: [pathParameter('name', canaryNames)],
            },
            responses: { 200: answer, ...problems({ 404: 'There is no canary of this model' }) },
          },
        }),
        (operationId, summary, answer) =>
          order(operationId, summary, {
            ...{ names: canaryNames, properties: { reason }, example: examples, answer },
            conflict: 'The rollout is in another phase',
          }),
      ),
    },
    schemas: { Canary: canarySchema() },
    securitySchemes: { adminToken: { type: 'apiKey', in: 'header', name: 'x-admin-token' } },
  }
}

/** What one order differs by. */
interface OrderApi {
  readonly names: readonly string[]
  readonly properties: object
  readonly example: object
  readonly answer: ApiObject
  readonly conflict: string
}

function order(operationId: string, summary: string, { names, properties, example, answer, conflict }: OrderApi): ApiObject {
  return {
    post: {
      ...{ operationId, summary, security, parameters: [pathParameter('name', names)] },
      requestBody: { content: { 'application/json': { schema: { type: 'object', properties }, example } } },
      responses: { 200: answer, ...problems({ ...refused, 404: 'There is no such model, version, alias or canary', 409: conflict }) },
    },
  }
}

function problems(more: Readonly<Record<number, string>>): ApiObject {
  return responsesFor({ 401: 'The token is missing', ...more }, ref('Problem'), 'application/problem+json')
}
