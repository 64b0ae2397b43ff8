/** Datasets into Arrow IPC files and streams, through flechette. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, ofType, oneOf } from '../../core/options'
import { type Column, isMissingAt, MISSING_CODE } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import { type ArrowLib, type ArrowType, arrowLib, type Flechette } from './library'

/** Options of {@link toArrow}. */
export interface ToArrowOptions {
  /** `file`: also Feather V2; `stream`: what is sent from process to process. @default 'file' */
  readonly format?: 'file' | 'stream' | undefined
  /** How text is written: as strings, or as a dictionary, which takes less room where texts repeat and is a categorical in pandas and polars. @default 'strings' */
  readonly text?: 'strings' | 'dictionary' | undefined
  /** The module `@uwdata/flechette`. @default loaded by its name */
  readonly lib?: ArrowLib | undefined
}

/**
 * A table as Arrow IPC bytes in one record batch: Int32, Float64, Bool, Utf8 or a dictionary of it, Timestamp in milliseconds, UTC. Missing cells
 * are null. `readArrow` gives the same dataset back; text that is not well-formed UTF-16 gets U+FFFD.
 *
 * @example await writeFile('flights.arrow', await toArrow(flights))
 * @throws InvalidArgument for a table without columns, or with 2 GB of text in one column; MissingDependency
 */
export async function toArrow(table: Table, options: ToArrowOptions = {}): Promise<Uint8Array> {
  checkOptions('toArrow', options, { format: oneOf('file', 'stream'), text: oneOf('strings', 'dictionary'), lib: ofType('object') })
  assertTable(table, 'toArrow')
  if (table.columnNames.length === 0) throw invalidArgument('toArrow needs a table with at least one column')
  const lib = await arrowLib(options.lib, 'toArrow')
  const asDictionary = options.text === 'dictionary'
  const columns = table.columnNames.map((name) => [name, arrowColumn(lib, table.column(name), asDictionary)] as const)
  return lib.tableToIPC(lib.tableFromColumns(columns), { format: options.format ?? 'file' })
}

function arrowColumn(lib: Flechette, column: Column, asDictionary: boolean): object {
  const { storage: values, length, nullCount } = column
  const common = { length, nullCount, validity: validityOf(column) }
  switch (column.type) {
    case 'int32':
      return columnOf(lib, lib.int32(), { ...common, values })
    case 'float64':
      return columnOf(lib, lib.float64(), { ...common, values })
    case 'boolean':
      return columnOf(lib, lib.bool(), { ...common, values: bitsOf(length, (row) => values[row] === 1) })
    case 'timestamp':
      return columnOf(lib, lib.timestamp(1, 'UTC'), { ...common, values: instantsOf(column) })
    default:
      return asDictionary ? dictionaryOf(lib, column, common) : columnOf(lib, lib.utf8(), { ...common, ...textOf(column) })
  }
}

function columnOf(lib: Flechette, type: ArrowType, parts: object): object {
  const Batch = lib.batchType(type)
  return new lib.Column([new Batch({ ...parts, type })], type)
}

function dictionaryOf(lib: Flechette, column: Column, common: object): object {
  const { dictionary = [] } = column
  const type = lib.dictionary(lib.utf8(), lib.int32())
  const entries = columnOf(lib, (type as ArrowType & { dictionary: ArrowType }).dictionary, {
    length: dictionary.length,
    nullCount: 0,
    validity: new Uint8Array(0),
    ...textParts(column.name, dictionary.length, (i) => dictionary[i]),
  })
  const Batch = lib.batchType(type)
  const batch = new Batch({ ...common, values: column.storage, type })
  batch.setDictionary?.(entries)
  return new lib.Column([batch], type)
}

function validityOf(column: Column): Uint8Array {
  return column.nullCount === 0 ? new Uint8Array(0) : bitsOf(column.length, (row) => !isMissingAt(column, row))
}

/** One bit a row, the lowest first. */
function bitsOf(length: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 8))
  for (let row = 0; row < length; row++) if (isSet(row)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7))
  return bits
}

function instantsOf({ name, storage }: Column): BigInt64Array {
  const instants = new BigInt64Array(storage.length)
  for (let row = 0; row < instants.length; row++) {
    const value = storage[row] as number
    if (value !== value) continue
    if (!Number.isFinite(value)) throw invalidArgument(`toArrow: column ${show(name)}, row ${row} holds the time ${value}, which is none`)
    instants[row] = BigInt(Math.floor(value))
  }
  return instants
}

function textOf({ name, storage, dictionary = [], length }: Column): TextParts {
  return textParts(name, length, (row) => (storage[row] === MISSING_CODE ? undefined : dictionary[storage[row] as number]))
}

/** Texts one behind the other, and where each begins. */
interface TextParts {
  readonly offsets: Int32Array
  readonly values: Uint8Array
}

function textParts(name: string, length: number, text: (index: number) => string | undefined): TextParts {
  const encoded = new Map<string, Uint8Array>()
  const offsets = new Int32Array(length + 1)
  const parts: (Uint8Array | undefined)[] = new Array(length)
  let end = 0
  for (let i = 0; i < length; i++) {
    const one = text(i)
    if (one !== undefined) {
      let bytes = encoded.get(one)
      if (bytes === undefined) {
        bytes = utf8(one)
        encoded.set(one, bytes)
      }
      parts[i] = bytes
      end += bytes.length
      if (end > 2147483647) throw invalidArgument(`toArrow: column ${show(name)} holds more than 2 GB of text; write it in parts`)
    }
    offsets[i + 1] = end
  }
  const values = new Uint8Array(end)
  for (let i = 0; i < length; i++) {
    const part = parts[i]
    if (part !== undefined) values.set(part, offsets[i])
  }
  return { offsets, values }
}
