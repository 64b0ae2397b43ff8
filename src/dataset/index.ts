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
export type { AggregateFunction, AggregateName } from './aggregates'
export { type ArithmeticCell, add, divide, modulo, multiply, type Operand, type OperandNull, power, subtract } from './arithmetic'
export { type BinLabels, type BinOptions, bin } from './bin'
export { type CastOptions, type CastRow, cast, type InvalidCells, type MapColumnOptions, mapColumn } from './cast'
export { concat } from './concat'
export { type CorrelationMethod, type CorrelationOptions, type CorrelationRow, correlation } from './correlation'
export { type CellsOf, type ColumnCells, type ColumnTypes, type FromRowsOptions, fromColumns, fromRows, type RowOfColumns } from './create'
export {
  type ColumnQuality,
  type DataQualityOptions,
  type DataQualityReport,
  dataQuality,
  type QualityIssue,
  type QualityIssueCode,
} from './data-quality'
export { type ColumnOf, Dataset } from './dataset'
export { type DatePart, datePart, type WithDateParts, withDateParts } from './date-parts'
export { type DropDuplicatesOptions, dropDuplicates, unique } from './distinct'
export {
  type DropMissingOptions,
  dropMissing,
  type FilledCell,
  type FilledRow,
  type FillMissingOptions,
  type FillStrategies,
  type FillStrategy,
  fillMissing,
  type PresentRow,
} from './fill-missing'
export { filter, head, type RowPredicate, slice, tail, take } from './filter'
export { fingerprint } from './fingerprint'
export {
  type AggregatedCell,
  type AggregatedRow,
  type Aggregation,
  type FigureCell,
  type GroupByOptions,
  type GroupedTable,
  groupBy,
} from './group-by'
export { groupCounts, type ValueCount, valueCounts } from './group-counts'
export {
  type Flat,
  type JoinedLeft,
  type JoinedRight,
  type JoinedRow,
  type JoinKeys,
  type JoinKind,
  type JoinOptions,
  type JoinSuffix,
  join,
  type LeftKeys,
  type LeftSuffix,
  type RightKeyOf,
  type RightKeys,
  type RightSuffix,
} from './join'
export { type MeltedRow, type MeltOptions, melt } from './melt'
export { type PivotOptions, pivot } from './pivot'
export { type ColumnProfile, type DatasetProfile, describe, type ProfileOptions, profile } from './profile'
export type { RowView } from './row-view'
export { type SampleOptions, sample } from './sample'
export { drop, rename, select } from './select'
export { type SortKey, sort } from './sort'
export { type FoldsOptions, folds, type Split, type SplitOptions, split } from './split'
export { type DataMatrix, type ToMatrixOptions, toMatrix } from './to-matrix'
export type { DatasetFiles } from './versions/commit'
export {
  type DatasetCommit,
  type DatasetCommitOptions,
  type DatasetDiffOptions,
  type DatasetGcOptions,
  type DatasetLoadOptions,
  DatasetStore,
  type DatasetStoreCallOptions,
  type DatasetStoreOptions,
} from './versions/dataset-store'
export type { ChangedRow, ColumnDiff, DatasetDiff, FileDiff, FileFacts, RowDiff, SchemaDiff } from './versions/diff-result'
export { datasetDiffMarkdown, datasetDiffText } from './versions/diff-text'
export type { GarbageReport } from './versions/gc'
export type { DatasetLineage, LineageRegistry, LineageTracker } from './versions/lineage'
export type { DatasetVersion } from './versions/records'
export type { DatasetProblem } from './versions/verify'
export { type CellFor, type CellsFor, type WithColumnOptions, withColumn } from './with-column'
export { withSchema } from './with-schema'
