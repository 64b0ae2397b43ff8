/** Parsed JSON into datasets: rows or columns, with nested values refused, flattened or kept as text. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { Dataset } from '../../dataset/dataset'
import { type Column, type ColumnType, columnOfCells } from '../../schema/column'
import { columnNotFound } from '../../schema/table'
import type { ReadJsonOptions } from './json-options'

/** Cells by column, as they were met. */
export interface CellTable {
  readonly cells: Map<string, unknown[]>
  rows: number
  /** Rows before the first one, for messages. */
  readonly before: number
}

/** A table without rows. */
export function emptyTable(before = 0): CellTable {
  return { cells: new Map(), rows: 0, before }
}

/** A dataset of what JSON text holds: an array of row objects, or an object of arrays by column name. */
export function datasetOfJson(operation: string, value: unknown, options: ReadJsonOptions): Dataset {
  const table = emptyTable()
  if (Array.isArray(value)) {
    for (const row of value as unknown[]) addRow(operation, table, row, options)
    return datasetOf(operation, table, options)
  }
  if (!isObject(value) || Object.keys(value).length === 0 || !Object.values(value).every(Array.isArray)) {
    throw new MillwrightError('Corrupt', `${operation} needs an array of row objects or an object of arrays, got ${show(value)}`)
  }
  return datasetOf(operation, tableOfColumns(operation, value as Readonly<Record<string, unknown[]>>, options), options)
}

function tableOfColumns(operation: string, columns: Readonly<Record<string, unknown[]>>, options: ReadJsonOptions): CellTable {
  const [first = '', ...others] = Object.keys(columns)
  const rows = columns[first]?.length ?? 0
  const odd = others.find((name) => columns[name]?.length !== rows)
  if (odd !== undefined) {
    throw new MillwrightError(
      'Corrupt',
      `${operation}: columns must have one length: ${show(first)} has ${rows} cells, ${show(odd)} has ${columns[odd]?.length}`,
    )
  }
  const table = emptyTable()
  for (let row = 0; row < rows; row++)
    addRow(operation, table, Object.fromEntries(Object.keys(columns).map((name) => [name, columns[name]?.[row]])), options)
  for (const name of Object.keys(columns)) if (!table.cells.has(name) && rows === 0) table.cells.set(name, [])
  return table
}

/** Adds a row object. @throws Corrupt for what is no object, naming row and column for what is no cell */
export function addRow(operation: string, table: CellTable, row: unknown, options: ReadJsonOptions): void {
  if (!isObject(row))
    throw new MillwrightError('Corrupt', `${operation}: row ${table.before + table.rows} must be an object, got ${show(row)}`)
  addMembers({ operation, table, options }, row, '')
  table.rows++
}

interface Target {
  readonly operation: string
  readonly table: CellTable
  readonly options: ReadJsonOptions
}

function addMembers(target: Target, members: Readonly<Record<string, unknown>>, prefix: string): void {
  for (const key of Object.keys(members)) addCell(target, prefix + key, members[key])
}

function addCell(target: Target, name: string, value: unknown): void {
  const { operation, table, options } = target
  if (typeof value !== 'object' || value === null) put(table, name, value)
  else if (options.nested === 'text') put(table, name, JSON.stringify(value))
  else if (options.nested === 'flatten' && !Array.isArray(value)) addMembers(target, value as Readonly<Record<string, unknown>>, `${name}.`)
  else if (options.columns === undefined || options.columns.includes(name)) {
    throw new MillwrightError(
      'Unsupported',
      `${operation}: column ${show(name)}, row ${table.before + table.rows} holds ${Array.isArray(value) ? 'an array' : 'an object'}, which is no cell`,
      {
        hint: Array.isArray(value)
          ? "{ nested: 'text' } keeps it as JSON text; { columns: […] } leaves it out"
          : "{ nested: 'flatten' } makes columns of its members, { nested: 'text' } keeps it as JSON text, { columns: […] } leaves it out",
        details: { column: name, row: table.before + table.rows },
      },
    )
  }
}

function put(table: CellTable, name: string, value: unknown): void {
  let cells = table.cells.get(name)
  if (cells === undefined) {
    cells = []
    table.cells.set(name, cells)
  }
  // Two members may flatten to one name.
  if (cells.length > table.rows) throw invalidArgument(`two members of row ${table.before + table.rows} make the column ${show(name)}`)
  while (cells.length < table.rows) cells.push(null)
  cells.push(value)
}

/** The finished dataset. `order` names columns that must be there, in that order. */
export function datasetOf(operation: string, table: CellTable, options: ReadJsonOptions, order?: readonly string[]): Dataset {
  const names = [...table.cells.keys()]
  const known = order ?? names
  for (const name of [...(options.columns ?? []), ...Object.keys(options.types ?? {})]) {
    if (!known.includes(name)) throw columnNotFound(name, known)
  }
  return new Dataset((options.columns ?? known).map((name) => columnOfTable(operation, table, { name, type: typeFor(options, name) })))
}

function columnOfTable(
  operation: string,
  { cells, rows }: CellTable,
  { name, type }: { name: string; type: ColumnType | undefined },
): Column {
  const values = cells.get(name) ?? []
  while (values.length < rows) values.push(null)
  try {
    return columnOfCells(name, type === 'float64' ? values.map(rounded) : values, type)
  } catch (cause) {
    throw new MillwrightError('SchemaMismatch', `${operation}: ${(cause as Error).message}`, { cause, details: { column: name } })
  }
}

/** Whole numbers beyond ±2⁵³ arrive as text (see {@link keepDigits}); a column asked to be `float64` takes them rounded. */
function rounded(cell: unknown): unknown {
  return typeof cell === 'string' && /^-?\d{16,}$/.test(cell) ? Number(cell) : cell
}

/** JSON text in which whole numbers beyond ±2⁵³ are put in quotes, because `JSON.parse` would round them. */
export function keepDigits(text: string): string {
  if (!/\d{16}/.test(text)) return text
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.length >= 16 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  )
}

function typeFor({ types }: ReadJsonOptions, name: string): ColumnType | undefined {
  return types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
