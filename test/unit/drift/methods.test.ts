/** Every method of the detector: golden values, one direction, rules by name, and what other tools get wrong. */
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { type ColumnDrift, DriftDetector, type DriftMethod, type DriftOptions } from '../../../src/drift'
import { driftMethods, fitsKind, isTest } from '../../../src/drift/methods'
import { type Column, columnFrom, makeColumn } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'
import { times } from '../../support/effort'
import { expectClose, golden, type Pair, samplePairs } from '../stats/golden'

const numbers = (values: ArrayLike<number>): Column => makeColumn('x', { type: 'float64', values: Float64Array.from(values) })
const strings = (cells: readonly (string | null)[]): Column => columnFrom('x', 'string', cells)

function compare(before: Column, now: Column, options: DriftOptions = {}): ColumnDrift {
  const report = new DriftDetector({ minRows: 1, ...options }).fit(tableOf([before]), { columns: ['x'] }).detect(tableOf([now]))
  return report.columns[0] as ColumnDrift
}

const byMethod = (pair: Pair, method: DriftMethod, options: DriftOptions = {}): ColumnDrift =>
  compare(numbers(pair.ref), numbers(pair.cur), { method, ...options })

const pairs = Object.entries(samplePairs())
const spread = ({ ref, cur }: Pair): boolean => new Set(ref).size > 1 && new Set(cur).size > 1

describe('methods of numbers against SciPy', () => {
  type TestCase = Record<'cramervonmises', { statistic: number; asymptotic: number; exact?: number }> & {
    mannwhitneyu: Record<string, { auto?: [number, number] }>
    ttestStudent?: [number, number]
    ttestWelch?: [number, number]
    andersonKsamp?: { midrank?: [number, number] }
    eppsSingleton?: [number, number]
  }
  const tests = golden<{ cases: Record<string, TestCase> }>('tests').cases

  it('tests: statistic and p-value of every stored pair', () => {
    let compared = 0
    for (const [name, pair] of pairs) {
      const expected = tests[name]
      if (expected === undefined || !spread(pair)) continue
      const check = (method: DriftMethod, values: readonly [number, number] | undefined, relative: number, absolute: number): void => {
        if (values === undefined || values.some((value) => !Number.isFinite(value))) return
        const found = byMethod(pair, method)
        expectClose(found.statistic as number, values[0], Math.max(relative, 1e-9), 1e-9, `${method} of ${name}`)
        expectClose(found.pValue as number, values[1], relative, absolute, `p of ${method} of ${name}`)
        compared++
      }
      check('mannWhitney', expected.mannwhitneyu?.['two-sided']?.auto, 1e-9, 1e-12)
      check('tTest', expected.ttestStudent, 1e-9, 1e-12)
      check('welch', expected.ttestWelch, 1e-9, 1e-12)
      check('andersonDarling', expected.andersonKsamp?.midrank, 1e-6, 1e-9)
      check('eppsSingleton', expected.eppsSingleton, 1e-6, 1e-9)
    }
    expect(compared).toBeGreaterThan(150)
  })

  interface Distances {
    readonly wassersteinNormedPop: number
    readonly refStdPop: number
    readonly energy: number
    readonly psi: number
    readonly kl: number
    readonly jsDistanceE: number
    readonly hellinger: number
    readonly tvd: number
    readonly lInfinity: number
  }
  const distances = golden<{ cases: Record<string, Distances> }>('distances').cases

  it('distances: normed, and over the bins of Evidently', () => {
    let compared = 0
    for (const [name, pair] of pairs) {
      const expected = distances[name]
      if (expected === undefined || !spread(pair)) continue
      const check = (method: DriftMethod, value: number, absolute = 1e-12): void => {
        expectClose(byMethod(pair, method, { binning: 'pooled' }).score as number, value, 1e-9, absolute, `${method} of ${name}`)
        compared++
      }
      // SciPy's golden values have a floor of 0.001 on the scale, which hides columns of small scale.
      if (expected.refStdPop > 0.001) check('wasserstein', expected.wassersteinNormedPop)
      check('energy', expected.energy / Math.sqrt(expected.refStdPop))
      check('psi', expected.psi)
      check('klDivergence', expected.kl)
      check('jensenShannon', expected.jsDistanceE, 1e-7)
      check('hellinger', expected.hellinger, 1e-7)
    }
    expect(compared).toBeGreaterThan(200)
  })
})

describe('every method', () => {
  const rng = createRng(3)
  const normal = (n: number, mean = 0): Float64Array => Float64Array.from({ length: n }, () => mean + rng.normal())
  const words = (n: number, share: number): (string | null)[] => Array.from({ length: n }, () => (rng.next() < share ? 'a' : 'b'))

  it.each(driftMethods())('%s tells a shift from none, with an effect size that grows', (method) => {
    const side = (n: number, shift: number): Column =>
      fitsKind(method, 'numeric') ? numbers(normal(n, shift)) : strings(words(n, 0.5 + shift / 5))
    const [reference, same, moved] = [side(900, 0), side(800, 0), side(800, 1)]
    const calm = compare(reference, same, { method })
    const found = compare(reference, moved, { method })
    expect([calm.method, found.method]).toEqual([method, method])
    expect(found.driftDetected).toBe(true)
    expect(found.score as number).toBeGreaterThan((calm.score as number) + 0.1)
    expect(calm.pValue === null).toBe(!isTest(method))
    if (calm.pValue !== null) expect(calm.pValue).toBeGreaterThan(0.001)
  })

  it.each(driftMethods().filter((method) => fitsKind(method, 'numeric')))('%s takes whatever numbers come', (method) => {
    const odd: readonly (readonly number[])[] = [[1], [1, 1, 1, 1, 1, 1], [2, 2], [1, 2], [0, 1e-300, 1e150], [1, 2, 3, 4, 5, 6, 7]]
    for (const before of odd) {
      for (const now of odd) {
        const found = compare(numbers(before), numbers(now), { method })
        expect(Number.isFinite(found.statistic), `${method} of ${before} and ${now}`).toBe(true)
        expect(found.score as number).toBeGreaterThanOrEqual(0)
        if (found.pValue !== null) expect(found.pValue >= 0 && found.pValue <= 1, `${found.pValue}`).toBe(true)
        expect(JSON.parse(JSON.stringify(found))).toEqual(found)
      }
    }
  })

  it('equal constants agree under every method, different ones do not', () => {
    for (const method of driftMethods().filter((each) => fitsKind(each, 'numeric'))) {
      const constant = (value: number): Column => numbers(new Float64Array(50).fill(value))
      expect(compare(constant(4), constant(4), { method }).driftDetected, method).toBe(false)
      expect(compare(constant(4), constant(5), { method }).driftDetected, method).toBe(true)
    }
  })

  it('alarms at its nominal rate when nothing differs, and finds a shift of half a standard deviation', () => {
    const rounds = times(60, 2000)
    const rng = createRng(99)
    const sample = (mean: number): Column => numbers(Float64Array.from({ length: 80 }, () => mean + rng.normal()))
    const tests = driftMethods().filter((method) => isTest(method) && fitsKind(method, 'numeric'))
    for (const method of times(0, 1) === 1 ? tests : tests.filter((each) => each !== 'mmd')) {
      const [alarms, found] = [0, 0.6].map((shift) => {
        let count = 0
        for (let i = 0; i < rounds; i++) if (compare(sample(0), sample(shift), { method, threshold: 0.05 }).driftDetected) count++
        return count / rounds
      }) as [number, number]
      // Four standard deviations of a binomial share; the power of every test here is above 0.6.
      expect(alarms, `${method}: false alarms`).toBeLessThan(0.05 + 4 * Math.sqrt(0.0475 / rounds))
      expect(found, `${method}: power`).toBeGreaterThan(0.45)
    }
  })

  it('tests of categories alarm at their nominal rate too, and find a moved share', () => {
    const rounds = times(60, 3000)
    const rng = createRng(41)
    const words = (n: number, share: number, others: number): Column =>
      strings(Array.from({ length: n }, () => (rng.next() < share ? 'a' : `other ${rng.int(others)}`)))
    // goodnessOfFit takes the reference for exact, so its rate is nominal only where the reference is large.
    const tests = [
      ['chiSquare', 400, 3],
      ['gTest', 400, 3],
      ['zTest', 400, 1],
      ['fisher', 400, 1],
      ['goodnessOfFit', 8000, 3],
    ] as const
    for (const [method, rows, others] of tests) {
      const reference = Array.from({ length: 10 }, () => words(rows, 0.5, others))
      const rate = (share: number): number => {
        let count = 0
        for (let i = 0; i < rounds; i++) {
          // A reference of its own for each round, unless it is so large that it hardly differs from its source.
          const before = rows > 1000 ? (reference[i % 10] as Column) : words(rows, 0.5, others)
          if (compare(before, words(300, share, others), { method, threshold: 0.05 }).driftDetected) count++
        }
        return count / rounds
      }
      expect(rate(0.5), `${method}: false alarms`).toBeLessThan(0.05 + 4 * Math.sqrt(0.0475 / rounds))
      expect(rate(0.7), `${method}: power`).toBeGreaterThan(0.9)
    }
  })
})

describe('one direction', () => {
  const rng = createRng(8)
  const sample = (mean: number): Column => numbers(Float64Array.from({ length: 300 }, () => mean + rng.normal()))
  const [reference, up, down] = [sample(0), sample(0.6), sample(-0.6)]

  it.each(['ks', 'mannWhitney'] as const)('%s finds only the move that is looked for', (method) => {
    const found = (current: Column, direction: 'up' | 'down' | 'both'): boolean =>
      compare(reference, current, { perColumn: { x: { method, direction } } }).driftDetected
    expect([found(up, 'up'), found(up, 'down'), found(up, 'both')]).toEqual([true, false, true])
    expect([found(down, 'up'), found(down, 'down'), found(down, 'both')]).toEqual([false, true, true])
  })

  it('is refused where a method has none', () => {
    expect(() => new DriftDetector({ perColumn: { x: { method: 'psi', direction: 'up' } } })).toThrow(
      /needs a method that has one \(ks, mannWhitney\)/,
    )
  })
})

describe("Evidently's choice", () => {
  const rng = createRng(12)
  const values = (n: number, distinct: number): Column => numbers(Float64Array.from({ length: n }, () => rng.int(distinct)))
  const real = (n: number): Column => numbers(Float64Array.from({ length: n }, () => rng.normal()))
  const text = (n: number, distinct: number): Column => strings(Array.from({ length: n }, () => `c${rng.int(distinct)}`))

  it.each([
    ['ks', real(1000), real(50)],
    ['wasserstein', real(1001), real(50)],
    ['goodnessOfFit', values(1000, 5), values(100, 5)],
    ['zTest', values(1000, 2), values(100, 2)],
    ['jensenShannon', values(1500, 5), values(100, 5)],
    ['ks', values(1000, 5), values(100, 6)],
    ['goodnessOfFit', text(1000, 3), text(100, 3)],
    ['zTest', text(1000, 2), text(100, 2)],
    ['jensenShannon', text(1001, 3), text(100, 3)],
  ] as const)('%s', (method, before, now) => {
    const found = compare(before, now, { method: 'evidently' })
    expect(found.method).toBe(method)
    expect(found.threshold).toBe(isTest(method) ? 0.05 : 0.1)
  })
})

describe('the verdict on the table', () => {
  it('can be by any column', () => {
    const rng = createRng(4)
    const column = (name: string, shift: number): Column =>
      makeColumn(name, { type: 'float64', values: Float64Array.from({ length: 300 }, () => shift + rng.normal()) })
    const reference = tableOf([column('a', 0), column('b', 0), column('c', 0)])
    const current = tableOf([column('a', 0), column('b', 0), column('c', 2)])
    expect(new DriftDetector({ threshold: 0.001 }).fit(reference).detect(current).driftDetected).toBe(false)
    const report = new DriftDetector({ threshold: 0.001, verdict: 'any', correction: 'bonferroni' }).fit(reference).detect(current)
    expect(report.driftDetected).toBe(true)
    expect(String(report)).toContain('1 of 3 columns drifted (c), any is drift of the table')
  })
})
