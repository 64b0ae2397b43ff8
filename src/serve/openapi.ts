/** OpenAPI 3.1 from model signatures. */
import type { Predictor } from '../predictor/predictor'
import type { CellValue } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import type { Protocol } from './exchange'

/** Options of the OpenAPI document. */
export interface OpenApiOptions {
  readonly title: string
  readonly basePath: string
  readonly maxRows: number
  /** Further protocols that describe themselves. */
  readonly protocols?: readonly Protocol[] | undefined
  /** Whether requests need a key or token. */
  readonly needsAuth?: boolean | undefined
}

type JsonObject = Record<string, unknown>

/** The OpenAPI document of the predict routes. The first model is the default. */
export function openApiOf(
  models: ReadonlyMap<string, Predictor>,
  { title, basePath, maxRows, protocols = [], needsAuth = false }: OpenApiOptions,
): JsonObject {
  const list = [...models]
  const first = list[0]
  const paths = list.map(
    ([name, predictor]) =>
      [`/models/${encodeURIComponent(name)}/predict`, { post: operation(name, predictor, `${name}_predict`) }] as const,
  )
  const parts = protocols.flatMap((protocol) => protocol.openApi?.({ models, maxRows }) ?? [])
  return {
    openapi: '3.1.0',
    info: { title, version: first?.[1].version ?? '0' },
    ...(needsAuth ? { security: [{ bearer: [] }, { apiKey: [] }] } : {}),
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths: {
      ...(first === undefined ? {} : { '/predict': { post: operation(first[0], first[1], 'predict') } }),
      ...Object.fromEntries(paths),
      '/healthz': probe('Whether the process answers', 'healthz'),
      '/readyz': probe('Whether the models are ready', 'readyz', 503),
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Prometheus metrics',
          responses: { 200: { description: 'Text of Prometheus, or OpenMetrics on request', content: { 'text/plain': {} } } },
        },
      },
      ...Object.assign({}, ...parts.map(({ paths }) => paths)),
    },
    components: {
      securitySchemes: Object.assign(
        {},
        needsAuth ? { bearer: { type: 'http', scheme: 'bearer' }, apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } } : {},
        ...parts.map(({ securitySchemes }) => securitySchemes ?? {}),
      ),
      schemas: {
        ...Object.fromEntries(list.flatMap(([name, predictor]) => modelSchemas(name, predictor, maxRows))),
        Problem: problemSchema(),
        ...Object.assign({}, ...parts.map(({ schemas }) => schemas ?? {})),
      },
    },
  }
}

/** A row that fits the signature: cells of the example registered with the model, else the first category, zero, or empty text. */
export function exampleRow(predictor: Predictor): Record<string, CellValue> {
  const { example = {} } = predictor
  return Object.fromEntries(
    inputColumns(predictor).map((column) => [
      column.name,
      Object.hasOwn(example, column.name) ? example[column.name] : exampleCell(column),
    ]),
  ) as Record<string, CellValue>
}

/** The input columns of a predictor; none for a model of tensors. */
export function inputColumns({ signature: { inputs } }: Predictor): readonly ColumnSpec[] {
  return isTensorSide(inputs) ? [] : (inputs as readonly ColumnSpec[])
}

function operation(name: string, predictor: Predictor, operationId: string): JsonObject {
  const problem = (description: string): JsonObject => ({
    description,
    content: { 'application/problem+json': { schema: ref('Problem') } },
  })
  return {
    operationId: operationId.replace(/[^A-Za-z0-9_]/g, '_'),
    summary: `Predict with ${name}`,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: ref(key(name, 'Request')), example: { rows: [exampleRow(predictor)] } } },
    },
    responses: {
      200: { description: 'One prediction per row, in order', content: { 'application/json': { schema: ref(key(name, 'Response')) } } },
      400: problem('The body is not JSON of a known form'),
      413: problem('Too many bytes or rows'),
      415: problem('The body is not JSON'),
      422: problem('Rows do not fit the signature; every problem is listed'),
      500: problem('The model failed'),
      503: problem('Overloaded or shutting down; try again'),
      504: problem('The deadline passed'),
    },
  }
}

function modelSchemas(name: string, predictor: Predictor, maxRows: number): [string, JsonObject][] {
  const columns = inputColumns(predictor)
  const row = {
    type: 'object',
    properties: Object.fromEntries(columns.map((column) => [column.name, cellSchema(column)])),
    required: columns.filter(({ required }) => required !== false).map((column) => column.name),
  }
  const rows = { type: 'array', items: ref(key(name, 'Row')), description: `At most ${maxRows} rows` }
  const ids = { type: 'array', items: { type: 'string', minLength: 1 }, description: 'One id per row; the answers carry them' }
  const forms = [
    {
      type: 'object',
      properties: { rows, ids, ...(predictor.explains ? { explain: { type: 'boolean' } } : {}) },
      required: ['rows'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { row: ref(key(name, 'Row')), id: { type: 'string', minLength: 1 } },
      required: ['row'],
      additionalProperties: false,
    },
    rows,
    ref(key(name, 'Row')),
  ]
  return [
    [key(name, 'Row'), row],
    [key(name, 'Request'), { anyOf: forms }],
    [key(name, 'Prediction'), predictionSchema(predictor)],
    [
      key(name, 'Response'),
      {
        type: 'object',
        properties: {
          predictions: { type: 'array', items: ref(key(name, 'Prediction')) },
          model: { type: 'string' },
          version: { type: 'string' },
        },
        required: ['predictions', 'model', 'version'],
      },
    ],
  ]
}

function predictionSchema({ classes, task }: Predictor): JsonObject {
  const label =
    classes === undefined
      ? { type: task === 'regression' ? ['number', 'null'] : ['string', 'number', 'boolean', 'null'] }
      : { enum: [...classes, null] }
  const explanation = {
    type: 'object',
    properties: {
      output: { type: 'string' },
      baseValue: { type: 'number' },
      contributions: { type: 'object', additionalProperties: { type: 'number' } },
    },
  }
  const properties: JsonObject = { id: { type: 'string' }, prediction: label, explanation }
  if (task === 'classification') properties.probabilities = { type: 'object', additionalProperties: { type: 'number' } }
  return { type: 'object', properties, required: ['id', 'prediction'] }
}

function cellSchema({ type, required, categories }: ColumnSpec): JsonObject {
  const or = (name: string): unknown => (required === false ? [name, 'null'] : name)
  const examples = categories === undefined ? {} : { examples: categories.slice(0, 10) }
  if (type === 'float64') return { type: or('number') }
  if (type === 'int32') return { type: or('integer'), minimum: -2147483647, maximum: 2147483647 }
  if (type === 'boolean') return { type: or('boolean') }
  if (type === 'string') return { type: or('string'), ...examples }
  return {
    anyOf: [
      { type: 'string', format: 'date-time' },
      { type: 'number', description: 'epoch milliseconds' },
      ...(required === false ? [{ type: 'null' }] : []),
    ],
  }
}

function exampleCell({ type, categories }: ColumnSpec): CellValue {
  if (type === 'string') return categories?.[0] ?? 'text'
  if (type === 'boolean') return true
  return type === 'timestamp' ? '2026-01-01T00:00:00Z' : 0
}

function problemSchema(): JsonObject {
  const issue = {
    type: 'object',
    properties: { path: { type: 'array', items: { type: ['string', 'integer'] } }, code: { type: 'string' }, message: { type: 'string' } },
    required: ['path', 'code', 'message'],
  }
  return {
    type: 'object',
    description: 'RFC 9457',
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string' },
      errors: { type: 'array', items: issue },
      requestId: { type: 'string' },
    },
    required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  }
}

/** An operation that answers yes, and perhaps not now. */
export function probe(summary: string, operationId: string, other?: number): JsonObject {
  const responses: JsonObject = { 200: { description: 'Yes' } }
  if (other !== undefined) responses[other] = { description: 'Not now' }
  return { get: { operationId, summary, responses } }
}

/** A reference to a schema of the document. */
export function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` }
}

/** The name of a schema of a model. Component names allow only letters, digits, dot, dash and underscore. */
export function key(model: string, part: string): string {
  return `${model.replace(/[^A-Za-z0-9._-]/g, '_')}.${part}`
}
