/** Columns that are gone, empty, of another type, or have too few values. */
import { describe, expect, it } from 'vitest'
import { DriftDetector } from '../../../src/drift/drift-detector'
import type { ColumnDrift } from '../../../src/drift/drift-report'
import { type Column, columnFrom } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'
import { normalsOf, numbers, strings } from './helpers'

const normals = normalsOf(11)

describe('what cannot be compared', () => {
  const reference = tableOf([
    numbers('a', normals(100)),
    numbers('gone', normals(100)),
    strings(
      'c',
      Array.from({ length: 100 }, (_, i) => 'xyz'[i % 3] as string),
    ),
    numbers('empty', new Float64Array(100).fill(Number.NaN)),
  ])
  const detector = new DriftDetector().fit(reference)

  it('gets a state and a reason, and the rest is reported', () => {
    const report = detector.detect(
      tableOf([
        numbers('a', new Float64Array(50).fill(Number.NaN)),
        strings(
          'c',
          Array.from({ length: 50 }, (_, i) => 'xyzw'[i % 4] as string),
        ),
        numbers('empty', normals(50)),
        numbers('extra', normals(50)),
      ]),
    )
    expect(report.columns.map(({ column, state, reason }) => [column, state, reason])).toEqual([
      ['a', 'error', 'the current column holds no values, the reference does'],
      ['gone', 'error', 'missing from the current table'],
      ['c', 'drift', undefined],
      ['empty', 'skipped', 'the reference holds no values'],
    ])
    expect(report.findings.map(({ column, code }) => [column, code])).toEqual([
      ['gone', 'missing-column'],
      ['c', 'new-categories'],
      ['a', 'missing-rate'],
      ['empty', 'missing-rate'],
      ['extra', 'new-column'],
    ])
    expect(report.findings[1]?.message).toBe('column "c" has categories that the reference does not: "w", in 12 rows')
    expect(report.findings[2]?.message).toBe('column "a" is missing in 100 % of the rows, in the reference in 0 %')
    expect([report.comparedColumns, report.driftShare, report.driftDetected]).toEqual([1, 1, true])
    expect(report.driftedColumns).toEqual(['a', 'gone', 'c'])
  })

  it('a column that became text is an error of its own', () => {
    const report = detector.detect(tableOf([strings('a', ['1', '2']), strings('c', ['x', 'y'])]))
    expect(report.columns[0]).toMatchObject({ state: 'error', reason: 'the reference is float64, the current column is string' })
    expect(report.findings[0]).toMatchObject({ column: 'a', code: 'type-changed' })
  })

  it('an empty table is drift', () => {
    const report = detector.detect(tableOf([numbers('a', new Float64Array(0)), strings('c', [])]))
    expect([report.driftDetected, report.driftShare, report.comparedColumns, report.rowsCurrent]).toEqual([true, 0, 0, 0])
    expect(String(report)).toBe('dataset drift: the current table has no rows')
  })

  it.each<[string, Column[], string]>([
    ['gone', [strings('c', [...'xyz'.repeat(20)])], 'column "a": missing from the current table'],
    [
      'without values',
      [numbers('a', new Float64Array(60).fill(Number.NaN)), strings('c', [...'xyz'.repeat(20)])],
      'column "a": the current column holds no values, the reference does',
    ],
    [
      'text now',
      [strings('a', [...'012'.repeat(20)]), strings('c', [...'xyz'.repeat(20)])],
      'column "a": the reference is float64, the current column is string',
    ],
    [
      'numbers now, which compare as categories',
      [
        numbers('a', normals(60)),
        columnFrom(
          'c',
          'int32',
          Array.from({ length: 60 }, (_, i) => i % 3),
        ),
      ],
      'column "c" was string in the reference and is int32 now',
    ],
  ])('a column that is %s is drift of the table, and the report says why', (_, columns, reason) => {
    const own = new DriftDetector({ driftShare: 1 }).fit(tableOf([reference.column('a'), reference.column('c')]))
    const report = own.detect(tableOf(columns))
    expect([report.driftDetected, report.verdict]).toEqual([true, 'drift'])
    expect(report.reasons[0]).toBe(reason)
    expect(String(report)).toContain(reason)
  })

  it('too few values leave it undecided, never without drift', () => {
    const own = new DriftDetector().fit(tableOf([reference.column('a')]))
    const report = own.detect(tableOf([numbers('a', Float64Array.of(0, 0.1))]))
    expect([report.driftDetected, report.verdict, report.undecidedColumns]).toEqual([false, 'undecided', ['a']])
    expect(String(report)).toBe('drift undecided: undecided for want of values: 1 columns (a)')
  })

  it('fewer than five values are compared but do not alarm', () => {
    const found = detector.detect(tableOf([numbers('a', Float64Array.of(90, 91, 92, 93))])).columns[0] as ColumnDrift
    expect(found).toMatchObject({ state: 'low-sample', driftDetected: false, statistic: 1, nCurrent: 4 })
    expect(found.pValue).toBeLessThan(0.001)
  })

  it('infinite values are left out and counted', () => {
    const found = detector.detect(tableOf([numbers('a', Float64Array.of(0, 1, -1, 0.5, -0.5, Number.POSITIVE_INFINITY, Number.NaN))]))
      .columns[0]
    expect(found).toMatchObject({ nCurrent: 5, missingCurrent: 1, infiniteCurrent: 1 })
  })
})
