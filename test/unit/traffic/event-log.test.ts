/** Stored events: whatever happens between processes and to the storage, each acknowledged event is read once by everybody. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { storedFormat } from '../../../src/core/stored'
import type { ObjectStore } from '../../../src/ports/object-store'
import { createEventLog, type EventLog } from '../../../src/traffic/event-log'
import { propertySeed, times } from '../../support/effort'

const format = storedFormat(() => z.looseObject({ n: z.number() }))

/** A storage whose writes fail while `broken` says so, after they were done or before. */
function flaky(storage: ObjectStore, appends: boolean, mood: { broken: 'no' | 'before' | 'after' }): ObjectStore {
  const write = <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (mood.broken === 'before') throw new Error('no')
      const result = await method(...args)
      // Only stores without appends lose answers: S3, HTTP.
      if (mood.broken === 'after' && !appends) throw new Error('lost answer')
      return result
    }
  }
  return {
    ...storage,
    capabilities: { ...storage.capabilities, appendAtomic: appends },
    append: write(storage.append),
    put: write(storage.put),
  }
}

describe('an event log', () => {
  it('gives every process each stored event of the others once, in the order of its writer', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), who: fc.nat(2) }),
      fc.record({ kind: fc.constant('flush' as const), who: fc.nat(2) }),
      fc.record({ kind: fc.constant('read' as const), who: fc.nat(2) }),
      fc.record({
        kind: fc.constant('mood' as const),
        who: fc.nat(2),
        mood: fc.constantFrom('no' as const, 'before' as const, 'after' as const),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, appends) => {
        const mood: { broken: 'no' | 'before' | 'after' } = { broken: 'no' }
        const storage = flaky(memoryStorage(), appends, mood)
        const open = (): EventLog<{ n: number }> => createEventLog(storage, 'log/', format)
        const logs = [open(), open(), open()]
        const added: number[][] = [[], [], []]
        const read: number[][] = [[], [], []]
        let next = 0
        const take = async (who: number): Promise<void> => {
          read[who]?.push(...((await logs[who]?.readOthers()) ?? []).map(({ n }) => n))
        }
        for (const each of steps) {
          if (each.kind === 'add') {
            const n = next++
            logs[each.who]?.add({ n })
            added[each.who]?.push(n)
          } else if (each.kind === 'flush') await logs[each.who]?.flush().catch(() => {})
          else if (each.kind === 'read') await take(each.who)
          else mood.broken = each.mood
        }
        mood.broken = 'no'
        for (const log of logs) await log.flush()
        for (const who of [0, 1, 2]) await take(who)
        const reader = (await open().readOthers()).map(({ n }) => n)
        expect([...reader].sort((a, b) => a - b)).toEqual(added.flat().sort((a, b) => a - b))
        for (const [who, events] of read.entries()) {
          const others = added.flatMap((own, i) => (i === who ? [] : own))
          expect([...events].sort((a, b) => a - b)).toEqual(others.sort((a, b) => a - b))
          for (const own of added) expect(events.filter((n) => own.includes(n))).toEqual(who === added.indexOf(own) ? [] : own)
        }
      }),
      { seed: propertySeed, numRuns: times(40, 600) },
    )
  })

  it('waits for the end of a line that is being written', async () => {
    const storage = memoryStorage()
    const log = createEventLog(storage, 'log/', format)
    await storage.append('log/other.jsonl', utf8('{"n":1}\n{"n":'))
    expect(await log.readOthers()).toEqual([{ n: 1 }])
    await storage.append('log/other.jsonl', utf8('2}\n'))
    expect(await log.readOthers()).toEqual([{ n: 2 }])
    await storage.append('log/other.jsonl', utf8('{"m":2}\n'))
    await storage.append('log/another.jsonl', utf8('{"n":3}\n'))
    for (let i = 0; i < 2; i++) {
      await expect(log.readOthers()).rejects.toMatchObject({ code: 'Corrupt', message: expect.stringContaining('log/other.jsonl') })
    }
  })
})
