/** Datasets into JSON and newline-delimited JSON. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, oneOf } from '../../core/options'
import type { Column } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'

/** Options of {@link toJson}. */
export interface ToJsonOptions {
  /** `rows`: an array of objects; `columns`: an object of arrays. @default 'rows' */
  readonly layout?: 'rows' | 'columns' | undefined
}

/**
 * A table as JSON text. Missing cells are `null`, timestamps ISO 8601 text in UTC (read back with `types`), numbers the shortest text that reads
 * back as the same double.
 *
 * @throws InvalidArgument for infinite numbers, which JSON cannot hold
 */
export function toJson(table: Table, options: ToJsonOptions = {}): string {
  checkOptions('toJson', options, { layout: oneOf('rows', 'columns') })
  assertTable(table, 'toJson')
  if (options.layout !== 'columns') return `[${rowTexts('toJson', table).join(',\n')}]\n`
  const members = table.columnNames.map((name) => {
    const write = cellWriter('toJson', table.column(name))
    return `${JSON.stringify(name)}:[${Array.from({ length: table.numRows }, (_, row) => write(row)).join(',')}]`
  })
  return `{${members.join(',\n')}}\n`
}

/** A table as newline-delimited JSON: one object a line. Cells as in {@link toJson}. @throws what `toJson` throws */
export function toNdjson(table: Table): string {
  assertTable(table, 'toNdjson')
  return rowTexts('toNdjson', table)
    .map((text) => `${text}\n`)
    .join('')
}

function rowTexts(operation: string, table: Table): string[] {
  const columns = table.columnNames.map((name) => ({ key: `${JSON.stringify(name)}:`, write: cellWriter(operation, table.column(name)) }))
  return Array.from({ length: table.numRows }, (_, row) => `{${columns.map(({ key, write }) => key + write(row)).join(',')}}`)
}

function cellWriter(operation: string, column: Column): (row: number) => string {
  if (column.type === 'string') {
    const texts = (column.dictionary ?? []).map((text) => JSON.stringify(text))
    return (row) => texts[column.storage[row] as number] ?? 'null'
  }
  return (row) => {
    const cell = column.at(row)
    if (typeof cell !== 'number') return String(cell)
    if (!Number.isFinite(cell)) {
      throw invalidArgument(`${operation}: column ${show(column.name)}, row ${row} holds ${cell}, which JSON has no number for`)
    }
    if (column.type === 'timestamp') return `"${isoText(operation, column, row)}"`
    return Object.is(cell, -0) ? '-0' : String(cell)
  }
}

function isoText(operation: string, column: Column, row: number): string {
  const date = new Date(column.at(row) as number)
  if (Number.isNaN(date.getTime())) throw invalidArgument(`${operation}: column ${show(column.name)}, row ${row} holds a time out of range`)
  return date.toISOString()
}
