/** Bins: every feature is cut once into at most 65,535 ranges, so that a cell takes two bytes and a split is one comparison of whole numbers. */
import { sortFloat64 } from '../../stats/sort'
import type { FeatureMatrix } from '../learner'

/** The bin of a missing value. */
export const MISSING_BIN = 65535

/**
 * Upper edges of the bins of one feature, ascending: a value x has the bin of the first edge with x ≤ edge, and the last bin, which
 * has no edge, when there is none. One bin more than edges; at most 65,535 bins.
 */
export type BinEdges = Float64Array

/**
 * Cuts every feature. With at most `maxBins` distinct values each gets its own bin, with edges half way between neighbours (as
 * scikit-learn puts its thresholds); with more, bins hold about equally many rows, and a value that is very frequent has a bin of its own.
 */
export function binEdges(features: FeatureMatrix, maxBins: number): BinEdges[] {
  const { numRows } = features
  const buffers = { sorted: new Float64Array(numRows), levels: new Float64Array(numRows), counts: new Int32Array(numRows) }
  return features.columns.map((values) => edgesOf(values, maxBins, buffers))
}

/**
 * The bins of all cells, row-major: cell `f` of row `r` at `r × features + f`. Missing is {@link MISSING_BIN}.
 */
export function toBins(features: FeatureMatrix, edges: readonly BinEdges[]): Uint16Array {
  const { numRows, columns } = features
  const stride = columns.length
  const bins = new Uint16Array(numRows * stride)
  for (let f = 0; f < stride; f++) fillBins(columns[f] as Float64Array, edges[f] as BinEdges, bins, f, stride)
  return bins
}

function fillBins(values: Float64Array, edges: BinEdges, bins: Uint16Array, offset: number, stride: number): void {
  const parts = edgeParts(edges, values.length)
  for (let row = 0, at = offset; row < values.length; row++, at += stride) {
    const value = values[row] as number
    if (value !== value) bins[at] = MISSING_BIN
    else if (parts === undefined) bins[at] = edgesBelow(value, edges, 0, edges.length)
    else {
      const { starts, first, scale } = parts
      const part = Math.min(starts.length - 2, Math.max(0, Math.floor((value - first) * scale)))
      bins[at] = edgesBelow(value, edges, starts[part] as number, starts[part + 1] as number)
    }
  }
}

/** The number of edges < value, of which those before `from` are below it, and those from `end` on are not. */
function edgesBelow(value: number, edges: BinEdges, from: number, end: number): number {
  let below = from
  for (let step = end > from ? 1 << (31 - Math.clz32(end - from)) : 0; step > 0; step >>= 1) {
    if (below + step <= end && (edges[below + step - 1] as number) < value) below += step
  }
  return below
}

/** About so many edges in each of the parts that a search begins with. */
const PART_EDGES = 4
/** Up to so many edges, or with fewer searches, or with this many edges a search, the parts would take longer than they save. Measured. */
const [FEW_EDGES, FEW_SEARCHES, EDGES_A_SEARCH] = [32, 64, 8]

/**
 * Parts of equal width that the range of the edges is divided into, so that a search begins near its end: the edges of part `p`, ⌊(edge − first) × scale⌋, are
 * `starts[p]` … `starts[p + 1] − 1`. `undefined` for few searches, which would take less time than the parts, and where the range
 * has no width that can be divided.
 */
function edgeParts(
  edges: BinEdges,
  searches: number,
): { readonly starts: Int32Array; readonly first: number; readonly scale: number } | undefined {
  const count = edges.length
  if (count <= FEW_EDGES || searches < FEW_SEARCHES || searches * EDGES_A_SEARCH < count) return undefined
  const parts = Math.ceil(count / PART_EDGES)
  const first = edges[0] as number
  const scale = parts / ((edges[count - 1] as number) - first)
  if (!Number.isFinite(first) || !Number.isFinite(scale) || scale === 0) return undefined
  const starts = new Int32Array(parts + 1)
  let part = 0
  for (let i = 0; i < count; i++) {
    const own = Math.min(parts - 1, Math.floor(((edges[i] as number) - first) * scale))
    while (part < own) starts[++part] = i
  }
  while (part < parts) starts[++part] = count
  return { starts, first, scale }
}

function edgesOf(values: Float64Array, maxBins: number, { sorted, levels, counts }: EdgeBuffers): BinEdges {
  const few = levelsOfFew(values, levels)
  if (few !== undefined) return Float64Array.from({ length: Math.max(0, few - 1) }, () => between(levels, 0))
  const known = sortKnown(values, sorted)
  const size = runsOf(sorted, known, levels, counts)
  if (size <= maxBins) return Float64Array.from({ length: Math.max(0, size - 1) }, (_, i) => between(levels, i))
  const edges: number[] = []
  let rowsLeft = known
  let inBin = 0
  for (let i = 0; i < size - 1 && edges.length < maxBins - 1; i++) {
    inBin += counts[i] as number
    const aim = rowsLeft / (maxBins - edges.length)
    const next = counts[i + 1] as number
    // Close the bin when it has its share, or when taking the next value would overshoot more than stopping falls short.
    if (inBin >= aim || (inBin + next > aim && inBin + next - aim > aim - inBin)) {
      edges.push(between(levels, i))
      rowsLeft -= inBin
      inBin = 0
    }
  }
  return Float64Array.from(edges)
}

/** Writes the distinct values of a column that has no more than two, as those of categories have, ascending. @returns how many; `undefined` when there are more */
function levelsOfFew(values: Float64Array, levels: Float64Array): number | undefined {
  let low = Number.NaN
  let high = Number.NaN
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value === low || value === high || value !== value) continue
    if (low !== low) low = value
    else if (high !== high) high = value
    else return undefined
  }
  if (low !== low) return 0
  if (high !== high) return 1
  levels[0] = Math.min(low, high)
  levels[1] = Math.max(low, high)
  return 2
}

/** Arrays for one feature at a time. */
interface EdgeBuffers {
  readonly sorted: Float64Array
  readonly levels: Float64Array
  readonly counts: Int32Array
}

/** Writes the values that are not missing to the start of `sorted`, ascending. @returns how many there are */
function sortKnown(values: Float64Array, sorted: Float64Array): number {
  let known = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    sorted[known] = value
    if (value === value) known++
  }
  sortFloat64(sorted.subarray(0, known))
  return known
}

/** Writes the distinct values and how often each occurs. @returns how many there are */
function runsOf(sorted: Float64Array, known: number, levels: Float64Array, counts: Int32Array): number {
  let size = 0
  for (let i = 0; i < known; i++) {
    const value = sorted[i] as number
    if (i === 0 || value !== levels[size - 1]) {
      levels[size] = value
      counts[size++] = 0
    }
    counts[size - 1] = (counts[size - 1] as number) + 1
  }
  return size
}

/** Half way between a level and the next, but below the next even if there is no double between them. */
function between(levels: Float64Array, i: number): number {
  const low = levels[i] as number
  const high = levels[i + 1] as number
  const middle = low / 2 + high / 2
  return middle < high && middle >= low ? middle : low
}
