/** The arrays that trees are grown in: in the memory of a WebAssembly program where there is one, which then runs the innermost loops. */
import { loadWebAssembly } from '../../core/web-assembly'
import { GROWTH_CODE } from './growth-code'
import { type BinnedData, type GrowthData, NEAR_CELLS, type Sample } from './growth-data'
import { CLEARED_WHOLE, type RareBins } from './rare-bins'

/** The functions of growth/index.as.ts. Features and rows are numbers, as everywhere; they give what their namesakes in TypeScript give. */
export interface GrowthProgram {
  bringNear(start: number, end: number): void
  partition(feature: number, start: number, end: number, limit: number, shift: number): number
  countClasses(feature: number, start: number, end: number, sortRows: number, manyRows: number): void
  countRareClasses(start: number, end: number): void
  splitBinary(
    feature: number,
    start: number,
    end: number,
    sortRows: number,
    manyRows: number,
    total0: number,
    total1: number,
    minSamplesLeaf: number,
    loss: number,
  ): number
  scanBinary(total0: number, total1: number, minSamplesLeaf: number, missingLeft: number, last: number, loss: number): number
  scanGini(samples: number, minSamplesLeaf: number, missingLeft: number, last: number, loss: number): number
  openNumbers(start: number, end: number): void
  countNumbers(feature: number, start: number, end: number, sortRows: number): void
  scanNumbers(samples: number, total: number, before: number, minSamplesLeaf: number, missingAt: number, last: number, gain: number): number
}

/** What trees are grown in. */
export interface GrowthMemory {
  readonly data: GrowthData
  readonly sample: Sample
  /** Room for the rows that go right while the rows of a node are divided. */
  readonly other: Pick<Sample, 'rows' | 'codes'>
  /** The innermost loops, where they can be had. */
  readonly program: GrowthProgram | undefined
}

/** Class counts per range of bins, ascending; those of missing values are separate. */
export interface ClassGroups {
  /** The ranges that occur; range `i` holds the bins `base + (i << shift)` … `base + (i + 1 << shift) − 1`. */
  readonly ranges: Int32Array
  base: number
  shift: number
  /** Row-major, groups × classes: copies. */
  readonly counts: Int32Array
  /** Copies of missing values per class, where `hasMissing`. */
  readonly missing: Int32Array
  hasMissing: boolean
  /** Number of groups. */
  size: number
}

/** A memory for trees that separate classes. */
export interface ClassMemory extends GrowthMemory {
  /** The groups of the feature that was counted last. */
  readonly groups: ClassGroups
  /** What the program found: number of groups, whether values are missing, base, shift, copies of two classes. */
  readonly found: Int32Array
  /** What the program found: the impurity of a cut. */
  readonly foundImpurity: Float64Array
  /** Copies of each class at the open node. */
  readonly total: Int32Array
  /** What the program weighs each class by: 1 unless it is set. */
  readonly weights: Float64Array
  /** Where the classes of rare bins are counted; absent where there are none. */
  readonly rareCounts: RareCountArrays | undefined
}

/** Copies and sums of targets per range of bins, ascending; missing values last. */
export interface NumberGroups {
  /** The ranges that occur; range `i` holds the bins `base + (i << shift)` … `base + (i + 1 << shift) − 1`. */
  readonly ranges: Int32Array
  base: number
  shift: number
  readonly counts: Int32Array
  readonly sums: Float64Array
  /** Whether there are missing values: their group is the one at `size`. */
  hasMissing: boolean
  /** Number of groups without that of missing values. */
  size: number
}

/** A memory for trees that separate numbers. */
export interface NumberMemory extends GrowthMemory {
  /** Targets of the sample's rows, by the row's code. Best near zero: subtract the mean first. */
  readonly targets: Float64Array
  /** How often each row was drawn, by the row's code. */
  readonly copies: Int32Array
  /** How often each row of the open node was drawn, side by side, so that each feature reads them in order. */
  readonly weight: Int32Array
  /** Target × weight of each row of the open node. */
  readonly value: Float64Array
  /** The groups of the feature that was counted last. */
  readonly groups: NumberGroups
  /** What the program found: number of groups, whether values are missing, base, shift, copies left of a cut. */
  readonly found: Int32Array
  /** What the program found: copies at the node, the sum of their targets, the least and the largest target, the gain of a cut. */
  readonly figures: Float64Array
}

/** Class counts of the rare bins of a node. */
export interface RareCountArrays {
  /** Row-major, features × classes: copies. */
  readonly counts: Int32Array
  /** Copies of each class at the node. */
  readonly all: Int32Array
  /** Which counts are not 0; empty where there are so few that all are cleared. */
  readonly touched: Int32Array
}

/** Options of a memory. */
export interface MemoryOptions {
  /** `false`: without WebAssembly. */
  readonly wasm?: boolean
}

/** One range more than 256, for missing values. */
const RANGES = 257
/** Words of `found` before the last bin of each feature. */
const FOUND_WORDS = 8

/** Hands out arrays of a memory one after another; without a memory, arrays of their own. */
interface Places {
  readonly buffer: ArrayBuffer | undefined
  words(length: number): Int32Array
  cells(length: number): Uint16Array
  reals(length: number): Float64Array
}

/** A memory for trees that separate numbers, whose samples have at most `capacity` rows. */
export function numberMemory(data: BinnedData, capacity: number, options?: MemoryOptions): NumberMemory {
  const own = 26 * capacity + 28 * RANGES + 4 * (65 + 32 + FOUND_WORDS) + 8 * 5 + 64 * 16
  const { memory, places, exports } = memoryFor(data, capacity, own, options)
  const targets = places.reals(capacity)
  const copies = places.words(capacity)
  const weight = places.words(capacity)
  const value = places.reals(capacity)
  const groups: NumberGroups = {
    ranges: places.words(RANGES),
    base: 0,
    shift: 0,
    counts: places.words(RANGES),
    sums: places.reals(RANGES),
    hasMissing: false,
    size: 0,
  }
  const found = places.words(FOUND_WORDS)
  const figures = places.reals(5)
  if (exports !== undefined) {
    const room = [places.words(RANGES), places.reals(RANGES), places.words(65), places.cells(capacity), places.words(32)]
    const arrays = [targets, copies, weight, value, groups.ranges, groups.counts, groups.sums, ...room, found, figures]
    exports.placeNumbers(...arrays.map(({ byteOffset }) => byteOffset))
  }
  return { ...memory, targets, copies, weight, value, groups, found, figures }
}

/** A memory for trees that separate `numClasses` classes, whose samples have at most `capacity` rows. */
export function classMemory(data: BinnedData, capacity: number, numClasses: number, options?: MemoryOptions): ClassMemory {
  const own = classBytes(data, capacity, numClasses)
  const { memory, places, exports } = memoryFor(data, capacity, own, options)
  const groups: ClassGroups = {
    ranges: places.words(RANGES),
    base: 0,
    shift: 0,
    counts: places.words(RANGES * numClasses),
    missing: places.words(numClasses),
    hasMissing: false,
    size: 0,
  }
  const found = places.words(FOUND_WORDS + data.numFeatures)
  const foundImpurity = new Float64Array(found.buffer as ArrayBuffer, found.byteOffset + 24, 1)
  const total = places.words(numClasses)
  const weights = places.reals(numClasses).fill(1)
  const counted = { ...memory, groups, found, foundImpurity, total, weights }
  if (exports !== undefined) {
    for (let f = 0; f < data.numFeatures; f++) found[FOUND_WORDS + f] = (data.counts[f] as number) - 1
    const arrays = [
      groups.ranges,
      groups.counts,
      groups.missing,
      places.words(RANGES * numClasses),
      places.words(65),
      places.cells(capacity),
    ]
    exports.placeClasses(...[...arrays, places.words(32), found].map(({ byteOffset }) => byteOffset), numClasses)
    exports.placeGini(...[total, weights, places.reals(numClasses), places.reals(numClasses)].map(({ byteOffset }) => byteOffset))
  }
  if (data.rare === undefined) return { ...counted, rareCounts: undefined }
  const cells = data.numFeatures * numClasses
  const rareCounts = {
    counts: places.words(cells),
    all: places.words(numClasses),
    touched: places.words(cells > CLEARED_WHOLE ? cells : 0),
  }
  if (exports === undefined) return { ...counted, rareCounts }
  const rare = placedRare(data.rare, places)
  const { counts, all, touched } = rareCounts
  const positions = [rare.starts, rare.features, rare.near, counts, all].map(({ byteOffset }) => byteOffset)
  exports.placeRare(...positions, touched.length === 0 ? 0 : touched.byteOffset)
  return { ...counted, data: { ...memory.data, rare }, rareCounts }
}

/** The lists of rare cells, where the program reaches them. */
function placedRare(rare: RareBins, places: Places): RareBins {
  const starts = places.words(rare.starts.length)
  starts.set(rare.starts)
  const features = places.cells(rare.features.length)
  features.set(rare.features)
  return { ...rare, starts, features, near: places.words(rare.near.length) }
}

function classBytes({ numFeatures, rare }: BinnedData, capacity: number, numClasses: number): number {
  const cells = numFeatures * numClasses
  const lists = rare === undefined ? 0 : 4 * (rare.starts.length + rare.near.length + 2 * cells + numClasses) + 2 * rare.features.length
  const words = RANGES * (1 + 2 * numClasses) + 8 * numClasses + FOUND_WORDS + numFeatures + 65 + 32
  return 4 * words + 2 * capacity + lists + 64 * 20
}

/** The functions that are told where arrays begin, in the order of their arguments. */
interface GrowthExports extends GrowthProgram {
  place(...positions: readonly number[]): void
  placeClasses(...positions: readonly number[]): void
  placeRare(...positions: readonly number[]): void
  placeGini(...positions: readonly number[]): void
  placeNumbers(...positions: readonly number[]): void
}

function memoryFor(
  data: BinnedData,
  capacity: number,
  more: number,
  { wasm = true }: MemoryOptions = {},
): { readonly memory: GrowthMemory; readonly places: Places; readonly exports: GrowthExports | undefined } {
  const { bins, numRows, numFeatures } = data
  const bytes = 4 * bins.length + 2 * NEAR_CELLS + 16 * capacity + more + 64 * 8
  const loaded = wasm ? loadWebAssembly<GrowthExports>(GROWTH_CODE, bytes) : undefined
  const places = placesIn(loaded?.buffer)
  // The program reads and writes a few bytes behind rows that are no multiple of 8 bytes long.
  const copy = loaded === undefined ? bins : places.cells(bins.length + 4).subarray(0, bins.length)
  if (loaded !== undefined) copy.set(bins)
  const near = places.cells(NEAR_CELLS + 4)
  const columns = places.cells(bins.length)
  fillColumns(columns, bins, numRows, numFeatures)
  const sample = { rows: places.words(capacity), codes: places.words(capacity), size: 0 }
  const other = { rows: places.words(capacity), codes: places.words(capacity) }
  const positions = [columns, copy, near, sample.rows, sample.codes, other.rows, other.codes].map(({ byteOffset }) => byteOffset)
  loaded?.exports.place(...positions, numRows, numFeatures)
  const memory = { data: { ...data, bins: copy, columns, near }, sample, other, program: loaded?.exports }
  return { memory, places, exports: loaded?.exports }
}

function placesIn(buffer: ArrayBuffer | undefined): Places {
  let used = 0
  const take = (bytes: number): number => {
    const at = used
    // Arrays begin at multiples of 64 bytes, a line of the cache.
    used += Math.ceil(bytes / 64) * 64
    return at
  }
  return {
    buffer,
    words: (length) => (buffer === undefined ? new Int32Array(length) : new Int32Array(buffer, take(4 * length), length)),
    reals: (length) => (buffer === undefined ? new Float64Array(length) : new Float64Array(buffer, take(8 * length), length)),
    cells: (length) => (buffer === undefined ? new Uint16Array(length) : new Uint16Array(buffer, take(2 * length), length)),
  }
}

function fillColumns(columns: Uint16Array, bins: Uint16Array, numRows: number, numFeatures: number): void {
  for (let row = 0, at = 0; row < numRows; row++) {
    for (let f = 0; f < numFeatures; f++) columns[f * numRows + row] = bins[at++] as number
  }
}
