/** Reads an A/B test: each arm against the control, the guards, the sample ratio, and the verdict. */
import { attachDisplay, textTable } from '../../core/display'
import { adjustPValues } from '../../stats/multiple-testing'
import { type ArmDifference, type ArmSummary, compareMeans, compareShares } from '../statistics/compare-arms'
import { type SampleRatioResult, sampleRatioTest } from '../statistics/sample-ratio'
import { sequentialTest } from '../statistics/sequential'
import type { AbMetric, AbPlan } from './ab-options'
import type { UnitTable } from './unit-table'

/** An arm and its metrics. */
export interface AbArmResult {
  readonly name: string
  /** Intended share. */
  readonly weight: number
  readonly units: number
  readonly metrics: Readonly<Record<string, ArmSummary>>
}

/** One metric of one arm against the control. */
export interface AbComparison {
  readonly metric: string
  readonly arm: string
  readonly role: 'goal' | 'guard'
  readonly higherIsBetter: boolean
  /** Treatment − control. */
  readonly difference: number
  /** As a share of the control's value. */
  readonly relative: number
  /** Of the method: always valid with `sequential`. */
  readonly interval: readonly [number, number]
  /** Of the method; corrected by Holm over all comparisons of goals. */
  readonly pValue: number
  /**
   * Of a goal: `better`, `worse` (significant), or `open`. Of a guard: `failed` (worse than the control by more than the margin), `kept` (the interval
   * excludes that), or `open`.
   */
  readonly state: 'better' | 'worse' | 'open' | 'failed' | 'kept'
  /** Of a guard. */
  readonly margin?: number | undefined
}

/** What to do. */
export interface AbVerdict {
  /**
   * `running`: wait. `better`: the arm wins. `worse`: every arm is worse than the control. `guard-failed`: stop the arm. `no-difference`: the planned size
   * is reached without a decision. `invalid`: the sample ratio is wrong, so nothing may be concluded.
   */
  readonly state: 'running' | 'better' | 'worse' | 'guard-failed' | 'no-difference' | 'invalid'
  readonly arm?: string | undefined
  readonly metric?: string | undefined
  /** A sentence for people. */
  readonly text: string
}

/** The state of an A/B test. */
export interface AbResults {
  readonly kind: 'ab-test'
  readonly name: string
  readonly control: string
  readonly method: 'sequential' | 'fixed'
  readonly alpha: number
  /** Epoch milliseconds. */
  readonly at: number
  /** Where the first unit was met. */
  readonly startedAt?: number | undefined
  readonly arms: readonly AbArmResult[]
  readonly unitsPerArm?: number | undefined
  readonly comparisons: readonly AbComparison[]
  readonly sampleRatio: SampleRatioResult
  /** Units seen in two arms (left out), values of units that were never met, units beyond `maxUnits`. */
  readonly contaminated: number
  readonly unmatched: number
  readonly uncounted: number
  readonly verdict: AbVerdict
  /** The first decision of a sequential test. It stays, whatever comes after it. */
  readonly decision?: (AbVerdict & { readonly at: number }) | undefined
}

/** Fewest units of each arm before a sequential test says anything: its estimate must be normal. */
const LEAST_UNITS = 100

/** The results without what the table does not know. */
export function readAbTest(plan: AbPlan, table: UnitTable): Pick<AbResults, 'arms' | 'comparisons' | 'sampleRatio' | 'verdict'> {
  const total = Object.values(plan.weights).reduce((sum, weight) => sum + weight, 0)
  const arms = plan.arms.map(({ name }): AbArmResult => {
    const metrics = Object.entries(plan.metrics).map(([metric, rule]) => [metric, table.summary(name, metric, rule)])
    return { name, weight: (plan.weights[name] as number) / total, units: table.units(name), metrics: Object.fromEntries(metrics) }
  })
  const comparisons = compareAll(plan, arms)
  const sampleRatio = sampleRatioTest(
    arms.map(({ units }) => units),
    arms.map(({ weight }) => weight),
  )
  return { arms, comparisons, sampleRatio, verdict: verdictOf(plan, arms, comparisons, sampleRatio) }
}

function compareAll(plan: AbPlan, arms: readonly AbArmResult[]): AbComparison[] {
  const [control, ...others] = arms as [AbArmResult, ...AbArmResult[]]
  const metrics = Object.entries(plan.metrics)
  const goals = metrics.filter(([, { margin }]) => margin === undefined).length * others.length
  const raw = others.flatMap((arm) => metrics.map(([name, metric]) => compareOne(plan, name, metric, control, arm, goals)))
  const goalRows = raw.filter(({ role }) => role === 'goal')
  const adjusted = adjustPValues(
    goalRows.map(({ pValue }) => pValue),
    'holm',
  )
  return raw.map((row) => {
    if (row.role === 'guard') return row
    const pValue = adjusted[goalRows.indexOf(row)] as number
    const isBetter = row.difference > 0 === row.higherIsBetter
    return { ...row, pValue, state: pValue >= plan.alpha ? 'open' : isBetter ? 'better' : 'worse' }
  })
}

/** Compares an arm with the control. `goals` is the number of comparisons that share alpha. */
function compareOne(plan: AbPlan, name: string, metric: AbMetric, control: AbArmResult, arm: AbArmResult, goals: number): AbComparison {
  const { higherIsBetter = true, margin } = metric
  const [a, b] = [control.metrics[name] as ArmSummary, arm.metrics[name] as ArmSummary]
  // A guard is one-sided: its bound is that of an interval with twice the alpha.
  const alpha = margin === undefined ? plan.alpha / Math.max(1, goals) : plan.method === 'fixed' ? 2 * plan.alpha : plan.alpha
  const fixed = differenceOf(a, b, metric.kind, alpha)
  const scale = metric.minimumEffect ?? margin ?? 1
  // The test must speak even where one arm has only hits and the other none: a share never has the variance 0 then.
  const isShare = metric.kind === 'share' || name === 'error_rate'
  const isReady = Math.min(a.count, b.count) >= LEAST_UNITS
  const variance = isShare ? smoothedVariance(a) + smoothedVariance(b) : fixed.variance
  // Values that are the same for all units have no error.
  const isExact = plan.method === 'fixed' || (isReady && variance === 0)
  const known = isReady ? variance : Number.POSITIVE_INFINITY
  const found = isExact ? fixed : sequentialTest(fixed.difference, known, { tau2: scale ** 2, alpha })
  const sign = higherIsBetter ? -1 : 1
  const worse = [found.interval[0] * sign, found.interval[1] * sign].sort((x, y) => x - y) as [number, number]
  const state = margin === undefined ? 'open' : worse[0] > margin ? 'failed' : worse[1] < margin ? 'kept' : 'open'
  return {
    ...{ metric: name, arm: arm.name, role: margin === undefined ? 'goal' : 'guard', higherIsBetter },
    ...{ difference: fixed.difference, relative: fixed.relative, interval: found.interval, pValue: found.pValue, state, margin },
  }
}

function differenceOf(a: ArmSummary, b: ArmSummary, kind: AbMetric['kind'], alpha: number): ArmDifference {
  if (kind !== 'share') return compareMeans(a, b, { alpha })
  const counts = ({ count, mean }: ArmSummary) => ({ hits: Math.round(count * mean), count })
  return compareShares(counts(a), counts(b), { alpha })
}

/** The squared standard error of a share, with one hit and one miss added. */
function smoothedVariance({ count, mean }: ArmSummary): number {
  const share = (count * mean + 1) / (count + 2)
  return (share * (1 - share)) / (count + 2)
}

function verdictOf(plan: AbPlan, arms: readonly AbArmResult[], all: readonly AbComparison[], ratio: SampleRatioResult): AbVerdict {
  if (ratio.mismatch) {
    return {
      state: 'invalid',
      text: `Do not read this test: the arms got other shares of the units than planned (p ${ratio.pValue.toExponential(1)}). Find out where units are lost.`,
    }
  }
  const failed = all.find(({ state }) => state === 'failed')
  if (failed !== undefined) {
    const text = `Stop ${failed.arm}: it is worse than ${arms[0]?.name} in ${failed.metric}, by more than the margin of ${failed.margin}.`
    return { state: 'guard-failed', arm: failed.arm, metric: failed.metric, text }
  }
  const least = Math.min(...arms.map(({ units }) => units))
  const planned = plan.unitsPerArm
  if (plan.method === 'fixed' && least < (planned as number)) {
    return { state: 'running', text: `Wait: the smallest arm has ${least} of ${planned} units; results may not be read before.` }
  }
  const primary = Object.entries(plan.metrics).find(([, { margin }]) => margin === undefined)?.[0] as string
  const deciding = all.filter(({ metric }) => metric === primary)
  const gain = ({ difference, higherIsBetter }: AbComparison): number => (higherIsBetter ? difference : -difference)
  const best = deciding.filter(({ state }) => state === 'better').sort((a, b) => gain(b) - gain(a))[0]
  if (best !== undefined) {
    return { state: 'better', arm: best.arm, metric: primary, text: `Take ${best.arm}: it is better than ${arms[0]?.name} in ${primary}.` }
  }
  if (deciding.every(({ state }) => state === 'worse')) {
    return { state: 'worse', metric: primary, text: `Keep ${arms[0]?.name}: every other arm is worse in ${primary}.` }
  }
  if (planned !== undefined && least >= planned) {
    return {
      state: 'no-difference',
      metric: primary,
      text: `Keep ${arms[0]?.name}: the planned ${planned} units for each arm show no difference in ${primary}.`,
    }
  }
  return { state: 'running', metric: primary, text: `Wait: there is no decision on ${primary} yet.` }
}

/** Adds the display of results. */
export function displayAbResults(results: AbResults): AbResults {
  const number = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '–')
  const text = (): string => {
    const rows = results.comparisons.map(({ arm, metric, difference, interval, pValue, state }) => {
      const bounds = `${number(interval[0])} … ${number(interval[1])}`
      return [arm, metric, number(difference), bounds, number(pValue), state]
    })
    const units = results.arms.map(({ name, units }) => `${name} ${units}`).join(', ')
    return `AbTest: ${results.name}, ${results.verdict.state}. ${results.verdict.text}\nunits: ${units}\n${textTable(['arm', 'metric', 'difference', 'interval', 'p', 'state'], rows)}`
  }
  return attachDisplay(results, { text })
}
