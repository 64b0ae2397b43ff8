/** The tracker backend port: where experiments and runs are kept. The nouns and limits are MLflow's. */
import type { Awaitable } from '../core/awaitable'
import type { ModelSignature } from '../schema/signature'

/** How a run stands. */
export type RunStatus = 'running' | 'scheduled' | 'finished' | 'failed' | 'killed'

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

/** What a batch adds to a run, all of it or none where `atomicBatch`. */
export interface RunBatch {
  readonly metrics?: readonly MetricPoint[] | undefined
  /** Params are write-once: the same value again is fine, another one is `Conflict`. */
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly datasets?: readonly DatasetInput[] | undefined
  readonly inputModels?: readonly string[] | undefined
  readonly outputModels?: readonly { readonly modelId: string; readonly step: number }[] | undefined
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
  readonly persistent: boolean
  /** Understands `filter` and `orderBy` of {@link RunQuery}. */
  readonly search: boolean
}

/**
 * Where runs are kept.
 *
 * Guarantees (`trackerChecks()` checks them):
 * - When a promise resolves, the write is as durable as the backend is, and every reader sees it.
 * - Points of one metric come back in the order (timestamp, step, value), none lost, none doubled.
 * - Returned records are snapshots: nobody changes them afterwards.
 * - A run that has ended refuses batches with `InvalidState`, except tags.
 * - Several processes may write into one store; two may not write to one run at the same moment.
 */
export interface TrackerBackend {
  readonly portVersion: 1
  readonly name: string
  readonly capabilities: TrackerBackendCapabilities
  /** Gets by name, or creates. Safe against a race: both callers get the same one. @throws InvalidState if a deleted one holds the name */
  ensureExperiment(name: string, options?: { readonly tags?: Readonly<Record<string, string>> | undefined }): Awaitable<ExperimentRecord>
  getExperiment(experimentId: string): Awaitable<ExperimentRecord>
  listExperiments(): Awaitable<readonly ExperimentRecord[]>
  createRun(init: {
    readonly experimentId: string
    readonly runName?: string | undefined
    readonly startTime: number
    readonly user?: string | undefined
    readonly tags?: Readonly<Record<string, string>> | undefined
    readonly runId?: string | undefined
  }): Awaitable<RunRecord>
  /** @throws NotFound */
  getRun(runId: string): Awaitable<RunRecord>
  /** Adds to a run. */
  logBatch(runId: string, batch: RunBatch): Awaitable<void>
  updateRun(
    runId: string,
    change: { readonly status?: RunStatus | undefined; readonly endTime?: number | undefined; readonly runName?: string | undefined },
  ): Awaitable<void>
  searchRuns(query: RunQuery): Awaitable<Page<RunRecord>>
  /** One page of a metric's history. */
  getMetricHistory(
    runId: string,
    key: string,
    options?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Awaitable<Page<MetricPoint>>
  deleteRun(runId: string): Awaitable<void>
  /** Writes one file below the artifacts of a run or model. */
  putArtifact(owner: ArtifactOwner, path: string, bytes: Uint8Array): Awaitable<void>
  getArtifact(owner: ArtifactOwner, path: string): Awaitable<Uint8Array>
  /** The direct children of a folder. */
  listArtifacts(owner: ArtifactOwner, path?: string): Awaitable<readonly ArtifactInfo[]>
  createModel(init: {
    readonly experimentId: string
    readonly name: string
    readonly sourceRunId?: string | undefined
    readonly modelType?: string | undefined
    readonly tags?: Readonly<Record<string, string>> | undefined
    readonly params?: Readonly<Record<string, string>> | undefined
    readonly createdAt: number
  }): Awaitable<LoggedModelRecord>
  getModel(modelId: string): Awaitable<LoggedModelRecord>
  finishModel(modelId: string, status: 'ready' | 'failed'): Awaitable<void>
  close(): Promise<void>
}

/** Type-only link so that readers of the port find the signature a model is logged with. */
export type { ModelSignature }
