import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../../src/core/errors'
import { createRng } from '../../../src/core/random'
import { DriftDetector } from '../../../src/drift/drift-detector'
import type { ColumnDrift, DriftReport } from '../../../src/drift/drift-report'
import type { DriftProfile } from '../../../src/drift/reference-profile'
import { type Column, columnFrom, makeColumn } from '../../../src/schema/column'
import { tableFromRows, tableOf } from '../../../src/schema/table'
import { chiSquareTest } from '../../../src/stats/contingency'
import { ksTest } from '../../../src/stats/ks'
import { expectClose, golden, samplePairs } from '../stats/golden'

const rng = createRng(11)
const normals = (n: number, shift = 0, scale = 1): Float64Array => Float64Array.from({ length: n }, () => rng.normal() * scale + shift)
const numbers = (name: string, values: Float64Array): Column => makeColumn(name, { type: 'float64', values })
const strings = (name: string, cells: readonly (string | null)[]): Column => columnFrom(name, 'string', cells)

/** The one column of a report over one column. */
function only(report: DriftReport): ColumnDrift {
  expect(report.columns.length).toBe(1)
  return report.columns[0] as ColumnDrift
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isMillwrightError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

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
