/** Methods that compare two samples of numbers. */
import { isMillwrightError } from '../core/errors'
import { andersonDarlingTest } from '../stats/anderson-darling'
import { cramerVonMisesTest } from '../stats/cramer-von-mises'
import { eppsSingletonTest } from '../stats/epps-singleton'
import { ksTestSorted, ksWalk } from '../stats/ks'
import { ksAsymptoticPValue } from '../stats/ks-p-value'
import { mannWhitneyTest } from '../stats/mann-whitney'
import { mmdTest } from '../stats/mmd'
import { type Moments, momentsStd } from '../stats/running-moments'
import { tTestOfMoments } from '../stats/t-test'
import { energySorted, wassersteinSorted } from '../stats/wasserstein'
import type { ColumnMethod } from './drift-options'
import type { MethodResult, SampleMethod, TwoSamples } from './method-part'
import { isTest } from './methods'

/** Kolmogorov–Smirnov. Every detector has it. */
export const ksMethod: SampleMethod = { name: 'ks', compare: kolmogorovSmirnov }

/** Cramér–von Mises. */
export const cramerVonMisesMethod: SampleMethod = {
  name: 'cramerVonMises',
  compare: (samples) => withEffect(samples, cramerVonMisesTest(samples.reference, samples.current)),
}

/** Anderson–Darling. */
export const andersonDarlingMethod: SampleMethod = {
  name: 'andersonDarling',
  compare(samples) {
    const test = andersonDarlingTest(samples.reference, samples.current)
    return withEffect(samples, test, test.capped ? ['the p-value of andersonDarling lies between 0.001 and 0.25'] : [])
  },
}

/** Epps–Singleton. */
export const eppsSingletonMethod: SampleMethod = {
  name: 'eppsSingleton',
  compare: (samples) => withEffect(samples, eppsSingletonTest(samples.reference, samples.current)),
}

/** Mann–Whitney. */
export const mannWhitneyMethod: SampleMethod = { name: 'mannWhitney', compare: mannWhitney }

/** Student's t-test. */
export const tTestMethod: SampleMethod = { name: 'tTest', compare: (samples) => means(true, samples) }

/** Welch's t-test. */
export const welchMethod: SampleMethod = { name: 'welch', compare: (samples) => means(false, samples) }

/** Maximum mean discrepancy. */
export const mmdMethod: SampleMethod = { name: 'mmd', compare: discrepancy }

/** Wasserstein distance in standard deviations of the reference. */
export const wassersteinMethod: SampleMethod = {
  name: 'wasserstein',
  compare: ({ reference, current, moments }) => distance(wassersteinSorted(reference, current) / scaleOf(moments)),
}

/** Energy distance in standard deviations of the reference. */
export const energyMethod: SampleMethod = {
  name: 'energy',
  compare: ({ reference, current, moments }) => distance(energySorted(reference, current) / Math.sqrt(scaleOf(moments))),
}

/** Compares by a method of samples. A test that cannot take these values (too few, all equal) is replaced by `ks`, with a note. */
export function compareSamples(method: SampleMethod, settings: ColumnMethod, samples: TwoSamples): MethodResult {
  const { name } = method
  if (isSame(samples) && name !== 'ks') return { statistic: 0, pValue: isTest(name) ? 1 : null, score: 0, notes: [] }
  try {
    return method.compare(samples, settings)
  } catch (error) {
    if (!isMillwrightError(error, 'InvalidArgument')) throw error
    const result = kolmogorovSmirnov(samples, settings)
    return { ...result, notes: [`${name} cannot compare these values (${error.message}): ks instead`, ...result.notes] }
  }
}

/** Both sides hold one value only, the same. */
function isSame({ moments, currentMoments }: TwoSamples): boolean {
  return moments.min === moments.max && currentMoments.min === currentMoments.max && moments.min === currentMoments.min
}

function distance(value: number): MethodResult {
  return { statistic: value, pValue: null, score: value, notes: [] }
}

/** The effect size of tests of the whole distribution: the largest difference of the distribution functions. */
function withEffect(
  samples: TwoSamples,
  test: { readonly statistic: number; readonly pValue: number },
  notes: readonly string[] = [],
): MethodResult {
  const { plus, minus } = ksWalk(samples.reference, samples.current)
  const score = Math.max(plus, minus) / (samples.reference.length * samples.current.length)
  return { statistic: test.statistic, pValue: test.pValue, score, notes }
}

/** SciPy's words are about the first sample: current values moved up means that the reference tends to smaller ones. */
function kolmogorovSmirnov(samples: TwoSamples, { direction }: Pick<ColumnMethod, 'direction'>): MethodResult {
  const { reference, current, size, currentSize } = samples
  const alternative = direction === 'both' ? 'two-sided' : direction === 'up' ? 'greater' : 'less'
  const note = 'repeated values: the true p-value is smaller or equal'
  if (reference.length === samples.moments.count && current.length === samples.currentMoments.count) {
    const { statistic, pValue, hasTies } = ksTestSorted(reference, current, { alternative })
    return { statistic, pValue, score: statistic, notes: hasTies ? [note] : [] }
  }
  // The difference is that of the kept values, the p-value that of the size they stand for.
  const { plus, minus, hasTies } = ksWalk(reference, current)
  const difference = direction === 'both' ? Math.max(plus, minus) : direction === 'up' ? plus : minus
  const statistic = difference / (reference.length * current.length)
  return {
    statistic,
    pValue: ksAsymptoticPValue(statistic, size, currentSize, direction === 'both'),
    score: statistic,
    notes: hasTies ? [note] : [],
  }
}

/** Effect size: the rank-biserial correlation, by how much more often one side is larger. */
function mannWhitney({ reference, current }: TwoSamples, { direction }: ColumnMethod): MethodResult {
  const alternative = direction === 'both' ? 'two-sided' : direction === 'up' ? 'less' : 'greater'
  const { statistic, pValue } = mannWhitneyTest(reference, current, { alternative })
  return { statistic, pValue, score: Math.abs((2 * statistic) / (reference.length * current.length) - 1), notes: [] }
}

/** Student's and Welch's test need only moments. Effect size: Cohen's d. */
function means(equalVariance: boolean, samples: TwoSamples): MethodResult {
  const { moments, currentMoments } = samples
  const side = (of: Moments) => ({ count: of.count, mean: of.mean, variance: momentsStd(of) ** 2 })
  const [a, b] = [side(moments), side(currentMoments)]
  if (a.count < 2 || b.count < 2) return kolmogorovSmirnov(samples, { direction: 'both' })
  const { statistic, pValue } = tTestOfMoments(a, b, equalVariance)
  const pooled = Math.sqrt(((a.count - 1) * a.variance + (b.count - 1) * b.variance) / (a.count + b.count - 2))
  const floor = Math.max(pooled, scaleFloor(moments))
  return { statistic, pValue, score: Math.abs(a.mean - b.mean) / floor, notes: [] }
}

/** Rows of each side that the permutations take. */
const MMD_ROWS = 250

function discrepancy({ reference, current }: TwoSamples): MethodResult {
  const rows = (sorted: Float64Array): Float64Array[] => Array.from(sorted, (value) => Float64Array.of(value))
  const { statistic, pValue, nA, nB } = mmdTest(rows(reference), rows(current), { maxRows: MMD_ROWS })
  const isSampled = nA < reference.length || nB < current.length
  const notes = isSampled ? [`mmd compares ${nA} values with ${nB}, drawn at random`] : []
  return { statistic, pValue, score: Math.sqrt(Math.max(0, statistic)), notes }
}

/** The population standard deviation of the reference, at least the rounding error of its values. */
function scaleOf(moments: Moments): number {
  return Math.max(momentsStd(moments, 0), scaleFloor(moments))
}

function scaleFloor({ min, max }: Moments): number {
  return Math.max(Math.max(Math.abs(min), Math.abs(max)) * 1e-12, 1e-300)
}
