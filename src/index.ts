/** Millwright: the whole life of a machine-learning model. The names for every runtime; see `millwright/node` for Node's own. */
export { parseCsv, readCsv, toCsv } from './adapters/csv/csv'
export { functionModel, functionRuntime } from './adapters/function/function-runtime'
export { memoryStorage } from './adapters/memory/memory-storage'
export { memoryTracker } from './adapters/memory/memory-tracker'
export { mlflowRegistry } from './adapters/mlflow/registry/mlflow-registry'
export { mlflowTracker } from './adapters/mlflow/tracker/mlflow-tracker'
export { filesTracker } from './adapters/mlruns/files-tracker'
export { onnxModel, onnxRuntime } from './adapters/onnxruntime/onnx-runtime'
export { type Config, defaultConfig, loadConfig } from './config'
export type { Clock } from './core/clock'
export type { ListenOptions } from './core/emitter'
export {
  type ErrorCode,
  type ErrorJson,
  errorFromJson,
  type Issue,
  isMillwrightError,
  MillwrightError,
  type MillwrightErrorOptions,
  SchemaMismatchError,
} from './core/errors'
export type { OnProgress, ProgressEvent } from './core/progress'
export {
  concat,
  Dataset,
  DatasetStore,
  describe,
  drop,
  filter,
  fingerprint,
  folds,
  fromColumns,
  fromRows,
  groupCounts,
  type InferRow,
  join,
  profile,
  rename,
  select,
  sort,
  split,
  take,
  valueCounts,
  withColumn,
  withSchema,
} from './dataset'
export { type ColumnDrift, DriftDetector, type DriftProfile, type DriftReport, pageHinkley } from './drift'
export {
  chain,
  crossValidate,
  dropColumns,
  type Estimator,
  evaluate,
  type FittedModel,
  learnRuntime,
  linearRegression,
  logisticRegression,
  oneHotEncoder,
  ordinalEncoder,
  randomForestClassifier,
  randomForestRegressor,
  restoreModel,
  selectColumns,
  simpleImputer,
  standardScaler,
} from './learn'
export { type AlertMessage, type AlertRule, type AlertSink, Monitor, type MonitorOptions } from './monitor'
export { outputOf, Pipeline, schedule, toMermaid } from './pipeline'
export type { ModelRuntime, ModelSource, PackableModel, PredictionRecord } from './ports/model'
export type { ObjectStore } from './ports/object-store'
export type { TrackerBackend } from './ports/tracker-backend'
export type { Prediction } from './predictor/prediction'
export {
  columnDistinctValuesToBeInSet,
  columnDistinctValuesToContainSet,
  columnDistinctValuesToEqualSet,
  columnMaxToBeBetween,
  columnMeanToBeBetween,
  columnMedianToBeBetween,
  columnMinToBeBetween,
  columnPairValuesAToBeGreaterThanB,
  columnPairValuesToBeEqual,
  columnProportionOfNonNullValuesToBeBetween,
  columnProportionOfUniqueValuesToBeBetween,
  columnQuantileValuesToBeBetween,
  columnStdevToBeBetween,
  columnSumToBeBetween,
  columnToExist,
  columnUniqueValueCountToBeBetween,
  columnValueLengthsToBeBetween,
  columnValuesToBeBetween,
  columnValuesToBeInSet,
  columnValuesToBeInTypeList,
  columnValuesToBeNull,
  columnValuesToBeOfType,
  columnValuesToBeUnique,
  columnValuesToMatchRegex,
  columnValuesToNotBeInSet,
  columnValuesToNotBeNull,
  columnValuesToNotMatchRegex,
  compoundColumnsToBeUnique,
  type Expectation,
  type ExpectationResult,
  type ExpectationSuite,
  expectations,
  multicolumnSumToEqual,
  type ResultFormat,
  type Severity,
  suiteFromJson,
  suiteToJson,
  tableColumnCountToBeBetween,
  tableColumnCountToEqual,
  tableColumnsToMatchOrderedList,
  tableColumnsToMatchSet,
  tableRowCountToBeBetween,
  tableRowCountToEqual,
  type ValidateOptions,
  type ValidationResult,
  validate,
  validationMarkdown,
  validationText,
} from './quality'
export {
  betterThan,
  copyVersion,
  exportModel,
  type Gate,
  importModel,
  ModelRegistry,
  type ModelVersion,
  metricAtLeast,
  metricAtMost,
  noDriftSince,
} from './registry'
export { compareRunsHtml, datasetDiffHtml, lifecycleReport } from './report'
export { type Challenger, createRetraining, type RetrainingOptions, type RetrainingVerdict } from './retraining'
export { autolog, progressBar, Run, Tracker, tfjsCallbacks, tfjsLoader, tfjsModel, track, trackAsync } from './run'
export type { CellValue, Column, ColumnType } from './schema/column'
export type { ModelSignature } from './schema/signature'
export type { Row, Table } from './schema/table'
export { createHandler } from './serve'
export { ksTest } from './stats'
export { createTracker, type TrackerOptions } from './wiring/create-tracker'
export { defaultRuntimes, Predictor, type PredictorLoadOptions } from './wiring/predictor'
