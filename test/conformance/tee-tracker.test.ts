import { describe, expect, it, vi } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { fromUtf8, utf8 } from '../../src/core/bytes'
import { MillwrightError } from '../../src/core/errors'
import { type QueuedTracker, queuedTracker } from '../../src/layers/queued/queued-tracker'
import { teeTracker } from '../../src/layers/tee/tee-tracker'
import type { RunRecord, TrackerBackend } from '../../src/ports/tracker-backend'
import { createBareTracker as createTracker } from '../../src/run'
import { bindChecks, trackerChecks } from '../../src/testing'
import { serverLike } from '../fixtures/server-like'
import { hostileSample } from '../support/effort'

bindChecks(
  trackerChecks({ hostileNames: hostileSample(10) }),
  { make: () => teeTracker([memoryTracker(), filesTracker({ storage: memoryStorage() })]) },
  { describe, it },
)

describe('teeTracker before a backend that gives ids itself', () => {
  bindChecks(
    trackerChecks({ hostileNames: hostileSample(10) }),
    { make: () => teeTracker([memoryTracker(), serverLike().backend]) },
    { describe, it },
  )

  /** A parent and its child with a model, logged through `backend`. */
  const logPair = async (backend: TrackerBackend): Promise<{ readonly parentId: string; readonly childId: string }> => {
    const tracker = createTracker({ backend })
    const parent = await tracker.startRun({ experiment: 'e', name: 'parent' })
    const child = await parent.startChild({ name: 'child' })
    child.logParam('p', 1)
    child.logMetric('m', 2)
    await child.logModel('forest', { flavor: 'f', signature: { inputs: [], outputs: [] }, files: { w: utf8('w') }, task: 'other' })
    await child.finish()
    await parent.finish()
    return { parentId: parent.runId, childId: child.runId }
  }
  const runsOf = async (backend: TrackerBackend): Promise<Record<string, RunRecord>> => {
    const { items } = await backend.searchRuns({ experimentIds: (await backend.listExperiments()).map(({ experimentId }) => experimentId) })
    expect(new Set(items.map(({ runName }) => runName)).size).toBe(items.length)
    return Object.fromEntries(items.map((run) => [run.runName, run]))
  }
  const expectPair = async (truth: TrackerBackend, tag: string, { parentId, childId }: Awaited<ReturnType<typeof logPair>>) => {
    const { parent, child } = await runsOf(truth)
    expect([parent?.tags[tag], child?.tags[tag]]).toEqual([parentId, childId])
    expect(child?.runId).not.toBe(childId)
    expect([child?.status, child?.params, child?.metrics.m?.value]).toEqual(['finished', { p: '1' }, 2])
    expect(child?.tags['mlflow.parentRunId']).toBe(parent?.runId)
    const modelId = child?.outputModels[0]?.modelId ?? ''
    expect((await truth.getModel(modelId)).sourceRunId).toBe(child?.runId)
    const described = fromUtf8(await truth.getArtifact({ modelId }, 'MLmodel'))
    expect([described.includes(modelId), described.includes(child?.runId ?? '?'), described.includes(childId)]).toEqual([true, true, false])
  }

  it("names parents, models and files by the follower's ids", async () => {
    const { backend, truth } = serverLike()
    await expectPair(truth, 'millwright.tee_id', await logPair(teeTracker([memoryTracker(), backend])))
  })

  it('finds a run again that another process began, once', async () => {
    const [first, { backend, truth }] = [memoryTracker(), serverLike()]
    const before = teeTracker([first, backend])
    const { experimentId } = await before.ensureExperiment('e')
    const { runId } = await before.createRun({ experimentId, startTime: 1, runName: 'r' })
    const old = (await first.createRun({ experimentId, startTime: 1, runName: 'never there' })).runId
    const after = teeTracker([first, backend])
    const points = [1, 2, 3].map((step) => ({ key: 'm', value: step, step, timestamp: step }))
    await Promise.all([runId, old].flatMap((id) => points.map((point) => after.logBatch(id, { metrics: [point] }))))
    await after.logBatch(old, { tags: { 'mlflow.parentRunId': runId } })
    const runs = await runsOf(truth)
    expect(Object.keys(runs).sort()).toEqual(['never there', 'r'])
    expect([runs.r?.metrics.m?.value, runs['never there']?.metrics.m?.value]).toEqual([3, 3])
    expect(runs['never there']?.tags['mlflow.parentRunId']).toBe(runs.r?.runId)
  })

  it('lets no circle of parents stop it', async () => {
    const [first, { backend, truth }] = [memoryTracker(), serverLike()]
    const { experimentId } = await first.ensureExperiment('e')
    const [a, b] = ['a', 'b'].map((letter) => letter.repeat(32)) as [string, string]
    for (const [runId, parent] of [
      [a, b],
      [b, a],
    ] as const)
      await first.createRun({ experimentId, startTime: 1, runId, runName: runId, tags: { 'mlflow.parentRunId': parent } })
    const tee = teeTracker([first, backend])
    await Promise.all([a, b].map((runId) => tee.logBatch(runId, { tags: { seen: 'yes' } })))
    expect(Object.values(await runsOf(truth)).map(({ tags }) => tags.seen)).toEqual(['yes', 'yes'])
  })

  it('takes everything while the follower, behind a queue, is away, in two processes, and delivers it', async () => {
    const [first, server, storage] = [memoryTracker(), serverLike(), memoryStorage()]
    const open = (): { tee: TrackerBackend; queue: QueuedTracker } => {
      const queue = queuedTracker({ backend: server.backend, storage, closeMs: 0, waitMs: 50, backoffMs: 5, maxBackoffMs: 10 })
      return { tee: teeTracker([first, queue]), queue }
    }
    server.fate = () => 'before'
    const one = open()
    const pair = await logPair(one.tee)
    const { experimentId } = await one.tee.ensureExperiment('e')
    const open_ = await one.tee.createRun({ experimentId, startTime: 1, runName: 'open' })
    await one.queue.close()
    const two = open()
    await two.tee.logBatch(open_.runId, { params: { later: 'yes' } })
    server.fate = () => 'ok'
    await vi.waitFor(() => two.queue.flush(), { timeout: 100_000 })
    await expectPair(server.truth, 'millwright.queue_id', pair)
    const runs = await runsOf(server.truth)
    expect([Object.keys(runs).sort(), runs.open?.params]).toEqual([['child', 'open', 'parent'], { later: 'yes' }])
    // Delivered by an earlier process, and away again.
    await two.queue.close()
    server.fate = () => 'before'
    const three = open()
    await three.tee.logBatch(open_.runId, { params: { last: 'yes' } })
    server.fate = () => 'ok'
    await vi.waitFor(() => three.queue.flush(), { timeout: 100_000 })
    expect((await runsOf(server.truth)).open?.params).toEqual({ later: 'yes', last: 'yes' })
    expect(three.queue.status().rejected).toBe(0)
    await three.queue.close()
  })
})

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
