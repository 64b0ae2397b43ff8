/** How a backlog is delivered: runs side by side, batches together, and one operation that fails for ever does not hold up the rest. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { MillwrightError } from '../../../src/core/errors'
import { batchGroup } from '../../../src/layers/queued/batch-group'
import { type QueuedTracker, type QueuedTrackerOptions, type QueueWarning, queuedTracker } from '../../../src/layers/queued/queued-tracker'
import type { RunBatch, TrackerBackend } from '../../../src/ports/tracker-backend'
import { manualClock } from '../../../src/testing'
import { serverLike } from '../../fixtures/server-like'

const point = (key: string, value: number, step = 0) => ({ key, value, step, timestamp: 1_700_000_000_000 + step })
const broken = (): MillwrightError => new MillwrightError('Unavailable', 'the server failed (HTTP 500)', { details: { status: 500 } })

function setUp(options: Partial<QueuedTrackerOptions> = {}) {
  const server = serverLike()
  const storage = memoryStorage()
  const clock = manualClock()
  const warnings: QueueWarning[] = []
  const calls: string[] = []
  const hooks: { logBatch?: (runId: string, batch: RunBatch) => Promise<void> } = {}
  const { logBatch } = server.backend
  Object.assign(server.backend, {
    logBatch: async (runId: string, batch: RunBatch) => {
      calls.push(runId)
      await hooks.logBatch?.(runId, batch)
      return logBatch(runId, batch)
    },
  })
  const open = (further: Partial<QueuedTrackerOptions> = {}): QueuedTracker =>
    queuedTracker({ backend: server.backend, storage, clock, onWarning: (warning) => warnings.push(warning), ...options, ...further })
  const done = async <T>(work: T | Promise<T>): Promise<T> => {
    let isDone = false
    const settled = Promise.resolve(work).finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (let i = 0; i < 5000 && !isDone; i++) await clock.advance(250)
    if (!isDone) throw new Error('the work never ended')
    return settled
  }
  /** A queue in which `runs` runs wait, each with `batches` batches; the server is back. */
  const backlog = async (runs: number, batches: number) => {
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const runIds: string[] = []
    for (let r = 0; r < runs; r++) runIds.push((await done(queue.createRun({ experimentId, runName: `run ${r}`, startTime: r }))).runId)
    for (let i = 0; i < batches; i++) {
      for (const runId of runIds)
        await done(queue.logBatch(runId, { metrics: [point('m', i, i)], params: { [`p${i}`]: `${i}` }, tags: { last: `${i}` } }))
    }
    return { queue, experimentId, runIds }
  }
  return { server, storage, clock, warnings, calls, hooks, open, done, backlog }
}

async function historyOf(truth: TrackerBackend, runName: string): Promise<readonly number[]> {
  const { items } = await truth.searchRuns({ filter: `run_name = '${runName}'` })
  return (await truth.getMetricHistory(items[0]?.runId as string, 'm')).items.map(({ value }) => value)
}

describe('a backlog', () => {
  it('goes out with few calls, nothing lost and nothing doubled', async () => {
    const { server, calls, done, backlog } = setUp()
    const { queue } = await backlog(5, 40)
    server.fate = () => 'ok'
    calls.length = 0
    await done(queue.flush())
    expect(calls.length).toBeLessThanOrEqual(10)
    for (let r = 0; r < 5; r++) expect(await historyOf(server.truth, `run ${r}`)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    const { items } = await server.truth.searchRuns({})
    expect(items.map(({ tags, params }) => [tags.last, Object.keys(params).length])).toEqual(items.map(() => ['39', 40]))
  })

  it('goes out for several runs at a time, for one run in order', async () => {
    const { server, hooks, done, backlog, clock } = setUp({ concurrency: 3 })
    const { queue } = await backlog(6, 1)
    server.fate = () => 'ok'
    const under = new Set<string>()
    let most = 0
    hooks.logBatch = async (runId) => {
      expect(under.has(runId)).toBe(false)
      under.add(runId)
      most = Math.max(most, under.size)
      await new Promise<void>((resolve) => clock.schedule(resolve, 1000))
      under.delete(runId)
    }
    await done(queue.flush())
    expect(most).toBe(3)
  })

  it('does not put a child before its parent, nor an output before its model', async () => {
    const { server, done, open, clock } = setUp({ concurrency: 8 })
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const parent = await done(queue.createRun({ experimentId, runName: 'parent', startTime: 1 }))
    const child = await done(
      queue.createRun({ experimentId, runName: 'child', startTime: 2, tags: { 'mlflow.parentRunId': parent.runId } }),
    )
    const model = await done(queue.createModel({ experimentId, name: 'm', sourceRunId: child.runId, createdAt: 3 }))
    await done(queue.logBatch(parent.runId, { outputModels: [{ modelId: model.modelId, step: 0 }] }))
    const text = `model_id: ${model.modelId}\nrun_id: ${child.runId}\nother: ${'0'.repeat(32)}\n`
    await done(queue.putArtifact({ modelId: model.modelId }, 'MLmodel', utf8(text)))
    await done(queue.putArtifact({ modelId: model.modelId }, 'notes.txt', utf8(text)))
    server.fate = () => 'ok'
    const { createRun } = server.backend
    Object.assign(server.backend, {
      createRun: async (...args: Parameters<typeof createRun>) => {
        await new Promise<void>((resolve) => clock.schedule(resolve, 500))
        return createRun(...args)
      },
    })
    await done(queue.flush())
    const { items } = await server.truth.searchRuns({ orderBy: ['run_name'] })
    const [there, above] = items
    expect(there?.tags['mlflow.parentRunId']).toBe(above?.runId)
    const modelId = above?.outputModels[0]?.modelId as string
    expect((await server.truth.getModel(modelId)).sourceRunId).toBe(there?.runId)
    // The model's own description names what the server knows; other files are left as they are.
    expect(fromUtf8(await server.truth.getArtifact({ modelId }, 'MLmodel'))).toBe(
      `model_id: ${modelId}\nrun_id: ${there?.runId}\nother: ${'0'.repeat(32)}\n`,
    )
    expect(fromUtf8(await server.truth.getArtifact({ modelId }, 'notes.txt'))).toBe(text)
  })

  it('of which one batch is refused loses only that', async () => {
    const { server, done, backlog } = setUp()
    const { queue, runIds } = await backlog(1, 10)
    await done(queue.logBatch(runIds[0] as string, { params: { taken: 'ours' } }))
    await done(queue.logBatch(runIds[0] as string, { tags: { after: 'yes' } }))
    server.fate = (method) => {
      if (method === 'logBatch') {
        server.fate = () => 'ok'
        return 'before'
      }
      return 'ok'
    }
    await done(queue.flush()).catch(() => {})
    const { items } = await server.truth.searchRuns({})
    await server.truth.logBatch(items[0]?.runId as string, { params: { taken: 'theirs' } })
    await done(queue.flush())
    const { items: after } = await server.truth.searchRuns({})
    expect(after[0]).toMatchObject({ params: { taken: 'theirs', p9: '9' }, tags: { after: 'yes', last: '9' } })
    expect(await done(queue.rejected())).toMatchObject([{ kind: 'batch', subject: runIds[0], reason: expect.stringMatching(/taken/) }])
  })
})

describe('one operation that the server fails on for ever', () => {
  const isPoison = (batch: RunBatch): boolean => batch.tags?.poison !== undefined

  async function poisoned(options: Partial<QueuedTrackerOptions> = {}) {
    const set = setUp({ maxFailures: 4, ...options })
    const { queue, runIds, experimentId } = await set.backlog(3, 2)
    await set.done(queue.logBatch(runIds[0] as string, { tags: { poison: 'x' } }))
    for (const runId of runIds) await set.done(queue.logBatch(runId, { tags: { after: 'yes' } }))
    set.hooks.logBatch = async (_runId, batch) => {
      if (isPoison(batch)) throw broken()
    }
    set.server.fate = () => 'ok'
    return { ...set, queue, runIds, experimentId }
  }

  it('holds up its own run only, is put aside, and can be handed in again', async () => {
    const { server, queue, done, clock, warnings, hooks, runIds } = await poisoned()
    await expect(done(queue.flush())).rejects.toMatchObject({ code: 'Unavailable' })
    const tagOf = async (run: number) => (await server.truth.searchRuns({ filter: `run_name = 'run ${run}'` })).items[0]?.tags
    expect([(await tagOf(1))?.after, (await tagOf(2))?.after, (await tagOf(0))?.after]).toEqual(['yes', 'yes', undefined])
    await clock.advance(600_000)
    expect(queue.status()).toMatchObject({ entries: 0, rejected: 1, isOnline: true })
    expect(await tagOf(0)).toMatchObject({ after: 'yes', last: '1' })
    expect(warnings.filter(({ kind }) => kind === 'rejected').length).toBe(1)
    const [one] = await queue.rejected()
    expect(one).toMatchObject({ kind: 'batch', subject: runIds[0], reason: 'the server failed (HTTP 500)' })
    // Mended: it goes through.
    hooks.logBatch = async () => {}
    expect(await done(queue.retryRejected([(one?.number ?? 0) + 1]))).toBe(0)
    expect(await done(queue.retryRejected())).toBe(1)
    await done(queue.flush())
    expect(await tagOf(0)).toMatchObject({ poison: 'x' })
    expect([queue.status().rejected, await queue.rejected()]).toEqual([0, []])
  })

  it('is still known as put aside after a restart', async () => {
    const { queue, done, clock, open } = await poisoned()
    await clock.advance(600_000)
    await done(queue.close())
    const second = open()
    expect((await done(second.rejected())).length).toBe(1)
    expect(second.status().rejected).toBe(1)
    // New operations do not take its place in the order.
    const { experimentId } = await done(second.ensureExperiment('f'))
    await done(second.createRun({ experimentId, startTime: 1 }))
    expect(await done(second.retryRejected())).toBe(1)
  })

  it('is waited for as long as the server fails on everything', async () => {
    const { queue, done, clock, hooks, server } = await poisoned()
    hooks.logBatch = async () => {
      throw broken()
    }
    await done(queue.flush()).catch(() => {})
    await clock.advance(3 * 3_600_000)
    expect(queue.status()).toMatchObject({ rejected: 0, isOnline: false })
    hooks.logBatch = async () => {}
    await done(queue.flush())
    expect(queue.status()).toMatchObject({ entries: 0, rejected: 0 })
    for (let r = 0; r < 3; r++) expect(await historyOf(server.truth, `run ${r}`)).toEqual([0, 1])
  })

  it('does not keep new runs from being logged meanwhile', async () => {
    const { queue, done, experimentId, server } = await poisoned()
    await done(queue.flush()).catch(() => {})
    const run = await done(queue.createRun({ experimentId, runName: 'new', startTime: 9 }))
    await done(queue.logBatch(run.runId, { metrics: [point('m', 7)] }))
    await done(queue.flush()).catch(() => {})
    expect(await historyOf(server.truth, 'new')).toEqual([7])
  })
})

describe('a queue that is closed in the middle of a delivery', () => {
  it('does not take the end of its backend for a refusal', async () => {
    const { server, done, open, clock } = setUp({ closeMs: 0, waitMs: 100 })
    let end: (error: unknown) => void = () => {}
    const { createRun } = server.backend
    Object.assign(server.backend, {
      createRun: () =>
        new Promise((_, reject) => {
          end = reject
        }),
      close: async () => end(new MillwrightError('InvalidState', 'the backend is closed')),
    })
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    await done(queue.createRun({ experimentId, runName: 'late', startTime: 1 }))
    await done(queue.close())
    await clock.advance(1000)
    Object.assign(server.backend, { createRun, close: async () => {} })
    const second = open()
    await done(second.flush())
    expect(second.status()).toMatchObject({ entries: 0, rejected: 0 })
    expect((await server.truth.searchRuns({})).items.map(({ runName }) => runName)).toEqual(['late'])
  })
})

describe('a damaged entry', () => {
  it('is put aside, and the rest goes on', async () => {
    const { server, storage, done, backlog, open } = setUp()
    const { queue } = await backlog(1, 3)
    await done(queue.close())
    const { objects } = await storage.list({ prefix: 'tracker-queue/entries/' })
    await storage.put(objects[3]?.key as string, utf8('{"kind":'))
    server.fate = () => 'ok'
    const second = open()
    await done(second.flush())
    expect((await second.rejected()).map(({ kind }) => kind)).toEqual(['unreadable'])
    expect(await historyOf(server.truth, 'run 0')).toEqual([0, 2])
  })
})

describe('handing in', () => {
  it('many at a time keeps the order in which they came, and the bounds', async () => {
    const { server, done, open, clock, storage } = setUp({ maxEntries: 30 })
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const { runId } = await done(queue.createRun({ experimentId, runName: 'r', startTime: 1 }))
    const settled = await done(
      Promise.allSettled(Array.from({ length: 60 }, (_, i) => Promise.resolve(queue.logBatch(runId, { tags: { last: `${i}` } })))),
    )
    const taken = settled.filter(({ status }) => status === 'fulfilled').length
    expect(taken).toBe(28)
    expect((await storage.list({ prefix: 'tracker-queue/entries/' })).objects.length).toBe(30)
    server.fate = () => 'ok'
    await clock.advance(100_000)
    expect((await server.truth.searchRuns({})).items[0]?.tags.last).toBe('27')
  })
})

describe('batchGroup', () => {
  it('takes what one request can carry, and nothing that contradicts', () => {
    const metrics = Array.from({ length: 600 }, (_, i) => point('m', i, i))
    const group = batchGroup({ metrics, params: { a: '1' }, tags: { t: 'first' } }, 1000)
    expect(group.add({ metrics }, 1000)).toBe(false)
    expect(group.add({ params: { a: '2' } }, 10)).toBe(false)
    expect(group.add({ params: { a: '1', b: '2' }, tags: { t: 'second' } }, 10)).toBe(true)
    expect(group.add({ tags: { u: 'x' } }, 899_000)).toBe(false)
    expect(group.add({ params: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`p${i}`, '1'])) }, 10)).toBe(false)
    expect(group.batch).toMatchObject({ params: { a: '1', b: '2' }, tags: { t: 'second' } })
    expect(group.batch.metrics?.length).toBe(600)
  })
})
