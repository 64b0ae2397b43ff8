import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPredictionLog } from '../../../src/monitor/prediction-log'
import { answer } from './helpers'

const log = (maxRows = 1000, maxWaitingLabels = 10): ReturnType<typeof createPredictionLog> =>
  createPredictionLog({ maxRows, maxWaitingLabels })

describe('the prediction log', () => {
  it('keeps rows in order of event time, whatever order they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (times, maxRows) => {
        const rows = log(maxRows)
        times.forEach((at, i) => void rows.add(answer(`${i}`, at), at))
        const kept = rows.rows({}, 100)
        expect(kept.map(({ at }) => at)).toEqual([...times].sort((a, b) => a - b).slice(-maxRows))
        expect(rows.size).toBe(Math.min(times.length, maxRows))
        expect(rows.counts().recorded - rows.counts().dropped).toBeLessThanOrEqual(rows.size)
      }),
    )
  })

  it('joins labels in any order, and gives the same table', () => {
    const ops = fc.shuffledSubarray(
      ['p1', 'p2', 'p3', 'l1', 'l2', 'l3'].map((op) => op),
      { minLength: 6 },
    )
    fc.assert(
      fc.property(ops, (order) => {
        const rows = log()
        for (const op of order) {
          const id = op.slice(1)
          if (op[0] === 'p') rows.add(answer(id, Number(id)), Number(id))
          else rows.label(id, `label ${id}`, 9)
        }
        expect(rows.rows({ labelled: true }, 10).map(({ id, actual }) => [id, actual])).toEqual([
          ['1', 'label 1'],
          ['2', 'label 2'],
          ['3', 'label 3'],
        ])
        expect(rows.counts().labelled).toBe(3)
        expect(rows.counts().waitingLabels).toBe(0)
      }),
    )
  })

  it('corrects a label by a newer one and ignores an older one', () => {
    const rows = log()
    rows.add(answer('a', 1), 1)
    expect(rows.label('a', 'yes', 10)).toBe('joined')
    expect(rows.label('a', 'no', 20)).toBe('joined')
    expect(rows.label('a', 'maybe', 15)).toBe('stale')
    expect(rows.rows({}, 30)[0]).toMatchObject({ actual: 'no', labelledAt: 20 })
  })

  it('keeps unknown labels for a while, up to a bound, and counts them', () => {
    const rows = log(10, 2)
    for (const id of ['a', 'b', 'c']) expect(rows.label(id, 'no', 5)).toBe('waiting')
    expect(rows.counts()).toMatchObject({ unknownLabels: 3, waitingLabels: 2 })
    rows.add(answer('a', 1), 1)
    rows.add(answer('c', 2), 2)
    expect(rows.rows({}, 9).map(({ id, actual }) => [id, actual])).toEqual([
      ['a', undefined],
      ['c', 'no'],
    ])
  })

  it('refuses a second row of one id', () => {
    const rows = log()
    expect(rows.add(answer('a', 1), 1)).toBe('added')
    expect(rows.add(answer('a', 2), 2)).toBe('duplicate')
    expect(rows.counts()).toMatchObject({ recorded: 1, duplicates: 1 })
  })

  it('selects by time, by number, by span and by version', () => {
    const rows = log()
    for (let i = 1; i <= 10; i++) {
      rows.add(answer(`${i}`, i * 10, { version: i <= 7 ? '1' : '2' }), i * 10)
      if (i % 2 === 0) rows.label(`${i}`, 'yes', 200)
    }
    const ids = (...args: Parameters<typeof rows.rows>): string =>
      rows
        .rows(...args)
        .map(({ id }) => id)
        .join(' ')
    expect(ids({ window: { lastMs: 30 } }, 100)).toBe('8 9 10')
    expect(ids({ window: { lastMs: 30, endAt: 50 } }, 100)).toBe('3 4 5')
    expect(ids({ window: { lastRows: 3 }, labelled: true }, 100)).toBe('6 8 10')
    expect(ids({ window: { lastRows: 2, endAt: 55 } }, 100)).toBe('4 5')
    expect(ids({ window: { from: 20, to: 50 } }, 100)).toBe('2 3 4')
    expect(ids({ version: 'newest' }, 100)).toBe('8 9 10')
    expect(ids({ version: '1', window: { lastRows: 1 } }, 100)).toBe('7')
  })

  it('stays correct while thousands of old rows leave', () => {
    const rows = log(100)
    for (let i = 0; i < 5000; i++) rows.add(answer(`${i}`, i), i)
    expect(rows.size).toBe(100)
    expect(rows.label('4901', 'yes', 1)).toBe('joined')
    expect(rows.label('10', 'yes', 1)).toBe('waiting')
    expect(rows.rows({ labelled: true }, 9999).map(({ id }) => id)).toEqual(['4901'])
    expect(rows.counts().dropped).toBe(4900)
  })

  it('joins the labels of a large batch whose rows have one time', () => {
    const log = createPredictionLog({ maxRows: 50_000, maxWaitingLabels: 0 })
    const record = answer('x', 7)
    for (let i = 0; i < 20_000; i++) log.add({ ...record, id: `${i}` }, 7)
    // Searching for each row among the others of its time would take minutes.
    for (let i = 0; i < 20_000; i++) log.label(`${i}`, 'yes', 8)
    expect(log.rows({ labelled: true }, 9)).toHaveLength(20_000)
  })
})
