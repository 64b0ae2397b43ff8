/** Tables changed in one column: moved back to the distribution of the reference, or reference rows drawn to have today's. */
import { createRng } from '../core/random'
import type { ColumnDrift } from '../drift'
import { type Column, columnFrom } from '../schema/column'
import { type Table, tableOf } from '../schema/table'

/**
 * The table with the values of one column replaced: numbers by the reference's value of the same rank, so that their order stays; text and booleans by values drawn from the
 * reference. Missing cells stay missing.
 */
export function asBefore(table: Table, reference: Table, name: string, seed: number): Table {
  const [own, before] = [table.column(name), reference.column(name)]
  const isNumeric = own.type !== 'string' && own.type !== 'boolean' && before.type !== 'string'
  const cells = isNumeric ? byRank(own, before) : drawn(own, before, seed)
  const moved = columnFrom(name, before.type, cells)
  return tableOf(table.columnNames.map((each) => (each === name ? moved : table.column(each))))
}

function byRank(own: Column, before: Column): unknown[] {
  const present = (column: Column): number[] => (column.toArray() as (number | null)[]).filter((cell) => cell !== null)
  const values = present(before).sort((a, b) => a - b)
  const cells = own.toArray() as (number | null)[]
  const order = cells.flatMap((cell, row) => (cell === null ? [] : [row])).sort((a, b) => (cells[a] as number) - (cells[b] as number))
  if (values.length === 0) return cells
  const moved: unknown[] = [...cells]
  order.forEach((row, rank) => {
    moved[row] = values[Math.min(values.length - 1, Math.floor(((rank + 0.5) * values.length) / order.length))]
  })
  return moved
}

function drawn(own: Column, before: Column, seed: number): unknown[] {
  const values = before.toArray().filter((cell) => cell !== null)
  const rng = createRng(seed)
  return own.toArray().map((cell) => (cell === null || values.length === 0 ? cell : values[rng.int(values.length)]))
}

/** With fewer rows a score is mostly chance. */
const LEAST_ROWS = 30

/**
 * Reference rows drawn, with repeats, so that one column has today's shares of the bins of a drift report. The draw is systematic: as few rows as possible
 * depend on chance. `undefined` where too few rows of the reference are like today's to say anything.
 */
export function likeNow(reference: Table, { column: name, bins }: ColumnDrift, seed: number): Table | undefined {
  if (bins === undefined) return undefined
  const column = reference.column(name)
  const binOf = bins.kind === 'numeric' ? numericBin(bins.edges) : categoricalBin(bins.categories)
  const weights = column.toArray().map((cell) => {
    // A missing cell is as likely as before.
    if (cell === null) return 1
    const bin = binOf(cell)
    const before = bins.reference[bin] ?? 0
    return before > 0 ? (bins.current[bin] as number) / before : 0
  })
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // As many rows of equal weight would tell as much (Kish 1965).
  const effective = total ** 2 / weights.reduce((sum, weight) => sum + weight ** 2, 0)
  if (!(effective >= LEAST_ROWS)) return undefined
  const step = total / reference.numRows
  let next = createRng(seed).next() * step
  let sum = 0
  const drawnRows = weights.flatMap((weight, row) => {
    sum += weight
    const times = next < sum ? Math.ceil((sum - next) / step) : 0
    next += times * step
    return Array<number>(times).fill(row)
  })
  return tableOf(
    reference.columnNames.map((each) => {
      const own = reference.column(each)
      return columnFrom(
        each,
        own.type,
        drawnRows.map((row) => own.at(row)),
      )
    }),
  )
}

function numericBin(edges: readonly number[]): (cell: unknown) => number {
  const inner = edges.slice(1, -1)
  return (cell) => {
    // Bins are (a, b], the outer two are open.
    const at = inner.findIndex((edge) => Number(cell) <= edge)
    return at < 0 ? inner.length : at
  }
}

function categoricalBin(categories: readonly (string | null)[]): (cell: unknown) => number {
  const places = new Map(categories.map((category, i) => [category, i]))
  return (cell) => places.get(String(cell)) ?? places.get(null) ?? -1
}
