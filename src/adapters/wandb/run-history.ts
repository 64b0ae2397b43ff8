/** The history of a run as W&B keeps it: numbered rows of values, and the last value of each key. */
import { isLaterPoint } from '../../ports/metric-points'
import type { MetricPoint, RunRecord } from '../../ports/tracker-backend'
import { historyRecord, type JsonItem, metricRecord, summaryRecord, type WandbRecord } from './records'
import { numberText } from './wandb-json'
import { SYSTEM, usableKey } from './wandb-keys'

/** What a history needs to know. */
export interface RunHistoryInit {
  readonly run: RunRecord
  /** The column that holds the step as it was logged; the x axis of every metric. */
  readonly stepKey: string
  /** The first free row. */
  readonly nextRow: number
}

/** The rows of a run. */
export interface RunHistory {
  /** The record of the last values so far, if there are any. */
  summary(): WandbRecord[]
  /** The records of metric points: definitions of new keys, rows, last values. */
  add(points: readonly MetricPoint[]): WandbRecord[]
  /** The records of one row of JSON items, such as images. */
  addRow(step: number, timestamp: number, items: readonly JsonItem[]): WandbRecord[]
}

/** The history of `run`, from the row `nextRow` on. */
export function runHistory({ run, stepKey, nextRow }: RunHistoryInit): RunHistory {
  /** Keys that W&B knows the x axis of. */
  const defined = new Set<string>()
  const last = new Map(Object.entries(run.metrics))
  let next = nextRow

  const times = (row: number, ms: number): JsonItem[] => [
    ['_step', String(row)],
    ['_timestamp', numberText(ms / 1000)],
    ['_runtime', numberText((ms - run.startTime) / 1000)],
  ]
  /** A row goes to the number of its step, or after the last row when that is taken. */
  const newRow = (step: number, ms: number, items: readonly JsonItem[], hasStep: boolean): WandbRecord => {
    next = Math.max(next, step)
    const row = next++
    return historyRecord(row, [...items, ...(hasStep ? [] : [[stepKey, String(step)] as const]), ...times(row, ms)])
  }
  const define = (points: readonly MetricPoint[]): WandbRecord[] => {
    const keys = new Set(points.map(({ key }) => key).filter((key) => !defined.has(key)))
    for (const key of keys) defined.add(key)
    return [...keys].map((key) => metricRecord(usableKey(key), key === stepKey ? undefined : stepKey))
  }
  /** Takes in the points that are later than those before. @returns their keys */
  const updateLast = (points: readonly MetricPoint[]): ReadonlySet<string> => {
    const changed = new Set<string>()
    for (const point of points) {
      const held = last.get(point.key)
      if (held !== undefined && isLaterPoint(held, point)) continue
      last.set(point.key, point)
      changed.add(point.key)
    }
    return changed
  }

  return {
    summary() {
      const known = [...last].filter(([key]) => !key.startsWith(SYSTEM))
      return known.length === 0 ? [] : [summaryRecord(known.map(([key, { value }]) => [usableKey(key), numberText(value)] as const))]
    },
    add(points) {
      if (points.length === 0) return []
      const definitions = define(points)
      const changed = updateLast(points)
      let latest = 0
      const rows = rowsOf(points).map(({ step, timestamp, values }) => {
        latest = Math.max(latest, timestamp)
        const items = [...values].map(([key, value]) => [usableKey(key), numberText(value)] as const)
        return newRow(step, timestamp, items, values.has(stepKey))
      })
      const summary = [...changed].map((key) => [usableKey(key), numberText((last.get(key) as MetricPoint).value)] as const)
      return [...definitions, ...rows, summaryRecord([...summary, ...times(next - 1, latest)])]
    },
    addRow(step, ms, items) {
      return [newRow(step, ms, items, false), summaryRecord([...items, ...times(next - 1, ms)])]
    },
  }
}

interface Row {
  readonly step: number
  /** The latest of its points, in epoch milliseconds. */
  timestamp: number
  readonly values: Map<string, number>
}

/** Rows in the order of their steps. The second value of a key at one step goes to a second row. */
function rowsOf(points: readonly MetricPoint[]): Row[] {
  const steps = new Map<number, { readonly rows: Row[]; readonly counts: Map<string, number> }>()
  for (const { key, value, step, timestamp } of points) {
    const held = steps.get(step) ?? { rows: [], counts: new Map<string, number>() }
    if (held.rows.length === 0) steps.set(step, held)
    const count = held.counts.get(key) ?? 0
    held.counts.set(key, count + 1)
    const row = held.rows[count] ?? { step, timestamp, values: new Map<string, number>() }
    if (count === held.rows.length) held.rows.push(row)
    row.values.set(key, value)
    row.timestamp = Math.max(row.timestamp, timestamp)
  }
  return [...steps.values()].flatMap(({ rows }) => rows).sort((a, b) => a.step - b.step)
}
