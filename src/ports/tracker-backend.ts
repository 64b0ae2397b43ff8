/** The tracker backend port: where experiments and runs are kept. The nouns and limits are MLflow's. */
import type { Awaitable } from '../core/awaitable'

/** How a run stands. */
export type RunStatus = 'running' | 'scheduled' | 'finished' | 'failed' | 'killed'

/** How a run can end. */
export type EndStatus = 'finished' | 'failed' | 'killed'

/** An experiment: a named group of runs. */
export interface ExperimentRecord {
  readonly experimentId: string
  readonly name: string
  readonly artifactUri: string
  readonly lifecycleStage: 'active' | 'deleted'
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: Readonly<Record<string, string>>
}

/** One point of a metric. `value` may be NaN or infinite. */
export interface MetricPoint {
  readonly key: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  /** May be negative; a safe integer. */
  readonly step: number
}

/** Data a run used. `source`, `schema` and `profile` are JSON texts, as MLflow keeps them. */
export interface DatasetInput {
  readonly name: string
  /** At most 36 characters. */
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema?: string | undefined
  readonly profile?: string | undefined
  /** `training`, `eval`, …: MLflow's tag `mlflow.data.context`. */
  readonly context?: string | undefined
}

/** A model that a run made or used. */
export interface LoggedModelRecord {
  /** `m-` and 32 hexadecimal digits. */
  readonly modelId: string
  readonly experimentId: string
  readonly name: string
  readonly artifactUri: string
  readonly status: 'pending' | 'ready' | 'failed'
  readonly sourceRunId?: string | undefined
  readonly modelType?: string | undefined
  readonly createdAt: number
  readonly tags: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
}

/** A run without its histories. */
export interface RunRecord {
  readonly runId: string
  readonly runName: string
  readonly experimentId: string
  readonly status: RunStatus
  readonly startTime: number
  readonly endTime?: number | undefined
  readonly artifactUri: string
  readonly lifecycleStage: 'active' | 'deleted'
  readonly user: string
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** The last point of each key: greatest (step, timestamp, value). */
  readonly metrics: Readonly<Record<string, MetricPoint>>
  readonly datasets: readonly DatasetInput[]
  /** Ids of models the run used and made. */
  readonly inputModels: readonly string[]
  readonly outputModels: readonly { readonly modelId: string; readonly step: number }[]
}

/**
 * What a batch adds to a run, all of it or none where `atomicBatch`.
 *
 * The points of a metric are a set: a point equal in key, timestamp, step and value to one that is there adds nothing.
 */
export interface RunBatch {
  readonly metrics?: readonly MetricPoint[] | undefined
  /** Params are write-once: the same value again is fine, another one is `Conflict`. */
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly datasets?: readonly DatasetInput[] | undefined
  readonly inputModels?: readonly string[] | undefined
  readonly outputModels?: readonly { readonly modelId: string; readonly step: number }[] | undefined
}

/** How a run begins. */
export interface RunInit {
  readonly experimentId: string
  readonly runName?: string | undefined
  /** Epoch milliseconds. */
  readonly startTime: number
  readonly user?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** @default a new one */
  readonly runId?: string | undefined
}

/** What about a run's head may change. */
export interface RunChange {
  readonly status?: RunStatus | undefined
  readonly endTime?: number | undefined
  readonly runName?: string | undefined
}

/** What about an experiment may change; all of it, or nothing. */
export interface ExperimentChange {
  readonly name?: string | undefined
  /** The runs of an experiment follow it: deleted with it, and restored with it. */
  readonly lifecycleStage?: 'active' | 'deleted' | undefined
  /** Added to what is there, or replacing it. */
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** How a logged model begins. */
export interface LoggedModelInit {
  readonly experimentId: string
  readonly name: string
  readonly sourceRunId?: string | undefined
  readonly modelType?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly createdAt: number
}

/** What can be found. */
export interface RunQuery {
  readonly experimentIds?: readonly string[] | undefined
  /** MLflow's filter grammar: `metrics.acc > 0.9 AND params.seed = '7'`. */
  readonly filter?: string | undefined
  /** `metrics.acc DESC`, …; then start time descending, then run id. */
  readonly orderBy?: readonly string[] | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** @default 'active' */
  readonly view?: 'active' | 'deleted' | 'all' | undefined
}

/** A page of anything. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly cursor?: string | undefined
}

/** A file or folder of a run or model. */
export interface ArtifactInfo {
  readonly path: string
  readonly isFolder: boolean
  readonly sizeBytes?: number | undefined
}

/** Whose artifacts. */
export type ArtifactOwner = { readonly runId: string } | { readonly modelId: string }

/** What a tracker backend can do. */
export interface TrackerBackendCapabilities {
  /** A batch is stored whole or not at all. */
  readonly atomicBatch: boolean
  /** What was acknowledged survives the end of the process. */
  readonly persistent: boolean
  /** Understands `filter` and `orderBy` of {@link RunQuery}. */
  readonly search: boolean
  /** Has `changeExperiment`, `restoreRun` and `deleteTag`. @default false */
  readonly lifecycle?: boolean | undefined
  /** Which keys of metrics, params and tags it keeps: see `assertRunKey` of run-keys. @default 'files' */
  readonly keys?: 'mlflow' | 'files' | undefined
}

/**
 * Where runs are kept.
 *
 * Guarantees (`trackerChecks()` checks them):
 * - When a promise resolves, the write is as durable as the backend is, and every reader sees it.
 * - Points of one metric come back in the order (timestamp, step, value; `NaN` last), none lost, none doubled. Their values are those
 *   that were given, `NaN`, the infinities and −0 too (SQL stores keep −0 as 0).
 * - A batch is checked (`assertBatch` of run-keys) before anything of it is stored. One that failed half-way may be handed in
 *   again, whole or in pieces: the same point objects are not stored twice.
 * - Returned records are snapshots: nobody changes them afterwards.
 * - A run that has ended refuses batches with `InvalidState`, except tags; a deleted one refuses everything. A run whose status
 *   is set back to `running` is open again and has no end time.
 * - The tag `mlflow.runName` and the run's name are one thing: setting either sets both.
 * - What `persistent` backends acknowledged is there for another process.
 * - Without `search`, a query with `filter` or `orderBy` is refused with `Unsupported`; without `lifecycle`, `restoreRun`, `deleteTag` and
 *   `changeExperiment` are absent or refused with `Unsupported`.
 * - Several processes may write into one store; two may not write to one run at the same moment.
 */
export interface TrackerBackend {
  readonly portVersion: 1
  readonly name: string
  readonly capabilities: TrackerBackendCapabilities
  /** Gets by name, or creates. Safe against a race: both callers get the same one. @throws InvalidState if a deleted one holds the name */
  ensureExperiment(name: string, options?: { readonly tags?: Readonly<Record<string, string>> | undefined }): Awaitable<ExperimentRecord>
  /** @throws NotFound */
  getExperiment(experimentId: string): Awaitable<ExperimentRecord>
  /** All of them, deleted ones too, in the order of their creation. */
  listExperiments(): Awaitable<readonly ExperimentRecord[]>
  /** @throws NotFound (experiment), InvalidState (deleted experiment), AlreadyExists (`runId` taken) */
  createRun(init: RunInit): Awaitable<RunRecord>
  /** @throws NotFound */
  getRun(runId: string): Awaitable<RunRecord>
  /** Adds to a run. @throws NotFound, InvalidArgument, InvalidState (ended), Conflict (a param that has another value) */
  logBatch(runId: string, batch: RunBatch): Awaitable<void>
  updateRun(runId: string, change: RunChange): Awaitable<void>
  /** One page of runs; without `experimentIds`, of every active experiment. @throws InvalidArgument on a filter that cannot be read */
  searchRuns(query: RunQuery): Awaitable<Page<RunRecord>>
  /** One page of a metric's history; nothing where the run has no such metric. @throws NotFound (run) */
  getMetricHistory(
    runId: string,
    key: string,
    options?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Awaitable<Page<MetricPoint>>
  /** Marks a run as deleted; its data stays. */
  deleteRun(runId: string): Awaitable<void>
  /** Takes the mark of `deleteRun` away; of a run that is not deleted, nothing. Where `lifecycle`. @throws NotFound; InvalidState (its experiment is deleted) */
  restoreRun?(runId: string): Awaitable<void>
  /** Removes a tag of a run, ended or not. Where `lifecycle`. @throws NotFound (run, tag); InvalidState (deleted run); InvalidArgument (`mlflow.runName`) */
  deleteTag?(runId: string, key: string): Awaitable<void>
  /**
   * Renames, deletes, restores or tags an experiment. A deleted one takes nothing but its restoration. Where `lifecycle`.
   *
   * @throws NotFound; AlreadyExists (the name is taken, also by a deleted experiment); InvalidState (deleted); InvalidArgument
   */
  changeExperiment?(experimentId: string, change: ExperimentChange): Awaitable<ExperimentRecord>
  /** Writes one file below the artifacts of a run or model. */
  putArtifact(owner: ArtifactOwner, path: string, bytes: Uint8Array): Awaitable<void>
  /** @throws NotFound */
  getArtifact(owner: ArtifactOwner, path: string): Awaitable<Uint8Array>
  /** The direct children of a folder. */
  listArtifacts(owner: ArtifactOwner, path?: string): Awaitable<readonly ArtifactInfo[]>
  createModel(init: LoggedModelInit): Awaitable<LoggedModelRecord>
  /** @throws NotFound */
  getModel(modelId: string): Awaitable<LoggedModelRecord>
  finishModel(modelId: string, status: 'ready' | 'failed'): Awaitable<void>
  /** Releases what the backend itself made; a storage that was handed in stays open. Idempotent. */
  close(): Promise<void>
}
