/** A tracker backend that writes to several: the first answers, the others follow. */
import { displayPort } from '../../core/display'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, ofType } from '../../core/options'
import { trackerBackendRule } from '../../ports/port-rules'
import { assertBatch } from '../../ports/run-keys'
import type { TrackerBackend } from '../../ports/tracker-backend'
import { createFollower, type Follower } from './follower'

/** Options of {@link teeTracker}. */
export interface TeeTrackerOptions {
  /** Told about what a follower throws; without it a failing follower fails the call. */
  readonly onError?: ((error: unknown, follower: TrackerBackend) => void) | undefined
}

/**
 * Writes to every backend, reads from the first.
 *
 * Runs keep their id in all of them, or in one that gives ids itself (an MLflow server) carry that of the first in the tag `millwright.tee_id`;
 * experiments and runs are matched up as they are made or first used, so that a run that one process began can be continued by another.
 * Parents, models and `MLmodel` files are named by each backend's own ids.
 *
 * Writes go to the first backend, then to the followers side by side. When a follower fails and there is no `onError`, the call fails: handing
 * the same points in again then stores none twice. To log on while a server is away, put `queuedTracker` before it.
 *
 * @throws InvalidArgument for fewer than two backends
 * @example
 * const backend = teeTracker([filesTracker({ storage }), memoryTracker()])
 */
export function teeTracker(backends: readonly TrackerBackend[], options: TeeTrackerOptions = {}): TrackerBackend {
  checkOptions('teeTracker', options, { onError: ofType('function') })
  const rule = trackerBackendRule()
  const [first, ...others] = Array.isArray(backends) ? (backends as readonly TrackerBackend[]) : []
  if (first === undefined || others.length === 0) {
    throw invalidArgument(`teeTracker takes an array of at least two backends, got ${show(backends)}`)
  }
  const wrong = backends.findIndex((backend) => !rule.test(backend))
  if (wrong >= 0) throw invalidArgument(`backend ${wrong} of teeTracker must be ${rule.allowed}, got ${show(backends[wrong])}`)
  const followers = others.map((backend) => createFollower(first, backend))
  const name = `teeTracker(${backends.map((backend) => backend.name).join(', ')})`

  const follow = async (work: (follower: Follower) => Promise<unknown>): Promise<void> => {
    const outcomes = await Promise.allSettled(followers.map(work))
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue
      if (options.onError === undefined) throw outcome.reason
      options.onError(outcome.reason, others[i] as TrackerBackend)
    }
  }

  const lifecycleMethods = (): Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'> => ({
    async restoreRun(runId) {
      await first.restoreRun?.(runId)
      await follow(async (follower) => follower.backend.restoreRun?.(await follower.runOf(runId)))
    },
    async deleteTag(runId, key) {
      await first.deleteTag?.(runId, key)
      await follow(async (follower) => follower.backend.deleteTag?.(await follower.runOf(runId), key))
    },
    async changeExperiment(experimentId, change) {
      // A follower finds the experiment by the name it has so far.
      await follow((follower) => follower.experimentOf(experimentId))
      const changed = await (first.changeExperiment as NonNullable<TrackerBackend['changeExperiment']>)(experimentId, change)
      await follow(async (follower) => follower.backend.changeExperiment?.(await follower.experimentOf(experimentId), change))
      return changed
    },
  })
  const lifecycle = backends.every(({ capabilities }) => capabilities.lifecycle === true)
  // What one of them refuses is refused before another has stored it.
  const keys = backends.every((backend) => backend.capabilities.keys === 'mlflow') ? 'mlflow' : 'files'

  return displayPort('TrackerBackend', {
    ...(lifecycle ? lifecycleMethods() : {}),
    portVersion: 1,
    name,
    capabilities: {
      ...first.capabilities,
      lifecycle,
      keys,
    },
    async ensureExperiment(experimentName, more) {
      assertBatch({ tags: more?.tags }, keys)
      const made = await first.ensureExperiment(experimentName, more)
      await follow((follower) => follower.experimentOf(made.experimentId))
      return made
    },
    getExperiment: (experimentId) => first.getExperiment(experimentId),
    listExperiments: () => first.listExperiments(),
    async createRun(init) {
      assertBatch({ tags: init.tags }, keys)
      const made = await first.createRun(init)
      await follow((follower) => follower.startRun(made))
      return made
    },
    getRun: (runId) => first.getRun(runId),
    async logBatch(runId, batch) {
      assertBatch(batch, keys)
      await first.logBatch(runId, batch)
      await follow((follower) => follower.logBatch(runId, batch))
    },
    async updateRun(runId, change) {
      await first.updateRun(runId, change)
      await follow(async (follower) => follower.backend.updateRun(await follower.runOf(runId), change))
    },
    searchRuns: (query) => first.searchRuns(query),
    getMetricHistory: (runId, key, page) => first.getMetricHistory(runId, key, page),
    async deleteRun(runId) {
      await follow(async (follower) => follower.backend.deleteRun(await follower.runOf(runId)))
      await first.deleteRun(runId)
    },
    async putArtifact(owner, path, bytes) {
      await first.putArtifact(owner, path, bytes)
      await follow((follower) => follower.putArtifact(owner, path, bytes))
    },
    getArtifact: (owner, path) => first.getArtifact(owner, path),
    listArtifacts: (owner, path) => first.listArtifacts(owner, path),
    async createModel(init) {
      assertBatch({ tags: init.tags, params: init.params }, keys)
      const made = await first.createModel(init)
      await follow(async (follower) => {
        const experimentId = await follower.experimentOf(init.experimentId)
        const sourceRunId = init.sourceRunId === undefined ? undefined : await follower.runOf(init.sourceRunId)
        follower.setModel(made.modelId, (await follower.backend.createModel({ ...init, experimentId, sourceRunId })).modelId)
      })
      return made
    },
    getModel: (modelId) => first.getModel(modelId),
    async finishModel(modelId, status) {
      await first.finishModel(modelId, status)
      await follow(async (follower) => follower.backend.finishModel(follower.modelOf(modelId), status))
    },
    async close() {
      for (const backend of backends) await backend.close()
    },
  })
}
