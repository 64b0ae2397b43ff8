import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertPeriod, assertWindow, nextPeriod, type Period, periodStart } from '../../../src/monitor/window'

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
    null,
    'week',
  ])('refuses %j', (window) => expect(() => assertWindow(window as never, 'a test')).toThrow(/a window of a test must be/))

  it('refuses periods that are none', () => {
    for (const period of ['year', 0, -1, Number.NaN]) expect(() => assertPeriod(period as never, 'a test')).toThrow(/period of a test/)
  })
})
