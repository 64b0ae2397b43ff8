/** The library's own protocol: rows in, predictions out. */
import { isMisspelling } from '../core/spelling'
import { noneOf } from '../predictor/name-check'
import type { Predictor } from '../predictor/predictor'
import type { Row } from '../schema/table'
import { type HttpAnswer, jsonAnswer, type Protocol, type RouteContext } from './exchange'
import { inputColumns } from './openapi'
import { HttpProblem } from './problem'

/** Rows as a body gave them. */
interface RowsBody {
  readonly rows: readonly unknown[]
  readonly ids?: readonly unknown[] | undefined
  readonly explain?: boolean | undefined
}

/**
 * `POST /predict` (the default model) and `POST /models/:name/predict`. The body is `{ rows: [...], ids?: [...], explain?: true }`, `{ row: {...} }`,
 * an array of rows, or one row; the answer `{ predictions, model, version }`.
 */
export function predictProtocol(): Protocol {
  return {
    name: 'predict',
    routes: [
      { method: 'POST', path: '/predict', handle: (context) => predict(context, context.predictor()) },
      { method: 'POST', path: '/models/:name/predict', handle: (context) => predict(context, context.predictor(context.params.name)) },
    ],
  }
}

async function predict(context: RouteContext, predictor: Predictor): Promise<HttpAnswer> {
  const { rows, ids, explain } = rowsOf(await context.json(), predictor)
  assertRowCount(rows.length, context.maxRows)
  if (explain === true && !predictor.explains)
    throw new HttpProblem(400, 'cannot-explain', `${predictor.name} cannot explain its predictions`)
  // The version is read before the call, which it answers even if the model is replaced meanwhile.
  const { name: model, version } = predictor
  const isPlain = ids === undefined && explain === undefined
  const options = isPlain ? context.call : { ...context.call, ids: ids as string[] | undefined, explain }
  const predictions = await predictor.predict(rows as Row[], options)
  return jsonAnswer({ predictions, model, version })
}

/** @throws HttpProblem 413 */
export function assertRowCount(count: number, maxRows: number): void {
  if (count > maxRows) throw new HttpProblem(413, 'too-many-rows', `a request may hold at most ${maxRows} rows, this one holds ${count}`)
}

const forms = '{ "rows": [...], "ids"?: [...] }, { "row": {...}, "id"?: "..." }, an array of rows, or one row'

/** The rows of a body. @throws HttpProblem 400 `unknown-form` for a body in none of the forms, and for one row that has none of the model's columns */
function rowsOf(body: unknown, predictor: Predictor): RowsBody {
  if (Array.isArray(body)) return { rows: body }
  if (typeof body !== 'object' || body === null) throw unknownForm(`the body must be ${forms}`)
  const { rows, row, ids, id, explain } = body as Record<string, unknown>
  const keys = Object.keys(body)
  if (Array.isArray(rows) && keys.every((key) => key === 'rows' || key === 'ids' || key === 'explain')) {
    if (explain !== undefined && typeof explain !== 'boolean') throw unknownForm('"explain" must be true or false')
    if (ids !== undefined && !Array.isArray(ids)) throw unknownForm('"ids" must be an array of strings, one for each row')
    return { rows, ids, explain }
  }
  if (typeof row === 'object' && row !== null && keys.every((key) => key === 'row' || key === 'id')) {
    return { rows: [row], ids: id === undefined ? undefined : [id] }
  }
  assertRow(keys, predictor)
  return { rows: [body] }
}

/** A body that is one row must have a column of the model; otherwise it is in the format of another server, or misspelt. */
function assertRow(keys: readonly string[], predictor: Predictor): void {
  const columns = inputColumns(predictor).map(({ name }) => name)
  // A model of tensors has no columns; the predictor reports that.
  if (columns.length === 0) return
  const known = new Set(columns)
  const envelope = ['rows', 'row'].find((key) => keys.includes(key) && !known.has(key))
  if (envelope === 'rows') throw unknownForm('"rows" must be an array of rows, with nothing beside it but "ids" and "explain"')
  if (envelope === 'row') throw unknownForm('"row" must be one row, with nothing beside it but "id"')
  if (keys.some((key) => known.has(key))) return
  const meant = keys
    .slice(0, 50)
    .map((key) => columns.find((column) => isMisspelling(key, column)))
    .find((column) => column !== undefined)
  const hint = meant === undefined ? `the body must be ${forms}` : `did you mean ${JSON.stringify(meant)}?`
  throw unknownForm(`the body is no row of ${predictor.name}, it ${noneOf(keys, columns)}; ${hint}`)
}

function unknownForm(message: string): HttpProblem {
  return new HttpProblem(400, 'unknown-form', message)
}
