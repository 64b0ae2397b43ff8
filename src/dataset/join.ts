/** Joins two tables by key. A hash join: linear in the rows of input and result. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, either, ofType, oneOf, wholeNumber } from '../core/options'
import { type Column, columnFrom, renameColumn, takeColumn } from '../schema/column'
import { isAssignable } from '../schema/schema'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'
import { groupCodes, NO_GROUP } from './group-codes'

/**
 * The rows of the result: `inner` matched pairs; `left` also unmatched left rows; `right` also unmatched right rows; `full` both;
 * `semi` left rows with a match, `anti` left rows without one (neither takes columns from the right).
 */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** Options of {@link join}. */
export interface JoinOptions {
  /** Key columns: one name, several, or left name → right name. */
  readonly on: string | readonly string[] | Readonly<Record<string, string>>
  /** @default 'inner' */
  readonly how?: JoinKind | undefined
  /** Added to the name of a right column that the left table also has. @default '_right' */
  readonly suffix?: string | undefined
  /** The most rows of the result: repeated keys on both sides multiply. @default 100_000_000 */
  readonly maxRows?: number | undefined
}

/**
 * Joins two tables on equal keys. A missing key matches nothing, not even another missing key. Rows come in the order of
 * the left table, then of the right one; unmatched right rows come last. Key columns appear once, under their left names.
 *
 * @example join(flights, planes, { on: 'tailnum', how: 'left' })
 * @throws NotFound for unknown columns, SchemaMismatch when keys cannot be compared (numbers with text, for example),
 * InvalidArgument when names clash in spite of the suffix or the result would have more than `maxRows` rows
 */
export function join(left: Table, right: Table, options: JoinOptions): Dataset {
  assertTable(left, 'join')
  assertTable(right, 'join')
  checkOptions('join', options, {
    on: either(ofType('string'), ofType('object')),
    how: oneOf('inner', 'left', 'right', 'full', 'semi', 'anti'),
    suffix: ofType('string'),
    maxRows: wholeNumber(0),
  })
  const how = options.how ?? 'inner'
  const on = keyNames(options.on)
  const { codes, count } = groupCodes(
    on.map(([leftName, rightName]) => [left.column(leftName), right.column(rightName)]),
    'none',
  )
  const { leftRows, rightRows } = match({ left: codes[0] as Int32Array, right: codes[1] as Int32Array, count }, how, options.maxRows ?? 1e8)
  const keys = new Map(on)
  const columns = left.columnNames.map((name) => {
    const column = left.column(name)
    const key = keys.get(name)
    return key !== undefined && (how === 'right' || how === 'full')
      ? coalesce(takeColumn(column, leftRows), takeColumn(right.column(key), rightRows))
      : takeColumn(column, leftRows)
  })
  if (how === 'semi' || how === 'anti') return new Dataset(columns)
  const rightKeys = new Set(on.map(([, name]) => name))
  const suffix = options.suffix ?? '_right'
  for (const name of right.columnNames) {
    if (rightKeys.has(name)) continue
    const outName = left.columnNames.includes(name) ? name + suffix : name
    if (columns.some((column) => column.name === outName)) {
      throw invalidArgument(`join would give two columns called ${show(outName)}; choose another \`suffix\` than ${show(suffix)}`)
    }
    columns.push(renameColumn(takeColumn(right.column(name), rightRows), outName))
  }
  return new Dataset(columns)
}

function keyNames(on: JoinOptions['on']): [string, string][] {
  const pairs: [string, string][] =
    typeof on === 'string'
      ? [[on, on]]
      : Array.isArray(on)
        ? on.map((name: string) => [name, name])
        : Object.entries(on as Record<string, string>)
  if (pairs.length === 0) throw invalidArgument('`on` of join must name at least one key column')
  return pairs
}

interface Groups {
  readonly left: Int32Array
  readonly right: Int32Array
  readonly count: number
}

/** Row numbers of both sides for each row of the result; −1 where a side has none. */
function match(groups: Groups, how: JoinKind, maxRows: number): { leftRows: Int32Array; rightRows: Int32Array } {
  const { starts, rows } = rowsByGroup(groups.right, groups.count)
  const matchesOf = (group: number): number => (group === NO_GROUP ? 0 : (starts[group + 1] as number) - (starts[group] as number))
  const keepLeft = how === 'left' || how === 'full'
  const perRow = (matches: number): number => {
    if (how === 'semi') return matches > 0 ? 1 : 0
    if (how === 'anti') return matches > 0 ? 0 : 1
    return matches === 0 && keepLeft ? 1 : matches
  }
  let total = 0
  for (const group of groups.left) total += perRow(matchesOf(group))
  const lonely = how === 'right' || how === 'full' ? unmatched(groups) : new Int32Array(0)
  total += lonely.length
  if (total > maxRows)
    throw invalidArgument(`join would give ${total} rows, more than \`maxRows\` ${maxRows}; are the keys unique on one side?`)
  const leftRows = new Int32Array(total)
  const rightRows = new Int32Array(total).fill(-1)
  let at = 0
  groups.left.forEach((group, row) => {
    const matches = matchesOf(group)
    const count = perRow(matches)
    for (let i = 0; i < count; i++) {
      leftRows[at] = row
      if (matches > 0 && how !== 'semi') rightRows[at] = rows[(starts[group] as number) + i] as number
      at++
    }
  })
  leftRows.fill(-1, at)
  rightRows.set(lonely, at)
  return { leftRows, rightRows }
}

/** Rows sorted by group (counting sort, stable): group g holds `rows[starts[g]]` … `rows[starts[g + 1] - 1]`. */
function rowsByGroup(codes: Int32Array, count: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (const group of codes) if (group !== NO_GROUP) starts[group + 1] = (starts[group + 1] as number) + 1
  for (let g = 0; g < count; g++) starts[g + 1] = (starts[g + 1] as number) + (starts[g] as number)
  const next = starts.slice(0, count)
  const rows = new Int32Array(starts[count] as number)
  codes.forEach((group, row) => {
    if (group === NO_GROUP) return
    rows[next[group] as number] = row
    next[group] = (next[group] as number) + 1
  })
  return { starts, rows }
}

function unmatched({ left, right, count }: Groups): Int32Array {
  const seen = new Uint8Array(count)
  for (const group of left) if (group !== NO_GROUP) seen[group] = 1
  const lonely: number[] = []
  right.forEach((group, row) => {
    if (group === NO_GROUP || seen[group] === 0) lonely.push(row)
  })
  return Int32Array.from(lonely)
}

/** The cells of `first`, replaced by those of `second` where they are missing. */
function coalesce(first: Column, second: Column): Column {
  const type = isAssignable(second.type, first.type) ? first.type : second.type
  const cells = Array.from({ length: first.length }, (_, row) => first.at(row) ?? second.at(row))
  return columnFrom(first.name, type, cells)
}
