/**
 * The KLL sketch: quantiles and ranks of a stream in a few kilobytes, mergeable.
 *
 * Source: Z. Karnin, K. Lang and E. Liberty, Optimal Quantile Approximation in Streams, FOCS 2016; layout and error constants of Apache DataSketches.
 */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import { sortFloat64 } from '../sort'
import { readKll, writeKll } from './kll-bytes'
import { bufferOf, capacitiesOf, compactLevel, type KllState, LEAST_COMPACTED, levelOf, lower, settle, shrink } from './kll-levels'

/** Options of {@link KllSketch}. */
export interface KllOptions {
  /** Size: the rank error is about 2.3 / k^0.97. @default 200, which gives 1.33 % */
  readonly k?: number | undefined
  /** Values are kept as doubles of 64 bits, or of 32, which halves the size and rounds them to seven digits. @default 'double' */
  readonly precision?: 'single' | 'double' | undefined
  /** Of the coin that decides which half of a full level is kept. @default 1 */
  readonly seed?: number | undefined
}

/** From this many values on they are sorted in pieces, of this size. */
const LEAST_PIECE = 2048
const PIECE = 16_384

/** Weighted values of a sketch, ascending. */
export interface WeightedValues {
  readonly values: Float64Array
  /** Powers of two; their sum is the number of values seen. */
  readonly weights: Float64Array
}

/**
 * A sketch of a stream of numbers. Up to k values it is exact. Memory grows with the logarithm of the number of values: 2.5 kB for a million at k = 200 in single precision.
 *
 * Equal seeds, options and values give equal sketches.
 *
 * @example
 * const sketch = new KllSketch()
 * for (const value of stream) sketch.add(value)
 * sketch.quantile(0.5)
 */
export class KllSketch {
  #state: KllState

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: KllOptions = {}) {
    checkOptions('KllSketch', options, { k: wholeNumber(8, 65_535), precision: oneOf('single', 'double'), seed: finiteNumber() })
    const { k = 200, precision = 'double', seed = 1 } = options
    const items = bufferOf(precision, k)
    // The coin is a xorshift generator, whose state must not be 0.
    const coin = Math.imul(Math.floor(seed) | 0, 0x9e3779b1) ^ 0x2545f491
    this.#state = {
      k,
      minK: k,
      n: 0,
      min: Number.NaN,
      max: Number.NaN,
      items,
      levels: [k, k],
      capacities: capacitiesOf(k, 1),
      isSorted: true,
      coin: coin === 0 ? 1 : coin,
    }
  }

  /**
   * A sketch of values that are at hand and ascending, without `NaN`: evenly spaced ones are kept, so it is smaller and nearer than one that saw them one by one. O(k).
   *
   * @throws InvalidArgument as the constructor
   */
  static fromSorted(sorted: ArrayLike<number>, options: KllOptions = {}): KllSketch {
    const sketch = new KllSketch(options)
    if (sorted.length <= sketch.k) sketch.addAll(sorted)
    else sketch.#state = stateOfSorted(sketch.#state, sorted)
    return sketch
  }

  /** A sketch from DataSketches' bytes of `kll_floats_sketch` or `kll_doubles_sketch`, which do not say which of the two they are. @throws Corrupt */
  static fromBytes(bytes: Uint8Array, precision: 'single' | 'double'): KllSketch {
    const sketch = new KllSketch({ precision })
    sketch.#state = { ...readKll(bytes, precision), coin: sketch.#state.coin }
    return sketch
  }

  /** The sketch in the format of Apache DataSketches (serial version 1), which its libraries for Python, Java and C++ read. */
  toBytes(): Uint8Array {
    return writeKll(this.#state)
  }

  /** Number of values seen. */
  get n(): number {
    return this.#state.n
  }

  get k(): number {
    return this.#state.k
  }

  /** The smallest value; `NaN` without any. */
  get min(): number {
    return this.#state.min
  }

  /** The largest value; `NaN` without any. */
  get max(): number {
    return this.#state.max
  }

  get precision(): 'single' | 'double' {
    return this.#state.items instanceof Float32Array ? 'single' : 'double'
  }

  /** The rank error that 99 of 100 sketches keep: 0 while all values are kept. */
  get rankError(): number {
    return this.#state.levels.length === 2 ? 0 : 2.296 / this.#state.minK ** 0.9723
  }

  /** Adds a value; `NaN` is missing and left out. Amortised O(log k). */
  add(value: number): void {
    if (value === value) insert(this.#state, value)
  }

  /** Adds all values but `NaN`. Many are sorted in pieces first, which is faster and loses less than one by one. */
  addAll(values: ArrayLike<number>): void {
    if (values.length < LEAST_PIECE) insertAll(this.#state, values)
    else for (let from = 0; from < values.length; from += PIECE) this.#addPiece(values, from, Math.min(values.length, from + PIECE))
  }

  #addPiece(values: ArrayLike<number>, from: number, to: number): void {
    const piece = new Float64Array(to - from)
    let n = 0
    for (let i = from; i < to; i++) {
      const value = values[i] as number
      if (value === value) piece[n++] = value
    }
    const { k, precision } = this
    this.merge(KllSketch.fromSorted(sortFloat64(piece.subarray(0, n)), { k, precision, seed: this.n }))
  }

  /** Takes in what another sketch has seen, as if this one had seen it; the other is only read. Of unequal k the smaller decides the error. @throws InvalidArgument */
  merge(other: KllSketch): void {
    if (!(other instanceof KllSketch) || other.precision !== this.precision) {
      throw invalidArgument(`KllSketch.merge takes a sketch of the same precision, got ${show(other)}`)
    }
    mergeInto(this.#state, other.#state)
  }

  /**
   * A copy that keeps at most `size` values: levels are halved, the lowest first. That adds little to the error, because their values stand for few each.
   *
   * @param size at least k, and at least 64, since each level may hold one value, which cannot be halved
   * @throws InvalidArgument
   */
  compacted(size: number): KllSketch {
    const least = Math.max(this.k, LEAST_COMPACTED)
    if (!(Number.isInteger(size) && size >= least))
      throw invalidArgument(`KllSketch.compacted takes a whole number ≥ ${least}, got ${show(size)}`)
    const copy = new KllSketch({ k: this.k, precision: this.precision })
    const { items, levels } = this.#state
    copy.#state = { ...this.#state, items: items.slice(), levels: levels.slice() }
    lower(copy.#state, size)
    return copy
  }

  /** The kept values with their weights, ascending. */
  weightedValues(): WeightedValues {
    const { items, levels } = this.#state
    const pairs: [number, number][] = []
    for (let level = 0; level < levels.length - 1; level++) {
      for (let i = levels[level] as number; i < (levels[level + 1] as number); i++) pairs.push([items[i] as number, 2 ** level])
    }
    pairs.sort((a, b) => a[0] - b[0])
    return { values: Float64Array.from(pairs, ([value]) => value), weights: Float64Array.from(pairs, ([, weight]) => weight) }
  }

  /** The value below which a share `p` of all values lies; `NaN` without values. @throws InvalidArgument unless `p` is in [0, 1] */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) throw invalidArgument(`a quantile must be between 0 and 1, got ${show(p)}`)
    return this.quantiles([p])[0] as number
  }

  /** Several quantiles by one pass; `shares` are ascending and in [0, 1]. */
  quantiles(shares: ArrayLike<number>): Float64Array {
    const { n, min, max } = this.#state
    const { values, weights } = this.weightedValues()
    let at = 0
    let below = weights[0] ?? 0
    return Float64Array.from(shares, (p) => {
      if (n === 0) return Number.NaN
      if (p <= 0) return min
      if (p >= 1) return max
      while (below < p * n && at < values.length - 1) below += weights[++at] as number
      return values[at] as number
    })
  }

  /** The share of values that are at most `value`; `NaN` without values. */
  rank(value: number): number {
    const { values, weights } = this.weightedValues()
    let below = 0
    for (let i = 0; i < values.length && (values[i] as number) <= value; i++) below += weights[i] as number
    return this.n === 0 ? Number.NaN : below / this.n
  }

  toString(): string {
    return `KllSketch: ${this.n} values, k ${this.k}, rank error ${(this.rankError * 100).toFixed(2)} %`
  }
}

/**
 * Divides the values into blocks of a power of two each, at most k of the largest and one of each smaller size that is needed, spread among them; of each block the middle
 * value is kept and stands for all of it.
 */
function stateOfSorted(state: KllState, sorted: ArrayLike<number>): KllState {
  const n = sorted.length
  const top = Math.ceil(Math.log2(n / state.k))
  const size = 2 ** top
  const count = Math.floor(n / size)
  const smaller = Array.from({ length: top }, (_, level) => level).filter((level) => Math.floor(n / 2 ** level) % 2 === 1)
  const kept: number[][] = Array.from({ length: top + 1 }, () => [])
  let [at, placed] = [0, 0]
  const keep = (level: number): void => {
    const length = 2 ** level
    // Of an even number the lower and the upper middle value in turn.
    const middle = at + (length >> 1) - (length > 1 ? placed++ & 1 : 0)
    kept[level]?.push(sorted[middle] as number)
    at += length
  }
  let next = 0
  for (let block = 0; block < count; block++) {
    keep(top)
    for (; next < smaller.length && Math.floor(((next + 0.5) * count) / smaller.length) === block; next++) keep(smaller[next] as number)
  }
  const capacities = capacitiesOf(state.k, top + 1)
  const items = bufferOf(state.items instanceof Float32Array ? 'single' : 'double', capacities[top + 1] as number)
  let start = items.length - kept.reduce((sum, own) => sum + own.length, 0)
  const levels = kept.map((own) => {
    const from = start
    items.set(own, from)
    start += own.length
    return from
  })
  return {
    ...state,
    n,
    min: sorted[0] as number,
    max: sorted[n - 1] as number,
    items,
    levels: [...levels, items.length],
    capacities,
    isSorted: true,
  }
}

/** Adds values in blocks that fit into the room of level 0. */
function insertAll(state: KllState, values: ArrayLike<number>): void {
  let i = 0
  while (i < values.length) {
    // The first value sets the extremes.
    if (state.n === 0 || state.levels[0] === 0) {
      const value = values[i++] as number
      if (value === value) insert(state, value)
      continue
    }
    const { items } = state
    let { min, max } = state
    const room = state.levels[0] as number
    let at = room
    while (at > 0 && i < values.length) {
      const value = values[i++] as number
      if (value !== value) continue
      if (value < min) min = value
      if (value > max) max = value
      items[--at] = value
    }
    state.levels[0] = at
    state.n += room - at
    state.min = min
    state.max = max
    state.isSorted = false
  }
}

/** Adds a value that is not `NaN`. */
function insert(state: KllState, value: number): void {
  if (state.n === 0) {
    state.min = value
    state.max = value
  } else if (value < state.min) state.min = value
  else if (value > state.max) state.max = value
  if (state.levels[0] === 0) compactLevel(state, levelOf(state))
  const at = (state.levels[0] as number) - 1
  state.levels[0] = at
  state.items[at] = value
  state.isSorted = false
  state.n++
}

/** Puts the levels of both beside each other, then compacts until all fit. */
function mergeInto(state: KllState, other: KllState): void {
  if (other.n === 0) return
  const [min, max] = state.n === 0 ? [other.min, other.max] : [Math.min(state.min, other.min), Math.max(state.max, other.max)]
  // A sketch of one level has lost nothing: its values could have been added here.
  const minK = other.levels.length > 2 ? Math.min(state.minK, other.minK) : state.minK
  const n = state.n + other.n
  const isSorted = state.levels[0] === state.levels[1] && other.isSorted
  const own = state.items
  Object.assign(state, joinedLevels(state, other), { n, min, max, minK, isSorted })
  shrink(state)
  settle(state, own)
}

/** The levels of both, sorted but for the lowest, in a buffer that is lent until the next merge. */
function joinedLevels(a: KllState, b: KllState): Pick<KllState, 'items' | 'levels' | 'capacities'> {
  const height = Math.max(a.levels.length, b.levels.length) - 1
  const capacities = height === a.levels.length - 1 ? a.capacities : capacitiesOf(a.k, height)
  const size = retained(a) + retained(b)
  const items = lentBuffer(a.items instanceof Float32Array ? 'single' : 'double', size)
  const { length } = items
  const levels = new Array<number>(height + 1)
  let at = length - size
  for (let level = 0; level < height; level++) {
    levels[level] = at
    at = joinLevel(items, at, a, b, level)
  }
  levels[height] = length
  return { items, levels, capacities }
}

/** Where merges join levels, by precision: one after the other, so they can share it. */
const lent: { single?: KllState['items']; double?: KllState['items'] } = {}

function lentBuffer(precision: 'single' | 'double', size: number): KllState['items'] {
  const buffer = lent[precision]
  if (buffer !== undefined && buffer.length >= size) return buffer
  const larger = bufferOf(precision, 2 * size)
  lent[precision] = larger
  return larger
}

/** Writes one level of both at `to`: merged, or one after the other where it is the lowest. Returns where it ends. */
function joinLevel(items: KllState['items'], to: number, a: KllState, b: KllState, level: number): number {
  const end = ({ levels }: KllState): number => levels[level + 1] ?? 0
  let i = end(a) === 0 ? 0 : (a.levels[level] as number)
  let j = end(b) === 0 ? 0 : (b.levels[level] as number)
  const [lastI, lastJ] = [end(a), end(b)]
  let at = to
  if (level > 0) {
    while (i < lastI && j < lastJ) {
      const [x, y] = [a.items[i] as number, b.items[j] as number]
      if (x <= y) {
        items[at++] = x
        i++
      } else {
        items[at++] = y
        j++
      }
    }
  }
  while (i < lastI) items[at++] = a.items[i++] as number
  while (j < lastJ) items[at++] = b.items[j++] as number
  return at
}

function retained({ items, levels }: KllState): number {
  return items.length - (levels[0] as number)
}
