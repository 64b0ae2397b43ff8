/** The records of runs and models as they will be once every queued operation is delivered. */
import { isLaterPoint } from '../../ports/metric-points'
import { paramConflict } from '../../ports/run-keys'
import { assertTakesBatch, endTimeAfter } from '../../ports/run-state'
import type { LoggedModelInit, LoggedModelRecord, RunBatch, RunChange, RunInit, RunRecord } from '../../ports/tracker-backend'
import type { QueuedOperation } from './operations'

/** The last known records of runs and models, with the queued operations applied. Answers reads while the backend does not. */
export interface Overlay {
  readonly runs: ReadonlyMap<string, RunRecord>
  readonly models: ReadonlyMap<string, LoggedModelRecord>
  setRun(record: RunRecord): void
  setModel(record: LoggedModelRecord): void
  /** Checks a batch as the backend would. @throws Conflict, InvalidState */
  checkBatch(runId: string, batch: RunBatch): void
  addBatch(runId: string, batch: RunBatch): void
  change(runId: string, change: RunChange, now: number): void
  remove(runId: string): void
  /** Applies an operation that an earlier process queued. */
  apply(operation: QueuedOperation, now: number): void
}

/** Most records kept; the least recently changed are dropped first. */
const maxRecords = 2000

/** Creates an empty overlay. */
export function createOverlay(): Overlay {
  const runs = new Map<string, RunRecord>()
  const models = new Map<string, LoggedModelRecord>()
  const keep = <T>(map: Map<string, T>, id: string, record: T): void => {
    map.delete(id)
    map.set(id, record)
    if (map.size > maxRecords) map.delete(map.keys().next().value as string)
  }
  const update = (runId: string, change: (run: RunRecord) => RunRecord): void => {
    const run = runs.get(runId)
    if (run !== undefined) keep(runs, runId, change(run))
  }
  const overlay: Overlay = {
    runs,
    models,
    setRun: (record) => keep(runs, record.runId, record),
    setModel: (record) => keep(models, record.modelId, record),
    checkBatch(runId, batch) {
      const run = runs.get(runId)
      if (run === undefined) return
      assertTakesBatch(run, batch)
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        const held = Object.hasOwn(run.params, key) ? run.params[key] : undefined
        if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
      }
    },
    addBatch: (runId, batch) => update(runId, (run) => withBatch(run, batch)),
    change: (runId, change, now) => update(runId, (run) => withChange(run, change, now)),
    remove: (runId) => update(runId, (run) => ({ ...run, lifecycleStage: 'deleted' })),
    apply(operation, now) {
      const { kind } = operation
      if (kind === 'run') {
        if (!runs.has(operation.localId)) overlay.setRun(newRunRecord(operation.localId, operation.init))
      } else if (kind === 'model') {
        if (!models.has(operation.localId)) overlay.setModel(newModelRecord(operation.localId, operation.init))
      } else if (kind === 'batch') overlay.addBatch(operation.runId, operation.batch)
      else if (kind === 'update') overlay.change(operation.runId, operation.change, now)
      else if (kind === 'delete') overlay.remove(operation.runId)
    },
  }
  return overlay
}

/** The record of a new run that is not on the backend yet. */
export function newRunRecord(localId: string, { runName, tags = {}, experimentId, startTime, user = '' }: RunInit): RunRecord {
  const given = runName ?? tags['mlflow.runName'] ?? localId.slice(0, 8)
  return {
    runId: localId,
    runName: given,
    experimentId,
    status: 'running',
    startTime,
    artifactUri: `queued:/${localId}/artifacts`,
    lifecycleStage: 'active',
    user,
    params: {},
    tags: { ...tags, 'mlflow.runName': given },
    metrics: {},
    datasets: [],
    inputModels: [],
    outputModels: [],
  }
}

/** The record of a new logged model that is not on the backend yet. */
export function newModelRecord(localId: string, init: LoggedModelInit): LoggedModelRecord {
  const { experimentId, name, sourceRunId, modelType, createdAt, tags, params } = init
  return {
    modelId: localId,
    experimentId,
    name,
    artifactUri: `queued:/models/${localId}/artifacts`,
    status: 'pending',
    ...(sourceRunId === undefined ? {} : { sourceRunId }),
    ...(modelType === undefined ? {} : { modelType }),
    createdAt,
    tags: { ...tags },
    params: { ...params },
  }
}

function withBatch(run: RunRecord, batch: RunBatch): RunRecord {
  const metrics = new Map(Object.entries(run.metrics))
  for (const point of batch.metrics ?? []) {
    const held = metrics.get(point.key)
    if (held === undefined || isLaterPoint(point, held)) metrics.set(point.key, point)
  }
  const tags = { ...run.tags, ...batch.tags }
  const outputs = batch.outputModels ?? []
  return {
    ...run,
    runName: tags['mlflow.runName'] ?? run.runName,
    params: { ...run.params, ...batch.params },
    tags,
    metrics: Object.fromEntries(metrics),
    datasets: [
      ...run.datasets,
      ...(batch.datasets ?? []).filter(({ name, digest }) => !run.datasets.some((held) => held.name === name && held.digest === digest)),
    ],
    inputModels: [...new Set([...run.inputModels, ...(batch.inputModels ?? [])])],
    outputModels: [...run.outputModels, ...outputs.filter(({ modelId }) => !run.outputModels.some((held) => held.modelId === modelId))],
  }
}

function withChange(run: RunRecord, change: RunChange, now: number): RunRecord {
  const { status, runName } = change
  const { endTime: before, ...rest } = run
  const end = endTimeAfter(change, before, () => now)
  return {
    ...rest,
    ...(end === undefined ? {} : { endTime: end }),
    ...(status === undefined ? {} : { status }),
    ...(runName === undefined ? {} : { runName, tags: { ...run.tags, 'mlflow.runName': runName } }),
  }
}
