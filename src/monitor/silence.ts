/** Silences: for a time, the messages of some alerts are not sent. The alerts are evaluated and shown as usual. */
import { invalidArgument, show } from '../core/errors'
import { newId } from '../core/ids'
import { checkOptions, either, finiteNumber, nonEmptyString, type OptionRule, ofType, requireOptions } from '../core/options'

/** Which alerts are silenced, and for how long. */
export interface SilenceOptions {
  /** The name of a rule. @default every rule */
  readonly rule?: string | undefined
  /** Labels that the message must have. @default any */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Epoch milliseconds. @default now */
  readonly from?: number | undefined
  /** The silence ends at this time (not included), epoch milliseconds. */
  readonly until: number
  /** Why, for those who look at it later. */
  readonly reason?: string | undefined
}

/** A silence. Plain JSON. */
export interface Silence {
  readonly id: string
  readonly rule?: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly from: number
  readonly until: number
  readonly reason: string
}

/** A silence from its options. @throws InvalidArgument */
export function createSilence(options: SilenceOptions, now: number): Silence {
  requireOptions('silence', options, ['until'])
  const time: OptionRule = { ...finiteNumber(), allowed: 'a time in epoch milliseconds' }
  checkOptions('silence', options, {
    rule: nonEmptyString(),
    labels: ofType('object'),
    from: time,
    until: time,
    reason: either(nonEmptyString(), { allowed: "''", test: (value) => value === '' }),
  })
  const { rule, labels = {}, from = now, until, reason = '' } = options
  if (until <= from) throw invalidArgument(`\`until\` of silence must be later than its start ${from}, got ${show(until)}`)
  const wrong = Object.entries(labels).find(([, value]) => typeof value !== 'string')
  if (wrong !== undefined) throw invalidArgument(`label ${show(wrong[0])} of silence must be a string, got ${show(wrong[1])}`)
  return { id: newId(), ...(rule === undefined ? {} : { rule }), labels: { ...labels }, from, until, reason }
}

/** Whether a silence covers an alert at a time. */
export function silences(
  silence: Silence,
  alert: { readonly rule: string; readonly labels: Readonly<Record<string, string>> },
  at: number,
): boolean {
  if (at < silence.from || at >= silence.until) return false
  if (silence.rule !== undefined && silence.rule !== alert.rule) return false
  return Object.entries(silence.labels).every(([name, value]) => alert.labels[name] === value)
}
