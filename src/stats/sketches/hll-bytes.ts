/** HyperLogLog sketches in the bytes of Apache DataSketches: a list or set of coupons, or registers of 4, 6 or 8 bits. */
import { MillwrightError, show } from '../../core/errors'

/** The state of a sketch: distinct coupons while they are few, then registers. */
export interface HllState {
  readonly lgK: number
  coupons: Set<number> | undefined
  registers: Uint8Array
}

const FAMILY = 7
const EMPTY = 4
const COMPACT = 8
/** The registers were not filled by one stream in order: readers take the estimator that does not depend on it. */
const OUT_OF_ORDER = 16
const [LIST, SET, HLL] = [0, 1, 2]
/** Kinds of registers, in bits 2 and 3 of the mode. */
const KIND_8 = 2
/** Bytes before registers, before coupons of a set, before those of a list. */
const HLL_PREAMBLE = 40
const SET_PREAMBLE = 12
const LIST_PREAMBLE = 8
/** Most coupons of a list. */
const LIST_SIZE = 7

/** Writes a sketch. */
export function writeHll({ lgK, coupons, registers }: HllState): Uint8Array {
  if (coupons === undefined) return writeRegisters(lgK, registers)
  const isList = coupons.size <= LIST_SIZE
  const start = isList ? LIST_PREAMBLE : SET_PREAMBLE
  const bytes = new Uint8Array(start + 4 * coupons.size)
  const view = new DataView(bytes.buffer)
  const size = isList ? 3 : Math.max(5, Math.ceil(Math.log2(coupons.size / 0.75)))
  const flags = COMPACT | (coupons.size === 0 ? EMPTY : 0)
  bytes.set([isList ? 2 : 3, 1, FAMILY, lgK, size, flags, isList ? coupons.size : 0, (isList ? LIST : SET) | (KIND_8 << 2)])
  if (!isList) view.setUint32(LIST_PREAMBLE, coupons.size, true)
  let at = start
  for (const coupon of coupons) {
    view.setUint32(at, coupon, true)
    at += 4
  }
  return bytes
}

function writeRegisters(lgK: number, registers: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HLL_PREAMBLE + registers.length)
  const view = new DataView(bytes.buffer)
  bytes.set([10, 1, FAMILY, lgK, 0, COMPACT | OUT_OF_ORDER, 0, HLL | (KIND_8 << 2)])
  let [small, large, zeros] = [0, 0, 0]
  for (const value of registers) {
    if (value === 0) zeros++
    if (value < 32) small += 2 ** -value
    else large += 2 ** -value
  }
  view.setFloat64(16, small, true)
  view.setFloat64(24, large, true)
  view.setUint32(32, zeros, true)
  bytes.set(registers, HLL_PREAMBLE)
  return bytes
}

/** Reads a sketch. @throws Corrupt for bytes that are none */
export function readHll(bytes: Uint8Array): HllState {
  if (!(bytes instanceof Uint8Array) || bytes.length < LIST_PREAMBLE) throw corrupt('fewer than 8 bytes', bytes)
  const [, version, family, lgK, , , , mode] = bytes as unknown as readonly [number, number, number, number, number, number, number, number]
  if (version !== 1 || family !== FAMILY || lgK < 4 || lgK > 21) throw corrupt(`version ${version}, family ${family}, lgK ${lgK}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const form = mode & 3
  if (form === LIST || form === SET) return { lgK, coupons: readCoupons(bytes, view, form === LIST), registers: new Uint8Array(0) }
  if (form !== HLL || bytes.length < HLL_PREAMBLE) throw corrupt(`mode ${form} in ${bytes.length} bytes`)
  return { lgK, coupons: undefined, registers: readRegisters(bytes, view, lgK, (mode >> 2) & 3) }
}

function readCoupons(bytes: Uint8Array, view: DataView, isList: boolean): Set<number> {
  const start = isList ? LIST_PREAMBLE : SET_PREAMBLE
  if (((bytes[5] as number) & EMPTY) !== 0) return new Set()
  if (bytes.length < start) throw corrupt(`${bytes.length} bytes`)
  const count = isList ? (bytes[6] as number) : view.getUint32(LIST_PREAMBLE, true)
  // A form that is not compact has empty places.
  const places = ((bytes[5] as number) & COMPACT) !== 0 ? count : 2 ** (bytes[4] as number)
  if (bytes.length < start + 4 * places) throw corrupt(`${bytes.length} bytes for ${places} coupons`)
  const coupons = new Set<number>()
  for (let i = 0; i < places; i++) {
    const coupon = view.getUint32(start + 4 * i, true)
    if (coupon !== 0) coupons.add(coupon)
  }
  if (coupons.size !== count) throw corrupt(`${coupons.size} coupons, expected ${count}`)
  return coupons
}

function readRegisters(bytes: Uint8Array, view: DataView, lgK: number, kind: number): Uint8Array {
  const m = 2 ** lgK
  const size = kind === 0 ? m / 2 : kind === 1 ? (m * 3) / 4 + 1 : m
  if (kind > KIND_8 || bytes.length < HLL_PREAMBLE + size) throw corrupt(`${bytes.length} bytes for ${m} registers of kind ${kind}`)
  const own = bytes.subarray(HLL_PREAMBLE, HLL_PREAMBLE + size)
  if (kind === KIND_8) return own.slice()
  const registers = new Uint8Array(m)
  if (kind === 1) {
    for (let slot = 0; slot < m; slot++) {
      const bit = slot * 6
      const pair = (own[bit >> 3] as number) | ((own[(bit >> 3) + 1] as number) << 8)
      registers[slot] = (pair >> (bit & 7)) & 63
    }
    return registers
  }
  const least = bytes[6] as number
  for (let slot = 0; slot < m; slot++) registers[slot] = (((own[slot >> 1] as number) >> ((slot & 1) * 4)) & 15) + least
  readExceptions(bytes, view, registers, HLL_PREAMBLE + size)
  return registers
}

/** Registers of 4 bits that are 15 have their values in a list of their own. */
function readExceptions(bytes: Uint8Array, view: DataView, registers: Uint8Array, start: number): void {
  const count = view.getUint32(36, true)
  const places = ((bytes[5] as number) & COMPACT) !== 0 || count === 0 ? count : 2 ** (bytes[4] as number)
  if (bytes.length < start + 4 * places) throw corrupt(`${bytes.length} bytes for ${places} exceptions`)
  for (let i = 0; i < places; i++) {
    const pair = view.getUint32(start + 4 * i, true)
    if (pair !== 0) registers[pair & (registers.length - 1)] = pair >>> 26
  }
}

function corrupt(found: string, bytes?: unknown): MillwrightError {
  return new MillwrightError('Corrupt', `these bytes are no HLL sketch: ${found}${bytes === undefined ? '' : `, got ${show(bytes)}`}`)
}
