import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { binomialSf, chiSquareSf, fSf, hypergeometricPmf, studentTSf } from '../../../src/stats/distributions'
import { betaI } from '../../../src/stats/incomplete-beta'
import { gammaP, gammaQ } from '../../../src/stats/incomplete-gamma'
import { kolmogorovLimitSf, kolmogorovSf, smirnovSf } from '../../../src/stats/kolmogorov'
import { logGamma } from '../../../src/stats/log-gamma'
import { erf, erfc, normalCdf, normalIsf, normalSf } from '../../../src/stats/normal'
import { expectClose, golden } from './golden'

type Rows = number[][]
const tables = golden<Record<string, Rows>>('functions')

/** Each function of the golden file: ours, its relative and absolute tolerance. The last number of a row is the value. */
const functions: Record<string, [(...x: number[]) => number, number, number]> = {
  smirnov: [(n, d) => smirnovSf(d as number, n as number), 1e-10, 0],
  kstwobign_sf: [(x) => kolmogorovLimitSf(x as number), 1e-10, 0],
  chi2_sf: [chiSquareSf as (...x: number[]) => number, 1e-10, 0],
  t_sf: [studentTSf as (...x: number[]) => number, 1e-10, 0],
  f_sf: [fSf as (...x: number[]) => number, 1e-11, 0],
  norm_sf: [normalSf as (...x: number[]) => number, 1e-10, 0],
  norm_isf: [normalIsf as (...x: number[]) => number, 1e-10, 0],
  betainc: [(a, b, x) => betaI(a as number, b as number, x as number), 1e-11, 0],
  gammaln: [logGamma as (...x: number[]) => number, 1e-10, 0],
  binom_sf: [binomialSf as (...x: number[]) => number, 1e-10, 0],
  hypergeom_pmf: [
    (k, total, marked, drawn) => hypergeometricPmf(k as number, total as number, marked as number, drawn as number),
    1e-10,
    0,
  ],
}

describe('special functions against SciPy', () => {
  for (const [name, [ours, relative, absolute]] of Object.entries(functions)) {
    it(name, () => {
      const rows = tables[name] as Rows
      expect(rows.length).toBeGreaterThan(3)
      for (const row of rows)
        expectClose(ours(...row.slice(0, -1)), row.at(-1) as number, relative, absolute, `${name}(${row.slice(0, -1)})`)
    })
  }

  it('kstwo_sf', () => {
    for (const [n, d, sf] of tables.kstwo_sf as [number, number, number][]) {
      expectClose(kolmogorovSf(d, n), sf, n > 140 ? 1e-7 : 1e-10, 0, `kstwo_sf(${n}, ${d})`)
    }
  })

  it('Kolmogorov near n·d² = 2.2, where the series ends and the tail begins', () => {
    // [d, n, P(D ≥ d)]: Durbin's matrix (Marsaglia, Tsang and Wang 2003) in 40 digits, mpmath 1.4.1.
    const exact: [number, number, number][] = [
      [0.08421519210665189, 141, 0.25535571790629935],
      [0.10314212462587934, 141, 0.092712151451112],
      [0.11909826683508273, 141, 0.03361121838545126],
      [0.12462710336687209, 141, 0.022855626577873607],
      [0.12491131605836449, 141, 0.022396333022372542],
      [0.12771866244832292, 141, 0.018281389455737963],
      [0.135792917017261, 141, 0.009941147209773137],
      [0.14586499149789456, 141, 0.004410383478849105],
      [0.16631167868819408, 141, 0.0007067881152714986],
      [0.07071067811865475, 200, 0.25765317977921237],
      [0.10464224768228175, 200, 0.023222347511063578],
      [0.10488088481701516, 200, 0.02275713159040702],
      [0.10723805294763608, 200, 0.018587843847055613],
      [0.1224744871391589, 200, 0.004506293820475529],
      [0.044721359549995794, 500, 0.26212703666662573],
      [0.06618156843109718, 500, 0.023912640605300697],
      [0.066332495807108, 500, 0.023436064808574478],
      [0.07211102550927978, 500, 0.01047564024743937],
    ]
    for (const [d, n, sf] of exact) expectClose(kolmogorovSf(d, n), sf, 3e-5, 0, `kstwo_sf(${n}, ${d})`)
  })

  it('the tail of Kolmogorov and Smirnov for n above 200,000', () => {
    const { smirnov } = JSON.parse(readFileSync('test/golden/kolmogorov-large.json', 'utf8')) as { smirnov: [number, number, number][] }
    for (const [d, n, sf] of smirnov) {
      expectClose(smirnovSf(d, n), sf, 1e-9, 0, `smirnov(${n}, ${d})`)
      // From n·d² = 3 on, the two-sided tail is twice the one-sided one to 1e-8.
      if (n * d * d >= 3) expectClose(kolmogorovSf(d, n), 2 * sf, 1e-9, 0, `kstwo_sf(${n}, ${d})`)
    }
    // scipy.stats.kstwo.sf(0.01, 250000)
    expectClose(kolmogorovSf(0.01, 250_000), 3.827782383e-22, 1e-9, 0, 'kstwo_sf(250000, 0.01)')
  })

  it('gammainc_lower_upper', () => {
    for (const [a, x, p, q] of tables.gammainc_lower_upper as [number, number, number, number][]) {
      expectClose(gammaP(a, x), p, 1e-10, 0, `gammaP(${a}, ${x})`)
      expectClose(gammaQ(a, x), q, 1e-10, 0, `gammaQ(${a}, ${x})`)
    }
  })
})

describe('edges', () => {
  it('gives NaN outside the domain and limits at its ends', () => {
    expect(gammaP(0, 1)).toBeNaN()
    expect(gammaQ(2, Number.POSITIVE_INFINITY)).toBe(0)
    expect(gammaP(2, 0)).toBe(0)
    expect(betaI(1, 1, 2)).toBeNaN()
    expect(logGamma(-1)).toBeNaN()
    expect(logGamma(0)).toBe(Number.POSITIVE_INFINITY)
    expect(chiSquareSf(-1, 3)).toBe(1)
    expect(chiSquareSf(Number.NaN, 3)).toBeNaN()
    expect(studentTSf(Number.POSITIVE_INFINITY, 3)).toBe(0)
    expect(studentTSf(Number.NEGATIVE_INFINITY, 3)).toBe(1)
    expect(normalIsf(0)).toBe(Number.POSITIVE_INFINITY)
    expect(normalIsf(1)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalIsf(2)).toBeNaN()
    expect(kolmogorovSf(0.5, 0)).toBeNaN()
    expect(kolmogorovSf(1, 10)).toBe(0)
    expect(kolmogorovSf(0, 10)).toBe(1)
    expect(smirnovSf(0, 10)).toBe(1)
    expect(smirnovSf(1, 10)).toBe(0)
    expect(kolmogorovLimitSf(0)).toBe(1)
    expect(hypergeometricPmf(6, 10, 5, 5)).toBe(0)
    expect(binomialSf(-1, 5, 0.5)).toBe(1)
    expect(binomialSf(5, 5, 0.5)).toBe(0)
  })

  it('is odd or complementary where it should be', () => {
    for (const x of [0, 0.1, 0.7, 1.3, 2.9, 6]) {
      expectClose(erf(-x), -erf(x), 1e-15, 0, `erf(${x})`)
      expectClose(erf(x) + erfc(x), 1, 1e-15, 0, `erf + erfc at ${x}`)
      expectClose(normalCdf(x) + normalSf(x), 1, 1e-15, 0, `normal at ${x}`)
    }
  })

  it('passes from the exact one-sided sum to its expansion without a step', () => {
    for (const z of [0.3, 1, 2, 4]) {
      const exact = smirnovSf(z / Math.sqrt(200_000), 200_000)
      const expansion = smirnovSf(z / Math.sqrt(200_001), 200_001)
      expectClose(expansion, exact, 1e-6, 0, `z = ${z}`)
    }
  })
})
