import { describe, expect, it } from 'vitest'
import { batchBounds, createHistogram, quantileOf } from '../../../src/predictor/histogram'
import { createResultCache } from '../../../src/predictor/result-cache'

describe('createResultCache', () => {
  it('forgets the least recently used entry first', () => {
    const cache = createResultCache<number>({ maxEntries: 2, now: () => 0 })
    cache.set('a', 1)
    cache.set('b', 2)
    expect(cache.get('a')).toBe(1)
    cache.set('c', 3)
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([1, undefined, 3, 2])
    cache.set('a', 4)
    cache.set('d', 5)
    expect([cache.get('a'), cache.get('c')]).toEqual([4, undefined])
    cache.clear()
    expect(cache.size).toBe(0)
  })

  it('forgets what is too old', () => {
    let time = 0
    const cache = createResultCache<number>({ maxEntries: 2, ttlMs: 10, now: () => time })
    cache.set('a', 1)
    time = 9
    expect(cache.get('a')).toBe(1)
    time = 10
    expect(cache.get('a')).toBeUndefined()
    expect(cache.size).toBe(0)
  })
})

describe('createHistogram', () => {
  it('puts a value on a bound into the bucket below it', () => {
    const histogram = createHistogram([1, 2, 4])
    for (const value of [0.5, 1, 1.5, 2, 4, 5, Number.NaN]) histogram.add(value)
    expect(histogram.snapshot()).toEqual({ bounds: [1, 2, 4], counts: [2, 2, 1, 1], count: 6, sum: 14 })
  })

  it('estimates quantiles inside buckets', () => {
    const histogram = createHistogram(batchBounds)
    expect(quantileOf(histogram.snapshot(), 0.5)).toBeNaN()
    for (let i = 0; i < 100; i++) histogram.add(i < 50 ? 1 : 6)
    expect(quantileOf(histogram.snapshot(), 0.5)).toBe(1)
    expect(quantileOf(histogram.snapshot(), 0.75)).toBe(6)
    histogram.add(5000)
    expect(quantileOf(histogram.snapshot(), 1)).toBe(1024)
  })
})
