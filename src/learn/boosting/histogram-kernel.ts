/** Counts the histograms of nodes: for each cell the sum of gradients, and the packed sum of curvatures and rows. */
import { loadHistogramWasm } from './histogram-wasm'

/** The arrays that histograms are counted from, and the counting. */
export interface HistogramKernel {
  /** The histogram cell of feature `f` of row `r` at `r × features + f`. */
  readonly cells: Uint16Array | Uint32Array
  /** By row: the gradient at `2 × row`, and behind it the curvature with the row's count of 1, see `exact-sums.ts`. */
  readonly derivatives: Float64Array
  /** The rows of a tree, reordered while it grows. */
  readonly rows: Int32Array
  /** A histogram of zeros, two numbers per cell. */
  take(): Float64Array
  /** Gives a histogram back, for `take`. */
  give(histogram: Float64Array): void
  /** Adds rows `start` … `end` − 1 of `rows` to a histogram. */
  add(histogram: Float64Array, start: number, end: number): void
}

/** What a kernel is made for. */
export interface KernelSize {
  readonly numRows: number
  readonly numFeatures: number
  /** Histogram cells of all features. */
  readonly numCells: number
}

/** Histograms that lie beside the rows, where WebAssembly reaches them: at most this many, and this many bytes of them. */
const NEAR_HISTOGRAMS = 64
const NEAR_BYTES = 268_435_456

/**
 * A kernel. WebAssembly's 128-bit instructions add both numbers of a cell at once and take about a third of the time; where a runtime has none,
 * or forbids it, JavaScript gives the same histograms, because all sums are exact.
 */
export function histogramKernel(size: KernelSize, options: { readonly wasm?: boolean } = {}): HistogramKernel {
  const { numRows, numFeatures, numCells } = size
  const wide = numCells > 65_536
  const sizes = [numRows * numFeatures * (wide ? 4 : 2), 16 * numRows, 4 * numRows, ...nearSizes(numCells)]
  const total = sizes.reduce((sum, bytes) => sum + rounded(bytes), 0)
  const wasm = options.wasm === false ? undefined : loadHistogramWasm(total)
  let used = 0
  const place = (bytes: number): [ArrayBuffer, number] => {
    if (wasm === undefined) return [new ArrayBuffer(bytes), 0]
    const at = used
    used += rounded(bytes)
    return [wasm.buffer, at]
  }
  const cells = new (wide ? Uint32Array : Uint16Array)(...place(sizes[0] as number), numRows * numFeatures)
  const derivatives = new Float64Array(...place(16 * numRows), 2 * numRows)
  const rows = new Int32Array(...place(4 * numRows), numRows)
  const free: Float64Array[] = wasm === undefined ? [] : nearSizes(numCells).map((bytes) => new Float64Array(...place(bytes), 2 * numCells))
  const addByWasm = wide ? wasm?.add32 : wasm?.add16
  return {
    cells,
    derivatives,
    rows,
    take: () => free.pop()?.fill(0) ?? new Float64Array(2 * numCells),
    give: (histogram) => void free.push(histogram),
    add(histogram, start, end) {
      if (addByWasm === undefined || histogram.buffer !== cells.buffer)
        addRows({ cells, derivatives, rows }, numFeatures, histogram, start, end)
      else {
        const first = rows.byteOffset
        const width = numFeatures * cells.BYTES_PER_ELEMENT
        addByWasm(histogram.byteOffset, cells.byteOffset, width, derivatives.byteOffset, first + 4 * start, first + 4 * end)
      }
    },
  }
}

function nearSizes(numCells: number): number[] {
  return new Array<number>(Math.min(NEAR_HISTOGRAMS, Math.ceil(NEAR_BYTES / (16 * numCells)))).fill(16 * numCells)
}

/** Arrays begin at multiples of 64 bytes, a line of the cache. */
function rounded(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** The counting in JavaScript. */
function addRows(
  { cells, derivatives, rows }: Pick<HistogramKernel, 'cells' | 'derivatives' | 'rows'>,
  numFeatures: number,
  histogram: Float64Array,
  start: number,
  end: number,
): void {
  const pairs = numFeatures - (numFeatures & 1)
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    const gradient = derivatives[2 * row] as number
    const packed = derivatives[2 * row + 1] as number
    let at = row * numFeatures
    const stop = at + pairs
    for (; at < stop; at += 2) {
      const one = 2 * (cells[at] as number)
      const two = 2 * (cells[at + 1] as number)
      histogram[one] = (histogram[one] as number) + gradient
      histogram[one + 1] = (histogram[one + 1] as number) + packed
      histogram[two] = (histogram[two] as number) + gradient
      histogram[two + 1] = (histogram[two + 1] as number) + packed
    }
    if (pairs < numFeatures) {
      const last = 2 * (cells[at] as number)
      histogram[last] = (histogram[last] as number) + gradient
      histogram[last + 1] = (histogram[last + 1] as number) + packed
    }
  }
}

/** Takes `part` from `histogram`, which then holds the other part. Exact, because all sums are whole numbers. */
export function subtract(histogram: Float64Array, part: Float64Array): void {
  for (let cell = 0; cell < histogram.length; cell++) histogram[cell] = (histogram[cell] as number) - (part[cell] as number)
}
