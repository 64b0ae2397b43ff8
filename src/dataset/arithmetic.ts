/** Arithmetic on columns, cell by cell. */
import { invalidArgument, show } from '../core/errors'
import { isInt32 } from '../schema/coerce'
import { type CellValue, type Column, type ColumnType, MISSING_INT32, makeColumn, toFloat64 } from '../schema/column'

/** What is calculated with: a column, or one number for every row. */
export type Operand = Column | number

/** The cell of a result: missing where an operand is. */
export type ArithmeticCell<A, B> = number | OperandNull<A> | OperandNull<B>

/** `null` where cells of an operand may be missing. */
export type OperandNull<A> = A extends Column<infer Cell> ? (null extends Cell ? null : never) : never

/**
 * a + b, cell by cell; a cell is missing where one of both is. Whole numbers stay `int32` while every result fits, all else is `float64`;
 * a timestamp and milliseconds give a timestamp. Booleans are 0 and 1. The column is named after the first one.
 *
 * @example withColumn(flights, 'total', add(flights.column('dep_delay'), flights.column('air_time')))
 * @throws InvalidArgument for text, two timestamps, unequal lengths, or without any column
 */
export function add<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  return calculate('add', { a, b, isWhole: true, ofTimes: shifted }, (x, y) => x + y)
}

/** a − b as {@link add}; the difference of two timestamps is `float64` milliseconds. @throws InvalidArgument as {@link add} */
export function subtract<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  const ofTimes = (x: boolean, y: boolean): ColumnType | undefined => (x && y ? 'float64' : x ? 'timestamp' : undefined)
  return calculate('subtract', { a, b, isWhole: true, ofTimes }, (x, y) => x - y)
}

/** a × b as {@link add}, of numbers and booleans. @throws InvalidArgument as {@link add}, and for timestamps */
export function multiply<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  return calculate('multiply', { a, b, isWhole: true }, (x, y) => x * y)
}

/** a ÷ b as `float64`: by zero ±Infinity, 0 ÷ 0 missing. @throws InvalidArgument as {@link multiply} */
export function divide<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  return calculate('divide', { a, b, isWhole: false }, (x, y) => x / y)
}

/**
 * The rest of a ÷ b with the sign of b, as in Python: −1 and 24 give 23, where JavaScript's `%` gives −1. Missing when b is 0.
 *
 * @throws InvalidArgument as {@link multiply}
 */
export function modulo<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  return calculate('modulo', { a, b, isWhole: true }, (x, y) => {
    const rest = x % y
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest
  })
}

/** a to the power of b as {@link add}, of numbers and booleans. @throws InvalidArgument as {@link multiply} */
export function power<A extends Operand, B extends Operand>(a: A, b: B): Column<ArithmeticCell<A, B>> {
  return calculate('power', { a, b, isWhole: true }, (x, y) => (x !== x || y !== y ? Number.NaN : x ** y))
}

function shifted(x: boolean, y: boolean): ColumnType | undefined {
  return x && y ? undefined : 'timestamp'
}

interface Calculation {
  readonly a: Operand
  readonly b: Operand
  /** Whether whole numbers can give whole numbers. */
  readonly isWhole: boolean
  /** The type of a result where `a` or `b` are timestamps; `undefined` where there is none. */
  readonly ofTimes?: (a: boolean, b: boolean) => ColumnType | undefined
}

function calculate<Cell extends CellValue>(
  operation: string,
  { a, b, isWhole, ofTimes }: Calculation,
  step: (x: number, y: number) => number,
): Column<Cell> {
  const [left, right] = [numbersOf(operation, a), numbersOf(operation, b)]
  const length = left.length ?? right.length
  if (length === undefined) throw invalidArgument(`${operation} needs at least one column, got ${show(a)} and ${show(b)}`)
  if (left.length !== undefined && right.length !== undefined && left.length !== right.length) {
    throw invalidArgument(
      `${operation} needs columns of one length: ${show(left.name)} has ${left.length} rows, ${show(right.name)} has ${right.length}`,
    )
  }
  const values = new Float64Array(length)
  for (let row = 0; row < length; row++) values[row] = step(left.at(row), right.at(row))
  const name = left.name ?? (right.name as string)
  const [x, y] = [left.type === 'timestamp', right.type === 'timestamp']
  if (!x && !y) {
    const stays = isWhole && left.type !== 'float64' && right.type !== 'float64'
    return (stays ? narrowed(name, values) : makeColumn(name, { type: 'float64', values })) as Column<Cell>
  }
  const type = ofTimes?.(x, y)
  if (type === undefined) throw invalidArgument(`${operation} is not defined for ${left.type} and ${right.type}`)
  return makeColumn(name, { type, values } as Parameters<typeof makeColumn>[1]) as Column<Cell>
}

/** Whole numbers as `int32` when all of them fit. */
function narrowed(name: string, values: Float64Array): Column {
  if (!values.every((value) => value !== value || isInt32(value))) return makeColumn(name, { type: 'float64', values })
  return makeColumn(name, { type: 'int32', values: Int32Array.from(values, (value) => (value === value ? value : MISSING_INT32)) })
}

/** An operand as numbers by row. */
interface Numbers {
  readonly at: (row: number) => number
  readonly type: ColumnType
  readonly length?: number
  readonly name?: string
}

function numbersOf(operation: string, operand: Operand): Numbers {
  if (typeof operand === 'number') return { at: () => operand, type: isInt32(operand) ? 'int32' : 'float64' }
  if (typeof operand !== 'object' || typeof operand?.at !== 'function' || !('storage' in operand)) {
    throw invalidArgument(`${operation} needs a column or a number, got ${show(operand)}`, { hint: "data.column('distance')" })
  }
  const { name, type, length } = operand
  if (type === 'string') {
    throw invalidArgument(`${operation} needs numbers, column ${show(name)} is string`, {
      hint: 'cast(data, { … }) reads numbers from text',
    })
  }
  const values = toFloat64(operand)
  return { at: (row) => values[row] as number, type, length, name }
}
