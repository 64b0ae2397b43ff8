/** Expectations on data, and the validation of tables. */
export {
  type AggregateOptions,
  columnDistinctValuesToBeInSet,
  columnDistinctValuesToContainSet,
  columnDistinctValuesToEqualSet,
  columnMaxToBeBetween,
  columnMeanToBeBetween,
  columnMedianToBeBetween,
  columnMinToBeBetween,
  columnProportionOfNonNullValuesToBeBetween,
  columnProportionOfUniqueValuesToBeBetween,
  columnQuantileValuesToBeBetween,
  columnStdevToBeBetween,
  columnSumToBeBetween,
  columnUniqueValueCountToBeBetween,
} from './column-aggregates'
export {
  columnPairValuesAToBeGreaterThanB,
  columnPairValuesToBeEqual,
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
  type MulticolumnOptions,
  multicolumnSumToEqual,
  type PairOptions,
  type SetValue,
} from './column-values'
export {
  type Bounds,
  type Expectation,
  type ExpectationOptions,
  type ExpectationSuite,
  expectations,
  type Kwargs,
  type RowwiseOptions,
  type Severity,
} from './expectation'
export type { ExceptionInfo, ExpectationResult, ResultFormat, ValidationResult } from './result'
export { validationMarkdown, validationText } from './result-text'
export { suiteFromJson, suiteToJson } from './suite-json'
export {
  columnToExist,
  tableColumnCountToBeBetween,
  tableColumnCountToEqual,
  tableColumnsToMatchOrderedList,
  tableColumnsToMatchSet,
  tableRowCountToBeBetween,
  tableRowCountToEqual,
} from './table-shape'
export { type ValidateOptions, validate } from './validate'
