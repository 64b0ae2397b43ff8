/** Options of the JSON readers. */
import { anything, arrayOf, checkOptions, ofType, oneOf, wholeNumber } from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { checkTypes } from '../../dataset/create'
import type { ColumnType } from '../../schema/column'

/** Options of {@link readJson} and {@link readNdjson}. */
export interface ReadJsonOptions {
  /** The columns to keep, in this order. @default every key, in order of appearance */
  readonly columns?: readonly string[] | undefined
  /** Types by column name; a cell that does not fit is an error. The others are inferred from every row. JSON has no dates: ask for `timestamp` */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** What to do with objects inside a row: `error` refuses them, `flatten` makes columns `address.city` of them, `text` keeps their JSON as text. Arrays are refused, or text. @default 'error' */
  readonly nested?: 'error' | 'flatten' | 'text' | undefined
  /** Stops reading. */
  readonly signal?: AbortSignal | undefined
  /** Told the bytes read. */
  readonly onProgress?: OnProgress<'read'> | undefined
  /** More bytes than this, unpacked, are an error. @default 536_870_888 for `readJson`, as much text as one string can hold; no limit for lines */
  readonly maxBytes?: number | undefined
}

/** Options of {@link readNdjsonBatches}. */
export interface ReadNdjsonBatchesOptions extends ReadJsonOptions {
  /** Rows of a batch; the last may have fewer. @default 65_536 */
  readonly batchSize?: number | undefined
}

/** The most characters of a string that V8, JavaScriptCore and SpiderMonkey allow. */
export const maxTextBytes = 536_870_888

/** @throws InvalidArgument */
export function checkJsonOptions(operation: string, options: ReadNdjsonBatchesOptions): void {
  checkOptions(operation, options, {
    columns: arrayOf(ofType('string')),
    types: ofType('object'),
    nested: oneOf('error', 'flatten', 'text'),
    signal: anything(),
    onProgress: ofType('function'),
    maxBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    ...(operation.endsWith('Batches') ? { batchSize: wholeNumber(1) } : {}),
  })
  checkTypes(options.types)
}
