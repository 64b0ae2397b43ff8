/** Filters of logged rows by input columns, and the groups that a rule or a query divides rows into. */
import { invalidArgument, show } from '../core/errors'
import type { LoggedPrediction } from './logged-prediction'

/** A value of an input column. */
export type FilterValue = string | number | boolean | null

/** Values of input columns that a row must have, each one value or one of several: `{ region: ['north', 'east'] }`. `null` is a missing cell. */
export type RowFilter = Readonly<Record<string, FilterValue | readonly FilterValue[]>>

/** Checks a filter. @throws InvalidArgument naming `subject` */
export function assertFilter(filter: unknown, subject: string): asserts filter is RowFilter {
  const isValue = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    throw invalidArgument(`\`where\` of ${subject} must be an object such as { region: 'north' }, got ${show(filter)}`)
  for (const [column, value] of Object.entries(filter)) {
    const fits = Array.isArray(value) ? value.length > 0 && value.every(isValue) : isValue(value)
    if (!fits) {
      const allowed = 'a string, number, boolean or null, or a list of them'
      throw invalidArgument(`the value of ${show(column)} in \`where\` of ${subject} must be ${allowed}, got ${show(value)}`)
    }
  }
}

/** Whether a row has the values of a filter. */
export function matcherOf(filter: RowFilter): (row: LoggedPrediction) => boolean {
  const wanted = Object.entries(filter).map(([column, value]) => [column, new Set(Array.isArray(value) ? value : [value])] as const)
  return ({ input }) => wanted.every(([column, values]) => values.has(cellOf(input[column])))
}

/** A group of rows: `{ version: '3' }` or `{ region: 'north' }`, as text. */
export interface RowGroup {
  readonly group: Readonly<Record<string, string>>
  readonly rows: readonly LoggedPrediction[]
}

/** Divides rows by model version or by an input column, the largest group first. A missing cell is the group `''`. */
export function groupRows(rows: readonly LoggedPrediction[], by: 'version' | { readonly column: string }): RowGroup[] {
  const groups = new Map<string, LoggedPrediction[]>()
  for (const row of rows) {
    const key = by === 'version' ? row.version : String(cellOf(row.input[by.column]) ?? '')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const name = by === 'version' ? 'version' : by.column
  return [...groups].sort(([, a], [, b]) => b.length - a.length).map(([value, members]) => ({ group: { [name]: value }, rows: members }))
}

/** A cell as it is compared: `NaN` and `undefined` are missing. */
function cellOf(cell: unknown): FilterValue {
  if (cell === undefined || cell === null || Number.isNaN(cell)) return null
  return typeof cell === 'number' || typeof cell === 'boolean' ? cell : String(cell)
}
