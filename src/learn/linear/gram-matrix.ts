/** The Gram matrix of standardised features: the products of every two of them. */
import type { SparseColumn, StandardMatrix } from './standard-matrix'
import { type TileKernel, tileKernel } from './tile-kernel'

/** Tiles of all columns together take at most this many cells, 1 MB, to stay in the processor's cache. */
const CACHE_CELLS = 131_072

/**
 * All sums over the rows of feature times feature: row-major, features × features.
 *
 * O(rows × dense columns²) in tiles, and O(cells other than 0 × features of their row) for sparse columns.
 */
export function gramMatrix(matrix: StandardMatrix, options: { readonly wasm?: boolean } = {}): Float64Array {
  const size = matrix.standard.length
  const gram = new Float64Array(size * size)
  addDense(matrix, gram, options)
  addMixed(matrix, gram)
  addSparse(matrix, gram)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      // Each product was written once, above or below the diagonal.
      const both = (gram[i * size + j] as number) + (gram[j * size + i] as number)
      gram[i * size + j] = both
      gram[j * size + i] = both
    }
  }
  return gram
}

/** Products of dense columns, by blocks of rows, in tiles of four columns. */
function addDense({ dense, features, numRows, standard }: StandardMatrix, gram: Float64Array, options: { readonly wasm?: boolean }): void {
  const tiles = Math.ceil(dense.length / 4)
  if (tiles === 0) return
  const block = Math.min(numRows, 256, Math.max(16, Math.floor(CACHE_CELLS / (4 * tiles))))
  const kernel = tileKernel(4 * tiles * block, options)
  for (let from = 0; from < numRows; from += block) {
    const rows = Math.min(block, numRows - from)
    fillTiles(kernel, dense, from, rows)
    for (let left = 0; left < tiles; left++) {
      for (let right = left; right < tiles; right++) {
        kernel.multiply(4 * rows * left, 4 * rows * right, rows)
        addTile(kernel.product, { gram, size: standard.length, features, left: 4 * left, right: 4 * right })
      }
    }
  }
}

/** Copies rows `from` … `from + rows − 1` into tiles of four columns. The last column stands for those beyond it, whose products are not read. */
function fillTiles({ cells }: TileKernel, dense: readonly Float64Array[], from: number, rows: number): void {
  const column = (at: number): Float64Array => dense[Math.min(at, dense.length - 1)] as Float64Array
  for (let at = 0, cell = 0; at < dense.length; at += 4) {
    const [one, two, three, four] = [column(at), column(at + 1), column(at + 2), column(at + 3)]
    for (let row = from; row < from + rows; row++, cell += 4) {
      cells[cell] = one[row] as number
      cells[cell + 1] = two[row] as number
      cells[cell + 2] = three[row] as number
      cells[cell + 3] = four[row] as number
    }
  }
}

/** Adds the product of two tiles to the matrix, at or above its diagonal. */
function addTile(
  product: Float64Array,
  to: {
    readonly gram: Float64Array
    readonly size: number
    readonly features: readonly number[]
    readonly left: number
    readonly right: number
  },
): void {
  const { gram, size, features, left, right } = to
  for (let i = 0; i < 4; i++) {
    const row = features[left + i]
    if (row === undefined) return
    for (let j = left === right ? i : 0; j < 4; j++) {
      const column = features[right + j]
      if (column === undefined) break
      const at = row * size + column
      gram[at] = (gram[at] as number) + (product[4 * i + j] as number)
    }
  }
}

/** Products of sparse with dense columns. A dense column's mean is 0, so that shifts do not matter. */
function addMixed({ dense, features, sparse, standard }: StandardMatrix, gram: Float64Array): void {
  for (const { feature, rows, values } of sparse) {
    dense.forEach((column, at) => {
      let sum = 0
      for (let i = 0; i < rows.length; i++) sum += (values[i] as number) * (column[rows[i] as number] as number)
      gram[feature * standard.length + (features[at] as number)] = sum
    })
  }
}

/** Products of sparse columns: of every two cells other than 0 of a row, and the shifts. */
function addSparse({ sparse, numRows, standard }: StandardMatrix, gram: Float64Array): void {
  if (sparse.length === 0) return
  const size = standard.length
  const { starts, columns, values } = byRows(sparse, numRows)
  const offsets = columns.map((at) => (sparse[at] as SparseColumn).feature)
  for (let row = 0; row < numRows; row++) {
    const end = starts[row + 1] as number
    for (let i = starts[row] as number; i < end; i++) {
      const line = (offsets[i] as number) * size
      const value = values[i] as number
      for (let j = i; j < end; j++) {
        const at = line + (offsets[j] as number)
        gram[at] = (gram[at] as number) + value * (values[j] as number)
      }
    }
  }
  sparse.forEach(({ feature, shift }, i) => {
    for (const other of sparse.slice(i)) {
      const at = feature * size + other.feature
      gram[at] = (gram[at] as number) - numRows * shift * other.shift
    }
  })
}

/** The cells of sparse columns row by row: those of row `r` are at `starts[r]` … `starts[r + 1] − 1`, in the order of the columns. */
function byRows(
  sparse: readonly SparseColumn[],
  numRows: number,
): { readonly starts: Int32Array; readonly columns: Int32Array; readonly values: Float64Array } {
  const starts = new Int32Array(numRows + 1)
  for (const { rows } of sparse) {
    for (let i = 0; i < rows.length; i++) {
      const at = (rows[i] as number) + 1
      starts[at] = (starts[at] as number) + 1
    }
  }
  for (let row = 0; row < numRows; row++) starts[row + 1] = (starts[row + 1] as number) + (starts[row] as number)
  const next = starts.slice()
  const columns = new Int32Array(starts[numRows] as number)
  const values = new Float64Array(columns.length)
  sparse.forEach((column, at) => {
    for (let i = 0; i < column.rows.length; i++) {
      const row = column.rows[i] as number
      const place = next[row] as number
      columns[place] = at
      values[place] = column.values[i] as number
      next[row] = place + 1
    }
  })
  return { starts, columns, values }
}
