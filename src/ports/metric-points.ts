/** Order, identity and pages of metric points, for backends that store points themselves. */
import { invalidArgument, show } from '../core/errors'
import type { MetricPoint, Page, TrackerBackend } from './tracker-backend'

/** A point without its key. */
export type PointValues = Pick<MetricPoint, 'value' | 'timestamp' | 'step'>

/** Compares two points of a history: by timestamp, then step, then value; `NaN` comes last. */
export function comparePoints(a: PointValues, b: PointValues): number {
  return a.timestamp - b.timestamp || a.step - b.step || compareNumbers(a.value, b.value)
}

/** Whether `a` is the later of two points of a metric: greatest step, then timestamp, then value (`NaN` counts as 0, as in MLflow). */
export function isLaterPoint(a: PointValues, b: PointValues): boolean {
  if (a.step !== b.step) return a.step > b.step
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp
  return (a.value !== a.value ? 0 : a.value) > (b.value !== b.value ? 0 : b.value)
}

/** A text that is equal for two points of one metric exactly when the points are equal. */
export function pointIdentity({ value, timestamp, step }: PointValues): string {
  return `${timestamp} ${value} ${step}`
}

/** All points of a metric, page by page. @throws what the backend throws */
export async function wholeHistory(
  backend: Pick<TrackerBackend, 'getMetricHistory'>,
  runId: string,
  key: string,
  pageSize?: number,
): Promise<MetricPoint[]> {
  const points: MetricPoint[] = []
  let cursor: string | undefined
  do {
    const page = await backend.getMetricHistory(runId, key, { limit: pageSize, cursor })
    // A page may have more points than a call takes arguments.
    for (const point of page.items) points.push(point)
    cursor = page.items.length === 0 ? undefined : page.cursor
  } while (cursor !== undefined)
  return points
}

/** One page of a sorted history. The cursor is a position. @throws InvalidArgument for a wrong limit or cursor */
export function pageOfPoints(
  sorted: readonly MetricPoint[],
  options: { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {},
): Page<MetricPoint> {
  const { limit = 25_000, cursor = '0' } = options
  if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of a history must be a whole number ≥ 1, got ${show(limit)}`)
  if (!/^\d{1,15}$/.test(cursor)) throw invalidArgument(`the cursor of a history must be that of the page before, got ${show(cursor)}`)
  const start = Number(cursor)
  const items = sorted.slice(start, start + limit)
  return start + limit < sorted.length ? { items, cursor: `${start + limit}` } : { items }
}

function compareNumbers(a: number, b: number): number {
  if (a === b) return 0
  if (a !== a || b !== b) return a === a ? -1 : b === b ? 1 : 0
  return a - b
}
