/** Sorting of doubles, faster than the built-in sort from a few thousand values on. */

/** Below this length the built-in sort is as fast. */
const RADIX_FROM = 2048
/** Runs with equal upper halves up to this length are left to the insertion pass. */
const SHORT_RUN = 24

/**
 * Sorts `values` ascending, in place, and returns it. The array must hold no `NaN`; −0 and 0 count as equal.
 *
 * A least-significant-digit radix sort on the upper 32 bits in three passes (11, 11 and 10 bits), then one insertion pass that
 * orders what the lower bits decide; long runs with equal upper halves go through the built-in sort. O(n), one working copy.
 */
export function sortFloat64(values: Float64Array): Float64Array {
  const n = values.length
  if (n < RADIX_FROM || !isLittleEndian()) return values.sort()
  if (isSorted(values)) return values
  const counts = countDigits(values)
  let from: Float64Array = values
  let to: Float64Array = new Float64Array(n)
  for (let pass = 0; pass < 3; pass++) {
    const starts = counts[pass] as Uint32Array
    if (!toStarts(starts, n)) continue
    scatter(from, to, starts, pass)
    ;[from, to] = [to, from]
  }
  finish(from)
  if (from !== values) values.set(from)
  return values
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
}

function isSorted(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if ((values[i - 1] as number) > (values[i] as number)) return false
  return true
}

/** Upper halves of the doubles, as they lie in memory at odd positions. */
function upperHalves(values: Float64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2)
}

/** Histograms of the three digits of the order-preserving key: sign flipped, and all bits of negative numbers inverted. */
function countDigits(values: Float64Array): Uint32Array[] {
  const low = new Uint32Array(2048)
  const middle = new Uint32Array(2048)
  const high = new Uint32Array(1024)
  const words = upperHalves(values)
  for (let i = 1; i < words.length; i += 2) {
    const word = words[i] as number
    const key = word ^ ((word >> 31) | -2147483648)
    const a = key & 2047
    const b = (key >>> 11) & 2047
    const c = key >>> 22
    low[a] = (low[a] as number) + 1
    middle[b] = (middle[b] as number) + 1
    high[c] = (high[c] as number) + 1
  }
  return [low, middle, high]
}

/** Turns counts into first positions; false when one digit holds everything, so that the pass changes nothing. */
function toStarts(counts: Uint32Array, n: number): boolean {
  let sum = 0
  for (let digit = 0; digit < counts.length; digit++) {
    const count = counts[digit] as number
    if (count === n) return false
    counts[digit] = sum
    sum += count
  }
  return true
}

function scatter(from: Float64Array, to: Float64Array, starts: Uint32Array, pass: number): void {
  const words = upperHalves(from)
  const shift = pass * 11
  const mask = starts.length - 1
  for (let i = 0; i < from.length; i++) {
    const word = words[2 * i + 1] as number
    const digit = ((word ^ ((word >> 31) | -2147483648)) >>> shift) & mask
    const at = starts[digit] as number
    starts[digit] = at + 1
    to[at] = from[i] as number
  }
}

/** Orders values whose upper halves are equal. */
function finish(values: Float64Array): void {
  const words = upperHalves(values)
  const n = values.length
  let start = 0
  let word = words[1] as number
  for (let end = 1; end < n; end++) {
    const next = words[2 * end + 1] as number
    if (next === word) continue
    if (end - start > 1) orderRun(values, start, end)
    start = end
    word = next
  }
  if (n - start > 1) orderRun(values, start, n)
}

function orderRun(values: Float64Array, start: number, end: number): void {
  if (end - start > SHORT_RUN) sortRun(values.subarray(start, end))
  else insertionSort(values, start, end)
}

function sortRun(run: Float64Array): void {
  if (!isSorted(run)) run.sort()
}

function insertionSort(values: Float64Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    const value = values[i] as number
    let j = i
    while (j > start && (values[j - 1] as number) > value) {
      values[j] = values[j - 1] as number
      j--
    }
    values[j] = value
  }
}
