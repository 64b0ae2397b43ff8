/** OpenAPI 3.1 from model signatures. */
import type { Predictor } from '../predictor/predictor'
import type { CellValue } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'

/** Options of the OpenAPI document. */
export interface OpenApiOptions {
  readonly title: string
  readonly basePath: string
  readonly maxRows: number
}

type JsonObject = Record<string, unknown>

/** The OpenAPI document of the predict routes. The first model is the default. */
export function openApiOf(models: ReadonlyMap<string, Predictor>, { title, basePath, maxRows }: OpenApiOptions): JsonObject {
  const list = [...models]
  const first = list[0]
  const paths = list.map(
    ([name, predictor]) =>
      [`/models/${encodeURIComponent(name)}/predict`, { post: operation(name, predictor, `${name}_predict`) }] as const,
  )
  return {
    openapi: '3.1.0',
    info: { title, version: first?.[1].version ?? '0' },
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
    },
    components: {
      schemas: {
        ...Object.fromEntries(list.flatMap(([name, predictor]) => modelSchemas(name, predictor, maxRows))),
        Problem: problemSchema(),
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
  const rows = { type: 'array', items: ref(key(name, 'Row')), maxItems: maxRows }
  const ids = { type: 'array', items: { type: 'string', minLength: 1 }, description: 'One id per row; the answers carry them' }
  const forms = [
    { type: 'object', properties: { rows, ids }, required: ['rows'] },
    { type: 'object', properties: { row: ref(key(name, 'Row')) }, required: ['row'] },
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
  const properties: JsonObject = { id: { type: 'string' }, prediction: label }
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

function probe(summary: string, operationId: string, other?: number): JsonObject {
  const responses: JsonObject = { 200: { description: 'Yes' } }
  if (other !== undefined) responses[other] = { description: 'Not now' }
  return { get: { operationId, summary, responses } }
}

function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` }
}

/** Component names allow only letters, digits, dot, dash and underscore. */
function key(model: string, part: string): string {
  return `${model.replace(/[^A-Za-z0-9._-]/g, '_')}.${part}`
}
