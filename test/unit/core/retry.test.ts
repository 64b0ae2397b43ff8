import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/core/clock'
import { MillwrightError } from '../../../src/core/errors'
import { createRng } from '../../../src/core/random'
import { retrying } from '../../../src/core/retry'

/** A clock on which each wait is noted and ends at once. */
function instantClock(waits: number[]): Clock {
  return {
    now: () => 0,
    schedule(run, delayMs) {
      waits.push(delayMs)
      queueMicrotask(run)
      return () => {}
    },
  }
}

const failure = (details: Readonly<Record<string, unknown>> = {}) => new MillwrightError('Unavailable', 'no answer', { details })

describe('retrying', () => {
  const policyOf = (waits: number[]) => ({
    attempts: 4,
    baseDelayMs: 100,
    maxDelayMs: 250,
    clock: instantClock(waits),
    rng: createRng(1),
  })

  it('doubles the wait up to the longest, with the jitter that the policy has', async () => {
    const waits: number[] = []
    const fails = () => Promise.reject(failure())
    await expect(retrying({ ...policyOf(waits), jitter: [1, 1] }, fails)).rejects.toThrow('no answer')
    expect(waits).toEqual([100, 200, 250])
    waits.length = 0
    await expect(retrying({ ...policyOf(waits), attempts: 30 }, fails)).rejects.toThrow('no answer')
    const shares = waits.map((wait, i) => wait / Math.min(250, 100 * 2 ** i))
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.5)
    expect(Math.max(...shares)).toBeLessThanOrEqual(1)
    expect(new Set(shares).size).toBe(29)
  })

  it('waits as long as the server asks, up to a minute', async () => {
    const waits: number[] = []
    const errors = [failure({ retryAfterMs: 5000 }), failure({ retryAfterMs: 90_000 })]
    const answer = await retrying(policyOf(waits), async (attempt) => {
      const error = errors[attempt - 1]
      if (error !== undefined) throw error
      return attempt
    })
    expect([answer, waits]).toEqual([3, [5000, 60_000]])
  })

  it('repeats only what the policy allows', async () => {
    const waits: number[] = []
    let calls = 0
    const refused = retrying({ ...policyOf(waits), canRetry: ({ details }) => details.isUnreached === true }, async (attempt) => {
      calls = attempt
      throw failure({ isUnreached: attempt < 3 })
    })
    await expect(refused).rejects.toMatchObject({ details: { isUnreached: false } })
    expect([calls, waits.length]).toEqual([3, 2])
    await expect(
      retrying(policyOf(waits), () => Promise.reject(new MillwrightError('Unavailable', 'never', { retryable: false }))),
    ).rejects.toThrow('never')
    expect(waits.length).toBe(2)
  })
})
