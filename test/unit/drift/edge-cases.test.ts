/** Constants, tiny scales, signed zeros, categories known by their text, rare ones. */
import { describe, expect, it } from 'vitest'
import { DriftDetector } from '../../../src/drift/drift-detector'
import type { ColumnDrift } from '../../../src/drift/drift-report'
import { columnFrom } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'
import { numbers, only, strings } from './helpers'

describe('edge cases', () => {
  const compare = (before: number[], now: number[], options = {}): ColumnDrift =>
    only(
      new DriftDetector(options)
        .fit(tableOf([numbers('x', Float64Array.from(before))]))
        .detect(tableOf([numbers('x', Float64Array.from(now))])),
    )
  const many = (value: number): number[] => Array<number>(50).fill(value)

  it('constant columns: equal ones agree, different ones drift under every method', () => {
    for (const method of ['ks', 'psi', 'wasserstein', 'jensenShannon'] as const) {
      expect(compare(many(3), many(3), { method })).toMatchObject({ state: 'ok', score: 0, psi: 0 })
      expect(compare(many(3), many(4), { method }).state, method).toBe('drift')
      expect(compare(many(3), many(2.9999), { method }).state, method).toBe('drift')
    }
    expect(compare(many(3), many(3)).notes).toContain('the reference is constant')
  })

  it('sees drift in columns of tiny scale', () => {
    const tiny = Array.from({ length: 200 }, (_, i) => i * 1e-9)
    const moved = tiny.map((value) => value + 1e-7)
    expect(compare(tiny, moved, { method: 'wasserstein' }).state).toBe('drift')
  })

  it('−0 and 0 are one value', () => {
    expect(compare([0, 0, 0, 0, 0, 1], [-0, -0, -0, -0, -0, 1])).toMatchObject({ statistic: 0, psi: 0 })
  })

  it('a category is known by its text', () => {
    const before = tableOf([columnFrom('k', 'int32', [1, 1, 2, 2, 3, 3])])
    const now = tableOf([strings('k', ['1', '1', '2', '2', '3', '3'])])
    const report = new DriftDetector().fit(before).detect(now)
    expect(only(report)).toMatchObject({ type: 'categorical', statistic: 0, state: 'drift', driftDetected: true })
    expect(report.findings.map((finding) => finding.code)).toEqual(['type-changed'])
  })

  it('rare categories beyond the limit are counted together', () => {
    const before = tableOf([
      strings(
        'k',
        Array.from({ length: 1000 }, (_, i) => (i < 900 ? 'ab'[i % 2] : `rare ${i}`) as string),
      ),
    ])
    const detector = new DriftDetector({ maxCategories: 2 }).fit(before, { categorical: ['k'] })
    expect(detector.profile().columns[0]).toMatchObject({ categories: ['a', 'b'], otherCount: 100 })
    const report = detector.detect(before)
    expect(only(report)).toMatchObject({ statistic: 0, state: 'ok' })
    expect(report.findings).toEqual([])
  })
})
