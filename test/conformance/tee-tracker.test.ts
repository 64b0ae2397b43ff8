import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { filesTracker } from '../../src/adapters/tracker/files'
import { memoryTracker } from '../../src/adapters/tracker/memory'
import { teeTracker } from '../../src/adapters/tracker/tee'
import { utf8 } from '../../src/core/bytes'
import { MillwrightError } from '../../src/core/errors'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { createTracker } from '../../src/run'
import { bindChecks, trackerChecks } from '../../src/testing'

bindChecks(trackerChecks(), { make: () => teeTracker([memoryTracker(), filesTracker({ storage: memoryStorage() })]) }, { describe, it })

describe('teeTracker', () => {
  it('stores the same in both', async () => {
    const [first, second] = [memoryTracker(), filesTracker({ storage: memoryStorage() })]
    await second.ensureExperiment('shifts the ids')
    const tracker = createTracker({ backend: teeTracker([first, second]) })
    const runId = await tracker.run({ experiment: 'e', tags: { a: 'b' } }, async (run) => {
      run.logParam('p', 1)
      run.logMetric('m', 2)
      run.logText('t.txt', 'x')
      await run.logModel('forest', { flavor: 'f', signature: { inputs: [], outputs: [] }, files: { w: utf8('w') }, task: 'other' })
      return run.runId
    })
    const [a, b] = [await first.getRun(runId), await second.getRun(runId)]
    expect([b.params, b.metrics, b.status, b.endTime, b.tags]).toEqual([a.params, a.metrics, a.status, a.endTime, a.tags])
    expect((await second.getModel(b.outputModels[0]?.modelId ?? '')).status).toBe('ready')
    expect(await second.getArtifact({ runId }, 't.txt')).toEqual(utf8('x'))
  })

  it('fails with a failing follower, or tells of it', async () => {
    const inner = memoryTracker()
    const broken: TrackerBackend = {
      ...inner,
      logBatch: () => {
        throw new MillwrightError('Unavailable', 'follower down')
      },
    }
    const strict = teeTracker([memoryTracker(), broken])
    const { experimentId } = await strict.ensureExperiment('e')
    const { runId } = await strict.createRun({ experimentId, startTime: 1 })
    await expect(async () => strict.logBatch(runId, { tags: { a: 'b' } })).rejects.toThrow('follower down')
    const told: unknown[] = []
    const loose = teeTracker([memoryTracker(), broken], { onError: (error, follower) => told.push([String(error), follower === broken]) })
    const other = await loose.createRun({ experimentId: (await loose.ensureExperiment('e')).experimentId, startTime: 1 })
    await loose.logBatch(other.runId, { tags: { a: 'b' } })
    expect(told).toEqual([['MillwrightError: follower down', true]])
    expect(() => teeTracker([memoryTracker()])).toThrow(/at least two backends/)
  })
})
