/** Helpers that the checks of tracker backends share. */

import { wholeHistory } from '../ports/metric-points'
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

/** A new run of the experiment `checks`. */
export async function newRun(backend: TrackerBackend, name = 'a run'): Promise<RunRecord> {
  const { experimentId } = await backend.ensureExperiment('checks')
  return backend.createRun({ experimentId, runName: name, startTime: 1_700_000_000_000, user: 'ada' })
}

/** All points of a metric, read page by page. */
export async function history(backend: TrackerBackend, runId: string, key: string, limit?: number): Promise<MetricPoint[]> {
  return wholeHistory(backend, runId, key, limit)
}

/** A point whose default time depends on its step. */
export function point(key: string, value: number, step = 0, timestamp = 1_700_000_000_000 + step): MetricPoint {
  return { key, value, step, timestamp }
}
