/** The checked rows of a call, which the batcher splits and joins. */
import { invalidArgument } from '../core/errors'
import { isDate } from '../schema/coerce'
import { type CellValue, sliceColumn } from '../schema/column'
import { isTable, type Row, rowAt, type Table, tableOf } from '../schema/table'
import { checkBounds } from './bounds-check'
import { type Cells, type InputPolicy, type IssueLog, tableOfCells } from './input-check'
import type { ModelHandle } from './model-handle'
import { checkTable } from './table-check'

/** Checked rows and the model for them: as cells, which can be joined with those of other calls, or as a table, which is executed alone. */
export interface Work {
  readonly handle: ModelHandle
  readonly cells?: readonly Cells[] | undefined
  readonly table?: Table | undefined
}

/**
 * Checks the input of a call; problems go to `log`. A model whose signature names no columns gets the table unchanged.
 *
 * @throws InvalidArgument for rows passed to such a model, whose columns are unknown
 */
export function readInput(input: readonly Row[] | Table, handle: ModelHandle, policy: InputPolicy, log: IssueLog): Work {
  const { columns, readRows } = handle
  const { bounds } = handle.model
  if (!Array.isArray(input) && isTable(input)) {
    const table = columns === undefined ? input : checkTable(input, columns, policy, log)
    if (columns !== undefined && bounds !== undefined) checkBounds(table, columns, bounds, log)
    return { handle, table }
  }
  if (columns !== undefined && readRows !== undefined) {
    const cells = readRows(input as readonly Row[], log)
    if (bounds !== undefined) checkBounds(cells, columns, bounds, log)
    return { handle, cells }
  }
  throw invalidArgument(`the signature of ${handle.name}@${handle.version} names no columns: give it a table instead of rows`)
}

/**
 * A row as in the `prediction` event: the cells of the model's columns as the model got them, `null` where missing. Other values of the
 * caller's row are kept if they are cells, so that a monitor can use them as event time or segment.
 */
export function checkedRow(input: readonly Row[] | Table, { handle, cells, table }: Work, row: number): Row {
  const { columns } = handle
  const given = isTable(input) ? rowAt(input, row) : (input[row] as Row)
  if (columns === undefined) return given
  const checked: [string, CellValue][] = columns.map(({ name }, j) => [name, cells?.[row]?.[j] ?? table?.column(name).at(row) ?? null])
  const known = new Set(columns.map(({ name }) => name))
  const others = Object.entries(given).filter(([name, value]) => !known.has(name) && isCell(value))
  return Object.fromEntries<Row[string]>([...others, ...checked])
}

function isCell(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || isDate(value)
}

/** The rows `from` … `to` − 1. */
export function splitWork({ handle, cells, table }: Work, from: number, to: number): Work {
  if (table === undefined) return { handle, cells: cells?.slice(from, to) }
  return { handle, table: tableOf(table.columnNames.map((name) => sliceColumn(table.column(name), from, to))) }
}

/** The cells of all rows, in order; `undefined` for a table. */
export function joinCells(work: readonly Work[]): readonly Cells[] | undefined {
  const [first] = work
  return work.length === 1 ? first?.cells : first?.cells && work.flatMap((piece) => piece.cells ?? [])
}

/** One table of all rows, in order. */
export function joinWork(work: readonly Work[], cells = joinCells(work)): Table {
  const first = work[0] as Work
  return first.table ?? tableOfCells(first.handle.columns ?? [], cells ?? [])
}
