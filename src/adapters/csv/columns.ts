/** Columns that grow as a file is read, and find their type on the way. */

import { type ByteDictionary, dictionaryOf } from '../../core/byte-dictionary'
import { show } from '../../core/errors'
import { type Column, type ColumnType, type ColumnValues, makeColumn, missingMark, newValues } from '../../schema/column'
import {
  type CellRange,
  type CellSyntax,
  fillBooleans,
  fillFloats,
  fillInts,
  fillTexts,
  fillTimestamps,
  firstPresent,
  typeOfCellAt,
} from './cells'
import type { Scan } from './scan'

/** A column being read. */
export interface ColumnBuilder {
  readonly name: string
  /** Its index among the fields of a record. */
  readonly field: number
  /** Set by the caller: a cell that does not fit is an error. */
  readonly forced: boolean
  /** Unknown until the first cell with a value. */
  type: ColumnType | undefined
  values: ColumnValues
  /** The column turned out to be text: the cells read so far are discarded and the file is read again for this column. */
  again: boolean
  dictionary: ByteDictionary | undefined
  /** What the caller asked for, where the text is read first and judged at the end. */
  readonly wanted?: ColumnType
  /** The type was found in an earlier part of the file: a cell that does not fit is an error, and nothing is converted more freely than there. */
  readonly fixed?: true
}

/** What builders share. */
export interface ColumnContext {
  readonly syntax: CellSyntax
  /** Spellings of missing, as bytes. */
  readonly missing: readonly Uint8Array[]
  readonly timestamps: boolean
}

/** A builder without rows. */
export function createBuilder(name: string, field: number, type: ColumnType | undefined): ColumnBuilder {
  return {
    name,
    field,
    forced: type !== undefined,
    type,
    values: newValues(type ?? 'boolean', 0),
    again: false,
    dictionary: undefined,
  }
}

/** What {@link fillBuilder} found in a column of forced type. */
export interface BadCell {
  readonly row: number
  readonly cell: number
}

/**
 * Adds the rows of a scan to a builder.
 *
 * @param base rows read before
 * @param capacity room to make when there is not enough, in rows
 * @returns the first cell that does not fit, only when the type is forced
 */
export function fillBuilder(
  builder: ColumnBuilder,
  context: ColumnContext,
  rows: { readonly scan: Scan; readonly count: number; readonly base: number; readonly capacity: number },
): BadCell | undefined {
  const { scan, count, base, capacity } = rows
  const range: CellRange = { scan, column: builder.field, from: 0, to: count, base }
  while (range.from < count && !builder.again) {
    if (builder.type === undefined) {
      range.from = firstPresent(range, context.syntax)
      if (range.from === count) return undefined
      const type = typeOfCellAt(scan, builder.field * scan.capacity + range.from, context.syntax)
      builder.type = type === 'timestamp' && !context.timestamps ? 'string' : type
      reserve(builder, base + count, capacity)
      builder.values.fill(missingMark(builder.type), 0, base + range.from)
    }
    reserve(builder, base + count, capacity)
    range.from = fillRange(builder, context, range)
    if (range.from === count) return undefined
    const cell = builder.field * scan.capacity + range.from
    if (builder.forced) return { row: base + range.from, cell }
    widen(builder, context, { range, cell })
  }
  return undefined
}

function fillRange(builder: ColumnBuilder, context: ColumnContext, range: CellRange): number {
  const { syntax } = context
  switch (builder.type) {
    case 'int32':
      return fillInts(builder.values as Int32Array, range, syntax, builder.forced && !builder.fixed)
    case 'float64':
      return fillFloats(builder.values as Float64Array, range, syntax, builder.forced && !builder.fixed)
    case 'boolean':
      return fillBooleans(builder.values as Uint8Array, range, syntax)
    case 'timestamp':
      return fillTimestamps(builder.values as Float64Array, range, syntax)
    default: {
      builder.dictionary ??= dictionaryOf(context.missing)
      fillTexts(builder.values as Int32Array, range, builder.dictionary, context.missing.length)
      return range.to
    }
  }
}

/** Gives a column the type that its cells so far and the next one have in common. */
function widen(builder: ColumnBuilder, context: ColumnContext, at: { readonly range: CellRange; readonly cell: number }): void {
  const { range, cell } = at
  const rows = range.base + range.from
  if (builder.type === 'int32' && typeOfCellAt(range.scan, cell, context.syntax) === 'float64') {
    const values = new Float64Array(builder.values.length)
    const missing = missingMark('int32')
    for (let row = 0; row < rows; row++) {
      const value = builder.values[row] as number
      values[row] = value === missing ? Number.NaN : value
    }
    builder.type = 'float64'
    builder.values = values
    return
  }
  builder.type = 'string'
  builder.values = new Int32Array(range.base === 0 ? builder.values.length : 0)
  // For the first rows the text is still in memory. Later the file is read again, so that texts are numbered by first appearance.
  if (range.base === 0) range.from = 0
  else builder.again = true
}

/** The finished column of `rows` rows. @throws TypeError when its text is not UTF-8, or holds NUL */
export function finishBuilder(builder: ColumnBuilder, rows: number, missingCount: number): Column {
  const type = builder.type ?? 'float64'
  if (builder.type === undefined) return makeColumn(builder.name, { type: 'float64', values: new Float64Array(rows).fill(Number.NaN) })
  const { values } = builder
  const trimmed = values.length - rows > rows / 8 ? values.slice(0, rows) : values.subarray(0, rows)
  if (builder.dictionary?.hasNul()) throw new TypeError('NUL in text')
  const dictionary = type === 'string' ? { dictionary: builder.dictionary?.texts(missingCount) ?? [] } : {}
  return makeColumn(builder.name, { type, values: trimmed, ...dictionary } as Parameters<typeof makeColumn>[1])
}

/** "column 'a' is int32, got 'x'" */
export function badCellMessage(builder: ColumnBuilder, text: string): string {
  return `column ${show(builder.name)} must be ${builder.type}, got ${show(text)}`
}

function reserve(builder: ColumnBuilder, rows: number, capacity: number): void {
  const type = builder.type as ColumnType
  const { values } = builder
  const fits = values.length >= rows && values.constructor === newValues(type, 0).constructor
  if (fits) return
  const longer = newValues(type, Math.max(rows, capacity, Math.ceil(values.length * 1.5)))
  if (values.constructor === longer.constructor) longer.set(values)
  builder.values = longer
}
