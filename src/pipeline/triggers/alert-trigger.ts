/** Fires when an alert of a monitor fires: drift found, performance fallen. */
import { arrayOf, checkOptions, nonEmptyString, ofType, requireOptions } from '../../core/options'
import type { AlertMessage } from '../../ports/alert-sink'
import { untilItWorks } from './timed'
import { assertTriggerName, type OverlapPolicy, type Trigger, triggerRules } from './trigger'

/** Options of {@link alertTrigger}. */
export interface AlertTriggerOptions {
  /** @default 'alert' */
  readonly name?: string | undefined
  /** What reports alerts; a `Monitor` does. */
  readonly monitor: { on(type: 'alert-firing', listener: (alert: AlertMessage) => void): () => void }
  /** Names of the rules that fire the trigger. @default every rule */
  readonly rules?: readonly string[] | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/**
 * Fires once for each alert that begins to fire. The alert is the input of the run, unless `run` of the schedule gives another. The same alert
 * reported again, also after a restart, does not fire again.
 *
 * @throws InvalidArgument
 */
export function alertTrigger(options: AlertTriggerOptions): Trigger {
  requireOptions('alertTrigger', options, ['monitor'])
  checkOptions('alertTrigger', options, { ...triggerRules(), monitor: ofType('object'), rules: arrayOf(nonEmptyString()) })
  const { name = 'alert', monitor, rules, overlap } = options
  assertTriggerName(name)
  return {
    name,
    kind: 'alert',
    overlap,
    where: 'everywhere',
    start(context) {
      const stop = monitor.on('alert-firing', (alert) => {
        if (rules !== undefined && !rules.includes(alert.rule)) return
        const { id, rule, summary, startsAt } = alert
        void untilItWorks(context, () => context.fire({ key: id, reason: `alert ${rule}: ${summary}`, dueAt: startsAt, input: alert }))
      })
      context.signal.addEventListener('abort', stop, { once: true })
    },
  }
}
