/** Standardised features for solvers; of columns that are mostly 0, only the other cells are kept and worked on. */
import { type Standard, sparseStandard, standardColumn } from './standard-columns'

/** A column with this share of cells other than 0, or less, is sparse: working on those cells alone is then faster. */
const SPARSE = 1 / 8

/** Rows worked on at once: their sums stay in the processor's nearest cache. */
const BLOCK = 2048

/** A sparse column: (value − mean) ÷ scale is `values[i]` − `shift` in row `rows[i]`, and −`shift` in all others. */
export interface SparseColumn {
  readonly feature: number
  readonly rows: Int32Array
  /** The values other than 0, divided by the scale. */
  readonly values: Float64Array
  /** Mean ÷ scale: below 0.4, since so few cells are not 0. Differences to it therefore lose no digits. */
  readonly shift: number
}

/** Features, each with mean 0 and standard deviation 1; constant features are all 0. */
export interface StandardMatrix {
  readonly numRows: number
  /** Mean and scale of each feature. */
  readonly standard: readonly Standard[]
  /** Columns with all their cells; `features[i]` is the feature of `dense[i]`. */
  readonly dense: readonly Float64Array[]
  readonly features: readonly number[]
  readonly sparse: readonly SparseColumn[]
}

/** Standardises columns of finite numbers. */
export function standardMatrix(columns: readonly Float64Array[], numRows: number): StandardMatrix {
  const dense: Float64Array[] = []
  const features: number[] = []
  const sparse: SparseColumn[] = []
  const standard = columns.map((column, feature): Standard => {
    const cells = sparseCells(column)
    if (cells !== undefined) {
      const { mean, scale } = sparseStandard(cells.values, numRows)
      const values = cells.values.map((value) => value / scale)
      sparse.push({ feature, rows: cells.rows, values, shift: mean / scale })
      return { mean, scale }
    }
    const { values, mean, scale } = standardColumn(column)
    dense.push(values)
    features.push(feature)
    return { mean, scale }
  })
  return { numRows, standard, dense, features, sparse }
}

/** The rows and values of the cells that are not 0; `undefined` if there are too many. */
function sparseCells(column: Float64Array): { readonly rows: Int32Array; readonly values: Float64Array } | undefined {
  const most = Math.floor(column.length * SPARSE)
  let count = 0
  for (let row = 0; row < column.length; row++) {
    if (column[row] !== 0 && ++count > most) return undefined
  }
  const rows = new Int32Array(count)
  const values = new Float64Array(count)
  for (let row = 0, i = 0; i < count; row++) {
    if (column[row] === 0) continue
    rows[i] = row
    values[i++] = column[row] as number
  }
  return { rows, values }
}

/** Adds Σ weight × feature to each row's sum. `weights`: one per feature. */
export function addWeighted({ dense, features, sparse, numRows }: StandardMatrix, weights: Float64Array, sums: Float64Array): void {
  let shift = 0
  for (const { feature, rows, values, shift: own } of sparse) {
    const weight = weights[feature] as number
    shift += weight * own
    if (weight === 0) continue
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number
      sums[row] = (sums[row] as number) + weight * (values[i] as number)
    }
  }
  if (shift !== 0) for (let row = 0; row < numRows; row++) sums[row] = (sums[row] as number) - shift
  const weight = (at: number): number => weights[features[at] as number] as number
  for (let from = 0; from < numRows; from += BLOCK) {
    const to = Math.min(numRows, from + BLOCK)
    let at = 0
    for (; at + 4 <= dense.length; at += 4) {
      const [a, b, c, d] = [weight(at), weight(at + 1), weight(at + 2), weight(at + 3)]
      const [one, two, three, four] = fourFrom(dense, at)
      for (let row = from; row < to; row++) {
        const left = a * (one[row] as number) + b * (two[row] as number)
        const right = c * (three[row] as number) + d * (four[row] as number)
        sums[row] = (sums[row] as number) + (left + right)
      }
    }
    for (; at < dense.length; at++) {
      const a = weight(at)
      const one = dense[at] as Float64Array
      for (let row = from; row < to; row++) sums[row] = (sums[row] as number) + a * (one[row] as number)
    }
  }
}

/** Writes Σ factor × feature over the rows, for each feature. `factors`: one per row. */
export function sumProducts({ dense, features, sparse, numRows }: StandardMatrix, factors: Float64Array, products: Float64Array): void {
  let all = 0
  for (let row = 0; row < numRows; row++) all += factors[row] as number
  for (const { feature, rows, values, shift } of sparse) {
    let sum = 0
    for (let i = 0; i < rows.length; i++) sum += (factors[rows[i] as number] as number) * (values[i] as number)
    products[feature] = sum - shift * all
  }
  for (const feature of features) products[feature] = 0
  const add = (at: number, sum: number): void => {
    const feature = features[at] as number
    products[feature] = (products[feature] as number) + sum
  }
  for (let from = 0; from < numRows; from += BLOCK) {
    const to = Math.min(numRows, from + BLOCK)
    let at = 0
    for (; at + 4 <= dense.length; at += 4) {
      const [one, two, three, four] = fourFrom(dense, at)
      let [a, b, c, d] = [0, 0, 0, 0]
      for (let row = from; row < to; row++) {
        const factor = factors[row] as number
        a += factor * (one[row] as number)
        b += factor * (two[row] as number)
        c += factor * (three[row] as number)
        d += factor * (four[row] as number)
      }
      add(at, a)
      add(at + 1, b)
      add(at + 2, c)
      add(at + 3, d)
    }
    for (; at < dense.length; at++) {
      const one = dense[at] as Float64Array
      let a = 0
      for (let row = from; row < to; row++) a += (factors[row] as number) * (one[row] as number)
      add(at, a)
    }
  }
}

type Four = readonly [Float64Array, Float64Array, Float64Array, Float64Array]

function fourFrom(columns: readonly Float64Array[], at: number): Four {
  return [columns[at], columns[at + 1], columns[at + 2], columns[at + 3]] as unknown as Four
}

/** A feature as a column of its own. */
export function standardMatrixColumn({ dense, features, sparse, numRows }: StandardMatrix, feature: number): Float64Array {
  const at = features.indexOf(feature)
  if (at >= 0) return (dense[at] as Float64Array).slice()
  const { rows, values, shift } = sparse.find((column) => column.feature === feature) as SparseColumn
  const column = new Float64Array(numRows).fill(-shift)
  for (let i = 0; i < rows.length; i++) column[rows[i] as number] = (values[i] as number) - shift
  return column
}
