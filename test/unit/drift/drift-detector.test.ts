import { describe, expect, it } from 'vitest'
import { DriftDetector } from '../../../src/drift/drift-detector'
import type { DriftProfile } from '../../../src/drift/reference-profile'
import { type Column, columnFrom } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'
import { chiSquareTest } from '../../../src/stats/contingency'
import { ksTest } from '../../../src/stats/ks'
import { expectClose, golden, samplePairs } from '../stats/golden'
import { codeOf, normalsOf, numbers, only, strings } from './helpers'

const normals = normalsOf(11)

describe('DriftDetector with the digits of SciPy', () => {
  it('numbers: statistic and p-value of every stored pair', () => {
    type Case = Record<'two-sided', { auto: { statistic: number; pvalue: number } }>
    const cases = golden<{ cases: Record<string, Case> }>('ks').cases
    for (const [name, pair] of Object.entries(samplePairs())) {
      const detector = new DriftDetector({ minRows: 1 }).fit(tableOf([numbers('x', Float64Array.from(pair.ref))]))
      const found = only(detector.detect(tableOf([numbers('x', Float64Array.from(pair.cur))])))
      const expected = cases[name]?.['two-sided'].auto as { statistic: number; pvalue: number }
      expectClose(found.statistic as number, expected.statistic, 1e-12, 0, `${name} D`)
      expectClose(found.pValue as number, expected.pvalue, 1e-9, 0, `${name} p`)
      expect(found.driftDetected).toBe(expected.pvalue < 0.05)
    }
  })

  it('categories: statistic, p-value and effect size of every stored table of two rows', () => {
    type Table = { table: number[][]; pearson: [number, number, number]; cramersV: number }
    const tables = golden<{ tables: Table[] }>('categorical').tables.filter(({ table }) => table.length === 2)
    const column = (counts: number[]): Column =>
      strings(
        'c',
        counts.flatMap((count, i) => Array<string>(count).fill(`category ${i}`)),
      )
    for (const { table, pearson, cramersV } of tables) {
      const [before, now] = table as [number[], number[]]
      const found = only(new DriftDetector({ minRows: 1 }).fit(tableOf([column(before)])).detect(tableOf([column(now)])))
      expectClose(found.statistic as number, pearson[0], 1e-9, 1e-12, 'statistic')
      expectClose(found.pValue as number, pearson[1], 1e-9, 1e-300, 'p')
      expectClose(found.score as number, cramersV, 1e-9, 1e-12, 'V')
    }
    expect(tables.length).toBeGreaterThan(15)
  })
})

describe('DriftDetector', () => {
  const reference = tableOf([
    numbers('same', normals(2000)),
    numbers('shifted', normals(2000)),
    strings(
      'carrier',
      Array.from({ length: 2000 }, (_, i) => ['AA', 'UA', 'DL', null][i % 4] as string | null),
    ),
    columnFrom(
      'late',
      'boolean',
      Array.from({ length: 2000 }, (_, i) => i % 5 === 0),
    ),
    columnFrom(
      'class',
      'int32',
      Array.from({ length: 2000 }, (_, i) => i % 3),
    ),
  ])
  const current = tableOf([
    numbers('same', normals(1000)),
    numbers('shifted', normals(1000, 0.8)),
    strings(
      'carrier',
      Array.from({ length: 1000 }, (_, i) => ['AA', 'AA', 'UA', 'DL'][i % 4] as string),
    ),
    columnFrom(
      'late',
      'boolean',
      Array.from({ length: 1000 }, (_, i) => i % 5 === 0),
    ),
    columnFrom(
      'class',
      'int32',
      Array.from({ length: 1000 }, (_, i) => i % 3),
    ),
  ])
  const detector = new DriftDetector().fit(reference)
  const report = detector.detect(current)
  const byName = new Map(report.columns.map((column) => [column.column, column]))

  it('tells what drifted and what did not, column by column', () => {
    expect(report.columns.map((column) => [column.column, column.type, column.method, column.state])).toEqual([
      ['same', 'numeric', 'ks', 'ok'],
      ['shifted', 'numeric', 'ks', 'drift'],
      ['carrier', 'categorical', 'chiSquare', 'drift'],
      ['late', 'categorical', 'chiSquare', 'ok'],
      ['class', 'categorical', 'chiSquare', 'ok'],
    ])
    expect(report.driftedColumns).toEqual(['shifted', 'carrier'])
    expect([report.driftShare, report.driftDetected, report.comparedColumns]).toEqual([0.4, false, 5])
    expect([report.rowsReference, report.rowsCurrent]).toEqual([2000, 1000])
    expect(byName.get('shifted')?.direction).toBe('up')
    expect(byName.get('same')?.direction).toBe(null)
  })

  it('says the same as the statistics themselves', () => {
    const values = (table: typeof reference, name: string): Float64Array => table.column(name).storage as Float64Array
    const test = ksTest(values(reference, 'shifted'), values(current, 'shifted'))
    expect(byName.get('shifted')).toMatchObject({ statistic: test.statistic, pValue: test.pValue, score: test.statistic })
    const counts = chiSquareTest([
      [500, 500, 500],
      [500, 250, 250],
    ])
    expect(byName.get('carrier')).toMatchObject({
      statistic: counts.statistic,
      pValue: counts.pValue,
      nReference: 1500,
      missingReference: 500,
    })
  })

  it('gives both sides of a picture as shares', () => {
    for (const { bins } of report.columns) {
      if (bins === undefined) throw new Error('no bins')
      for (const side of [bins.reference, bins.current])
        expectClose(
          side.reduce((sum, share) => sum + share, 0),
          1,
          1e-12,
          0,
          'shares',
        )
      if (bins.kind === 'numeric') expect(bins.edges.length).toBe(bins.reference.length + 1)
      else expect(bins.categories.length).toBe(bins.reference.length)
    }
    expect(byName.get('late')?.bins).toMatchObject({ categories: ['false', 'true'], reference: [0.8, 0.2], current: [0.8, 0.2] })
  })

  it('is the same from its profile, through JSON, and with other thresholds', () => {
    const profile = JSON.parse(JSON.stringify(detector.profile())) as DriftProfile
    expect(DriftDetector.fromProfile(profile).detect(current)).toEqual(report)
    expect(DriftDetector.fromProfile(profile, { driftShare: 0.4 }).detect(current).driftDetected).toBe(true)
    expect(
      DriftDetector.fromProfile(profile, { method: 'psi' })
        .detect(current)
        .columns.map((column) => column.pValue),
    ).toEqual([null, null, null, null, null])
  })

  it('writes to nothing it was given, and hands out copies', () => {
    const before = current.column('shifted').storage.slice()
    detector.detect(current)
    expect(current.column('shifted').storage).toEqual(before)
    const profile = detector.profile() as unknown as { columns: { n: number }[] }
    ;(profile.columns[0] as { n: number }).n = 1
    expect(detector.detect(current)).toEqual(report)
  })

  it('shows itself in one line and as a table', () => {
    const display = (report as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for('Jupyter.display')]?.()
    const line = 'no dataset drift: 2 of 5 columns drifted (shifted, carrier), share 0.4 against 0.5'
    expect(String(report)).toBe(line)
    expect(display?.['text/plain']?.split('\n').slice(0, 2)).toEqual([
      line,
      expect.stringMatching(/^column +state +method +statistic +p-value +PSI +reason$/),
    ])
    expect(display?.['text/markdown']).toContain('| shifted | drift | ks |')
    expect(String(detector)).toBe('DriftDetector: 5 columns, 2000 reference rows')
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

describe('fromProfile', () => {
  it('refuses what is no profile', () => {
    const profile = new DriftDetector().fit(tableOf([numbers('x', normals(50))])).profile()
    const damaged = (change: object): string => codeOf(() => DriftDetector.fromProfile({ ...profile, ...change } as DriftProfile))
    expect(damaged({})).toBe('no error')
    expect(damaged({ format: 'other' })).toMatch(
      /^Corrupt: the drift profile is damaged: `format` must be one of "millwright-drift-profile", got "other"/,
    )
    expect(damaged({ version: 3 })).toMatch(/^Unsupported: .* format version 3/)
    expect(damaged({ columns: 3 })).toMatch(/^Corrupt/)
    expect(damaged({ columns: [{ ...profile.columns[0], sample: [] }] })).toMatch(
      /^Corrupt: .*`columns\[0\]\.sample` must be an array of at least one number, got an array of 0/,
    )
    expect(damaged({ columns: [{ ...profile.columns[0], counts: [1] }] })).toMatch(/^Corrupt/)
    expect(damaged({ columns: [null] })).toMatch(/^Corrupt/)
    expect(codeOf(() => DriftDetector.fromProfile(null as never))).toMatch(/^Corrupt/)
    expect(codeOf(() => DriftDetector.fromProfile('profile' as never))).toMatch(/^Corrupt/)
    expect(codeOf(() => DriftDetector.fromProfile({ ...profile, options: { ...profile.options, threshold: 7 } }))).toMatch(
      /^InvalidArgument/,
    )
  })
})
