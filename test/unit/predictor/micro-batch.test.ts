import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMicroBatcher, type MicroBatcher, type MicroBatcherOptions } from '../../../src/predictor/micro-batch'
import { handClock, settle } from './helpers'

interface Rig {
  readonly batcher: MicroBatcher<number[], number>
  readonly clock: ReturnType<typeof handClock>
  readonly batches: number[][]
  /** Lets the oldest run that waits end. */
  finish(): Promise<void>
  readonly waiting: number
  readonly shed: string[]
  ask(...rows: number[]): Promise<readonly number[]>
}

/** Squares numbers; fails on negative ones. Runs end by hand when `byHand`. */
function rig(options: Partial<MicroBatcherOptions<number[], number>> = {}, byHand = false): Rig {
  const clock = handClock()
  const batches: number[][] = []
  const ends: (() => void)[] = []
  const shed: string[] = []
  const batcher = createMicroBatcher<number[], number>({
    run: async (work) => {
      const rows = work.flat()
      batches.push(rows)
      if (byHand) await new Promise<void>((resolve) => void ends.push(resolve))
      if (rows.some((row) => row < 0)) throw new Error(`cannot do ${rows.filter((row) => row < 0)}`)
      return rows.map((row) => row * row)
    },
    split: (work, from, to) => work.slice(from, to),
    mayJoin: () => true,
    maxSize: 4,
    maxDelayMs: 5,
    maxQueue: 10,
    concurrency: 1,
    now: clock.now,
    clock,
    onShed: (_, reason) => void shed.push(reason),
    onStart: () => {},
    ...options,
  })
  return {
    batcher,
    clock,
    batches,
    async finish() {
      ends.shift()?.()
      await settle()
    },
    get waiting() {
      return ends.length
    },
    shed,
    ask: (...rows) => batcher.add(rows, rows.length, {}),
  }
}

describe('createMicroBatcher', () => {
  it('runs a single request at once', async () => {
    const { ask, batches, clock } = rig()
    expect(await ask(2)).toEqual([4])
    expect(await ask(3)).toEqual([9])
    expect(batches).toEqual([[2], [3]])
    expect(clock.timers).toBe(0)
  })

  it('joins requests made together, in order, up to the maximum', async () => {
    const { ask, batches, clock } = rig()
    const answers = Promise.all([ask(1), ask(2, 3), ask(4), ask(5), ask(6)])
    await settle()
    expect(batches).toEqual([[1, 2, 3, 4]])
    clock.advance(5)
    expect(await answers).toEqual([[1], [4, 9], [16], [25], [36]])
    expect(batches).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ])
    expect(clock.timers).toBe(0)
  })

  it('holds back under concurrent traffic until the oldest has waited long enough', async () => {
    const { ask, batches, clock } = rig()
    await Promise.all([ask(1), ask(2), ask(3), ask(4)])
    const first = ask(5)
    await settle()
    clock.advance(3)
    const second = ask(6)
    await settle()
    expect(batches).toHaveLength(1)
    expect(clock.timers).toBe(1)
    clock.advance(1.9)
    await settle()
    expect(batches).toHaveLength(1)
    clock.advance(0.1)
    expect(await Promise.all([first, second])).toEqual([[25], [36]])
    expect(batches[1]).toEqual([5, 6])
  })

  it('takes what came while it was busy', async () => {
    const { ask, batches, finish, clock } = rig({ maxDelayMs: 0 }, true)
    const answers = [ask(1)]
    await settle()
    answers.push(ask(2), ask(3), ask(4))
    await settle()
    expect(batches).toEqual([[1]])
    await finish()
    expect(batches).toEqual([[1], [2, 3, 4]])
    await finish()
    expect(await Promise.all(answers)).toEqual([[1], [4], [9], [16]])
    expect(clock.timers).toBe(0)
  })

  it('divides a large request and puts its answers together in order', async () => {
    const { ask, batches } = rig({ maxDelayMs: 0 })
    const rows = Array.from({ length: 11 }, (_, i) => i)
    expect(await ask(...rows)).toEqual(rows.map((row) => row * row))
    expect(batches.map(({ length }) => length)).toEqual([4, 4, 3])
  })

  it('fails only the guilty when a batch fails', async () => {
    const { ask, batches } = rig({ maxSize: 8 })
    const results = await Promise.allSettled([ask(1), ask(2), ask(-3), ask(4), ask(5), ask(6), ask(7), ask(8)])
    expect(results.map(({ status }) => status)).toEqual(results.map((_, i) => (i === 2 ? 'rejected' : 'fulfilled')))
    expect((results[2] as PromiseRejectedResult).reason.message).toBe('cannot do -3')
    expect((results[7] as PromiseFulfilledResult<number[]>).value).toEqual([64])
    // 8, then 4 and 4, then 2 and 2, then 1 and 1.
    expect(batches.map(({ length }) => length)).toEqual([8, 4, 2, 2, 1, 1, 4])
  })

  it('refuses what the queue cannot hold, and says when to come back', async () => {
    const { ask, finish, shed, batcher } = rig({}, true)
    const running = ask(1, 2, 3, 4)
    await settle()
    const waiting = ask(1, 2, 3, 4, 5, 6, 7, 8)
    await expect(ask(1, 2, 3)).rejects.toMatchObject({
      code: 'Unavailable',
      retryable: true,
      details: { reason: 'queue-full', retryAfterMs: 5 },
    })
    expect(shed).toEqual(['queue-full'])
    expect(batcher.queueRows).toBe(8)
    for (let i = 0; i < 3; i++) await finish()
    await Promise.all([running, waiting])
    expect(batcher.queueRows).toBe(0)
  })

  it('takes aborted requests out of the queue, and drops the answers of running ones', async () => {
    const { batcher, batches, finish, clock } = rig({}, true)
    const controllers = [new AbortController(), new AbortController()]
    const reason = new Error('gone')
    const [running, waiting] = controllers.map(({ signal }, i) => batcher.add([i], 1, { signal }))
    await settle()
    clock.advance(5)
    expect(batches).toEqual([[0, 1]])
    const later = new AbortController()
    const queued = batcher.add([7], 1, { signal: later.signal })
    later.abort(reason)
    await expect(queued).rejects.toBe(reason)
    expect(batcher.queueRows).toBe(0)
    controllers[0]?.abort(reason)
    await expect(running).rejects.toBe(reason)
    await finish()
    expect(await waiting).toEqual([1])
    await expect(batcher.add([1], 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(batches).toEqual([[0, 1]])
    expect(clock.timers).toBe(0)
  })

  it('gives up at the deadline, queued or running', async () => {
    const { batcher, clock, finish, batches, shed } = rig({}, true)
    const running = batcher.add([1], 1, { deadlineMs: 100 })
    await settle()
    const queued = batcher.add([2], 1, { deadlineMs: 30 })
    const patient = batcher.add([3], 1, {})
    await settle()
    clock.advance(30)
    await expect(queued).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'deadline' } })
    clock.advance(70)
    await expect(running).rejects.toMatchObject({ code: 'Unavailable', message: 'the deadline passed before there was an answer' })
    await finish()
    await finish()
    expect(await patient).toEqual([9])
    expect(batches).toEqual([[1], [3]])
    expect(shed).toEqual(['deadline', 'deadline'])
    expect(clock.timers).toBe(0)
  })

  it('runs as many batches at once as allowed', async () => {
    const result = rig({ concurrency: 2, maxDelayMs: 0, mayJoin: () => false }, true)
    const answers = [result.ask(1), result.ask(2), result.ask(3)]
    await settle()
    expect(result.waiting).toBe(2)
    for (let i = 0; i < 3; i++) await result.finish()
    expect(await Promise.all(answers)).toEqual([[1], [4], [9]])
  })

  it('drains: nothing is held back any more', async () => {
    const { ask, batcher, batches, clock } = rig()
    const first = [ask(1), ask(2)]
    await settle()
    clock.advance(5)
    await Promise.all(first)
    const held = ask(3)
    const done = batcher.drain()
    expect(await held).toEqual([9])
    await done
    expect(batches).toEqual([[1, 2], [3]])
    await batcher.drain()
  })

  it('answers everything in order, whatever comes when', async () => {
    const events = fc.array(fc.tuple(fc.array(fc.nat(50), { minLength: 1, maxLength: 9 }), fc.nat(6), fc.boolean()), { maxLength: 25 })
    const options = fc.record({
      maxSize: fc.integer({ min: 1, max: 8 }),
      maxDelayMs: fc.nat(5),
      concurrency: fc.integer({ min: 1, max: 3 }),
      adaptive: fc.boolean(),
      joins: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(events, options, async (list, chosen) => {
        const { ask, clock, batches, batcher } = rig({ ...chosen, maxQueue: 10_000 })
        const answers: Promise<readonly number[]>[] = []
        for (const [rows, pause, settleNow] of list) {
          answers.push(ask(...rows))
          if (settleNow) await settle()
          clock.advance(pause)
        }
        await batcher.drain()
        expect(await Promise.all(answers)).toEqual(list.map(([rows]) => rows.map((row) => row * row)))
        expect(batcher.queueRows).toBe(0)
        expect(Math.max(0, ...batches.map(({ length }) => length))).toBeLessThanOrEqual(chosen.maxSize)
        expect(batches.flat()).toEqual(list.flatMap(([rows]) => rows))
        expect(clock.timers).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('executes each request at once and alone when it does not join', async () => {
    const { ask, batches, clock } = rig({ joins: false, concurrency: 2, maxSize: Number.POSITIVE_INFINITY })
    expect(await Promise.all([ask(1), ask(2, 3), ask(4)])).toEqual([[1], [4, 9], [16]])
    expect(batches).toEqual([[1], [2, 3], [4]])
    expect(clock.timers).toBe(0)
  })

  it('executes a long queue of quick runs without deep recursion', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => i)
    const clock = handClock()
    const batcher = createMicroBatcher<number[], number>({
      run: (work) => work.flat(),
      split: (work, from, to) => work.slice(from, to),
      mayJoin: () => false,
      joins: false,
      maxSize: 1,
      maxDelayMs: 0,
      maxQueue: 50_000,
      concurrency: 1,
      now: clock.now,
      clock,
      onShed: () => {},
      onStart: () => {},
    })
    expect(await batcher.add(rows, rows.length, {})).toEqual(rows)
  })

  it('refuses a call whose deadline would pass in the queue, once it knows what executions take', async () => {
    const { ask, batcher, clock, finish, shed } = rig({ maxSize: 1, maxDelayMs: 0, maxQueue: 100 }, true)
    for (let i = 0; i < 10; i++) {
      const answer = ask(i)
      await settle()
      clock.advance(10)
      await finish()
      await answer
    }
    const answers = Array.from({ length: 5 }, (_, i) => ask(i))
    await settle()
    expect(await batcher.add([7], 1, { deadlineMs: 30 }).catch((error: unknown) => error)).toMatchObject({
      code: 'Unavailable',
      details: { reason: 'no-time', retryAfterMs: expect.closeTo(10, 5) },
    })
    const patient = batcher.add([8], 1, { deadlineMs: 1000 })
    expect(shed).toEqual(['no-time'])
    for (let i = 0; i < 6; i++) await finish()
    expect(await Promise.all(answers)).toEqual([[0], [1], [4], [9], [16]])
    expect(await patient).toEqual([64])
  })
})
