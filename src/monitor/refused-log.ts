/** Counts of refused input by column: the rows that the check of a predictor turned away, and never answered. Bounded, in order of time. */
import type { RefusedInput } from '../ports/model'
import { periodStart, spanOfWindow, type Window } from './window'

/** Refused input of one minute and one model version. Plain JSON. */
export interface RefusedCount {
  /** The start of the minute, epoch milliseconds. */
  readonly at: number
  readonly model: string
  readonly version: string
  /** Calls refused, and the rows in them: none of these rows was answered. */
  readonly calls: number
  readonly rows: number
  /** Rows that had a problem. */
  readonly refusedRows: number
  /** Column → code → problems. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** The sum of refused input over a window. */
export interface RefusedSummary extends Omit<RefusedCount, 'at' | 'model' | 'version'> {}

/** Counts of refused input. */
export interface RefusedLog {
  add(refused: RefusedInput): void
  /** The counts in a window by time; a window of rows takes all. */
  sum(window: Window | undefined, now: number, version?: string): RefusedSummary
  /** Everything counted since the log was created, also what is no longer kept by the minute. */
  totals(): RefusedSummary
}

/** Minutes kept: a week of every minute. */
const maxCounts = 10_080
const maxColumns = 200

/** No refused input yet. */
export function createRefusedLog(): RefusedLog {
  const counts = new Map<string, RefusedCount>()
  let totals = summed([])
  const put = (count: RefusedCount): void => {
    totals = summed([totals, count])
    const key = JSON.stringify([count.at, count.model, count.version])
    const before = counts.get(key)
    counts.set(key, before === undefined ? count : { ...count, ...summed([before, count]) })
    if (counts.size > maxCounts) counts.delete(counts.keys().next().value as string)
  }
  return {
    add: ({ at, ...refused }) => put({ ...refused, at: periodStart(at, 60_000), calls: 1 }),
    sum(window, now, version) {
      const [from, to] = spanOf(window, now)
      return summed(
        [...counts.values()].filter((count) => count.at > from - 60_000 && count.at <= to && (version ?? count.version) === count.version),
      )
    },
    totals: () => totals,
  }
}

function spanOf(given: Window | undefined, now: number): [number, number] {
  if (given === undefined) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const window = spanOfWindow(given, now)
  if ('from' in window) return [window.from, window.to - 1]
  const end = window.endAt ?? now
  return ['lastMs' in window ? end - window.lastMs : Number.NEGATIVE_INFINITY, end]
}

function summed(counts: readonly RefusedSummary[]): RefusedSummary {
  const columns: Record<string, Record<string, number>> = Object.create(null)
  let [calls, rows, refusedRows] = [0, 0, 0]
  for (const count of counts) {
    calls += count.calls
    rows += count.rows
    refusedRows += count.refusedRows
    for (const [name, codes] of Object.entries(count.columns)) {
      const column = name in columns || Object.keys(columns).length < maxColumns ? name : 'other'
      columns[column] ??= {}
      const sums = columns[column] as Record<string, number>
      for (const [code, n] of Object.entries(codes)) sums[code] = (sums[code] ?? 0) + n
    }
  }
  return { calls, rows, refusedRows, columns: Object.fromEntries(Object.entries(columns)) }
}
