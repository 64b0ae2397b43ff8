import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { MillwrightError } from '../../../src/core/errors'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../../../src/run'
import { manualClock } from './manual-clock'

const actions = array(
  record({ kind: constantFrom('metric', 'param', 'tag', 'artifact', 'flush', 'wait'), key: integer({ min: 0, max: 5 }), value: integer() }),
  { maxLength: 60 },
)

/** A backend whose writes fail as told: before anything is stored, or after. */
function flaky(inner: TrackerBackend, failures: boolean[], after: boolean): TrackerBackend {
  const faulty = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const failing = failures.shift() === true
    if (failing && !after) throw new MillwrightError('Unavailable', 'down')
    const result = await work()
    if (failing) throw new MillwrightError('Unavailable', 'down after all')
    return result
  }
  return {
    ...inner,
    logBatch: (runId, batch) => faulty(() => inner.logBatch(runId, batch)),
    putArtifact: (owner, path, bytes) => faulty(() => inner.putArtifact(owner, path, bytes)),
  }
}

describe('the buffer of a run over a failing backend', () => {
  it('stores everything that was logged, once, in order, whatever fails and whenever', async () => {
    await assert(
      asyncProperty(actions, array(boolean(), { maxLength: 40 }), boolean(), async (list, failures, after) => {
        const inner = memoryTracker()
        const clock = manualClock(1)
        const tracker = createTracker({ backend: flaky(inner, [...failures], after), clock, onError: () => {} })
        const run = await tracker.startRun()
        const [points, params, tags, files] = [
          new Map<string, number[]>(),
          new Map<string, string>(),
          new Map<string, string>(),
          new Map<string, number>(),
        ]
        for (const { kind, key, value } of list) {
          const name = `k${key}`
          if (kind === 'metric') {
            clock.advance(1)
            run.logMetric(name, value)
            points.set(name, [...(points.get(name) ?? []), value])
          } else if (kind === 'param' && !params.has(name)) {
            run.logParam(name, value)
            params.set(name, String(value))
          } else if (kind === 'tag') {
            run.setTag(name, String(value))
            tags.set(name, String(value))
          } else if (kind === 'artifact') {
            run.logArtifact(name, Uint8Array.of(value & 255))
            files.set(name, value & 255)
          } else if (kind === 'flush') await run.flush().catch(() => {})
          else if (kind === 'wait') clock.advance(1000)
        }
        for (let tries = 0; run.status === 'running'; tries++) {
          expect(tries).toBeLessThan(60)
          await run.finish().catch(() => {})
        }
        const stored = await inner.getRun(run.runId)
        for (const [name, values] of points) {
          expect((await inner.getMetricHistory(run.runId, name)).items.map((point) => point.value)).toEqual(values)
        }
        expect(stored.params).toEqual(Object.fromEntries(params))
        expect(stored.tags).toMatchObject(Object.fromEntries(tags))
        for (const [name, byte] of files) expect((await inner.getArtifact({ runId: run.runId }, name))[0]).toBe(byte)
      }),
      { numRuns: 150 },
    )
  })
})
