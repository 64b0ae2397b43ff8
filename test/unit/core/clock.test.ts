import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Clock, sleep, systemClock } from '../../../src/core/clock'

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000 }))
  afterEach(() => void vi.useRealTimers())

  it('tells the time and calls back once', () => {
    const clock = systemClock()
    let calls = 0
    clock.schedule(() => calls++, 50)
    expect(clock.now()).toBe(1000)
    vi.advanceTimersByTime(49)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1000)
    expect(calls).toBe(1)
    expect(clock.now()).toBe(2049)
  })

  it('cancels', () => {
    let calls = 0
    systemClock().schedule(() => calls++, 50)()
    vi.advanceTimersByTime(100)
    expect(calls).toBe(0)
  })

  it('waits longer than setTimeout can', () => {
    const days = 60 * 86_400_000
    let calls = 0
    const clock = systemClock()
    clock.schedule(() => calls++, days)
    const cancel = clock.schedule(() => (calls += 100), days)
    vi.advanceTimersByTime(days - 1)
    expect(calls).toBe(0)
    cancel()
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('sleep', () => {
  const immediate: Clock = {
    now: () => 0,
    schedule(callback) {
      callback()
      return () => {}
    },
  }

  it('resolves after the delay, also on a clock that calls back at once', async () => {
    const { signal } = new AbortController()
    await expect(sleep(immediate, 0, signal)).resolves.toBeUndefined()
    await expect(sleep(systemClock(), 1)).resolves.toBeUndefined()
  })

  it('rejects with the reason when aborted, before and while it waits, and cancels its timer', async () => {
    await expect(sleep(systemClock(), 1e9, AbortSignal.abort('before'))).rejects.toBe('before')
    let cancelled = 0
    const clock: Clock = { now: () => 0, schedule: () => () => void cancelled++ }
    const controller = new AbortController()
    const waiting = sleep(clock, 1e9, controller.signal)
    controller.abort('while')
    await expect(waiting).rejects.toBe('while')
    expect(cancelled).toBe(1)
  })
})
