/** Joins two tables by key. A hash join: linear in the rows of input and result. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, either, ofType, oneOf, wholeNumber } from '../core/options'
import { type Column, columnFrom, columnInit, isMissingAt, makeColumn, renameColumn } from '../schema/column'
import { pickColumn, pickRows } from '../schema/pick-rows'
import type { DataRow, NameOf, RowOf } from '../schema/row-types'
import { isAssignable } from '../schema/schema'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'
import { groupCodes, NO_GROUP, rowsByGroup } from './group-codes'

/**
 * The rows of the result: `inner` matched pairs; `left` also unmatched left rows; `right` also unmatched right rows; `full` both;
 * `semi` left rows with a match, `anti` left rows without one (neither takes columns from the right).
 */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** Key columns: one name, several, or left name → right name. */
export type JoinKeys<Left extends string = string, Right extends string = string> =
  | (Left & Right)
  | readonly (Left & Right)[]
  | { readonly [Name in Left]?: Right }

/** What is added to the name of a column that both tables have: to the right one's, or to the left one's and the right one's. */
export type JoinSuffix = string | readonly [left: string, right: string]

/** Options of {@link join}. */
export interface JoinOptions<On extends JoinKeys = JoinKeys, How extends JoinKind = JoinKind, Suffix extends JoinSuffix = JoinSuffix> {
  /** Key columns: one name, several, or left name → right name. */
  readonly on: On
  /** @default 'inner' */
  readonly how?: How | undefined
  /** Added to the name of a column that both tables have. @default '_right' */
  readonly suffix?: Suffix | undefined
  /** The most rows that may come out: repeated keys on both sides multiply. @default 100_000_000 */
  readonly maxRows?: number | undefined
}

/** The left key columns of `On`. */
export type LeftKeys<On> = On extends string ? On : On extends readonly (infer Name)[] ? Name : keyof On
/** The right key columns of `On`. */
export type RightKeys<On> = On extends string ? On : On extends readonly (infer Name)[] ? Name : On[keyof On]
/** The right key column that goes with the left one called `Name`. */
export type RightKeyOf<On, Name> = On extends string | readonly unknown[] ? Name : Name extends keyof On ? On[Name] : never
/** The suffix of left columns. */
export type LeftSuffix<Suffix> = Suffix extends readonly [infer Left extends string, string] ? Left : ''
/** The suffix of right columns. */
export type RightSuffix<Suffix> = Suffix extends readonly [string, infer Right extends string] ? Right : Suffix & string

/** The columns of the left row in the joined one: keys keep their names. */
export type JoinedLeft<L, R, On, How, Suffix> = {
  [Name in keyof L as Name extends LeftKeys<On>
    ? Name
    : Name extends Exclude<keyof R, RightKeys<On>>
      ? `${Name & string}${LeftSuffix<Suffix>}`
      : Name]: Name extends LeftKeys<On>
    ? How extends 'right' | 'full'
      ? L[Name] | R[RightKeyOf<On, Name> & keyof R]
      : L[Name]
    : How extends 'right' | 'full'
      ? L[Name] | null
      : L[Name]
}

/** The columns of the right row in the joined one: those that are no keys. */
export type JoinedRight<L, R, On, How, Suffix> = {
  [Name in Exclude<keyof R, RightKeys<On>> as Name extends keyof L ? `${Name & string}${RightSuffix<Suffix>}` : Name]: How extends
    | 'left'
    | 'full'
    ? R[Name] | null
    : R[Name]
}

/** The row of a join; of columns that are not known to the compiler, {@link DataRow}. */
export type JoinedRow<L extends object, R extends object, On, How, Suffix> = How extends 'semi' | 'anti'
  ? L
  : string extends keyof L | keyof R | LeftKeys<On>
    ? DataRow
    : Flat<JoinedLeft<L, R, On, How, Suffix> & JoinedRight<L, R, On, How, Suffix>>

/** An intersection as one object type. */
export type Flat<R> = { [Name in keyof R]: R[Name] }

/**
 * Joins two tables on equal keys. A missing key matches nothing, not even another missing key, as in SQL (pandas matches them). Rows come
 * in the order of the left table, then of the right one; unmatched right rows come last. Key columns appear once, under their left names.
 *
 * @example join(flights, planes, { on: 'tailnum', how: 'left', suffix: '_plane' })
 * @throws NotFound for unknown columns, SchemaMismatch when keys cannot be compared (numbers with text, for example),
 * InvalidArgument when names clash in spite of the suffix or the result would have more than `maxRows` rows
 */
export function join<
  L extends Table,
  R extends Table,
  const On extends JoinKeys<NameOf<L>, NameOf<R>>,
  const How extends JoinKind = 'inner',
  const Suffix extends JoinSuffix = '_right',
>(left: L, right: R, options: JoinOptions<On, How, Suffix>): Dataset<JoinedRow<RowOf<L>, RowOf<R>, On, How, Suffix>> {
  assertTable(left, 'join')
  assertTable(right, 'join')
  checkOptions('join', options, {
    on: either(ofType('string'), ofType('object')),
    how: oneOf('inner', 'left', 'right', 'full', 'semi', 'anti'),
    suffix: either(ofType('string'), { allowed: 'an array of two strings', test: isPairOfText }),
    maxRows: wholeNumber(0),
  })
  const how: JoinKind = options.how ?? 'inner'
  const on = keyNames(options.on)
  const { codes, count } = groupCodes(
    on.map(([leftName, rightName]) => [left.column(leftName), right.column(rightName)]),
    'none',
  )
  const { leftRows, rightRows } = match({ left: codes[0] as Int32Array, right: codes[1] as Int32Array, count }, how, options.maxRows ?? 1e8)
  const [leftPick, rightPick] = [pickRows(leftRows, left.numRows), pickRows(rightRows, right.numRows)]
  const keys = new Map(on)
  const rightKeys = new Set(on.map(([, name]) => name))
  const suffix: JoinSuffix = options.suffix ?? '_right'
  const [leftSuffix, rightSuffix] = typeof suffix === 'string' ? ['', suffix] : suffix
  const isShared = (name: string): boolean => !keys.has(name) && !rightKeys.has(name) && right.columnNames.includes(name)
  const isSemi = how === 'semi' || how === 'anti'
  const columns = left.columnNames.map((name) => {
    const column = left.column(name)
    const key = keys.get(name)
    if (key !== undefined && (how === 'right' || how === 'full')) {
      return coalesce(pickColumn(column, leftPick), pickColumn(right.column(key), rightPick))
    }
    return renameColumn(pickColumn(column, leftPick), isShared(name) && !isSemi ? name + leftSuffix : name)
  })
  if (!isSemi) {
    for (const name of right.columnNames) {
      if (rightKeys.has(name)) continue
      const outName = left.columnNames.includes(name) ? name + rightSuffix : name
      columns.push(renameColumn(pickColumn(right.column(name), rightPick), outName))
    }
  }
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (seen.has(name)) throw invalidArgument(`join would give two columns called ${show(name)}; choose another \`suffix\``)
    seen.add(name)
  }
  return new Dataset(columns)
}

function isPairOfText(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string')
}

function keyNames(on: unknown): [string, string][] {
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
  const keepLeft = how === 'left' || how === 'full'
  /** Rows that a left row of each group comes out in. */
  const perGroup = new Int32Array(groups.count)
  for (let group = 0; group < groups.count; group++) {
    const matches = (starts[group + 1] as number) - (starts[group] as number)
    perGroup[group] =
      how === 'semi' ? Math.min(1, matches) : how === 'anti' || (matches === 0 && keepLeft) ? 1 - Math.min(1, matches) : matches
  }
  const lonelyCount = keepLeft || how === 'anti' ? 1 : 0
  let total = 0
  for (let row = 0; row < groups.left.length; row++) {
    const group = groups.left[row] as number
    total += group === NO_GROUP ? lonelyCount : (perGroup[group] as number)
  }
  const lonely = how === 'right' || how === 'full' ? unmatched(groups) : new Int32Array(0)
  total += lonely.length
  if (total > maxRows)
    throw invalidArgument(`join would give ${total} rows, more than \`maxRows\` ${maxRows}; are the keys unique on one side?`)
  const leftRows = new Int32Array(total)
  const rightRows = new Int32Array(total).fill(-1)
  let at = 0
  for (let row = 0; row < groups.left.length; row++) {
    const group = groups.left[row] as number
    const count = group === NO_GROUP ? lonelyCount : (perGroup[group] as number)
    const start = group === NO_GROUP ? 0 : (starts[group] as number)
    const hasMatch = group !== NO_GROUP && how !== 'semi' && start < (starts[group + 1] as number)
    for (let i = 0; i < count; i++) {
      leftRows[at] = row
      if (hasMatch) rightRows[at] = rows[start + i] as number
      at++
    }
  }
  leftRows.fill(-1, at)
  rightRows.set(lonely, at)
  return { leftRows, rightRows }
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
  if (first.type === 'string' || first.type !== second.type) {
    const type = isAssignable(second.type, first.type) ? first.type : second.type
    const cells = Array.from({ length: first.length }, (_, row) => first.at(row) ?? second.at(row))
    return columnFrom(first.name, type, cells)
  }
  const values = first.storage.slice()
  for (let row = 0; row < values.length; row++) if (isMissingAt(first, row)) values[row] = second.storage[row] as number
  return makeColumn(first.name, { ...columnInit(first), values } as Parameters<typeof makeColumn>[1])
}
