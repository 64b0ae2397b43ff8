import { describe, expect, it } from 'vitest'
import { accuracy, rocAuc } from '../../../src/metrics'
import { compareVersions, performanceReport } from '../../../src/monitor'
import { compareVersionsHtml, performanceHtml } from '../../../src/report'
import { labelledRows } from '../../support/labelled-rows'

const { classifier, worse, regressor } = labelledRows(3)
const dataOf = (page: string): unknown =>
  JSON.parse(/<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(page)?.[1] ?? 'null')

describe('a performance report', () => {
  it('measures a classifier, as a whole and by slice', () => {
    const report = performanceReport(classifier, { name: 'v3', slices: ['region'] })
    const value = (metric: string): number | undefined => report.metrics.find((one) => one.metric === metric)?.value
    expect([report.kind, report.rows, value('accuracy')]).toEqual([
      'classification',
      400,
      accuracy(classifier.actual, classifier.predicted),
    ])
    expect(value('rocAuc')).toBe(rocAuc(classifier.actual, classifier.probabilities as NonNullable<typeof classifier.probabilities>))
    expect(report.slices.map(({ slice, rows }) => [slice, rows])).toEqual([
      ['south <&>', 300],
      ['north', 100],
    ])
    const { confusion, perClass, curves } = report.classification as NonNullable<typeof report.classification>
    expect(Array.from(confusion.counts).reduce((sum, count) => sum + count, 0)).toBe(400)
    expect(perClass.map(({ label }) => label)).toEqual(['no', 'yes'])
    expect([curves?.positive, curves?.roc.falsePositiveRate[0], curves?.roc.truePositiveRate.at(-1)]).toEqual(['yes', 0, 1])
  })

  it('measures a regressor, and leaves out what has no meaning', () => {
    const report = performanceReport(regressor, { slices: ['region'], maxPoints: 50 })
    expect(report.kind).toBe('regression')
    expect(report.regression?.sample.actual).toHaveLength(50)
    expect(report.regression?.errors.counts.reduce((sum, count) => sum + count, 0)).toBe(400)
    const rmse = Object.fromEntries(report.slices.map(({ slice, scores }) => [slice, scores.rmse as number]))
    expect(rmse.north).toBeGreaterThan(4 * (rmse['south <&>'] as number))
    const withZero = performanceReport({ ...regressor, actual: [0, ...regressor.actual.slice(1)] })
    expect(withZero.metrics.map(({ metric }) => metric)).not.toContain('mape')
  })

  it('becomes a page that escapes what it shows and carries its data', () => {
    const report = performanceReport(classifier, { name: '<v3>', slices: ['region'] })
    const page = performanceHtml(report)
    expect(page).toContain('Performance of &#60;v3&#62;')
    expect(page).not.toContain('south <&>')
    expect(page.length).toBeLessThan(300_000)
    expect(dataOf(page)).toMatchObject({ name: '<v3>', rows: 400 })
    expect(performanceHtml(performanceReport(regressor))).toContain('Predicted and actual')
  })

  it.each([
    [() => performanceReport({ ...classifier, actual: [] }), 'performanceReport needs at least one row with a label, got 0'],
    [() => performanceReport(classifier, { slices: ['x'] }), 'performanceReport: the rows have no column "x"; they have region'],
    [() => performanceReport(classifier, { metrics: ['best'] }), 'best'],
    [() => performanceReport(classifier, { kind: 'regression' }), 'needs labels and predictions that are numbers'],
    [() => performanceHtml({} as never), 'performanceHtml takes what performanceReport gives'],
    [() => compareVersionsHtml({} as never), 'compareVersionsHtml takes what compareVersions gives'],
  ])('refuses what it cannot use: %#', (run, message) => {
    expect(run).toThrow(message)
  })
})

describe('versions compared', () => {
  it('have a verdict only where the rows decide', () => {
    const comparison = compareVersions(
      { '3': classifier, '4': worse, '5': classifier },
      { resamples: 100, metrics: ['accuracy', 'logLoss', 'rocAuc'] },
    )
    const verdict = (version: string, metric: string) =>
      comparison.differences.find((one) => one.version === version && one.metric === metric)
    expect(verdict('4', 'rocAuc')).toMatchObject({ verdict: 'worse', difference: expect.any(Number) })
    expect(verdict('4', 'logLoss')?.verdict).toBe('worse')
    expect(verdict('4', 'rocAuc')?.high).toBeLessThan(0)
    expect(verdict('5', 'accuracy')).toEqual({ version: '5', metric: 'accuracy', difference: 0, low: 0, high: 0, verdict: 'undecided' })
    expect(compareVersions({ a: worse, b: classifier }, { resamples: 100, metrics: ['rocAuc'] }).differences[0]?.verdict).toBe('better')
    expect(
      compareVersions({ a: worse, b: classifier }, { baseline: 'b', resamples: 20, metrics: ['rocAuc'] }).differences[0]?.version,
    ).toBe('a')
    const page = compareVersionsHtml(comparison)
    expect(page).toContain('✗ worse')
    expect(page.length).toBeLessThan(300_000)
  })

  it('must have answered the same rows', () => {
    expect(() => compareVersions({ a: classifier })).toThrow('compareVersions needs at least two versions, got 1')
    expect(() => compareVersions({ a: classifier, b: regressor })).toThrow('the labels of "b" are others than those of the baseline')
    expect(() => compareVersions({ a: classifier, b: worse }, { baseline: 'c' })).toThrow(
      '`baseline` of compareVersions must be one of a, b, got "c"',
    )
  })
})
