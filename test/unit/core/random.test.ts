import { describe, expect, it } from 'vitest'
import { createRng, permutation } from '../../../src/core/random'

const draw = (seed: number, n: number): number[] => {
  const rng = createRng(seed)
  return Array.from({ length: n }, () => rng.next())
}

/** xoshiro128** as published, on big integers, to check the arithmetic of the real one. */
function reference(state: [bigint, bigint, bigint, bigint], n: number): number[] {
  const mask = 0xffffffffn
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask
  let [a, b, c, d] = state
  return Array.from({ length: n }, () => {
    const result = (rotate((b * 5n) & mask, 7n) * 9n) & mask
    const t = (b << 9n) & mask
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11n)
    return Number(result)
  })
}

/** splitmix32 with the constants of the source, on big integers. */
function splitmix(seed: bigint): () => bigint {
  const mask = 0xffffffffn
  let state = seed
  return () => {
    state = (state + 0x9e3779b9n) & mask
    let z = state ^ (state >> 16n)
    z = (z * 0x21f0aaadn) & mask
    z ^= z >> 15n
    z = (z * 0x735a2d97n) & mask
    return z ^ (z >> 15n)
  }
}

describe('createRng', () => {
  it('is xoshiro128** seeded by splitmix32', () => {
    for (const seed of [0, 1, 7, 42, 4294967295]) {
      const next = splitmix(BigInt(seed))
      const words = reference([next(), next(), next(), next() | 1n], 40)
      const expected = Array.from({ length: 20 }, (_, i) => {
        const [high, low] = [words[2 * i] as number, words[2 * i + 1] as number]
        return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
      })
      expect(draw(seed, 20)).toEqual(expected)
    }
  })

  it('gives the same numbers for the same seed and others for other seeds', () => {
    expect(draw(42, 100)).toEqual(draw(42, 100))
    const seeds = [0, 1, 2, -1, 0.25, 1.5, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 0x9e3779b1, 2 ** 40, 2 ** 53, -(2 ** 40)]
    expect(new Set(seeds.map((seed) => draw(seed, 4).join())).size).toBe(seeds.length)
  })

  it('tells seeds apart whose halves cancel out in the first mix', () => {
    // 0x9e3779b1 is the factor by which the upper half enters: these two seeds give the same first word.
    expect(draw(2 ** 32, 3)).not.toEqual(draw(0x9e3779b1, 3))
  })

  it('is uniform in [0, 1): χ² over 100 bins, mean, variance, serial correlation', () => {
    const n = 200_000
    const values = draw(123, n)
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    const bins = new Array<number>(100).fill(0)
    for (const value of values) bins[Math.floor(value * 100)] = (bins[Math.floor(value * 100)] as number) + 1
    const chi = bins.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0)
    // 99 degrees of freedom: the 0.01 % and 99.99 % points.
    expect(chi).toBeGreaterThan(53)
    expect(chi).toBeLessThan(160)
    const mean = values.reduce((a, b) => a + b, 0) / n
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / n))
    let correlation = 0
    for (let i = 1; i < n; i++) correlation += ((values[i] as number) - 0.5) * ((values[i - 1] as number) - 0.5)
    expect(Math.abs((correlation * 12) / n)).toBeLessThan(4 / Math.sqrt(n))
  })

  it('gives whole numbers evenly', () => {
    const rng = createRng(5)
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) {
      const k = rng.int(7)
      counts[k] = (counts[k] as number) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450)
    expect(rng.int(1)).toBe(0)
    for (let i = 0; i < 1000; i++) expect(rng.int(2 ** 32)).toBeLessThan(2 ** 32)
  })

  it('gives standard normal numbers', () => {
    const rng = createRng(9)
    const n = 100_000
    const values = Array.from({ length: n }, () => rng.normal())
    const mean = values.reduce((a, b) => a + b, 0) / n
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / n
    const kurtosis = values.reduce((a, b) => a + (b - mean) ** 4, 0) / n / variance ** 2
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n))
    expect(values.every(Number.isFinite)).toBe(true)
  })

  it('forks streams that neither repeat each other nor the parent', () => {
    const rng = createRng(1)
    const streams = Array.from({ length: 2000 }, () => rng.fork().next())
    expect(new Set(streams).size).toBe(2000)
    const again = createRng(1)
    expect(Array.from({ length: 3 }, () => again.fork().next())).toEqual(streams.slice(0, 3))
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses the seed %s', (seed) => {
    expect(() => createRng(seed)).toThrow(`seed must be a finite number, got ${seed}`)
  })
})

describe('permutation', () => {
  it('holds every index once, for every n', () => {
    for (const n of [0, 1, 2, 17, 1000]) {
      expect([...permutation(n, createRng(n))].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
    }
  })

  it('gives all orders equally often', () => {
    const rng = createRng(3)
    const counts = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const order = permutation(4, rng).join()
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
