/** MurmurHash3 of 128 bits for 64-bit machines (A. Appleby, public domain), by halves of 32 bits. */

/** Four words of 32 bits: high and low half of the first number, then of the second. */
export type Hash128 = readonly [number, number, number, number]

/** Halves of the two multipliers. */
const C1_HIGH = 0x87c37b91
const C1_LOW = 0x114253d5
const C2_HIGH = 0x4cf5ad43
const C2_LOW = 0x2745937f

/** The hash of bytes. */
export function murmur128(bytes: Uint8Array, seed: number): Hash128 {
  const { length } = bytes
  // h1, h2, k: high and low halves.
  const w = new Uint32Array([0, seed, 0, seed, 0, 0])
  const word = (at: number): number => {
    let value = 0
    for (let i = Math.min(4, length - at) - 1; i >= 0; i--) value = (value << 8) | (bytes[at + i] as number)
    return value >>> 0
  }
  const blocks = length - (length % 16)
  for (let at = 0; at < blocks; at += 16) {
    mixFirst(w, word(at + 4), word(at))
    rotate(w, 0, 27)
    add(w, 0, w[2] as number, w[3] as number)
    scale(w, 0, 0x52dce729)
    mixSecond(w, word(at + 12), word(at + 8))
    rotate(w, 2, 31)
    add(w, 2, w[0] as number, w[1] as number)
    scale(w, 2, 0x38495ab5)
  }
  if (length % 16 > 8) mixSecond(w, word(blocks + 12), word(blocks + 8))
  if (length % 16 > 0) mixFirst(w, word(blocks + 4), word(blocks))
  w[1] = (w[1] as number) ^ length
  w[3] = (w[3] as number) ^ length
  add(w, 0, w[2] as number, w[3] as number)
  add(w, 2, w[0] as number, w[1] as number)
  finish(w, 0)
  finish(w, 2)
  add(w, 0, w[2] as number, w[3] as number)
  add(w, 2, w[0] as number, w[1] as number)
  return [w[0] as number, w[1] as number, w[2] as number, w[3] as number]
}

function mixFirst(w: Uint32Array, high: number, low: number): void {
  w[4] = high
  w[5] = low
  multiply(w, 4, C1_HIGH, C1_LOW)
  rotate(w, 4, 31)
  multiply(w, 4, C2_HIGH, C2_LOW)
  w[0] = (w[0] as number) ^ (w[4] as number)
  w[1] = (w[1] as number) ^ (w[5] as number)
}

function mixSecond(w: Uint32Array, high: number, low: number): void {
  w[4] = high
  w[5] = low
  multiply(w, 4, C2_HIGH, C2_LOW)
  rotate(w, 4, 33)
  multiply(w, 4, C1_HIGH, C1_LOW)
  w[2] = (w[2] as number) ^ (w[4] as number)
  w[3] = (w[3] as number) ^ (w[5] as number)
}

/** Times 5 plus a constant. */
function scale(w: Uint32Array, at: number, constant: number): void {
  multiply(w, at, 0, 5)
  add(w, at, 0, constant)
}

function finish(w: Uint32Array, at: number): void {
  shiftXor(w, at)
  multiply(w, at, 0xff51afd7, 0xed558ccd)
  shiftXor(w, at)
  multiply(w, at, 0xc4ceb9fe, 0x1a85ec53)
  shiftXor(w, at)
}

/** Exclusive or with itself shifted right by 33 bits. */
function shiftXor(w: Uint32Array, at: number): void {
  w[at + 1] = (w[at + 1] as number) ^ ((w[at] as number) >>> 1)
}

function add(w: Uint32Array, at: number, high: number, low: number): void {
  const sum = (w[at + 1] as number) + low
  w[at + 1] = sum
  w[at] = (w[at] as number) + high + (sum > 0xffffffff ? 1 : 0)
}

/** Rotates left by 1 to 63 bits, but not by 32. */
function rotate(w: Uint32Array, at: number, bits: number): void {
  const isFar = bits > 32
  const [high, low] = isFar ? [w[at + 1] as number, w[at] as number] : [w[at] as number, w[at + 1] as number]
  const by = isFar ? bits - 32 : bits
  w[at] = (high << by) | (low >>> (32 - by))
  w[at + 1] = (low << by) | (high >>> (32 - by))
}

/** The low 64 bits of a product. */
function multiply(w: Uint32Array, at: number, high: number, low: number): void {
  const [ownHigh, ownLow] = [w[at] as number, w[at + 1] as number]
  const [a, b, c, d] = [ownLow >>> 16, ownLow & 0xffff, low >>> 16, low & 0xffff]
  const [bd, ad, bc] = [b * d, a * d, b * c]
  const middle = (bd >>> 16) + (ad & 0xffff) + (bc & 0xffff)
  w[at + 1] = (middle << 16) | (bd & 0xffff)
  w[at] = a * c + (ad >>> 16) + (bc >>> 16) + (middle >>> 16) + (Math.imul(ownHigh, low) >>> 0) + (Math.imul(ownLow, high) >>> 0)
}
