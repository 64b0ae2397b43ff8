/** Maximum mean discrepancy with a normal kernel. Source: A. Gretton et al., A Kernel Two-Sample Test, JMLR 13, 2012. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, wholeNumber } from '../core/options'
import { createRng, type Rng } from '../core/random'
import { median } from './elementary'

/** Options of {@link mmdTest}. */
export interface MmdOptions {
  /** σ² of the kernel exp(−‖a − b‖² / 2σ²). @default half the median of all squared distances */
  readonly sigma2?: number | undefined
  /** Permutations for the p-value; 0 leaves it out. @default 100 */
  readonly permutations?: number | undefined
  /** Rows of each side; more are sampled, because time and memory grow with their square. @default 500 */
  readonly maxRows?: number | undefined
  /** Of sample and permutations. @default 0 */
  readonly seed?: number | undefined
}

/** What {@link mmdTest} finds. */
export interface MmdResult {
  /** The unbiased estimate of the squared discrepancy: about 0, also below it, when nothing differs. */
  readonly statistic: number
  /** The biased estimate, never negative. */
  readonly biased: number
  /** (1 + permutations that reach the statistic) / (1 + permutations); `NaN` without permutations. */
  readonly pValue: number
  readonly sigma2: number
  /** Rows compared. */
  readonly nA: number
  readonly nB: number
}

/**
 * Tests whether two sets of points come from one distribution, in any number of dimensions: it sees changed correlations and shapes, not only means.
 * O((n + m)²) time and memory, times the permutations.
 *
 * @param a at least two rows of equal length @param b at least two rows
 * @throws InvalidArgument on fewer rows, rows of different lengths, values that are not finite
 */
export function mmdTest(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[], options: MmdOptions = {}): MmdResult {
  checkOptions('mmdTest', options, {
    sigma2: finiteNumber(Number.MIN_VALUE),
    permutations: wholeNumber(0, 100_000),
    maxRows: wholeNumber(2, 5000),
    seed: finiteNumber(),
  })
  const { permutations = 100, maxRows = 500, seed = 0 } = options
  checkRows(a, b)
  const rng = createRng(seed)
  const [x, y] = [drawRows(a, maxRows, rng), drawRows(b, maxRows, rng)]
  const rows = [...x, ...y]
  const squared = squaredDistances(rows)
  const sigma2 = options.sigma2 ?? medianBandwidth(squared, rows.length)
  const kernel = squared.map((value) => Math.exp(-value / (2 * sigma2)))
  const order = Int32Array.from({ length: rows.length }, (_, i) => i)
  const { unbiased, biased } = discrepancy(kernel, order, x.length)
  let reached = 0
  for (let p = 0; p < permutations; p++) {
    shuffle(order, rng)
    // Rounding must not decide between permutations that give the same sums.
    if (discrepancy(kernel, order, x.length).unbiased >= unbiased - 1e-12) reached++
  }
  const pValue = permutations === 0 ? Number.NaN : (1 + reached) / (1 + permutations)
  return { statistic: unbiased, biased, pValue, sigma2, nA: x.length, nB: y.length }
}

function checkRows(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): void {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length < 2 || b.length < 2) {
    throw invalidArgument(`mmdTest needs two arrays of at least two rows, got ${show(a)} and ${show(b)}`)
  }
  const width = (a[0] as ArrayLike<number>).length
  for (const row of [...a, ...b]) {
    if (row?.length !== width) throw invalidArgument(`mmdTest: all rows must have ${width} values, got ${show(row)}`)
    for (let i = 0; i < width; i++) {
      if (!Number.isFinite(row[i])) throw invalidArgument(`mmdTest needs finite values, got ${show(row[i])}`)
    }
  }
}

/** The rows, or `most` of them drawn without replacement, in their order. */
function drawRows<T>(rows: readonly T[], most: number, rng: Rng): readonly T[] {
  if (rows.length <= most) return rows
  let needed = most
  return rows.filter((_, i) => {
    const isDrawn = rng.next() * (rows.length - i) < needed
    if (isDrawn) needed--
    return isDrawn
  })
}

/** Squared Euclidean distances of all pairs, row-major. */
function squaredDistances(rows: readonly ArrayLike<number>[]): Float64Array {
  const n = rows.length
  const squared = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const one = rows[i] as ArrayLike<number>
    for (let j = i + 1; j < n; j++) {
      const other = rows[j] as ArrayLike<number>
      let sum = 0
      for (let k = 0; k < one.length; k++) sum += ((one[k] as number) - (other[k] as number)) ** 2
      squared[i * n + j] = sum
      squared[j * n + i] = sum
    }
  }
  return squared
}

/** Half the median of the squared distances between different rows; 1 when that is 0. */
function medianBandwidth(squared: Float64Array, n: number): number {
  const pairs = new Float64Array((n * (n - 1)) / 2)
  let at = 0
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) pairs[at++] = squared[i * n + j] as number
  return median(pairs) / 2 || 1
}

/** Both estimates when the first `m` rows of `order` are one side. */
function discrepancy(kernel: Float64Array, order: Int32Array, m: number): { readonly unbiased: number; readonly biased: number } {
  const total = order.length
  const n = total - m
  const isFirst = new Uint8Array(total)
  for (let i = 0; i < m; i++) isFirst[order[i] as number] = 1
  let [xx, yy, xy] = [0, 0, 0]
  for (let i = 0; i < total; i++) {
    const side = isFirst[i]
    for (let j = i + 1; j < total; j++) {
      const value = kernel[i * total + j] as number
      if (side !== isFirst[j]) xy += value
      else if (side === 1) xx += value
      else yy += value
    }
  }
  const cross = (2 * xy) / (m * n)
  return {
    unbiased: (2 * xx) / (m * (m - 1)) + (2 * yy) / (n * (n - 1)) - cross,
    // The kernel of a row with itself is 1.
    biased: (2 * xx + m) / (m * m) + (2 * yy + n) / (n * n) - cross,
  }
}

function shuffle(order: Int32Array, rng: Rng): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
}
