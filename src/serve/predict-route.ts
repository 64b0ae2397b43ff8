/** Our own way of asking: rows in, predictions out. */

import type { Predictor } from '../predictor/predictor'
import type { Row } from '../schema/table'
import { type HttpAnswer, jsonAnswer, type Protocol, type RouteContext } from './exchange'
import { HttpProblem } from './problem'

/** Rows as a body gave them. */
interface RowsBody {
  readonly rows: readonly unknown[]
  readonly ids?: readonly unknown[] | undefined
}

/**
 * `POST /predict` (the default model) and `POST /models/:name/predict`. The body is `{ rows: [...], ids?: [...] }`, `{ row: {...} }`,
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
  const { rows, ids } = rowsOf(await context.json())
  assertRowCount(rows.length, context.maxRows)
  // The version of this moment is the one that answers.
  const { name: model, version } = predictor
  const options = ids === undefined ? context.call : { ...context.call, ids: ids as string[] }
  const predictions = await predictor.predict(rows as Row[], options)
  return jsonAnswer({ predictions, model, version })
}

/** @throws HttpProblem 413 */
export function assertRowCount(count: number, maxRows: number): void {
  if (count > maxRows) throw new HttpProblem(413, 'too-many-rows', `a request may hold at most ${maxRows} rows, this one holds ${count}`)
}

function rowsOf(body: unknown): RowsBody {
  if (Array.isArray(body)) return { rows: body }
  if (typeof body !== 'object' || body === null) {
    throw new HttpProblem(400, 'unknown-form', 'the body must be { "rows": [...] }, { "row": {...} }, an array of rows, or one row')
  }
  const { rows, row, ids, id } = body as Record<string, unknown>
  const keys = Object.keys(body)
  if (Array.isArray(rows) && keys.every((key) => key === 'rows' || key === 'ids')) {
    if (ids !== undefined && !Array.isArray(ids))
      throw new HttpProblem(400, 'unknown-form', '"ids" must be an array of strings, one for each row')
    return { rows, ids }
  }
  if (typeof row === 'object' && row !== null && keys.every((key) => key === 'row' || key === 'id')) {
    return { rows: [row], ids: id === undefined ? undefined : [id] }
  }
  return { rows: [body] }
}
