/** Checks rows against a schema, which also gives their type. */
import { type Issue, invalidArgument, SchemaMismatchError, show } from '../core/errors'
import { nearest } from '../core/spelling'
import { problemOf } from '../core/zod-problem'
import { isDate, isInt32 } from '../schema/coerce'
import { type Column, type ColumnType, columnFrom, makeColumn, toFloat64 } from '../schema/column'
import {
  assertRowSchema,
  type Field,
  type Fields,
  fieldsOf,
  type RowOfSchema,
  type RowSchema,
  type SchemaIssue,
} from '../schema/row-schema'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'

/** The most issues of an error, and the most that its message lists. */
const MAX_ISSUES = 100
const MAX_TOLD = 5
/** Rows that are checked before the event loop may get a turn. */
const ROWS_A_STEP = 4096

/**
 * Checks every row against a schema of zod (`zod` or `zod/mini`) or any other Standard Schema, and returns the dataset with its row type.
 *
 * Values are not converted, with two exceptions: whole numbers become `float64` where the schema asks for numbers, and a column without values gets the
 * type of the schema. A schema that changes values (`z.coerce`, `.default()`, `.trim()`, transforms) is refused at the first cell it
 * changes. A missing cell needs `nullable` or `optional`. `z.date()` takes timestamps, which stay epoch milliseconds in the dataset. Columns
 * that the schema does not name are dropped; `z.looseObject` keeps them, `z.strictObject` refuses them. An optional column that is not
 * in the table is added with all values missing.
 *
 * Schemas other than zod objects get timestamps as epoch milliseconds and do not set column types.
 *
 * @example
 * const flights = withSchema(data, z.object({ carrier: z.string(), delay: z.number().nullable() }))
 * flights.row(0).delay // number | null
 * @throws SchemaMismatch with `issues` (row, column, what was expected, what arrived): the first 100, and `details.count` of all; InvalidArgument for
 * what is no schema, or one that is asynchronous
 */
export function withSchema<S extends RowSchema>(table: Table, schema: S): Dataset<RowOfSchema<S>> {
  assertTable(table, 'withSchema')
  const steps = schemaSteps(table, schema, { operation: 'withSchema' })
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value as Dataset<RowOfSchema<S>>
  }
}

/** How {@link schemaSteps} works. */
export interface SchemaSteps {
  /** Named in messages. */
  readonly operation: string
  /** Converts text to a cell of a type, or returns `undefined`. Given for tables read from text, whose columns get the types of the schema. */
  readonly read?: ((text: string, type: ColumnType) => number | boolean | undefined) | undefined
}

/** {@link withSchema} in steps; yields the number of rows done. */
export function* schemaSteps(table: Table, schema: unknown, steps: SchemaSteps): Generator<number, Dataset> {
  const { operation } = steps
  assertRowSchema(schema, operation)
  const fields = fieldsOf(schema)
  const problems = createProblems()
  const columns = columnsFor(table, fields, { steps, problems })
  const produced = fields === undefined ? new Set<string>() : undefined
  const { validate } = schema['~standard']
  for (let row = 0; row < table.numRows; row++) {
    if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield row
    let given = rowFor(columns, row, fields)
    let result = validate(given)
    if (!isPending(result) && result.issues !== undefined && fields === undefined) {
      // The schema may accept a missing cell as `null` or as an absent member, so the second form is tried, too.
      given = Object.fromEntries(Object.entries(given).filter(([, cell]) => cell !== null))
      result = validate(given)
    }
    if (isPending(result)) throw invalidArgument(`\`schema\` of ${operation} must not be asynchronous`)
    if (result.issues !== undefined) for (const issue of result.issues) problems.addIssue(row, issue, columns)
    else {
      const value = result.value as Readonly<Record<string, unknown>>
      for (const name of Object.keys(value ?? {})) produced?.add(name)
      addChanges(row, { given, value, partly: fields === undefined }, problems)
    }
  }
  problems.throwIfAny(operation)
  const kept = produced === undefined || table.numRows === 0 ? columns : columns.filter(({ name }) => produced.has(name))
  return new Dataset(kept)
}

function isPending(result: unknown): result is Promise<unknown> {
  return typeof (result as { then?: unknown } | null)?.then === 'function'
}

interface Work {
  readonly steps: SchemaSteps
  readonly problems: Problems
}

/** The columns to check, with the types of the schema. A problem of a column as a whole is reported once. */
function columnsFor(table: Table, fields: Fields | undefined, work: Work): Column[] {
  const { problems } = work
  const columns: Column[] = []
  for (const name of table.columnNames) {
    const field = fields?.byName.get(name)
    if (field !== undefined || fields === undefined || fields.others === 'keep') columns.push(columnFor(table.column(name), field, work))
    else if (fields.others === 'refuse') problems.addColumn(name, 'unexpected', `column ${show(name)} is not in the schema`)
  }
  for (const [name, field] of fields?.byName ?? []) {
    if (table.columnNames.includes(name)) continue
    if (field.missing === undefined) {
      const meant = nearest(
        name,
        table.columnNames.filter((other) => !fields?.byName.has(other)),
      )
      problems.addColumn(
        name,
        'missing',
        `column ${show(name)} is missing${meant === undefined ? '' : `; is it the column ${show(meant)}?`}`,
      )
    }
    columns.push(columnFrom(name, field.type ?? 'float64', new Array<null>(table.numRows).fill(null)))
  }
  return columns
}

function columnFor(column: Column, field: Field | undefined, work: Work): Column {
  const type = field?.type
  if (type === undefined || (column.type === type && field?.whole !== true)) return column
  if (column.type !== type && column.nullCount === column.length) return columnFrom(column.name, type, column.toArray())
  const { read } = work.steps
  const typed = column.type === 'string' && type !== 'string' && read !== undefined ? readColumn(column, type, work) : column
  if (type !== 'float64' || (typed.type !== 'int32' && typed.type !== 'float64')) return typed
  const numbers = toFloat64(typed)
  if (field?.whole !== true) return typed.type === 'float64' ? typed : makeColumn(typed.name, { type, values: numbers })
  return numbers.every((value) => value !== value || isInt32(value)) ? columnFrom(typed.name, 'int32', numbers) : typed
}

/** Converts text to cells of `type`, each distinct text once; text that cannot be converted is a problem of its row. */
function readColumn(column: Column, type: ColumnType, { steps, problems }: Work): Column {
  const cells = (column.dictionary ?? []).map((text) => steps.read?.(text, type))
  const expected = { float64: 'a number', int32: 'a whole number', boolean: 'true or false', timestamp: 'a date', string: 'text' }[type]
  const values = Array.from(column.storage, (code, row) => {
    const cell = code < 0 ? null : cells[code]
    if (cell === undefined) problems.addCell(row, column.name, { code: 'wrong-type', expected, cell: column.at(row) })
    return cell ?? null
  })
  return columnFrom(column.name, type, values)
}

/** The row that is passed to the schema. */
function rowFor(columns: readonly Column[], row: number, fields: Fields | undefined): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const column of columns) {
    const field = fields?.byName.get(column.name)
    const cell = column.at(row)
    if (cell === null && field?.missing === 'absent') continue
    const value = cell !== null && field?.type === 'timestamp' && column.type === 'timestamp' ? new Date(cell as number) : cell
    if (column.name === '__proto__') Object.defineProperty(given, column.name, { value, enumerable: true })
    else given[column.name] = value
  }
  return given
}

interface Validated {
  readonly given: Readonly<Record<string, unknown>>
  readonly value: Readonly<Record<string, unknown>> | null | undefined
  /** Whether members that the schema leaves out are ignored. */
  readonly partly: boolean
}

/** A value that the schema changed is a problem, because nothing may be converted silently. */
function addChanges(row: number, { given, value, partly }: Validated, problems: Problems): void {
  for (const name of new Set([...Object.keys(given), ...Object.keys(value ?? {})])) {
    const [before, after] = [given[name] ?? null, value?.[name] ?? null]
    if (Object.is(before, after) || (partly && !Object.hasOwn(value ?? {}, name))) continue
    if (isDate(before) && isDate(after) && before.getTime() === after.getTime()) continue
    problems.addCell(row, name, { code: 'changed', expected: `as the schema has it (it makes ${show(after)} of it)`, cell: before })
  }
}

/** Counts all problems and keeps the first {@link MAX_ISSUES}. */
interface Problems {
  addColumn(name: string, code: string, message: string): void
  addCell(row: number, name: string, what: { readonly code: string; readonly expected: string; readonly cell: unknown }): void
  addIssue(row: number, issue: SchemaIssue, columns: readonly Column[]): void
  throwIfAny(operation: string): void
}

function createProblems(): Problems {
  const issues: Issue[] = []
  /** Columns with a problem as a whole, and cells that were already reported: further issues of the schema about them are left out. */
  const told = new Set<string>()
  let count = 0
  const add = (issue: () => Issue): void => {
    count++
    if (issues.length < MAX_ISSUES) issues.push(issue())
  }
  const addCell: Problems['addCell'] = (row, name, { code, expected, cell }) => {
    told.add(JSON.stringify([row, name]))
    const arrived = cell === null || cell === undefined ? 'a missing cell' : show(cell)
    add(() => ({ path: [row, name], code, message: `row ${row}, column ${show(name)} must be ${expected}, got ${arrived}` }))
  }
  return {
    addCell,
    addColumn(name, code, message) {
      told.add(name)
      add(() => ({ path: [name], code, message }))
    },
    addIssue(row, issue, columns) {
      const [first] = issue.path ?? []
      const key = typeof first === 'object' ? first.key : first
      if (key === undefined) {
        add(() => ({ path: [row], code: 'invalid', message: `row ${row}: ${issue.message}` }))
        return
      }
      const name = String(key)
      if (told.has(name) || told.has(JSON.stringify([row, name]))) return
      if (issues.length >= MAX_ISSUES) {
        count++
        return
      }
      const cell = columns.find((column) => column.name === name)?.at(row)
      const expected = expectedBy(issue)
      if (expected !== undefined) return addCell(row, name, { code: 'invalid', expected, cell })
      const arrived = cell === null || cell === undefined ? 'a missing cell' : show(cell)
      add(() => ({ path: [row, name], code: 'invalid', message: `row ${row}, column ${show(name)}: ${issue.message}, got ${arrived}` }))
    },
    throwIfAny(operation) {
      if (count === 0) return
      const shown = issues.slice(0, MAX_TOLD).map(({ message }) => message)
      const more = count > MAX_TOLD ? `; and ${count - MAX_TOLD} more` : ''
      throw new SchemaMismatchError(
        `${operation}: the rows do not fit the schema in ${count} place${count === 1 ? '' : 's'}: ${shown.join('; ')}${more}`,
        issues,
        {
          details: { count },
        },
      )
    },
  }
}

/** What a zod schema expected, in the words of this library; `undefined` for other schemas, whose messages are kept. */
function expectedBy(issue: SchemaIssue): string | undefined {
  const { code } = issue as { code?: unknown }
  if (typeof code !== 'string' || code === 'custom') return undefined
  const { expected } = problemOf([{ ...issue, path: [] } as unknown as Parameters<typeof problemOf>[0][number]])
  return expected === issue.message ? undefined : expected
}
