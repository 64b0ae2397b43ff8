import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { type AlertRule, type AlertSink, Monitor, type MonitorOptions } from '../../../src/monitor'
import { createAlertGroups } from '../../../src/monitor/alert-groups'
import type { AlertMessage } from '../../../src/ports/alert-sink'
import { answer, manualClock, alertMessage as message } from './helpers'

const seconds = 1000
const minutes = 60_000

/** A pager that takes whole groups; each notification as one line. */
function pager(): { readonly sink: AlertSink; readonly got: string[] } {
  const got: string[] = []
  const line = (messages: readonly AlertMessage[]) =>
    void got.push(messages.map(({ rule, state, reminder }) => `${rule} ${state}${reminder === undefined ? '' : ' again'}`).join(', '))
  return { got, sink: { portVersion: 1, name: 'pager', send: (one) => line([one]), sendAll: line } }
}

const volume = (name: string, below: number): AlertRule => ({ name, kind: 'volume', below, window: { lastMs: 1000 * minutes } })

/** A monitor with rules that fire below 1, 2 and 3 rows: each recorded answer ends one of them. */
function monitored(more: MonitorOptions = {}) {
  const clock = manualClock(0)
  const { sink, got } = pager()
  const options = {
    clock,
    rules: [volume('none', 1), volume('few', 2), volume('some', 3)],
    sinks: [sink],
    groupWaitMs: 30 * seconds,
    groupIntervalMs: 5 * minutes,
    ...more,
  }
  return { clock, got, options, monitor: new Monitor(options) }
}

describe('groups of alerts', () => {
  it('wait for those that come soon after, and then for the interval', async () => {
    const { monitor, clock, got } = monitored()
    for (let i = 0; i < 2; i++) monitor.record(answer(`${i}`, 0))
    monitor.check() // `some` fires
    clock.advance(20 * seconds)
    expect([got, monitor.alerts.waiting, monitor.alerts.undelivered]).toEqual([[], 1, 0])
    clock.advance(10 * seconds)
    await monitor.flush()
    expect(got).toEqual(['some firing'])
    clock.advance(2 * minutes)
    monitor.record(answer('2', 0))
    monitor.check() // it is over
    clock.advance(3 * minutes - 1)
    await monitor.flush()
    expect(got).toHaveLength(1)
    clock.advance(1)
    await monitor.flush()
    expect(got).toEqual(['some firing', 'some resolved'])
    expect(monitor.alerts.waiting).toBe(0)
  })

  it('are one notification each, by the values of labels', async () => {
    const rules = [{ ...volume('none', 1), labels: { team: 'a' } }, { ...volume('few', 2), labels: { team: 'b' } }, volume('some', 3)]
    const { monitor, clock, got } = monitored({ rules, groupBy: ['team'] })
    monitor.check()
    clock.advance(30 * seconds)
    await monitor.flush()
    expect(got).toEqual(['none firing', 'few firing', 'some firing'])
  })

  it('are not told when all is over before their wait', async () => {
    const { monitor, clock, got } = monitored()
    monitor.check()
    clock.advance(10 * seconds)
    for (let i = 0; i < 3; i++) monitor.record(answer(`${i}`, 0))
    monitor.check()
    clock.advance(10 * minutes)
    await monitor.flush()
    expect(got).toEqual([])
    expect(monitor.alerts.history).toHaveLength(3)
    // What came and went while another still fires is told with it.
    const other = monitored()
    other.monitor.check()
    other.monitor.record(answer('0', 0))
    other.monitor.check()
    other.clock.advance(30 * seconds)
    await other.monitor.flush()
    expect(other.got).toEqual(['none firing, few firing, some firing, none resolved'])
  })

  it('survive a killed process, with the time that they have waited', async () => {
    const storage = memoryStorage()
    const { monitor, clock, got, options } = monitored({ storage })
    monitor.check()
    clock.advance(10 * seconds)
    await monitor.flush()
    // The second process checks nothing before the group is due.
    const again = manualClock(25 * seconds)
    const second = await Monitor.open({ ...options, storage, clock: again })
    expect([got, second.alerts.waiting]).toEqual([[], 3])
    again.advance(5 * seconds)
    await second.flush()
    expect(got).toEqual(['none firing, few firing, some firing'])
    for (let i = 0; i < 3; i++) second.record(answer(`${i}`, 0))
    second.check()
    await second.flush()
    // The third starts long after the interval, and sends at once.
    const third = await Monitor.open({ ...options, storage, clock: manualClock(100 * minutes) })
    await third.flush()
    expect(got.slice(1)).toEqual(['none resolved, few resolved, some resolved'])
    // With other labels, what waits is sent at once.
    await third.close()
    const fourth = await Monitor.open({ ...options, storage, clock: manualClock(200 * minutes) })
    fourth.check()
    await fourth.flush()
    const fifth = await Monitor.open({ ...options, storage, clock: manualClock(200 * minutes), groupBy: ['kind'] })
    await fifth.flush()
    expect(got).toHaveLength(2)
    expect(fifth.alerts.waiting).toBe(0)
  })

  it.each([
    ['without waits', { groupWaitMs: 0, groupIntervalMs: 0 }],
    ['with other labels', { groupBy: ['kind'] }],
  ])('survive a killed process %s: the end of what it told is told', async (_, before) => {
    const storage = memoryStorage()
    const { monitor, clock, got, options } = monitored({ storage, ...before, rules: [volume('none', 1)] })
    monitor.check()
    clock.advance(30 * seconds)
    await monitor.flush()
    expect(got).toEqual(['none firing'])
    const again = manualClock(2 * minutes)
    const second = await Monitor.open({ ...options, ...{ groupBy: [], groupWaitMs: 30 * seconds }, storage, clock: again })
    second.record(answer('0', 0))
    second.check()
    again.advance(30 * seconds)
    await second.flush()
    expect(got).toEqual(['none firing', 'none resolved'])
    expect(second.alerts.waiting).toBe(0)
  })

  it('are sent when the monitor is closed', async () => {
    const { monitor, got } = monitored()
    monitor.check()
    await monitor.close()
    expect(got).toEqual(['none firing, few firing, some firing'])
  })

  it('leave out what was silenced meanwhile, and tell it when the silence is over', async () => {
    const { monitor, clock, got } = monitored()
    monitor.check()
    monitor.alerts.silence({ rule: 'few', until: 2 * minutes })
    clock.advance(30 * seconds)
    await monitor.flush()
    expect(got).toEqual(['none firing, some firing'])
    clock.advance(2 * minutes)
    monitor.check()
    clock.advance(5 * minutes)
    await monitor.flush()
    expect(got.slice(1)).toEqual(['few firing'])
  })

  it('count as not sent when a silence holds all of it back', async () => {
    const storage = memoryStorage()
    const busy: AlertRule = { name: 'busy', kind: 'volume', above: 1, window: { lastMs: 1000 * minutes } }
    const { monitor, clock, got } = monitored({ storage, name: 'm', rules: [volume('none', 1), busy] })
    monitor.check()
    monitor.alerts.silence({ rule: 'none', until: 100 * minutes })
    clock.advance(30 * seconds)
    await monitor.flush()
    expect(got).toEqual([])
    for (let i = 0; i < 2; i++) monitor.record(answer(`${i}`, 0))
    clock.advance(10 * seconds)
    monitor.check() // `none` ends, which nobody is told; `busy` fires and waits as the first of its group
    expect(monitor.alerts.waiting).toBe(1)
    clock.advance(29 * seconds)
    await monitor.flush()
    expect(got).toEqual([])
    clock.advance(seconds)
    await monitor.flush()
    expect(got).toEqual(['busy firing'])
    const state = JSON.parse(new TextDecoder().decode(await storage.get('monitor/m/state.json')))
    expect(state.groups).toEqual([expect.objectContaining({ firing: [expect.any(String)], sentAt: 70 * seconds })])
  })

  it('repeat an alert once in a notification', async () => {
    const { monitor, clock, got } = monitored({ rules: [volume('none', 1)], repeatMs: 10 * seconds })
    for (let i = 0; i < 30; i++) {
      monitor.check()
      clock.advance(20 * seconds)
      await monitor.flush()
    }
    expect(got).toEqual(['none firing', 'none firing again'])
  })

  it('refuse what is no length of time', () => {
    expect(() => new Monitor({ groupWaitMs: -1 })).toThrow('`groupWaitMs` of Monitor must be a finite number ≥ 0, got -1')
    expect(() => new Monitor({ groupIntervalMs: '5m' } as never)).toThrow('`groupIntervalMs` of Monitor must be')
  })

  it('lose nothing, and tell each message once and in order, over restarts', () => {
    const step = fc.record({ alert: fc.integer({ min: 0, max: 3 }), after: fc.integer({ min: 0, max: 400 }), restart: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 30, 100), fc.constantFrom(0, 50, 300), (steps, wait, interval) => {
        const options = { groupBy: ['team'], groupWaitMs: wait, groupIntervalMs: interval }
        let groups = createAlertGroups(options)
        const firing = new Map<number, string>()
        const put: string[] = []
        const told: { readonly at: number; readonly team: string; readonly texts: readonly string[] }[] = []
        const take = (at: number): void => {
          for (const messages of groups.take(at, 'due'))
            told.push({ at, team: messages[0]?.labels.team ?? '', texts: messages.map(({ id, state }) => `${id} ${state}`) })
        }
        let now = 0
        const until = (end: number): void => {
          for (let due = groups.nextDueAt(); due !== undefined && due <= end; due = groups.nextDueAt()) take(due)
          now = end
        }
        for (const [i, { alert, after, restart }] of steps.entries()) {
          until(now + after)
          const open = firing.get(alert)
          const id = open ?? `${alert}-${i}`
          if (open === undefined) firing.set(alert, id)
          else firing.delete(alert)
          const one = message(id, { state: open === undefined ? 'firing' : 'resolved', labels: { team: `${alert % 2}` } })
          put.push(`${one.id} ${one.state}`)
          groups.add([one], now)
          take(now)
          if (!restart) continue
          const stored = JSON.parse(JSON.stringify(groups.state()))
          groups = createAlertGroups(options)
          groups.restore(stored, new Set(firing.values()))
        }
        until(now + 10_000)
        expect(groups.waiting).toBe(0)
        const all = told.flatMap(({ texts }) => texts)
        expect(new Set(all).size).toBe(all.length)
        // Only pairs that were over within the first wait of their group are left out.
        const left = put.filter((text) => !all.includes(text)).map((text) => text.split(' ')[0])
        expect(left.length % 2).toBe(0)
        for (const id of left) expect(left.filter((other) => other === id)).toHaveLength(2)
        if (wait === 0) expect(left).toEqual([])
        for (const team of ['0', '1']) {
          const order = put.filter((text) => (Number(text[0]) % 2).toString() === team && all.includes(text))
          expect(told.filter((one) => one.team === team).flatMap(({ texts }) => texts)).toEqual(order)
        }
      }),
      { seed: 17, numRuns: 200 },
    )
  })
})
