/** The runs of the memory tracker. */
import type { Clock } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { comparePoints, isLaterPoint, pageOfPoints, pointIdentity } from '../../ports/metric-points'
import { assertBatch, assertRunId, assertRunName, paramConflict } from '../../ports/run-keys'
import { assertRunNotDeleted, assertTagDeletable, assertTakesBatch, endTimeAfter } from '../../ports/run-state'
import type {
  DatasetInput,
  ExperimentRecord,
  MetricPoint,
  Page,
  RunBatch,
  RunChange,
  RunInit,
  RunRecord,
} from '../../ports/tracker-backend'

/** A run as it is stored. */
interface StoredRun {
  /** The fields that are not stored in one of the maps below. */
  head: Omit<RunRecord, 'params' | 'tags' | 'metrics' | 'datasets' | 'inputModels' | 'outputModels'>
  readonly params: Map<string, string>
  readonly tags: Map<string, string>
  /** By key, then by identity of the point. `sorted` is `undefined` after a change. */
  readonly metrics: Map<string, { readonly points: Map<string, MetricPoint>; last: MetricPoint; sorted: MetricPoint[] | undefined }>
  readonly datasets: Map<string, DatasetInput>
  readonly inputModels: Set<string>
  readonly outputModels: Map<string, number>
}

type MetricPage = Parameters<typeof pageOfPoints>[1]

/** Runs by id. */
export interface MemoryRuns {
  /** @throws InvalidArgument, AlreadyExists (the id) */
  create(experiment: ExperimentRecord, init: RunInit): RunRecord
  /** @throws NotFound */
  get(runId: string): RunRecord
  ofExperiments(experimentIds: ReadonlySet<string>): RunRecord[]
  /** @throws NotFound, InvalidArgument, InvalidState, Conflict; nothing has been stored then */
  logBatch(runId: string, batch: RunBatch): void
  /** @throws NotFound, InvalidArgument, InvalidState */
  update(runId: string, change: RunChange): void
  /** @throws NotFound */
  history(runId: string, key: string, page: MetricPage): Page<MetricPoint>
  /** @throws NotFound */
  setStage(runId: string, stage: RunRecord['lifecycleStage']): void
  /** Sets the stage of all runs of an experiment. */
  setStages(experimentId: string, stage: RunRecord['lifecycleStage']): void
  /** @throws NotFound, InvalidArgument, InvalidState */
  deleteTag(runId: string, key: string): void
}

/** An empty set of runs. `backend` is the name of the tracker backend, for messages. */
export function memoryRuns(backend: string, clock: Clock): MemoryRuns {
  const runs = new Map<string, StoredRun>()
  const find = (runId: string): StoredRun => {
    const run = runs.get(runId)
    if (run === undefined) throw new MillwrightError('NotFound', `${backend} has no run ${show(runId)}`)
    return run
  }
  return {
    create(experiment, init) {
      const { runId = newId(), tags } = init
      assertRunId(runId)
      assertBatch({ tags }, 'mlflow')
      if (runs.has(runId)) throw new MillwrightError('AlreadyExists', `${backend} already has a run ${runId}`)
      const run = newRun(runId, experiment, init)
      runs.set(runId, run)
      return recordOf(run)
    },
    get: (runId) => recordOf(find(runId)),
    ofExperiments: (ids) => [...runs.values()].filter(({ head }) => ids.has(head.experimentId)).map(recordOf),
    logBatch(runId, batch) {
      const run = find(runId)
      assertBatch(batch, 'mlflow')
      assertTakesBatch(run.head, batch)
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        const before = run.params.get(key)
        if (before !== undefined && before !== value) throw paramConflict(runId, key, before, value)
      }
      apply(run, batch)
    },
    update(runId, change) {
      const run = find(runId)
      const { status, runName } = change
      if (runName !== undefined) assertRunName(runName)
      assertRunNotDeleted(run.head)
      const { endTime: before, ...head } = run.head
      const endTime = endTimeAfter(change, before, () => clock.now())
      run.head = { ...head, status: status ?? head.status, ...(endTime === undefined ? {} : { endTime }) }
      if (runName !== undefined) apply(run, { tags: { 'mlflow.runName': runName } })
    },
    history(runId, key, page) {
      const metric = find(runId).metrics.get(key)
      if (metric === undefined) return pageOfPoints([], page)
      metric.sorted ??= [...metric.points.values()].sort(comparePoints)
      return pageOfPoints(metric.sorted, page)
    },
    setStage(runId, lifecycleStage) {
      const run = find(runId)
      run.head = { ...run.head, lifecycleStage }
    },
    setStages(experimentId, lifecycleStage) {
      for (const run of runs.values()) if (run.head.experimentId === experimentId) run.head = { ...run.head, lifecycleStage }
    },
    deleteTag(runId, key) {
      const run = find(runId)
      assertRunNotDeleted(run.head)
      assertTagDeletable(runId, key)
      if (!run.tags.delete(key)) throw new MillwrightError('NotFound', `run ${runId} has no tag ${show(key)}`)
    },
  }
}

/** A running run without data. @throws InvalidArgument (the name) */
function newRun(runId: string, experiment: ExperimentRecord, { runName: given, startTime, user = '', tags = {} }: RunInit): StoredRun {
  const runName = given ?? tags['mlflow.runName'] ?? runId.slice(0, 8)
  assertRunName(runName)
  const { experimentId } = experiment
  const artifactUri = `${experiment.artifactUri}/${runId}/artifacts`
  return {
    head: { runId, runName, experimentId, status: 'running', startTime, artifactUri, lifecycleStage: 'active', user },
    params: new Map(),
    tags: new Map(Object.entries({ ...tags, 'mlflow.runName': runName })),
    metrics: new Map(),
    datasets: new Map(),
    inputModels: new Set(),
    outputModels: new Map(),
  }
}

/** Adds a batch that has been checked. Never throws. */
function apply(run: StoredRun, batch: RunBatch): void {
  for (const point of batch.metrics ?? []) {
    const { key, value, timestamp, step } = point
    const copy: MetricPoint = { key, value, timestamp, step }
    const metric = run.metrics.get(key)
    if (metric === undefined) {
      run.metrics.set(key, { points: new Map([[pointIdentity(copy), copy]]), last: copy, sorted: undefined })
      continue
    }
    metric.points.set(pointIdentity(copy), copy)
    metric.sorted = undefined
    if (isLaterPoint(copy, metric.last)) metric.last = copy
  }
  for (const [key, value] of Object.entries(batch.params ?? {})) run.params.set(key, value)
  for (const [key, value] of Object.entries(batch.tags ?? {})) {
    run.tags.set(key, value)
    if (key === 'mlflow.runName') run.head = { ...run.head, runName: value }
  }
  for (const dataset of batch.datasets ?? []) {
    const identity = `${dataset.name}\n${dataset.digest}`
    if (!run.datasets.has(identity)) run.datasets.set(identity, { ...dataset })
  }
  for (const modelId of batch.inputModels ?? []) run.inputModels.add(modelId)
  for (const { modelId, step } of batch.outputModels ?? []) {
    if (!run.outputModels.has(modelId)) run.outputModels.set(modelId, step)
  }
}

/** A copy of the current state. */
function recordOf(run: StoredRun): RunRecord {
  return {
    ...run.head,
    params: Object.fromEntries(run.params),
    tags: Object.fromEntries(run.tags),
    metrics: Object.fromEntries([...run.metrics].map(([key, { last }]) => [key, last])),
    datasets: [...run.datasets.values()],
    inputModels: [...run.inputModels],
    outputModels: [...run.outputModels].map(([modelId, step]) => ({ modelId, step })),
  }
}
