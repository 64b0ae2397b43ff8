/** Checks a whole table against a model's signature, column by column. */
import { coerceCell, isProblem } from '../schema/coerce'
import {
  type CellValue,
  type Column,
  type ColumnInit,
  columnFrom,
  isMissingAt,
  makeColumn,
  missingMark,
  newValues,
  toFloat64,
} from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'
import type { InputPolicy, IssueLog } from './input-check'
import { createNameCheck } from './name-check'

/**
 * The columns of the table in the order and types of the signature; other columns are left out. Problems go to `log`.
 *
 * Numbers change their type where nothing is lost, ISO 8601 text becomes times, and with `coerce` cells are read as those of rows; a column that is missing altogether is allowed when it is not required.
 */
export function checkTable(table: Table, columns: readonly ColumnSpec[], policy: InputPolicy, log: IssueLog): Table {
  const names = new Set(table.columnNames)
  createNameCheck(columns, policy.unknownColumns).checkTable(table, log)
  const fitted: Column[] = []
  for (const column of columns) {
    if (!names.has(column.name)) {
      if (column.required !== false) log.add([column.name], 'missing', `column ${JSON.stringify(column.name)} is required and is not there`)
      else fitted.push(emptyColumn(column, table.numRows))
      continue
    }
    const source = table.column(column.name)
    const converted = convert(source, column, policy)
    if (converted === undefined) {
      log.add([column.name], 'wrong-type', `column ${JSON.stringify(column.name)} must be ${column.type}, it is ${source.type}`)
      continue
    }
    checkValues(converted, column, log)
    fitted.push(converted)
  }
  return log.count > 0 ? table : tableOf(fitted)
}

/** `source` as a column of the wanted type; `undefined` when the conversion would lose information. */
function convert(source: Column, { name, type }: ColumnSpec, policy: InputPolicy): Column | undefined {
  if (source.type === type) return source
  if (source.nullCount === source.length) return emptyColumn({ name, type }, source.length)
  if (type === 'float64' && (source.type === 'int32' || source.type === 'boolean')) {
    return makeColumn(name, { type, values: toFloat64(source) })
  }
  if (type === 'timestamp' && source.type === 'float64') return makeColumn(name, { type, values: source.storage as Float64Array })
  if (type !== 'int32' || (source.type !== 'float64' && source.type !== 'boolean')) return coerced(source, { name, type }, policy)
  const values = new Int32Array(source.length)
  const missing = missingMark('int32')
  for (let i = 0; i < source.length; i++) {
    const value = source.storage[i] as number
    values[i] = isMissingAt(source, i) ? missing : value
    if (values[i] !== value && !isMissingAt(source, i)) return undefined
  }
  return makeColumn(name, { type, values })
}

/** `source` read cell by cell, as rows are; `undefined` when a cell does not fit. */
function coerced(source: Column, { name, type }: ColumnSpec, { coerce }: InputPolicy): Column | undefined {
  const cells = new Array<CellValue>(source.length)
  for (let i = 0; i < source.length; i++) {
    const cell = coerceCell(source.at(i), type, { coerce })
    if (isProblem(cell)) return undefined
    cells[i] = cell
  }
  return columnFrom(name, type, cells)
}

function checkValues(column: Column, { required }: ColumnSpec, log: IssueLog): void {
  const name = JSON.stringify(column.name)
  if (required !== false && column.nullCount > 0) {
    for (let i = 0; i < column.length; i++) {
      if (isMissingAt(column, i)) log.add([i, column.name], 'missing', `row ${i}, column ${name}: a value is required`)
    }
  }
  if (column.type !== 'float64') return
  for (let i = 0; i < column.length; i++) {
    const value = column.storage[i] as number
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      log.add([i, column.name], 'not-finite', `row ${i}, column ${name}: must be a finite number`)
    }
  }
}

function emptyColumn({ name, type }: ColumnSpec, length: number): Column {
  const values = newValues(type, length).fill(missingMark(type))
  return makeColumn(name, { type, values, ...(type === 'string' ? { dictionary: [] } : {}) } as ColumnInit)
}
