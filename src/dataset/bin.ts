/** Numbers in bins. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import { type Column, MISSING_CODE, MISSING_INT32, makeColumn, toFloat64 } from '../schema/column'
import type { NameOf, RowOf, WithCell } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { quantileSorted } from '../stats/elementary'
import { sortFloat64 } from '../stats/sort'
import { Dataset } from './dataset'

/** Options of {@link bin}: one of `edges`, `count` and `quantiles`. */
export interface BinOptions<As extends string = string, Labels extends BinLabels = BinLabels> {
  /** k + 1 ascending edges of k bins, `-Infinity` and `Infinity` allowed; values outside are missing. */
  readonly edges?: readonly number[] | undefined
  /** So many bins of equal width from the least to the greatest value. */
  readonly count?: number | undefined
  /** So many bins with equal numbers of rows, or the quantiles (from 0 to 1) that are their edges. */
  readonly quantiles?: number | readonly number[] | undefined
  /** Names of the bins, or `false` for their numbers from 0. @default intervals such as `(0, 10]` */
  readonly labels?: Labels | undefined
  /** The side on which a bin holds its edge: `right` for (a, b]. With `quantiles` it is always right. @default 'right' */
  readonly closed?: 'right' | 'left' | undefined
  /** Whether the first bin holds its lower edge too (the last its upper one when `closed` is `left`). Always with `quantiles`. @default false */
  readonly includeLowest?: boolean | undefined
  /** Equal quantiles: an error, or fewer bins. @default 'error' */
  readonly duplicates?: 'error' | 'drop' | undefined
  /** The name of the new column. @default the column's with `_bin` */
  readonly as?: As | undefined
}

/** Labels of bins. */
export type BinLabels = readonly string[] | false

/**
 * The dataset with the bin of each number in a new column at the end; text, or `int32` with `labels: false`. Missing cells stay missing.
 * Edges and labels are those of pandas: with `count` the lowest edge is moved down by 0.1 % of the range, so that the least value is inside.
 *
 * @example bin(penguins, 'mass', { edges: [0, 3500, 4500, 7000], labels: ['light', 'medium', 'heavy'], as: 'weight' })
 * @throws NotFound; InvalidArgument for text, edges that do not ascend, another number of labels than bins, or a column without values
 */
export function bin<
  T extends Table,
  const Name extends NameOf<T>,
  const As extends string = `${Name}_bin`,
  const Labels extends BinLabels = readonly string[],
>(
  table: T,
  name: Name,
  options: BinOptions<As, Labels>,
): Dataset<WithCell<RowOf<T>, As, (Labels extends false ? number : Labels extends readonly string[] ? Labels[number] : string) | null>> {
  assertTable(table, 'bin')
  checkBinOptions(options)
  const { quantiles, as = `${name}_bin` } = options
  const labels: BinLabels | undefined = options.labels
  const column = table.column(name)
  if (column.type !== 'int32' && column.type !== 'float64') {
    throw invalidArgument(`bin needs numbers, column ${show(name)} is ${column.type}`)
  }
  if (table.columnNames.includes(as)) throw invalidArgument(`bin would give two columns called ${show(as)}; choose another \`as\``)
  const values = toFloat64(column)
  const edges = edgesOf(column, values, options)
  const settings = {
    left: quantiles === undefined && options.closed === 'left',
    lowest: quantiles !== undefined || options.includeLowest === true,
  }
  const bins = binNumbers(values, edges, settings)
  const names =
    labels === false
      ? undefined
      : (labels ?? intervalNames(edges, { ...settings, isWhole: options.edges?.every(Number.isInteger) === true }))
  if (names !== undefined && names.length !== edges.length - 1) {
    throw invalidArgument(`bin makes ${edges.length - 1} bins, \`labels\` has ${names.length}`)
  }
  return new Dataset([...table.columnNames.map((other) => table.column(other)), binColumn(as, bins, names)])
}

function checkBinOptions(options: BinOptions): void {
  const numbers = arrayOf({ allowed: 'a number', test: (value) => typeof value === 'number' && value === value })
  checkOptions('bin', options, {
    edges: numbers,
    count: wholeNumber(1),
    quantiles: either(wholeNumber(1), arrayOf(finiteNumber(0, 1))),
    labels: either(oneOf(false), arrayOf(ofType('string'))),
    closed: oneOf('right', 'left'),
    includeLowest: ofType('boolean'),
    duplicates: oneOf('error', 'drop'),
    as: nonEmptyString(),
  })
  const given = (['edges', 'count', 'quantiles'] as const).filter((key) => options?.[key] !== undefined)
  if (given.length !== 1) {
    throw invalidArgument(`bin needs one of \`edges\`, \`count\`, \`quantiles\`, got ${given.join(', ') || 'none'}`)
  }
}

function edgesOf(column: Column, values: Float64Array, { edges, count, quantiles, closed, duplicates }: BinOptions): readonly number[] {
  if (edges !== undefined) {
    if (edges.length < 2 || edges.some((edge, i) => i > 0 && edge <= (edges[i - 1] as number))) {
      throw invalidArgument(`\`edges\` of bin must be two or more ascending numbers, got ${edges.join(', ') || 'none'}`)
    }
    return edges
  }
  const sorted = sortFloat64(values.filter((value) => value === value))
  if (sorted.length === 0) throw invalidArgument(`bin: column ${show(column.name)} has no values`)
  if (quantiles === undefined) return equalWidth(sorted, count as number, closed === 'left')
  const shares = typeof quantiles === 'number' ? Array.from({ length: quantiles + 1 }, (_, i) => i / quantiles) : quantiles
  const found = shares.map((share) => quantileSorted(sorted, share))
  const distinct = found.filter((edge, i) => i === 0 || edge !== found[i - 1])
  if (distinct.length < found.length && duplicates !== 'drop') {
    throw invalidArgument(`bin: quantiles of column ${show(column.name)} are equal (${found.join(', ')})`, {
      hint: "{ duplicates: 'drop' } makes fewer bins",
    })
  }
  if (distinct.length < 2 || distinct.some((edge, i) => i > 0 && edge < (distinct[i - 1] as number))) {
    throw invalidArgument(`bin: quantiles of column ${show(column.name)} make no bin (${found.join(', ')})`)
  }
  return distinct
}

/** Edges of `count` equal bins, as pandas' `cut` puts them. */
function equalWidth(sorted: Float64Array, count: number, left: boolean): number[] {
  let [low, high] = [sorted[0] as number, sorted[sorted.length - 1] as number]
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw invalidArgument('`count` of bin needs finite values')
  const isPoint = low === high
  if (isPoint) {
    const half = low !== 0 ? 0.001 * Math.abs(low) : 0.001
    low -= half
    high += half
  }
  const step = (high - low) / count
  const edges = Array.from({ length: count + 1 }, (_, i) => (i === count ? high : low + i * step))
  const margin = isPoint ? 0 : (high - low) * 0.001
  if (left) edges[count] = high + margin
  else edges[0] = low - margin
  return edges
}

interface Sides {
  /** Bins are [a, b). */
  readonly left: boolean
  /** The outermost edge on the open side belongs to its bin. */
  readonly lowest: boolean
}

/** The bin of each value by binary search; −1 outside and where missing. */
function binNumbers(values: Float64Array, edges: readonly number[], { left, lowest }: Sides): Int32Array {
  const last = edges.length - 1
  const bins = new Int32Array(values.length).fill(-1)
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number
    if (value !== value) continue
    if (lowest && value === edges[left ? last : 0]) {
      bins[row] = left ? last - 1 : 0
      continue
    }
    // Edges below the value, its equals among them when bins are closed on the left.
    let [from, to] = [0, edges.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const edge = edges[middle] as number
      if (left ? edge <= value : edge < value) from = middle + 1
      else to = middle
    }
    if (from > 0 && from <= last) bins[row] = from - 1
  }
  return bins
}

function binColumn(name: string, bins: Int32Array, names: readonly string[] | undefined): Column {
  if (names === undefined) return makeColumn(name, { type: 'int32', values: bins.map((code) => (code < 0 ? MISSING_INT32 : code)) })
  const dictionary = [...new Set(names)]
  const codes = names.map((label) => dictionary.indexOf(label))
  return makeColumn(name, { type: 'string', values: bins.map((code) => (code < 0 ? MISSING_CODE : (codes[code] as number))), dictionary })
}

/** `(0.5, 10.0]`, with as few digits as keep the edges apart: at least three behind the point of numbers with a fraction, as pandas. */
function intervalNames(edges: readonly number[], { left, lowest, isWhole }: Sides & { readonly isWhole: boolean }): string[] {
  let digits = 3
  while (digits < 20 && new Set(edges.map((edge) => rounded(edge, digits))).size < edges.length) digits++
  const shown = edges.map((edge) => rounded(edge, digits))
  if (lowest && !left) shown[0] = (shown[0] as number) - 10 ** -digits
  const plain = isWhole && shown.every(Number.isInteger)
  const text = (edge: number): string => {
    if (!Number.isFinite(edge)) return edge < 0 ? '-inf' : 'inf'
    return plain || !Number.isInteger(edge) ? String(edge) : `${edge}.0`
  }
  return shown.slice(1).map((edge, i) => {
    const [low, high] = [text(shown[i] as number), text(edge)]
    return left ? `[${low}, ${high})` : `(${low}, ${high}]`
  })
}

/** Rounded to `digits` behind the point; of a number below 1, to as many significant ones. */
function rounded(value: number, digits: number): number {
  if (!Number.isFinite(value) || value === 0) return value
  const fraction = Math.abs(value % 1)
  if (Math.trunc(value) !== 0) return fraction === 0 ? value : Number(value.toFixed(Math.min(100, digits)))
  return Number(value.toFixed(Math.min(100, -Math.floor(Math.log10(fraction)) - 1 + digits)))
}
