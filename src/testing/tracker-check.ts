/** What the checks of tracker backends share: how one is made, a run to write to, a whole history. */
import type { MetricPoint, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import type { Check, CheckContext } from './check'

/** A check of a tracker backend. */
export function trackerCheck(
  name: string,
  run: (context: CheckContext<TrackerBackend>) => Promise<void>,
  requires: readonly string[] = [],
): Check<TrackerBackend> {
  return { name, requires, run }
}

/** A run to write to. */
export async function newRun(backend: TrackerBackend, name = 'a run'): Promise<RunRecord> {
  const { experimentId } = await backend.ensureExperiment('checks')
  return backend.createRun({ experimentId, runName: name, startTime: 1_700_000_000_000, user: 'ada' })
}

/** Every point of a metric, page after page. */
export async function history(backend: TrackerBackend, runId: string, key: string, limit?: number): Promise<MetricPoint[]> {
  const points: MetricPoint[] = []
  let cursor: string | undefined
  do {
    const page = await backend.getMetricHistory(runId, key, { limit, cursor })
    points.push(...page.items)
    cursor = page.items.length === 0 ? undefined : page.cursor
  } while (cursor !== undefined)
  return points
}

/** A point at a time that follows from its step. */
export function point(key: string, value: number, step = 0, timestamp = 1_700_000_000_000 + step): MetricPoint {
  return { key, value, step, timestamp }
}
