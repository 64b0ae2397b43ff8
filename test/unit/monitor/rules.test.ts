import { describe, expect, it } from 'vitest'
import { functionModel } from '../../../src/adapters/function/function-runtime'
import { configuredMonitor, Monitor, type MonitorOptions } from '../../../src/monitor'
import type { PredictionRecord } from '../../../src/ports/model'
import { Predictor } from '../../../src/predictor'
import { columnValuesToBeBetween, columnValuesToNotBeNull, expectations, validate } from '../../../src/quality'
import { answer, manualClock } from './helpers'

const window = { lastMs: 1000 }

function monitorOf(options: MonitorOptions, rows: readonly Partial<PredictionRecord>[]): Monitor {
  const monitor = new Monitor({ clock: manualClock(500), ...options })
  for (const [i, row] of rows.entries()) monitor.record(answer(`${i}`, i, row))
  return monitor
}
const times = (n: number, make: (i: number) => Partial<PredictionRecord>): Partial<PredictionRecord>[] =>
  Array.from({ length: n }, (_, i) => make(i))

describe('rules', () => {
  it('watch latency by a quantile; answers of the cache do not count', () => {
    const rows = times(200, (i) => ({ latencyMs: i < 100 ? i + 1 : 0, cached: i >= 100 }))
    const rules = [{ name: 'slow', kind: 'latency', quantile: 0.9, above: 90, window }] as const
    expect(monitorOf({ rules }, rows).check().rules[0]).toMatchObject({
      value: expect.closeTo(90.1, 9),
      rows: 100,
      state: 'firing',
      details: { medianMs: 50.5, maxMs: 100 },
    })
  })

  it('watch missing cells of the worst column, or of one', () => {
    const rows = times(40, (i) => ({ input: { temp: i % 4 === 0 ? null : 1, hour: i % 10 === 0 ? Number.NaN : 2 } }))
    const rules = [
      { name: 'any', kind: 'missing', above: 0.2, window },
      { name: 'hour', kind: 'missing', column: 'hour', above: 0.2, window },
      { name: 'absent', kind: 'missing', column: 'wind', above: 0.2, window },
    ] as const
    expect(
      monitorOf({ rules }, rows)
        .check()
        .rules.map(({ value, state }) => [value, state]),
    ).toEqual([
      [0.25, 'firing'],
      [0.1, 'inactive'],
      [1, 'firing'],
    ])
  })

  it('watch refused input of a predictor by column', async () => {
    const signature = {
      inputs: [
        { name: 'temp', type: 'float64' },
        { name: 'hour', type: 'int32' },
      ],
      outputs: [],
    } as const
    const model = functionModel(({ temp }) => Number(temp) > 0, { name: 'busy', task: 'classification', signature })
    const clock = manualClock(500)
    const predictor = Predictor.of(model, { clock })
    const rules = [
      { name: 'refused', kind: 'refused', above: 0.3, window },
      { name: 'temp', kind: 'refused', column: 'temp', above: 0.3, window },
    ] as const
    const monitor = new Monitor({ clock, rules })
    const stop = monitor.watch(predictor)
    await predictor.predict(Array.from({ length: 4 }, () => ({ temp: 1, hour: 2 })))
    const bad = [
      { temp: 'warm', hour: 1 },
      { temp: 1, hour: null },
      { temp: 1, hour: 1 },
    ] as never
    await expect(predictor.predict(bad)).rejects.toThrow('2 problems')
    expect(monitor.refused()).toEqual({ calls: 1, rows: 3, refusedRows: 2, columns: { temp: { 'wrong-type': 1 }, hour: { missing: 1 } } })
    expect(monitor.stats).toMatchObject({ rows: 4, refusedCalls: 1, refusedRows: 2 })
    const { rules: found } = monitor.check()
    expect(found.map(({ value }) => value.toFixed(3))).toEqual(['0.286', '0.143'])
    await expect(predictor.predict([{ temp: 'x', hour: 1 }] as never)).rejects.toThrow('1 problem')
    expect(monitor.check().rules[0]).toMatchObject({ value: 0.375, rows: 8, state: 'firing' })
    stop()
    clock.advance(120_000)
    expect(monitor.refused({ window })).toMatchObject({ calls: 0 })
    await expect(predictor.predict([{ temp: 'x', hour: 1 }] as never)).rejects.toThrow()
    expect(monitor.stats.refusedCalls).toBe(2)
  })

  it('watch volume, also when nothing arrives at all, and labels that never come', () => {
    const rules = [
      { name: 'traffic', kind: 'volume', below: 10, window },
      { name: 'labels', kind: 'labels', below: 0.5, window, minRows: 2 },
    ] as const
    const empty = monitorOf({ rules }, [])
    expect(empty.check().rules.map(({ state }) => state)).toEqual(['firing', 'inactive'])
    const monitor = monitorOf(
      { rules },
      times(10, () => ({})),
    )
    for (let i = 0; i < 4; i++) monitor.label(`${i}`, 'yes')
    expect(monitor.check().rules.map(({ value, state }) => [value, state])).toEqual([
      [10, 'inactive'],
      [0.4, 'firing'],
    ])
  })

  it('watch expectations on the answered rows', () => {
    const suite = expectations('live', [columnValuesToBeBetween('temp', { min: 0, max: 1 }), columnValuesToNotBeNull('hour')])
    const rules = [
      { name: 'quality', kind: 'quality', validate: (table) => validate(table, suite), window, minRows: 2 },
    ] as const satisfies MonitorOptions['rules']
    const monitor = monitorOf({ rules }, [{ input: { temp: 0.5, hour: 1 } }, { input: { temp: 7, hour: 2 } }])
    expect(monitor.check().rules[0]).toMatchObject({
      value: 1,
      state: 'firing',
      details: { failed: ['expect_column_values_to_be_between of temp'] },
      summary: 'the number of failed expectations of 2 is 1 over 2 rows (above 0 alerts): expect_column_values_to_be_between of temp',
    })
  })

  it('have an alert for each group, also for one whose rows are gone', () => {
    const clock = manualClock(500)
    const by = { column: 'region' }
    const rules = [{ name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.7, by, noData: 'ok', minRows: 2, window }] as const
    const monitor = new Monitor({ clock, rules })
    const events: string[] = []
    monitor.on('alert-firing', ({ summary }) => events.push(summary))
    monitor.on('alert-resolved', ({ labels }) => events.push(`${labels.region} is over`))
    const add = (id: string, region: string, actual: string): void => {
      monitor.record(answer(id, clock.now(), { input: { region } }))
      monitor.label(id, actual)
    }
    for (const i of [1, 2, 3]) add(`n${i}`, 'north', 'no')
    for (const i of [1, 2]) add(`s${i}`, 'south', 'yes')
    const { rules: found } = monitor.check()
    expect(found.map(({ group, state, value }) => [group, state, value])).toEqual([
      [{ region: 'north' }, 'firing', 0],
      [{ region: 'south' }, 'inactive', 1],
    ])
    clock.advance(2000)
    add('s3', 'south', 'yes')
    monitor.check()
    expect(events).toEqual(['accuracy (region north): accuracy is 0 over 3 labelled rows (below 0.7 alerts)', 'north is over'])
    expect(monitor.performanceBySlice(by, { metric: 'accuracy' }).map(({ slice, value, rows }) => [slice, value, rows])).toEqual([
      ['north', 0, 3],
      ['south', 1, 3],
    ])
    expect(monitor.performance({ metric: 'accuracy', where: { region: ['south', 'east'] } }).rows).toBe(3)
  })

  it('have limits on both sides, or from a reference', () => {
    const base = { kind: 'volume', window } as const
    const rules = [
      { ...base, name: 'both', below: 3, above: 5 },
      { ...base, name: 'sd', threshold: { values: [9, 10, 11], sd: 3 } },
      { ...base, name: 'relative', threshold: { value: 4, relative: 0.1 } },
    ] as const
    const states = (n: number): string[] =>
      monitorOf(
        { rules },
        times(n, () => ({})),
      )
        .check()
        .rules.map(({ state, threshold }) => `${state} ${threshold.toFixed(2)}`)
    expect(states(2)).toEqual(['firing 3.00', 'firing 7.55', 'firing 3.60'])
    expect(states(4)).toEqual(['inactive 3.00', 'firing 7.55', 'inactive 3.60'])
    expect(states(6)).toEqual(['firing 5.00', 'firing 7.55', 'firing 4.40'])
  })

  it('come from the configuration file', () => {
    const config = { drift_threshold: 0.25, performance_threshold: 0.8, check_interval_hours: 6 }
    const options = configuredMonitor(config, { metric: 'accuracy', minRows: 5 })
    expect(options.checkEveryMs).toBe(21_600_000)
    const detector = {
      detect: () => ({ driftDetected: false, columns: [{ column: 'temp', score: 0.1, psi: 0.3, threshold: 0.05, driftDetected: false }] }),
    }
    const monitor = monitorOf(
      { ...options, checkEveryMs: undefined, detector },
      times(6, () => ({})),
    )
    for (let i = 0; i < 6; i++) monitor.label(`${i}`, i < 4 ? 'yes' : 'no')
    expect(monitor.check().rules.map(({ rule, state }) => `${rule} ${state}`)).toEqual(['performance firing', 'drift firing'])
    expect(() => configuredMonitor({} as never, { metric: 'accuracy' })).toThrow('configuredMonitor needs `drift_threshold`')
  })
})
