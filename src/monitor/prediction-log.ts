/** The log of answered rows: bounded, in order of event time; labels are joined by prediction id when they arrive. */
import { show } from '../core/errors'
import type { Label } from '../metrics'
import type { PredictionRecord } from '../ports/model'
import { readLabel, unfitLabel } from '../schema/label'
import type { Actual, LoggedPrediction } from './logged-prediction'
import { matcherOf, type RowFilter } from './row-filter'
import { createSeenLabels, labelsOfRow } from './seen-labels'
import { spanOfWindow, type Window } from './window'

/** What the log did with a row or label. `empty`: the label was blank text and was not kept. `not-sampled`: the option `sample` leaves its id out. */
export type LogOutcome = 'added' | 'duplicate' | 'too-old' | 'joined' | 'waiting' | 'stale' | 'empty' | 'not-sampled'

/** Counts of a prediction log since it was created. */
export interface LogCounts {
  /** Rows added. */
  readonly recorded: number
  /** Rows refused because their id was already in the log. */
  readonly duplicates: number
  /** Rows dropped because the log was full; the oldest are dropped first. */
  readonly dropped: number
  /** Labels joined to a row; a correction of a label counts again. */
  readonly labelled: number
  /** Labels with an id that was not in the log when they arrived. */
  readonly unknownLabels: number
  /** Labels that wait for their row now. */
  readonly waitingLabels: number
  /** Labels left out because they were blank text. */
  readonly emptyLabels: number
  /** Labels left out because their type does not fit what the model predicted. */
  readonly unfitLabels: number
}

/** Selects rows of the log. */
export interface RowSelection {
  /** @default every row */
  readonly window?: Window | undefined
  /** Only rows whose label has arrived. @default false */
  readonly labelled?: boolean | undefined
  /** Only answers of this model version; `'newest'` is the version of the newest row. @default every version */
  readonly version?: string | undefined
  /** Only rows with these values of input columns. @default every row */
  readonly where?: RowFilter | undefined
}

/** The log itself. */
export interface PredictionLog {
  readonly size: number
  /** Times of the oldest and the newest row; `undefined` without rows. */
  span(): readonly [from: number | undefined, to: number | undefined]
  add(record: PredictionRecord, at: number): LogOutcome
  /** @throws InvalidArgument for a label whose type does not fit the row's prediction */
  label(id: string, actual: Actual, at: number): LogOutcome
  /** The labels in predictions and true values of one model version. At most 1,000. */
  seenLabels(model: string, version: string): ReadonlySet<Label>
  /** Snapshots of the rows, oldest first. `now` is the end of windows without one. */
  rows(selection: RowSelection, now: number): LoggedPrediction[]
  counts(): LogCounts
  /** Drops the rows before `at`. */
  dropBefore(at: number): void
}

/** Bounds of a prediction log. */
export interface PredictionLogOptions {
  /** Most rows kept. */
  readonly maxRows: number
  /** Most labels kept for rows that have not been added yet; the one that has waited longest is dropped first. */
  readonly maxWaitingLabels: number
  /** Called when a waiting label does not fit its row; the row is kept without a label. */
  readonly onUnfit?: ((error: Error) => void) | undefined
}

interface WaitingLabel {
  readonly actual: Actual
  readonly at: number
}

/** A place in the log. A label replaces the row, never the place: many rows of one batch have the same time, so places are not searched for. */
interface Slot {
  readonly at: number
  row: LoggedPrediction
}

/** An empty log. Adding in order of time is O(1); reading a window is O(rows in it). */
export function createPredictionLog({ maxRows, maxWaitingLabels, onUnfit }: PredictionLogOptions): PredictionLog {
  const byId = new Map<string, Slot>()
  const seen = createSeenLabels()
  const counts = { recorded: 0, duplicates: 0, dropped: 0, labelled: 0, unknownLabels: 0, emptyLabels: 0, unfitLabels: 0 }
  const waiting = createWaitingLabels({ maxWaitingLabels, onUnfit }, counts)
  // Rows by time; those before `start` have been dropped. They are removed in bulk, so that dropping one row is cheap.
  let rows: Slot[] = []
  let start = 0

  const dropOldest = (): void => {
    byId.delete((rows[start] as Slot).row.id)
    counts.dropped += 1
    start += 1
    if (start > 1024 && start * 2 > rows.length) {
      rows = rows.slice(start)
      start = 0
    }
  }

  return {
    get size() {
      return rows.length - start
    },
    span: () => (rows.length === start ? [undefined, undefined] : [rows[start]?.at, rows[rows.length - 1]?.at]),
    add(record, at) {
      if (byId.has(record.id)) {
        counts.duplicates += 1
        return 'duplicate'
      }
      const oldest = rows[start]
      if (rows.length - start >= maxRows && oldest !== undefined && at < oldest.at) {
        counts.dropped += 1
        return 'too-old'
      }
      const known = waiting.take(record)
      const row = { ...record, at, ...(known === undefined ? {} : { actual: known.actual, labelledAt: known.at }) }
      if (known !== undefined) counts.labelled += 1
      const last = rows[rows.length - 1]
      const slot: Slot = { at, row }
      if (rows.length === start || (last !== undefined && last.at <= at)) rows.push(slot)
      else rows.splice(upperBound(rows, at, start), 0, slot)
      byId.set(row.id, slot)
      seen.add(row)
      counts.recorded += 1
      if (rows.length - start > maxRows) dropOldest()
      return 'added'
    },
    label(id, actual, at) {
      const slot = byId.get(id)
      if (slot === undefined) return waiting.keep(id, actual, at)
      const { row } = slot
      if (row.labelledAt !== undefined && row.labelledAt > at) return 'stale'
      const label = labelFor(row, actual, counts)
      if (label === null) return 'empty'
      const labelledRow = { ...row, actual: label, labelledAt: at }
      slot.row = labelledRow
      seen.add(labelledRow)
      counts.labelled += 1
      return 'joined'
    },
    rows: (selection, now) => select(rows, start, selection, now),
    counts: () => ({ ...counts, waitingLabels: waiting.size() }),
    seenLabels: seen.of,
    dropBefore(at) {
      while (start < rows.length && (rows[start] as Slot).at < at) dropOldest()
    },
  }
}

/** The counts that change when a label is added. */
type LabelTally = { unknownLabels: number; emptyLabels: number; unfitLabels: number }

/** Labels that arrived before their row; the one that has waited longest is dropped first. */
function createWaitingLabels({ maxWaitingLabels, onUnfit }: Omit<PredictionLogOptions, 'maxRows'>, counts: LabelTally) {
  const waiting = new Map<string, WaitingLabel>()
  return {
    size: () => waiting.size,
    /** Returns the waiting label of a row that has arrived, if it fits. */
    take(record: PredictionRecord): WaitingLabel | undefined {
      const known = waiting.get(record.id)
      waiting.delete(record.id)
      if (known === undefined) return undefined
      try {
        const actual = labelFor(record, known.actual, counts)
        return actual === null ? undefined : { actual, at: known.at }
      } catch (error) {
        onUnfit?.(error as Error)
        return undefined
      }
    },
    keep(id: string, actual: Actual, at: number): LogOutcome {
      if (readLabel(actual, []) === null) {
        counts.emptyLabels += 1
        return 'empty'
      }
      counts.unknownLabels += 1
      const before = waiting.get(id)
      if (before !== undefined && before.at > at) return 'stale'
      waiting.delete(id)
      waiting.set(id, { actual, at })
      if (waiting.size > maxWaitingLabels) waiting.delete(waiting.keys().next().value as string)
      return 'waiting'
    },
  }
}

/** The label converted to the type of the row's prediction; `null` when it is blank. Counts labels that are left out. @throws InvalidArgument */
function labelFor(row: PredictionRecord, actual: Actual, counts: LabelTally): Label | null {
  const classes = row.prediction === null ? [] : labelsOfRow(row)
  const label = readLabel(actual, classes)
  if (label === undefined) {
    counts.unfitLabels += 1
    throw unfitLabel(actual, classes, `label of prediction ${show(row.id)}`)
  }
  if (label === null) counts.emptyLabels += 1
  return label
}

function select(rows: readonly Slot[], start: number, selection: RowSelection, now: number): LoggedPrediction[] {
  const { window, labelled = false, where } = selection
  const version = selection.version === 'newest' ? rows[rows.length - 1]?.row.version : selection.version
  const matches = where === undefined ? undefined : matcherOf(where)
  const counts = (row: LoggedPrediction): boolean =>
    (!labelled || row.actual !== undefined) && (version === undefined || row.version === version) && (matches === undefined || matches(row))
  const [from, to] = bounds(rows, start, window, now)
  if (window === undefined || !('lastRows' in window))
    return rows
      .slice(from, to)
      .map(({ row }) => row)
      .filter(counts)
  const picked: LoggedPrediction[] = []
  for (let i = to - 1; i >= from && picked.length < window.lastRows; i--) {
    const { row } = rows[i] as Slot
    if (counts(row)) picked.push(row)
  }
  return picked.reverse()
}

/** Indices of the rows in the window by time: from (included) to (not included). */
function bounds(rows: readonly Slot[], start: number, given: Window | undefined, now: number): [number, number] {
  if (given === undefined) return [start, rows.length]
  const window = spanOfWindow(given, now)
  if ('from' in window) return [lowerBound(rows, window.from, start), lowerBound(rows, window.to, start)]
  const end = window.endAt ?? now
  const to = upperBound(rows, end, start)
  return ['lastMs' in window ? upperBound(rows, end - window.lastMs, start) : start, to]
}

/** First index whose time is ≥ `at`. */
function lowerBound(rows: readonly Slot[], at: number, start: number): number {
  let low = start
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle] as Slot).at < at) low = middle + 1
    else high = middle
  }
  return low
}

/** First index whose time is > `at`. */
function upperBound(rows: readonly Slot[], at: number, start: number): number {
  let low = start
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle] as Slot).at <= at) low = middle + 1
    else high = middle
  }
  return low
}
