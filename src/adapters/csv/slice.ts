/** Reads a slice of a file, which begins where a record begins, on whatever thread. */
import type { ColumnType, ColumnValues } from '../../schema/column'
import { syntaxOf } from './cell-syntax'
import { type ColumnBuilder, createBuilder } from './columns'
import type { CsvPlan } from './options'
import { readRows, restartedAsText, rowScan } from './rows'
import { setColumns } from './scan'

/** The part of a plan that can be sent to a thread. */
export type SentPlan = Omit<CsvPlan, 'syntax' | 'logger'>

/** A column to read from a slice. */
export interface SliceColumn {
  readonly name: string
  readonly field: number
  readonly forced: boolean
  /** The type that the rows before the slice have, as far as that is known. */
  readonly type: ColumnType | undefined
}

/** A slice to read. */
export interface SliceRequest {
  readonly bytes: Uint8Array
  readonly plan: SentPlan
  readonly delimiter: number
  /** Fields of a record. */
  readonly fields: number
  readonly columns: readonly SliceColumn[]
}

/** A column of a slice. */
export interface ColumnPart {
  /** The type that the column had before the slice, as the request said. */
  readonly started: ColumnType | undefined
  /** The type behind the slice; `undefined` when there is no value up to here. */
  readonly type: ColumnType | undefined
  readonly values: ColumnValues
  /** Of text: the distinct texts, spellings of missing first. Codes in `values` count those behind the missing ones. */
  readonly texts?: { readonly bytes: Uint8Array; readonly offsets: Int32Array }
}

/** What was read from a slice. */
export interface SliceParts {
  readonly rows: number
  readonly columns: readonly ColumnPart[]
}

/** @throws when a record or a cell does not fit, as one thread would, with a line counted from the slice's first */
export function readSlice({ bytes, plan: sent, delimiter, fields, columns }: SliceRequest): SliceParts {
  const plan: CsvPlan = { ...sent, ...syntaxOf(sent.spellings), logger: undefined }
  const builders = columns.map(({ name, field, type, forced }) => Object.assign(createBuilder(name, field, type), { forced }))
  const scan = rowScan(bytes, { ...plan, delimiter, fields })
  const read = (which: ColumnBuilder[]): number => {
    const reader = { plan, scan, builders: which, rows: 0 }
    for (const _ of readRows(reader, Number.POSITIVE_INFINITY));
    return reader.rows
  }
  const rows = read(builders)
  const texts = restartedAsText(builders)
  if (texts.length > 0) {
    setColumns(scan, fields)
    scan.position = 0
    read(texts)
  }
  return { rows, columns: builders.map((builder, i) => partOf(builder, rows, columns[i]?.type)) }
}

function partOf({ type, values, dictionary }: ColumnBuilder, rows: number, started: ColumnType | undefined): ColumnPart {
  const part = { started, type, values: values.subarray(0, rows) }
  return dictionary === undefined ? part : { ...part, texts: dictionary.packed() }
}
