/** What a run gets from its tracker, and the option types of its methods. */
import type { Clock } from '../core/clock'
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Table } from '../schema/table'
import type { MetricEvent } from './events'
import type { ReproduceOptions, Reproduction } from './reproduction'
import type { RunBuffer } from './run-buffer'
import type { ChildRunOptions } from './run-options'

/** Options of `run.logMetric` and `run.logMetrics`. */
export interface LogMetricOptions {
  /** A whole number, may be negative. @default 0 */
  readonly step?: number | undefined
  /** Epoch milliseconds. @default now */
  readonly timestamp?: number | undefined
}

/** Options of `run.logArtifacts`. */
export interface LogArtifactsOptions {
  /** The folder to store the files in. @default the root of the run's artifacts */
  readonly under?: string | undefined
  /** Checked before each file. Files logged before an abort are stored. */
  readonly signal?: AbortSignal | undefined
}

/** What a run gets from its tracker. `R` is `Run`, whose file imports this one. */
export interface RunContext<R> {
  readonly backend: TrackerBackend
  readonly buffer: RunBuffer
  readonly clock: Clock
  readonly maxBufferedPoints: number
  readonly maxBufferedBytes: number
  readonly fingerprint: ((table: Table) => string) | undefined
  readonly onMetric: (event: MetricEvent) => void
  /** Must not throw. */
  readonly onError: (error: unknown) => void
  readonly onEnd: (run: R, endTime: number) => void
  readonly startChild: (run: R, options: ChildRunOptions) => Promise<R>
  readonly reproduce: (runId: string, options: ReproduceOptions | undefined) => Promise<Reproduction>
  readonly runChild: <T>(run: R, options: ChildRunOptions, work: (child: R) => Promise<T> | T) => Promise<T>
}
