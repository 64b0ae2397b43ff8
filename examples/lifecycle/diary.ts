/** The diary of the stream: prints what happens as it happens, and keeps it for the report. */
import type { Monitor } from 'millwright'
import type { LifecycleEvent } from 'millwright/report'
import type { Retraining, RetrainingVerdict } from 'millwright/retraining'
import { event, percent, points } from './print'
import { DAY } from './settings'

/** What happened, and when drift and performance were first seen. */
export interface Diary {
  readonly events: LifecycleEvent[]
  firstDrift?: { readonly at: number; readonly text: string } | undefined
  firstBelow?: { readonly at: number; readonly value: number; readonly threshold: number } | undefined
}

const words: Partial<Record<LifecycleEvent['kind'], string>> = {
  drift: 'DRIFT',
  performance: 'ALERT',
  promoted: 'PROMOTED',
  kept: 'champion kept',
  failed: 'FAILED',
}

/** Listens to the monitor and the loop. */
export function keepDiary(monitor: Monitor, retraining: Retraining): Diary {
  const diary: Diary = { events: [] }
  const note = (at: number, kind: LifecycleEvent['kind'], text: string, marked = true): void => {
    diary.events.push({ at, kind, text, marked })
    event(at, `${words[kind] ?? kind}: ${text}`)
  }
  monitor.on('alert-firing', ({ rule, startsAt: at, value, threshold, summary }) => {
    if (rule === 'performance') {
      diary.firstBelow ??= { at, value, threshold }
      note(at, 'performance', `accuracy of the last seven days is ${percent(value)}, below ${percent(threshold)}`)
      return
    }
    const first = diary.firstDrift === undefined
    diary.firstDrift ??= { at, text: summary }
    note(at, 'drift', summary.replace(/^drift: /, ''), first)
  })
  monitor.on('alert-resolved', ({ rule, endsAt: at = 0, startsAt }) => {
    note(at, 'resolved', `the ${rule} alert is over after ${counted(Math.max(1, Math.round((at - startsAt) / DAY)), 'day')}`, false)
  })
  retraining.on('retraining-start', ({ trigger: { at } }) => event(at, 'retraining by itself …'))
  retraining.on('retraining-end', (verdict) => note(verdict.trigger.at, verdict.outcome, sentence(verdict)))
  return diary
}

function sentence({ outcome, metric, champion, challenger, margin, rows, error }: RetrainingVerdict): string {
  if (outcome === 'failed') return `${error?.message ?? 'unknown'}; the champion stays`
  const against = `${metric} ${percent(challenger?.score ?? Number.NaN)} against ${percent(champion?.score ?? Number.NaN)} of version ${champion?.version} on the newest ${rows} labelled hours`
  if (outcome === 'promoted') return `version ${challenger?.version} has ${against}`
  return `version ${challenger?.version} has ${against}, but ${points(margin)} points were asked for`
}

/** Which came first, drift or decay, and by how much. */
export function whichCameFirst({ firstDrift, firstBelow }: Diary): string {
  if (firstDrift === undefined) return firstBelow === undefined ? 'neither drift nor decay was seen' : 'performance fell; no drift was seen'
  if (firstBelow === undefined) return 'drift was seen; performance never fell below the threshold'
  const days = (firstBelow.at - firstDrift.at) / DAY
  if (days === 0) return 'drift and the fall below the threshold were seen on the same day'
  const first = days > 0 ? 'drift came first' : 'performance fell first'
  return `${first}, by ${counted(Math.abs(days), 'day')}`
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
