/** Options of an A/B test. */
import type { Clock } from '../../core/clock'
import { invalidArgument, show } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import { objectStoreRule } from '../../ports/port-rules'
import type { ServedModel } from '../../predictor/to-predictor'
import { assertWeights } from '../assignment'
import { armsOf, type RoutedArm, type UnitOptions, unitRules } from '../routed-model'

/** A metric of an A/B test. Its unit of analysis is the unit of assignment: the user, not the request. */
export interface AbMetric {
  /**
   * What a unit counts for: `share`: 1 once anything but `false` or 0 was recorded, else 0; `sum`: the sum of its values, 0 without any;
   * `mean`: the mean of its values, and units without any are left out.
   */
  readonly kind: 'share' | 'sum' | 'mean'
  /** @default true */
  readonly higherIsBetter?: boolean | undefined
  /** Of a goal: the smallest absolute difference that matters; fixes τ of the sequential test. Required with the method `sequential`. */
  readonly minimumEffect?: number | undefined
  /** Makes it a guard: not a goal, but no arm may be worse than the control by more than this, in absolute terms. */
  readonly margin?: number | undefined
}

/** Options of {@link createAbTest}. */
export interface AbTestOptions extends UnitOptions {
  /** Names the test in messages, metrics and the storage. */
  readonly name: string
  /** Models or predictors by the name of their arm. The first is the control. */
  readonly arms: Readonly<Record<string, ServedModel>>
  /** The column that names the unit (`user_id`), or several in order of preference. */
  readonly key: string | readonly string[]
  /** Arm → share. Fixed for the life of the test. @default equal shares */
  readonly weights?: Readonly<Record<string, number>> | undefined
  /** The first metric without `margin` is the one that decides. `error_rate` and `latency_ms` are recorded for every call, if they are listed. */
  readonly metrics: Readonly<Record<string, AbMetric>>
  /**
   * `sequential`: results may be read at any time, and the test stopped at the first decision. `fixed`: no decision before each arm has `unitsPerArm`
   * units. @default 'sequential'
   */
  readonly method?: 'sequential' | 'fixed' | undefined
  /** The planned size, see `sampleSizeForShares`. With the method `sequential`, where the test ends without a decision. */
  readonly unitsPerArm?: number | undefined
  /** Chance of a wrong decision, over all comparisons of goals. @default 0.05 */
  readonly alpha?: number | undefined
  /** @default the name */
  readonly salt?: string | undefined
  /** Units that always get an arm, for manual tests; they never enter the statistics. */
  readonly overrides?: Readonly<Record<string, string>> | undefined
  /** The control answers where another arm fails; the failure still counts for the arm. @default true */
  readonly fallback?: boolean | undefined
  /** Most units remembered; further ones are assigned but not counted. @default 1,000,000 */
  readonly maxUnits?: number | undefined
  /** Keeps the test under `traffic/ab/<name>/`, shared by all processes that open it. @default memory only */
  readonly storage?: ObjectStore | undefined
  /** How long events wait for others before they are stored. @default 1,000 */
  readonly flushEveryMs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Checked options of an A/B test with their defaults. */
export interface AbPlan {
  readonly name: string
  readonly arms: readonly RoutedArm[]
  readonly weights: Readonly<Record<string, number>>
  readonly metrics: Readonly<Record<string, AbMetric>>
  readonly method: 'sequential' | 'fixed'
  readonly unitsPerArm: number | undefined
  readonly alpha: number
  readonly salt: string
  readonly overrides: ReadonlyMap<string, string>
  readonly maxUnits: number
}

/** Metrics that are recorded by the test itself. */
export const CALL_METRICS: readonly string[] = ['error_rate', 'latency_ms']

/** Checks the options. @throws InvalidArgument */
export function planOf(options: AbTestOptions): AbPlan {
  const subject = 'createAbTest'
  checkOptions(subject, options ?? null, {
    ...unitRules(),
    name: nonEmptyString(),
    arms: anything(),
    weights: ofType('object'),
    metrics: ofType('object'),
    method: oneOf('sequential', 'fixed'),
    unitsPerArm: wholeNumber(2),
    alpha: finiteNumber(1e-9, 0.5),
    salt: nonEmptyString(),
    overrides: ofType('object'),
    fallback: ofType('boolean'),
    maxUnits: wholeNumber(1),
    storage: objectStoreRule(),
    flushEveryMs: finiteNumber(0),
    clock: ofType('object'),
  })
  const { name, method = 'sequential', unitsPerArm, alpha = 0.05, maxUnits = 1_000_000 } = options
  if (options.key === undefined) throw invalidArgument('createAbTest needs `key`, the column that names the unit, such as "user_id"')
  assertSafeSegment(name, '`name` of createAbTest')
  const arms = armsOf(subject, options.arms, 2)
  const names = arms.map((arm) => arm.name)
  const weights = options.weights ?? Object.fromEntries(names.map((arm) => [arm, 1]))
  assertWeights(subject, weights)
  assertNames('weights', Object.keys(weights), names)
  for (const arm of names) if (weights[arm] === undefined) throw invalidArgument(`\`weights\` of createAbTest lacks the arm ${show(arm)}`)
  const overrides = new Map(Object.entries(options.overrides ?? {}))
  assertNames('overrides', [...overrides.values()], names)
  if (method === 'fixed' && unitsPerArm === undefined)
    throw invalidArgument('createAbTest needs `unitsPerArm` with the method "fixed"', { hint: 'see sampleSizeForShares' })
  checkMetrics(options.metrics, method)
  return { name, arms, weights, metrics: options.metrics, method, unitsPerArm, alpha, salt: options.salt ?? name, overrides, maxUnits }
}

function assertNames(option: string, used: readonly unknown[], arms: readonly string[]): void {
  const unknown = used.find((arm) => !arms.includes(arm as string))
  if (unknown !== undefined)
    throw invalidArgument(`\`${option}\` of createAbTest names ${show(unknown)}; the arms are ${arms.map(show).join(', ')}`)
}

function checkMetrics(metrics: AbTestOptions['metrics'], method: AbPlan['method']): void {
  const entries = Object.entries(metrics ?? {})
  for (const [name, metric] of entries) {
    const subject = `the metric ${show(name)} of createAbTest`
    checkOptions(subject, metric, {
      kind: oneOf('share', 'sum', 'mean'),
      higherIsBetter: ofType('boolean'),
      minimumEffect: finiteNumber(Number.MIN_VALUE),
      margin: finiteNumber(Number.MIN_VALUE),
    })
    if (metric?.kind === undefined) throw invalidArgument(`${subject} needs \`kind\`: share, sum or mean`)
    if (CALL_METRICS.includes(name) && metric.kind !== 'mean')
      throw invalidArgument(`${subject} is recorded by the test: its \`kind\` is mean`)
    if (metric.margin === undefined && metric.minimumEffect === undefined && method === 'sequential')
      throw invalidArgument(
        `${subject} needs \`minimumEffect\`, the smallest difference that matters, or \`margin\`, which makes it a guard`,
      )
    if (metric.margin !== undefined && metric.minimumEffect !== undefined)
      throw invalidArgument(`${subject} has \`minimumEffect\`, which is for goals, and \`margin\`, which is for guards: give one`)
  }
  if (!entries.some(([, { margin }]) => margin === undefined))
    throw invalidArgument('createAbTest needs at least one metric without `margin`: the goal that decides')
}
