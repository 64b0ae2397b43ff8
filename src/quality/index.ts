/** Expectations on data, and the validation of tables. */
/** Expectations on data, and tables judged by them. */

export {
  type ActionCondition,
  type ActionOutcome,
  type Checkpoint,
  type CheckpointAction,
  type CheckpointOptions,
  type CheckpointResult,
  type CheckpointRunOptions,
  checkpoint,
} from './checkpoint'
export {
  type ActionOptions,
  callbackAction,
  failAction,
  type NotifyOptions,
  notifyAction,
  type StoreResultOptions,
  storeResultAction,
} from './checkpoint-actions'
export {
  type AggregateOptions,
  columnDistinctValuesToBeInSet,
  columnDistinctValuesToContainSet,
  columnDistinctValuesToEqualSet,
  columnKlDivergenceToBeLessThan,
  columnMaxToBeBetween,
  columnMeanToBeBetween,
  columnMedianToBeBetween,
  columnMinToBeBetween,
  columnMostCommonValueToBeInSet,
  columnProportionOfNonNullValuesToBeBetween,
  columnProportionOfUniqueValuesToBeBetween,
  columnQuantileValuesToBeBetween,
  columnStdevToBeBetween,
  columnSumToBeBetween,
  columnUniqueValueCountToBeBetween,
  type ExpectedPartition,
  type KlDivergenceOptions,
  type MostCommonOptions,
} from './column-aggregates'
export {
  columnValuesToBeDecreasing,
  columnValuesToBeIncreasing,
  columnValuesToNotBeOutliers,
  columnValueZScoresToBeLessThan,
  type OrderOptions,
  type OutlierOptions,
  type ZScoreOptions,
} from './column-sequence'
export {
  columnValueLengthsToBeBetween,
  columnValueLengthsToEqual,
  columnValuesToBeJsonParseable,
  columnValuesToMatchJsonSchema,
  columnValuesToMatchLikePattern,
  columnValuesToMatchLikePatternList,
  columnValuesToMatchRegex,
  columnValuesToMatchRegexList,
  columnValuesToMatchStrftimeFormat,
  columnValuesToNotMatchLikePattern,
  columnValuesToNotMatchLikePatternList,
  columnValuesToNotMatchRegex,
  columnValuesToNotMatchRegexList,
  type LikeOptions,
  type PatternListOptions,
} from './column-text'
export {
  columnTypeToBe,
  columnValuesToBeBetween,
  columnValuesToBeInSet,
  columnValuesToBeInTypeList,
  columnValuesToBeNull,
  columnValuesToBeOfType,
  columnValuesToBeUnique,
  columnValuesToNotBeInSet,
  columnValuesToNotBeNull,
  type SetValue,
} from './column-values'
export type { EvaluationContext, JsonSchemaValidator } from './evaluator'
export {
  type Bounds,
  type ConditionOptions,
  type Expectation,
  type ExpectationOptions,
  type ExpectationSuite,
  expectations,
  type Kwargs,
  type RowwiseOptions,
  type Severity,
} from './expectation'
export { expectationWords } from './expectation-words'
export { loadJsonSchema } from './json-schema'
export type { ExceptionInfo, ExpectationResult, ResultFormat, ValidationResult } from './result'
export { maxSeverityOfFailures, validationResultFromJson } from './result-json'
export { validationMarkdown, validationText } from './result-text'
export type { ConditionValue } from './row-condition'
export { allOf, anyOf, type ConditionColumn, col, type RowConditionJson } from './row-condition-json'
export {
  columnPairValuesAToBeGreaterThanB,
  columnPairValuesToBeEqual,
  columnPairValuesToBeInSet,
  compoundColumnsToBeUnique,
  type MulticolumnOptions,
  multicolumnSumToEqual,
  multicolumnValuesToBeEqual,
  type PairOptions,
  selectColumnValuesToBeUniqueWithinRecord,
} from './several-columns'
export { type SuggestOptions, suggestExpectations } from './suggest'
export { suiteFromJson, suiteToJson } from './suite-json'
export {
  columnToExist,
  tableColumnCountToBeBetween,
  tableColumnCountToEqual,
  tableColumnsToMatchOrderedList,
  tableColumnsToMatchSet,
  tableRowCountToBeBetween,
  tableRowCountToEqual,
  tableRowCountToEqualOtherTable,
} from './table-shape'
export { type ValidateOptions, validate } from './validate'
export { type ValidateBatchesOptions, validateBatches } from './validate-batches'
