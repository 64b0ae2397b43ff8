/** Rows drawn at random. */
import { invalidArgument } from '../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { createRng, type Rng } from '../core/random'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { Dataset } from './dataset'
import { takeRows } from './filter'
import { groupsOf } from './group-by'

/** Options of {@link sample}. */
export interface SampleOptions<Name extends string = string> {
  /** How many rows; with `by`, of each group. */
  readonly n?: number | undefined
  /** Instead of `n`: the share of the rows, rounded to the nearest row; with `by`, of each group. */
  readonly fraction?: number | undefined
  /** Whether a row may be drawn again. @default false */
  readonly replace?: boolean | undefined
  /** Draws from each group of equal values of these columns. */
  readonly by?: Name | readonly Name[] | undefined
  /** Seed of the draw. @default 0 */
  readonly seed?: number | undefined
}

/**
 * Rows drawn at random, in the order of the draw; with `by` group after group. The same seed draws the same rows everywhere.
 *
 * @example sample(flights, { fraction: 0.1, by: 'carrier', seed: 7 })
 * @throws InvalidArgument unless one of `n` and `fraction` is given, or when there are too few rows to draw without `replace`; NotFound
 */
export function sample<T extends Table>(table: T, options: SampleOptions<NameOf<T>>): Dataset<RowOf<T>> {
  assertTable(table, 'sample')
  checkOptions('sample', options, {
    n: wholeNumber(0),
    fraction: finiteNumber(0),
    replace: ofType('boolean'),
    by: either(nonEmptyString(), arrayOf(nonEmptyString())),
    seed: finiteNumber(),
  })
  if ((options?.n === undefined) === (options?.fraction === undefined)) {
    throw invalidArgument('sample needs either `n` or `fraction`', { hint: 'sample(data, { n: 100, seed: 7 })' })
  }
  const rng = createRng(options.seed ?? 0)
  const names = (options.by === undefined ? [] : typeof options.by === 'string' ? [options.by] : options.by) as readonly string[]
  if (names.length === 0) {
    const all = Int32Array.from({ length: table.numRows }, (_, row) => row)
    return takeRows(table, draw(all, rng, { ...options, from: 'the table' }))
  }
  const columns = names.map((name) => table.column(name))
  const groups = groupsOf(columns, 'group')
  const { starts, rows } = groups.sorted()
  const drawn: Int32Array[] = []
  for (let group = 0; group < groups.count; group++) {
    const own = rows.slice(starts[group], starts[group + 1])
    const key = columns.map((column) => `${column.name} = ${String(column.at(own[0] as number))}`).join(', ')
    drawn.push(draw(own, rng, { ...options, from: `the group ${key}` }))
  }
  const all = new Int32Array(drawn.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of drawn) {
    all.set(part, at)
    at += part.length
  }
  return takeRows(table, all)
}

interface Draw {
  readonly n?: number | undefined
  readonly fraction?: number | undefined
  readonly replace?: boolean | undefined
  /** Named in messages. */
  readonly from: string
}

/** Some of `rows`, which are reordered. */
function draw(rows: Int32Array, rng: Rng, { n, fraction, replace, from }: Draw): Int32Array {
  const count = n ?? Math.round((fraction as number) * rows.length)
  if (replace === true && rows.length > 0) return Int32Array.from({ length: count }, () => rows[rng.int(rows.length)] as number)
  if (count > rows.length) {
    throw invalidArgument(`sample cannot draw ${count} rows from ${from}, which has ${rows.length}`, {
      hint: 'with `replace: true` a row may be drawn again',
    })
  }
  for (let i = 0; i < count; i++) {
    const j = i + rng.int(rows.length - i)
    const swap = rows[i] as number
    rows[i] = rows[j] as number
    rows[j] = swap
  }
  return rows.subarray(0, count)
}
