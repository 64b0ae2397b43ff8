/** The batches of a stream against a suite, in bounded memory. */
import { type Issue, invalidArgument, SchemaMismatchError, show } from '../core/errors'
import { checkOptions, ofType, wholeNumber } from '../core/options'
import { type OnProgress, progressReporter } from '../core/progress'
import { throwIfAborted } from '../core/signal'
import { columnFrom } from '../schema/column'
import { isAssignable } from '../schema/schema'
import { assertTable, type Table } from '../schema/table'
import { type BatchJudge, makeBatchJudge } from './batch-judge'
import type { ExpectationSuite } from './expectation'
import { loadJsonSchema } from './json-schema'
import { makeJudge, resultOf } from './judge'
import type { ValidationResult } from './result'
import { checkSuite, type ValidateOptions, validateRules, validationOf } from './validate'

/** Options of {@link validateBatches}. */
export interface ValidateBatchesOptions extends ValidateOptions {
  /**
   * How many values one expectation may keep: the different values of a column for expectations on distinct values; its cells for those
   * that compare every row with all others (uniqueness, median, quantiles, z-scores, outliers). An expectation that would keep more fails
   * by name. @default 20 million
   */
  readonly maxKeptValues?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'validate'> | undefined
}

/**
 * Judges the batches of a stream by a suite, as if they were one table; row numbers are those in the whole. One batch is held at a time,
 * and what {@link ValidateBatchesOptions.maxKeptValues} allows. Results count how often each unexpected value occurs, up to a million different
 * ones for each expectation; those in the format `BASIC` do not. A `COMPLETE` result lists at most a million unexpected values.
 *
 * Every batch has the columns of the first, with the same types; `int32` beside `float64` is `float64`, and a column without any value in a
 * batch fits every type.
 *
 * @example await validateBatches(readCsvBatches(file), suite)
 * @throws InvalidArgument when a batch is no table; SchemaMismatch when its columns are not those of the first. An abort rejects with the
 *   signal's reason; nothing is left behind.
 */
export async function validateBatches(
  batches: AsyncIterable<Table> | Iterable<Table>,
  suite: ExpectationSuite,
  options: ValidateBatchesOptions = {},
): Promise<ValidationResult> {
  checkOptions('validateBatches', options, {
    ...validateRules(),
    maxKeptValues: wholeNumber(1),
    signal: ofType('object'),
    onProgress: ofType('function'),
  })
  checkSuite('validateBatches', suite)
  if (!isIterable(batches)) throw invalidArgument(`validateBatches needs an (async) iterable of Datasets, got ${show(batches)}`)
  const { signal, onProgress, maxKeptValues = 20_000_000, ...given } = options
  throwIfAborted(signal)
  const parameters = { ...suite.suiteParameters, ...options.parameters }
  const judgeOptions = { ...given, parameters, jsonSchema: options.jsonSchema ?? (await jsonSchemaFor(suite)) }
  const judges = suite.expectations.map((expectation) =>
    tolerant(() => makeBatchJudge(makeJudge(expectation, judgeOptions), maxKeptValues)),
  )
  const report = progressReporter(onProgress, { clock: options.clock })
  let [offset, count]: [number, number] = [0, 0]
  let first: Table | undefined
  for await (const batch of batches) {
    throwIfAborted(signal)
    assertTable(batch, 'validateBatches')
    first ??= batch
    const table = fitted(first, batch, count)
    for (const judge of judges) judge.add(table, offset)
    offset += table.numRows
    report({ phase: 'validate', done: ++count, unit: 'batches' })
  }
  report({ phase: 'validate', done: count, total: count, unit: 'batches' })
  const results = suite.expectations.map((expectation, i) => resultOf(expectation, () => (judges[i] as BatchJudge).finish()))
  return validationOf(suite, results, { ...given, parameters })
}

/** The validator of JSON Schemas, if the suite needs it and it can be had; otherwise its expectations fail by name. */
export async function jsonSchemaFor(suite: ExpectationSuite): Promise<ValidateOptions['jsonSchema']> {
  if (!suite.expectations.some(({ type }) => type === 'expect_column_values_to_match_json_schema')) return undefined
  return loadJsonSchema()
}

/** A judge that keeps the first error for the end: the others go on. */
function tolerant(make: () => BatchJudge): BatchJudge {
  let failure: { readonly error: unknown } | undefined
  const attempt = <T>(work: () => T): T | undefined => {
    if (failure !== undefined) return undefined
    try {
      return work()
    } catch (error) {
      failure = { error }
      return undefined
    }
  }
  const judge = attempt(make)
  return {
    add: (batch, offset) => attempt(() => judge?.add(batch, offset)),
    finish: () => {
      if (failure !== undefined) throw failure.error
      return (judge as BatchJudge).finish()
    },
  }
}

/** The batch, once it has the columns of the first; columns without a value take the type they have there. */
function fitted(first: Table, batch: Table, index: number): Table {
  if (batch === first) return batch
  const issues: Issue[] = []
  const issue = (name: string, code: string, message: string): void => void issues.push({ path: [index, name], code, message })
  const retyped = new Set<string>()
  for (const name of first.columnNames) {
    if (!batch.columnNames.includes(name)) {
      issue(name, 'missing', `batch ${index} has no column ${show(name)}`)
      continue
    }
    const [was, is] = [first.column(name), batch.column(name)]
    if (was.type === is.type || isAssignable(is.type, was.type) || isAssignable(was.type, is.type)) continue
    if (is.nullCount === is.length) retyped.add(name)
    else if (was.nullCount < was.length)
      issue(name, 'wrong-type', `${show(name)} is ${was.type} in batch 0 and ${is.type} in batch ${index}`)
  }
  const extra = batch.columnNames.find((name) => !first.columnNames.includes(name))
  if (extra !== undefined) issue(extra, 'unexpected', `batch ${index} has a column ${show(extra)} that batch 0 lacks`)
  if (issues.length > 0) {
    throw new SchemaMismatchError(
      `validateBatches needs batches with the same columns: ${issues.map(({ message }) => message).join('; ')}`,
      issues,
    )
  }
  if (retyped.size === 0) return batch
  return {
    ...{ numRows: batch.numRows, columnNames: batch.columnNames },
    column: (name) =>
      retyped.has(name) ? columnFrom(name, first.column(name).type, new Array(batch.numRows).fill(null)) : batch.column(name),
  }
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}
