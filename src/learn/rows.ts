/** Parts of tables, matrices and targets by row numbers. */
import { pickColumn, pickRows } from '../schema/pick-rows'
import { type Table, tableOf } from '../schema/table'
import type { FeatureMatrix, TargetVector } from './learner'

/** The rows of a table as a table. */
export function takeRows(table: Table, rows: Int32Array): Table {
  const pick = pickRows(rows, table.numRows)
  return tableOf(table.columnNames.map((name) => pickColumn(table.column(name), pick)))
}

/** The rows of a matrix as a matrix. */
export function matrixRows({ columns, ...facts }: FeatureMatrix, rows: Int32Array): FeatureMatrix {
  return { ...facts, numRows: rows.length, columns: columns.map((column) => Float64Array.from(rows, (row) => column[row] as number)) }
}

/** The rows of a target; the classes stay, also those that these rows lack. */
export function targetRows(target: TargetVector, rows: Int32Array): TargetVector {
  const value = (row: number): number => target.values[row] as number
  return { ...target, values: target.task === 'classification' ? Int32Array.from(rows, value) : Float64Array.from(rows, value) }
}
