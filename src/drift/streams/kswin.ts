/** KSWIN: compares the newest values of a sliding window with the older ones by the Kolmogorov–Smirnov test. */
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import { createRng } from '../../core/random'
import type { Detector } from '../../ports/detector'
import { ksTestSorted } from '../../stats/ks'
import { QUIET, streamDetector } from './stream-detector'

/** Options of {@link kswin}. */
export interface KswinOptions {
  /** Drift when the p-value is at most this; in (0, 1). There is one test a value: keep it small. @default 0.005 */
  readonly alpha?: number | undefined
  /** Number of values in the window. @default 100 */
  readonly window?: number | undefined
  /** How many of them are the newest ones, which are compared with the rest. @default 30 */
  readonly stat?: number | undefined
  /** Draws as many of the older values at random as there are newest ones, as river does. @default the newest values are compared with all older ones */
  readonly seed?: number | undefined
}

interface State {
  readonly [key: string]: number | number[]
  /** Of all values: which numbers are drawn. */
  readonly count: number
  /** Oldest first. */
  readonly values: number[]
}

/** A difference of the distribution functions below this is no drift, however small its p-value. */
const LEAST_DIFFERENCE = 0.1

/**
 * A KSWIN detector for numbers of any scale: finds changes of the mean, the spread and the shape. Gives no warnings. O(window log window) a value.
 *
 * river draws from the older values at random; compared with all of them, as here by default, the same values always give the same alarms, and more power.
 * Source: C. Raab, M. Heusinger and F.-M. Schleif, Reactive Soft Prototype Computing for Concept Drift Streams, Neurocomputing, 2020.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function kswin(options: KswinOptions = {}): Detector {
  checkOptions('kswin', options, {
    alpha: finiteNumber(Number.MIN_VALUE, 1 - Number.EPSILON),
    window: wholeNumber(4, 100_000),
    stat: wholeNumber(2),
    seed: finiteNumber(),
  })
  const { alpha = 0.005, window = 100, stat = 30, seed } = options
  if (2 * stat > window) throw invalidArgument(`\`stat\` of kswin must be at most half of \`window\`, got ${stat} and ${window}`)
  return streamDetector<State>({
    name: 'kswin',
    capabilities: { realValues: true, warnings: false, twoSided: true },
    fresh: () => ({ count: 0, values: [] }),
    problemOf: ({ values }) =>
      values.length <= window && values.every(Number.isFinite)
        ? undefined
        : { member: 'values', expected: `at most ${window} finite numbers` },
    update: (memory) => (value) => {
      const state = memory.begin(value)
      if (state === undefined) return QUIET
      state.count++
      state.values.push(value)
      if (state.values.length > window) state.values.shift()
      if (state.values.length < window) return QUIET
      const newest = Float64Array.from(state.values.slice(-stat)).sort()
      const older = state.values.slice(0, -stat)
      const chosen = seed === undefined ? older : drawn(older, stat, seed + state.count)
      const { statistic, pValue } = ksTestSorted(Float64Array.from(chosen).sort(), newest)
      return pValue <= alpha && statistic > LEAST_DIFFERENCE ? memory.drift() : QUIET
    },
  })
}

/** `count` of the values without replacement, in any order. */
function drawn(values: readonly number[], count: number, seed: number): number[] {
  const rng = createRng(seed)
  const pool = [...values]
  for (let i = 0; i < count; i++) {
    const j = i + rng.int(pool.length - i)
    const kept = pool[i] as number
    pool[i] = pool[j] as number
    pool[j] = kept
  }
  return pool.slice(0, count)
}
