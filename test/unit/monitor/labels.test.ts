/** Classes and labels of a monitor: which class is positive, and what a label of another type is. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import type { MetricName } from '../../../src/metrics'
import { Monitor } from '../../../src/monitor'
import type { PredictionRecord } from '../../../src/ports/model'
import { answer } from './helpers'

type Judged = readonly [
  prediction: PredictionRecord['prediction'],
  actual: string | number | boolean | bigint,
  more?: Partial<PredictionRecord>,
]

function judged(rows: readonly Judged[], monitor = new Monitor()): Monitor {
  rows.forEach(([prediction, actual, more], i) => {
    monitor.record(answer(`r${i}`, i, { prediction, ...more }))
    monitor.label(`r${i}`, actual)
  })
  return monitor
}
const value = (monitor: Monitor, metric: MetricName): number => monitor.performance({ metric }).value
const three = (prediction: string | number | boolean, more?: Partial<PredictionRecord>): Judged[] =>
  Array(3).fill([prediction, prediction, more])

describe('the positive class of a window without positives', () => {
  it.each(['precision', 'recall', 'f1'] as const)(
    '%s is 0, as scikit-learn with pos_label has it, wherever the classes come from',
    (metric) => {
      expect(value(judged(three('no', { probabilities: { no: 0.9, yes: 0.1 } })), metric)).toBe(0)
      expect(value(judged(three(false)), metric)).toBe(0)
      expect(value(judged(three(0)), metric)).toBe(0)
      const watching = new Monitor()
      watching.watch({ on: () => () => {}, name: 'bikes', version: '1', classes: ['no', 'yes'] })
      expect(value(judged(three('no'), watching), metric)).toBe(0)
      // Nothing says what the other class is, so nothing says which one is positive.
      expect(value(judged(three('no')), metric)).toBeNaN()
      const earlier = judged(three('no'))
      earlier.record(answer('early', -5, { prediction: 'yes' }))
      expect(earlier.performance({ metric, window: { from: 0, to: 10 } }).value).toBe(0)
    },
  )

  it('holds for windows, periods, rules, and a log that was restored', async () => {
    const storage = memoryStorage()
    const options = {
      storage,
      rules: [{ name: 'f1', kind: 'performance', metric: 'f1', below: 0.5, window: { lastRows: 3 }, minRows: 3 }],
    } as const
    const monitor = judged(three('no', { probabilities: { no: 0.9, yes: 0.1 } }), new Monitor(options))
    await monitor.flush()
    for (const each of [monitor, await Monitor.open(options)]) {
      expect(each.performanceBy(10, { metric: 'f1' }).map((point) => point.value)).toEqual([0])
      expect(each.check(10).rules[0]).toMatchObject({ value: 0, state: 'firing' })
    }
  })

  it('two versions that answer in different types are one model', () => {
    const rows: Judged[] = [
      [true, 'true', { version: '1' }],
      [false, '0', { version: '1' }],
      [1, true, { version: '2', probabilities: { 0: 0.2, 1: 0.8 } }],
      [0, 'False', { version: '2', probabilities: { 0: 0.9, 1: 0.1 } }],
      [1, 0, { version: '2', probabilities: { 0: 0.4, 1: 0.6 } }],
    ]
    const monitor = judged(rows)
    expect(value(monitor, 'accuracy')).toBe(0.8)
    expect(value(monitor, 'precision')).toBeCloseTo(2 / 3, 15)
    expect(monitor.performance({ metric: 'rocAuc', version: '2' }).value).toBe(1)
  })
})

describe('labels of another type', () => {
  it.each<[string, Judged[]]>([
    [
      'true and 1',
      [
        [true, 1],
        [false, 0],
      ],
    ],
    [
      '1 and true',
      [
        [1, true],
        [0, false],
      ],
    ],
    [
      'true and "True"',
      [
        [true, 'True'],
        [false, 'False'],
      ],
    ],
    [
      '1 and "1.0"',
      [
        [1, '1.0'],
        [0, '0.0'],
      ],
    ],
    [
      '1 and 1n',
      [
        [1, 1n],
        [0, 0n],
      ],
    ],
    [
      '"1" and 1',
      [
        ['1', 1],
        ['0', 0],
      ],
    ],
  ])('%s are one label', (_, rows) => {
    const monitor = judged(rows)
    expect(value(monitor, 'accuracy')).toBe(1)
    expect(value(monitor, 'f1')).toBe(1)
    expect(monitor.rows().map(({ actual }) => actual)).toEqual(rows.map(([prediction]) => prediction))
  })

  it('numeric classes are ordered as numbers: 10 is positive, not 9', () => {
    const p = (nine: number): Partial<PredictionRecord> => ({ probabilities: { 9: nine, 10: 1 - nine } })
    const monitor = judged([
      [9, 9, p(0.9)],
      [10, 10, p(0.2)],
      [9, 10, p(0.6)],
      [10, 9, p(0.45)],
      [9, 9, p(0.7)],
    ])
    // sklearn.metrics.average_precision_score(y == 10, p10) and precision_score(…, pos_label=10)
    expect(value(monitor, 'averagePrecision')).toBeCloseTo(0.8333333333333333, 15)
    expect(value(monitor, 'precision')).toBe(0.5)
  })

  it('blank text is no label and no zero; it is counted', () => {
    const monitor = new Monitor()
    monitor.record(answer('a', 1, { prediction: 10 }))
    monitor.record(answer('b', 2, { prediction: 12 }))
    expect([monitor.label('a', ''), monitor.label('b', '13'), monitor.label('later', ' ')]).toEqual(['empty', 'joined', 'empty'])
    expect(monitor.performance({ metric: 'mae' })).toMatchObject({ value: 1, rows: 2, labelled: 1 })
    expect(monitor.stats).toMatchObject({ emptyLabels: 2, labelled: 1, waitingLabels: 0 })
  })

  it('a label that cannot take the type is refused, and told when it had waited for its row', async () => {
    const errors: string[] = []
    const storage = memoryStorage()
    const monitor = new Monitor({ storage })
    monitor.on('error', (error) => errors.push((error as Error).message))
    monitor.record(answer('a', 1, { prediction: 'no', probabilities: { no: 0.9, yes: 0.1 } }))
    const message = 'label of prediction "a": a label must be of the type of the model\'s labels ("no", "yes"), got 1'
    expect(() => monitor.label('a', 1)).toThrow(expect.objectContaining({ code: 'InvalidArgument', message }))
    expect(monitor.label('b', 'maybe', 1)).toBe('waiting')
    expect(monitor.record(answer('b', 2, { prediction: 12.5 }))).toBe('added')
    expect(errors).toEqual([expect.stringMatching(/label of prediction "b".*\(12.5\), got "maybe"/)])
    expect(monitor.stats).toMatchObject({ unfitLabels: 2, labelled: 0 })
    await monitor.flush()
    expect((await Monitor.open({ storage })).stats).toMatchObject({ rows: 2, labelled: 0 })
  })

  it('a label that the model does not know counts as wrong, and what needs its probability is not defined', () => {
    const monitor = judged([
      ['no', 'maybe', { probabilities: { no: 0.9, yes: 0.1 } }],
      ['no', 'no', { probabilities: { no: 0.9, yes: 0.1 } }],
    ])
    expect(value(monitor, 'accuracy')).toBe(0.5)
    expect(value(monitor, 'logLoss')).toBeNaN()
  })

  it('a metric of numbers says what the model predicts', () => {
    expect(() => value(judged(three('no')), 'mae')).toThrow(
      /mae is a metric of numbers, but version 1 of bikes predicted "no" where "no" was true/,
    )
  })
})

describe('a monitor in a console', () => {
  it('shows its rules, and checks, alerts and figures read as lines', () => {
    const messages: string[] = []
    const rules = [{ name: 'f1', kind: 'performance', metric: 'f1', below: 0.8, window: { lastRows: 3 }, minRows: 3 }] as const
    const monitor = new Monitor({ name: 'fraud', rules })
    monitor.on('alert-firing', (message) => messages.push(inspect(message), JSON.parse(JSON.stringify(message)).rule))
    judged(three('no', { probabilities: { no: 0.9, yes: 0.1 } }), monitor)
    const text = inspect(monitor.check(9000))
    expect(text).toMatch(/^check at 1970-01-01T00:00:09Z: 1 of 1 rules firing\nrule +state +value +threshold +rows\nf1 +firing +0 +0.8 +3$/)
    expect(messages).toEqual(['CRITICAL f1: f1 is 0 over 3 labelled rows (below 0.8 alerts) (since 1970-01-01T00:00:09Z)', 'f1'])
    expect(inspect(monitor)).toBe(
      'Monitor fraud: 3 rows, 3 labels\n  from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00.002Z\n  f1 (performance): firing since 1970-01-01T00:00:09Z',
    )
    expect(String(monitor)).toBe('Monitor fraud: 3 rows, 3 labels')
    expect(String(monitor.performance({ metric: 'f1' }))).toBe(
      'f1 0 over 3 labelled of 3 rows, 1970-01-01T00:00:00Z to 1970-01-01T00:00:00.002Z',
    )
  })
})

describe('what a monitor refuses', () => {
  const monitor = new Monitor({ name: 'fraud' })
  it.each([
    [
      'performance',
      () => monitor.performance({ metric: 'f1', windw: { lastMs: 1 } } as never),
      /`windw` is not an option of performance of fraud; it has metric, window, version/,
    ],
    ['no metric', () => monitor.performance({} as never), /performance of fraud needs `metric`/],
    ['no query', () => monitor.performance(undefined as never), /performance of fraud takes an object such as/],
    [
      'performanceBy',
      () => monitor.performanceBy('day', { metric: 'f1', last: 3 } as never),
      /`last` is not an option of performanceBy of fraud/,
    ],
    ['rows', () => monitor.rows({ labeled: true } as never), /`labeled` is not an option of rows of fraud/],
    ['table', () => monitor.table({ actualColum: null } as never), /`actualColum` is not an option of table of fraud/],
    ['drift', () => monitor.drift({ detectr: 1 } as never), /`detectr` is not an option of drift of fraud/],
    ['window', () => monitor.rows({ window: { lastMs: 5, endsAt: 3 } as never }), /a window of rows of fraud must be/],
    [
      'rule',
      () => new Monitor({ rules: [{ name: 'a', kind: 'drift', window: { lastMs: 1 }, below: 3 } as never] }),
      /`below` is not an option of alert rule "a"/,
    ],
    ['monitor', () => new Monitor({ rule: [] } as never), /`rule` is not an option of Monitor/],
    ['record', () => monitor.record(undefined as never), /record of fraud takes an answered row/],
    [
      'record without id',
      () => monitor.record({ ...answer('a', 1), id: 3 } as never),
      /`id` of the row given to record of fraud must be a string, got 3/,
    ],
    ['check', () => monitor.check('now' as never), /check of fraud needs the time in epoch milliseconds, got "now"/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }))
  })
})
