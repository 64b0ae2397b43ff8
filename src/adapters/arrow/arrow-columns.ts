/** Columns of Arrow as ours. Memory is shared where both have the same layout. */
import { ByteDictionary, viewOf } from '../../core/byte-dictionary'
import { utf8 } from '../../core/bytes'
import { concat } from '../../dataset/concat'
import { Dataset } from '../../dataset/dataset'
import { type Column, MISSING_CODE, MISSING_INT32, makeColumn, renameColumn, takeColumn } from '../../schema/column'
import {
  booleanColumn,
  type CellRun,
  decimalColumn,
  numberColumn,
  type TimeUnit,
  timeOfDayColumn,
  timestampColumn,
  wholeNumberColumn,
  wholeRun,
} from '../../schema/foreign-column'
import type { ArrowBatch, ArrowColumn, ArrowType } from './library'

const names: Readonly<Record<number, string>> = {
  4: 'Binary',
  11: 'Interval',
  12: 'List',
  13: 'Struct',
  14: 'Union',
  15: 'FixedSizeBinary',
  16: 'FixedSizeList',
  17: 'Map',
  18: 'Duration',
  19: 'LargeBinary',
  21: 'LargeList',
  22: 'RunEndEncoded',
  23: 'BinaryView',
  25: 'ListView',
  26: 'LargeListView',
}

/** The name of a type that is not read; `undefined` for those that are. */
export function refusedType(type: ArrowType): string | undefined {
  const { dictionary } = type as { dictionary?: ArrowType }
  return dictionary === undefined ? names[type.typeId] : refusedType(dictionary)
}

/** Units as Arrow numbers them. */
const units: readonly TimeUnit[] = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds']

/** A column of Arrow as ours; its type is not refused. @throws TypeError for text that is not UTF-8 */
export function columnOfArrow(name: string, column: ArrowColumn): Column {
  const { type, data } = column
  switch (type.typeId) {
    case -1:
      return dictionaryColumn(name, column)
    case 1:
      return makeColumn(name, { type: 'float64', values: new Float64Array(column.length).fill(Number.NaN) })
    case 2:
      return sharedInts(name, column) ?? wholeNumberColumn(name, data.map(runOf))
    case 3:
      return sharedFloats(name, column) ?? numberColumn(name, data.map(type.precision === 0 ? runOfCells : runOf))
    case 6:
      return booleanColumn(name, data.map(runOfCells))
    case 7:
      return decimalColumn(name, data.map(runOfCells), type.scale ?? 0)
    case 8:
      return timestampColumn(name, data.map(runOf), type.unit === 0 ? 'days' : 'milliseconds')
    case 9:
      return timeOfDayColumn(name, data.map(runOf), units[type.unit ?? 1] as TimeUnit)
    case 10:
      return timestampColumn(name, data.map(runOf), units[type.unit ?? 1] as TimeUnit)
    default:
      return textColumn(name, column)
  }
}

/** Whole numbers as they lie in the file. */
function sharedInts(name: string, { type, data, nullCount }: ArrowColumn): Column | undefined {
  const values = data[0]?.values
  if (data.length !== 1 || nullCount > 0 || type.bitWidth !== 32 || !(values instanceof Int32Array)) return undefined
  return values.includes(MISSING_INT32) ? undefined : makeColumn(name, { type: 'int32', values })
}

/** Numbers as they lie in the file. */
function sharedFloats(name: string, { data, nullCount }: ArrowColumn): Column | undefined {
  const values = data[0]?.values
  return data.length === 1 && nullCount === 0 && values instanceof Float64Array ? makeColumn(name, { type: 'float64', values }) : undefined
}

/** The values of a batch, `null` where it says so. */
function runOf(batch: ArrowBatch): CellRun {
  const values = batch.values as ArrayLike<number | bigint>
  if (batch.nullCount === 0) return { cells: values, from: 0, to: batch.length }
  return wholeRun(Array.from({ length: batch.length }, (_, i) => (batch.isValid(i) ? (values[i] as number | bigint) : null)))
}

/** The same for values that the library has to decode. */
function runOfCells(batch: ArrowBatch): CellRun {
  return wholeRun(Array.from({ length: batch.length }, (_, i) => batch.at(i) as boolean | bigint | number | null))
}

function textColumn(name: string, { data, length }: ArrowColumn): Column {
  const dictionary = new ByteDictionary()
  const values = new Int32Array(length)
  let at = 0
  for (const batch of data) {
    const bytes = batch.values instanceof Uint8Array ? batch.values : undefined
    const view = bytes === undefined ? undefined : viewOf(bytes)
    const { offsets } = batch
    for (let i = 0; i < batch.length; i++) {
      if (batch.nullCount > 0 && !batch.isValid(i)) values[at++] = MISSING_CODE
      else if (view !== undefined && offsets !== undefined && batch.view === undefined) {
        values[at++] = dictionary.codeOf(view, Number(offsets[i]), Number(offsets[i + 1]))
      } else {
        const text = batch.view === undefined ? utf8(String(batch.at(i))) : batch.view(i)
        values[at++] = dictionary.codeOf(viewOf(text), 0, text.length)
      }
    }
  }
  return makeColumn(name, { type: 'string', values, dictionary: dictionary.texts(0) })
}

/** Entries of a dictionary, by their number. Batches may have dictionaries of their own. */
function dictionaryColumn(name: string, { data, type }: ArrowColumn): Column {
  const parts: Column[] = []
  for (let i = 0; i < data.length; ) {
    const { dictionary } = data[i] as { dictionary: ArrowColumn }
    let end = i + 1
    while (end < data.length && data[end]?.dictionary === dictionary) end++
    parts.push(entriesOf(name, dictionary, data.slice(i, end)))
    i = end
  }
  if (parts.length === 1) return parts[0] as Column
  if (parts.length === 0)
    return columnOfArrow(name, { type: (type as { dictionary?: ArrowType }).dictionary ?? type, length: 0, nullCount: 0, data: [] })
  return concat(parts.map((part) => new Dataset([part]))).column(name)
}

function entriesOf(name: string, dictionary: ArrowColumn, batches: readonly ArrowBatch[]): Column {
  const entries = renameColumn(columnOfArrow(name, dictionary), name)
  const [first] = batches as [ArrowBatch]
  const isIdentity = entries.type === 'string' && entries.storage.every((code, i) => code === i)
  if (isIdentity && batches.length === 1 && first.nullCount === 0 && first.values instanceof Int32Array) {
    return makeColumn(name, { type: 'string', values: first.values.subarray(0, first.length), dictionary: entries.dictionary ?? [] })
  }
  const indices = new Int32Array(batches.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const batch of batches) {
    for (let i = 0; i < batch.length; i++) {
      indices[at++] = batch.nullCount === 0 || batch.isValid(i) ? Number((batch.values as ArrayLike<number | bigint>)[i]) : -1
    }
  }
  return takeColumn(entries, indices)
}
