/**
 * Dividing row numbers: random, stratified and time-ordered parts. Index arithmetic only, so that datasets and
 * cross-validation share it without knowing each other.
 */
import { invalidArgument, show } from '../core/errors'
import { permutation, type Rng } from '../core/random'
import type { Column } from './column'

/** Row numbers of one fold: learn on `train`, judge on `test`. Both ascend (by time in {@link timeFolds}). */
export interface Fold {
  readonly train: Int32Array
  readonly test: Int32Array
}

/**
 * `k` disjoint test sets that together hold every row 0 … n − 1; sizes differ by at most one; each ascends.
 *
 * @throws InvalidArgument unless 2 ≤ k ≤ n
 */
export function randomFolds(n: number, k: number, rng: Rng): Int32Array[] {
  checkFolds(n, k)
  return deal(permutation(n, rng), k)
}

/**
 * `k` disjoint test sets in which every stratum has its share: of each stratum the sets differ by at most one row,
 * and so do the sizes of the sets. A stratum of fewer than `k` rows is missing in some sets. Each set ascends.
 *
 * @param codes the stratum of each row, any whole numbers (−1 may stand for missing); see {@link strataOf}
 * @throws InvalidArgument unless 2 ≤ k ≤ the number of rows
 */
export function stratifiedFolds(codes: ArrayLike<number>, k: number, rng: Rng): Int32Array[] {
  checkFolds(codes.length, k)
  // Rows shuffled, then grouped by stratum and dealt round robin without restarting: shares and sizes both stay even.
  const order = groupByStratum(codes, permutation(codes.length, rng)).flat()
  return deal(Int32Array.from(order), k)
}

/**
 * `k` consecutive blocks of 0 … n − 1, as scikit-learn's `KFold` without shuffling: the first n mod k have one row more.
 *
 * @throws InvalidArgument unless 2 ≤ k ≤ n
 */
export function blockFolds(n: number, k: number): Int32Array[] {
  checkFolds(n, k)
  const start = (i: number): number => i * Math.floor(n / k) + Math.min(i, n % k)
  return Array.from({ length: k }, (_, i) => range(start(i), start(i + 1)))
}

/**
 * Folds with an expanding window, as scikit-learn's `TimeSeriesSplit`: fold i learns on everything before its test block.
 * The rows are cut in `k` + 1 blocks by time, the first of which is only learned from, and has the rows that do not divide evenly.
 *
 * @param order row numbers in order of time, see {@link orderOf}
 * @throws InvalidArgument unless 2 ≤ k < the number of rows
 */
export function timeFolds(order: Int32Array, k: number): Fold[] {
  checkFolds(order.length, k + 1)
  const cut = (i: number): number => order.length - (k + 1 - i) * Math.floor(order.length / (k + 1))
  return Array.from({ length: k }, (_, i) => ({ train: order.slice(0, cut(i + 1)), test: order.slice(cut(i + 1), cut(i + 2)) }))
}

/** Turns disjoint test sets over 0 … n − 1 into folds: `train` is everything else, ascending. */
export function foldsOfTests(n: number, tests: readonly Int32Array[]): Fold[] {
  return tests.map((test) => ({ train: complement(test, n), test }))
}

/** The rows of 0 … n − 1 that `rows` lacks, ascending. */
export function complement(rows: Int32Array, n: number): Int32Array {
  const taken = new Uint8Array(n)
  for (const row of rows) taken[row] = 1
  const rest = new Int32Array(n - rows.length)
  for (let row = 0, at = 0; row < n; row++) if (taken[row] === 0) rest[at++] = row
  return rest
}

/**
 * Divides all rows into parts of the given sizes, every stratum represented in each by its share (largest remainder).
 * The rows left over come last, so the result holds one array more than `sizes`. Each ascends.
 *
 * @param codes the stratum of each row; rows of one stratum only (all zero) give a plain random division
 * @throws InvalidArgument when the sizes add up to more than there is
 */
export function stratifiedParts(codes: ArrayLike<number>, sizes: readonly number[], rng: Rng): Int32Array[] {
  const n = codes.length
  const taken = sizes.reduce((sum, size) => sum + size, 0)
  if (taken > n) throw invalidArgument(`parts of ${sizes.join(' + ')} rows cannot be taken from ${n}`)
  let pools = groupByStratum(codes, permutation(n, rng))
  const parts: number[][] = []
  for (const size of sizes) {
    const part: number[] = []
    const shares = apportion(
      pools.map((pool) => pool.length),
      size,
    )
    pools = pools.map((pool, s) => {
      const share = shares[s] as number
      for (let i = 0; i < share; i++) part.push(pool[i] as number)
      return pool.slice(share)
    })
    parts.push(part)
  }
  parts.push(pools.flat())
  return parts.map((part) => Int32Array.from(part).sort())
}

/**
 * The stratum of each row of a column: equal cells have equal codes, numbered by first appearance; missing cells are a
 * stratum of their own.
 */
export function strataOf(column: Column): Int32Array {
  const codes = new Int32Array(column.length)
  const known = new Map<number, number>()
  for (let row = 0; row < column.length; row++) {
    // Map treats NaN as equal to NaN, so missing floats meet in one stratum.
    const value = column.storage[row] as number
    let code = known.get(value)
    if (code === undefined) {
      code = known.size
      known.set(value, code)
    }
    codes[row] = code
  }
  return codes
}

/** Row numbers in ascending order of `values`; equal ones keep their order, `NaN` comes last. */
export function orderOf(values: ArrayLike<number>): Int32Array {
  const order = range(0, values.length)
  let sorted = true
  for (let i = 1; i < order.length && sorted; i++) sorted = (values[i - 1] as number) <= (values[i] as number)
  if (sorted) return order
  return order.sort((a, b) => {
    const x = values[a] as number
    const y = values[b] as number
    if (x === y || (x !== x && y !== y)) return a - b
    if (x !== x) return 1
    return y !== y || x < y ? -1 : 1
  })
}

/** Shares of `total` in proportion to `weights`, whole numbers that add up to it (largest remainder; ties by position). */
function apportion(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const exact = weights.map((weight) => (sum === 0 ? 0 : (weight * total) / sum))
  const shares = exact.map(Math.floor)
  let left = total - shares.reduce((all, share) => all + share, 0)
  const byRemainder = exact.map((share, i) => [share - Math.floor(share), i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1])
  for (const [, i] of byRemainder) {
    if (left === 0) break
    if ((shares[i] as number) < (weights[i] as number)) {
      shares[i] = (shares[i] as number) + 1
      left--
    }
  }
  return shares
}

/** Rows of `order` by stratum; strata in order of their first row number, so that the shuffle does not move them. */
function groupByStratum(codes: ArrayLike<number>, order: Int32Array): number[][] {
  const groups = new Map<number, number[]>()
  for (let row = 0; row < codes.length; row++) if (!groups.has(codes[row] as number)) groups.set(codes[row] as number, [])
  for (const row of order) (groups.get(codes[row] as number) as number[]).push(row)
  return [...groups.values()]
}

/** Deals rows to `k` sets in turn. */
function deal(order: Int32Array, k: number): Int32Array[] {
  return Array.from({ length: k }, (_, fold) => {
    const rows = new Int32Array(Math.ceil((order.length - fold) / k))
    for (let i = 0; i < rows.length; i++) rows[i] = order[fold + i * k] as number
    return rows.sort()
  })
}

function range(from: number, to: number): Int32Array {
  const rows = new Int32Array(to - from)
  for (let i = 0; i < rows.length; i++) rows[i] = from + i
  return rows
}

function checkFolds(n: number, k: number): void {
  if (!Number.isInteger(k) || k < 2) throw invalidArgument(`the number of folds must be a whole number ≥ 2, got ${show(k)}`)
  if (k > n) throw invalidArgument(`${k} folds need at least ${k} rows, got ${n}`)
}
