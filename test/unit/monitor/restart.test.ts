import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { type AlertSink, Monitor, type MonitorOptions } from '../../../src/monitor'
import type { ObjectStore } from '../../../src/ports/object-store'
import { answer, manualClock, quickClock } from './helpers'

const rules = [{ name: 'traffic', kind: 'volume', below: 1, window: { lastMs: 1000 } }] as const satisfies MonitorOptions['rules']

function collecting(): { sink: AlertSink; got: string[]; down: boolean } {
  const held = {
    got: [] as string[],
    down: false,
    sink: {
      portVersion: 1 as const,
      name: 'pager',
      send: async ({ rule, state }: { rule: string; state: string }) => {
        if (held.down) throw new Error('down')
        held.got.push(`${rule} ${state}`)
      },
    },
  }
  return held
}

describe('a monitor that restarts', () => {
  it('goes on with its alerts: none is repeated, none is forgotten', async () => {
    const storage = memoryStorage()
    const clock = manualClock(10_000)
    const pager = collecting()
    const options = { storage, clock, rules, sinks: [pager.sink] }
    const first = new Monitor(options)
    first.check()
    await first.flush()
    expect(pager.got).toEqual(['traffic firing'])
    const second = await Monitor.open(options)
    expect(second.alerts.active).toMatchObject([{ rule: 'traffic', state: { state: 'firing', firedAt: 10_000 } }])
    second.check()
    await second.flush()
    expect(pager.got).toEqual(['traffic firing'])
    second.record(answer('a', 10_000))
    second.check()
    await second.flush()
    expect(pager.got).toEqual(['traffic firing', 'traffic resolved'])
    expect((await Monitor.open(options)).alerts.history).toMatchObject([{ rule: 'traffic', startsAt: 10_000, endsAt: 10_000 }])
  })

  it('sends what an earlier process could not', async () => {
    const storage = memoryStorage()
    const clock = quickClock(10_000).clock
    const pager = collecting()
    pager.down = true
    const options = { storage, clock, rules, sinks: [pager.sink] }
    const first = new Monitor(options)
    first.check()
    await first.flush()
    expect([pager.got, first.alerts.undelivered]).toEqual([[], 1])
    pager.down = false
    const second = await Monitor.open(options)
    await second.flush()
    expect([pager.got, second.alerts.undelivered]).toEqual([['traffic firing'], 0])
    await (await Monitor.open(options)).flush()
    expect(pager.got).toHaveLength(1)
  })

  it('tells no sink before the state is stored', async () => {
    const pager = collecting()
    const inner = memoryStorage()
    const order: string[] = []
    const storage: ObjectStore = {
      ...inner,
      put: async (...args) => {
        order.push(`${args[0]} ${pager.got.length}`)
        return inner.put(...args)
      },
    }
    const monitor = new Monitor({ storage, clock: manualClock(0), rules, sinks: [pager.sink] })
    monitor.check()
    await monitor.flush()
    expect(order.slice(0, 2)).toEqual(['monitor/monitor/state.json 0', 'monitor/monitor/state.json 1'])
  })

  it('makes the next check when it would have been due', async () => {
    const storage = memoryStorage()
    const clock = manualClock(0)
    const options = { storage, clock, rules, checkEveryMs: 60_000 }
    const first = new Monitor(options)
    const checks: number[] = []
    clock.advance(60_000)
    await first.flush()
    await first.close()
    clock.advance(25_000)
    const second = await Monitor.open(options)
    second.on('check-end', ({ at }) => checks.push(at))
    clock.advance(95_000)
    expect(checks).toEqual([120_000, 180_000])
    await second.close()
    const late = manualClock(1_000_000)
    const third = await Monitor.open({ ...options, clock: late })
    third.on('check-end', ({ at }) => checks.push(at))
    late.advance(1)
    expect(checks.at(-1)).toBe(1_000_000)
    await third.close()
  })

  it('says when two processes check one monitor, and goes on', async () => {
    const storage = memoryStorage()
    const clock = manualClock(0)
    const [one, two] = [await Monitor.open({ storage, clock, rules }), await Monitor.open({ storage, clock, rules })]
    const errors: unknown[] = []
    two.on('error', (error) => errors.push(error))
    one.check()
    await one.flush()
    two.check()
    await two.flush().catch(() => {})
    expect(errors).toMatchObject([{ code: 'Conflict', message: expect.stringContaining('written by another process') }])
    two.check()
    await two.flush()
    expect(errors).toHaveLength(1)
  })

  it('refuses a state that is damaged or of a later release', async () => {
    const storage = memoryStorage()
    const put = (value: unknown) => storage.put('monitor/monitor/state.json', new TextEncoder().encode(JSON.stringify(value)))
    await put({ formatVersion: 1, alerts: [{}] })
    await expect(Monitor.open({ storage })).rejects.toMatchObject({ code: 'Corrupt' })
    await put({ formatVersion: 2 })
    await expect(Monitor.open({ storage })).rejects.toMatchObject({ code: 'Unsupported' })
  })
})

describe('what a monitor logs', () => {
  it('is a share of the predictions, with their labels', async () => {
    const storage = memoryStorage()
    const monitor = new Monitor({ storage, sample: 0.25, clock: manualClock(5000) })
    const outcomes = Array.from({ length: 1000 }, (_, i) => [monitor.record(answer(`id-${i}`, i)), monitor.label(`id-${i}`, 'yes')])
    const kept = outcomes.filter(([record]) => record === 'added').length
    expect(kept).toBeGreaterThan(200)
    expect(kept).toBeLessThan(300)
    expect(outcomes.filter(([record, label]) => (record === 'added') !== (label === 'joined'))).toEqual([])
    expect(monitor.stats).toMatchObject({ rows: kept, labelled: kept, waitingLabels: 0 })
    const again = new Monitor({ sample: 0.25 })
    expect(again.record(answer('id-1', 1))).toBe(outcomes[1]?.[0])
  })

  it('logs nothing of a row for which `redact` gives no row, and tells it', () => {
    for (const redact of [() => undefined, async (input: unknown) => input, () => 'x', () => ['x']]) {
      const monitor = new Monitor({ redact: redact as never })
      const errors: unknown[] = []
      monitor.on('error', (error) => errors.push(error))
      const listeners: ((record: unknown) => void)[] = []
      const on = (type: string, listener: never): (() => void) => {
        if (type === 'prediction') listeners.push(listener)
        return () => {}
      }
      monitor.watch({ on } as never)
      listeners[0]?.({ id: 'a', model: 'm', version: '1', at: 1, input: { name: 'Ann' }, prediction: 1, latencyMs: 1, cached: false })
      expect([...monitor.rows()]).toEqual([])
      expect(errors).toMatchObject([{ code: 'InvalidArgument', message: expect.stringContaining('`redact` of Monitor must give a row') }])
    }
    expect(() => new Monitor({ storage: {} as never })).toThrow(/`storage` of Monitor must be/)
  })

  it('leaves out redacted columns everywhere, after the event time was read', async () => {
    const storage = memoryStorage()
    const monitor = new Monitor({ storage, redact: ['name', 'when'], eventTime: 'when' })
    monitor.record(answer('a', 1, { input: { name: 'Ada', when: '2024-01-01T00:00:00Z', temp: 1 } }))
    await monitor.flush()
    const { objects } = await storage.list({ prefix: 'monitor/' })
    const text = new TextDecoder().decode(await storage.get((objects[0] as { key: string }).key))
    expect(text).not.toContain('Ada')
    expect(monitor.rows()).toMatchObject([{ at: Date.UTC(2024, 0, 1), input: { temp: 1 } }])
    expect(monitor.table().columnNames).toEqual(['temp', 'prediction', 'actual'])
    const hashing = new Monitor({ redact: (input) => ({ ...input, name: String(input.name).length }) })
    hashing.record(answer('a', 1, { input: { name: 'Ada' } }))
    expect(hashing.rows()[0]?.input).toEqual({ name: 3 })
  })

  it('is not redacted by a misspelt name: `watch` refuses it, and the first row tells of one it has not', () => {
    const columns = [{ name: 'email', type: 'string' as const }]
    const source = { name: 'm', version: '1', signature: { inputs: columns, outputs: columns }, on: () => () => {} }
    const monitor = new Monitor({ name: 'bikes', redact: ['emial', 'phone'] })
    expect(() => monitor.watch(source as never)).toThrow('`redact` of bikes names "emial", which the model has not; did you mean "email"?')
    const errors: unknown[] = []
    monitor.on('error', (error) => errors.push(error))
    for (const id of ['a', 'b']) monitor.record(answer(id, 1, { input: { email: 'a@example.org' } }))
    expect(errors).toMatchObject([
      { code: 'InvalidArgument', message: expect.stringMatching(/has not: "emial" \(did you mean "email"\?\), "phone"$/) },
    ])
    const right = new Monitor({ redact: ['email', 'phone'] })
    right.watch(source as never)
    expect(right.rows()).toEqual([])
  })

  it('is dropped when it is too old, in memory and on the storage', async () => {
    const storage = memoryStorage()
    const clock = manualClock(0)
    const monitor = new Monitor({ storage, clock, retentionMs: 1000 })
    for (let i = 0; i < 5; i++) {
      monitor.record(answer(`${i}`, clock.now()))
      await monitor.flush()
      clock.advance(600)
    }
    expect(monitor.rows().map(({ id }) => id)).toEqual(['3', '4'])
    expect((await storage.list({ prefix: 'monitor/' })).objects).toHaveLength(2)
    clock.advance(5000)
    monitor.check()
    expect(monitor.rows()).toEqual([])
    expect(monitor.stats.dropped).toBe(5)
  })

  it('keeps refused input over a restart', async () => {
    const storage = memoryStorage()
    const monitor = new Monitor({ storage, clock: manualClock(60_000) })
    const refused = { model: 'm', version: '1', at: 60_000, rows: 3, refusedRows: 1, columns: { age: { missing: 1 } } }
    monitor.recordRefused(refused)
    await monitor.flush()
    const second = await Monitor.open({ storage, clock: manualClock(61_000) })
    second.recordRefused({ ...refused, version: '2' })
    expect(second.refused({ window: { lastMs: 60_000 } })).toEqual({ calls: 2, rows: 6, refusedRows: 2, columns: { age: { missing: 2 } } })
    expect(second.refused({ version: '2' }).rows).toBe(3)
    expect(() => second.recordRefused({ ...refused, rows: '3' } as never)).toThrow(
      '`rows` of recordRefused of monitor must be a finite number ≥ 0',
    )
  })
})
