/** Converts logged rows to a table: the inputs, the prediction, and the true value. */
import type { ColumnType } from '../schema/column'
import { type Row, type Table, tableFromRows } from '../schema/table'
import type { LoggedPrediction } from './logged-prediction'

/** How logged rows become a table. */
export interface LogTableOptions {
  /** Types of input columns by name; others are inferred from the cells. @default the signature of the watched predictor */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** Name of the column of predictions; `null` leaves it out. @default 'prediction' */
  readonly predictionColumn?: string | null | undefined
  /** Name of the column of true values, missing where none has arrived; `null` leaves it out. @default 'actual' */
  readonly actualColumn?: string | null | undefined
}

/** A table of logged rows, in their order. An input column with the same name as one of the two added columns is left out. */
export function logTable(rows: readonly LoggedPrediction[], options: LogTableOptions = {}): Table {
  const { types = {}, predictionColumn = 'prediction', actualColumn = 'actual' } = options
  const names = new Set(rows.flatMap((row) => Object.keys(row.input)))
  for (const name of [predictionColumn, actualColumn]) if (name !== null) names.add(name)
  const cells = rows.map((row): Row => {
    const extra: Record<string, Row[string]> = {}
    if (predictionColumn !== null) extra[predictionColumn] = row.prediction
    if (actualColumn !== null) extra[actualColumn] = row.actual ?? null
    return { ...row.input, ...extra }
  })
  return tableFromRows(cells, types, [...names])
}
