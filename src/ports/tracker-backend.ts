/** The tracker backend port: stores experiments and runs. The terms and limits are MLflow's. */
import type { Awaitable } from '../core/awaitable'

/** The status of a run. */
export type RunStatus = 'running' | 'scheduled' | 'finished' | 'failed' | 'killed'

/** The status of a run that has ended. */
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

/** A dataset that a run used. `source`, `schema` and `profile` are JSON texts, as in MLflow. */
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

/** A logged model: made or used by runs. */
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

/** A run, with the last point of each metric instead of the histories. */
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
  /** Ids of the models that the run used. */
  readonly inputModels: readonly string[]
  /** The models that the run made. */
  readonly outputModels: readonly { readonly modelId: string; readonly step: number }[]
}

/**
 * What a batch adds to a run.
 *
 * The points of a metric are a set: a point that equals a stored one in key, timestamp, step and value adds nothing.
 */
export interface RunBatch {
  readonly metrics?: readonly MetricPoint[] | undefined
  /** A param cannot be changed: its value may be written again, another value is refused with `Conflict`. */
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly datasets?: readonly DatasetInput[] | undefined
  readonly inputModels?: readonly string[] | undefined
  readonly outputModels?: readonly { readonly modelId: string; readonly step: number }[] | undefined
}

/** A new run. */
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

/** A change of a run's status, end time or name. */
export interface RunChange {
  readonly status?: RunStatus | undefined
  readonly endTime?: number | undefined
  readonly runName?: string | undefined
}

/** A change of an experiment. It is made as a whole or not at all. */
export interface ExperimentChange {
  readonly name?: string | undefined
  /** The runs of an experiment are deleted and restored with it. */
  readonly lifecycleStage?: 'active' | 'deleted' | undefined
  /** Tags to add or replace. */
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** A new logged model. */
export interface LoggedModelInit {
  readonly experimentId: string
  readonly name: string
  readonly sourceRunId?: string | undefined
  readonly modelType?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly createdAt: number
}

/** A search for runs. */
export interface RunQuery {
  readonly experimentIds?: readonly string[] | undefined
  /** MLflow's filter grammar: `metrics.acc > 0.9 AND params.seed = '7'`. */
  readonly filter?: string | undefined
  /** Sort keys: `metrics.acc DESC`, …. Runs with equal keys are sorted by start time descending, then by run id. */
  readonly orderBy?: readonly string[] | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** @default 'active' */
  readonly view?: 'active' | 'deleted' | 'all' | undefined
}

/** One page of a result. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly cursor?: string | undefined
}

/** A file or folder among the artifacts of a run or model. */
export interface ArtifactInfo {
  readonly path: string
  readonly isFolder: boolean
  readonly sizeBytes?: number | undefined
}

/** The run or model that artifacts belong to. */
export type ArtifactOwner = { readonly runId: string } | { readonly modelId: string }

/** What a tracker backend can do. A frozen plain record. */
export interface TrackerBackendCapabilities {
  /** A batch is stored as a whole or not at all. */
  readonly atomicBatch: boolean
  /** What was acknowledged survives the end of the process. */
  readonly persistent: boolean
  /** Supports `filter` and `orderBy` of {@link RunQuery}. */
  readonly search: boolean
  /** Has `changeExperiment`, `restoreRun` and `deleteTag`. @default false */
  readonly lifecycle?: boolean | undefined
  /** The keys of metrics, params and tags that it accepts: see `assertRunKey`. @default 'files' */
  readonly keys?: 'mlflow' | 'files' | undefined
}

/**
 * Stores experiments, runs, logged models and their artifacts.
 *
 * Guarantees every implementation gives, checked by `trackerChecks()` of `millwright/testing`:
 * - **Visibility**: when a promise resolves, every reader sees the write. With `persistent`, another process sees it too.
 * - **Metrics**: the points of a metric are returned in the order (timestamp, step, value; `NaN` last), without losses and duplicates. Values are
 *   returned as they were given, also `NaN`, the infinities and −0 (SQL stores return 0 for −0).
 * - **Batches**: a batch is checked (`assertBatch`) before anything of it is stored. With `atomicBatch` it is stored as a whole or not at all. A
 *   failed batch may be passed again, as a whole or in parts: points are not stored twice.
 * - **States** (see `assertTakesBatch`): an ended run refuses batches with `InvalidState`, except batches of tags. A deleted run refuses every
 *   write. A run whose status is set to `running` again has no end time.
 * - **Names**: the tag `mlflow.runName` is the name of the run. Setting one sets the other.
 * - **Records**: a returned record is a snapshot that does not change.
 * - **Capabilities**: without `search`, a query with `filter` or `orderBy` is refused with `Unsupported`. Without `lifecycle`, `restoreRun`,
 *   `deleteTag` and `changeExperiment` are absent or refused with `Unsupported`.
 * - **Processes**: several processes may write to one store. Two processes must not write to one run at the same time.
 */
export interface TrackerBackend {
  readonly portVersion: 1
  readonly name: string
  readonly capabilities: TrackerBackendCapabilities
  /** The experiment of a name, which is created if need be. Concurrent calls get the same one. @throws InvalidState where a deleted experiment has the name */
  ensureExperiment(name: string, options?: { readonly tags?: Readonly<Record<string, string>> | undefined }): Awaitable<ExperimentRecord>
  /** One experiment. @throws NotFound */
  getExperiment(experimentId: string): Awaitable<ExperimentRecord>
  /** All experiments, also deleted ones, in the order of their creation. */
  listExperiments(): Awaitable<readonly ExperimentRecord[]>
  /** Creates a run with status `running`. @throws NotFound (experiment), InvalidState (deleted experiment), AlreadyExists (`runId` is taken) */
  createRun(init: RunInit): Awaitable<RunRecord>
  /** One run. @throws NotFound */
  getRun(runId: string): Awaitable<RunRecord>
  /** Adds a batch to a run. @throws NotFound, InvalidArgument, InvalidState (ended or deleted run), Conflict (a param has another value) */
  logBatch(runId: string, batch: RunBatch): Awaitable<void>
  /** Changes the status, end time or name of a run. @throws NotFound, InvalidArgument (name), InvalidState (deleted run) */
  updateRun(runId: string, change: RunChange): Awaitable<void>
  /** One page of runs; without `experimentIds`, of all active experiments. @throws InvalidArgument for a wrong filter, order, limit or cursor */
  searchRuns(query: RunQuery): Awaitable<Page<RunRecord>>
  /** One page of the history of a metric; empty where the run has no such metric. @throws NotFound (run) */
  getMetricHistory(
    runId: string,
    key: string,
    options?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Awaitable<Page<MetricPoint>>
  /** Marks a run as deleted. Its data can still be read. @throws NotFound */
  deleteRun(runId: string): Awaitable<void>
  /** Restores a deleted run; does nothing for another run. Where `lifecycle`. @throws NotFound; InvalidState (its experiment is deleted) */
  restoreRun?(runId: string): Awaitable<void>
  /** Removes a tag of a run, ended or not. Where `lifecycle`. @throws NotFound (run, tag); InvalidState (deleted run); InvalidArgument (`mlflow.runName`) */
  deleteTag?(runId: string, key: string): Awaitable<void>
  /**
   * Renames, deletes, restores or tags an experiment. A deleted one can only be restored. Where `lifecycle`.
   *
   * @throws NotFound; AlreadyExists (another experiment has the name, perhaps a deleted one); InvalidState (deleted); InvalidArgument
   */
  changeExperiment?(experimentId: string, change: ExperimentChange): Awaitable<ExperimentRecord>
  /** Writes one file to the artifacts of a run or model. */
  putArtifact(owner: ArtifactOwner, path: string, bytes: Uint8Array): Awaitable<void>
  /** The bytes of one file. @throws NotFound */
  getArtifact(owner: ArtifactOwner, path: string): Awaitable<Uint8Array>
  /** The direct children of a folder. */
  listArtifacts(owner: ArtifactOwner, path?: string): Awaitable<readonly ArtifactInfo[]>
  /** Creates a logged model with status `pending`. @throws NotFound (experiment), InvalidState (deleted experiment), InvalidArgument */
  createModel(init: LoggedModelInit): Awaitable<LoggedModelRecord>
  /** One logged model. @throws NotFound */
  getModel(modelId: string): Awaitable<LoggedModelRecord>
  /** Sets the status of a logged model. @throws NotFound */
  finishModel(modelId: string, status: 'ready' | 'failed'): Awaitable<void>
  /** Releases the resources of the backend. A storage that was passed to it stays open. Idempotent; afterwards every call throws `InvalidState`. */
  close(): Promise<void>
}
