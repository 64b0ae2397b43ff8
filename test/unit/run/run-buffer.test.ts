import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { MillwrightError } from '../../../src/core/errors'
import type { RunBatch, TrackerBackend } from '../../../src/ports/tracker-backend'
import { createPointQueue, RunBuffer } from '../../../src/run/run-buffer'
import { type ManualClock, manualClock } from './manual-clock'

interface Setup {
  readonly backend: TrackerBackend
  readonly runId: string
  readonly buffer: RunBuffer
  readonly clock: ManualClock
  readonly errors: unknown[]
  readonly batches: RunBatch[]
  /** What `logBatch` does before it stores. */
  fail: (batch: RunBatch) => void
}

async function setup(limits: { maxBufferedPoints?: number; maxBufferedBytes?: number } = {}): Promise<Setup> {
  const inner = memoryTracker()
  const clock = manualClock(1000)
  const errors: unknown[] = []
  const batches: RunBatch[] = []
  const { experimentId } = await inner.ensureExperiment('e')
  const { runId } = await inner.createRun({ experimentId, startTime: 1 })
  const made: Setup = { backend: inner, runId, clock, errors, batches, fail: () => {}, buffer: undefined as unknown as RunBuffer }
  const backend: TrackerBackend = {
    ...inner,
    async logBatch(id, batch) {
      batches.push(batch)
      made.fail(batch)
      await inner.logBatch(id, batch)
    },
  }
  const buffer = new RunBuffer({
    backend,
    runId,
    clock,
    flushIntervalMs: 2000,
    maxBufferedPoints: 1_000_000,
    maxBufferedBytes: 1000,
    onError: (error) => errors.push(error),
    ...limits,
  })
  return Object.assign(made, { buffer })
}

const turn = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
const down = (): never => {
  throw new MillwrightError('Unavailable', 'down')
}

describe('RunBuffer', () => {
  it('leaves what is logged during a write for the next interval, and all of it to a flush', async () => {
    const made = await setup()
    const { buffer, clock, batches, backend, runId } = made
    // Each write finds one more point at its end, as a training loop's would.
    let more = 0
    made.fail = () => buffer.metric('m', -1, 1, -++more)
    buffer.metric('m', 1, 1, 1)
    clock.advance(2000)
    await turn()
    expect(batches.length).toBe(1)
    expect(buffer.isEmpty()).toBe(false)
    expect(clock.waiting).toBe(1)
    clock.advance(2000)
    await turn()
    expect(batches.length).toBe(2)
    buffer.param('p', 'v')
    await buffer.flush()
    expect(batches.length).toBe(3)
    const record = await backend.getRun(runId)
    expect([record.params, (await backend.getMetricHistory(runId, 'm')).items.length]).toEqual([{ p: 'v' }, 3])
    // What came during the flush still has its timer.
    expect([buffer.isEmpty(), clock.waiting]).toEqual([false, 1])
    made.fail = () => {}
    await buffer.flush()
    expect([buffer.isEmpty(), clock.waiting]).toEqual([true, 0])
  })

  it('writes after the interval, in one batch', async () => {
    const { buffer, clock, batches, backend, runId } = await setup()
    for (let i = 0; i < 100; i++) buffer.metric('m', i, i, i)
    buffer.param('p', '1')
    buffer.tag('__proto__', 'kept')
    await turn()
    expect(batches).toHaveLength(0)
    clock.advance(2000)
    await turn()
    expect(batches).toHaveLength(1)
    const { params, tags, metrics } = await backend.getRun(runId)
    expect([params.p, metrics.m?.value, Object.entries(tags).find(([key]) => key === '__proto__')?.[1]]).toEqual(['1', 99, 'kept'])
    expect(clock.waiting).toBe(0)
  })

  it('writes early when much is waiting, in batches of 50,000', async () => {
    const { buffer, clock, batches } = await setup()
    for (let i = 0; i < 120_000; i++) buffer.metric('m', i, i, i)
    clock.advance(0)
    await buffer.flush()
    expect(batches.map(({ metrics }) => metrics?.length)).toEqual([50_000, 50_000, 20_000])
  })

  it('retries with the very same batch until it is taken', async () => {
    const made = await setup()
    const { buffer, clock, batches, errors, backend, runId } = made
    made.fail = down
    buffer.metric('m', 1, 1, 1)
    clock.advance(2000)
    await turn()
    expect(errors.map(String)).toEqual(['MillwrightError: down'])
    buffer.metric('m', 2, 2, 2)
    clock.advance(500)
    await turn()
    clock.advance(999)
    await turn()
    expect(batches).toHaveLength(2)
    clock.advance(1)
    await turn()
    expect(batches).toHaveLength(3)
    await expect(buffer.flush()).rejects.toThrow('down')
    made.fail = () => {}
    await buffer.flush()
    expect(new Set(batches.slice(0, 5)).size).toBe(1)
    const { items } = await backend.getMetricHistory(runId, 'm')
    expect(items.map(({ value }) => value)).toEqual([1, 2])
    buffer.stop()
    expect(clock.waiting).toBe(0)
  })

  it('drops only what the backend refuses, and flush throws it once', async () => {
    const made = await setup()
    const { buffer, backend, runId, errors } = made
    made.fail = ({ metrics = [], params = {} }) => {
      if (metrics.some(({ key }) => key === 'bad')) throw new MillwrightError('InvalidArgument', 'bad metric')
      if (Object.hasOwn(params, 'held')) throw new MillwrightError('Conflict', 'held elsewhere')
    }
    buffer.metric('good', 1, 1, 1)
    buffer.metric('bad', 1, 1, 1)
    buffer.param('held', '1')
    buffer.param('fine', '1')
    buffer.tag('t', 'v')
    await expect(buffer.flush()).rejects.toThrow('held elsewhere (and 1 more)')
    await buffer.flush()
    const { metrics, params, tags } = await backend.getRun(runId)
    expect([Object.keys(metrics), params, tags.t]).toEqual([['good'], { fine: '1' }, 'v'])
    expect(errors).toHaveLength(2)
    expect(buffer.isEmpty()).toBe(true)
  })

  it('is bounded, and says so before it drops', async () => {
    const made = await setup({ maxBufferedPoints: 10, maxBufferedBytes: 5 })
    const { buffer, errors, backend, runId } = made
    for (let i = 0; i < 15; i++) buffer.metric('m', i, i, i)
    buffer.artifact('a', new Uint8Array(4))
    buffer.artifact('b', new Uint8Array(4))
    expect(errors.map(String)).toEqual([expect.stringContaining('new points are dropped')])
    await expect(buffer.flush()).rejects.toThrow('6 writes were dropped')
    await buffer.flush()
    expect((await backend.getMetricHistory(runId, 'm')).items).toHaveLength(10)
    expect((await backend.listArtifacts({ runId })).map(({ path }) => path)).toEqual(['a'])
  })
})

describe('createPointQueue', () => {
  it('gives what was pushed, in order, however it is taken', () => {
    const queue = createPointQueue()
    const taken: number[] = []
    let pushed = 0
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < (round * 7) % 31; i++) queue.push(`k${pushed % 3}`, pushed, pushed * 2, -pushed++)
      for (const { key, value, timestamp, step } of queue.take((round * 5) % 29)) {
        expect([key, timestamp, step]).toEqual([`k${value % 3}`, value * 2, -value])
        taken.push(value)
      }
    }
    for (const { value } of queue.take(1e9)) taken.push(value)
    expect(taken).toEqual(Array.from({ length: pushed }, (_, i) => i))
    expect(queue.length).toBe(0)
  })
})
