import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { nodeSystemMetrics } from '../../../src/adapters/node/node-system-metrics'
import { MillwrightError } from '../../../src/core/errors'
import { createBareTracker as createTracker } from '../../../src/run'
import { manualClock } from './manual-clock'

/** Lets promises that are due settle. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('systemMetrics', () => {
  it('samples every so often, steps from 0, until the run ends; goes on counting when it is opened again', async () => {
    const clock = manualClock(1000)
    let closed = 0
    const tracker = createTracker({
      backend: memoryTracker(),
      clock,
      systemMetrics: { everyMs: 50 },
      systemMeter: () => ({ sample: () => ({ cpu_utilization_percentage: clock.now() / 100, odd: Number.NaN }), close: () => closed++ }),
    })
    const run = await tracker.startRun()
    for (let i = 0; i < 3; i++) {
      clock.advance(50)
      await settled()
    }
    await run.finish()
    await settled()
    expect(closed).toBe(1)
    clock.advance(500)
    await settled()
    const again = await tracker.resumeRun(run.runId)
    clock.advance(50)
    await settled()
    const points = await tracker.metricHistory(run.runId, 'system/cpu_utilization_percentage')
    expect(points.map(({ step, value, timestamp }) => [step, value, timestamp])).toEqual([
      [0, 10.5, 1050],
      [1, 11, 1100],
      [2, 11.5, 1150],
      [3, 17, 1700],
    ])
    expect(Object.keys((await tracker.getRun(run.runId)).metrics)).toEqual(['system/cpu_utilization_percentage'])
    await again.finish()
    await tracker.close()
    expect(closed).toBe(2)
  })

  it('is chosen run by run; a failing meter is told once and never breaks the run', async () => {
    const clock = manualClock()
    const errors: unknown[] = []
    const tracker = createTracker({
      backend: memoryTracker(),
      clock,
      onError: (error) => errors.push(error),
      systemMeter: () => ({
        sample() {
          throw new Error('no meter')
        },
        close() {},
      }),
    })
    const quiet = await tracker.startRun()
    clock.advance(60_000)
    await settled()
    expect(errors).toEqual([])
    const measured = await tracker.startRun({ systemMetrics: true })
    for (let i = 0; i < 3; i++) {
      clock.advance(10_000)
      await settled()
    }
    expect(errors.map(String)).toEqual(['Error: no meter'])
    await measured.finish()
    await quiet.finish()
    expect(() => createTracker({ backend: memoryTracker(), systemMetrics: true })).toThrow(/systemMeter/)
    expect(() =>
      createTracker({ backend: memoryTracker(), systemMetrics: { every: 1 } as object, systemMeter: () => ({}) as never }),
    ).toThrow(/every/)
  })
})

describe('a run that is ending', () => {
  it('takes no sample, and is no failure of the meter; one that fails to end goes on', async () => {
    const clock = manualClock()
    const errors: unknown[] = []
    const inner = memoryTracker()
    let broken = true
    let release = (): void => {}
    const backend = {
      ...inner,
      updateRun: async (...given: Parameters<typeof inner.updateRun>) => {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        if (broken) throw new MillwrightError('Unavailable', 'down')
        return inner.updateRun(...given)
      },
    }
    const tracker = createTracker({
      backend,
      clock,
      systemMetrics: { everyMs: 10 },
      systemMeter: () => ({ sample: () => ({ a: 1 }), close() {} }),
      onError: (error) => errors.push(error),
    })
    const run = await tracker.startRun()
    const ending = run.finish()
    await settled()
    clock.advance(10)
    await settled()
    release()
    await expect(ending).rejects.toThrow('down')
    clock.advance(10)
    await settled()
    expect(errors).toEqual([])
    expect((await tracker.metricHistory(run.runId, 'system/a')).map(({ step }) => step)).toEqual([0])
    broken = false
    const ended = run.finish()
    await settled()
    release()
    await ended
  })
})

describe('nodeSystemMetrics', () => {
  it('gives MLflow’s names with values that can be', async () => {
    const meter = await nodeSystemMetrics()()
    // A delay is counted when a timer is late, which on a busy machine may be told rounds later.
    let sample = await meter.sample()
    do {
      for (const stop = performance.now() + 30; performance.now() < stop; );
      await new Promise((resolve) => setTimeout(resolve, 20))
      sample = { ...sample, ...(await meter.sample()) }
    } while (!(Number(sample.event_loop_delay_milliseconds) > 1))
    meter.close()
    meter.close()
    for (const name of ['cpu_utilization_percentage', 'system_memory_usage_percentage', 'disk_usage_percentage']) {
      expect(sample[name], name).toBeGreaterThanOrEqual(0)
      expect(sample[name], name).toBeLessThanOrEqual(100)
    }
    for (const name of [
      'system_memory_usage_megabytes',
      'process_memory_usage_megabytes',
      'disk_usage_megabytes',
      'disk_available_megabytes',
    ]) {
      expect(sample[name], name).toBeGreaterThan(1)
    }
    expect(sample.event_loop_delay_milliseconds).toBeGreaterThan(1)
    if (process.platform === 'linux') expect(sample.network_receive_megabytes).toBeGreaterThanOrEqual(0)
  })
})
