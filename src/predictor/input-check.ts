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

/** An empty log. It costs next to nothing until something is added. */
export function createIssueLog(): IssueLog {
  return new Log()
}

class Log implements IssueLog {
  #issues: Issue[] | undefined
  #byCode: Map<string, number> | undefined
  #byColumn: Map<string, Record<string, number>> | undefined
  #rows: Set<unknown> | undefined
  count = 0

  get byCode(): ReadonlyMap<string, number> {
    return this.#byCode ?? new Map()
  }

  get byColumn(): ReadonlyMap<string, Readonly<Record<string, number>>> {
    return this.#byColumn ?? new Map()
  }

  get rows(): number {
    return this.#rows?.size ?? 0
  }

  add(path: readonly (string | number)[], code: string, message: string): void {
    this.#issues ??= []
    this.#byCode ??= new Map()
    this.#byColumn ??= new Map()
    this.#rows ??= new Set()
    this.count++
    this.#byCode.set(code, (this.#byCode.get(code) ?? 0) + 1)
    if (typeof path[0] === 'number') this.#rows.add(path[0])
    const last = path[path.length - 1]
    if (typeof last === 'string') countColumn(this.#byColumn, last, code)
    if (this.#issues.length < MAX_ISSUES) this.#issues.push({ path, code, message })
  }

  toError(subject: string, numRows: number): SchemaMismatchError {
    const issues = this.#issues ?? []
    const { count, rows } = this
    const first = issues.slice(0, 3).map(({ message }) => message)
    const more = count > first.length ? `; and ${count - first.length} more` : ''
    const where = rows === 0 ? '' : ` in ${rows} of ${numRows} row${numRows === 1 ? '' : 's'}`
    const message = `the input of ${subject} has ${count} problem${count === 1 ? '' : 's'}${where}: ${first.join('; ')}${more}`
    return new SchemaMismatchError(message, issues, { details: { issueCount: count } })
  }
}

function countColumn(byColumn: Map<string, Record<string, number>>, name: string, code: string): void {
  const column = byColumn.has(name) || byColumn.size < MAX_COLUMNS ? name : 'other'
  const counts = byColumn.get(column) ?? {}
  counts[code] = (counts[code] ?? 0) + 1
  byColumn.set(column, counts)
}

/** Reads rows into cells; see {@link createRowReader}. */
export type RowReader = (rows: readonly unknown[], log: IssueLog) => Cells[]

/**
 * Makes a reader of rows into cells in the order of `columns`; what does not fit goes to its log.
 *
 * `null`, `undefined`, `NaN` and an absent key are a missing cell, which a column with `required: false` allows.
 * Codes: `not-a-row`, `missing`, `wrong-type`, `not-finite`, `not-integer`, `out-of-range`, `unknown-column`.
 */
export function createRowReader(columns: readonly ColumnSpec[], policy: InputPolicy): RowReader {
  const reading = { coerce: policy.coerce, finite: true }
  const isStrict = policy.unknownColumns === 'error'
  const newNames = (): ReturnType<typeof createNameCheck> => createNameCheck(columns, policy.unknownColumns)
  return (rows, log) => {
    let names: ReturnType<typeof createNameCheck> | undefined
    const cellsOfRows = new Array<Cells>(rows.length)
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]
      if (typeof row !== 'object' || row === null || Array.isArray(row)) {
        log.add([index], 'not-a-row', `row ${index} must be an object of column names and values, got ${showKind(row)}`)
        cellsOfRows[index] = []
        continue
      }
      const record = row as Readonly<Record<string, unknown>>
      const cells: CellValue[] = new Array(columns.length)
      let absent = 0
      for (let j = 0; j < columns.length; j++) {
        const { name, type, required } = columns[j] as ColumnSpec
        const present = Object.hasOwn(record, name)
        if (!present) absent++
        const cell = coerceCell(present ? record[name] : undefined, type, reading)
        if (cell === null) {
          cells[j] = null
          if (required !== false) log.add([index, name], 'missing', `${place(index, name)} a value is required`)
        } else if (isProblem(cell)) log.add([index, name], cell.code, `${place(index, name)} ${cell.message}`)
        else cells[j] = cell
      }
      if (absent > 0 || isStrict) {
        names ??= newNames()
        names.checkRow(record, index, absent, log)
      }
      cellsOfRows[index] = cells
    }
    return cellsOfRows
  }
}

/** Reads `rows` into cells in the order of `columns`; see {@link createRowReader}. */
export function checkRows(rows: readonly unknown[], columns: readonly ColumnSpec[], policy: InputPolicy, log: IssueLog): Cells[] {
  return createRowReader(columns, policy)(rows, log)
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
