/** Missing cells filled, or the rows that have them left out. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf, wholeNumber } from '../core/options'
import { coerceCell, isInt32, isProblem } from '../schema/coerce'
import { type CellValue, type Column, columnInit, isMissingAt, makeColumn, missingMark, toFloat64 } from '../schema/column'
import type { CellInput, CellOf, NameOf, NoOthers, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { quantile } from '../stats/elementary'
import { aggregate } from './aggregates'
import { Dataset } from './dataset'
import { takeRows } from './filter'
import { groupsOf, groupsOfCodes } from './group-by'
import { firstRows } from './group-codes'

/**
 * What a missing cell becomes: the column's mean, median or most frequent value (of equally frequent ones the smallest), the value before or
 * after it, or a constant.
 */
export type FillStrategy = 'mean' | 'median' | 'mode' | 'forward' | 'backward' | readonly ['constant', CellInput]

/** A strategy for each column that is to be filled. */
export type FillStrategies<Name extends string = string> = { readonly [Column in Name]?: FillStrategy }

/** Rows of type `R`, filled. With `forward` and `backward` cells can stay missing: there may be no value before or after. */
export type FilledRow<R, How> = How extends FillStrategy
  ? R
  : { [Name in keyof R]: Name extends keyof How ? FilledCell<R[Name], How[Name]> : R[Name] }

/** A cell, filled. */
export type FilledCell<Cell, How> = How extends 'forward' | 'backward'
  ? Cell
  : How extends readonly ['constant', infer Value]
    ? Exclude<Cell, null> | CellOf<Value>
    : Exclude<Cell, null>

/** Options of {@link fillMissing}. */
export interface FillMissingOptions {
  /** Of `forward` and `backward`: at most so many cells in a row. @default no limit */
  readonly limit?: number | undefined
}

/**
 * Missing cells filled, by one strategy per column or one for all. One for all leaves alone the columns that it does not suit (text under
 * `mean`, dates under a constant number) and those without any value. An `int32` column filled with a fraction becomes `float64`.
 *
 * @example fillMissing(penguins, { mass: 'mean', sex: ['constant', 'unknown'] })
 * @throws NotFound for an unknown column; InvalidArgument for an unknown strategy, or one that does not suit a column named with it, or when
 * that column has no value to take
 */
export function fillMissing<T extends Table, const How extends FillStrategy | FillStrategies<NameOf<T>>>(
  table: T,
  how: How & (How extends FillStrategy ? unknown : NoOthers<How, NameOf<T>>),
  options: FillMissingOptions = {},
): Dataset<FilledRow<RowOf<T>, How>> {
  assertTable(table, 'fillMissing')
  checkOptions('fillMissing', options, { limit: wholeNumber(1) })
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const given: unknown = how
  if (typeof given === 'string' || Array.isArray(given)) {
    const strategy = checkedStrategy(given, 'every column')
    return new Dataset(table.columnNames.map((name) => filled(table.column(name), strategy, { limit, strict: false })))
  }
  if (typeof given !== 'object' || given === null) {
    throw invalidArgument(`fillMissing needs a strategy, or strategies by column, got ${show(given)}`)
  }
  const byName = new Map(Object.entries(given).filter(([, strategy]) => strategy !== undefined))
  for (const [name, strategy] of byName) {
    table.column(name)
    checkedStrategy(strategy, `column ${show(name)}`)
  }
  return new Dataset(
    table.columnNames.map((name) => {
      const strategy = byName.get(name) as FillStrategy | undefined
      return strategy === undefined ? table.column(name) : filled(table.column(name), strategy, { limit, strict: true })
    }),
  )
}

const strategyNames: readonly string[] = ['mean', 'median', 'mode', 'forward', 'backward']

function checkedStrategy(given: unknown, subject: string): FillStrategy {
  if (typeof given === 'string' && strategyNames.includes(given)) return given as FillStrategy
  if (Array.isArray(given) && given.length === 2 && given[0] === 'constant') return given as unknown as FillStrategy
  const names = strategyNames.map((name) => `'${name}'`).join(', ')
  throw invalidArgument(`the strategy of fillMissing for ${subject} must be one of ${names}, ['constant', value], got ${show(given)}`)
}

interface FillSettings {
  readonly limit: number
  /** The column was named: a strategy that does not suit it is an error. */
  readonly strict: boolean
}

function filled(column: Column, how: FillStrategy, { limit, strict }: FillSettings): Column {
  if (how === 'forward' || how === 'backward') return column.nullCount === 0 ? column : carried(column, how, limit)
  if (typeof how === 'string') {
    const suits = how === 'mode' || column.type === 'int32' || column.type === 'float64' || (strict && column.type === 'timestamp')
    if (!suits && strict) throw invalidArgument(`the ${how} of column ${show(column.name)} needs numbers, the column is ${column.type}`)
    if (!suits || column.nullCount === 0) return column
    if (column.nullCount === column.length) {
      if (!strict) return column
      throw invalidArgument(`column ${show(column.name)} has no value to take the ${how} of`)
    }
    return withFill(column, how === 'mode' ? modeOf(column) : figureOfAll(column, how))
  }
  const cell = constantFor(column, how[1])
  if (cell === undefined && strict) {
    throw invalidArgument(`the constant for column ${show(column.name)} must fit ${column.type}, got ${show(how[1])}`)
  }
  return cell === undefined || column.nullCount === 0 ? column : withFill(column, cell)
}

/** The constant as a cell of the column; `undefined` when it is none. */
function constantFor(column: Column, value: CellInput): CellValue | undefined {
  const cell = coerceCell(value, column.type === 'int32' ? 'float64' : column.type)
  if (cell === null || isProblem(cell)) return undefined
  return cell
}

function figureOfAll(column: Column, how: 'mean' | 'median'): CellValue {
  if (how === 'median') return quantile(presentNumbers(column), 0.5)
  const codes = new Int32Array(column.length)
  return aggregate(column, groupsOfCodes(codes, 1), { name: column.name, how, share: 0.5 }).at(0)
}

function presentNumbers(column: Column): Float64Array {
  const all = toFloat64(column)
  const present = new Float64Array(column.length - column.nullCount)
  for (let row = 0, at = 0; row < all.length; row++) {
    const value = all[row] as number
    if (value === value) present[at++] = value
  }
  return present
}

/** The most frequent value; the smallest of those that are. */
function modeOf(column: Column): CellValue {
  const { codes, count } = groupsOf([column], 'none')
  const sizes = new Int32Array(count)
  for (const group of codes) if (group >= 0) sizes[group] = (sizes[group] as number) + 1
  const firsts = firstRows(codes, count)
  let most = 0
  let mode: CellValue = null
  for (let group = 0; group < count; group++) {
    const size = sizes[group] as number
    if (size < most) continue
    const cell = column.at(firsts[group] as number) as NonNullable<CellValue>
    if (size > most || cell < (mode as NonNullable<CellValue>)) mode = cell
    most = size
  }
  return mode
}

/** The column with `cell` in place of what is missing. */
function withFill(column: Column, cell: CellValue): Column {
  if (column.type === 'int32' && !isInt32(cell as number)) {
    return withFill(makeColumn(column.name, { type: 'float64', values: toFloat64(column) }), cell)
  }
  const init = columnInit(column)
  const values = column.storage.slice()
  if (init.type !== 'string') {
    const fill = Number(cell)
    const mark = missingMark(init.type)
    for (let row = 0; row < values.length; row++) {
      const value = values[row] as number
      if (value === mark || value !== value) values[row] = fill
    }
    return makeColumn(column.name, { type: init.type, values } as typeof init)
  }
  const known = init.dictionary.indexOf(cell as string)
  const dictionary = known < 0 ? [...init.dictionary, cell as string] : init.dictionary
  const code = known < 0 ? init.dictionary.length : known
  for (let row = 0; row < values.length; row++) if ((values[row] as number) < 0) values[row] = code
  return makeColumn(column.name, { type: 'string', values: values as Int32Array, dictionary })
}

/** Each missing cell gets the value before (or after) it, at most `limit` in a row. */
function carried(column: Column, how: 'forward' | 'backward', limit: number): Column {
  const values = column.storage.slice()
  const step = how === 'forward' ? 1 : -1
  let from = -1
  let since = 0
  for (let i = 0, row = step > 0 ? 0 : values.length - 1; i < values.length; i++, row += step) {
    if (!isMissingAt(column, row)) {
      from = row
      since = 0
    } else if (from >= 0 && ++since <= limit) values[row] = values[from] as number
  }
  return makeColumn(column.name, { ...columnInit(column), values } as Parameters<typeof makeColumn>[1])
}

/** Rows of type `R` with a value in the columns of `Names`. */
export type PresentRow<R, Names extends PropertyKey> = string extends keyof R
  ? R
  : { [Name in keyof R]: Name extends Names ? Exclude<R[Name], null> : R[Name] }

/** Options of {@link dropMissing}. */
export interface DropMissingOptions<Name extends string = string> {
  /** The columns that count. @default all */
  readonly columns?: readonly Name[] | undefined
  /** Drop rows in which any of them is missing, or only where all are. @default 'any' */
  readonly how?: 'any' | 'all' | undefined
  /** Instead of `how`: keep rows with at least so many values. */
  readonly atLeast?: number | undefined
}

/**
 * The rows without missing cells.
 *
 * @example dropMissing(penguins, { columns: ['mass'] })
 * @throws NotFound for an unknown column, InvalidArgument on options that exclude each other
 */
export function dropMissing<T extends Table, const Name extends NameOf<T> = NameOf<T>>(
  table: T,
  options?: { readonly columns?: readonly Name[] | undefined; readonly how?: 'any' | undefined },
): Dataset<PresentRow<RowOf<T>, Name>>
export function dropMissing<T extends Table>(table: T, options: DropMissingOptions<NameOf<T>>): Dataset<RowOf<T>>
export function dropMissing(table: Table, options: DropMissingOptions = {}): Dataset {
  assertTable(table, 'dropMissing')
  checkOptions('dropMissing', options, { columns: arrayOf(nonEmptyString()), how: oneOf('any', 'all'), atLeast: wholeNumber(0) })
  if (options.how !== undefined && options.atLeast !== undefined) {
    throw invalidArgument('`how` and `atLeast` of dropMissing exclude each other')
  }
  const columns = (options.columns ?? table.columnNames).map((name) => table.column(name))
  const needed = options.atLeast ?? (options.how === 'all' ? Math.min(1, columns.length) : columns.length)
  const present = new Int32Array(table.numRows).fill(columns.length)
  for (const column of columns) {
    if (column.nullCount === 0) continue
    const { storage } = column
    if (storage instanceof Float64Array) countMissingDoubles(storage, present)
    else if (storage instanceof Int32Array) countMissingWhole(storage, missingMark(column.type), present)
    else for (let row = 0; row < present.length; row++) if (isMissingAt(column, row)) present[row] = (present[row] as number) - 1
  }
  const rows = new Int32Array(table.numRows)
  let count = 0
  for (let row = 0; row < rows.length; row++) if ((present[row] as number) >= needed) rows[count++] = row
  return takeRows(table, rows.subarray(0, count)) as Dataset
}

// One loop per kind of array: a loop that has seen several is three times slower. Without a branch, since nobody can guess where cells are missing.

function countMissingDoubles(values: Float64Array, present: Int32Array): void {
  for (let row = 0; row < present.length; row++) {
    const value = values[row] as number
    present[row] = (present[row] as number) - (value === value ? 0 : 1)
  }
}

function countMissingWhole(values: Int32Array, mark: number, present: Int32Array): void {
  for (let row = 0; row < present.length; row++) present[row] = (present[row] as number) - (values[row] === mark ? 1 : 0)
}
