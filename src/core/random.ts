/** Seeded pseudo-random numbers: the same seed gives the same numbers on every runtime. */
import { invalidArgument, show } from './errors'

/** A stream of pseudo-random numbers. */
export interface Rng {
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform integer in [0, n), n ≤ 2³². */
  int(n: number): number
  /** Standard normal (Box–Muller). */
  normal(): number
  /** A new stream, independent of what this one gives later. */
  fork(): Rng
}

/**
 * A seeded generator: xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32 from the seed.
 *
 * @param seed any finite number; integers up to 2⁵³ give distinct streams.
 */
export function createRng(seed: number): Rng {
  if (!Number.isFinite(seed)) throw invalidArgument(`seed must be a finite number, got ${show(seed)}`)
  const high = Math.floor(seed / 4294967296) | 0
  let mix = (Math.floor(seed) ^ Math.imul(high, 0x9e3779b1)) | 0
  if (!Number.isInteger(seed)) mix ^= Math.floor((seed - Math.floor(seed)) * 4294967296)
  const split = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix ^ (mix >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let a = split()
  let b = split()
  // The high bits enter once more: 32 bits of `mix` alone could not tell 2⁵³ seeds apart.
  mix = (mix + Math.imul(high, 0x85ebca6b)) | 0
  let c = split()
  let d = split() | 1
  const next32 = (): number => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result >>> 0
  }
  const next = (): number => (next32() >>> 5) * 1.1102230246251565e-16 * 67108864 + (next32() >>> 6) * 1.1102230246251565e-16
  let spare: number | undefined
  return {
    next,
    // Multiply-shift; the bias is below 2⁻²¹ for n ≤ 2³² thanks to 53 bits.
    int: (n) => Math.floor(next() * n),
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next()))
      const angle = 2 * Math.PI * next()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    fork: () => createRng(next32() * 1048576 + (next32() >>> 12)),
  }
}

/** A random order of 0 … n − 1 (Fisher–Yates). */
export function permutation(n: number, rng: Rng): Int32Array {
  const order = new Int32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    const swap = order[i] as number
    order[i] = order[j] as number
    order[j] = swap
  }
  return order
}
