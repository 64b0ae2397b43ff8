/** Figures by group. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { nearest } from '../core/spelling'
import { type Column, makeColumn, takeColumn } from '../schema/column'
import type { CellOf, ColumnName, NameOf, RowOf, Selected } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { type AggregateFunction, type AggregateName, aggregate, aggregateNames, type Groups } from './aggregates'
import { Dataset } from './dataset'
import { firstRows, groupCodes, NO_GROUP, rowsByGroup } from './group-codes'

/**
 * One figure of each group: `'size'` (its rows), or a column with the name of an aggregate, with `'quantile'` and a share in [0, 1], or with a
 * function of the group's cells.
 */
export type Aggregation<Name extends string = string> =
  | 'size'
  | readonly [column: Name, aggregate: Exclude<AggregateName, 'quantile'>]
  | readonly [column: Name, aggregate: 'quantile', share: number]
  | readonly [column: Name, aggregate: AggregateFunction]

/** The cell that an aggregation of rows of type `R` gives. */
export type AggregatedCell<R, How> = How extends readonly [infer Name, infer What, ...unknown[]]
  ? What extends 'min' | 'max' | 'first' | 'last'
    ? Name extends keyof R
      ? R[Name]
      : never
    : What extends 'mean' | 'median' | 'quantile'
      ? number | (Name extends keyof R ? Extract<R[Name], null> : never)
      : FigureCell<What>
  : number

/** The cell of an aggregate whose type does not depend on its column. */
export type FigureCell<What> = What extends 'sd' ? number | null : What extends (cells: Column) => infer Cell ? CellOf<Cell> : number

/** A row of groups with their figures: the keys, then one column a figure. */
export type AggregatedRow<R extends object, Key extends PropertyKey, Figures> = string extends Key
  ? R
  : {
      [Name in Key | keyof Figures]: Name extends keyof Figures
        ? AggregatedCell<R, Figures[Name]>
        : Selected<R, Key>[Name & keyof Selected<R, Key>]
    }

/** Options of {@link groupBy}. */
export interface GroupByOptions {
  /** Rows with a missing key: a group of their own, or in no group. @default 'group' */
  readonly missing?: 'group' | 'drop' | undefined
}

/** A table in groups. */
export interface GroupedTable<R extends object, Key extends string> {
  /** How many groups there are. */
  readonly numGroups: number
  /**
   * One row a group: the keys, and the figures under their new names. Missing cells are left out of every figure.
   *
   * | figure | type | of no value |
   * | --- | --- | --- |
   * | `size`, `count`, `nunique` | int32 | 0 |
   * | `sum` of whole numbers and booleans | int32 while every sum fits, else float64 | 0 |
   * | `sum` of float64 | float64 | 0 |
   * | `mean`, `median`, `quantile` | float64; timestamp of timestamps | missing |
   * | `sd` (n − 1) | float64 | missing, also of one value |
   * | `min`, `max`, `first`, `last` | the type of the column | missing |
   * | a function | the narrowest for its results | |
   *
   * @throws NotFound for an unknown column; InvalidArgument for an unknown aggregate, one that the column's type does not have, or a name
   * that is a key's
   */
  agg<const Figures extends Readonly<Record<string, Aggregation<ColumnName<R>>>>>(figures: Figures): Dataset<AggregatedRow<R, Key, Figures>>
}

/**
 * A table in groups of equal keys, for `agg`. Groups come in order of first appearance.
 *
 * @example
 * groupBy(flights, ['origin', 'carrier']).agg({ flights: 'size', delay: ['dep_delay', 'mean'], p90: ['dep_delay', 'quantile', 0.9] })
 * @throws NotFound for an unknown column, InvalidArgument without one
 */
export function groupBy<T extends Table, const Name extends NameOf<T>>(
  table: T,
  keys: Name | readonly Name[],
  options: GroupByOptions = {},
): GroupedTable<RowOf<T>, Name> {
  assertTable(table, 'groupBy')
  checkOptions('groupBy', options, { missing: oneOf('group', 'drop') })
  const names: readonly string[] = typeof keys === 'string' ? [keys] : keys
  if (!Array.isArray(names) || names.length === 0) throw invalidArgument(`groupBy needs at least one column, got ${show(keys)}`)
  const columns = names.map((name) => table.column(name))
  const groups = groupsOf(columns, options.missing === 'drop' ? 'none' : 'group')
  return {
    numGroups: groups.count,
    agg(figures) {
      const firsts = firstRows(groups.codes, groups.count)
      const given = Object.entries(figures as Readonly<Record<string, Aggregation>>)
      const clash = given.find(([name]) => names.includes(name))
      if (clash !== undefined) throw invalidArgument(`agg would give two columns called ${show(clash[0])}: it is a key`)
      return new Dataset([
        ...columns.map((column) => takeColumn(column, firsts)),
        ...given.map(([name, how]) => figureOf(table, groups, name, how)),
      ])
    },
  }
}

/** The rows of the columns' table in groups. */
export function groupsOf(columns: readonly Column[], missing: 'group' | 'none'): Groups {
  const { codes, count } = groupCodes(
    columns.map((column) => [column]),
    missing,
  )
  return groupsOfCodes(codes[0] as Int32Array, count)
}

/** Groups of rows that are numbered. */
export function groupsOfCodes(codes: Int32Array, count: number): Groups {
  let sorted: ReturnType<typeof rowsByGroup> | undefined
  return {
    codes,
    count,
    sums: new Map(),
    sorted: () => {
      sorted ??= rowsByGroup(codes, count)
      return sorted
    },
  }
}

/** One figure as a column. @throws InvalidArgument saying what an aggregation is */
export function figureOf(table: Table, groups: Groups, ...[name, how]: [name: string, how: Aggregation]): Column {
  if (how === 'size') return makeColumn(name, { type: 'int32', values: sizes(groups) })
  if (!Array.isArray(how) || typeof how[0] !== 'string') {
    throw invalidArgument(`the figure ${show(name)} must be 'size' or [column, aggregate], got ${show(how)}`, {
      hint: `{ ${name}: ['delay', 'mean'] }`,
    })
  }
  const [from, what, share] = how as readonly [string, unknown, unknown]
  const column = table.column(from)
  if (typeof what !== 'function' && !(aggregateNames as readonly unknown[]).includes(what)) {
    const meant = typeof what === 'string' ? nearest(what, [...aggregateNames, ...Object.keys(otherNames)]) : undefined
    const ours = meant === undefined ? undefined : (otherNames[meant] ?? meant)
    throw invalidArgument(
      `the aggregate of ${show(name)} must be one of ${aggregateNames.map((known) => `'${known}'`).join(', ')} or a function, got ${show(what)}`,
      ours === undefined ? {} : { hint: `did you mean '${ours}'?` },
    )
  }
  if (what === 'quantile' && !(typeof share === 'number' && share >= 0 && share <= 1)) {
    throw invalidArgument(`the share of quantile ${show(name)} must be a number from 0 to 1, got ${show(share)}`, {
      hint: `['${from}', 'quantile', 0.9]`,
    })
  }
  return aggregate(column, groups, { name, how: what as AggregateName | AggregateFunction, share: share as number })
}

/** Words of other tools for our aggregates. */
const otherNames: Readonly<Record<string, AggregateName>> = {
  std: 'sd',
  stddev: 'sd',
  stdev: 'sd',
  avg: 'mean',
  average: 'mean',
  minimum: 'min',
  maximum: 'max',
  distinct: 'nunique',
  unique: 'nunique',
  total: 'sum',
}

function sizes({ codes, count }: Groups): Int32Array {
  const found = new Int32Array(count)
  for (const group of codes) if (group !== NO_GROUP) found[group] = (found[group] as number) + 1
  return found
}
