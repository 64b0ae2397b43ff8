/** Checks alert rules, and works out their limits. */
import { invalidArgument, show } from '../core/errors'
import { anything, checkOptions, either, finiteNumber, nonEmptyString, type OptionRule, ofType, oneOf, wholeNumber } from '../core/options'
import { type Metric, metricByName } from '../metrics'
import type { PerformanceEstimator } from './estimate/estimator'
import { assertFilter } from './row-filter'
import type { AlertRule } from './rule'
import { type Limits, limitsOf, type ReferenceThreshold } from './threshold'
import { assertWindow } from './window'

/** Checks a rule. @throws InvalidArgument naming the rule and what is wrong with it */
export function assertRule(rule: AlertRule): void {
  const kinds = Object.keys(ownRules) as AlertRule['kind'][]
  if (typeof rule !== 'object' || rule === null || !kinds.includes(rule.kind)) {
    const got = show((rule as { kind?: unknown })?.kind ?? rule)
    throw invalidArgument(`an alert rule must be an object with \`kind\` ${kinds.map(show).join(', ')}, got ${got}`)
  }
  const subject = `alert rule ${show(rule.name)}`
  checkOptions(subject, rule, { ...baseRules(), ...(rule.kind === 'drift' ? {} : valueRules()), ...ownRules[rule.kind]() })
  if (rule.name === undefined) throw invalidArgument('an alert rule needs a `name`')
  assertWindow(rule.window, subject)
  if (rule.where !== undefined) assertFilter(rule.where, subject)
  if (rule.by !== undefined) assertGrouping(rule.by, subject)
  else if (rule.maxGroups !== undefined) throw invalidArgument(`\`maxGroups\` of ${subject} needs \`by\``)
  if (rule.kind === 'performance') metricByName(rule.metric as string | Metric)
  if (rule.kind === 'estimated-performance' && rule.metric === undefined) throw invalidArgument(`${subject} needs \`metric\``)
  if (rule.kind === 'quality' && rule.validate === undefined) throw invalidArgument(`${subject} needs \`validate\``)
  if (rule.kind === 'refused' && (rule.where !== undefined || (rule.by !== undefined && rule.by !== 'version')))
    throw invalidArgument(`${subject} takes neither \`where\` nor \`by\` a column: refused rows are not kept, they are only counted`)
  if (rule.kind !== 'drift') assertLimits(rule, subject)
}

/** The limits of a rule that compares one value. Checked by {@link assertRule}. */
export function limitsOfRule(rule: Exclude<AlertRule, { kind: 'drift' }>): Limits {
  const { below, above, threshold } = rule
  if (threshold !== undefined) return limitsOf({ ...threshold, side: threshold.side ?? sideOf(rule) } as ReferenceThreshold)
  if (rule.kind === 'quality' && below === undefined && above === undefined) return { upper: 0 }
  return { ...(below === undefined ? {} : { lower: below }), ...(above === undefined ? {} : { upper: above }) }
}

/** The side on which a value is worse. */
function sideOf(rule: Exclude<AlertRule, { kind: 'drift' }>): 'below' | 'above' | 'both' {
  if (rule.kind === 'performance') return metricByName(rule.metric as string | Metric).higherIsBetter ? 'below' : 'above'
  if (rule.kind === 'labels') return 'below'
  return rule.kind === 'volume' || rule.kind === 'estimated-performance' ? 'both' : 'above'
}

function assertLimits(rule: Exclude<AlertRule, { kind: 'drift' }>, subject: string): void {
  const { below, above, clear, threshold } = rule
  const constant = below !== undefined || above !== undefined
  if (constant === (threshold !== undefined) && !(rule.kind === 'quality' && !constant))
    throw invalidArgument(`${subject} needs a limit: either \`below\`, \`above\` or both, or \`threshold\``)
  const { lower, upper } = limitsOfRule(rule)
  if (lower !== undefined && upper !== undefined && lower > upper)
    throw invalidArgument(`\`below\` of ${subject} must not be larger than \`above\` ${upper}, got ${lower}`)
  if (clear === undefined) return
  if (lower !== undefined && upper !== undefined)
    throw invalidArgument(`\`clear\` of ${subject} needs a rule with one limit, and it has two`)
  if (lower !== undefined ? clear < lower : clear > (upper as number))
    throw invalidArgument(`\`clear\` of ${subject} must lie on the good side of the threshold ${lower ?? upper}, got ${clear}`)
}

/** Checks what rows are divided by. @throws InvalidArgument naming `subject` */
export function assertGrouping(by: unknown, subject: string): void {
  const column = (by as { column?: unknown } | undefined | null)?.column
  if (by === 'version' || (typeof column === 'string' && column !== '' && Object.keys(by as object).length === 1)) return
  throw invalidArgument(`\`by\` of ${subject} must be 'version' or { column: 'region' }, got ${show(by)}`)
}

function baseRules(): Record<string, OptionRule> {
  return {
    name: nonEmptyString(),
    kind: anything(),
    window: anything(),
    minRows: wholeNumber(1),
    version: nonEmptyString(),
    where: anything(),
    by: anything(),
    maxGroups: wholeNumber(1, 1000),
    noData: oneOf('keep', 'ok', 'alert'),
    severity: oneOf('info', 'warning', 'critical'),
    labels: {
      allowed: 'an object of strings',
      test: (value) => typeof value === 'object' && value !== null && Object.values(value).every((label) => typeof label === 'string'),
    },
    forMs: finiteNumber(0),
    forChecks: wholeNumber(1),
    keepFiringMs: finiteNumber(0),
    coolDownMs: finiteNumber(0),
  }
}

function valueRules(): Record<string, OptionRule> {
  return { below: finiteNumber(), above: finiteNumber(), clear: finiteNumber(), threshold: ofType('object') }
}

/** The rule of an estimator. */
export const estimatorRule: OptionRule = {
  allowed: 'an object with estimate(rows, metric)',
  test: (value) => typeof (value as PerformanceEstimator | null)?.estimate === 'function',
}

/** The options that only one kind of rule has. */
const ownRules: Readonly<Record<AlertRule['kind'], () => Record<string, OptionRule>>> = {
  performance: () => ({
    metric: either(nonEmptyString(), { allowed: 'a metric object', test: (value) => typeof value === 'object' && value !== null }),
  }),
  'estimated-performance': () => ({ metric: nonEmptyString(), estimator: estimatorRule }),
  drift: () => ({
    detector: { allowed: 'an object with detect(table)', test: (value) => typeof (value as { detect?: unknown })?.detect === 'function' },
    columns: { allowed: 'a list of at least one column name', test: (value) => Array.isArray(value) && value.length > 0 },
    share: finiteNumber(0, 1),
    psi: finiteNumber(0),
  }),
  quality: () => ({ validate: ofType('function') }),
  latency: () => ({ quantile: finiteNumber(0, 1) }),
  missing: () => ({ column: nonEmptyString() }),
  refused: () => ({ column: nonEmptyString() }),
  volume: () => ({}),
  labels: () => ({}),
}
