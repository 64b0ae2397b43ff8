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
import type { MethodResult } from './count-methods'
import type { ColumnMethod } from './drift-options'
import type { DriftMethod } from './methods'

/** Two samples of one column. */
export interface TwoSamples {
  /** The reference, ascending: all its values, or a sample of them. */
  readonly reference: Float64Array
  /** How many values the sample counts as in p-values: all of the reference, or fewer where it is known only roughly. */
  readonly size: number
  /** Of all values of the reference. */
  readonly moments: Moments
  /** Ascending: all values, or those that stand for them. */
  readonly current: Float64Array
  /** How many values they count as in p-values. */
  readonly currentSize: number
  readonly currentMoments: Moments
}

/** Compares by a method of samples. A test that cannot take these values (too few, all equal) is replaced by `ks`, with a note. */
export function compareSamples(settings: ColumnMethod, samples: TwoSamples): MethodResult {
  const { method } = settings
  if (isSame(samples) && method !== 'ks') return { statistic: 0, pValue: distances.has(method) ? null : 1, score: 0, notes: [] }
  try {
    return byMethod(settings, samples)
  } catch (error) {
    if (!isMillwrightError(error, 'InvalidArgument')) throw error
    const result = kolmogorovSmirnov(settings, samples)
    return { ...result, notes: [`${method} cannot compare these values (${error.message}): ks instead`, ...result.notes] }
  }
}

const distances: ReadonlySet<DriftMethod> = /* @__PURE__ */ new Set<DriftMethod>(['wasserstein', 'energy'])

/** Both sides hold one value only, the same. */
function isSame({ moments, currentMoments }: TwoSamples): boolean {
  return moments.min === moments.max && currentMoments.min === currentMoments.max && moments.min === currentMoments.min
}

function byMethod(settings: ColumnMethod, samples: TwoSamples): MethodResult {
  const { reference, current, moments } = samples
  switch (settings.method) {
    case 'cramerVonMises':
      return withEffect(samples, cramerVonMisesTest(reference, current))
    case 'andersonDarling': {
      const test = andersonDarlingTest(reference, current)
      return withEffect(samples, test, test.capped ? ['the p-value of andersonDarling lies between 0.001 and 0.25'] : [])
    }
    case 'eppsSingleton':
      return withEffect(samples, eppsSingletonTest(reference, current))
    case 'mannWhitney':
      return mannWhitney(settings, samples)
    case 'tTest':
    case 'welch':
      return means(settings.method, samples)
    case 'mmd':
      return discrepancy(samples)
    case 'wasserstein':
      return distance(wassersteinSorted(reference, current) / scaleOf(moments))
    case 'energy':
      return distance(energySorted(reference, current) / Math.sqrt(scaleOf(moments)))
    default:
      return kolmogorovSmirnov(settings, samples)
  }
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
function kolmogorovSmirnov({ direction }: ColumnMethod, samples: TwoSamples): MethodResult {
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
function mannWhitney({ direction }: ColumnMethod, { reference, current }: TwoSamples): MethodResult {
  const alternative = direction === 'both' ? 'two-sided' : direction === 'up' ? 'less' : 'greater'
  const { statistic, pValue } = mannWhitneyTest(reference, current, { alternative })
  return { statistic, pValue, score: Math.abs((2 * statistic) / (reference.length * current.length) - 1), notes: [] }
}

/** Student's and Welch's test need only moments. Effect size: Cohen's d. */
function means(method: 'tTest' | 'welch', samples: TwoSamples): MethodResult {
  const { moments, currentMoments } = samples
  const side = (of: Moments) => ({ count: of.count, mean: of.mean, variance: momentsStd(of) ** 2 })
  const [a, b] = [side(moments), side(currentMoments)]
  if (a.count < 2 || b.count < 2) return kolmogorovSmirnov({ method: 'ks', threshold: 0, direction: 'both', binning: 'reference' }, samples)
  const { statistic, pValue } = tTestOfMoments(a, b, method === 'tTest')
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
