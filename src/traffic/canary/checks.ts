/** The checks of a canary: each compares the candidate with the stable model on the traffic of the same step. */
import type { Awaitable } from '../../core/awaitable'
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { quantileOf } from '../../predictor/histogram'
import { populationStabilityIndex, psiNoise } from '../../stats/divergence'
import { sequentialTest } from '../statistics/sequential'
import type { ArmCounts } from './arm-counts'

/** What a check found. `inconclusive` never promotes. */
export interface CheckResult {
  readonly verdict: 'pass' | 'fail' | 'inconclusive'
  /** A sentence with the numbers. */
  readonly text: string
}

/** A check. Make your own with any function; one that throws counts as an error of the check. */
export interface CanaryCheck {
  readonly name: string
  evaluate(counts: { readonly stable: ArmCounts; readonly candidate: ArmCounts }): Awaitable<CheckResult>
  /** Left out of shadow steps, in which callers get no answers of the candidate: for checks of outcomes. @default false */
  readonly needsCallers?: boolean | undefined
  /** How many failures a step survives. @default 0 */
  readonly failureLimit?: number | undefined
  /** How many errors in a row a step survives. @default 4 */
  readonly errorLimit?: number | undefined
}

/** Options that the checks have in common. */
export interface CheckLimits {
  /** Fewest rows (or outcomes) of the candidate and of the stable model before the check says anything. @default 50 */
  readonly minRows?: number | undefined
  /** How many failures a step survives. @default 0 */
  readonly failureLimit?: number | undefined
}

/** Options of {@link errorRateCheck}. */
export interface ErrorRateCheckOptions extends CheckLimits {
  /** How much higher the candidate's rate may be, in absolute terms. @default 0.01 */
  readonly margin?: number | undefined
  /** Chance of a wrong failure, over all looks. @default 0.05 */
  readonly alpha?: number | undefined
}

/** Options of {@link outcomeCheck}. */
export interface OutcomeCheckOptions extends CheckLimits {
  /** The metric of `record`. */
  readonly metric: string
  /** @default true */
  readonly higherIsBetter?: boolean | undefined
  /** How much worse the candidate's mean may be, in the unit of the metric. @default 0.02 */
  readonly margin?: number | undefined
  /** A difference that should be found soon, in the unit of the metric; fixes τ of the sequential test. @default 0.1 */
  readonly minimumEffect?: number | undefined
  /** Chance of a wrong failure, over all looks. @default 0.05 */
  readonly alpha?: number | undefined
}

/** Options of {@link latencyCheck}. */
export interface LatencyCheckOptions extends CheckLimits {
  /** Which quantile. @default 0.95 */
  readonly quantile?: number | undefined
  /** How many times the stable model's latency is allowed. @default 1.5 */
  readonly ratio?: number | undefined
  /** Differences up to this do not count, in milliseconds. @default 5 */
  readonly slackMs?: number | undefined
}

/** Options of {@link predictionsCheck}. */
export interface PredictionsCheckOptions extends CheckLimits {
  /** Largest population stability index, beyond that of sampling alone. @default 0.25 */
  readonly threshold?: number | undefined
}

function limitRules() {
  return { minRows: wholeNumber(1), failureLimit: wholeNumber(0) }
}

/**
 * Fails when the candidate's rate of failed or invalid answers is higher than the stable model's by more than `margin`, and significantly so by the
 * always-valid test. A higher rate that is not significant is inconclusive.
 */
export function errorRateCheck(options: ErrorRateCheckOptions = {}): CanaryCheck {
  checkOptions('errorRateCheck', options, { ...limitRules(), margin: finiteNumber(0, 1), alpha: finiteNumber(1e-9, 0.5) })
  const { margin = 0.01, alpha = 0.05, minRows = 50, failureLimit } = options
  return {
    name: 'error rate',
    failureLimit,
    evaluate({ stable, candidate }) {
      if (Math.min(stable.rows, candidate.rows) < minRows) return tooFew('rows', stable.rows, candidate.rows, minRows)
      const [a, b] = [varianceOf(stable), varianceOf(candidate)]
      const text = `${percent(bad(candidate) / candidate.rows)} against ${percent(bad(stable) / stable.rows)}`
      const worse = bad(candidate) / candidate.rows - bad(stable) / stable.rows
      return judged(worse, margin, sequentialTest(worse, a + b, { tau2: Math.max(margin, 0.01) ** 2, alpha }), text)
    },
  }
}

/**
 * Fails when the mean of an outcome (recorded with `canary.record`) is worse than the stable model's by more than `margin`, and significantly so by the
 * always-valid test.
 */
export function outcomeCheck(options: OutcomeCheckOptions): CanaryCheck {
  checkOptions('outcomeCheck', options ?? null, {
    ...limitRules(),
    metric: nonEmptyString(),
    higherIsBetter: ofType('boolean'),
    margin: finiteNumber(0),
    minimumEffect: finiteNumber(Number.MIN_VALUE),
    alpha: finiteNumber(1e-9, 0.5),
  })
  if (typeof options?.metric !== 'string') throw invalidArgument('outcomeCheck needs `metric`, the name that `record` is given')
  const { metric, higherIsBetter = true, margin = 0.02, minimumEffect = 0.1, alpha = 0.05, minRows = 50, failureLimit } = options
  return {
    name: metric,
    needsCallers: true,
    failureLimit,
    evaluate({ stable, candidate }) {
      const [a, b] = [stable.outcomes[metric], candidate.outcomes[metric]]
      const least = Math.min(a?.count ?? 0, b?.count ?? 0)
      if (a === undefined || b === undefined || least < minRows) return tooFew('outcomes', a?.count ?? 0, b?.count ?? 0, minRows)
      const variance = a.m2 / (a.count - 1) / a.count + b.m2 / (b.count - 1) / b.count
      const worse = higherIsBetter ? a.mean - b.mean : b.mean - a.mean
      const text = `${number(b.mean)} against ${number(a.mean)}`
      return judged(worse, margin, sequentialTest(worse, variance, { tau2: minimumEffect ** 2, alpha }), text)
    },
  }
}

/** Fails when a quantile of the candidate's latency is more than `ratio` times the stable model's (and more than `slackMs` above it). */
export function latencyCheck(options: LatencyCheckOptions = {}): CanaryCheck {
  checkOptions('latencyCheck', options, {
    ...limitRules(),
    quantile: finiteNumber(0.01, 0.999),
    ratio: finiteNumber(1),
    slackMs: finiteNumber(0),
  })
  const { quantile = 0.95, ratio = 1.5, slackMs = 5, minRows = 50, failureLimit } = options
  return {
    name: `latency p${Number((quantile * 100).toPrecision(3))}`,
    failureLimit,
    evaluate({ stable, candidate }) {
      if (Math.min(stable.latency.count, candidate.latency.count) < minRows)
        return tooFew('calls', stable.latency.count, candidate.latency.count, minRows)
      const [a, b] = [1000 * quantileOf(stable.latency, quantile), 1000 * quantileOf(candidate.latency, quantile)]
      return { verdict: b > a * ratio && b > a + slackMs ? 'fail' : 'pass', text: `${number(b)} ms against ${number(a)} ms` }
    },
  }
}

/** Fails when the candidate's predictions are distributed differently: population stability index above `threshold`. */
export function predictionsCheck(options: PredictionsCheckOptions = {}): CanaryCheck {
  checkOptions('predictionsCheck', options, { ...limitRules(), threshold: finiteNumber(0) })
  const { threshold = 0.25, minRows = 50, failureLimit } = options
  return {
    name: 'predictions',
    failureLimit,
    evaluate({ stable, candidate }) {
      const [m, n] = [stable, candidate].map(({ rows, failed }) => rows - failed) as [number, number]
      if (Math.min(m, n) < minRows) return tooFew('answers', m, n, minRows)
      const keys = [...new Set([...Object.keys(stable.predictions), ...Object.keys(candidate.predictions)])]
      const counts = ({ predictions }: ArmCounts): number[] => keys.map((key) => predictions[key] ?? 0)
      const index = populationStabilityIndex(counts(stable), counts(candidate), { smoothing: 'jeffreys' })
      const limit = threshold + psiNoise(keys.length, m, n)
      return { verdict: index > limit ? 'fail' : 'pass', text: `stability index ${number(index)}, allowed ${number(limit)}` }
    },
  }
}

function judged(worse: number, margin: number, test: { readonly interval: readonly [number, number] }, text: string): CheckResult {
  if (worse <= margin) return { verdict: 'pass', text }
  if (test.interval[0] > 0) return { verdict: 'fail', text: `${text}: significantly worse` }
  return { verdict: 'inconclusive', text: `${text}: worse, but not significantly` }
}

/** Failed and invalid answers. */
function bad({ failed, invalid }: ArmCounts): number {
  return failed + invalid
}

/** The squared standard error of the rate of bad answers; one good and one bad answer are added, so that it is never 0. */
function varianceOf(counts: ArmCounts): number {
  const n = counts.rows + 2
  const rate = (bad(counts) + 1) / n
  return (rate * (1 - rate)) / n
}

function tooFew(what: string, stable: number, candidate: number, wanted: number): CheckResult {
  return { verdict: 'inconclusive', text: `${candidate} and ${stable} ${what}, of ${wanted} that it needs` }
}

function percent(share: number): string {
  return `${number(share * 100)} %`
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)))
}
