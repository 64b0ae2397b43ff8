/** KLL sketches in the bytes of Apache DataSketches: a preamble, the starts of the levels, the extremes, the items. */
import { MillwrightError, show } from '../../core/errors'
import { bufferOf, capacitiesOf, type KllState, LEAST } from './kll-levels'

const FAMILY = 15
/** Flags of the preamble. */
const EMPTY = 1
const SORTED = 2
const SINGLE = 4
/** Bytes before the levels of a sketch of several items, and before the item of a sketch of one. */
const FULL_PREAMBLE = 20
const SHORT_PREAMBLE = 8

/** Writes a sketch. */
export function writeKll({ k, minK, n, min, max, items, levels, isSorted }: KllState): Uint8Array {
  const width = items.BYTES_PER_ELEMENT
  const height = levels.length - 1
  const kept = n === 1 ? [items[levels[0] as number] as number] : n === 0 ? [] : [min, max, ...items.subarray(levels[0])]
  const start = n > 1 ? FULL_PREAMBLE + 4 * height : SHORT_PREAMBLE
  const bytes = new Uint8Array(start + width * kept.length)
  const view = new DataView(bytes.buffer)
  const flags = (n === 0 ? EMPTY : 0) | (n === 1 ? SINGLE : 0) | (isSorted && n > 0 ? SORTED : 0)
  bytes.set([n > 1 ? 5 : 2, n === 1 ? 2 : 1, FAMILY, flags])
  view.setUint16(4, k, true)
  bytes[6] = LEAST
  if (n > 1) {
    view.setUint32(8, n % 2 ** 32, true)
    view.setUint32(12, Math.floor(n / 2 ** 32), true)
    view.setUint16(16, minK, true)
    bytes[18] = height
    for (let level = 0; level < height; level++) view.setUint32(FULL_PREAMBLE + 4 * level, levels[level] as number, true)
  }
  kept.forEach((value, i) => {
    if (width === 4) view.setFloat32(start + 4 * i, value, true)
    else view.setFloat64(start + 8 * i, value, true)
  })
  return bytes
}

/** Reads a sketch. @throws Corrupt for bytes that are none, or of the other precision */
export function readKll(bytes: Uint8Array, precision: 'single' | 'double'): Omit<KllState, 'coin'> {
  if (!(bytes instanceof Uint8Array) || bytes.length < SHORT_PREAMBLE) throw corrupt('fewer than 8 bytes', bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [preamble, version, family, flags] = bytes as unknown as [number, number, number, number]
  const k = view.getUint16(4, true)
  if (family !== FAMILY || (version !== 1 && version !== 2)) throw corrupt(`family ${family}, version ${version}, expected 15 and 1 or 2`)
  if (k < LEAST || bytes[6] !== LEAST) throw corrupt(`k ${k} and m ${bytes[6]}, expected at least 8 and 8`)
  const read = reader(view, precision)
  const empty = {
    k,
    minK: k,
    n: 0,
    min: Number.NaN,
    max: Number.NaN,
    items: bufferOf(precision, k),
    levels: [k, k],
    capacities: capacitiesOf(k, 1),
    isSorted: true,
  }
  if ((flags & EMPTY) !== 0) return empty
  if ((flags & SINGLE) !== 0) {
    if (bytes.length !== SHORT_PREAMBLE + read.width) throw corrupt(`${bytes.length} bytes for one value of ${read.width}`)
    const value = read.at(SHORT_PREAMBLE)
    empty.items[k - 1] = value
    return { ...empty, n: 1, min: value, max: value, levels: [k - 1, k], isSorted: (flags & SORTED) !== 0 }
  }
  if (preamble !== 5 || bytes.length < FULL_PREAMBLE) throw corrupt(`a preamble of ${preamble} words, expected 5`)
  return readFull(bytes, view, { k, precision, isSorted: (flags & SORTED) !== 0 })
}

interface Preamble {
  readonly k: number
  readonly precision: 'single' | 'double'
  readonly isSorted: boolean
}

function readFull(bytes: Uint8Array, view: DataView, { k, precision, isSorted }: Preamble): Omit<KllState, 'coin'> {
  const read = reader(view, precision)
  const n = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32
  const minK = view.getUint16(16, true)
  const height = bytes[18] as number
  const capacities = capacitiesOf(k, height)
  const capacity = capacities[height] as number
  const start = FULL_PREAMBLE + 4 * height
  if (height === 0 || bytes.length < start) throw corrupt(`${height} levels in ${bytes.length} bytes`)
  const levels = Array.from({ length: height }, (_, level) => view.getUint32(FULL_PREAMBLE + 4 * level, true))
  levels.push(capacity)
  if (levels.some((at, i) => at > capacity || (i > 0 && at < (levels[i - 1] as number)))) throw corrupt('levels that do not ascend')
  const kept = capacity - (levels[0] as number)
  if (bytes.length !== start + read.width * (kept + 2)) {
    throw corrupt(`${bytes.length} bytes, expected ${start + read.width * (kept + 2)} for ${kept} values of ${read.width} bytes`)
  }
  const weight = levels.slice(1).reduce((sum, end, level) => sum + (end - (levels[level] as number)) * 2 ** level, 0)
  if (weight !== n) throw corrupt(`values that stand for ${weight}, expected ${n}`)
  const items = bufferOf(precision, capacity)
  for (let i = 0; i < kept; i++) items[(levels[0] as number) + i] = read.at(start + read.width * (i + 2))
  if (items.some((value) => value !== value)) throw corrupt('a value that is no number')
  return {
    k,
    minK,
    n,
    min: read.at(start),
    max: read.at(start + read.width),
    items,
    levels,
    capacities,
    isSorted,
  }
}

function reader(view: DataView, precision: 'single' | 'double'): { readonly width: number; at(offset: number): number } {
  return precision === 'single'
    ? { width: 4, at: (offset) => view.getFloat32(offset, true) }
    : { width: 8, at: (offset) => view.getFloat64(offset, true) }
}

function corrupt(found: string, bytes?: unknown): MillwrightError {
  return new MillwrightError('Corrupt', `these bytes are no KLL sketch: ${found}${bytes === undefined ? '' : `, got ${show(bytes)}`}`)
}
