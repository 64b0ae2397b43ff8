import { describe, expect, it } from 'vitest'
import { backoffDelay } from '../../../src/core/backoff'

describe('backoffDelay', () => {
  const waits = (options: Parameters<typeof backoffDelay>[1], attempts: readonly number[]) =>
    attempts.map((attempt) => backoffDelay(attempt, options))

  it('doubles from the base up to the longest wait', () => {
    expect(waits({ baseMs: 100, maxMs: 500 }, [1, 2, 3, 4, 5])).toEqual([100, 200, 400, 500, 500])
  })

  it('takes another factor', () => {
    expect(waits({ baseMs: 10, factor: 3 }, [1, 2, 3])).toEqual([10, 30, 90])
    expect(waits({ baseMs: 10, factor: 1 }, [1, 2, 3])).toEqual([10, 10, 10])
  })

  it('applies jitter after the limit', () => {
    const with_ = (random: number, jitter: readonly [number, number]) =>
      backoffDelay(9, { baseMs: 100, maxMs: 1000, jitter, random: () => random })
    expect([with_(0, [0.5, 1]), with_(0.5, [0.5, 1])]).toEqual([500, 750])
    expect([with_(0, [1, 0]), with_(0.25, [1, 0])]).toEqual([1000, 750])
    expect(with_(0.5, [1, 1.5])).toBe(1250)
  })

  it('stays a number after very many attempts', () => {
    expect(waits({ baseMs: 100, maxMs: 500 }, [2000])).toEqual([500])
    expect(waits({ baseMs: 0, maxMs: 500 }, [1, 2000])).toEqual([0, 0])
  })
})
