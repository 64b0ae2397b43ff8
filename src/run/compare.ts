/** Compares runs: params and metrics by name, one value per run. */
import type { RunRecord, RunStatus } from '../ports/tracker-backend'

/** One run of a comparison. */
export interface ComparedRun {
  readonly runId: string
  readonly name: string
  readonly experimentId: string
  readonly status: RunStatus
  readonly startTime: number
  /** `null` while it runs. */
  readonly durationMs: number | null
}

/** One param or metric of a comparison: `values[i]` is that of run `i`, `null` where it has none. */
export interface ComparedValue<T> {
  readonly name: string
  readonly values: readonly (T | null)[]
  /** Whether the runs do not all have the same value (a missing one counts). */
  readonly differs: boolean
}

/** What `compareRuns` gives: plain data. */
export interface RunComparison {
  readonly runs: readonly ComparedRun[]
  readonly params: readonly ComparedValue<string>[]
  readonly metrics: readonly ComparedValue<number>[]
}

/** Compares runs, in the given order; names are sorted. Metrics are last values. */
export function compareRecords(records: readonly RunRecord[]): RunComparison {
  return {
    runs: records.map(({ runId, runName, experimentId, status, startTime, endTime }) => ({
      runId,
      name: runName,
      experimentId,
      status,
      startTime,
      durationMs: endTime === undefined ? null : endTime - startTime,
    })),
    params: rows(records.map(({ params }) => params)),
    metrics: rows(records.map(({ metrics }) => Object.fromEntries(Object.entries(metrics).map(([key, { value }]) => [key, value])))),
  }
}

function rows<T extends string | number>(maps: readonly Readonly<Record<string, T>>[]): ComparedValue<T>[] {
  const names = [...new Set(maps.flatMap((map) => Object.keys(map)))].sort()
  return names.map((name) => {
    const values = maps.map((map) => (Object.hasOwn(map, name) ? (map[name] as T) : null))
    return { name, values, differs: values.some((value) => !Object.is(value, values[0])) }
  })
}
