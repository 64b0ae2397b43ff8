/** The table port: the structural types of tables and columns that all modules share. `Dataset` implements them. */
export type { CellValue, Column, ColumnType } from '../schema/column'
export type { Row, Table } from '../schema/table'
