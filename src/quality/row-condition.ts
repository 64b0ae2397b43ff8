/**
 * Row conditions: they select the rows that an expectation evaluates. Text or a condition object is parsed to a {@link RowCondition}, which selects row
 * numbers of a table.
 *
 * Text is read in two dialects: `pandas` (the comparisons of `DataFrame.query`) and `great_expectations` (`col("x") == 5`). Great
 * Expectations 1.9 and later writes condition objects instead. Anything but comparisons is refused; the error names it.
 */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { timestampOfText } from '../schema/coerce'
import { type Column, isMissingAt } from '../schema/column'
import type { Table } from '../schema/table'
import { type ConditionToken, tokensOf } from './row-condition-tokens'

/** A value that cells are compared with. */
export type ConditionValue = string | number | boolean

/** How two values are compared. */
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>='

/** A column, or a value. */
type Operand = { readonly column: string } | { readonly value: ConditionValue } | { readonly list: readonly ConditionValue[] }

/** A condition on one row. */
export type RowCondition =
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly RowCondition[] }
  | { readonly kind: 'not'; readonly condition: RowCondition }
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: ComparisonOperator; readonly right: Operand }
  | { readonly kind: 'in'; readonly column: string; readonly values: readonly ConditionValue[] }
  | { readonly kind: 'missing'; readonly column: string }
  | { readonly kind: 'true'; readonly column: string }

const comparisons: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']
const dialects: readonly string[] = ['pandas', 'great_expectations', 'great_expectations__experimental__']

/**
 * The kwargs `row_condition` and `condition_parser` as a condition; `undefined` when every row counts.
 *
 * @throws Unsupported naming what is not understood, InvalidArgument on a condition that is none
 */
export function parseRowCondition(condition: Json | undefined, parser: Json | undefined): RowCondition | undefined {
  if (parser !== undefined && parser !== null && !dialects.includes(parser as string)) {
    throw new MillwrightError('Unsupported', `\`condition_parser\` must be one of ${dialects.map(show).join(', ')}, got ${show(parser)}`)
  }
  if (condition === undefined || condition === null || condition === '') return undefined
  if (typeof condition !== 'string') return conditionOfJson(condition)
  if (parser === undefined || parser === null) {
    throw invalidArgument('a `row_condition` that is text needs a `condition_parser`: "pandas" or "great_expectations"')
  }
  return parseText(condition, parser === 'pandas')
}

/** The numbers of the rows that meet `condition`, ascending. @throws NotFound on an unknown column, SchemaMismatch on values that do not compare */
export function matchingRows(table: Table, condition: RowCondition): Int32Array {
  const test = rowTest(table, condition)
  const rows: number[] = []
  for (let row = 0; row < table.numRows; row++) if (test(row)) rows.push(row)
  return Int32Array.from(rows)
}

// ---------------------------------------------------------------------------------------------------------------- condition objects

type JsonObject = Readonly<Record<string, unknown>>

/** A condition object as Great Expectations 1.9 and later writes it. */
function conditionOfJson(json: unknown): RowCondition {
  const { type, column, operator, parameter, is_null: isNull, conditions, pass_through_filter: filter } = (json ?? {}) as JsonObject
  const name = (column as JsonObject | undefined)?.name
  if ((type === 'and' || type === 'or') && Array.isArray(conditions)) return { kind: type, conditions: conditions.map(conditionOfJson) }
  if (type === 'pass_through' && typeof filter === 'string') return parseText(filter, true)
  if (type === 'nullity' && typeof name === 'string' && typeof isNull === 'boolean') {
    const missing = { kind: 'missing', column: name } as const
    return isNull ? missing : { kind: 'not', condition: missing }
  }
  if (type === 'comparison' && typeof name === 'string') {
    if ((operator === 'IN' || operator === 'NOT_IN') && Array.isArray(parameter) && parameter.every(isValue)) {
      const within = { kind: 'in', column: name, values: parameter } as const
      return operator === 'IN' ? within : { kind: 'not', condition: within }
    }
    if (comparisons.includes(operator as string) && isValue(parameter)) {
      return { kind: 'compare', left: { column: name }, operator: operator as ComparisonOperator, right: { value: parameter } }
    }
  }
  throw new MillwrightError('Unsupported', `the \`row_condition\` ${show(json)} is not understood`)
}

function isValue(value: unknown): value is ConditionValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

// ---------------------------------------------------------------------------------------------------------------------------- text

/** The part of a condition that was parsed, and the position after it. */
interface Reader {
  readonly text: string
  readonly tokens: readonly ConditionToken[]
  readonly pandas: boolean
  at: number
}

function parseText(text: string, pandas: boolean): RowCondition {
  const reader: Reader = { text, tokens: tokensOf(text), pandas, at: 0 }
  const condition = parseOr(reader)
  if (reader.at < reader.tokens.length) throw notUnderstood(reader)
  return condition
}

function parseOr(reader: Reader): RowCondition {
  const conditions = [parseAnd(reader)]
  while (take(reader, 'or', '|')) conditions.push(parseAnd(reader))
  return conditions.length === 1 ? (conditions[0] as RowCondition) : { kind: 'or', conditions }
}

function parseAnd(reader: Reader): RowCondition {
  const conditions = [parseNot(reader)]
  while (take(reader, 'and', '&')) conditions.push(parseNot(reader))
  return conditions.length === 1 ? (conditions[0] as RowCondition) : { kind: 'and', conditions }
}

function parseNot(reader: Reader): RowCondition {
  return take(reader, 'not') ? { kind: 'not', condition: parseNot(reader) } : parseComparison(reader)
}

/** A comparison, also a chain of them (`1 < a <= 5`); `in`; a call such as `.isnull()`; a column of booleans; or a condition in parentheses. */
function parseComparison(reader: Reader): RowCondition {
  if (take(reader, '~')) return { kind: 'not', condition: parseUnit(reader) }
  if (peek(reader) === '(') return parseUnit(reader)
  const first = parseOperand(reader)
  const call = 'column' in first ? parseCall(reader, first.column) : undefined
  if (call !== undefined) return call
  const parts: RowCondition[] = []
  let left = first
  for (;;) {
    const operator = comparisons.find((known) => take(reader, known))
    const negated = operator === undefined && peek(reader) === 'not' && peek(reader, 1) === 'in'
    if (negated) reader.at++
    if (operator === undefined && !take(reader, 'in')) break
    const right = parseOperand(reader)
    parts.push(comparison(reader, left, operator ?? (negated ? 'not in' : 'in'), right))
    left = right
  }
  if (parts.length === 0) {
    if ('column' in first && reader.pandas) return { kind: 'true', column: first.column }
    throw notUnderstood(reader)
  }
  return parts.length === 1 ? (parts[0] as RowCondition) : { kind: 'and', conditions: parts }
}

/** A condition in parentheses, or a call or a column without an operator: what `~` stands before. */
function parseUnit(reader: Reader): RowCondition {
  if (take(reader, '(')) {
    const condition = parseOr(reader)
    expectToken(reader, ')')
    if (comparisons.includes(peek(reader) ?? '')) throw notUnderstood(reader)
    return condition
  }
  const operand = parseOperand(reader)
  if (!('column' in operand)) throw notUnderstood(reader)
  return parseCall(reader, operand.column) ?? { kind: 'true', column: operand.column }
}

function comparison(reader: Reader, left: Operand, operator: string, right: Operand): RowCondition {
  if ('list' in right && 'column' in left) {
    // pandas reads `==` and `!=` with a list as `in` and `not in`.
    const positive = operator === 'in' || operator === '=='
    if (!positive && operator !== 'not in' && operator !== '!=') throw notUnderstood(reader)
    const within = { kind: 'in', column: left.column, values: right.list } as const
    return positive ? within : { kind: 'not', condition: within }
  }
  if ('list' in left || 'list' in right || operator === 'in' || operator === 'not in') throw notUnderstood(reader)
  if (!('column' in left) && !('column' in right)) throw notUnderstood(reader)
  return { kind: 'compare', left, operator: operator as ComparisonOperator, right }
}

function parseOperand(reader: Reader): Operand {
  const token = reader.tokens[reader.at]
  if (token === undefined) throw notUnderstood(reader)
  reader.at++
  if (token.kind === 'text' || token.kind === 'number') return { value: token.value }
  if (token.kind === 'quoted-name' && reader.pandas) return { column: token.value }
  if (token.kind === 'symbol' && (token.value === '[' || (token.value === '(' && reader.pandas)))
    return { list: parseList(reader, token.value) }
  if (token.kind !== 'name') {
    reader.at--
    throw notUnderstood(reader)
  }
  if (token.value === 'True' || token.value === 'False') return { value: token.value === 'True' }
  const called = peek(reader) === '('
  if (reader.pandas ? !called && token.value !== 'None' : called && (token.value === 'col' || token.value === 'date')) {
    if (reader.pandas) return { column: token.value }
    reader.at++
    const argument = reader.tokens[reader.at++]
    expectToken(reader, ')')
    if (argument?.kind === 'text') return token.value === 'col' ? { column: argument.value } : { value: argument.value }
  }
  reader.at--
  throw notUnderstood(reader)
}

function parseList(reader: Reader, open: string): ConditionValue[] {
  const close = open === '[' ? ']' : ')'
  const values: ConditionValue[] = []
  while (!take(reader, close)) {
    const operand = parseOperand(reader)
    if (!('value' in operand)) throw notUnderstood(reader)
    values.push(operand.value)
    if (peek(reader) !== close) expectToken(reader, ',')
  }
  return values
}

/** `.isnull()`, `.notnull()` and their other names, `.isin([…])`. */
function parseCall(reader: Reader, column: string): RowCondition | undefined {
  if (!take(reader, '.')) return undefined
  const name = reader.tokens[reader.at]?.value
  const method = String(name).toLowerCase().replaceAll('_', '')
  reader.at++
  if (peek(reader) === '(') {
    reader.at++
    if (method === 'isin') {
      const operand = parseOperand(reader)
      expectToken(reader, ')')
      if ('list' in operand) return { kind: 'in', column, values: operand.list }
    } else if (['isnull', 'isna', 'notnull', 'notna', 'isnotnull'].includes(method)) {
      expectToken(reader, ')')
      const missing = { kind: 'missing', column } as const
      return method.startsWith('isn') && method !== 'isnotnull' ? missing : { kind: 'not', condition: missing }
    }
  }
  throw new MillwrightError('Unsupported', `\`.${name}\` in the \`row_condition\` ${show(reader.text)} is not supported`, {
    hint: 'comparisons, in, not in, and, or, not, .isin([…]), .isnull() and .notnull() are',
  })
}

function peek(reader: Reader, ahead = 0): string | undefined {
  const token = reader.tokens[reader.at + ahead]
  return token?.kind === 'symbol' || token?.kind === 'name' ? token.value : undefined
}

function take(reader: Reader, ...values: readonly string[]): boolean {
  const value = peek(reader)
  if (value === undefined || !values.includes(value)) return false
  reader.at++
  return true
}

function expectToken(reader: Reader, value: string): void {
  if (!take(reader, value)) throw notUnderstood(reader)
}

function notUnderstood(reader: Reader): MillwrightError {
  const token = reader.tokens[reader.at]
  const where = token === undefined ? 'its end' : `${show(reader.text.slice(token.start, token.end))} at ${token.start}`
  return new MillwrightError('Unsupported', `the \`row_condition\` ${show(reader.text)} is not understood from ${where}`, {
    hint: 'comparisons, in, not in, and, or, not, .isin([…]), .isnull() and .notnull() are',
  })
}

// ---------------------------------------------------------------------------------------------------------------------- evaluation

type RowTest = (row: number) => boolean

function rowTest(table: Table, condition: RowCondition): RowTest {
  switch (condition.kind) {
    case 'and': {
      const tests = condition.conditions.map((part) => rowTest(table, part))
      return (row) => tests.every((test) => test(row))
    }
    case 'or': {
      const tests = condition.conditions.map((part) => rowTest(table, part))
      return (row) => tests.some((test) => test(row))
    }
    case 'not': {
      const test = rowTest(table, condition.condition)
      return (row) => !test(row)
    }
    case 'missing': {
      const column = table.column(condition.column)
      return (row) => isMissingAt(column, row)
    }
    case 'true': {
      const column = table.column(condition.column)
      if (column.type !== 'boolean' || column.nullCount > 0) {
        throw new MillwrightError('SchemaMismatch', `column ${show(column.name)} is no condition: it must be boolean and nothing missing`)
      }
      return (row) => column.at(row) === true
    }
    case 'in': {
      const column = table.column(condition.column)
      const values = new Set(condition.values.map((value) => comparableWith(column, value, 'in')))
      const cell = cellOf(column)
      // A missing cell is in no set.
      return (row) => !isMissingAt(column, row) && values.has(cell(row))
    }
    default:
      return comparisonTest(table, condition.left, condition.operator, condition.right)
  }
}

/** Compares as pandas does: with a missing cell on either side only `!=` holds. */
function comparisonTest(table: Table, left: Operand, operator: ComparisonOperator, right: Operand): RowTest {
  const columns = [left, right].map((side) => ('column' in side ? table.column(side.column) : undefined))
  const [a, b] = columns
  if (a !== undefined && b !== undefined && kindOf(a) !== kindOf(b) && operator !== '==' && operator !== '!=') {
    throw new MillwrightError('SchemaMismatch', `column ${show(a.name)} (${a.type}) cannot be compared with ${show(b.name)} (${b.type})`)
  }
  const reader = (side: Operand, own: Column | undefined, other: Column | undefined): ((row: number) => string | number) => {
    if (own !== undefined) return cellOf(own)
    const value = comparableWith(other as Column, (side as { readonly value: ConditionValue }).value, operator)
    return () => value
  }
  const [x, y] = [reader(left, a, b), reader(right, b, a)]
  const missing: RowTest = (row) => columns.some((column) => column !== undefined && isMissingAt(column, row))
  const test = compareBy(operator)
  return (row) => (missing(row) ? operator === '!=' : test(x(row), y(row)))
}

function compareBy(operator: ComparisonOperator): (a: string | number, b: string | number) => boolean {
  switch (operator) {
    case '==':
      return (a, b) => a === b
    case '!=':
      return (a, b) => a !== b
    case '<':
      return (a, b) => a < b
    case '<=':
      return (a, b) => a <= b
    case '>':
      return (a, b) => a > b
    default:
      return (a, b) => a >= b
  }
}

/** A present cell as text or a number: booleans are 1 and 0, timestamps epoch milliseconds. */
function cellOf(column: Column): (row: number) => string | number {
  return (row) => {
    const cell = column.at(row)
    return typeof cell === 'boolean' ? Number(cell) : (cell as string | number)
  }
}

function kindOf(column: Column): string {
  return column.type === 'string' || column.type === 'timestamp' ? column.type : 'number'
}

/** A value of a condition as one that cells of `column` compare with. @throws SchemaMismatch */
function comparableWith(column: Column, value: ConditionValue, operator: string): string | number {
  if (column.type === 'timestamp') {
    const time = typeof value === 'string' ? timestampOfText(value) : undefined
    if (time !== undefined) return time
    throw new MillwrightError('SchemaMismatch', `column ${show(column.name)} is timestamp; ${show(value)} is no ISO 8601 date or time`)
  }
  const plain = typeof value === 'boolean' ? Number(value) : value
  const fits = (column.type === 'string') === (typeof plain === 'string')
  // Equality between text and numbers is false, as in pandas; an order between them is not defined.
  if (fits || operator === '==' || operator === '!=' || operator === 'in') return plain
  throw new MillwrightError('SchemaMismatch', `${show(value)} cannot be compared with column ${show(column.name)} (${column.type})`)
}
