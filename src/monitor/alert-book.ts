/** The alerts of a monitor: their states, what has been told about them, and the silences. Plain data, so that all of it survives a restart. */
import { newId } from '../core/ids'
import type { AlertMessage } from '../ports/alert-sink'
import { type AlertState, inactiveAlert, nextAlertState } from './alert-state'
import { displayedAlert, groupText } from './display'
import type { Reading } from './reading'
import { type AlertRule, severityOf } from './rule'
import { createSilence, type Silence, type SilenceOptions, silences } from './silence'

/** An alert: one rule, and one value of what the rule divides by. Plain JSON. */
export interface Alert {
  readonly rule: string
  /** What the rule divides by: `{ version: '3' }`. Empty for a rule that does not. */
  readonly group: Readonly<Record<string, string>>
  readonly state: AlertState
  /** Set while the alert fires: the `id` of its messages. */
  readonly messageId?: string | undefined
  /** When the last message about this firing was sent; absent while a silence holds it back. */
  readonly toldAt?: number | undefined
  readonly reminders?: number | undefined
}

/** A firing that has ended, or goes on. Plain JSON. */
export interface AlertRecord {
  readonly rule: string
  readonly labels: Readonly<Record<string, string>>
  readonly severity: AlertMessage['severity']
  readonly startsAt: number
  /** Absent while it fires. */
  readonly endsAt?: number | undefined
  /** The sentence with which it began. */
  readonly summary: string
}

/** Everything a book holds. Plain JSON. */
export interface AlertBookState {
  readonly alerts: readonly Alert[]
  readonly silences: readonly Silence[]
  readonly history: readonly AlertRecord[]
}

/** What changed at a check. */
export interface AlertChange {
  readonly state: AlertState
  /** The alert began to fire, or stopped. */
  readonly event?: AlertMessage | undefined
  /** What the sinks must be told. */
  readonly message?: AlertMessage | undefined
}

/** The alerts of a monitor. */
export interface AlertBook {
  /** Moves an alert to its next state. `reading.active` of `undefined` leaves it as it is. */
  update(rule: AlertRule, reading: Reading, at: number): AlertChange
  /**
   * Returns the messages of a group that no silence covers by now. An alert whose first message is covered is marked as not told, so that it is told
   * when the silence ends.
   */
  holdBackSilenced(messages: readonly AlertMessage[], at: number): readonly AlertMessage[]
  /** The alert of a rule and group. */
  find(rule: string, group: Readonly<Record<string, string>>): Alert | undefined
  /** Alerts that are not inactive. */
  active(): readonly Alert[]
  silence(options: SilenceOptions, now: number): Silence
  /** Ends a silence early. Whether there was one. */
  endSilence(id: string): boolean
  silences(now: number): readonly Silence[]
  history(): readonly AlertRecord[]
  state(): AlertBookState
  /** Takes over a stored state; alerts of rules that no longer exist are left out. */
  restore(state: AlertBookState, rules: readonly AlertRule[]): void
}

/** Options of {@link createAlertBook}. */
export interface AlertBookOptions {
  /** The name of the monitor, for labels. */
  readonly monitor: string
  /** Repeats the message of a firing alert this often. @default never */
  readonly repeatMs?: number | undefined
  /** Firings kept in the history. */
  readonly maxHistory: number
}

const maxSilences = 1000

/** A book without alerts. */
export function createAlertBook({ monitor, repeatMs, maxHistory }: AlertBookOptions): AlertBook {
  const alerts = new Map<string, Alert>()
  let quiet: Silence[] = []
  let history: AlertRecord[] = []

  const remember = (message: AlertMessage): void => {
    const { rule, labels, severity, startsAt, summary, endsAt } = message
    if (message.state === 'firing') history = [...history, { rule, labels, severity, startsAt, summary }].slice(-maxHistory)
    else {
      const at = history.findIndex((one) => one.endsAt === undefined && one.rule === rule && sameLabels(one.labels, labels))
      if (at >= 0) history = history.map((one, i) => (i === at ? { ...one, endsAt } : one))
    }
  }
  const tell = (alert: Alert, rule: AlertRule, reading: Reading, at: number): { message?: AlertMessage; alert: Alert } => {
    const make = (reminder?: number): AlertMessage => messageOf({ monitor, rule, alert, reading, at, reminder })
    if (alert.state.state === 'resolved') return { alert, ...(alert.toldAt === undefined ? {} : { message: make() }) }
    if (alert.state.state !== 'firing' || quiet.some((one) => silences(one, make(), at))) return { alert }
    if (alert.toldAt === undefined) return { message: make(), alert: { ...alert, toldAt: at } }
    if (repeatMs === undefined || at - alert.toldAt < repeatMs) return { alert }
    const reminders = (alert.reminders ?? 0) + 1
    return { message: make(reminders), alert: { ...alert, toldAt: at, reminders } }
  }

  return {
    update(rule, reading, at) {
      const key = keyOf(rule.name, reading.group)
      const before = alerts.get(key) ?? { rule: rule.name, group: reading.group, state: inactiveAlert(at) }
      if (reading.active === undefined && before.state.state !== 'firing') return { state: before.state }
      const state = reading.active === undefined ? before.state : nextAlertState(before.state, reading.active, at, rule)
      const begins = state.state === 'firing' && before.state.state !== 'firing'
      const moved: Alert = begins ? { rule: rule.name, group: reading.group, state, messageId: newId() } : { ...before, state }
      const { alert, message } = tell(moved, rule, reading, at)
      const event = begins || state.state === 'resolved' ? messageOf({ monitor, rule, alert: moved, reading, at }) : undefined
      if (event !== undefined) remember(event)
      if (state.state === 'firing') alerts.set(key, alert)
      else if (state.state === 'inactive' && at - (state.resolvedAt ?? Number.NEGATIVE_INFINITY) >= (rule.coolDownMs ?? 0))
        alerts.delete(key)
      // Until the cool-down is over, an alert that has ended keeps its times.
      else alerts.set(key, { rule: rule.name, group: reading.group, state })
      return { state, event, message }
    },
    holdBackSilenced(messages, at) {
      const covered = messages.filter((message) => message.state === 'firing' && quiet.some((one) => silences(one, message, at)))
      const untold = new Set(covered.flatMap(({ id, reminder }) => (reminder === undefined ? id : [])))
      for (const [key, alert] of alerts)
        if (alert.messageId !== undefined && untold.has(alert.messageId)) alerts.set(key, { ...alert, toldAt: undefined })
      return messages.filter((message) => !covered.includes(message) && !untold.has(message.id))
    },
    find: (rule, group) => alerts.get(keyOf(rule, group)),
    active: () => [...alerts.values()].filter(({ state }) => state.state !== 'inactive'),
    silence(options, now) {
      const silence = createSilence(options, now)
      quiet = [...quiet.filter(({ until }) => until > now), silence].slice(-maxSilences)
      return silence
    },
    endSilence(id) {
      const before = quiet.length
      quiet = quiet.filter((silence) => silence.id !== id)
      return quiet.length < before
    },
    silences: (now) => quiet.filter(({ until }) => until > now),
    history: () => history,
    state: () => ({ alerts: [...alerts.values()], silences: quiet, history }),
    restore(state, rules) {
      const known = new Set(rules.map(({ name }) => name))
      alerts.clear()
      for (const alert of state.alerts) if (known.has(alert.rule)) alerts.set(keyOf(alert.rule, alert.group), alert)
      quiet = [...state.silences]
      history = state.history.slice(-maxHistory)
    },
  }
}

function keyOf(rule: string, group: Readonly<Record<string, string>>): string {
  return JSON.stringify([rule, ...Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return keyOf('', a) === keyOf('', b)
}

interface MessageParts {
  readonly monitor: string
  readonly rule: AlertRule
  readonly alert: Alert
  readonly reading: Reading
  readonly at: number
  readonly reminder?: number | undefined
}

function messageOf({ monitor, rule, alert, reading, at, reminder }: MessageParts): AlertMessage {
  const { state, messageId } = alert
  const resolved = state.state === 'resolved'
  return displayedAlert({
    id: messageId ?? '',
    rule: rule.name,
    state: resolved ? 'resolved' : 'firing',
    ...(reminder === undefined ? {} : { reminder }),
    severity: severityOf(rule),
    labels: { ...rule.labels, monitor, kind: rule.kind, ...reading.group },
    summary: `${rule.name}${groupText(reading.group)}${resolved ? ' resolved' : ''}: ${reading.summary}`,
    value: reading.value,
    threshold: reading.threshold,
    startsAt: state.firedAt ?? at,
    ...(resolved ? { endsAt: at } : {}),
    details: reading.details,
  })
}
