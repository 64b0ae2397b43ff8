/** MLflow's scoring protocol: `POST /invocations` with the four JSON forms of its server (MLflow 3) and CSV, answer `{ predictions }`. */
import { isMillwrightError, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import type { Row, Table } from '../schema/table'
import { type HttpAnswer, jsonAnswer, type Problem, type Protocol, type RouteContext } from './exchange'
import { isJsonObject } from './json-body'
import { assertRowCount } from './predict-route'
import { HttpProblem } from './problem'
import { mlflowApi } from './protocol-apis'

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const

/** Options of {@link mlflowProtocol}. */
export interface MlflowProtocolOptions {
  /** Reads CSV with a header line: `parseCsv` of `millwright/format/csv`. @default `text/csv` is refused with 415 */
  readonly parseCsv?: ((text: string) => Table) | undefined
}

/**
 * `/invocations` and `/version` as `mlflow models serve` has them (`/ping` and `/health` exist anyway).
 *
 * Accepts CSV, and JSON with exactly one of `dataframe_split`, `dataframe_records`, `instances` (rows) and `inputs` (columns); `params` is accepted and
 * ignored. Asks the default model. Errors are `{ error_code, message }`, without stack or input.
 */
export function mlflowProtocol(options: MlflowProtocolOptions = {}): Protocol {
  checkOptions('mlflowProtocol', options, { parseCsv: ofType('function') })
  return {
    name: 'mlflow',
    routes: [
      { method: 'POST', path: '/invocations', handle: (context) => invoke(context, options) },
      { method: 'GET', path: '/version', handle: (context) => jsonAnswer({ version: context.predictor().version }) },
    ],
    openApi: (context) => mlflowApi(context, options.parseCsv !== undefined),
    renderProblem,
  }
}

async function invoke(context: RouteContext, { parseCsv }: MlflowProtocolOptions): Promise<HttpAnswer> {
  const type = context.exchange.header('content-type')?.toLowerCase() ?? ''
  const isCsv = parseCsv !== undefined && /^text\/csv *(;|$)/.test(type)
  const input = isCsv ? tableOf(parseCsv, await context.bytes()) : rowsOf(await context.json())
  assertRowCount(Array.isArray(input) ? input.length : (input as Table).numRows, context.maxRows)
  const answers = await context.predictor().predict(input, context.call)
  return jsonAnswer({ predictions: answers.map(({ prediction }) => prediction) })
}

function tableOf(parseCsv: (text: string) => Table, bytes: Uint8Array): Table {
  try {
    return parseCsv(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const reason = isMillwrightError(error) ? error.message : 'the body is not valid UTF-8'
    throw new HttpProblem(400, 'malformed-csv', `the body must be CSV with a header line: ${reason}`)
  }
}

function rowsOf(body: unknown): Row[] {
  const keys = isJsonObject(body) ? Object.keys(body).filter((key) => key !== 'params') : []
  const [form] = keys
  if (!isJsonObject(body) || keys.length !== 1 || !(forms as readonly string[]).includes(form as string)) {
    throw new HttpProblem(400, 'unknown-form', `the body must be an object with exactly one of ${forms.join(', ')}, and optionally params`)
  }
  if (body.params !== undefined && !isJsonObject(body.params)) throw new HttpProblem(400, 'unknown-form', '"params" must be an object')
  const value = body[form as string]
  if (form === 'dataframe_split') return splitRows(value)
  if (form === 'inputs') return columnRows(value)
  if (!Array.isArray(value)) throw new HttpProblem(400, 'unknown-form', `"${form}" must be a list of objects, one for each row`)
  return value as Row[]
}

function splitRows(value: unknown): Row[] {
  const { columns, data, index = [] } = isJsonObject(value) ? value : {}
  if (
    !Array.isArray(index) ||
    !Array.isArray(columns) ||
    !Array.isArray(data) ||
    !data.every((row) => Array.isArray(row) && row.length === columns.length)
  ) {
    throw new HttpProblem(400, 'unknown-form', '"dataframe_split" must hold "columns" and "data", a list of lists as long as the columns')
  }
  const names = columns.map((name: unknown) => (typeof name === 'number' ? String(name) : name))
  const odd = names.find((name, j) => typeof name !== 'string' || names.indexOf(name) !== j)
  if (odd !== undefined) {
    const message = typeof odd === 'string' ? `names the column ${show(odd)} twice` : 'must name every column by a string'
    throw new HttpProblem(400, 'unknown-form', `"columns" of "dataframe_split" ${message}`)
  }
  return data.map((row: unknown[]) => Object.fromEntries(names.map((name, j) => [name, row[j]])) as Row)
}

function columnRows(value: unknown): Row[] {
  const columns = isJsonObject(value) ? Object.entries(value) : []
  const length = Array.isArray(columns[0]?.[1]) ? columns[0][1].length : -1
  if (!columns.every(([, cells]) => Array.isArray(cells) && cells.length === length) || length < 0) {
    throw new HttpProblem(400, 'unknown-form', '"inputs" must map column names to lists of one length')
  }
  return Array.from({ length }, (_, i) => Object.fromEntries(columns.map(([name, cells]) => [name, (cells as unknown[])[i]])) as Row)
}

/** The names that MLflow's errors have for each status. It has none for media types and lengths: its own server answers those without a name. */
const errorCodes: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
  429: 'REQUEST_LIMIT_EXCEEDED',
  499: 'CANCELLED',
  501: 'NOT_IMPLEMENTED',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

function renderProblem({ status, detail, requestId }: Problem): HttpAnswer {
  const code = errorCodes[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR')
  // MLflow's clients know 400 for input that does not fit.
  return jsonAnswer({ error_code: code, message: detail, request_id: requestId }, status === 422 ? 400 : status)
}
