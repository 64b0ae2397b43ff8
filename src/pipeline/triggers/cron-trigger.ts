/** Fires at the times of a cron expression. */
import { Cron } from 'croner'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, nonEmptyString } from '../../core/options'
import { fireAtTimes, type TimedOptions } from './timed'
import { assertTriggerName, type OverlapPolicy, type Trigger, timedRules, triggerRules } from './trigger'

/** Options of {@link cronTrigger}. */
export interface CronTriggerOptions extends TimedOptions {
  /** @default 'cron' */
  readonly name?: string | undefined
  /** IANA name of the time zone of the expression: `Europe/Berlin`. @default 'UTC' */
  readonly timeZone?: string | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/**
 * Fires at the times of a cron expression, as croner reads it: five fields (minute, hour, day of the month, month, day of the week), six with
 * seconds first, `@daily` and its kin, `L` (last day), `5#2` (second Friday).
 *
 * Where a clock is put forward, a time in the hour that does not exist runs once at the next time that does; where it is put back, a time of day
 * in the repeated hour runs once. A pattern for every hour runs in both.
 *
 * @throws InvalidArgument for an expression or a time zone that cannot be read, or an expression that is never due
 * @example
 * cronTrigger('0 3 * * *', { timeZone: 'Europe/Berlin', catchUp: 'last' })
 */
export function cronTrigger(expression: string, options: CronTriggerOptions = {}): Trigger {
  checkOptions('cronTrigger', options, { ...triggerRules(), ...timedRules(), timeZone: nonEmptyString() })
  const { name = 'cron', timeZone = 'UTC', overlap } = options
  assertTriggerName(name)
  const cron = parsed(expression, timeZone)
  const times = {
    next: (after: number): number | undefined => cron.nextRun(new Date(after))?.getTime(),
    reason: (dueAt: number): string => `${expression} (${timeZone}) was due at ${new Date(dueAt).toISOString()}`,
  }
  return { name, kind: 'cron', overlap, where: 'leader', start: (context) => fireAtTimes(context, times, options) }
}

function parsed(expression: string, timeZone: string): Cron {
  if (typeof expression !== 'string') throw invalidArgument(`cronTrigger takes a cron expression, got ${show(expression)}`)
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw invalidArgument(`\`timeZone\` of cronTrigger must be the IANA name of a time zone, got ${show(timeZone)}`, { cause })
  }
  let cron: Cron
  try {
    cron = new Cron(expression, { timezone: timeZone, paused: true })
  } catch (cause) {
    const why = (cause as Error).message.replace(/^CronPattern: /, '')
    throw invalidArgument(`cronTrigger takes a cron expression such as '0 3 * * *', got ${show(expression)}: ${why}`, { cause })
  }
  if (cron.nextRun(new Date(0)) === null) throw invalidArgument(`the cron expression ${show(expression)} is never due`)
  return cron
}
