import { beforeAll, describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { Pipeline, schedule } from '../../../src/pipeline'
import { manualClock } from '../../../src/testing/manual-clock'
import { idle, warmUp } from './helpers'

beforeAll(warmUp)

describe('schedule', () => {
  it('runs at every interval and never overlaps', async () => {
    const clock = manualClock(0)
    const starts: number[] = []
    const release: (() => void)[] = []
    const pipeline = new Pipeline('p', { clock }).step('a', () => {
      starts.push(clock.now())
      return new Promise<void>((resolve) => release.push(resolve))
    })
    const statuses: string[] = []
    const { stop, done } = schedule(pipeline, { everyMs: 100, clock, onResult: ({ status }) => statuses.push(status) })
    await idle()
    await clock.advance(99)
    expect(starts).toEqual([])
    await clock.advance(1)
    expect(starts).toEqual([100])
    // The run takes 250 ms: the turns at 200 and 300 are left out.
    await clock.advance(250)
    expect(starts).toEqual([100])
    release[0]?.()
    await idle()
    await clock.advance(50)
    expect(starts).toEqual([100, 400])
    release[1]?.()
    await idle()
    await clock.advance(100)
    expect(starts).toEqual([100, 400, 500])
    stop()
    await done
    expect(statuses).toEqual(['finished', 'finished', 'cancelled'])
    expect(clock.pending).toBe(0)
  })

  it('goes on after failures and broken callbacks, starts at once when asked, ends by signal', async () => {
    const clock = manualClock(0)
    let calls = 0
    const pipeline = new Pipeline('p', { clock }).step('a', () => {
      if (++calls === 1) throw new Error('no')
      return calls
    })
    const controller = new AbortController()
    const statuses: string[] = []
    const { done } = schedule(pipeline, {
      everyMs: 10,
      clock,
      immediately: true,
      signal: controller.signal,
      onResult: ({ status }) => {
        statuses.push(status)
        throw new Error('callback')
      },
    })
    await idle()
    await clock.advance(0)
    await clock.advance(10)
    await clock.advance(10)
    expect(statuses).toEqual(['failed', 'finished', 'finished'])
    controller.abort()
    await done
    await clock.advance(100)
    expect(calls).toBe(3)
  })

  it('hands errors outside of steps to onError', async () => {
    const clock = manualClock(0)
    const input = (): never => {
      throw new MillwrightError('SchemaMismatch', 'no input')
    }
    const errors: unknown[] = []
    const { stop, done } = schedule(new Pipeline('p', { input, clock }), { everyMs: 10, clock, onError: (error) => errors.push(error) })
    await idle()
    await clock.advance(20)
    stop()
    await done
    expect(errors).toHaveLength(2)
  })

  it('refuses a missing or wrong interval', () => {
    expect(() => schedule(new Pipeline('p'), {} as { everyMs: number })).toThrow(
      '`everyMs` of schedule must be a finite number ≥ 1, got NaN',
    )
    expect(() => schedule(new Pipeline('p'), { everyMs: 0 })).toThrow('`everyMs` of schedule must be a finite number ≥ 1, got 0')
  })
})
