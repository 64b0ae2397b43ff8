/** Fires at equal distances of time. */
import { checkOptions, finiteNumber, ofType, requireOptions } from '../../core/options'
import { fireAtTimes, type TimedOptions, untilItWorks } from './timed'
import { assertTriggerName, type OverlapPolicy, type Trigger, timedRules, triggerRules } from './trigger'

/** Options of {@link intervalTrigger}. */
export interface IntervalTriggerOptions extends TimedOptions {
  /** @default 'interval' */
  readonly name?: string | undefined
  /** Time from one firing to the next, in milliseconds. */
  readonly everyMs: number
  /** Fires at the first start, too, and not only after the first interval. @default false */
  readonly immediately?: boolean | undefined
  readonly overlap?: OverlapPolicy | undefined
}

/**
 * Fires `everyMs`, `2 · everyMs`, … after the first start. With a storage, a restart goes on in the same rhythm.
 *
 * @throws InvalidArgument
 */
export function intervalTrigger(options: IntervalTriggerOptions): Trigger {
  requireOptions('intervalTrigger', options, ['everyMs'])
  checkOptions('intervalTrigger', options, { ...triggerRules(), ...timedRules(), everyMs: finiteNumber(1), immediately: ofType('boolean') })
  const { name = 'interval', everyMs, overlap, immediately = false } = options
  assertTriggerName(name)
  return {
    name,
    kind: 'interval',
    overlap,
    where: 'leader',
    async start(context) {
      if (immediately && context.cursor() === undefined) {
        const dueAt = context.clock.now()
        await untilItWorks(context, () => context.fire({ dueAt, reason: 'the schedule started', key: String(dueAt), cursor: dueAt }))
      }
      await fireAtTimes(context, { next: (after) => after + everyMs, reason: () => `every ${everyMs} ms` }, options)
    },
  }
}
