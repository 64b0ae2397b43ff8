/** Arrow IPC files and streams into datasets, through flechette. */
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, ofType } from '../../core/options'
import { Dataset } from '../../dataset/dataset'
import type { Column } from '../../schema/column'
import { columnNotFound } from '../../schema/table'
import { bytesOfSource, type DataSource } from '../node/data-source'
import { columnOfArrow, refusedType } from './arrow-columns'
import { type ArrowColumn, type ArrowLib, addCodec, arrowLib, type Flechette } from './library'

/** Options of {@link readArrow}. */
export interface ReadArrowOptions {
  /** The columns to read, in this order. @default all */
  readonly columns?: readonly string[] | undefined
  /** The module `@uwdata/flechette`. @default loaded by its name */
  readonly lib?: ArrowLib | undefined
  /** Stops reading. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads an Arrow IPC file (Feather V2 too) or stream: a path, a URL, bytes, a Blob, a Response, a stream.
 *
 * `int32` and `float64` columns without nulls in one record batch, and dictionaries of strings with `int32` indices, share the memory of the bytes;
 * do not write to them afterwards. Other integers become `int32` where all of a column fit, else `float64`, and text where one is beyond ±2⁵³;
 * decimals `float64`, or text where one has more digits than a double holds; dates and timestamps `timestamp` (cut to milliseconds); times of day text.
 *
 * LZ4 needs the package `lz4js`, ZSTD `fzstd`.
 *
 * @example const flights = await readArrow('flights.arrow')
 * @throws Corrupt for damaged bytes; Unsupported naming columns of lists, structs, binary data, durations, unless `columns` leaves them out; NotFound for
 * a name that the file lacks or a missing file; MissingDependency; the signal's reason
 */
export async function readArrow(source: DataSource, options: ReadArrowOptions = {}): Promise<Dataset> {
  checkOptions('readArrow', options, { columns: arrayOf(ofType('string')), lib: ofType('object'), signal: anything() })
  const lib = await arrowLib(options.lib, 'readArrow')
  const limits = { operation: 'readArrow', maxBytes: 2147483646, signal: options.signal, onBytes: () => {} }
  const given = await bytesOfSource(source, limits)
  // Wide numbers must lie at multiples of eight bytes.
  const bytes = given.byteOffset % 8 === 0 ? given : new Uint8Array(given)
  const table = await decode(lib, bytes)
  const columns = table.schema.fields.map(({ name }, i) => ({ name, column: table.children[i] as ArrowColumn }))
  const chosen = options.columns?.map((name) => {
    const found = columns.find((one) => one.name === name)
    if (found === undefined)
      throw columnNotFound(
        name,
        columns.map((one) => one.name),
      )
    return found
  })
  return new Dataset(checked(chosen ?? columns).map(({ name, column }) => readColumn(name, column)))
}

async function decode(lib: Flechette, bytes: Uint8Array): Promise<ReturnType<Flechette['tableFromIPC']>> {
  const options = { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true } as const
  // Columns are decoded lazily in part: the compression is asked for right away.
  for (let tries = 0; ; tries++) {
    try {
      const table = lib.tableFromIPC(bytes, options)
      if (table.schema.fields.length === 0 && bytes.length < 8) throw new Error('there are too few bytes')
      return table
    } catch (cause) {
      if (tries < 2 && (await addCodec(lib, cause as Error))) continue
      if (isMillwrightError(cause)) throw cause
      throw new MillwrightError('Corrupt', `readArrow could not read the bytes as Arrow IPC: ${(cause as Error).message}`, { cause })
    }
  }
}

/** @throws Unsupported */
function checked<T extends { readonly name: string; readonly column: ArrowColumn }>(columns: readonly T[]): readonly T[] {
  const refused = columns.flatMap(({ name, column }) => {
    const type = refusedType(column.type)
    return type === undefined ? [] : [{ name, type }]
  })
  if (refused.length === 0) return columns
  const listed = refused.map(({ name, type }) => `${show(name)} is ${type}`)
  throw new MillwrightError('Unsupported', `readArrow cannot read every column: ${listed.join('; ')}`, {
    hint: 'name the columns to read: { columns: […] }',
    details: { columns: refused.map(({ name }) => name) },
  })
}

function readColumn(name: string, column: ArrowColumn): Column {
  try {
    return columnOfArrow(name, column)
  } catch (cause) {
    if (isMillwrightError(cause)) throw cause
    throw new MillwrightError('Corrupt', `readArrow could not read column ${show(name)}: ${(cause as Error).message}`, { cause })
  }
}
