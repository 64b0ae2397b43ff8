import { describe, expect, it } from 'vitest'
import { progressReporter } from '../../../src/core/progress'

describe('progressReporter', () => {
  it('limits the rate, but always tells the end', () => {
    let now = 0
    const seen: number[] = []
    const clock = { now: () => now, schedule: () => () => {} }
    const report = progressReporter(({ done }) => seen.push(done), { everyMs: 100, clock })
    for (let done = 1; done <= 10; done++) {
      report({ phase: 'fit', done, total: 10, unit: 'rows' })
      now += 30
    }
    expect(seen).toEqual([1, 5, 9, 10])
  })

  it('ignores what the listener throws, and does nothing without one', () => {
    const report = progressReporter(() => {
      throw new Error('listener')
    })
    expect(() => report({ phase: 'x', done: 1, unit: 'steps' })).not.toThrow()
    expect(() => progressReporter(undefined)({ phase: 'x', done: 1, unit: 'steps' })).not.toThrow()
  })
})
