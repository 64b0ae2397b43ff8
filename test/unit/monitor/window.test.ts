import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Monitor } from '../../../src/monitor'
import { assertPeriod, assertWindow, nextPeriod, type Period, periodStart, spanOfWindow } from '../../../src/monitor/window'
import { answer, manualClock } from './helpers'

describe('windows and periods', () => {
  it('every moment lies in exactly the period that starts before it', () => {
    const periods: readonly Period[] = ['hour', 'day', 'week', 'month', 12_345]
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(...periods), (at, period) => {
        const start = periodStart(at, period)
        expect(start).toBeLessThanOrEqual(at)
        expect(nextPeriod(start, period)).toBeGreaterThan(at)
        expect(periodStart(start, period)).toBe(start)
      }),
    )
  })

  it('weeks begin on Monday, months on the first', () => {
    expect(new Date(periodStart(Date.UTC(2011, 3, 10, 23), 'week')).toUTCString()).toContain('Mon, 04 Apr 2011 00:00')
    expect(new Date(nextPeriod(periodStart(Date.UTC(2011, 11, 31), 'month'), 'month')).toISOString()).toBe('2012-01-01T00:00:00.000Z')
  })

  it.each([
    {},
    { lastMs: 0 },
    { lastMs: -1 },
    { lastRows: 1.5 },
    { from: 2, to: 1 },
    { lastMs: 1, lastRows: 1 },
    { from: 1 },
    { period: 'year' },
    { period: 'day', back: -1 },
    { period: 'day', back: 0.5 },
    { period: 'day', timeZone: 'Mars/Olympus' },
    { period: 'day', lastMs: 1 },
    null,
    'week',
  ])('refuses %j', (window) => expect(() => assertWindow(window as never, 'a test')).toThrow(/a window of a test must be/))

  it('refuses periods that are none', () => {
    for (const period of ['year', 0, -1, Number.NaN, {}, { period: 'day', timeZone: 'x' }, { period: 'day', back: 1 }])
      expect(() => assertPeriod(period as never, 'a test')).toThrow(/period of a test/)
  })

  const iso = (at: number): string => new Date(at).toISOString().slice(0, 16)
  const day = (timeZone: string, at: string): string[] => {
    const period = { period: 'day', timeZone } as const
    const start = periodStart(Date.parse(at), period)
    return [iso(start), iso(nextPeriod(start, period))]
  }

  it('days of a time zone begin at its midnight, and have 23 or 25 hours where clocks change', () => {
    expect(day('Europe/Berlin', '2024-03-31T12:00Z')).toEqual(['2024-03-30T23:00', '2024-03-31T22:00'])
    expect(day('Europe/Berlin', '2024-10-27T12:00Z')).toEqual(['2024-10-26T22:00', '2024-10-27T23:00'])
    expect(day('Asia/Kolkata', '2024-05-01T00:00Z')).toEqual(['2024-04-30T18:30', '2024-05-01T18:30'])
    // Cairo has no midnight on this day: clocks go from 00:00 to 01:00.
    expect(day('Africa/Cairo', '2024-04-26T12:00Z')).toEqual(['2024-04-25T22:00', '2024-04-26T21:00'])
    // Havana has two: clocks go from 01:00 back to 00:00.
    for (const at of ['2023-11-05T04:30Z', '2023-11-05T05:30Z', '2023-11-05T18:00Z'])
      expect(day('America/Havana', at), at).toEqual(['2023-11-05T04:00', '2023-11-06T05:00'])
    // Samoa left out a whole day.
    expect(day('Pacific/Apia', '2011-12-30T09:00Z')).toEqual(['2011-12-29T10:00', '2011-12-30T10:00'])
  })

  it('every moment lies in exactly one period of a time zone', () => {
    const zones = ['Europe/Berlin', 'America/Havana', 'Africa/Cairo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'UTC']
    const periods = ['hour', 'day', 'week', 'month'] as const
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2030, 0) }),
        fc.constantFrom(...zones),
        fc.constantFrom(...periods),
        (at, timeZone, name) => {
          const period = { period: name, timeZone }
          const start = periodStart(at, period)
          const next = nextPeriod(start, period)
          expect(start).toBeLessThanOrEqual(at)
          expect(next).toBeGreaterThan(at)
          expect([periodStart(start, period), periodStart(next - 1, period), periodStart(next, period)]).toEqual([start, start, next])
          if (timeZone === 'UTC') expect(start).toBe(periodStart(at, name))
        },
      ),
      { seed: 23, numRuns: 300 },
    )
  })

  it('a window is the present period so far, or a whole earlier one', () => {
    const now = Date.parse('2024-03-31T12:00Z')
    const span = (window: Parameters<typeof spanOfWindow>[0]) => {
      const { from, to } = spanOfWindow(window, now) as { from: number; to: number }
      return [iso(from), iso(to)]
    }
    expect(span({ period: 'day' })).toEqual(['2024-03-31T00:00', '2024-03-31T12:00'])
    expect(span({ period: 'day', back: 1, timeZone: 'Europe/Berlin' })).toEqual(['2024-03-29T23:00', '2024-03-30T23:00'])
    expect(span({ period: 'week', back: 1 })).toEqual(['2024-03-18T00:00', '2024-03-25T00:00'])
    expect(span({ period: 'month', back: 3 })).toEqual(['2023-12-01T00:00', '2024-01-01T00:00'])
    expect(span({ period: 'month', back: 1, endAt: Date.UTC(2024, 0, 1) })).toEqual(['2023-12-01T00:00', '2024-01-01T00:00'])
  })

  it('rules and queries take calendar windows', () => {
    const clock = manualClock(Date.UTC(2024, 4, 1))
    const window = { period: 'day', back: 1 } as const
    const monitor = new Monitor({
      clock,
      rules: [
        { name: 'accuracy of yesterday', kind: 'performance', metric: 'accuracy', below: 0.8, window, minRows: 10 },
        { name: 'refused today', kind: 'refused', above: 0.4, window: { period: 'day' } },
      ],
    })
    for (let hour = 0; hour < 48; hour++) {
      monitor.record(answer(`${hour}`, clock.now()))
      monitor.label(`${hour}`, hour < 24 || hour % 2 === 0 ? 'yes' : 'no')
      if (hour === 30) monitor.recordRefused({ model: 'm', version: '1', at: clock.now(), rows: 60, refusedRows: 40, columns: {} })
      clock.advance(3_600_000)
    }
    clock.advance(-1)
    const values = (): (readonly [string, number, string])[] => monitor.check().rules.map(({ rule, value, state }) => [rule, value, state])
    expect(values()).toEqual([
      ['accuracy of yesterday', 1, 'inactive'],
      ['refused today', expect.closeTo(40 / (24 + 60), 10), 'firing'],
    ])
    clock.advance(1)
    expect(values()[0]).toEqual(['accuracy of yesterday', 0.5, 'firing'])
    expect(monitor.performance({ metric: 'accuracy', window: { period: 'month', timeZone: 'Asia/Kolkata' } }).rows).toBe(48)
    expect(monitor.performanceBy({ period: 'day', timeZone: 'Asia/Kolkata' }, { metric: 'accuracy' }).map(({ rows }) => rows)).toEqual([
      19, 24, 5,
    ])
  })
})
