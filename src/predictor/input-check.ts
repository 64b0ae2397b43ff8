/** Checks rows against a model's signature and collects all problems of every row. */
import { type Issue, SchemaMismatchError, showKind } from '../core/errors'
import { coerceCell, isProblem } from '../schema/coerce'
import { type CellValue, type Column, type ColumnInit, type ColumnType, makeColumn, missingMark, newValues } from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'
import { createNameCheck, type UnknownColumns } from './name-check'

/** How strict the check is. */
export interface InputPolicy {
  /** Convert between numbers, booleans and strings, by the rules for text in CSV files (`"3"` → 3). @default false */
  readonly coerce?: boolean | undefined
  /**
   * What to do with columns that the model does not have. `'misspelt'` ignores them, but refuses one that looks like a misspelt column of the model
   * which the row lacks; `'ignore'` ignores those too; `'error'` refuses all. In every case a row that has none of the model's
   * columns is refused. @default 'misspelt'
   */
  readonly unknownColumns?: UnknownColumns | undefined
}

/** The cells of one row in the order of the signature's columns. */
export type Cells = readonly CellValue[]

/** How many problems an error lists; the others are counted. */
export const MAX_ISSUES = 100

/** Columns whose problems are counted by name; a client can invent any number of names, so further ones are counted as `other`. */
const MAX_COLUMNS = 200

/** Collects problems: lists the first {@link MAX_ISSUES}, counts all, by code, by column and by row. */
export interface IssueLog {
  add(path: readonly (string | number)[], code: string, message: string): void
  readonly count: number
  readonly byCode: ReadonlyMap<string, number>
  /** Problems by column and code. Problems of whole rows have no column. */
  readonly byColumn: ReadonlyMap<string, Readonly<Record<string, number>>>
  /** How many rows have problems; 0 when the problem is one of the whole table. */
  readonly rows: number
  /** The error that lists the problems. */
  toError(subject: string, numRows: number): SchemaMismatchError
}

/** An empty log. */
export function createIssueLog(): IssueLog {
  const issues: Issue[] = []
  const byCode = new Map<string, number>()
  const byColumn = new Map<string, Record<string, number>>()
  const rows = new Set<unknown>()
  let count = 0
  return {
    add(path, code, message) {
      count++
      byCode.set(code, (byCode.get(code) ?? 0) + 1)
      if (typeof path[0] === 'number') rows.add(path[0])
      const last = path[path.length - 1]
      if (typeof last === 'string') countColumn(byColumn, last, code)
      if (issues.length < MAX_ISSUES) issues.push({ path, code, message })
    },
    get count() {
      return count
    },
    byCode,
    byColumn,
    get rows() {
      return rows.size
    },
    toError(subject, numRows) {
      const first = issues.slice(0, 3).map(({ message }) => message)
      const more = count > first.length ? `; and ${count - first.length} more` : ''
      const where = rows.size === 0 ? '' : ` in ${rows.size} of ${numRows} row${numRows === 1 ? '' : 's'}`
      return new SchemaMismatchError(
        `the input of ${subject} has ${count} problem${count === 1 ? '' : 's'}${where}: ${first.join('; ')}${more}`,
        issues,
        {
          details: { issueCount: count },
        },
      )
    },
  }
}

function countColumn(byColumn: Map<string, Record<string, number>>, name: string, code: string): void {
  const column = byColumn.has(name) || byColumn.size < MAX_COLUMNS ? name : 'other'
  const counts = byColumn.get(column) ?? {}
  counts[code] = (counts[code] ?? 0) + 1
  byColumn.set(column, counts)
}

/**
 * Reads `rows` into cells in the order of `columns`; what does not fit goes to `log`.
 *
 * `null`, `undefined`, `NaN` and an absent key are a missing cell, which a column with `required: false` allows.
 * Codes: `not-a-row`, `missing`, `wrong-type`, `not-finite`, `not-integer`, `out-of-range`, `unknown-column`.
 */
export function checkRows(rows: readonly unknown[], columns: readonly ColumnSpec[], policy: InputPolicy, log: IssueLog): Cells[] {
  const reading = { coerce: policy.coerce, finite: true }
  // Most rows have every column, and no check of names.
  let names: ReturnType<typeof createNameCheck> | undefined
  return rows.map((row, index) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      log.add([index], 'not-a-row', `row ${index} must be an object of column names and values, got ${showKind(row)}`)
      return []
    }
    const record = row as Readonly<Record<string, unknown>>
    const cells: CellValue[] = new Array(columns.length)
    let absent = 0
    for (let j = 0; j < columns.length; j++) {
      const column = columns[j] as ColumnSpec
      const present = Object.hasOwn(record, column.name)
      if (!present) absent++
      const cell = coerceCell(present ? record[column.name] : undefined, column.type, reading)
      if (cell === null) {
        cells[j] = null
        if (column.required !== false) log.add([index, column.name], 'missing', `${place(index, column.name)} a value is required`)
      } else if (isProblem(cell)) log.add([index, column.name], cell.code, `${place(index, column.name)} ${cell.message}`)
      else cells[j] = cell
    }
    if (absent > 0 || policy.unknownColumns === 'error') {
      names ??= createNameCheck(columns, policy.unknownColumns)
      names.checkRow(record, index, absent, log)
    }
    return cells
  })
}

/** A table of checked cells. */
export function tableOfCells(columns: readonly ColumnSpec[], rows: readonly Cells[]): Table {
  return tableOf(columns.map(({ name, type }, j) => columnOfCells(name, type, rows, j)))
}

function columnOfCells(name: string, type: ColumnType, rows: readonly Cells[], j: number): Column {
  const values = newValues(type, rows.length)
  const missing = missingMark(type)
  if (type !== 'string') {
    for (let i = 0; i < rows.length; i++) {
      const cell = (rows[i] as Cells)[j] as number | boolean | null
      values[i] = cell === null ? missing : (cell as number)
    }
    return makeColumn(name, { type, values } as ColumnInit)
  }
  const codes = new Map<string, number>()
  for (let i = 0; i < rows.length; i++) {
    const cell = (rows[i] as Cells)[j] as string | null
    if (cell === null) {
      values[i] = missing
      continue
    }
    const known = codes.get(cell)
    if (known === undefined) codes.set(cell, codes.size)
    values[i] = known ?? codes.size - 1
  }
  return makeColumn(name, { type, values, dictionary: [...codes.keys()] } as ColumnInit)
}

function place(index: number, name: string): string {
  return `row ${index}, column ${JSON.stringify(name)}:`
}
