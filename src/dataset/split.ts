/** Splits a dataset into train, test and validation parts, and into folds for cross-validation. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { createRng } from '../core/random'
import { toFloat64 } from '../schema/column'
import {
  blockFolds,
  type Fold,
  foldsOfTests,
  orderOf,
  randomFolds,
  strataOf,
  stratifiedFolds,
  stratifiedParts,
  timeFolds,
} from '../schema/partition'
import type { DataRow, NameOf, RowOf } from '../schema/row-types'
import { assertTable, isTable, type Table } from '../schema/table'
import type { Dataset } from './dataset'
import { take } from './filter'

/** Options of {@link split}. */
export interface SplitOptions<Name extends string = string> {
  /** Share of the rows (between 0 and 1), or their number (a whole number ≥ 1). */
  readonly test: number
  /** The same for a validation part. @default no such part */
  readonly validation?: number | undefined
  /** Keeps the proportions of this column's values (missing counts as a value) in every part. */
  readonly stratifyBy?: Name | undefined
  /** Splits by time: the newest rows are the test part, those before them the validation part. */
  readonly timeColumn?: Name | undefined
  /** With `false` the last rows are the test part, those before them the validation part. @default true */
  readonly shuffle?: boolean | undefined
  /** Seed of the random division. @default 0 */
  readonly seed?: number | undefined
}

/** The parts of a dataset. */
export interface Split<R extends object = DataRow> {
  readonly train: Dataset<R>
  readonly test: Dataset<R>
  readonly validation?: Dataset<R>
}

/**
 * Splits rows into disjoint parts that together have all rows. Each part keeps the order of the rows (by time with `timeColumn`;
 * rows with the same time may go to different parts). Shares are rounded to the nearest row, at least one.
 *
 * @example const { train, test } = split(flights, { test: 0.2, stratifyBy: 'late', seed: 7 })
 * @throws InvalidArgument when a part would be empty, on options that exclude each other, on missing times; NotFound
 */
export function split<T extends Table>(
  table: T,
  options: SplitOptions<NameOf<T>> & { readonly validation: number },
): Split<RowOf<T>> & { readonly validation: Dataset<RowOf<T>> }
export function split<T extends Table>(table: T, options: SplitOptions<NameOf<T>>): Split<RowOf<T>>
export function split<T extends Table>(table: T, options: SplitOptions<NameOf<T>>): Split<RowOf<T>> {
  assertTable(table, 'split')
  checkOptions('split', options, {
    test: finiteNumber(0),
    validation: finiteNumber(0),
    ...partitionRules(),
  })
  checkExclusive('split', options)
  const n = table.numRows
  const testSize = partSize('test', options.test, n)
  const validationSize = options.validation === undefined ? 0 : partSize('validation', options.validation, n)
  if (testSize + validationSize >= n) {
    const parts = `${testSize} rows for testing${validationSize > 0 ? ` and ${validationSize} for validation` : ''}`
    throw invalidArgument(`split would leave nothing to train on: ${parts} of ${n}`)
  }
  const [test, validation, train] = partition(table, options, [testSize, validationSize]) as [Int32Array, Int32Array, Int32Array]
  const parts = { train: take(table, train), test: take(table, test) }
  return validationSize === 0 ? parts : { ...parts, validation: take(table, validation) }
}

/** Options of {@link folds}. */
export interface FoldsOptions<Name extends string = string> {
  /** How many folds, at least 2. @default 5 */
  readonly folds?: number | undefined
  /** Keeps the proportions of this column's values in every fold. */
  readonly stratifyBy?: Name | undefined
  /** Expanding window: each fold is tested on the block of time after all its training rows. */
  readonly timeColumn?: Name | undefined
  /** With `false` the folds are consecutive blocks. @default true */
  readonly shuffle?: boolean | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/**
 * Row numbers of the folds of cross-validation; `take(dataset, fold.train)` makes a dataset of them.
 *
 * @param table a table, or just a number of rows
 * @throws InvalidArgument when there are fewer rows than folds; NotFound
 */
export function folds<T extends Table>(table: T | number, options: FoldsOptions<NameOf<T>> = {}): Fold[] {
  if (typeof table !== 'number') assertTable(table, 'folds')
  checkOptions('folds', options, { folds: wholeNumber(2), ...partitionRules() })
  checkExclusive('folds', options)
  const k = options.folds ?? 5
  const n = typeof table === 'number' ? table : table.numRows
  if (options.timeColumn !== undefined) return timeFolds(timeOrder(needTable(table), options.timeColumn), k)
  if (options.shuffle === false) return foldsOfTests(n, blockFolds(n, k))
  const rng = createRng(options.seed ?? 0)
  if (options.stratifyBy === undefined) return foldsOfTests(n, randomFolds(n, k, rng))
  return foldsOfTests(n, stratifiedFolds(strataOf(needTable(table).column(options.stratifyBy)), k, rng))
}

function partitionRules() {
  return { stratifyBy: nonEmptyString(), timeColumn: nonEmptyString(), shuffle: ofType('boolean'), seed: finiteNumber() }
}

function checkExclusive(subject: string, options: Pick<SplitOptions, 'stratifyBy' | 'timeColumn' | 'shuffle'>): void {
  if (options.stratifyBy === undefined) return
  if (options.timeColumn !== undefined) throw invalidArgument(`\`stratifyBy\` and \`timeColumn\` of ${subject} exclude each other`)
  if (options.shuffle === false) throw invalidArgument(`\`stratifyBy\` of ${subject} needs \`shuffle\``)
}

function needTable(table: Table | number): Table {
  if (!isTable(table)) throw invalidArgument(`folds by a column need a table, got ${show(table)}`)
  return table
}

function partSize(name: string, share: number, n: number): number {
  if (share >= 1 && !Number.isInteger(share))
    throw invalidArgument(`\`${name}\` of split must be a share below 1 or a whole number of rows, got ${share}`)
  if (share === 0) throw invalidArgument(`\`${name}\` of split must be greater than 0`)
  return share < 1 ? Math.max(1, Math.round(n * share)) : share
}

/** Rows of each part of `sizes`, then the rest. */
function partition(table: Table, options: SplitOptions, sizes: readonly number[]): Int32Array[] {
  const n = table.numRows
  if (options.timeColumn !== undefined || options.shuffle === false) {
    const order = options.timeColumn === undefined ? Int32Array.from({ length: n }, (_, row) => row) : timeOrder(table, options.timeColumn)
    let end = n
    const parts = sizes.map((size) => {
      end -= size
      return order.slice(end, end + size)
    })
    return [...parts, order.slice(0, end)]
  }
  const strata = options.stratifyBy === undefined ? new Int32Array(n) : strataOf(table.column(options.stratifyBy))
  return stratifiedParts(strata, sizes, createRng(options.seed ?? 0))
}

function timeOrder(table: Table, name: string): Int32Array {
  const column = table.column(name)
  if (column.nullCount > 0) throw invalidArgument(`time column ${show(name)} must have no missing cells, it has ${column.nullCount}`)
  return orderOf(toFloat64(column))
}
