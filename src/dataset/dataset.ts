/** The dataset: an immutable, columnar table over typed arrays. The functions of this folder work on it. */
import { attachDisplay } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { type CellValue, type Column, sliceColumn } from '../schema/column'
import type { ColumnName, ColumnNames, DataRow, RowOf } from '../schema/row-types'
import { schemaOf, type TableSchema } from '../schema/schema'
import { assertTable, rowAt, rowsOf, type Table, tableOf } from '../schema/table'
import { markdownTable, textTable } from './table-text'

/** The column called `Name` of a dataset with rows of type `R`. */
export type ColumnOf<R, Name extends keyof R> = Column<Extract<R[Name], CellValue>>

/**
 * Columns of equal length under distinct names. Immutable; iterating gives rows.
 *
 * `R` is the type of a row. Functions that create or change datasets infer it, so that a misspelt column name is a type error. Where the columns are
 * only known at run time (a CSV file read without a `schema`), any name is allowed. `NaN` counts as missing: a cell of type `number`
 * can be `null` if it was created from `NaN`.
 *
 * Make one with `readCsv`, `parseCsv`, `fromRows`, `fromColumns` or `Dataset.fromTable`; change one with the functions
 * of `millwright/dataset`, each of which returns a new dataset and shares memory where it can.
 *
 * @example
 * const penguins = fromRows([{ species: 'Adelie', mass: 3750 }, { species: 'Gentoo', mass: null }])
 * penguins.numRows // 2
 * penguins.column('mass').at(1) // null; its type is number | null
 */
export class Dataset<R extends object = DataRow> implements Table {
  readonly #table: Table
  #schema: TableSchema | undefined

  /** @throws InvalidArgument on unequal lengths or repeated names */
  constructor(columns: readonly Column[]) {
    this.#table = tableOf(columns)
    attachDisplay(this, {
      text: () => `${this.toString()}\n${textTable(this)}`,
      markdown: () => `${this.toString()}\n\n${markdownTable(this)}`,
    })
  }

  /** A dataset over the columns of any table; a dataset is returned as it is. */
  static fromTable<T extends Table>(table: T): Dataset<RowOf<T>> {
    assertTable(table, 'Dataset.fromTable')
    return table instanceof Dataset ? table : new Dataset(table.columnNames.map((name) => table.column(name)))
  }

  /** Rows in the table; 0 when it has no columns. */
  get numRows(): number {
    return this.#table.numRows
  }

  /** Column names in order. */
  get columnNames(): readonly ColumnNames<R>[] {
    return this.#table.columnNames as ColumnNames<R>[]
  }

  /** Name and type of each column, and whether every cell has a value (`required`). */
  get schema(): TableSchema {
    this.#schema ??= schemaOf(this.#table)
    return this.#schema
  }

  /** The column called `name`. @throws NotFound listing the known names */
  column<Name extends ColumnName<R>>(name: Name): ColumnOf<R, Name> {
    return this.#table.column(name) as ColumnOf<R, Name>
  }

  /** Whether there is a column called `name`. */
  has(name: string): boolean {
    return this.#table.columnNames.includes(name)
  }

  /** All columns in order. */
  columns(): readonly Column[] {
    return this.#table.columnNames.map((name) => this.#table.column(name))
  }

  /** The row at `index` as an object. @throws InvalidArgument when there is no such row */
  row(index: number): R {
    if (!Number.isInteger(index) || index < 0 || index >= this.numRows) {
      throw invalidArgument(`row must be a whole number from 0 to ${this.numRows - 1}, got ${show(index)}`)
    }
    return rowAt(this.#table, index) as R
  }

  /** The first `count` rows. */
  head(count = 5): Dataset<R> {
    return this.slice(0, Math.max(0, count))
  }

  /** The last `count` rows. */
  tail(count = 5): Dataset<R> {
    return this.slice(Math.max(0, this.numRows - count), this.numRows)
  }

  /** Rows from `start` (included) to `end` (not included), sharing memory; negative numbers count from the end, as in `Array.slice`. */
  slice(start = 0, end = this.numRows): Dataset<R> {
    const from = clamp(start, this.numRows)
    const to = Math.max(from, clamp(end, this.numRows))
    return new Dataset(this.columns().map((column) => sliceColumn(column, from, to)))
  }

  /** All rows as objects. */
  toRecords(): R[] {
    return rowsOf(this.#table) as R[]
  }

  /** Rows one by one, as objects. */
  *[Symbol.iterator](): Iterator<R> {
    for (let index = 0; index < this.numRows; index++) yield rowAt(this.#table, index) as R
  }

  /** `Dataset: 4 columns × 150 rows` */
  toString(): string {
    return `Dataset: ${this.columnNames.length} columns × ${this.numRows} rows`
  }

  get [Symbol.toStringTag](): string {
    return this.toString()
  }
}

function clamp(index: number, length: number): number {
  const whole = Math.trunc(index)
  if (Number.isNaN(whole)) throw invalidArgument(`a row number must be a number, got ${show(index)}`)
  return whole < 0 ? Math.max(0, length + whole) : Math.min(length, whole)
}
