/** MurmurHash3, the hash of scikit-learn's feature hashing. */
import { utf8 } from '../../core/bytes'

/**
 * The 32-bit MurmurHash3 (x86) of a text's UTF-8 bytes, as a signed number.
 *
 * Source: Austin Appleby, MurmurHash3_x86_32 (public domain).
 */
export function murmurHash(text: string, seed = 0): number {
  const bytes = utf8(text)
  const whole = bytes.length & ~3
  let hash = seed | 0
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(byteAt(bytes, i) | (byteAt(bytes, i + 1) << 8) | (byteAt(bytes, i + 2) << 16) | (byteAt(bytes, i + 3) << 24))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let i = bytes.length - 1; i >= whole; i--) tail = (tail << 8) | byteAt(bytes, i)
  hash ^= scrambled(tail) ^ bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

function byteAt(bytes: Uint8Array, i: number): number {
  return bytes[i] as number
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/** The place of a feature among `width` hashed ones, and its sign. */
export function hashedPlace(feature: string, width: number): { readonly place: number; readonly sign: 1 | -1 } {
  const hash = murmurHash(feature)
  // Math.abs gives 2³¹ for −2³¹, which scikit-learn, on 32-bit numbers, also arrives at.
  return { place: Math.abs(hash) % width, sign: hash >= 0 ? 1 : -1 }
}
