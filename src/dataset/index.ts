/** Datasets: immutable, columnar tables and what is done to them. */
export type { Fold } from '../schema/partition'
export {
  assertSchema,
  type CellOf,
  type InferRow,
  type SchemaCheckOptions,
  schemaIssues,
  schemaOf,
  type TableSchema,
} from '../schema/schema'
export { concat } from './concat'
export { type ColumnCells, type FromRowsOptions, fromColumns, fromRows } from './create'
export { type DataRow, Dataset } from './dataset'
export { filter, head, type RowPredicate, slice, tail, take } from './filter'
export { fingerprint } from './fingerprint'
export { groupCounts, type ValueCount, valueCounts } from './group-counts'
export { type JoinKind, type JoinOptions, join } from './join'
export { type ColumnProfile, type DatasetProfile, describe, type ProfileOptions, profile } from './profile'
export type { RowView } from './row-view'
export { drop, rename, select } from './select'
export { type SortKey, sort } from './sort'
export { type FoldsOptions, folds, type Split, type SplitOptions, split } from './split'
export { type WithColumnOptions, withColumn } from './with-column'
