/** Displays monitors, their checks and their metrics in consoles and notebooks. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import type { AlertMessage } from '../ports/alert-sink'

/** The facts that the display of a monitor shows. */
export interface MonitorFacts {
  readonly name: string
  readonly rows: number
  readonly labelled: number
  readonly from: number | undefined
  readonly to: number | undefined
  readonly rules: readonly { readonly name: string; readonly kind: string; readonly state: string; readonly since: number }[]
}

/** The facts that the display of a rule's status shows. */
interface StatusFacts {
  readonly rule: string
  readonly group: Readonly<Record<string, string>>
  readonly state: string
  readonly value: number
  readonly threshold: number
  readonly rows: number
}

/** The facts that the display of the alerts of a monitor shows. */
interface AlertsFacts {
  readonly active: readonly {
    readonly rule: string
    readonly group: Readonly<Record<string, string>>
    readonly state: { readonly state: string; readonly since: number }
  }[]
  readonly history: readonly unknown[]
  readonly silences: readonly unknown[]
  readonly waiting: number
  readonly undelivered: number
}

/** The facts that the display of a measured metric shows. */
interface PerformanceFacts {
  readonly metric: string
  readonly value: number
  readonly rows: number
  readonly labelled: number
  readonly from: number
  readonly to: number
}

/** `Monitor bikes: 1200 rows, 980 labels`, the time they span, and the state of each rule. */
export function monitorText(facts: MonitorFacts): string {
  const { name, rows, labelled, from, to, rules } = facts
  const lines = [`Monitor ${name}: ${rows} rows, ${labelled} labels`]
  if (from !== undefined && to !== undefined) lines.push(`  from ${time(from)} to ${time(to)}`)
  lines.push(
    ...rules.map((rule) => `  ${rule.name} (${rule.kind}): ${rule.state}${rule.state === 'inactive' ? '' : ` since ${time(rule.since)}`}`),
  )
  return lines.join('\n')
}

/** The same with the rules as a Markdown table. */
export function monitorMarkdown(facts: MonitorFacts): string {
  const { name, rows, labelled, rules } = facts
  const title = `**Monitor ${name}**: ${rows} rows, ${labelled} labels`
  if (rules.length === 0) return title
  return `${title}\n\n${markdownTable(
    ['rule', 'watches', 'state', 'since'],
    rules.map((rule) => [rule.name, rule.kind, rule.state, rule.state === 'inactive' ? '' : time(rule.since)]),
  )}`
}

/** Adds a display of one line to a message. Returns `message`, which stays plain JSON. */
export function displayedAlert(message: AlertMessage): AlertMessage {
  const { state, severity, summary, startsAt, endsAt } = message
  const when = endsAt === undefined ? `since ${time(startsAt)}` : `from ${time(startsAt)} to ${time(endsAt)}`
  return attachDisplay(message, { text: () => `${state === 'firing' ? severity.toUpperCase() : 'RESOLVED'} ${summary} (${when})` })
}

/** Adds a table of its rules as the display of a check. Returns `report`. */
export function displayedCheck<T extends { readonly at: number; readonly rules: readonly StatusFacts[] }>(report: T): T {
  const header = ['rule', 'state', 'value', 'threshold', 'rows']
  const rows = report.rules.map(({ rule, group, state, value, threshold, rows: count }) => [
    `${rule}${groupText(group)}`,
    state,
    digits(value),
    digits(threshold),
    count,
  ])
  const firing = report.rules.filter(({ state }) => state === 'firing').length
  const title = `check at ${time(report.at)}: ${firing} of ${rows.length} rules firing`
  return attachDisplay(report, {
    text: () => (rows.length === 0 ? title : `${title}\n${textTable(header, rows)}`),
    markdown: () => (rows.length === 0 ? title : `${title}\n\n${markdownTable(header, rows)}`),
  })
}

/** Adds a display of one line to a measured metric. Returns `performance`. */
export function displayedPerformance<T extends PerformanceFacts>(performance: T): T {
  const { metric, value, labelled, rows, from, to } = performance
  const span = Number.isFinite(from) ? `, ${time(from)} to ${time(to)}` : ''
  const what = Number.isNaN(value) ? 'not defined' : digits(value)
  return attachDisplay(performance, { text: () => `${metric} ${what} over ${labelled} labelled of ${rows} rows${span}` })
}

/** Adds a table of the active alerts as the display of the alerts of a monitor. Returns `alerts`. */
export function displayedAlerts<T extends AlertsFacts>(alerts: T): T {
  const header = ['rule', 'state', 'since']
  const rows = (): string[][] =>
    alerts.active.map(({ rule, group, state }) => [`${rule}${groupText(group)}`, state.state, time(state.since)])
  const title = (): string => {
    const { active, history, silences, waiting, undelivered } = alerts
    const counts = Object.entries({ active: active.length, silences: silences.length, waiting, undelivered, past: history.length })
    return `alerts: ${counts.map(([name, count]) => `${count} ${name}`).join(', ')}`
  }
  return attachDisplay(alerts, {
    text: () => (alerts.active.length === 0 ? title() : `${title()}\n${textTable(header, rows())}`),
    markdown: () => (alerts.active.length === 0 ? title() : `${title()}\n\n${markdownTable(header, rows())}`),
  })
}

/** Adds a display of one line to an estimator. Returns `estimator`. */
export function displayedEstimator<T extends { readonly metrics: readonly string[] }>(kind: string, estimator: T): T {
  return attachDisplay(estimator, { text: () => `${kind} estimator of ${estimator.metrics.join(', ')}` })
}

/** ` (region north)`; nothing for a rule that does not divide. */
export function groupText(group: Readonly<Record<string, string>>): string {
  const parts = Object.entries(group).map(([name, value]) => `${name} ${value}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function time(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().replace('.000Z', 'Z')
}

function digits(value: number): string {
  return Number.isNaN(value) ? 'no data' : String(Number(value.toPrecision(4)))
}
