/** The table port: structural types that every module shares; `Dataset` is one. */
export type { CellValue, Column, ColumnType } from '../schema/column'
export type { Row, Table } from '../schema/table'
