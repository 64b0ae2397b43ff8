import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { createEmitter } from '../../../src/core/emitter'
import { MillwrightError } from '../../../src/core/errors'
import type { AlertMessage, AlertSink, DriftSource } from '../../../src/monitor'
import { Monitor } from '../../../src/monitor'
import type { PredictionRecord } from '../../../src/ports/model'
import type { ObjectStore } from '../../../src/ports/object-store'
import { answer, manualClock } from './helpers'

const accuracyRule = {
  name: 'accuracy',
  kind: 'performance',
  metric: 'accuracy',
  below: 0.7,
  window: { lastMs: 1000 },
  minRows: 4,
} as const

/** Records and labels `count` rows of which `right` are right, one per millisecond from `from`. */
function feed(monitor: Monitor, from: number, count: number, right: number, init: Partial<PredictionRecord> = {}): void {
  for (let i = 0; i < count; i++) {
    monitor.record(answer(`${from + i}`, from + i, init))
    monitor.label(`${from + i}`, i < right ? 'yes' : 'no', from + i)
  }
}

describe('Monitor', () => {
  it('watches a predictor and takes column types from its signature', () => {
    const source = createEmitter<{ prediction: PredictionRecord; error: unknown }>()
    const signature = {
      inputs: [
        { name: 'temp', type: 'float64' },
        { name: 'hour', type: 'int32' },
      ] as const,
      outputs: [],
    }
    const monitor = new Monitor()
    const stop = monitor.watch({ on: source.on, signature })
    source.emit('prediction', answer('a', 1, { input: { temp: 1, hour: 2 } }))
    stop()
    source.emit('prediction', answer('b', 2))
    const table = monitor.table({ window: { from: 0, to: 10 } })
    expect(table.numRows).toBe(1)
    expect(table.columnNames.map((name) => [name, table.column(name).type, table.column(name).at(0)])).toEqual([
      ['temp', 'float64', 1],
      ['hour', 'int32', 2],
      ['prediction', 'string', 'yes'],
      ['actual', 'float64', null],
    ])
  })

  it('measures live performance over labelled rows only', () => {
    const monitor = new Monitor({ clock: manualClock(1000) })
    feed(monitor, 1, 10, 7)
    monitor.record(answer('unlabelled', 20))
    expect(monitor.performance({ metric: 'accuracy', window: { lastMs: 1000 } })).toMatchObject({ value: 0.7, rows: 11, labelled: 10 })
    expect(monitor.performance({ metric: 'accuracy', window: { lastRows: 4 } })).toMatchObject({ value: 0.25, labelled: 4 })
    expect(monitor.performance({ metric: 'accuracy', window: { from: 500, to: 600 } })).toMatchObject({ value: Number.NaN, rows: 0 })
  })

  it('takes labels that changed type on their way, probabilities and numbers', () => {
    const monitor = new Monitor()
    monitor.record(answer('1', 1, { prediction: 1, probabilities: { '0': 0.2, '1': 0.8 } }))
    monitor.record(answer('2', 2, { prediction: 0, probabilities: { '0': 0.6, '1': 0.4 } }))
    monitor.label('1', '1')
    monitor.label('2', '0')
    expect(monitor.performance({ metric: 'accuracy' }).value).toBe(1)
    expect(monitor.performance({ metric: 'logLoss' }).value).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12)
    expect(monitor.performance({ metric: 'rocAuc' }).value).toBe(1)
    expect(monitor.performance({ metric: 'mae' }).value).toBe(0)
    expect(() => monitor.performance({ metric: 'acuracy' as never })).toThrow(/no metric "acuracy"/)
  })

  it('gives the metric period by period with the versions that answered', () => {
    const monitor = new Monitor()
    const day = 86_400_000
    feed(monitor, 0, 4, 4)
    feed(monitor, day, 4, 1, { version: '2' })
    feed(monitor, 3 * day, 2, 1, { version: '2' })
    const series = monitor.performanceBy('day', { metric: 'accuracy' })
    expect(series.map(({ from, value, versions }) => [from / day, value, versions])).toEqual([
      [0, 1, { '1': 1 }],
      [1, 0.25, { '2': 1 }],
      [3, 0.5, { '2': 1 }],
    ])
  })

  it('reads event time from an input column', () => {
    const monitor = new Monitor({ eventTime: 'when' })
    monitor.record(answer('late', 900, { input: { when: '1970-01-01T00:00:02Z' } }))
    monitor.record(answer('early', 901, { input: { when: new Date(1000) } }))
    monitor.record(answer('none', 5, { input: {} }))
    expect(monitor.rows().map(({ id, at }) => [id, at])).toEqual([
      ['none', 5],
      ['early', 1000],
      ['late', 2000],
    ])
  })

  it('fires below the threshold, keeps quiet while firing, clears beyond the other value, and says so', async () => {
    const sent: AlertMessage[] = []
    const heard: string[] = []
    const sink: AlertSink = { portVersion: 1, name: 'list', send: (message) => void sent.push(message) }
    const monitor = new Monitor({ name: 'bikes', rules: [{ ...accuracyRule, clear: 0.9 }], sinks: [sink], clock: manualClock() })
    monitor.on('alert-firing', ({ rule }) => heard.push(`alert ${rule}`))
    monitor.on('alert-resolved', ({ rule }) => heard.push(`resolved ${rule}`))
    const state = (at: number): string | undefined => monitor.check(at).rules[0]?.state
    expect(state(10)).toBe('inactive')
    feed(monitor, 1, 10, 6)
    expect(state(20)).toBe('firing')
    expect(state(30)).toBe('firing')
    feed(monitor, 2001, 10, 8)
    expect(state(2020)).toBe('firing')
    feed(monitor, 4001, 10, 9)
    expect(state(4020)).toBe('resolved')
    expect(state(4030)).toBe('inactive')
    await monitor.flush()
    expect(heard).toEqual(['alert accuracy', 'resolved accuracy'])
    expect(sent.map(({ state: to }) => to)).toEqual(['firing', 'resolved'])
    expect(sent[1]).toMatchObject({ id: sent[0]?.id, startsAt: 20, endsAt: 4020, labels: { monitor: 'bikes', kind: 'performance' } })
    expect(sent[0]).toMatchObject({ value: 0.6, threshold: 0.7, severity: 'critical' })
    expect(sent[0]?.summary).toBe('accuracy: accuracy is 0.6 over 10 labelled rows (below 0.7 alerts)')
  })

  it('treats too few rows as no data, as the rule says', () => {
    for (const [noData, expected] of [
      ['keep', 'inactive'],
      ['ok', 'inactive'],
      ['alert', 'firing'],
    ] as const) {
      const monitor = new Monitor({ rules: [{ ...accuracyRule, noData }], clock: manualClock() })
      feed(monitor, 1, 3, 0)
      expect(monitor.check(10).rules[0]).toMatchObject({ state: expected, active: undefined, rows: 3 })
    }
  })

  it('can look at the newest version only', () => {
    const monitor = new Monitor({ rules: [{ ...accuracyRule, version: 'newest', noData: 'ok' }], clock: manualClock() })
    feed(monitor, 1, 10, 0)
    expect(monitor.check(20).rules[0]?.state).toBe('firing')
    monitor.record(answer('new', 30, { version: '2' }))
    expect(monitor.check(40).rules[0]?.state).toBe('resolved')
  })

  it('watches drift of all columns, of some, and by index', () => {
    const seen: string[][] = []
    const detector: DriftSource = {
      detect: (table) => {
        seen.push([...table.columnNames])
        return {
          driftDetected: true,
          columns: [
            { column: 'temp', score: 0.9, psi: 1.2, threshold: 0.25, driftDetected: true },
            { column: 'hour', score: 0.01, psi: 0.05, threshold: 0.25, driftDetected: false },
            { column: 'gone', score: null, psi: null, threshold: null, driftDetected: false },
          ],
        }
      },
    }
    const base = { kind: 'drift', window: { lastMs: 1000 }, minRows: 2 } as const
    const monitor = new Monitor({
      detector,
      clock: manualClock(100),
      rules: [
        { ...base, name: 'any' },
        { ...base, name: 'half', share: 0.5 },
        { ...base, name: 'most', share: 0.6 },
        { ...base, name: 'hour', columns: ['hour'] },
        { ...base, name: 'index', psi: 1.25 },
        { ...base, name: 'nothing', columns: ['other'] },
      ],
    })
    feed(monitor, 1, 3, 3)
    const { rules } = monitor.check(50)
    expect(rules.map(({ rule, state, value }) => [rule, state, value])).toEqual([
      ['any', 'firing', 0.5],
      ['half', 'firing', 0.5],
      ['most', 'inactive', 0.5],
      ['hour', 'inactive', 0],
      ['index', 'inactive', 1.2],
      ['nothing', 'inactive', Number.NaN],
    ])
    expect(rules[0]?.summary).toBe('1 of 2 columns drifted over 3 rows: temp (1.2)')
    expect(seen[0]).toEqual(['temp', 'hour', 'prediction'])
  })

  it('is never broken by a sink, a listener or a rule that fails, and reports each', async () => {
    const errors: unknown[] = []
    let calls = 0
    const refuses: AlertSink = {
      portVersion: 1,
      name: 'refuses',
      send: () => {
        calls += 1
        throw new MillwrightError('PermissionDenied', 'no')
      },
    }
    const rules = [accuracyRule, { name: 'drift', kind: 'drift', window: { lastMs: 1000 } } as const]
    const monitor = new Monitor({ rules, sinks: [refuses], clock: manualClock() })
    monitor.on('error', (error) => errors.push(error))
    monitor.on('alert-firing', () => {
      throw new Error('listener')
    })
    feed(monitor, 1, 10, 0)
    expect(monitor.check(20).rules.map(({ rule, state }) => [rule, state])).toEqual([['accuracy', 'firing']])
    await monitor.flush()
    expect(calls).toBe(1)
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'listener',
      'alert rule "drift" watches drift, but neither it nor its monitor has a detector',
      'no',
    ])
  })

  it('checks by itself every so often, until closed', async () => {
    const clock = manualClock()
    const monitor = new Monitor({ checkEveryMs: 100, clock })
    const times: number[] = []
    monitor.on('check-end', ({ at }) => times.push(at))
    clock.advance(350)
    await monitor.close()
    clock.advance(500)
    expect(times).toEqual([100, 200, 300])
    expect(() => monitor.record(answer('x', 1))).toThrow(/record of monitor: the monitor is closed/)
  })

  it('keeps its log on a storage and goes on from it', async () => {
    const storage = memoryStorage()
    const clock = manualClock(1000)
    const first = new Monitor({ name: 'bikes', storage, clock })
    feed(first, 1, 5, 3)
    await first.flush()
    first.label('1', 'no', 2000)
    first.label('future', 'yes', 2000)
    await first.close()
    expect(first.stats).toMatchObject({ unsaved: 0, lost: 0, rows: 5 })
    const second = await Monitor.open({ name: 'bikes', storage, clock })
    expect(second.rows()).toEqual(first.rows())
    expect(second.stats).toMatchObject({ rows: 5, waitingLabels: 1 })
    expect((await storage.list({ prefix: 'monitor/bikes/' })).objects).toHaveLength(2)
  })

  it('keeps what a storage refused, and writes it later', async () => {
    const inner = memoryStorage()
    let broken = true
    const storage: ObjectStore = { ...inner, put: (...args) => (broken ? Promise.reject(new Error('disk full')) : inner.put(...args)) }
    const monitor = new Monitor({ storage, flushRows: 2 })
    const errors: unknown[] = []
    monitor.on('error', (error) => errors.push(error))
    monitor.record(answer('a', 1))
    monitor.record(answer('b', 2))
    await expect(monitor.flush()).rejects.toThrow('disk full')
    expect(errors).toHaveLength(1)
    expect(monitor.stats.unsaved).toBe(2)
    broken = false
    await monitor.flush()
    expect(monitor.stats.unsaved).toBe(0)
    expect((await Monitor.open({ storage })).stats.rows).toBe(2)
  })

  it('deletes chunks beyond its bound and refuses a log that is none', async () => {
    const storage = memoryStorage()
    const monitor = new Monitor({ storage, maxChunks: 2, clock: manualClock(5) })
    for (let i = 0; i < 4; i++) {
      monitor.record(answer(`${i}`, i))
      await monitor.flush()
    }
    expect((await Monitor.open({ storage })).rows().map(({ id }) => id)).toEqual(['2', '3'])
    await storage.put('monitor/monitor/999999999999999-x.jsonl', new TextEncoder().encode('{"kind":"else"}\n'))
    await expect(Monitor.open({ storage })).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it.each([
    [{ rules: [{ ...accuracyRule, below: undefined }] }, /needs a limit: either `below`, `above` or both, or `threshold`/],
    [{ rules: [{ ...accuracyRule, threshold: { value: 0.8, relative: 0.1 } }] }, /needs a limit: either/],
    [{ rules: [{ ...accuracyRule, above: 0.6 }] }, /`below` of alert rule "accuracy" must not be larger than `above` 0.6, got 0.7/],
    [{ rules: [{ ...accuracyRule, above: 0.9, clear: 0.8 }] }, /`clear` of alert rule "accuracy" needs a rule with one limit/],
    [
      { rules: [{ ...accuracyRule, by: 'region' }] },
      /`by` of alert rule "accuracy" must be 'version' or { column: 'region' }, got "region"/,
    ],
    [{ rules: [{ ...accuracyRule, maxGroups: 3 }] }, /`maxGroups` of alert rule "accuracy" needs `by`/],
    [{ rules: [{ ...accuracyRule, where: { region: {} } }] }, /the value of "region" in `where` of alert rule "accuracy" must be/],
    [{ sample: 0 }, /`sample` of Monitor must be a share > 0 and ≤ 1, got 0/],
    [
      { rules: [{ ...accuracyRule, clear: 0.5 }] },
      /`clear` of alert rule "accuracy" must lie on the good side of the threshold 0.7, got 0.5/,
    ],
    [{ rules: [{ ...accuracyRule, treshold: 1 }] }, /`treshold` is not an option of alert rule "accuracy"/],
    [{ rules: [{ ...accuracyRule, window: {} }] }, /a window of alert rule "accuracy" must be/],
    [{ rules: [accuracyRule, accuracyRule] }, /two alert rules of Monitor are named "accuracy"/],
    [{ rules: [{ kind: 'skew' }] }, /`kind` "performance", "estimated-performance", "drift", .*, got "skew"/],
    [{ rules: [{ ...accuracyRule, kind: 'quality', metric: undefined, below: undefined }] }, /alert rule "accuracy"/],
    [{ name: '../x' }, /`name` of Monitor must be usable as a file name/],
    [{ maxRows: 0 }, /`maxRows` of Monitor must be a whole number ≥ 1, got 0/],
    [{ rows: 1 }, /`rows` is not an option of Monitor/],
  ])('refuses options that do not fit: %#', (options, message) => {
    expect(() => new Monitor(options as never)).toThrow(message)
  })

  it('refuses labels that are none', () => {
    const monitor = new Monitor()
    expect(() => monitor.label('', 'yes')).toThrow(/needs the id of a prediction/)
    expect(() => monitor.label('a', Number.NaN)).toThrow(/needs a string, number or boolean/)
    expect(() => monitor.watch({} as never)).toThrow(/needs a predictor/)
    expect(() => monitor.drift()).toThrow(/needs a detector/)
  })

  it('a drift rule alerts when an input of the model is gone, not when the target is', () => {
    const column = (name: string, score: number | null, driftDetected: boolean) => ({ column: name, score, threshold: null, driftDetected })
    const columns = [column('temp', 0.1, false), column('hour', null, true), column('target', null, true)]
    const detector = { detect: () => ({ driftDetected: true, columns }) }
    const base = { kind: 'drift', window: { lastMs: 1000 }, minRows: 2 } as const
    const rules = [
      { ...base, name: 'any' },
      { ...base, name: 'index', psi: 0.2 },
      { ...base, name: 'named', columns: ['target'] },
    ]
    const check = (inputs: readonly string[]) => {
      const monitor = new Monitor({ detector, rules, clock: manualClock(100) })
      const signature = { inputs: inputs.map((name) => ({ name, type: 'float64' as const })), outputs: [] }
      monitor.watch({ on: () => () => {}, signature } as never)
      feed(monitor, 1, 3, 3)
      return monitor.check(50).rules.map(({ rule, state, summary }) => [rule, state, summary])
    }
    const gone = '1 of 2 columns drifted over 3 rows: hour (cannot be compared)'
    const named = ['named', 'firing', '1 of 1 columns drifted over 3 rows: target (cannot be compared)']
    expect(check(['temp', 'hour'])).toEqual([['any', 'firing', gone], ['index', 'firing', gone], named])
    expect(check(['temp'])).toEqual([
      ['any', 'inactive', '0 of 1 columns drifted over 3 rows'],
      ['index', 'inactive', '0 of 1 columns drifted over 3 rows'],
      named,
    ])
  })
})
