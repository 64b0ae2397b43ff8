import { beforeAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { MillwrightError } from '../../../../src/core/errors'
import { DatasetStore, fromColumns } from '../../../../src/dataset'
import { Monitor } from '../../../../src/monitor'
import {
  alertTrigger,
  cronTrigger,
  dataVersionTrigger,
  httpTrigger,
  manualTrigger,
  Pipeline,
  type PipelineOptions,
  type Schedule,
  type ScheduleOptions,
  schedule,
} from '../../../../src/pipeline'
import type { AlertMessage } from '../../../../src/ports'
import { failingStore, manualClock } from '../../../../src/testing'
import { answer } from '../../monitor/helpers'
import { idle, warmUp } from '../helpers'

beforeAll(warmUp)

// The first run loads code, which takes as long as it takes; with a manual clock nothing may wait for that.
beforeAll(async () => void (await new Pipeline('first').step('a', () => 1).run()))

/** A pipeline of one step that ends when told to. */
function slowPipeline(options: PipelineOptions = {}): {
  readonly pipeline: Pipeline<unknown, { a: unknown }>
  readonly began: unknown[]
  readonly release: () => Promise<void>
} {
  const began: unknown[] = []
  const ends: (() => void)[] = []
  const pipeline = new Pipeline('p', options).step('a', async ({ input, signal }) => {
    began.push(input ?? null)
    await new Promise<void>((resolve, reject) => {
      ends.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return input
  })
  return {
    pipeline,
    began,
    async release() {
      ends.shift()?.()
      await idle()
    },
  }
}

async function started(pipeline: Pipeline<unknown, { a: unknown }>, options: ScheduleOptions<unknown, { a: unknown }>): Promise<Schedule> {
  const made = schedule(pipeline, options)
  await idle()
  return made
}

describe('overlap', () => {
  it('is left out by default, with the reason', async () => {
    const clock = manualClock()
    const { pipeline, began, release } = slowPipeline()
    const made = await started(pipeline, { triggers: [], clock })
    const skipped: string[] = []
    made.on('firing-skipped', ({ why }) => skipped.push(why))
    const first = await made.fire({ input: 1 })
    const second = await made.fire({ input: 2 })
    expect([first.status, second.status]).toEqual(['accepted', 'skipped'])
    expect(skipped).toEqual([`run ${first.runId} has not ended`])
    await idle()
    await release()
    expect((await made.fire({ input: 3 })).status).toBe('accepted')
    await idle()
    await release()
    expect(began).toEqual([1, 3])
    expect((await made.state()).ended.map(({ status }) => status)).toEqual(['skipped', 'finished', 'finished'])
    made.stop()
    await made.done
  })

  it('waits its turn with queue, cancels with replace, runs beside with allow', async () => {
    const clock = manualClock()
    const { pipeline, began, release } = slowPipeline()
    const made = await started(pipeline, { triggers: [], clock })
    await made.fire({ input: 1 })
    await made.fire({ input: 2, overlap: 'queue' })
    await made.fire({ input: 3, overlap: 'allow' })
    await idle()
    expect(began).toEqual([1, 3])
    await release()
    await release()
    expect(began).toEqual([1, 3, 2])
    await made.fire({ input: 4, overlap: 'queue' })
    await made.fire({ input: 5, overlap: 'replace' })
    await idle()
    expect(began).toEqual([1, 3, 2, 5])
    const { ended, pending } = await made.state()
    expect(ended.map(({ status, why }) => `${status} ${why?.split(' ')[0] ?? ''}`)).toEqual([
      'finished ',
      'finished ',
      'skipped replaced',
      'cancelled replaced',
    ])
    expect(pending.map(({ status }) => status)).toEqual(['running'])
    made.stop()
    await made.done
  })

  it('refuses more than a thousand that wait', async () => {
    const { pipeline } = slowPipeline()
    const made = await started(pipeline, { triggers: [], clock: manualClock(), overlap: 'queue' })
    for (let i = 0; i < 1000; i++) await made.fire()
    await expect(made.fire()).rejects.toMatchObject({ code: 'RateLimited' })
    made.stop()
    await made.done
  })
})

describe('a schedule with a storage', () => {
  it('resumes what ran and runs what waited after a restart', async () => {
    const clock = manualClock()
    const storage = memoryStorage()
    let isUp = false
    const calls: string[] = []
    const make = (): Pipeline<unknown, { load: number; train: unknown }> =>
      new Pipeline('p', { storage, clock })
        .step('load', () => calls.push('load'))
        .step('train', {
          needs: ['load'],
          run: ({ signal, input }) => {
            calls.push(`train ${input}`)
            return isUp ? input : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          },
        })
    const first = schedule(make(), { triggers: [], storage, clock, overlap: 'queue' })
    await idle()
    await first.fire({ input: 'a' })
    await first.fire({ input: 'b' })
    await idle()
    first.stop()
    await first.done
    expect((await first.state()).pending.map(({ status }) => status)).toEqual(['running', 'waiting'])
    isUp = true
    const second = schedule(make(), { triggers: [], storage, clock })
    await idle(60)
    expect(calls).toEqual(['load', 'train a', 'train a', 'load', 'train b'])
    expect((await second.state()).ended.map(({ status }) => status)).toEqual(['finished', 'finished'])
    second.stop()
    await second.done
  })

  it('starts each run in one of two processes, and the other takes over when that one dies', async () => {
    const clock = manualClock(Date.parse('2026-01-01T00:00Z'))
    const storage = memoryStorage()
    const ran: string[] = []
    const live = (who: string): Schedule =>
      schedule(
        new Pipeline('p', { storage, clock }).step('a', () => void ran.push(who)),
        {
          triggers: [cronTrigger('0 * * * *')],
          storage,
          clock,
          leaseMs: 900_000,
        },
      )
    const one = live('one')
    await idle()
    const two = live('two')
    await idle()
    await clock.advance(3_600_000)
    expect(ran).toEqual(['one'])
    // What fires in the process that stands by is run by the one that leads.
    await two.fire()
    await clock.advance(300_000)
    expect(ran).toEqual(['one', 'one'])
    // A process that dies renews no lease.
    one.stop()
    await one.done
    await clock.advance(3_600_000)
    expect(ran).toEqual(['one', 'one', 'two'])
    two.stop()
    await two.done
  })

  it('goes on when the storage fails for a while, and loses no time', async () => {
    const clock = manualClock(Date.parse('2026-01-01T00:00Z'))
    const errors: unknown[] = []
    let isDown = false
    const ran: number[] = []
    const storage = failingStore(memoryStorage(), () => isDown && 'before')
    const pipeline = new Pipeline('p', { clock }).step('a', () => void ran.push(clock.now()))
    const made = schedule(pipeline, { triggers: [cronTrigger('0 * * * *')], storage, clock, onError: (error) => errors.push(error) })
    await idle()
    await clock.advance(3_590_000)
    isDown = true
    await clock.advance(30_000)
    expect(ran).toEqual([])
    expect(errors.length).toBeGreaterThan(0)
    isDown = false
    await clock.advance(30_000)
    expect(ran).toHaveLength(1)
    made.stop()
    await made.done
  })

  it('refuses a state of another schedule and a damaged one', async () => {
    const storage = memoryStorage()
    const key = 'pipelines/p/schedules/default.json'
    await storage.put(key, new TextEncoder().encode('{"format":1,"pipeline":"q"}'))
    const errors: unknown[] = []
    const { pipeline } = slowPipeline()
    const made = await started(pipeline, { triggers: [], storage, clock: manualClock(), onError: (error) => errors.push(error) })
    await expect(made.fire()).rejects.toMatchObject({ code: 'Corrupt' })
    expect(errors[0]).toMatchObject({ code: 'Corrupt' })
    made.stop()
    await made.done
  })
})

describe('alertTrigger', () => {
  it('fires once an alert, with the alert as input', async () => {
    let send = (_: AlertMessage): void => {}
    const monitor = {
      on(_: 'alert-firing', listener: (alert: AlertMessage) => void) {
        send = listener
        return () => {}
      },
    }
    const alert: AlertMessage = {
      ...{ id: 'a1', rule: 'accuracy', state: 'firing', severity: 'warning', labels: {}, summary: 'accuracy is 0.6', value: 0.6 },
      ...{ threshold: 0.7, startsAt: 1_700_000_000_000, details: {} },
    }
    const { pipeline, began, release } = slowPipeline()
    const made = await started(pipeline, { triggers: [alertTrigger({ monitor, rules: ['accuracy'] })], clock: manualClock() })
    send(alert)
    send({ ...alert, id: 'b', rule: 'latency' })
    await idle()
    await release()
    send(alert)
    await idle()
    expect(began).toEqual([alert])
    const { ended } = await made.state()
    expect(ended.map(({ reason, status }) => `${status}: ${reason}`)).toEqual(['finished: alert accuracy: accuracy is 0.6'])
    made.stop()
    await made.done
  })
})

describe('alertTrigger on a real monitor', () => {
  it('fires when accuracy falls, and not while the alert goes on', async () => {
    const clock = manualClock(10_000)
    const rule = { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.7, window: { lastMs: 500 }, minRows: 2 } as const
    const monitor = new Monitor({ clock, rules: [rule] })
    const { pipeline, began, release } = slowPipeline()
    const made = await started(pipeline, { triggers: [alertTrigger({ monitor })], clock })
    const check = async (at: number, label: 'yes' | 'no'): Promise<void> => {
      for (let i = 0; i < 4; i++) {
        monitor.record(answer(`${at}-${i}`, at - i))
        monitor.label(`${at}-${i}`, label, at)
      }
      monitor.check(at)
      await idle()
      await release()
    }
    await check(1000, 'yes')
    expect(began).toHaveLength(0)
    await check(2000, 'no')
    await check(3000, 'no')
    expect(began).toMatchObject([{ rule: 'accuracy', state: 'firing', value: 0, threshold: 0.7 }])
    await check(4000, 'yes')
    await check(5000, 'no')
    expect(began).toHaveLength(2)
    made.stop()
    await made.done
    await monitor.close()
  })
})

describe('dataVersionTrigger', () => {
  it('fires for a version that is new, once for several', async () => {
    const clock = manualClock()
    const storage = memoryStorage()
    const store = new DatasetStore({ storage, clock })
    const commit = async (x: number): Promise<unknown> => store.commit('flights', fromColumns({ x: [x] }))
    await commit(1)
    const { pipeline, began, release } = slowPipeline()
    const triggers = [dataVersionTrigger({ store, dataset: 'flights', everyMs: 1000 })]
    const made = await started(pipeline, { triggers, clock, storage })
    await clock.advance(3000)
    expect(began).toEqual([])
    await commit(2)
    await commit(3)
    await clock.advance(1000)
    await idle()
    expect(began).toMatchObject([{ reference: 'flights@3', version: 3 }])
    await release()
    await clock.advance(5000)
    expect(began).toHaveLength(1)
    made.stop()
    await made.done
  })
})

describe('httpTrigger', () => {
  it.each(['short', 'long enough but spaced', '', 5, undefined])('refuses the token %s, without telling it', (token) => {
    const make = (): unknown => httpTrigger({ token: token as never })
    expect(make).toThrow(/httpTrigger (must have at least 16 characters|needs `token`)/)
    expect(make).not.toThrow(/short|spaced/)
  })

  const post = (path: string, init: RequestInit = {}): Request =>
    new Request(`http://localhost/hooks/${path}`, { method: 'POST', headers: { authorization: 'Bearer s3cret-of-the-tests' }, ...init })

  it('fires with its token, once a key, and says what became of it', async () => {
    const { pipeline, began, release } = slowPipeline()
    const made = await started(pipeline, {
      triggers: [httpTrigger({ token: 's3cret-of-the-tests' }), manualTrigger({ name: 'by-hand' })],
      clock: manualClock(),
    })
    expect((await made.handle(post('http', { headers: {} }))).status).toBe(401)
    expect((await made.handle(post('http', { headers: { authorization: 'Bearer wrong' } }))).status).toBe(401)
    expect((await made.handle(post('by-hand'))).status).toBe(404)
    expect((await made.handle(post('http', { method: 'DELETE' }))).status).toBe(405)
    expect((await made.handle(post('http', { body: '{"day": 3' }))).status).toBe(400)
    expect((await made.handle(post('http', { body: `"${'x'.repeat(70_000)}"` }))).status).toBe(413)
    const headers = { authorization: 'Bearer s3cret-of-the-tests', 'idempotency-key': 'k1' }
    const first = await made.handle(post('http', { body: '{"day":3}', headers }))
    expect(first.status).toBe(202)
    const { runId } = (await first.json()) as { runId: string }
    await idle()
    expect(began).toEqual([{ day: 3 }])
    expect((await made.handle(post('http'))).status).toBe(409)
    await release()
    const again = await made.handle(post('http', { body: '{"day":3}', headers }))
    expect([again.status, await again.json()]).toEqual([200, { runId, status: 'known' }])
    const seen = (await (await made.handle(post('http', { method: 'GET' }))).json()) as { ended: { runId: string; status: string }[] }
    expect(seen.ended.map(({ status }) => status)).toEqual(['skipped', 'finished'])
    made.stop()
    await made.done
  })
})

describe('fire', () => {
  it('refuses an unknown trigger, an input that cannot be stored and one that is too long', async () => {
    const { pipeline } = slowPipeline()
    const made = await started(pipeline, { triggers: [], clock: manualClock() })
    await expect(made.fire({ trigger: 'nightly' })).rejects.toThrow('fire needs the name of a trigger: "manual"; got "nightly"')
    await expect(made.fire({ input: () => 1 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(made.fire({ input: 'x'.repeat(70_000) })).rejects.toThrow('at most 65536 bytes')
    expect((await made.state()).pending).toEqual([])
    made.stop()
    await made.done
  })

  it('refuses two triggers of one name, and an object that is none', () => {
    const { pipeline } = slowPipeline()
    expect(() => schedule(pipeline, { triggers: [cronTrigger('0 3 * * *'), cronTrigger('0 4 * * *')] })).toThrow(
      'two triggers named "cron"',
    )
    expect(() => schedule(pipeline, { triggers: [{}] as never })).toThrow('`triggers` of schedule must be an array of triggers')
  })

  it('reports a trigger that cannot start', async () => {
    const errors: unknown[] = []
    const { pipeline } = slowPipeline()
    const broken = {
      ...{ name: 'broken', kind: 'own', where: 'leader' as const },
      start: () => {
        throw new MillwrightError('Unavailable', 'no queue')
      },
    }
    const made = await started(pipeline, { triggers: [broken], clock: manualClock(), onError: (error) => errors.push(error) })
    expect(errors).toMatchObject([{ code: 'Unavailable' }])
    made.stop()
    await made.done
  })
})
