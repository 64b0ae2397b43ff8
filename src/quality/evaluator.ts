/** What judges a table by one expectation. */
import type { Table } from '../schema/table'
import type { Kwargs } from './expectation'
import type { Verdict } from './result'

/**
 * Makes a test of values from a JSON Schema, as Python's `jsonschema` judges them: formats are not checked.
 *
 * @param schema the schema, an object or a boolean
 * @returns whether a value is valid
 */
export type JsonSchemaValidator = (schema: unknown) => (value: unknown) => boolean

/** What some expectations need besides the table. */
export interface EvaluationContext {
  /** Tables by name, for `expect_table_row_count_to_equal_other_table`. */
  readonly tables?: Readonly<Record<string, Table>> | undefined
  /** For `expect_column_values_to_match_json_schema`. */
  readonly jsonSchema?: JsonSchemaValidator | undefined
}

/** Judges a table by the kwargs of one expectation. */
export type Evaluator = (table: Table, kwargs: Kwargs, context: EvaluationContext) => Verdict
