import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../../src/dataset'
import * as quality from '../../../src/quality'
import { validationReport } from '../../../src/report'

const hostile = '</script><img src=x onerror=alert(1)>'
const data = fromColumns({ n: [1, 2, 30, null, 40, 30], [hostile]: ['x', hostile, 'x', 'x', 'x', 'x'], ok: [1, 1, 1, 1, 1, 1] })
const suite = quality.expectations('orders', [
  quality.columnValuesToBeBetween('n', { max: 10, severity: 'warning', notes: ['Ask the shop.'] }),
  quality.columnValuesToBeInSet(hostile, ['x'], { mostly: 0.9 }),
  quality.columnMeanToBeBetween('ok', { min: 0, max: 3 }),
  quality.columnValuesToMatchRegex('n', 'x'),
  quality.tableColumnsToMatchSet(['n', 'ok']),
])
const clock = { now: () => Date.UTC(2024, 0, 31), schedule: () => () => {} }
const result = quality.validate(data, suite, { clock, runName: 'r1' })
const text = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>|<script.*?<\/script>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

describe('the page of a validation', () => {
  const page = validationReport(result, { data: 'orders.csv', index: '../index.html' })

  it('says first what failed, how much of it, and where', () => {
    const told = text(page)
    expect(told).toContain('4 of 5 expectations of orders.csv were not met. Run r1. Checked 31 Jan 2024, 00:00 UTC.')
    expect(told).toContain('values are at most 10')
    expect(told).toContain('3 of 6 rows unexpected (60.0 %)')
    expect(told).toContain('Row numbers, from 0: 2 , 4 , 5')
    expect(told).toContain('Ask the shop.')
    expect(told).toContain('could not be judged: column &#34;n&#34; must be text, it is int32')
    expect(told.indexOf('What was not met')).toBeLessThan(told.indexOf('the mean is between 0 and 3'))
    expect(told).toContain('All runs')
  })

  it('leads from each failure to its column', () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id as string)
    expect(links).toHaveLength(4)
    for (const link of links) expect(ids).toContain(link)
  })

  it('runs nothing, and escapes names and values', () => {
    expect(page).not.toContain('<img')
    expect(page.match(/<script/g)).toHaveLength(1)
    const json = /<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(result)))
  })

  it('shows a result that was read, and one without failures', () => {
    expect(validationReport(quality.validationResultFromJson(JSON.stringify(result)), { data: 'orders.csv', index: '../index.html' })).toBe(
      page,
    )
    const fine = validationReport(quality.validate(data, quality.expectations('fine', [quality.columnToExist('n')]), { clock }))
    expect(text(fine)).toContain('All 1 expectations were met.')
    expect(fine).not.toContain('What was not met')
    expect(text(validationReport(quality.validate(data, quality.expectations('none', []), { clock })))).toContain('The suite is empty.')
    expect(() => validationReport({} as never)).toThrow('validationReport needs `results`')
    expect(() => validationReport(result, { titel: 'x' } as never)).toThrow('`titel` is not an option of validationReport')
  })

  it('tells every kind of expectation in words', () => {
    const condition = quality.allOf(quality.col('n').isIn([1]), quality.col('ok').isMissing())
    expect(quality.expectationWords(quality.columnValuesToBeInSet('n', [1], { mostly: 0.95, rowCondition: condition }))).toBe(
      'values are one of 1, in at least 95 % of the rows that have a value, where “n” is one of [1] and “ok” is missing',
    )
    expect(quality.expectationWords({ type: 'expect_the_unexpected', kwargs: { column: 'n', level: 3 } })).toBe('the unexpected (level 3)')
    expect(quality.expectationWords(quality.columnToExist('n', { description: 'n is there' }))).toBe('n is there')
  })
})
