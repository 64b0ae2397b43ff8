/** The types that a column, and so a cell, can have. */

/** The types a column can have. */
export type ColumnType = 'float64' | 'int32' | 'boolean' | 'string' | 'timestamp'

/** Every column type, in a fixed order. */
export const columnTypes: readonly ColumnType[] = ['float64', 'int32', 'boolean', 'string', 'timestamp']

/** What one cell holds; a timestamp cell is its epoch milliseconds as a number; `null` is missing. */
export type CellValue = number | string | boolean | null

/** Missing in an `int32` column. */
export const MISSING_INT32 = -2147483648
