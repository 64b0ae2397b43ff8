/** The tracker backend in memory: the reference implementation of the port, for tests and short-lived work. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { anything, checkOptions } from '../../core/options'
import { comparePoints, pageOfPoints } from '../../ports/metric-points'
import { assertBatch, assertExperimentName, assertModelName, assertRunId, assertRunName, paramConflict } from '../../ports/run-keys'
import {
  assertExperimentActive,
  assertNameUsable,
  assertRunNotDeleted,
  assertTagDeletable,
  assertTakesBatch,
  deletedExperiment,
  endTimeAfter,
} from '../../ports/run-state'
import type {
  ArtifactInfo,
  ArtifactOwner,
  ExperimentChange,
  ExperimentRecord,
  LoggedModelRecord,
  TrackerBackend,
} from '../../ports/tracker-backend'
import { apply, type HeldRun, recordOf } from './memory-run'

/** Options of {@link memoryTracker}. */
export interface MemoryTrackerOptions {
  /** Stamps experiments. @default the system clock */
  readonly clock?: Clock | undefined
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
  const activeOf = (experimentId: string): ExperimentRecord => {
    const experiment = experimentOf(experimentId)
    assertExperimentActive(experiment)
    return experiment
  }
  const change = (experiment: ExperimentRecord, to: ExperimentChange): ExperimentRecord => {
    const { experimentId, lifecycleStage, tags } = experiment
    const stage = to.lifecycleStage ?? lifecycleStage
    if (lifecycleStage === 'deleted' && stage === 'deleted' && (to.name ?? to.tags) !== undefined) throw deletedExperiment(experiment)
    if (to.name !== undefined) {
      assertExperimentName(to.name)
      const other = [...experiments.values()].find(({ name: held }) => held === to.name)
      if (other !== undefined && other.experimentId !== experimentId) {
        throw new MillwrightError('AlreadyExists', `${name} already has an experiment ${show(to.name)} (${other.lifecycleStage})`)
      }
    }
    assertBatch({ tags: to.tags }, 'mlflow')
    const updatedAt = Math.max(clock.now(), experiment.updatedAt)
    const changed = { ...experiment, name: to.name ?? experiment.name, lifecycleStage: stage, updatedAt, tags: { ...tags, ...to.tags } }
    experiments.set(experimentId, changed)
    if (stage === lifecycleStage) return changed
    for (const run of runs.values()) if (run.head.experimentId === experimentId) run.head = { ...run.head, lifecycleStage: stage }
    return changed
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

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: { atomicBatch: true, persistent: false, search: true, lifecycle: true, keys: 'mlflow' },
    ensureExperiment(experimentName, { tags } = {}) {
      begin()
      assertExperimentName(experimentName)
      assertBatch({ tags }, 'mlflow')
      const found = [...experiments.values()].find(({ name: held }) => held === experimentName)
      if (found !== undefined) {
        assertNameUsable(found)
        return found
      }
      if (!experiments.has('0')) addExperiment('0', 'Default')
      return experimentName === 'Default' ? experimentOf('0') : addExperiment(`${experiments.size}`, experimentName, tags)
    },
    getExperiment: experimentOf,
    listExperiments() {
      begin()
      return [...experiments.values()]
    },
    createRun({ experimentId, runName, startTime, user = '', tags = {}, runId = newId() }) {
      const experiment = activeOf(experimentId)
      assertRunId(runId)
      assertBatch({ tags }, 'mlflow')
      if (runs.has(runId)) throw new MillwrightError('AlreadyExists', `${name} already has a run ${runId}`)
      const given = runName ?? tags['mlflow.runName'] ?? runId.slice(0, 8)
      assertRunName(given)
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
      assertBatch(batch, 'mlflow')
      assertTakesBatch(run.head, batch)
      for (const [key, value] of Object.entries(batch.params ?? {})) {
        const held = run.params.get(key)
        if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
      }
      apply(run, batch)
    },
    updateRun(runId, change) {
      const run = runOf(runId)
      const { status, runName } = change
      if (runName !== undefined) assertRunName(runName)
      assertRunNotDeleted(run.head)
      const { endTime: before, ...head } = run.head
      const endTime = endTimeAfter(change, before, () => clock.now())
      run.head = { ...head, status: status ?? head.status, ...(endTime === undefined ? {} : { endTime }) }
      if (runName !== undefined) apply(run, { tags: { 'mlflow.runName': runName } })
    },
    async searchRuns(query) {
      begin()
      const active = [...experiments.values()].filter(({ lifecycleStage }) => lifecycleStage === 'active')
      const wanted = new Set(query.experimentIds ?? active.map(({ experimentId }) => experimentId))
      const found = [...runs.values()].filter(({ head }) => wanted.has(head.experimentId)).map(recordOf)
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
    restoreRun(runId) {
      const run = runOf(runId)
      activeOf(run.head.experimentId)
      run.head = { ...run.head, lifecycleStage: 'active' }
    },
    deleteTag(runId, key) {
      const run = runOf(runId)
      assertRunNotDeleted(run.head)
      assertTagDeletable(runId, key)
      if (!run.tags.delete(key)) throw notFound(`run ${runId} has no tag ${show(key)}`)
    },
    changeExperiment: (experimentId, to) => change(experimentOf(experimentId), to),
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
      const experiment = activeOf(experimentId)
      assertModelName(modelName)
      assertBatch({ tags, params }, 'mlflow')
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
  })
}

function notFound(message: string): MillwrightError {
  return new MillwrightError('NotFound', message)
}
