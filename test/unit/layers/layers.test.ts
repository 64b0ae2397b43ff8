import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { isMillwrightError, MillwrightError } from '../../../src/core/errors'
import { type RetryEvent, type StoreCall, withCache, withPrefix, withReadOnly, withRetry, withTrace } from '../../../src/layers'
import { failingStore, type ScheduledFailure } from '../../../src/testing/failing-store'
import { manualClock } from '../../../src/testing/manual-clock'

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (isMillwrightError(error)) return error.code
    throw error
  }
  return 'success'
}

describe('withRetry', () => {
  const schedule = (...failures: ScheduledFailure[]) => failingStore(memoryStorage(), ({ index }) => failures[index])

  it('waits longer and longer, in seeded lengths, on the given clock', async () => {
    const run = async (seed: number): Promise<RetryEvent[]> => {
      const clock = manualClock()
      const events: RetryEvent[] = []
      const store = withRetry(schedule('before', 'before', 'before'), {
        clock,
        seed,
        baseDelayMs: 100,
        maxDelayMs: 250,
        onRetry: (event) => events.push(event),
      })
      const put = Promise.resolve(store.put('a', utf8('1')))
      await clock.advance(1000)
      await put
      return events
    }
    const events = await run(7)
    expect(events.map(({ operation, attempt }) => [operation, attempt])).toEqual([
      ['put', 1],
      ['put', 2],
      ['put', 3],
    ])
    for (const [i, [low, high]] of [
      [50, 100],
      [100, 200],
      [125, 250],
    ].entries() as Iterable<[number, [number, number]]>) {
      expect(events[i]?.delayMs).toBeGreaterThanOrEqual(low)
      expect(events[i]?.delayMs).toBeLessThanOrEqual(high)
    }
    const delays = (list: RetryEvent[]): number[] => list.map(({ delayMs }) => delayMs)
    expect(delays(await run(7))).toEqual(delays(events))
    expect(delays(await run(8))).not.toEqual(delays(events))
  })

  it('gives up after the last attempt, and at once on what cannot be helped', async () => {
    const store = (...failures: ScheduledFailure[]) => withRetry(schedule(...failures), { attempts: 2, baseDelayMs: 0 })
    expect(await codeOf(() => store('before', 'before').put('a', utf8('1')))).toBe('Unavailable')
    expect(await codeOf(() => store('before').put('a', utf8('1')))).toBe('success')
    expect(await codeOf(() => store(new MillwrightError('PermissionDenied', 'no')).put('a', utf8('1')))).toBe('PermissionDenied')
    const foreign = new TypeError('a bug')
    await expect(Promise.resolve(store(foreign).get('a'))).rejects.toBe(foreign)
  })

  it('knows its own object after a lost answer, but not another’s', async () => {
    const options = { baseDelayMs: 0 }
    const lost = withRetry(schedule('after'), options)
    expect((await lost.put('a', utf8('mine'), { ifAbsent: true })).sizeBytes).toBe(4)
    const inner = memoryStorage()
    const { etag } = await inner.put('a', utf8('old'))
    const moved = withRetry(
      failingStore(inner, ({ index }) => index === 0 && 'after'),
      options,
    )
    expect((await moved.put('a', utf8('new'), { ifMatch: etag })).sizeBytes).toBe(3)
    const taken = memoryStorage()
    await taken.put('a', utf8('hers'))
    const raced = withRetry(
      failingStore(taken, ({ index }) => index === 0 && 'before'),
      options,
    )
    expect(await codeOf(() => raced.put('a', utf8('mine'), { ifAbsent: true }))).toBe('Conflict')
  })

  it('never appends twice', async () => {
    const inner = memoryStorage()
    const store = withRetry(
      failingStore(inner, ({ index }) => index === 0 && 'after'),
      { baseDelayMs: 0 },
    )
    expect(await codeOf(() => store.append('log', utf8('x')))).toBe('Unavailable')
    expect(fromUtf8(await inner.get('log'))).toBe('x')
  })

  it('stops waiting when aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const store = withRetry(schedule('before'), { clock: manualClock(), onRetry: () => controller.abort(reason) })
    await expect(Promise.resolve(store.get('a', { signal: controller.signal }))).rejects.toBe(reason)
  })

  it('checks its options', () => {
    expect(() => withRetry(memoryStorage(), { attempts: 0 })).toThrow('`attempts` of withRetry must be a whole number ≥ 1, got 0')
  })
})

describe('withPrefix', () => {
  it('shows one folder and cannot leave it', async () => {
    const inner = memoryStorage()
    await inner.put('teams/ab/x', utf8('not mine'))
    const store = withPrefix(inner, 'teams/a')
    await store.put('x', utf8('mine'))
    expect(fromUtf8(await inner.get('teams/a/x'))).toBe('mine')
    expect((await store.list()).objects.map(({ key }) => key)).toEqual(['x'])
    expect(store.uri('x')).toBe('memory:///teams/a/x')
    expect(await codeOf(() => store.get('../ab/x'))).toBe('InvalidArgument')
    expect(await codeOf(() => withPrefix(inner, '../a'))).toBe('InvalidArgument')
    await store.close()
    expect(await codeOf(() => store.get('x'))).toBe('InvalidState')
    expect(fromUtf8(await inner.get('teams/a/x'))).toBe('mine')
  })
})

describe('withReadOnly', () => {
  it('reads and never writes', async () => {
    const inner = memoryStorage()
    await inner.put('a', utf8('1'))
    const store = withReadOnly(inner)
    expect(fromUtf8(await store.get('a'))).toBe('1')
    expect(store.capabilities.appendAtomic).toBe(false)
    expect(await codeOf(() => store.put('a', utf8('2')))).toBe('PermissionDenied')
    expect(await codeOf(() => store.delete('a'))).toBe('PermissionDenied')
    expect(await codeOf(() => store.append('a', utf8('2')))).toBe('Unsupported')
    expect((await inner.list()).objects.length).toBe(1)
  })
})

describe('withCache', () => {
  const traced = (maxBytes?: number, immutable?: (key: string) => boolean) => {
    const inner = memoryStorage()
    const calls: string[] = []
    const store = withCache(withTrace(inner, { onCall: ({ operation, key }) => calls.push(`${operation} ${key}`) }), {
      maxBytes,
      immutable,
    })
    return { inner, store, calls }
  }

  it('asks for the etag instead of the content, and sees what others write', async () => {
    const { inner, store, calls } = traced()
    await inner.put('a', utf8('0123456789'))
    await store.get('a')
    calls.length = 0
    const copy = await store.get('a')
    copy.fill(0)
    expect(fromUtf8(await store.get('a', { range: { start: 2, end: 4 } }))).toBe('23')
    expect(calls).toEqual(['head a', 'head a'])
    await inner.put('a', utf8('changed'))
    expect(fromUtf8(await store.get('a'))).toBe('changed')
    await inner.delete('a')
    expect(await codeOf(() => store.get('a'))).toBe('NotFound')
  })

  it('asks nothing about what never changes', async () => {
    const { inner, store, calls } = traced(undefined, (key) => key.startsWith('fixed/'))
    await inner.put('fixed/a', utf8('1'))
    await store.get('fixed/a')
    calls.length = 0
    expect(fromUtf8(await store.get('fixed/a'))).toBe('1')
    expect(calls).toEqual([])
  })

  it('keeps no more than it may, and drops what was used longest ago', async () => {
    const { inner, store, calls } = traced(10)
    for (const key of ['a', 'b', 'c']) await inner.put(key, new Uint8Array(5))
    await inner.put('big', new Uint8Array(11))
    for (const key of ['a', 'b', 'a', 'c', 'big']) await store.get(key)
    calls.length = 0
    for (const key of ['a', 'c', 'b', 'big']) await store.get(key)
    expect(calls.filter((call) => call.startsWith('get'))).toEqual(['get b', 'get big'])
  })
})

describe('withTrace', () => {
  it('tells every call with its time, size and outcome', async () => {
    const clock = manualClock(1000)
    const calls: StoreCall[] = []
    const store = withTrace(memoryStorage(), { clock, onCall: (call) => calls.push(call) })
    await store.put('a', utf8('12'))
    await store.get('a')
    await codeOf(() => store.get('b'))
    await store.list({ prefix: 'a' })
    expect(calls).toEqual([
      { operation: 'put', key: 'a', startedAt: 1000, durationMs: 0, sizeBytes: 2 },
      { operation: 'get', key: 'a', startedAt: 1000, durationMs: 0, sizeBytes: 2 },
      { operation: 'get', key: 'b', startedAt: 1000, durationMs: 0, sizeBytes: 0, error: 'NotFound' },
      { operation: 'list', key: 'a', startedAt: 1000, durationMs: 0, sizeBytes: 0 },
    ])
  })

  it('is not broken by its listener', async () => {
    const store = withTrace(memoryStorage(), {
      onCall: () => {
        throw new Error('listener')
      },
    })
    await store.put('a', utf8('1'))
    expect(fromUtf8(await store.get('a'))).toBe('1')
    expect(() => withTrace(memoryStorage(), {} as never)).toThrow('withTrace needs `onCall`, a function')
  })
})
