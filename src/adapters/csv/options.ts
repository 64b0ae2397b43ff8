/** Options of the CSV reader, checked and turned into what the scanner works with. */

import { invalidArgument, show } from '../../core/errors'
import type { Logger } from '../../core/logger'
import { anything, arrayOf, checkOptions, either, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { checkTypes } from '../../dataset/create'
import { defaultFalseValues, defaultTrueValues, numberOfText, timestampOfText } from '../../schema/coerce'
import type { ColumnType } from '../../schema/column'
import { assertRowSchema, fieldsOf, type RowSchema } from '../../schema/row-schema'
import { decimalOf, type Spellings, spellingsOf, syntaxOf } from './cell-syntax'
import type { CellSyntax } from './cells'
import type { DateOrder } from './date-spelling'
import { type NumberNotation, notationReader } from './number-notation'

/** Options of `parseCsv`. */
export interface ParseCsvOptions<Schema extends RowSchema | undefined = RowSchema | undefined> {
  /**
   * A zod schema of a row, or another Standard Schema: every row is checked against it, columns have the types that it says, the rows of the
   * dataset are typed by it. See `withSchema`. @default none; types are inferred from every cell
   */
  readonly schema?: Schema
  /** One ASCII character. @default the one of `,` `;` tab `|` that divides the first records most evenly */
  readonly delimiter?: string | undefined
  /** One ASCII character, or `''` when quotes mean nothing. @default '"' */
  readonly quote?: string | undefined
  /** `true`: the first record holds the names; `false`: columns are called `column_1`, …; an array: the names, and there is no header. @default true */
  readonly header?: boolean | readonly string[] | undefined
  /** The columns to keep, in this order. @default all */
  readonly columns?: readonly string[] | undefined
  /** Types by column name; a cell that does not fit is an error. The others are inferred from every cell. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** Spellings of a missing cell, quoted or not; replaces the default. @default '', NA, N/A, NaN, null, NULL, #N/A and a few more (pandas' list without None) */
  readonly naValues?: readonly string[] | undefined
  /** @default ['true', 'True', 'TRUE'] */
  readonly trueValues?: readonly string[] | undefined
  /** @default ['false', 'False', 'FALSE'] */
  readonly falseValues?: readonly string[] | undefined
  /** The decimal mark. With `,` the comma is not considered as a delimiter unless asked for. @default found for each column: a point, or a comma where nothing else can be meant */
  readonly decimal?: '.' | ',' | undefined
  /** What stands between groups of three digits; `''`: nothing. A space also means a no-break space. @default found for each column where nothing else can be meant */
  readonly thousands?: '' | ',' | '.' | ' ' | "'" | undefined
  /** Whether columns of dates and date-times become timestamps. @default true */
  readonly timestamps?: boolean | undefined
  /**
   * Which dates are read. `iso`: ISO 8601 alone. `find`: also `31/12/2024`, `31.12.2024`, `2024/12/31`, `31 Dec 2024`, `December 31, 2024`, with or
   * without a time of day; a column in which every date could have the day or the month first stays text. `day-first`, `month-first`: such a
   * column is read this way. @default 'iso'
   */
  readonly dates?: 'iso' | 'find' | DateOrder | undefined
  /** Told (`warn`) which columns stay text because their spelling has two meanings, and (`info`) which are read in a spelling of their own. @default warnings go to the console */
  readonly logger?: Logger | undefined
  /** Whether text without a single record gives a dataset without columns; else it is an error. @default false */
  readonly allowEmpty?: boolean | undefined
  /** What to do with a record of another length than the first: `pad` fills short ones with missing cells and adds columns for long ones (empty cells are then missing, whatever `naValues` says). @default 'error' */
  readonly ragged?: 'error' | 'pad' | undefined
  /** Of bytes: any label of the WHATWG Encoding Standard, or `cp949`. A byte order mark of UTF-8 or UTF-16 wins. @default 'utf-8' */
  readonly encoding?: string | undefined
  /** Read at most this many rows and leave the rest. @default all */
  readonly limit?: number | undefined
  /** More rows than this are an error. @default 500_000_000 */
  readonly maxRows?: number | undefined
  /** More columns than this are an error. @default 16_384 */
  readonly maxColumns?: number | undefined
  /** A cell of more bytes than this is an error. @default 1_048_576 */
  readonly maxCellLength?: number | undefined
}

/** Options of `readCsv`. */
export interface ReadCsvOptions<Schema extends RowSchema | undefined = RowSchema | undefined> extends ParseCsvOptions<Schema> {
  /** Stops reading; nothing remains. */
  readonly signal?: AbortSignal | undefined
  /**
   * Parses on other threads too, the result is the same: so many threads beside the calling one, or with `true` as many as the machine has cores for.
   * They are worker threads of Node or Web Workers, kept for a few seconds after use. One thread parses everything where there are no others, of
   * files under a megabyte, with `limit` and with `ragged: 'pad'`. @default false
   */
  readonly workers?: boolean | number | undefined
  /** Told about phase `read` and then `parse`, in bytes. */
  readonly onProgress?: OnProgress<'read' | 'parse'> | undefined
  /** More bytes than this, unpacked, are an error; at most 2³¹ − 2. @default 2_147_483_646 */
  readonly maxBytes?: number | undefined
}

/** Options of `readCsvBatches`. */
export interface ReadCsvBatchesOptions
  extends Omit<ReadCsvOptions<undefined>, 'schema' | 'maxBytes' | 'ragged' | 'limit' | 'maxRows' | 'workers'> {
  /** Rows of a batch; the last may have fewer. @default 65_536 */
  readonly batchSize?: number | undefined
  /** Types, delimiter and spellings are found in so many bytes at the beginning. @default 8_388_608 */
  readonly sampleBytes?: number | undefined
}

/** Options with every default filled in. */
export interface CsvPlan {
  readonly operation: string
  /** −1: find out. */
  readonly delimiter: number
  readonly quote: number
  readonly header: boolean | readonly string[]
  readonly columns: readonly string[] | undefined
  readonly types: Readonly<Record<string, ColumnType>>
  /** Columns that the schema says are text. */
  readonly texts: ReadonlySet<string>
  /** What `syntax` and `missing` are made of. */
  readonly spellings: Spellings
  readonly syntax: CellSyntax
  /** Spellings of missing, as bytes. */
  readonly missing: readonly Uint8Array[]
  readonly timestamps: boolean
  readonly dates: 'iso' | 'find' | DateOrder
  /** What the caller said about numbers. */
  readonly numbers: { readonly decimal: '.' | ',' | undefined; readonly thousands: NumberNotation['thousands'] | undefined }
  readonly logger: Logger | undefined
  readonly allowEmpty: boolean
  /** Lines of the file before the bytes that are parsed. */
  readonly linesBefore: number
  readonly pad: boolean
  readonly limit: number
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCellLength: number
}

/** @throws InvalidArgument */
export function planOf(operation: string, options: ReadCsvOptions & Pick<ReadCsvBatchesOptions, 'batchSize' | 'sampleBytes'>): CsvPlan {
  const texts = arrayOf(ofType('string'))
  if (options.schema !== undefined) assertRowSchema(options.schema, operation)
  checkOptions(operation, options, {
    schema: anything(),
    delimiter: character(),
    quote: either(character(), oneOf('')),
    header: either(ofType('boolean'), texts),
    columns: texts,
    types: ofType('object'),
    naValues: texts,
    trueValues: texts,
    falseValues: texts,
    decimal: oneOf('.', ','),
    thousands: oneOf('', ',', '.', ' ', "'"),
    timestamps: ofType('boolean'),
    dates: oneOf('iso', 'find', 'day-first', 'month-first'),
    logger: ofType('object'),
    allowEmpty: ofType('boolean'),
    ragged: oneOf('error', 'pad'),
    encoding: nonEmptyString(),
    limit: wholeNumber(0),
    maxRows: wholeNumber(1),
    maxColumns: wholeNumber(1, 1_000_000),
    maxCellLength: wholeNumber(1),
    ...(operation === 'readCsvBatches'
      ? { signal: anything(), onProgress: ofType('function'), batchSize: wholeNumber(1), sampleBytes: wholeNumber(1, 1 << 30) }
      : {}),
    ...(operation === 'readCsv'
      ? {
          signal: anything(),
          onProgress: ofType('function'),
          maxBytes: wholeNumber(1, 2147483646),
          workers: either(ofType('boolean'), wholeNumber(0, 256)),
        }
      : {}),
  })
  checkTypes(options.types)
  const quote = (options.quote ?? '"') === '' ? -1 : (options.quote ?? '"').charCodeAt(0)
  const delimiter = options.delimiter === undefined ? -1 : options.delimiter.charCodeAt(0)
  if (delimiter === quote && quote !== -1)
    throw invalidArgument(`\`delimiter\` and \`quote\` of ${operation} must differ, both are ${show(options.delimiter)}`)
  if (options.thousands !== undefined && options.thousands === (options.decimal ?? (options.thousands === '.' ? ',' : '.'))) {
    throw invalidArgument(`\`decimal\` and \`thousands\` of ${operation} must differ, both are ${show(options.thousands)}`)
  }
  const spellings = spellingsOf(options)
  return {
    operation,
    delimiter,
    quote,
    header: options.header ?? true,
    columns: options.columns,
    types: options.types ?? {},
    texts: textColumns(options.schema),
    spellings,
    ...syntaxOf(spellings),
    timestamps: options.timestamps ?? true,
    dates: options.dates ?? 'iso',
    numbers: { decimal: options.decimal, thousands: options.thousands },
    logger: options.logger,
    allowEmpty: options.allowEmpty ?? false,
    linesBefore: 0,
    pad: options.ragged === 'pad',
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    maxRows: options.maxRows ?? 500_000_000,
    maxColumns: options.maxColumns ?? 16_384,
    maxCellLength: options.maxCellLength ?? 1_048_576,
  }
}

function textColumns(schema: RowSchema | undefined): Set<string> {
  const fields = schema === undefined ? undefined : fieldsOf(schema)
  return new Set([...(fields?.byName ?? [])].filter(([, { type }]) => type === 'string').map(([name]) => name))
}

/** How text is read where a schema asks for another type than was found. */
export function cellReader(options: ParseCsvOptions): (text: string, type: ColumnType) => number | boolean | undefined {
  const trueValues = options.trueValues ?? defaultTrueValues
  const falseValues = options.falseValues ?? defaultFalseValues
  const grouped = options.thousands ? notationReader({ decimal: decimalOf(options), thousands: options.thousands }) : undefined
  return (text, type) => {
    if (type === 'timestamp') return timestampOfText(text)
    if (type === 'boolean') return trueValues.includes(text) ? true : falseValues.includes(text) ? false : undefined
    return numberOfText(text, decimalOf(options)) ?? grouped?.(text)?.value
  }
}

function character() {
  return {
    allowed: 'one ASCII character other than a line break',
    test: (value: unknown) =>
      typeof value === 'string' && value.length === 1 && value > '\0' && value <= '\x7f' && value !== '\n' && value !== '\r',
  }
}
