/**
 * `millwright/ports`: the interfaces that a storage, a tracker or registry backend, a model runtime, an executor, a detector or an alert sink
 * of your own implements, and the helpers that an implementation needs. See `docs/extend/`.
 */
export type { Awaitable } from '../core/awaitable'
export type { Clock } from '../core/clock'
export { displayPort } from '../core/display'
export {
  type ErrorCode,
  type ErrorJson,
  errorFromJson,
  isMillwrightError,
  MillwrightError,
  type MillwrightErrorOptions,
} from '../core/errors'
export { assertSafeKey, assertSafeSegment, newId } from '../core/ids'
export { type Json, parseJson } from '../core/json'
export type { LogFields, Logger } from '../core/logger'
export {
  arrayOf,
  checkOptions,
  either,
  finiteNumber,
  nonEmptyString,
  type OptionRule,
  ofType,
  oneOf,
  requireOptions,
  wholeNumber,
} from '../core/options'
export type { Rng } from '../core/random'
export { abortable, type CancelSignal, throwIfAborted } from '../core/signal'
export type { ColumnValues } from '../schema/column'
export { type ColumnSpec, isTensorSide, type ModelSignature, type TensorSpec, type TensorType } from '../schema/signature'
export { assertTable, rowsOf } from '../schema/table'
export type { AlertMessage, AlertSink } from './alert-sink'
export type { Detector, DetectorCapabilities, DetectorSignal } from './detector'
export type { EnvironmentSource, RunEnvironment } from './environment'
export type { Executor, StepJob, StepJobRef } from './executor'
export { type JobRunner, type JobRunnerOptions, jobErrorJson, jobId, runnerOf, runnersByName } from './job-runner'
export type { HistogramSnapshot, MetricFamily, MetricSample } from './metric-family'
export { comparePoints, isLaterPoint, type PointValues, pageOfPoints, pointIdentity } from './metric-points'
export { openMetricsType, prometheusType, toOpenMetrics, toPrometheusText, wantsOpenMetrics } from './metric-text'
export type {
  ColumnBounds,
  Explanation,
  LoadedModel,
  ModelPackage,
  ModelRuntime,
  ModelRuntimeCapabilities,
  ModelSource,
  ModelTask,
  ModelTensor,
  OpenableModel,
  PackableModel,
  PredictionBatch,
  PredictionRecord,
  PredictTensorsOptions,
  RefusedInput,
  ResolvedModel,
  RowExplainer,
  TensorData,
} from './model'
export type {
  ChangedAnswer,
  ChangedQuery,
  FolderContent,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectListing,
  ObjectStore,
  ObjectStoreCapabilities,
  PutOptions,
} from './object-store'
export {
  assertListOptions,
  assertPutCondition,
  assertUriKey,
  changedObject,
  existingObject,
  missingObject,
  type StoreState,
  storeState,
} from './object-store-rules'
export { type KeyPage, type KeyQuery, pageOfKeys } from './page-of-keys'
export type {
  GateVerdict,
  ModelVersionRecord,
  OnDamaged,
  RecordChange,
  RegisteredModelRecord,
  RegistryBackend,
  RegistryBackendCapabilities,
  RegistryEvent,
  VersionInit,
} from './registry-backend'
export { aliasConflict, missingModel, versionInUse } from './registry-errors'
export { readRegistryEvent } from './registry-event'
export type { Comparator, RunClause, RunField, RunIdentifier } from './run-filter'
export {
  assertBatch,
  assertExperimentName,
  assertModelId,
  assertModelName,
  assertRunId,
  assertRunKey,
  assertRunName,
  isOnlyTags,
  paramConflict,
  type RunKeyKind,
  type RunKeyRule,
  runLimits,
} from './run-keys'
export {
  compareRunsBy,
  cursorOfRuns,
  matchesFilter,
  type ParsedRunQuery,
  pageOfRuns,
  parseRunQuery,
  type RunOrder,
  searchRecords,
} from './run-search'
export {
  assertExperimentActive,
  assertNameUsable,
  assertRunNotDeleted,
  assertTagDeletable,
  assertTakesBatch,
  deletedExperiment,
  endTimeAfter,
  isEnded,
} from './run-state'
export type { StoredLease } from './stored-document'
export { listAll, readFrom, readOptional } from './stored-objects'
export type { SystemMeter, SystemMeterSource } from './system-metrics'
export type { CellValue, Column, ColumnType, Row, Table } from './table'
export type {
  ArtifactInfo,
  ArtifactOwner,
  DatasetInput,
  EndStatus,
  ExperimentChange,
  ExperimentRecord,
  LoggedModelInit,
  LoggedModelRecord,
  MetricPoint,
  Page,
  RunBatch,
  RunChange,
  RunInit,
  RunQuery,
  RunRecord,
  RunStatus,
  TrackerBackend,
  TrackerBackendCapabilities,
} from './tracker-backend'
