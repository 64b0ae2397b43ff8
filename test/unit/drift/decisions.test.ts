/** From statistics to decisions: corrections, effect sizes, warnings. */
import { describe, expect, it } from 'vitest'
import { DriftDetector } from '../../../src/drift/drift-detector'
import { tableOf } from '../../../src/schema/table'
import { ksTest } from '../../../src/stats/ks'
import { expectClose } from '../stats/golden'
import { normalsOf, numbers, only } from './helpers'

const normals = normalsOf(11)

describe('decisions over many columns', () => {
  const table = (shift: number): ReturnType<typeof tableOf> =>
    tableOf(Array.from({ length: 40 }, (_, i) => numbers(`c${i}`, normals(300, i === 0 ? shift : 0))))
  const reference = table(0)
  const current = table(1)

  it('a correction takes away the false alarms and keeps the true one', () => {
    const plain = new DriftDetector({ threshold: 0.1 }).fit(reference).detect(current)
    expect(plain.driftedColumns.length).toBeGreaterThan(1)
    for (const correction of ['bonferroni', 'holm', 'bh'] as const) {
      const report = new DriftDetector({ threshold: 0.1, correction }).fit(reference).detect(current)
      // The false discovery rate allows a few false alarms, the other two hardly any.
      if (correction === 'bh') expect(plain.driftedColumns).toEqual(expect.arrayContaining([...report.driftedColumns]))
      else expect(report.driftedColumns, correction).toEqual(['c0'])
      expect(report.driftedColumns[0]).toBe('c0')
      expect(report.columns[3]?.pValue).toBe(plain.columns[3]?.pValue)
      expect(report.columns[3]?.adjustedPValue).toBeGreaterThanOrEqual(plain.columns[3]?.pValue as number)
    }
  })

  it('an effect size can be demanded beside the p-value', () => {
    const before = tableOf([numbers('x', normals(20_000))])
    const now = tableOf([numbers('x', normals(20_000, 0.05))])
    expect(only(new DriftDetector().fit(before).detect(now)).state).toBe('drift')
    expect(only(new DriftDetector({ minPsi: 0.05 }).fit(before).detect(now))).toMatchObject({ state: 'warning', driftDetected: false })
  })

  it('the index alone decides under psi, with a warning below the threshold', () => {
    const before = tableOf([numbers('x', normals(5000))])
    const state = (shift: number): string =>
      only(new DriftDetector({ method: 'psi' }).fit(before).detect(tableOf([numbers('x', normals(5000, shift))]))).state
    expect([state(0), state(0.4), state(0.8)]).toEqual(['ok', 'warning', 'drift'])
  })

  it('a reference larger than the sample gives nearly the same, and says so', () => {
    const before = normals(50_000)
    const now = normals(30_000, 0.02)
    const exact = ksTest(before, now)
    const thinned = only(new DriftDetector({ sampleSize: 5000 }).fit(tableOf([numbers('x', before)])).detect(tableOf([numbers('x', now)])))
    expect(Math.abs((thinned.statistic as number) - exact.statistic)).toBeLessThan(1 / 5000)
    expectClose(thinned.pValue as number, exact.pValue, 0.3, 0, 'p')
    expect(thinned.notes).toContain('the reference of 50000 values is kept as 5000 order statistics')
  })
})
