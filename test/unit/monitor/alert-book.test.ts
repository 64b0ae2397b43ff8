import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AlertBook, createAlertBook } from '../../../src/monitor/alert-book'
import type { Reading } from '../../../src/monitor/reading'
import type { AlertRule } from '../../../src/monitor/rule'

const rule: AlertRule = {
  name: 'accuracy',
  kind: 'performance',
  metric: 'accuracy',
  below: 0.8,
  window: { lastRows: 10 },
  labels: { team: 'a' },
}
const readingOf = (active: boolean | undefined, group: Record<string, string> = {}): Reading => {
  return { value: 0.5, threshold: 0.8, rows: 10, active, summary: 'accuracy is 0.5', details: {}, group }
}
const bookOf = (repeatMs?: number): AlertBook => createAlertBook({ monitor: 'bikes', repeatMs, maxHistory: 3 })
/** What sinks are told at checks a second apart: `.` nothing, `F` firing, `R` resolved, `r` a reminder. */
function told(book: AlertBook, active: string, on: AlertRule = rule, from = 0): string {
  return [...active]
    .map((c, i) => {
      const { message } = book.update(on, readingOf(c === '?' ? undefined : c === '1'), (from + i) * 1000)
      if (message === undefined) return '.'
      return message.state === 'resolved' ? 'R' : message.reminder === undefined ? 'F' : 'r'
    })
    .join('')
}

describe('the alerts of a monitor', () => {
  it('are told once when they begin and once when they are over, with one id', () => {
    const book = bookOf()
    expect(told(book, '0110?01')).toBe('.F.R..F')
    const { event } = book.update(rule, readingOf(false), 7000)
    expect(event).toMatchObject({
      rule: 'accuracy',
      state: 'resolved',
      severity: 'critical',
      labels: { team: 'a', monitor: 'bikes', kind: 'performance' },
      startsAt: 6000,
      endsAt: 7000,
      summary: 'accuracy resolved: accuracy is 0.5',
    })
    expect(book.history()).toMatchObject([
      { startsAt: 1000, endsAt: 3000 },
      { startsAt: 6000, endsAt: 7000 },
    ])
  })

  it('are apart for each group', () => {
    const book = bookOf()
    const north = book.update(rule, readingOf(true, { region: 'north' }), 0).message
    const south = book.update(rule, readingOf(true, { region: 'south' }), 0).message
    expect(north?.id).not.toBe(south?.id)
    expect(north).toMatchObject({ labels: { region: 'north' }, summary: 'accuracy (region north): accuracy is 0.5' })
    expect(book.active()).toHaveLength(2)
    expect(book.update(rule, readingOf(false, { region: 'north' }), 1000).message).toMatchObject({ id: north?.id, state: 'resolved' })
    expect(book.find('accuracy', { region: 'south' })?.state.state).toBe('firing')
  })

  it('wait for the cool-down before they fire again', () => {
    expect(told(bookOf(), '1011111', { ...rule, coolDownMs: 3000 })).toBe('FR..F..')
    expect(told(bookOf(), '1000011', { ...rule, coolDownMs: 3000 })).toBe('FR...F.')
  })

  it('are repeated as reminders', () => {
    expect(told(bookOf(2000), '1111110')).toBe('F.r.r.R')
  })

  it('are held back by a silence, and told when it ends', () => {
    const book = bookOf()
    const { id } = book.silence({ rule: 'accuracy', labels: { team: 'a' }, until: 3000, reason: 'deployment' }, 0)
    expect(told(book, '1111')).toBe('...F')
    const other = bookOf()
    other.silence({ until: 2500 }, 0)
    expect(told(other, '110')).toBe('...')
    expect(other.history()).toMatchObject([{ startsAt: 0, endsAt: 2000 }])
    const third = bookOf()
    third.silence({ labels: { team: 'b' }, until: 9000 }, 0)
    expect(told(third, '1')).toBe('F')
    expect([book.endSilence('x'), book.endSilence(id), book.silences(0)]).toEqual([false, true, []])
    expect(() => book.silence({ until: 5 }, 10)).toThrow('`until` of silence must be later than its start 10, got 5')
  })

  it('tell the end of what was told before a silence began', () => {
    const book = bookOf()
    expect(told(book, '1')).toBe('F')
    book.silence({ until: 9000 }, 500)
    expect(told(book, '10', rule, 1)).toBe('.R')
  })

  it('go on from their stored state as if nothing had happened', () => {
    const patience = fc.record({
      forChecks: fc.integer({ min: 1, max: 3 }),
      keepFiringMs: fc.constantFrom(0, 1500),
      coolDownMs: fc.constantFrom(0, 2500),
    })
    const checks = fc.array(fc.constantFrom('0', '1', '?'), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(patience, checks, fc.integer({ min: 0, max: 30 }), (delays, states, cut) => {
        const on = { ...rule, ...delays }
        const text = states.join('')
        const first = bookOf(2000)
        const whole = told(bookOf(2000), text, on)
        const before = told(first, text.slice(0, cut), on)
        const second = bookOf(2000)
        second.restore(JSON.parse(JSON.stringify(first.state())), [on])
        expect(before + told(second, text.slice(cut), on, Math.min(cut, text.length))).toBe(whole)
      }),
      { seed: 17, numRuns: 200 },
    )
  })

  it('forget alerts of rules that no longer exist', () => {
    const first = bookOf()
    told(first, '1')
    const second = bookOf()
    second.restore(first.state(), [{ ...rule, name: 'other' }])
    expect(second.active()).toEqual([])
  })
})
