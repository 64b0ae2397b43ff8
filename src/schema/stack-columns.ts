/** Columns one below the other. */
import { type Column, type ColumnType, MISSING_INT32, makeColumn, newValues } from './column'

/** The cells of all columns under the name of the first. All are of one type, or `int32` and `float64`, which gives `float64`. */
export function stackColumns(columns: readonly Column[]): Column {
  const [first] = columns as [Column]
  const type: ColumnType = columns.some((column) => column.type === 'float64') ? 'float64' : first.type
  const values = newValues(
    type,
    columns.reduce((sum, column) => sum + column.length, 0),
  )
  const codes = new Map<string, number>()
  let at = 0
  for (const column of columns) {
    if (type === 'string') {
      const map = (column.dictionary ?? []).map((text) => {
        let code = codes.get(text)
        if (code === undefined) {
          code = codes.size
          codes.set(text, code)
        }
        return code
      })
      for (const code of column.storage) values[at++] = code < 0 ? code : (map[code] as number)
    } else if (column.type === 'int32' && type === 'float64') {
      for (const value of column.storage) values[at++] = value === MISSING_INT32 ? Number.NaN : value
    } else {
      values.set(column.storage, at)
      at += column.length
    }
  }
  const dictionary = type === 'string' ? { dictionary: [...codes.keys()] } : {}
  return makeColumn(first.name, { type, values, ...dictionary } as Parameters<typeof makeColumn>[1])
}
