/** Columns of slices into columns of the whole file, as if one thread had read them one after the other. */
import { type ByteDictionary, dictionaryOf, viewOf } from '../../core/byte-dictionary'
import { type ColumnType, MISSING_CODE, MISSING_INT32, missingMark, newValues } from '../../schema/column'
import type { ColumnBuilder } from './columns'
import type { ColumnPart, SliceColumn, SliceParts } from './slice'

/** Some columns of a slice, to be read. */
export interface Job {
  readonly slice: number
  readonly columns: readonly SliceColumn[]
}

/**
 * Has columns read again, slice by slice, until each slice began with the type that the slices before it end with. What a cell is depends on that
 * type: where `1` means true, it is a boolean behind booleans.
 *
 * @param parts columns by slice; replaced in place
 * @param columns all columns, of the types that they have before the first slice
 */
export async function makeAgree(
  parts: ColumnPart[][],
  columns: readonly SliceColumn[],
  readAll: (jobs: readonly Job[]) => Promise<readonly SliceParts[]>,
): Promise<void> {
  let open = [...columns.keys()]
  while (open.length > 0) {
    const wrong = parts.map((): SliceColumn[] => [])
    open = open.filter((c) =>
      addWrong(
        columns[c] as SliceColumn,
        parts.map((of) => of[c] as ColumnPart),
        wrong,
      ),
    )
    const jobs = wrong.map((of, slice) => ({ slice, columns: of })).filter((job) => job.columns.length > 0)
    const read = await readAll(jobs)
    for (const [j, job] of jobs.entries()) {
      for (const [i, { field }] of job.columns.entries()) {
        const c = columns.findIndex((column) => column.field === field)
        ;(parts[job.slice] as ColumnPart[])[c] = read[j]?.columns[i] as ColumnPart
      }
    }
  }
}

/** Adds to `wrong` where a column must be read again. @returns whether it must be looked at once more then */
function addWrong(column: SliceColumn, parts: readonly ColumnPart[], wrong: readonly SliceColumn[][]): boolean {
  let { type } = column
  let isOpen = false
  for (const [slice, part] of parts.entries()) {
    if (part.started !== type && part.type !== undefined) {
      wrong[slice]?.push({ ...column, type })
      isOpen = true
    }
    type = joined(type, part.type)
  }
  if (isOpen || type !== 'string') return isOpen
  // Text in one slice makes text of all.
  for (const [slice, part] of parts.entries()) {
    if (part.type !== 'string' && part.type !== undefined) wrong[slice]?.push({ ...column, type: 'string' })
  }
  return false
}

/** The type that cells of two types have in common. */
function joined(a: ColumnType | undefined, b: ColumnType | undefined): ColumnType | undefined {
  if (a === undefined || a === b) return b ?? a
  if (b === undefined) return a
  const areNumbers = (a === 'int32' || a === 'float64') && (b === 'int32' || b === 'float64')
  return areNumbers ? 'float64' : 'string'
}

/** The parts of a column, in the order of the file. */
export interface FilePart {
  readonly parts: readonly ColumnPart[]
  /** Rows of each slice. */
  readonly rows: readonly number[]
  readonly numRows: number
  /** Spellings of missing, as bytes. */
  readonly missing: readonly Uint8Array[]
}

/** Puts the rows of all slices into a builder that has none. */
export function fillFromParts(builder: ColumnBuilder, { parts, rows, numRows, missing }: FilePart): void {
  const type = parts.reduce<ColumnType | undefined>((before, part) => joined(before, part.type), undefined)
  if (type === undefined) return
  const values = newValues(type, numRows)
  const dictionary = type === 'string' ? dictionaryOf(missing) : undefined
  let at = 0
  for (const [i, part] of parts.entries()) {
    const count = rows[i] as number
    if (part.type === undefined) values.fill(missingMark(type), at, at + count)
    else if (dictionary !== undefined)
      recode(part, { codes: codesIn(dictionary, part), missing: missing.length, out: values as Int32Array, at })
    else if (part.type === type) values.set(part.values, at)
    else toFloats(part.values as Int32Array, values as Float64Array, at)
    at += count
  }
  Object.assign(builder, { type, values, dictionary })
}

/** The number of each text of a part in the dictionary of the file. */
function codesIn(dictionary: ByteDictionary, { texts }: ColumnPart): Int32Array {
  if (texts === undefined) return new Int32Array(0)
  const view = viewOf(texts.bytes)
  const codes = new Int32Array(texts.offsets.length - 1)
  for (let i = 0; i < codes.length; i++) codes[i] = dictionary.codeOf(view, texts.offsets[i] as number, texts.offsets[i + 1] as number)
  return codes
}

/** Codes behind the `missing` spellings of missing count from zero. */
function recode(
  part: ColumnPart,
  to: { readonly codes: Int32Array; readonly missing: number; readonly out: Int32Array; readonly at: number },
): void {
  const { codes, missing, out, at } = to
  const values = part.values as Int32Array
  for (let row = 0; row < values.length; row++) {
    const code = values[row] as number
    out[at + row] = code === MISSING_CODE ? MISSING_CODE : (codes[code + missing] as number) - missing
  }
}

function toFloats(values: Int32Array, out: Float64Array, at: number): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number
    out[at + row] = value === MISSING_INT32 ? Number.NaN : value
  }
}
