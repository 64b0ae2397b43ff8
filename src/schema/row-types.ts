/** The types of rows: what a row of a dataset is, given the values it was made of, and which column names it has. */
import type { CellValue, ColumnType } from './cell-types'

/** A row whose columns are not known to the compiler: column name → cell; a timestamp is epoch milliseconds, `null` is missing. */
export type DataRow = Record<string, CellValue>

/** What a program may put into a cell. */
export type CellInput = CellValue | Date | bigint | undefined

/** A row that a program hands in. */
export type RowInput<R> = { readonly [Name in keyof R]: CellInput }

/** The rows of a table: those of its type where it is a typed dataset, {@link DataRow} for any other table. */
export type RowOf<T> = T extends { toRecords(): readonly (infer R extends object)[] } ? R : DataRow

/** The column names of a row type; any string for {@link DataRow}. */
export type ColumnName<R> = Extract<keyof R, string>

/**
 * {@link ColumnName} for a property of a type with the parameter `R`. Written with `infer`, it makes the compiler compare such types by
 * their members, so that a dataset of known columns is assignable to one of any, or of fewer, columns.
 */
export type ColumnNames<R> = R extends infer Known ? ColumnName<Known> : never

/** The column names of a table; any string where its type does not tell. */
export type NameOf<T> = ColumnName<RowOf<T>>

/** The cell that a value of type `V` becomes: a date is epoch milliseconds, nothing is `null`, values of mixed kinds may become text. */
export type CellOf<V> = unknown extends V ? CellValue : PresentCell<Exclude<V, null | undefined>> | MissingCell<V>

/** `null` where a value of type `V` may be nothing. */
export type MissingCell<V> = V extends null | undefined ? null : never

/** What the cell of a value of type `V`, not nothing, holds. */
export type PresentCell<V> = [V] extends [string]
  ? V
  : [V] extends [number]
    ? V
    : [V] extends [boolean]
      ? boolean
      : [V] extends [Date]
        ? number
        : [V] extends [number | bigint]
          ? number | string
          : MixedCell<V>

/** What the cell of values of mixed kinds may hold. */
export type MixedCell<V> = [V] extends [never] ? never : string | (V extends Date | number ? number : V extends boolean ? boolean : never)

/** What a cell with a value is, by the type of its column. */
export interface CellOfType {
  readonly float64: number
  readonly int32: number
  readonly boolean: boolean
  readonly string: string
  readonly timestamp: number
}

/**
 * The row of a dataset that is made of rows of type `R`; of a union, every column of any member, `null` where a member lacks it.
 * {@link DataRow} where `R` names no column.
 */
export type RowFrom<R> = [KeyOfAny<R>] extends [never] ? DataRow : { [Name in KeyOfAny<R>]: CellOf<ValueOfAny<R, Name>> }

/** The columns of any member of a union. */
export type KeyOfAny<R> = R extends unknown ? keyof R : never
/** The values of a column in the members of a union, `undefined` for those that lack it. */
export type ValueOfAny<R, Name extends PropertyKey> = R extends unknown ? (Name extends keyof R ? R[Name] : undefined) : never

/** `R` with the columns of `Names` only. */
export type Selected<R, Names extends PropertyKey> = string extends Names ? R : { [Name in Names]: Name extends keyof R ? R[Name] : never }

/** `R` without the columns of `Names`. */
export type Dropped<R, Names extends PropertyKey> = string extends keyof R ? R : { [Name in Exclude<keyof R, Names>]: R[Name] }

/** `R` with its columns under the names that `Names` gives them. */
export type Renamed<R, Names> = string extends keyof R
  ? R
  : { [Name in keyof R as Name extends keyof Names ? Extract<Names[Name], string> : Name]: R[Name] }

/** `R` with a column `Name` of `Cell`, added or replaced. */
export type WithCell<R, Name extends string, Cell> = string extends keyof R
  ? R
  : { [Key in keyof R | Name]: Key extends Name ? Cell : Key extends keyof R ? R[Key] : never }

/** `R` with the cells of the column types that were asked for by name. */
export type TypedBy<R, Types> = { [Name in keyof R]: Name extends keyof Types ? CellAskedFor<R[Name], Types[Name]> : R[Name] }

/** The cell of a column of type `Type`, where one was asked for; missing as before. */
export type CellAskedFor<Cell, Type> = [Type] extends [ColumnType] ? CellOfType[Type] | Extract<Cell, null> : Cell

/** Refuses members of an options object that are none of `Allowed`; meets `Given` in an intersection. */
export type NoOthers<Given, Allowed> = {
  // An object with computed keys has a string index, and with it a number index.
  readonly [Key in Exclude<keyof Given, Allowed>]: string extends Key ? unknown : number extends Key ? unknown : never
}
