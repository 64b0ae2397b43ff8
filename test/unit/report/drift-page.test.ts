import { describe, expect, it } from 'vitest'
import { dataQuality, fromRows } from '../../../src/dataset'
import { DriftDetector, type DriftReport } from '../../../src/drift'
import { dataQualityHtml, driftReportHtml } from '../../../src/report'
import { manyColumns } from '../../support/many-columns'

const hostile = '"><script>alert(1)</script>'

const data = (page: string): unknown => JSON.parse(/id="report-data">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? 'null')

describe('driftReportHtml', () => {
  const size = { columns: 100, rows: 400 }
  const report = new DriftDetector({ correction: 'bh' }).fit(manyColumns(1, 0, size)).detect(manyColumns(2, 1, size))
  const page = driftReportHtml(report, { reference: 'January', current: 'today' })

  it('takes less than 300 kB for 100 columns, loads nothing and runs nothing', () => {
    expect(page.length).toBeLessThan(300_000)
    expect(page).not.toMatch(/https?:|<script(?! type="application\/json")/)
  })

  it('has every number in the text, and the report as JSON', () => {
    for (const { column, state } of report.columns) {
      expect(page).toContain(column)
      if (state === 'drift') expect(page).toContain('✗ drift')
    }
    expect(page).toContain(`${report.driftedColumns.length} of 100`)
    const stored = data(page) as DriftReport
    expect(stored.driftedColumns).toEqual(report.driftedColumns)
    expect(stored.columns.map(({ pValue }) => pValue)).toEqual(report.columns.map(({ pValue }) => pValue))
  })

  it('draws the most drifted columns, no more than asked for', () => {
    expect(page.match(/<article/g)).toHaveLength(12)
    expect(driftReportHtml(report, { maxCharts: 2 }).match(/<article/g)).toHaveLength(2)
    expect(driftReportHtml(report, { maxCharts: 0 })).not.toContain('What drifted')
  })

  it('tells findings and columns that could not be compared, everything escaped', () => {
    const before = fromRows(Array.from({ length: 50 }, (_, i) => ({ [hostile]: i, gone: i, word: `w${i % 3}` })))
    const now = fromRows(Array.from({ length: 50 }, (_, i) => ({ [hostile]: i + 100, word: i % 2 === 0 ? hostile : 'w1' })))
    const made = driftReportHtml(new DriftDetector().fit(before).detect(now), { title: hostile, reference: hostile, current: hostile })
    expect(made).not.toContain('<script>alert')
    expect(made).toContain('missing from the current table')
    expect(made).toContain('✗ broken')
  })

  it('shows an undecided report, and refuses what is none', () => {
    const few = fromRows([{ a: 1 }, { a: 2 }])
    expect(driftReportHtml(new DriftDetector().fit(few).detect(few))).toContain('undecided')
    expect(() => driftReportHtml({} as never)).toThrow(/takes the report of DriftDetector.detect/)
    expect(() => driftReportHtml(report, { titel: 'x' } as never)).toThrow(/`titel` is not an option/)
  })
})

describe('dataQualityHtml', () => {
  it('takes less than 300 kB for 100 columns', () => {
    const [now, reference] = [manyColumns(2, 1, { columns: 100, rows: 200 }), manyColumns(1, 0, { columns: 100, rows: 200 })]
    const page = dataQualityHtml(dataQuality(now, { reference }), { reference: 'January' })
    expect(page.length).toBeLessThan(300_000)
    for (const name of now.columnNames) expect(page).toContain(name)
  })

  it('shows keys, days as numbers and counts exactly, and rounds means', () => {
    const rows = Array.from({ length: 21 }, (_, i) => ({
      day: 20261101 + i,
      key: 1234567890 + i,
      share: (i + 1) / 64,
      at: new Date(1.7e12 + i * 1e8),
    }))
    const page = dataQualityHtml(dataQuality(fromRows(rows))).replaceAll('\u2009', '')
    const cells = (column: string): string[] => {
      const row = new RegExp(`<tr><t[hd][^>]*>${column}</t[hd]>.*?</tr>`, 's').exec(page.slice(page.indexOf('Middle half')))?.[0] ?? ''
      return [...row.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text = '']) => text).slice(-6)
    }
    expect(cells('day')).toEqual(['20260000', '6.205', '20261101', '20261111', '20261121', '20261106 to 20261116'])
    expect(cells('key')).toEqual(['1.23e9', '6.205', '1234567890', '1234567900', '1234567910', '1234567895 to 1234567905'])
    expect(cells('share')).toEqual(['0.1719', '0.09695', '0.015625', '0.1719', '0.3281', '0.09375 to 0.25'])
    expect(cells('at')).toEqual(['26 Nov 2023', '–', '14 Nov 2023', '26 Nov 2023', '8 Dec 2023', '20 Nov 2023 to 2 Dec 2023'])
  })

  it('escapes names and values, and embeds the report', () => {
    const report = dataQuality(fromRows(Array.from({ length: 20 }, (_, i) => ({ [hostile]: i, text: hostile, when: new Date(i * 1e9) }))))
    const page = dataQualityHtml(report, { title: hostile })
    expect(page).not.toContain('<script>alert')
    expect((data(page) as typeof report).issues).toEqual(report.issues)
    expect(() => dataQualityHtml([] as never)).toThrow(/takes the report of dataQuality/)
  })
})
