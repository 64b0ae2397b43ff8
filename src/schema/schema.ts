/** The schema of a table: names, types and which columns may be missing. The same shape as one side of a model signature. */
import { type Issue, SchemaMismatchError, show } from '../core/errors'
import type { ColumnType } from './column'
import type { ColumnSpec } from './signature'
import { assertTable, type Table } from './table'

/** Columns in order; `required` is false where a cell may be missing. */
export type TableSchema = readonly ColumnSpec[]

/** What a cell of each column type is to the program. */
export interface CellOf {
  readonly float64: number
  readonly int32: number
  readonly boolean: boolean
  readonly string: string
  readonly timestamp: number
}

/** The type of a row under a schema written `as const`: `{ readonly age: number, readonly sex: string | null }`. */
export type InferRow<S extends TableSchema> = {
  readonly [C in S[number] as C['name']]: C['required'] extends false ? CellOf[C['type']] | null : CellOf[C['type']]
}

/** The schema a table has: `required` says that no cell of the column is missing. */
export function schemaOf(table: Table): TableSchema {
  assertTable(table, 'schemaOf')
  return table.columnNames.map((name) => {
    const column = table.column(name)
    return { name, type: column.type, required: column.nullCount === 0 }
  })
}

/** Options of {@link schemaIssues}. */
export interface SchemaCheckOptions {
  /** Whether columns outside the schema are an issue. @default false */
  readonly exact?: boolean | undefined
}

/**
 * Everything in which `table` differs from `schema`: columns missing, of another type, with missing cells where a value is
 * required, and with `exact` columns too many. An `int32` column passes where `float64` is asked for.
 */
export function schemaIssues(table: Table, schema: TableSchema, options: SchemaCheckOptions = {}): Issue[] {
  assertTable(table, 'a schema check')
  const issues: Issue[] = []
  const present = new Set(table.columnNames)
  for (const { name, type, required = true } of schema) {
    if (!present.has(name)) {
      if (required) issues.push({ path: [name], code: 'missing', message: `column ${show(name)} (${type}) is missing` })
      continue
    }
    const column = table.column(name)
    if (!isAssignable(column.type, type)) {
      issues.push({ path: [name], code: 'wrong-type', message: `column ${show(name)} must be ${type}, it is ${column.type}` })
    }
    if (required && column.nullCount > 0) {
      issues.push({ path: [name], code: 'null', message: `column ${show(name)} must have no missing cells, it has ${column.nullCount}` })
    }
  }
  if (options.exact) {
    const known = new Set(schema.map(({ name }) => name))
    for (const name of table.columnNames) {
      if (!known.has(name)) issues.push({ path: [name], code: 'unexpected', message: `column ${show(name)} is not in the schema` })
    }
  }
  return issues
}

/** Throws when {@link schemaIssues} finds something. @throws SchemaMismatch with all issues */
export function assertSchema(table: Table, schema: TableSchema, options: SchemaCheckOptions = {}): void {
  const issues = schemaIssues(table, schema, options)
  if (issues.length > 0) {
    throw new SchemaMismatchError(`the table does not fit the schema: ${issues.map(({ message }) => message).join('; ')}`, issues)
  }
}

/** Whether a column of type `from` may stand where `to` is asked for. */
export function isAssignable(from: ColumnType, to: ColumnType): boolean {
  return from === to || (from === 'int32' && to === 'float64')
}
