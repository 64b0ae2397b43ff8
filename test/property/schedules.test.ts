/** Stored documents that are changed by many through a failing storage, and times that passed unseen. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { storedFormat } from '../../src/core/stored'
import { dueTimes } from '../../src/pipeline/triggers/timed'
import { type StoredDocument, storedDocument } from '../../src/ports/stored-document'
import { failingStore, type ScheduledFailure } from '../../src/testing'
import { propertySeed, times } from '../support/effort'

const settings = { seed: propertySeed, numRuns: times(60, 1000) }

interface Counter {
  readonly count: number
  readonly by: readonly string[]
}
const format = storedFormat((): z.ZodMiniType<Counter> => z.looseObject({ count: z.number(), by: z.array(z.string()) }))

describe('storedDocument', () => {
  it('loses no change of several writers, whatever the storage fails at', async () => {
    const failures = fc.array(fc.constantFrom<ScheduledFailure>(undefined, undefined, undefined, 'before', 'after'), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(failures, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }), async (schedule, writers, changes) => {
        const store = memoryStorage()
        const flaky = failingStore(store, ({ index }) => schedule[index])
        const open = (): StoredDocument<Counter> =>
          storedDocument({ storage: flaky, key: 'doc.json', format, initial: { count: 0, by: [] } })
        const told: string[] = []
        const work = async (writer: number): Promise<void> => {
          const document = open()
          for (let i = 0; i < changes; i++) {
            const name = `${writer}.${i}`
            // A change that may have been stored already is not made twice: it looks for itself.
            const add = ({ count, by }: Counter): Counter | undefined =>
              by.includes(name) ? undefined : { count: count + 1, by: [...by, name] }
            await document.update(add).then(
              () => told.push(name),
              () => {},
            )
          }
        }
        await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)))
        const { count, by } = await storedDocument({ storage: store, key: 'doc.json', format, initial: { count: 0, by: [] } }).load()
        expect(by).toEqual(expect.arrayContaining(told))
        expect(new Set(by).size).toBe(count)
      }),
      settings,
    )
  })

  it('in memory gives each change the one before it', async () => {
    const document = storedDocument({ storage: undefined, key: 'x', format, initial: { count: 0, by: [] } })
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => document.update(({ count, by }) => ({ count: count + 1, by: [...by, String(i)] }))),
    )
    expect(document.value.by).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  })
})

describe('times that passed unseen', () => {
  const arrange = fc.record({
    every: fc.integer({ min: 1, max: 50 }),
    after: fc.integer({ min: 0, max: 500 }),
    gap: fc.integer({ min: 0, max: 2000 }),
    lateMs: fc.integer({ min: 0, max: 200 }),
    catchUp: fc.constantFrom('none', 'last', 'all'),
  })

  it('fire by the policy: each on-time one once, in order, and nothing after now or at the cursor', () => {
    fc.assert(
      fc.property(arrange, ({ every, after, gap, lateMs, catchUp }) => {
        const next = (time: number): number => (Math.floor(time / every) + 1) * every
        const now = after + gap
        const { fired, last } = dueTimes({ next, reason: String }, after, now, { catchUp, lateMs })
        const due: number[] = []
        for (let time = next(after); time <= now; time = next(time)) due.push(time)
        const onTime = due.filter((time) => now - time <= lateMs)
        const missed = due.filter((time) => now - time > lateMs)
        const caughtUp = { none: [], last: onTime.length > 0 ? [] : missed.slice(-1), all: missed.slice(-1000) }[catchUp]
        expect(fired.map(({ dueAt }) => dueAt)).toEqual([...caughtUp, ...onTime])
        expect(last).toBe(due.at(-1) ?? after)
        expect(new Set(fired.map(({ key }) => key)).size).toBe(fired.length)
      }),
      settings,
    )
  })
})
