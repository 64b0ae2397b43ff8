/** Checks the names of columns: unknown ones, misspelt ones, and input that has none of the model's columns. */
import { show } from '../core/errors'
import { isMisspelling } from '../core/spelling'
import type { ColumnSpec } from '../schema/signature'
import type { Table } from '../schema/table'

/** What to do with columns the model does not have; see `InputPolicy`. */
export type UnknownColumns = 'misspelt' | 'ignore' | 'error'

/** Collects the problems. */
interface NameLog {
  add(path: readonly (string | number)[], code: string, message: string): void
}

/** Checks names against the columns of a model; problems are logged as `unknown-column` or `not-a-row`. */
export interface NameCheck {
  /** `absent`: how many columns of the model the row lacks. */
  checkRow(row: Readonly<Record<string, unknown>>, index: number, absent: number, log: NameLog): void
  checkTable(table: Table, log: NameLog): void
}

/** How many unknown names of one call are checked for misspellings. */
const MAX_COMPARED = 200

/** A check of names against `columns`. */
export function createNameCheck(columns: readonly ColumnSpec[], policy: UnknownColumns = 'misspelt'): NameCheck {
  const known = new Set(columns.map(({ name }) => name))
  const needed = new Set(columns.filter(({ required }) => required !== false).map(({ name }) => name))
  const candidates = new Map<string, readonly string[]>()
  const meantBy = (name: string, isAbsent: (known: string) => boolean): string | undefined => {
    let near = candidates.get(name)
    if (near === undefined) {
      near = candidates.size < MAX_COMPARED ? [...known].filter((column) => isMisspelling(name, column)) : []
      if (candidates.size < MAX_COMPARED) candidates.set(name, near)
    }
    return near.find(isAbsent)
  }

  /** Reports unknown names. @returns how many there are */
  function check(names: readonly string[], has: (name: string) => boolean, path: readonly number[], subject: string, log: NameLog): number {
    let count = 0
    for (const name of names) {
      if (known.has(name)) continue
      const meant = policy === 'ignore' ? undefined : meantBy(name, (column) => !has(column))
      if (policy !== 'error' && meant === undefined) continue
      count++
      const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
      log.add([...path, name], 'unknown-column', `${subject}the model has no column ${JSON.stringify(name)}${hint}`)
    }
    return count
  }

  return {
    checkRow(row, index, absent, log) {
      const names = Object.keys(row)
      const reported = check(names, (name) => Object.hasOwn(row, name), [index], `row ${index}: `, log)
      // A required column that is absent is reported as missing already.
      if (reported > 0 || absent < columns.length || needed.size > 0) return
      log.add([index], names.length === 0 ? 'not-a-row' : 'unknown-column', `row ${index} ${noneOf(names, [...known])}`)
    },
    checkTable(table, log) {
      const names = new Set(table.columnNames)
      const reported = check(table.columnNames, (name) => names.has(name), [], '', log)
      if (reported > 0 || needed.size > 0 || table.numRows === 0 || columns.some(({ name }) => names.has(name))) return
      log.add([], 'unknown-column', `the table ${noneOf(table.columnNames, [...known])}`)
    },
  }
}

/** The message for a row that has none of the model's columns: its own columns and those of the model. */
export function noneOf(names: readonly string[], columns: readonly string[]): string {
  return `has none of the model's columns: it has ${listed(names)}, the model has ${listed(columns)}`
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no column'
  const more = names.length > 6 ? ` and ${names.length - 6} more` : ''
  return names.slice(0, 6).map(show).join(', ') + more
}
