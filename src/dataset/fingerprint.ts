/** The fingerprint of a table: a digest of its content. */
import { type Hasher, sha256 } from '../core/hash'
import { canonicalJson } from '../core/json'
import { type Column, MISSING_CODE } from '../schema/column'
import { assertTable, type Table } from '../schema/table'

/**
 * The SHA-256 digest of a table's content: column names, types, order, and every cell, in lower-case hexadecimal. Tables with
 * equal cells have equal fingerprints, however they were created: the order of a dictionary, its unused entries, slices and
 * copies do not count; −0 equals 0. Renaming, reordering or retyping a column changes it.
 *
 * The digest is computed from, in order: the text `millwright-table-1`, the canonical JSON of `{ columns: [{ name, type }], numRows }`, then
 * column by column the little-endian cells (float64 and timestamp 8 bytes, `NaN` as 7ff8…; int32 4 bytes; boolean 1 byte; text as int32
 * numbers by first appearance, −1 for missing, followed by the distinct texts in that order as canonical JSON).
 */
export function fingerprint(table: Table): string {
  assertTable(table, 'fingerprint')
  const hasher = sha256().update('millwright-table-1')
  const columns = table.columnNames.map((name) => table.column(name))
  hasher.update(canonicalJson({ columns: columns.map(({ name, type }) => ({ name, type })), numRows: table.numRows }))
  for (const column of columns) addColumn(hasher, column)
  return hasher.digest()
}

function addColumn(hasher: Hasher, column: Column): void {
  const { type, storage: values } = column
  if (type === 'string') {
    addText(hasher, column)
    return
  }
  if (type !== 'float64' && type !== 'timestamp') {
    hasher.update(bytesOf(values))
    return
  }
  const canonical = new Float64Array(Math.min(values.length, 8192))
  for (let from = 0; from < values.length; from += canonical.length) {
    const count = Math.min(canonical.length, values.length - from)
    for (let i = 0; i < count; i++) {
      const value = values[from + i] as number
      canonical[i] = value === 0 ? 0 : value !== value ? Number.NaN : value
    }
    hasher.update(bytesOf(canonical.subarray(0, count)))
  }
}

function addText(hasher: Hasher, { storage: values, dictionary = [] }: Column): void {
  const renumbered = new Int32Array(dictionary.length).fill(MISSING_CODE)
  const texts: string[] = []
  const codes = new Int32Array(values.length)
  for (let row = 0; row < codes.length; row++) {
    const code = values[row] as number
    if (code === MISSING_CODE) {
      codes[row] = MISSING_CODE
      continue
    }
    if (renumbered[code] === MISSING_CODE) {
      renumbered[code] = texts.length
      texts.push(dictionary[code] as string)
    }
    codes[row] = renumbered[code] as number
  }
  hasher.update(bytesOf(codes)).update(canonicalJson(texts))
}

/** The memory of a typed array. All platforms of today's JavaScript engines are little-endian. */
function bytesOf(values: Float64Array | Int32Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
