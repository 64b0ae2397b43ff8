/** Millwright: the whole life of a machine-learning model. The names for every runtime; see `millwright/node` for Node's own. */

export { consoleLogger } from './adapters/console/console-logger'
export { parseCsv, readCsv, readCsvBatches, toCsv } from './adapters/csv/csv'
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
export type { Logger } from './core/logger'
export type { OnProgress, ProgressEvent } from './core/progress'
export { withLogging } from './core/with-logging'
export {
  bin,
  cast,
  concat,
  correlation,
  Dataset,
  DatasetStore,
  describe,
  drop,
  dropDuplicates,
  dropMissing,
  fillMissing,
  filter,
  fingerprint,
  folds,
  fromColumns,
  fromRows,
  groupBy,
  groupCounts,
  type InferRow,
  join,
  mapColumn,
  melt,
  pivot,
  profile,
  rename,
  sample,
  select,
  sort,
  split,
  take,
  toMatrix,
  unique,
  valueCounts,
  withColumn,
  withDateParts,
  withSchema,
} from './dataset'
export { type ColumnDrift, DriftDetector, type DriftProfile, type DriftReport, pageHinkley } from './drift'
export {
  anomalyScores,
  chain,
  columns,
  compareImportances,
  crossValidate,
  dateParts,
  dropColumns,
  type Estimator,
  evaluate,
  type FittedModel,
  featureHasher,
  fitTransform,
  functionTransformer,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  hashingVectorizer,
  isolationForest,
  kBinsDiscretizer,
  kNeighborsClassifier,
  kNeighborsRegressor,
  lassoRegression,
  learnRuntime,
  linearRegression,
  logisticRegression,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  partialDependence,
  permutationImportance,
  polynomialFeatures,
  powerTransformer,
  randomForestClassifier,
  randomForestRegressor,
  restoreModel,
  ridgeRegression,
  robustScaler,
  selectColumns,
  shapExplainer,
  shapValues,
  simpleImputer,
  standardScaler,
  targetEncoder,
} from './learn'
export { type AlertMessage, type AlertRule, type AlertSink, Monitor, type MonitorOptions } from './monitor'
export {
  alertTrigger,
  cronTrigger,
  dataVersionTrigger,
  httpTrigger,
  intervalTrigger,
  manualTrigger,
  outputOf,
  Pipeline,
  schedule,
  toMermaid,
} from './pipeline'
export type { ModelRuntime, ModelSource, PackableModel, PredictionRecord } from './ports/model'
export type { ObjectStore } from './ports/object-store'
export type { TrackerBackend } from './ports/tracker-backend'
export { predictBatches } from './predictor/predict-batches'
export type { Prediction } from './predictor/prediction'
export {
  allOf,
  anyOf,
  type CheckpointResult,
  callbackAction,
  checkpoint,
  col,
  columnDistinctValuesToBeInSet,
  columnDistinctValuesToContainSet,
  columnDistinctValuesToEqualSet,
  columnKlDivergenceToBeLessThan,
  columnMaxToBeBetween,
  columnMeanToBeBetween,
  columnMedianToBeBetween,
  columnMinToBeBetween,
  columnMostCommonValueToBeInSet,
  columnPairValuesAToBeGreaterThanB,
  columnPairValuesToBeEqual,
  columnPairValuesToBeInSet,
  columnProportionOfNonNullValuesToBeBetween,
  columnProportionOfUniqueValuesToBeBetween,
  columnQuantileValuesToBeBetween,
  columnStdevToBeBetween,
  columnSumToBeBetween,
  columnToExist,
  columnTypeToBe,
  columnUniqueValueCountToBeBetween,
  columnValueLengthsToBeBetween,
  columnValueLengthsToEqual,
  columnValuesToBeBetween,
  columnValuesToBeDecreasing,
  columnValuesToBeIncreasing,
  columnValuesToBeInSet,
  columnValuesToBeInTypeList,
  columnValuesToBeJsonParseable,
  columnValuesToBeNull,
  columnValuesToBeOfType,
  columnValuesToBeUnique,
  columnValuesToMatchJsonSchema,
  columnValuesToMatchLikePattern,
  columnValuesToMatchLikePatternList,
  columnValuesToMatchRegex,
  columnValuesToMatchRegexList,
  columnValuesToMatchStrftimeFormat,
  columnValuesToNotBeInSet,
  columnValuesToNotBeNull,
  columnValuesToNotBeOutliers,
  columnValuesToNotMatchLikePattern,
  columnValuesToNotMatchLikePatternList,
  columnValuesToNotMatchRegex,
  columnValuesToNotMatchRegexList,
  columnValueZScoresToBeLessThan,
  compoundColumnsToBeUnique,
  type Expectation,
  type ExpectationResult,
  type ExpectationSuite,
  expectations,
  expectationWords,
  failAction,
  loadJsonSchema,
  maxSeverityOfFailures,
  multicolumnSumToEqual,
  multicolumnValuesToBeEqual,
  notifyAction,
  type ResultFormat,
  type Severity,
  selectColumnValuesToBeUniqueWithinRecord,
  storeResultAction,
  suggestExpectations,
  suiteFromJson,
  suiteToJson,
  tableColumnCountToBeBetween,
  tableColumnCountToEqual,
  tableColumnsToMatchOrderedList,
  tableColumnsToMatchSet,
  tableRowCountToBeBetween,
  tableRowCountToEqual,
  tableRowCountToEqualOtherTable,
  type ValidateOptions,
  type ValidationResult,
  validate,
  validateBatches,
  validationMarkdown,
  validationResultFromJson,
  validationText,
} from './quality'
export {
  betterThan,
  copyVersion,
  exportModel,
  type Gate,
  importModel,
  type ModelVersion,
  metricAtLeast,
  metricAtMost,
  noDriftSince,
} from './registry'
export { compareRunsHtml, dataDocsAction, datasetDiffHtml, lifecycleReport, validationReport } from './report'
export { type Challenger, canaryOutcome, createRetraining, type RetrainingOptions, type RetrainingVerdict, retrainOn } from './retraining'
export { autolog, progressBar, Run, Tracker, tfjsCallbacks, tfjsLoader, tfjsModel, track, trackAsync } from './run'
export type { CellValue, Column, ColumnType } from './schema/column'
export type { ModelSignature } from './schema/signature'
export type { Row, Table } from './schema/table'
export { createHandler } from './serve'
export { ksTest } from './stats'
export { createTracker, type TrackerOptions } from './wiring/create-tracker'
export { ModelRegistry } from './wiring/model-registry'
export { defaultRuntimes, Predictor, type PredictorLoadOptions } from './wiring/predictor'
export { type DataFormat, type ReadDataOptions, readData } from './wiring/read-data'
