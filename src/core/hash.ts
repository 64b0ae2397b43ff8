/** SHA-256 in plain code (FIPS 180-4): synchronous and incremental, which WebCrypto is not. */
import { toHex, utf8 } from './bytes'

/** An incremental hash. */
export interface Hasher {
  /** Adds bytes, or the UTF-8 bytes of a string. */
  update(data: Uint8Array | string): Hasher
  /** Lower-case hexadecimal digest; the hasher cannot be used afterwards. */
  digest(): string
}

/** The round constants: the first 32 fractional bits of the cube roots of the first 64 primes. */
function roundConstants(): Int32Array {
  const constants = new Int32Array(64)
  let candidate = 2
  for (let found = 0; found < 64; candidate++) {
    let prime = true
    for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) prime = false
    if (prime) constants[found++] = Math.floor((Math.cbrt(candidate) % 1) * 4294967296)
  }
  return constants
}

let sharedConstants: Int32Array | undefined

/** A new incremental SHA-256. */
export function sha256(): Hasher {
  sharedConstants ??= roundConstants()
  const k = sharedConstants
  const state = Int32Array.from([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19])
  const w = new Int32Array(64)
  const block = new Uint8Array(64)
  let filled = 0
  let total = 0

  const compress = (bytes: Uint8Array, at: number): void => {
    for (let i = 0; i < 16; i++) {
      const j = at + i * 4
      w[i] = ((bytes[j] as number) << 24) | ((bytes[j + 1] as number) << 16) | ((bytes[j + 2] as number) << 8) | (bytes[j + 3] as number)
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number
      const y = w[i - 2] as number
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0
    }
    // Signed 32-bit locals and no arrays of them: twice the speed of unsigned arithmetic.
    let a = state[0] as number
    let b = state[1] as number
    let c = state[2] as number
    let d = state[3] as number
    let e = state[4] as number
    let f = state[5] as number
    let g = state[6] as number
    let h = state[7] as number
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    // Int32Array wraps what is stored.
    state[0] = (state[0] as number) + a
    state[1] = (state[1] as number) + b
    state[2] = (state[2] as number) + c
    state[3] = (state[3] as number) + d
    state[4] = (state[4] as number) + e
    state[5] = (state[5] as number) + f
    state[6] = (state[6] as number) + g
    state[7] = (state[7] as number) + h
  }

  const hasher: Hasher = {
    update(data) {
      const bytes = typeof data === 'string' ? utf8(data) : data
      total += bytes.length
      let at = 0
      if (filled > 0) {
        at = Math.min(64 - filled, bytes.length)
        block.set(bytes.subarray(0, at), filled)
        filled += at
        if (filled < 64) return hasher
        compress(block, 0)
        filled = 0
      }
      for (; at + 64 <= bytes.length; at += 64) compress(bytes, at)
      block.set(bytes.subarray(at), 0)
      filled = bytes.length - at
      return hasher
    },
    digest() {
      const bits = total * 8
      block[filled++] = 0x80
      if (filled > 56) {
        block.fill(0, filled)
        compress(block, 0)
        filled = 0
      }
      block.fill(0, filled)
      const view = new DataView(block.buffer)
      view.setUint32(56, Math.floor(bits / 4294967296))
      view.setUint32(60, bits >>> 0)
      compress(block, 0)
      const out = new Uint8Array(32)
      const outView = new DataView(out.buffer)
      for (let i = 0; i < 8; i++) outView.setInt32(i * 4, state[i] as number)
      return toHex(out)
    },
  }
  return hasher
}

/** SHA-256 of bytes or of the UTF-8 bytes of a string, lower-case hexadecimal. */
export function sha256Hex(data: Uint8Array | string): string {
  return sha256().update(data).digest()
}
