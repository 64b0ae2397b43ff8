import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { createRng } from '../../../src/core/random'
import { type QueuedTracker, type QueuedTrackerOptions, type QueueWarning, queuedTracker } from '../../../src/layers/queued/queued-tracker'
import { failingStore, manualClock } from '../../../src/testing'
import { type Fate, serverLike } from '../../fixtures/server-like'
import { sample } from '../../support/effort'

/** A queue over a server-like backend, on a clock that only moves when work waits for it. */
function setUp(options: Partial<QueuedTrackerOptions> = {}) {
  const server = serverLike()
  const storage = options.storage ?? memoryStorage()
  const clock = manualClock()
  const warnings: QueueWarning[] = []
  const open = (): QueuedTracker =>
    queuedTracker({ backend: server.backend, storage, clock, onWarning: (warning) => warnings.push(warning), ...options })
  /** Lets time pass until `work` is done. */
  const done = async <T>(work: T | Promise<T>): Promise<T> => {
    let isDone = false
    const settled = Promise.resolve(work).finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (let i = 0; i < 10_000 && !isDone; i++) await clock.advance(250)
    if (!isDone) throw new Error('the work never ended')
    return settled
  }
  return { server, storage, clock, warnings, open, done, kinds: () => warnings.map(({ kind }) => kind) }
}

const point = (key: string, value: number, step = 0) => ({ key, value, step, timestamp: 1_700_000_000_000 + step })

describe('queuedTracker while the server answers', () => {
  it("gives the server's own ids and errors", async () => {
    const { server, open, done } = setUp()
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const run = await done(queue.createRun({ experimentId, startTime: 1 }))
    expect((await server.truth.getRun(run.runId)).runId).toBe(run.runId)
    await done(queue.logBatch(run.runId, { params: { a: '1' } }))
    await expect(done(queue.logBatch(run.runId, { params: { a: '2' } }))).rejects.toMatchObject({ code: 'Conflict' })
    await expect(done(queue.logBatch('nothing', { params: { a: '2' } }))).rejects.toMatchObject({ code: 'NotFound' })
    expect(queue.status()).toMatchObject({ entries: 0, bytes: 0, isOnline: true })
  })
})

describe('queuedTracker while the server is away', () => {
  it('takes everything, answers what it knows, and delivers in order and once', async () => {
    const { server, open, done, kinds } = setUp()
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('offline'))
    const run = await done(queue.createRun({ experimentId, runName: 'r', startTime: 5, tags: { a: 'b' } }))
    const child = await done(queue.createRun({ experimentId, startTime: 6, tags: { 'mlflow.parentRunId': run.runId } }))
    for (let step = 0; step < 20; step++) {
      await done(
        queue.logBatch(run.runId, { metrics: [point('loss', step, step), point('nan', Number.NaN, step)], tags: { last: `${step}` } }),
      )
    }
    await done(queue.logBatch(run.runId, { params: { p: '1' } }))
    await expect(done(queue.logBatch(run.runId, { params: { p: '2' } }))).rejects.toMatchObject({ code: 'Conflict' })
    const model = await done(queue.createModel({ experimentId, name: 'm', sourceRunId: run.runId, createdAt: 7 }))
    await done(queue.putArtifact({ modelId: model.modelId }, 'w.bin', utf8('weights')))
    await done(queue.putArtifact({ runId: run.runId }, 'n.txt', utf8('note')))
    await done(queue.finishModel(model.modelId, 'ready'))
    await done(queue.logBatch(run.runId, { outputModels: [{ modelId: model.modelId, step: 3 }] }))
    await done(queue.updateRun(run.runId, { status: 'finished', endTime: 99 }))
    await expect(done(queue.logBatch(run.runId, { metrics: [point('late', 1)] }))).rejects.toMatchObject({ code: 'InvalidState' })

    const known = await done(queue.getRun(run.runId))
    expect([known.runName, known.status, known.metrics.loss?.value, known.tags.last, known.params]).toEqual([
      'r',
      'finished',
      19,
      '19',
      { p: '1' },
    ])
    await expect(done(queue.searchRuns({}))).rejects.toMatchObject({ code: 'Unavailable' })
    await expect(done(queue.flush())).rejects.toMatchObject({ code: 'Unavailable', details: { entries: queue.status().entries } })
    expect(await server.truth.listExperiments()).toEqual([])

    server.fate = () => 'ok'
    await done(queue.flush())
    expect(queue.status()).toMatchObject({ entries: 0, bytes: 0, isOnline: true })
    expect(kinds()).toEqual(['offline', 'online'])
    const experiment = (await server.truth.listExperiments()).find(({ name }) => name === 'offline')
    const { items } = await server.truth.searchRuns({ experimentIds: [experiment?.experimentId as string], orderBy: ['start_time'] })
    expect(items.map(({ runName }) => runName)).toEqual(['r', child.runName])
    const [there, childThere] = items
    expect(there?.runId).not.toBe(run.runId)
    expect(childThere?.tags['mlflow.parentRunId']).toBe(there?.runId)
    expect([there?.status, there?.endTime, there?.params, there?.tags.last]).toEqual(['finished', 99, { p: '1' }, '19'])
    const history = await server.truth.getMetricHistory(there?.runId as string, 'loss')
    expect(history.items.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect((await server.truth.getMetricHistory(there?.runId as string, 'nan')).items.every(({ value }) => Number.isNaN(value))).toBe(true)
    const [output] = there?.outputModels ?? []
    expect(fromUtf8(await server.truth.getArtifact({ modelId: output?.modelId as string }, 'w.bin'))).toBe('weights')
    expect((await server.truth.getModel(output?.modelId as string)).status).toBe('ready')

    // The local ids go on working.
    const read = await done(queue.getRun(run.runId))
    expect([read.runId, read.artifactUri]).toEqual([run.runId, there?.artifactUri])
    await done(queue.logBatch(run.runId, { tags: { after: 'x' } }))
    expect((await server.truth.getRun(there?.runId as string)).tags.after).toBe('x')
    const searched = await done(queue.searchRuns({ experimentIds: [experimentId] }))
    expect(searched.items.map(({ runId }) => runId)).toContain(run.runId)
    expect(fromUtf8(await done(queue.getArtifact({ runId: run.runId }, 'n.txt')))).toBe('note')
  })

  it('delivers by itself, waiting longer and longer', async () => {
    const { server, open, done, clock } = setUp({ backoffMs: 1000, maxBackoffMs: 8000 })
    const attempts: number[] = []
    server.fate = () => {
      attempts.push(clock.now())
      return 'before'
    }
    const queue = open()
    await done(queue.ensureExperiment('e'))
    attempts.length = 0
    await clock.advance(60_000)
    const waits = attempts.slice(1).map((at, i) => at - (attempts[i] as number))
    expect(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] as number))).toBe(true)
    expect(waits.at(-1)).toBe(8000)
    server.fate = () => 'ok'
    await clock.advance(8000)
    expect(queue.status()).toMatchObject({ entries: 0, isOnline: true })
  })

  it('does not wait for a server that never answers', async () => {
    const { server, open, done, clock, kinds } = setUp({ waitMs: 2000 })
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    server.fate = () => 'neverBefore'
    const start = clock.now()
    const run = await done(queue.createRun({ experimentId, startTime: 1 }))
    expect(clock.now() - start).toBeLessThan(2500)
    const before = clock.now()
    for (let step = 0; step < 50; step++) await queue.logBatch(run.runId, { metrics: [point('m', step, step)] })
    expect(clock.now() - before).toBe(0)
    expect(kinds()).toEqual(['offline'])
    expect((await done(queue.getRun(run.runId))).metrics.m?.value).toBe(49)
  })

  it('survives a restart, and the new process knows what waits', async () => {
    const { server, open, done, storage } = setUp()
    server.fate = () => 'before'
    const first = open()
    const { experimentId } = await done(first.ensureExperiment('e'))
    const run = await done(first.createRun({ experimentId, runName: 'old', startTime: 1 }))
    await done(first.logBatch(run.runId, { params: { p: '1' } }))
    await done(first.close())
    const second = open()
    const known = await done(second.getRun(run.runId))
    expect([known.runName, known.params]).toEqual(['old', { p: '1' }])
    expect((await done(second.ensureExperiment('e'))).experimentId).toBe(experimentId)
    await done(second.logBatch(run.runId, { tags: { t: '2' } }))
    server.fate = () => 'ok'
    await done(second.flush())
    const { items } = await server.truth.searchRuns({})
    expect(items.map(({ runName, params, tags }) => [runName, params, tags.t])).toEqual([['old', { p: '1' }, '2']])
    // A third process still understands the local id.
    await done(second.close())
    const third = open()
    await done(third.logBatch(run.runId, { tags: { t: '3' } }))
    expect((await server.truth.getRun(items[0]?.runId as string)).tags.t).toBe('3')
    expect((await storage.list({ prefix: 'tracker-queue/entries/' })).objects).toEqual([])
  })
})

describe('queuedTracker on a server that fails at random', () => {
  const fates: readonly Fate[] = ['ok', 'ok', 'ok', 'before', 'after', 'never', 'neverBefore', 'garbage']

  it.each(
    sample(
      Array.from({ length: 25 }, (_, seed) => seed),
      8,
      106,
    ),
  )('loses and doubles nothing (seed %i)', async (seed) => {
    const rng = createRng(seed)
    const { server, open, done } = setUp({ waitMs: 500, backoffMs: 100 })
    // A call that hangs is given up by the backend itself in the end, as the REST client does; here the worker is opened anew.
    let queue = open()
    server.fate = () => fates[rng.int(fates.length)] as Fate
    const reopen = async (): Promise<void> => {
      await done(queue.close())
      queue = open()
    }
    const { experimentId } = await done(queue.ensureExperiment('random'))
    const runs: string[] = []
    for (let r = 0; r < 3; r++) runs.push((await done(queue.createRun({ experimentId, runName: `run ${r}`, startTime: r }))).runId)
    for (let step = 0; step < 12; step++) {
      for (const runId of runs) {
        await done(
          queue.logBatch(runId, { metrics: [point('m', step, step)], params: { [`p${step}`]: `${step}` }, tags: { last: `${step}` } }),
        )
        if (step % 4 === 0) await done(queue.putArtifact({ runId }, `a/${step}.txt`, utf8(`text ${step}`)))
      }
      if (rng.next() < 0.5) await reopen()
    }
    for (const runId of runs) await done(queue.updateRun(runId, { status: 'finished', endTime: 100 }))
    server.fate = () => 'ok'
    await reopen()
    await done(queue.flush())

    const { items } = await server.truth.searchRuns({ orderBy: ['run_name'] })
    expect(items.map(({ runName, status }) => [runName, status])).toEqual([0, 1, 2].map((r) => [`run ${r}`, 'finished']))
    for (const { runId, params, tags } of items) {
      expect(Object.keys(params).length).toBe(12)
      expect(tags.last).toBe('11')
      const { items: points } = await server.truth.getMetricHistory(runId, 'm')
      expect(points.map(({ value }) => value)).toEqual(Array.from({ length: 12 }, (_, i) => i))
      expect((await server.truth.listArtifacts({ runId }, 'a')).map(({ path }) => path).sort()).toEqual(['a/0.txt', 'a/4.txt', 'a/8.txt'])
    }
  })
})

describe('queuedTracker and its bounds', () => {
  it('says when it is nearly full and full, and refuses instead of dropping', async () => {
    const { server, open, done, kinds } = setUp({ maxEntries: 10 })
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const { runId } = await done(queue.createRun({ experimentId, startTime: 1 }))
    for (let i = 0; i < 8; i++) await done(queue.logBatch(runId, { metrics: [point('m', i, i)] }))
    for (let i = 8; i < 11; i++) {
      await expect(done(queue.logBatch(runId, { metrics: [point('m', i, i)] }))).rejects.toMatchObject({
        code: 'Unavailable',
        retryable: true,
      })
    }
    expect(kinds()).toEqual(['offline', 'nearly-full', 'full'])
    server.fate = () => 'ok'
    await done(queue.flush())
    await done(queue.logBatch(runId, { metrics: [point('m', 8, 8)] }))
    const { items } = await done(queue.getMetricHistory(runId, 'm'))
    expect(items.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('counts the bytes of artifacts', async () => {
    const { server, open, done } = setUp({ maxBytes: 5000 })
    server.fate = () => 'before'
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const { runId } = await done(queue.createRun({ experimentId, startTime: 1 }))
    await done(queue.putArtifact({ runId }, 'a', new Uint8Array(3000)))
    await expect(done(queue.putArtifact({ runId }, 'b', new Uint8Array(3000)))).rejects.toMatchObject({ code: 'Unavailable' })
  })

  it('puts aside what the server refuses afterwards, and goes on', async () => {
    const { server, open, done, warnings, storage } = setUp()
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const { runId } = await done(queue.createRun({ experimentId, startTime: 1 }))
    server.fate = () => 'before'
    await done(queue.logBatch(runId, { params: { p: 'ours' } }))
    await done(queue.logBatch(runId, { tags: { t: 'kept' } }))
    await server.truth.logBatch(runId, { params: { p: 'theirs' } })
    server.fate = () => 'ok'
    await done(queue.flush())
    expect(await server.truth.getRun(runId)).toMatchObject({ params: { p: 'theirs' }, tags: { t: 'kept' } })
    const rejected = warnings.find(({ kind }) => kind === 'rejected')
    expect(rejected?.error).toMatchObject({ code: 'Conflict' })
    const { objects } = await storage.list({ prefix: 'tracker-queue/rejected/' })
    expect(objects.map(({ key }) => key.split('.').at(-1))).toEqual(['json', 'reason'])
  })

  it('keeps what waits through a lost permission', async () => {
    const { server, open, done } = setUp()
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    const { runId } = await done(queue.createRun({ experimentId, startTime: 1 }))
    const { logBatch } = server.backend
    let isAllowed = false
    Object.assign(server.backend, {
      logBatch: async (...args: Parameters<typeof logBatch>) => {
        const { MillwrightError } = await import('../../../src/core/errors')
        if (!isAllowed) throw new MillwrightError('PermissionDenied', 'the token has expired')
        return logBatch(...args)
      },
    })
    await done(queue.logBatch(runId, { params: { p: '1' } }))
    expect(queue.status()).toMatchObject({ entries: 1, isOnline: false })
    isAllowed = true
    await done(queue.flush())
    expect((await server.truth.getRun(runId)).params).toEqual({ p: '1' })
  })

  it('fails the call when the storage fails, and delivers nothing of it', async () => {
    const storage = failingStore(memoryStorage(), ({ operation, key }) =>
      operation === 'put' && key.includes('entries/') ? 'before' : undefined,
    )
    const { server, open, done } = setUp({ storage })
    const queue = open()
    const { experimentId } = await done(queue.ensureExperiment('e'))
    await expect(done(queue.createRun({ experimentId, startTime: 1 }))).rejects.toMatchObject({ code: 'Unavailable' })
    expect((await server.truth.searchRuns({})).items).toEqual([])
  })
})

describe('two processes and one queue', () => {
  it('the later one takes over', async () => {
    const { server, open, done, kinds } = setUp()
    server.fate = () => 'before'
    const first = open()
    const { experimentId } = await done(first.ensureExperiment('e'))
    await done(first.createRun({ experimentId, runName: 'of the first', startTime: 1 }))
    const second = open()
    await done(second.getRun('unknown')).catch(() => {})
    server.fate = () => 'ok'
    await done(first.flush()).catch(() => {})
    await done(second.flush())
    expect(kinds()).toContain('taken-over')
    expect((await server.truth.searchRuns({})).items.map(({ runName }) => runName)).toEqual(['of the first'])
  })
})

describe('queuedTracker and its options', () => {
  it('refuses what it does not know', () => {
    const wrong = { backend: memoryTracker(), storage: memoryStorage(), prefx: 'x' } as unknown as QueuedTrackerOptions
    expect(() => queuedTracker(wrong)).toThrow(/prefx/)
    expect(() => queuedTracker({ backend: memoryTracker(), storage: memoryStorage(), prefix: '../x' })).toThrow(/prefix/)
  })
})
