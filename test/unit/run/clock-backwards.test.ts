import { describe, expect, it } from 'vitest'
import { progressReporter } from '../../../src/core/progress'
import type { RunRecord } from '../../../src/ports/tracker-backend'
import { progressBar } from '../../../src/run'
import { monotonicClock } from '../../../src/run/open-run'
import { jumpingClock } from '../../fixtures/jumping-clock'

const HOUR = 3_600_000

describe('progress, while the clock is set back', () => {
  it('is reported on', () => {
    const clock = jumpingClock()
    const seen: number[] = []
    const report = progressReporter(({ done }) => seen.push(done), { everyMs: 100, clock })
    report({ phase: 'fit', done: 1, total: 9, unit: 'rows' })
    clock.jump(-HOUR)
    report({ phase: 'fit', done: 2, total: 9, unit: 'rows' })
    clock.jump(50)
    report({ phase: 'fit', done: 3, total: 9, unit: 'rows' })
    clock.jump(50)
    report({ phase: 'fit', done: 4, total: 9, unit: 'rows' })
    expect(seen).toEqual([1, 2, 4])
  })

  it('is drawn on, and tells no negative time', () => {
    const clock = jumpingClock()
    let text = ''
    const bar = progressBar({ clock, stream: { isTTY: false, write: (part) => (text += part) } })
    bar({ phase: 'fit', done: 0, total: 9, unit: 'rows' })
    clock.jump(-HOUR)
    bar({ phase: 'fit', done: 5, total: 9, unit: 'rows' })
    bar({ phase: 'fit', done: 9, total: 9, unit: 'rows' })
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(text).not.toContain('-')
  })
})

describe('monotonicClock', () => {
  const record = (change: Partial<RunRecord>): RunRecord => ({
    ...{
      runId: 'r',
      runName: 'r',
      experimentId: '0',
      status: 'running',
      startTime: 1000,
      artifactUri: '',
      lifecycleStage: 'active',
      user: '',
    },
    ...{ params: {}, tags: {}, metrics: {}, datasets: [], inputModels: [], outputModels: [] },
    ...change,
  })

  it('stands still until the wall clock has caught up', () => {
    const wall = jumpingClock(1000)
    const clock = monotonicClock(wall, record({}))
    const seen = [5, -100, 50, 60].map((ms) => {
      wall.jump(ms)
      return clock.now()
    })
    expect(seen).toEqual([1005, 1005, 1005, 1015])
  })

  it('begins no earlier than what the run holds', () => {
    const wall = jumpingClock(10)
    expect(monotonicClock(wall, record({})).now()).toBe(1000)
    expect(monotonicClock(wall, record({ endTime: 2000 })).now()).toBe(2000)
    const metrics = { m: { key: 'm', value: 1, step: 0, timestamp: 3000 } }
    expect(monotonicClock(wall, record({ endTime: 2000, metrics })).now()).toBe(3000)
  })
})
