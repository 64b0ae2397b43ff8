/** Datasets: immutable, columnar tables, and functions that work on them. */
export type { Fold } from '../schema/partition'
export type { RowOfSchema, RowSchema, SchemaIssue, SchemaResult } from '../schema/row-schema'
export type {
  CellAskedFor,
  CellInput,
  CellOf,
  CellOfType,
  ColumnName,
  ColumnNames,
  DataRow,
  Dropped,
  KeyOfAny,
  MissingCell,
  MixedCell,
  NameOf,
  NoOthers,
  PresentCell,
  Renamed,
  RowFrom,
  RowInput,
  RowOf,
  Selected,
  TypedBy,
  ValueOfAny,
  WithCell,
} from '../schema/row-types'
export { assertSchema, type InferRow, type SchemaCheckOptions, schemaIssues, schemaOf, type TableSchema } from '../schema/schema'
export { concat } from './concat'
export { type CellsOf, type ColumnCells, type ColumnTypes, type FromRowsOptions, fromColumns, fromRows, type RowOfColumns } from './create'
export { type ColumnOf, Dataset } from './dataset'
export { filter, head, type RowPredicate, slice, tail, take } from './filter'
export { fingerprint } from './fingerprint'
export { groupCounts, type ValueCount, valueCounts } from './group-counts'
export { type JoinKind, type JoinOptions, join } from './join'
export { type ColumnProfile, type DatasetProfile, describe, type ProfileOptions, profile } from './profile'
export type { RowView } from './row-view'
export { drop, rename, select } from './select'
export { type SortKey, sort } from './sort'
export { type FoldsOptions, folds, type Split, type SplitOptions, split } from './split'
export { type CellFor, type CellsFor, type WithColumnOptions, withColumn } from './with-column'
export { withSchema } from './with-schema'
