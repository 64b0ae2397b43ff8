/** The levels of a KLL sketch: one buffer, the lowest level at its beginning, and how a full level is halved into the next. */

/** The state of a sketch. Level i holds items[levels[i]] to items[levels[i + 1] − 1], each standing for 2^i values; all but level 0 are sorted. */
export interface KllState {
  k: number
  /** The smallest k of all sketches merged, which decides the error. */
  minK: number
  n: number
  min: number
  max: number
  items: Float32Array | Float64Array
  levels: number[]
  /** Capacity of each level, and of all together at the end. */
  capacities: Int32Array
  /** Level 0 is sorted. */
  isSorted: boolean
  /** State of the coin. */
  coin: number
}

/** Least capacity of a level. */
export const LEAST = 8

/** Capacity of a level of a sketch with `height` levels: k · (2/3)^depth below the top, as DataSketches rounds it. */
function capacityOf(k: number, height: number, level: number): number {
  const depth = height - level - 1
  return Math.max(LEAST, Math.floor((Math.floor((2 * k * 2 ** depth) / 3 ** depth) + 1) / 2))
}

/** Capacities of all levels of a sketch of `height` levels, and their sum at the end. */
export function capacitiesOf(k: number, height: number): Int32Array {
  const capacities = new Int32Array(height + 1)
  for (let level = 0; level < height; level++) {
    const capacity = capacityOf(k, height, level)
    capacities[level] = capacity
    capacities[height] = (capacities[height] as number) + capacity
  }
  return capacities
}

/** A buffer for so many items. */
export function bufferOf(precision: 'single' | 'double', capacity: number): Float32Array | Float64Array {
  return precision === 'single' ? new Float32Array(capacity) : new Float64Array(capacity)
}

/** The lowest level that has reached its capacity. */
export function levelOf({ capacities, levels }: KllState): number {
  for (let level = 0; ; level++) {
    if ((levels[level + 1] as number) - (levels[level] as number) >= (capacities[level] as number)) return level
  }
}

/** Halves a level: every second item of it, sorted, moves up and counts double. Of an odd number one item stays. */
export function compactLevel(state: KllState, level: number): void {
  if (level === state.levels.length - 2) addLevel(state)
  const { items, levels } = state
  const start = levels[level] as number
  const end = levels[level + 1] as number
  const above = levels[level + 2] as number
  const from = start + ((end - start) & 1)
  const half = (end - from) >> 1
  if (level === 0 && !state.isSorted) sortRange(items, from, end)
  state.coin ^= state.coin << 13
  state.coin ^= state.coin >>> 17
  state.coin ^= state.coin << 5
  const offset = (state.coin >>> 9) & 1
  if (above === end) {
    // Nothing above: the kept items go to the upper half of their range.
    for (let i = half - 1; i >= 0; i--) items[from + half + i] = items[from + 2 * i + offset] as number
  } else {
    for (let i = 0; i < half; i++) items[from + i] = items[from + 2 * i + offset] as number
    mergeUp(items, { from, half, end, above })
  }
  levels[level + 1] = end - half
  const kept = from - start
  if (kept === 1) items[end - half - 1] = items[start] as number
  levels[level] = end - half - kept
  // The lower levels close the gap.
  if (level > 0) {
    const lowest = levels[0] as number
    for (let i = start - 1; i >= lowest; i--) items[i + half] = items[i] as number
    for (let i = 0; i < level; i++) levels[i] = (levels[i] as number) + half
  }
  if (level === 0) state.isSorted = levels[0] === levels[1]
}

/** Merges the `half` items at `from` with the level that begins at `end`, into the room just before it: read ahead of what is written. */
function mergeUp(
  items: Float32Array | Float64Array,
  { from, half, end, above }: { readonly from: number; readonly half: number; readonly end: number; readonly above: number },
): void {
  let [i, j, to] = [from, end, end - half]
  const lastI = from + half
  while (i < lastI && j < above)
    items[to++] = (items[i] as number) <= (items[j] as number) ? (items[i++] as number) : (items[j++] as number)
  while (i < lastI) items[to++] = items[i++] as number
}

/** A new top level; the buffer grows at its beginning by the capacity of a level at the bottom. */
function addLevel(state: KllState): void {
  const { k, items, levels } = state
  const growth = capacityOf(k, levels.length, 0)
  const larger = items instanceof Float32Array ? new Float32Array(items.length + growth) : new Float64Array(items.length + growth)
  larger.set(items, growth)
  state.items = larger
  for (let i = 0; i < levels.length; i++) levels[i] = (levels[i] as number) + growth
  levels.push(larger.length)
  state.capacities = capacitiesOf(k, levels.length - 1)
}

/** The least size to compact to. Each level may hold one value, which cannot be halved, and there are at most 53 levels that do: one a bit of the count. */
export const LEAST_COMPACTED = 64

/** Compacts full levels from below until the sketch keeps no more than its capacity. */
export function shrink(state: KllState): void {
  for (let level = 0; state.items.length - (state.levels[0] as number) > (state.capacities.at(-1) as number); level++) {
    const { levels, capacities } = state
    if (level >= levels.length - 1) level = 0
    if ((levels[level + 1] as number) - (levels[level] as number) >= (capacities[level] as number)) compactLevel(state, level)
  }
}

/** Compacts levels from below, full or not, until the sketch keeps no more than `size` items, at least its k and {@link LEAST_COMPACTED}. */
export function lower(state: KllState, size: number): void {
  for (let level = 0; state.items.length - (state.levels[0] as number) > size; level++) compactLevel(state, level)
}

/** Moves the items into a buffer of just the capacity: `own` where that fits. */
export function settle(state: KllState, own: KllState['items']): void {
  const { items, levels } = state
  const capacity = state.capacities.at(-1) as number
  const surplus = items.length - capacity
  state.items = own.length === capacity ? own : bufferOf(own instanceof Float32Array ? 'single' : 'double', capacity)
  state.items.set(items.subarray(levels[0] as number), (levels[0] as number) - surplus)
  for (let level = 0; level < levels.length; level++) levels[level] = (levels[level] as number) - surplus
}

/** Up to this size insertion is faster than the built-in sort. */
const SMALL = 40

function sortRange(items: Float32Array | Float64Array, from: number, end: number): void {
  if (end - from > SMALL) {
    items.subarray(from, end).sort()
    return
  }
  for (let i = from + 1; i < end; i++) {
    const value = items[i] as number
    let j = i - 1
    while (j >= from && (items[j] as number) > value) {
      items[j + 1] = items[j] as number
      j--
    }
    items[j + 1] = value
  }
}
