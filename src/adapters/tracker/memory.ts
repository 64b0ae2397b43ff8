/** The tracker backend in memory: the reference implementation of the port, for tests and short-lived work. */
import { type Clock, systemClock } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { anything, checkOptions } from '../../core/options'
import { comparePoints, isLaterPoint, pageOfPoints, pointIdentity } from '../../ports/metric-points'
import { assertBatch, assertExperimentName, assertModelName, assertRunId, isOnlyTags, paramConflict } from '../../ports/run-keys'
import type {
  ArtifactInfo,
  ArtifactOwner,
  DatasetInput,
  ExperimentRecord,
  LoggedModelRecord,
  MetricPoint,
  RunBatch,
  RunRecord,
  TrackerBackend,
} from '../../ports/tracker-backend'

/** Options of {@link memoryTracker}. */
export interface MemoryTrackerOptions {
  /** Stamps experiments. @default the system clock */
  readonly clock?: Clock | undefined
}

interface HeldRun {
  /** Without what is kept beside it. */
  head: Omit<RunRecord, 'params' | 'tags' | 'metrics' | 'datasets' | 'inputModels' | 'outputModels'>
  readonly params: Map<string, string>
  readonly tags: Map<string, string>
  /** Key → identity → point; `sorted` is dropped by every change. */
  readonly metrics: Map<string, { readonly points: Map<string, MetricPoint>; last: MetricPoint; sorted: MetricPoint[] | undefined }>
  readonly datasets: Map<string, DatasetInput>
  readonly inputModels: Set<string>
  readonly outputModels: Map<string, number>
}

/**
 * A tracker backend in this process's memory. It ends with the process. Batches are stored whole or not at all.
 *
 * @example
 * const tracker = createTracker({ backend: memoryTracker() })
 */
export function memoryTracker(options: MemoryTrackerOptions = {}): TrackerBackend {
  checkOptions('memoryTracker', options, { clock: anything() })
  const clock = options.clock ?? systemClock()
  const name = 'memoryTracker'
  const experiments = new Map<string, ExperimentRecord>()
  const runs = new Map<string, HeldRun>()
  const models = new Map<string, LoggedModelRecord>()
  const artifacts = new Map<string, Uint8Array>()
  let closed = false

  const begin = (): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
  }
  const runOf = (runId: string): HeldRun => {
    begin()
    const run = runs.get(runId)
    if (run === undefined) throw notFound(`${name} has no run ${show(runId)}`)
    return run
  }
  const experimentOf = (experimentId: string): ExperimentRecord => {
    begin()
    const experiment = experiments.get(experimentId)
    if (experiment === undefined) throw notFound(`${name} has no experiment ${show(experimentId)}`)
    return experiment
  }
  const modelOf = (modelId: string): LoggedModelRecord => {
    begin()
    const model = models.get(modelId)
    if (model === undefined) throw notFound(`${name} has no model ${show(modelId)}`)
    return model
  }
  const addExperiment = (id: string, experimentName: string, tags: Readonly<Record<string, string>> = {}): ExperimentRecord => {
    const now = clock.now()
    const record: ExperimentRecord = {
      experimentId: id,
      name: experimentName,
      artifactUri: `memory:///${id}`,
      lifecycleStage: 'active',
      createdAt: now,
      updatedAt: now,
      tags: { ...tags },
    }
    experiments.set(id, record)
    return record
  }
  /** The key prefix of an owner's artifacts. */
  const folderOf = (owner: ArtifactOwner): string =>
    'runId' in owner ? `${runOf(owner.runId).head.runId}/` : `${modelOf(owner.modelId).modelId}/`

  return {
    portVersion: 1,
    name,
    capabilities: { atomicBatch: true, persistent: false, search: true },
    ensureExperiment(experimentName, { tags } = {}) {
      begin()
      assertExperimentName(experimentName)
      assertBatch({ tags })
      for (const experiment of experiments.values()) if (experiment.name === experimentName) return experiment
      if (!experiments.has('0')) addExperiment('0', 'Default')
      return experimentName === 'Default' ? experimentOf('0') : addExperiment(`${experiments.size}`, experimentName, tags)
    },
    getExperiment: experimentOf,
    listExperiments() {
      begin()
      return [...experiments.values()]
    },
    createRun({ experimentId, runName, startTime, user = '', tags = {}, runId = newId() }) {
      const experiment = experimentOf(experimentId)
      assertRunId(runId)
      assertBatch({ tags })
      if (runs.has(runId)) throw new MillwrightError('AlreadyExists', `${name} already has a run ${runId}`)
      const given = runName ?? tags['mlflow.runName'] ?? runId.slice(0, 8)
      const run: HeldRun = {
        head: {
          runId,
          runName: given,
          experimentId,
          status: 'running',
          startTime,
          artifactUri: `${experiment.artifactUri}/${runId}/artifacts`,
          lifecycleStage: 'active',
          user,
        },
        params: new Map(),
        tags: new Map(Object.entries({ ...tags, 'mlflow.runName': given })),
        metrics: new Map(),
        datasets: new Map(),
        inputModels: new Set(),
        outputModels: new Map(),
      }
      runs.set(runId, run)
      return recordOf(run)
    },
    getRun: (runId) => recordOf(runOf(runId)),
    logBatch(runId, batch) {
      const run = runOf(runId)
      assertBatch(batch)
      assertOpen(run, batch)
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        const held = run.params.get(key)
        if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
      }
      apply(run, batch)
    },
    updateRun(runId, { status, endTime, runName }) {
      const run = runOf(runId)
      if (run.head.lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${runId} is deleted`)
      if (status !== undefined) {
        const { endTime: held, ...rest } = run.head
        const ended = status === 'running' || status === 'scheduled' ? undefined : (endTime ?? held ?? clock.now())
        run.head = { ...rest, status, ...(ended === undefined ? {} : { endTime: ended }) }
      } else if (endTime !== undefined) run.head = { ...run.head, endTime }
      if (runName !== undefined) apply(run, { tags: { 'mlflow.runName': runName } })
    },
    async searchRuns(query) {
      begin()
      const wanted = query.experimentIds
      const found = [...runs.values()].filter(({ head }) => wanted === undefined || wanted.includes(head.experimentId)).map(recordOf)
      const { searchRecords } = await import('../../ports/run-search')
      return searchRecords(found, query)
    },
    getMetricHistory(runId, key, page) {
      const metric = runOf(runId).metrics.get(key)
      if (metric === undefined) return pageOfPoints([], page)
      metric.sorted ??= [...metric.points.values()].sort(comparePoints)
      return pageOfPoints(metric.sorted, page)
    },
    deleteRun(runId) {
      const run = runOf(runId)
      run.head = { ...run.head, lifecycleStage: 'deleted' }
    },
    putArtifact(owner, path, bytes) {
      const folder = folderOf(owner)
      assertSafeKey(path, 'an artifact path')
      for (const key of artifacts.keys()) {
        if (key.startsWith(`${folder}${path}/`) || `${folder}${path}`.startsWith(`${key}/`)) {
          throw new MillwrightError('Conflict', `${name}: ${show(path)} and ${show(key.slice(folder.length))} cannot both be artifacts`)
        }
      }
      artifacts.set(folder + path, bytes.slice())
    },
    getArtifact(owner, path) {
      const bytes = artifacts.get(folderOf(owner) + path)
      if (bytes === undefined) throw notFound(`${name} has no artifact ${show(path)}`)
      return bytes.slice()
    },
    listArtifacts(owner, path = '') {
      const prefix = folderOf(owner) + (path === '' ? '' : `${path}/`)
      const found = new Map<string, ArtifactInfo>()
      for (const [key, bytes] of artifacts) {
        if (!key.startsWith(prefix)) continue
        const [first = '', more] = key.slice(prefix.length).split('/', 2)
        const child = path === '' ? first : `${path}/${first}`
        found.set(child, more === undefined ? { path: child, isFolder: false, sizeBytes: bytes.length } : { path: child, isFolder: true })
      }
      return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    createModel({ experimentId, name: modelName, sourceRunId, modelType, tags = {}, params = {}, createdAt }) {
      const experiment = experimentOf(experimentId)
      assertModelName(modelName)
      assertBatch({ tags, params })
      const modelId = `m-${newId()}`
      const record: LoggedModelRecord = {
        modelId,
        experimentId,
        name: modelName,
        artifactUri: `${experiment.artifactUri}/models/${modelId}/artifacts`,
        status: 'pending',
        ...(sourceRunId === undefined ? {} : { sourceRunId }),
        ...(modelType === undefined ? {} : { modelType }),
        createdAt,
        tags: { ...tags },
        params: { ...params },
      }
      models.set(modelId, record)
      return record
    },
    getModel: modelOf,
    finishModel(modelId, status) {
      models.set(modelId, { ...modelOf(modelId), status })
    },
    async close() {
      closed = true
    },
  }
}

function assertOpen({ head }: HeldRun, batch: RunBatch): void {
  if (head.lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${head.runId} is deleted`)
  if (head.status !== 'running' && head.status !== 'scheduled' && !isOnlyTags(batch)) {
    throw new MillwrightError('InvalidState', `run ${head.runId} is ${head.status} and takes nothing but tags`)
  }
}

/** Adds a checked batch: nothing here can fail. */
function apply(run: HeldRun, batch: RunBatch): void {
  for (const point of batch.metrics ?? []) {
    const { key, value, timestamp, step } = point
    const copy: MetricPoint = { key, value, timestamp, step }
    const held = run.metrics.get(key)
    if (held === undefined) {
      run.metrics.set(key, { points: new Map([[pointIdentity(copy), copy]]), last: copy, sorted: undefined })
      continue
    }
    held.points.set(pointIdentity(copy), copy)
    held.sorted = undefined
    if (isLaterPoint(copy, held.last)) held.last = copy
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

function recordOf(run: HeldRun): RunRecord {
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

function notFound(message: string): MillwrightError {
  return new MillwrightError('NotFound', message)
}
