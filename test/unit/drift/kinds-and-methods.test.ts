/** Which kind a column has, and by which method it is compared. */
import { describe, expect, it } from 'vitest'
import { DriftDetector } from '../../../src/drift/drift-detector'
import type { ColumnDrift } from '../../../src/drift/drift-report'
import { columnFrom } from '../../../src/schema/column'
import { tableFromRows, tableOf } from '../../../src/schema/table'
import { expectClose } from '../stats/golden'
import { codeOf } from './helpers'

describe('kinds and methods', () => {
  const table = tableFromRows(
    Array.from({ length: 300 }, (_, i) => ({
      few: i % 4,
      many: i % 40,
      amount: i / 7,
      id: `id-${i}`,
      when: new Date(i * 1000),
      group: `g${i % 3}`,
    })),
  )
  const kinds = (detector: DriftDetector): string[] => detector.profile().columns.map((column) => `${column.column}: ${column.kind}`)

  it('are decided once, on the reference', () => {
    expect(kinds(new DriftDetector().fit(table))).toEqual([
      'few: categorical',
      'many: numeric',
      'amount: numeric',
      'id: skipped',
      'when: skipped',
      'group: categorical',
    ])
  })

  it('can be told', () => {
    expect(
      kinds(new DriftDetector().fit(table, { columns: ['when', 'few', 'many', 'id'], numeric: ['few'], categorical: ['many', 'id'] })),
    ).toEqual(['when: numeric', 'few: numeric', 'many: categorical', 'id: categorical'])
    expect(codeOf(() => new DriftDetector().fit(table, { numeric: ['group'] }))).toMatch(/^InvalidArgument: column "group" is string/)
    expect(codeOf(() => new DriftDetector().fit(table, { columns: ['nothing'] }))).toMatch(
      /^NotFound: no column "nothing"; there are "few"/,
    )
    expect(codeOf(() => new DriftDetector().fit(table, { column: ['few'] } as object))).toMatch(
      /`column` is not an option of DriftDetector.fit/,
    )
  })

  it('stay when the type of a batch differs: an integer column arrives as floats', () => {
    const detector = new DriftDetector().fit(table, { columns: ['few', 'many'] })
    const floats = tableOf([
      columnFrom(
        'few',
        'float64',
        Array.from({ length: 300 }, (_, i) => i % 4),
      ),
      columnFrom(
        'many',
        'float64',
        Array.from({ length: 300 }, (_, i) => i % 40),
      ),
    ])
    const report = detector.detect(floats)
    expect(report.columns.map(({ type, statistic }) => [type, statistic])).toEqual([
      ['categorical', 0],
      ['numeric', 0],
    ])
    expect(report.findings).toEqual([])
  })

  it('leaves a kind on its own method where the general one does not fit', () => {
    const report = new DriftDetector({ method: 'wasserstein' }).fit(table, { columns: ['amount', 'group'] }).detect(table)
    expect(report.columns.map(({ method, statistic }) => [method, statistic])).toEqual([
      ['wasserstein', 0],
      ['chiSquare', 0],
    ])
  })

  it('takes a method and a threshold for one column, and refuses what does not fit', () => {
    const moved = tableFromRows(Array.from({ length: 300 }, (_, i) => ({ amount: i / 7 + 3, many: i % 40 })))
    const options = { perColumn: { amount: { method: 'wasserstein', threshold: 0.5 } } } as const
    const found = new DriftDetector(options).fit(table, { columns: ['amount', 'many'] }).detect(moved).columns[0] as ColumnDrift
    // A shift by 3 against a standard deviation of 300/7/√12 = 12.4.
    expectClose(found.score as number, 3 / (Math.sqrt((300 ** 2 - 1) / 12) / 7), 1e-9, 0, 'shift in standard deviations')
    expect([found.threshold, found.driftDetected, found.pValue]).toEqual([0.5, false, null])
    expect(codeOf(() => new DriftDetector({ perColumn: { group: { method: 'ks' } } }).fit(table))).toMatch(
      /the method "ks" cannot compare the categorical column "group"/,
    )
    expect(codeOf(() => new DriftDetector({ perColumn: { nope: {} } }).fit(table))).toMatch(/^NotFound/)
    expect(codeOf(() => new DriftDetector({ perColumn: { a: { method: 'ks', threshold: 2 } } }))).toMatch(/must be below 1, got 2/)
  })

  it('checks options', () => {
    expect(codeOf(() => new DriftDetector({ threshold: 0 }))).toBe(
      'InvalidArgument: `threshold` of DriftDetector must be a number between 0 and 1, both excluded, got 0',
    )
    expect(codeOf(() => new DriftDetector({ tresholds: 1 } as object))).toMatch(
      /`tresholds` is not an option of DriftDetector; it has threshold, method/,
    )
    expect(codeOf(() => new DriftDetector({ method: 'chi2' as 'ks' }))).toMatch(/must be one of "auto", "evidently", "ks", .*"chiSquare"/)
    expect(codeOf(() => new DriftDetector().detect(table))).toMatch(/^NotFitted/)
    expect(codeOf(() => new DriftDetector().profile())).toMatch(/^NotFitted/)
    expect(codeOf(() => new DriftDetector().fit([{ a: 1 }] as never))).toMatch(
      /^InvalidArgument: DriftDetector.fit expects a Dataset, got an array of 1/,
    )
    expect(codeOf(() => new DriftDetector().fit(tableOf([])))).toMatch(/at least one row/)
  })
})
