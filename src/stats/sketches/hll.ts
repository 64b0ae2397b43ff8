/**
 * The HyperLogLog sketch: how many different values a stream has, in at most a few kilobytes, mergeable.
 *
 * Source: P. Flajolet et al., HyperLogLog, AofA 2007; estimator of O. Ertl, New Cardinality Estimation Algorithms for HyperLogLog Sketches, 2017; hashes and bytes of Apache DataSketches.
 */
import { utf8 } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, wholeNumber } from '../../core/options'
import { type HllState, readHll, writeHll } from './hll-bytes'
import { murmur128 } from './murmur64'

/** Options of {@link HllSketch}. */
export interface HllOptions {
  /** Logarithm of the number of registers, 4 to 21: the relative standard error is 1.04 / √(2^lgK). @default 12, which gives 1.6 % and 4 kB */
  readonly lgK?: number | undefined
}

/** DataSketches' seed of all hashes. */
const SEED = 9001
/** A coupon: the lower 26 bits are the address, the upper 6 the number of leading zeros of another hash, plus 1. */
const ADDRESS_BITS = 26

/**
 * Counts distinct values. Few values (up to 3/32 of the registers) are counted nearly exactly.
 *
 * Text is hashed as UTF-8, numbers as doubles (−0 is 0, whole numbers too): the same as DataSketches' libraries do with strings and doubles.
 */
export class HllSketch {
  #state: HllState

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: HllOptions = {}) {
    checkOptions('HllSketch', options, { lgK: wholeNumber(4, 21) })
    this.#state = { lgK: options.lgK ?? 12, coupons: new Set(), registers: new Uint8Array(0) }
  }

  /** A sketch from DataSketches' bytes, of any of its forms (list, set, HLL_4, HLL_6, HLL_8). @throws Corrupt */
  static fromBytes(bytes: Uint8Array): HllSketch {
    const sketch = new HllSketch()
    sketch.#state = readHll(bytes)
    return sketch
  }

  /** The sketch in the compact format of Apache DataSketches, as HLL_8. */
  toBytes(): Uint8Array {
    return writeHll(this.#state)
  }

  get lgK(): number {
    return this.#state.lgK
  }

  /** The relative standard error of {@link HllSketch.estimate}; 0 while values are few. */
  get relativeError(): number {
    return this.#state.coupons === undefined ? 1.04 / Math.sqrt(2 ** this.#state.lgK) : 0
  }

  /** Adds a text or a number; the empty text and `NaN` are left out, as in DataSketches. */
  add(value: string | number): void {
    if (value === '' || value !== value) return
    const [, low, high2, low2] = murmur128(typeof value === 'string' ? utf8(value) : bytesOf(value), SEED)
    const zeros = high2 === 0 ? 32 + Math.clz32(low2) : Math.clz32(high2)
    addCoupon(this.#state, ((Math.min(zeros, 62) + 1) * 2 ** ADDRESS_BITS + (low % 2 ** ADDRESS_BITS)) >>> 0)
  }

  /** Takes in what another sketch has seen; the result has the smaller number of registers. The other is only read. @throws InvalidArgument */
  merge(other: HllSketch): void {
    if (!(other instanceof HllSketch)) throw invalidArgument(`HllSketch.merge takes an HllSketch, got ${show(other)}`)
    const theirs = other.#state
    if (theirs.lgK < this.#state.lgK) this.#state = folded(this.#state, theirs.lgK)
    if (theirs.coupons !== undefined) for (const coupon of theirs.coupons) addCoupon(this.#state, coupon)
    else {
      const mine = this.#state
      toRegisters(mine)
      const mask = mine.registers.length - 1
      theirs.registers.forEach((value, slot) => {
        if (value > (mine.registers[slot & mask] as number)) mine.registers[slot & mask] = value
      })
    }
  }

  /** About how many different values were added. */
  get estimate(): number {
    const { coupons, registers } = this.#state
    if (coupons === undefined) return estimateOf(registers)
    // Of 2^26 addresses some coupons share one.
    const addresses = 2 ** ADDRESS_BITS
    return -addresses * Math.log1p(-coupons.size / addresses)
  }

  toString(): string {
    return `HllSketch: about ${Math.round(this.estimate)} different values`
  }
}

/** The bytes of a double as DataSketches hashes it. */
function bytesOf(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value === 0 ? 0 : value, true)
  return new Uint8Array(view.buffer)
}

/** Above this share of the registers, coupons become registers. */
function mostCoupons(lgK: number): number {
  return lgK < 8 ? 8 : 0.75 * 2 ** (lgK - 3)
}

function addCoupon(state: HllState, coupon: number): void {
  if (state.coupons === undefined) {
    setRegister(state.registers, coupon)
    return
  }
  state.coupons.add(coupon)
  if (state.coupons.size > mostCoupons(state.lgK)) toRegisters(state)
}

function toRegisters(state: HllState): void {
  if (state.coupons === undefined) return
  state.registers = new Uint8Array(2 ** state.lgK)
  for (const coupon of state.coupons) setRegister(state.registers, coupon)
  state.coupons = undefined
}

function setRegister(registers: Uint8Array, coupon: number): void {
  const slot = coupon & (registers.length - 1)
  const value = coupon >>> ADDRESS_BITS
  if (value > (registers[slot] as number)) registers[slot] = value
}

/** The state with fewer registers. */
function folded(state: HllState, lgK: number): HllState {
  const smaller: HllState = { lgK, coupons: new Set(), registers: new Uint8Array(0) }
  if (state.coupons !== undefined) for (const coupon of state.coupons) addCoupon(smaller, coupon)
  else {
    toRegisters(smaller)
    state.registers.forEach((value, slot) => {
      const at = slot & (smaller.registers.length - 1)
      if (value > (smaller.registers[at] as number)) smaller.registers[at] = value
    })
  }
  return smaller
}

/** Ertl's improved raw estimator, which needs neither tables nor a switch for small numbers. */
function estimateOf(registers: Uint8Array): number {
  const m = registers.length
  const most = 63
  const counts = new Float64Array(most + 2)
  for (const value of registers) counts[value] = (counts[value] as number) + 1
  let z = m * tau(1 - (counts[most + 1] as number) / m)
  for (let value = most; value >= 1; value--) z = 0.5 * (z + (counts[value] as number))
  z += m * sigma((counts[0] as number) / m)
  return (m * m) / (2 * Math.LN2 * z)
}

function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY
  let [x, y, z] = [start, 1, start]
  for (let before = -1; before !== z; y += y) {
    x *= x
    before = z
    z += x * y
  }
  return z
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0
  let [x, y, z] = [start, 1, 1 - start]
  for (let before = -1; before !== z; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
