/** The writes of a tee: to the first backend, then to every follower. */
import { assertBatch, type RunKeyRule } from '../../ports/run-keys'
import type { TrackerBackend } from '../../ports/tracker-backend'
import type { Follower } from './follower'

/** What the writes of a tee work with. */
export interface TeeParts {
  readonly first: TrackerBackend
  /** Repeats a write on every follower. @throws what a follower throws, unless there is an `onError` */
  readonly follow: (write: (follower: Follower) => Promise<unknown>) => Promise<void>
  /** The strictest key rules of all backends, so that no backend stores what another refuses. */
  readonly keys: RunKeyRule
}

/** Experiments and runs. */
export function runWrites({
  first,
  follow,
  keys,
}: TeeParts): Pick<TrackerBackend, 'ensureExperiment' | 'createRun' | 'logBatch' | 'updateRun' | 'deleteRun'> {
  return {
    async ensureExperiment(experimentName, options) {
      assertBatch({ tags: options?.tags }, keys)
      const experiment = await first.ensureExperiment(experimentName, options)
      await follow(({ matched }) => matched.experimentOf(experiment.experimentId))
      return experiment
    },
    async createRun(init) {
      assertBatch({ tags: init.tags }, keys)
      const run = await first.createRun(init)
      await follow(({ matched }) => matched.create(run))
      return run
    },
    async logBatch(runId, batch) {
      assertBatch(batch, keys)
      await first.logBatch(runId, batch)
      await follow((follower) => follower.logBatch(runId, batch))
    },
    async updateRun(runId, change) {
      await first.updateRun(runId, change)
      await follow(async ({ backend, matched }) => backend.updateRun(await matched.runOf(runId), change))
    },
    async deleteRun(runId) {
      await follow(async ({ backend, matched }) => backend.deleteRun(await matched.runOf(runId)))
      await first.deleteRun(runId)
    },
  }
}

/** Artifacts and logged models. */
export function modelWrites({ first, follow, keys }: TeeParts): Pick<TrackerBackend, 'putArtifact' | 'createModel' | 'finishModel'> {
  return {
    async putArtifact(owner, path, bytes) {
      await first.putArtifact(owner, path, bytes)
      await follow((follower) => follower.putArtifact(owner, path, bytes))
    },
    async createModel(init) {
      assertBatch({ tags: init.tags, params: init.params }, keys)
      const model = await first.createModel(init)
      await follow(async ({ backend, matched, setModel }) => {
        const experimentId = await matched.experimentOf(init.experimentId)
        const sourceRunId = init.sourceRunId === undefined ? undefined : await matched.runOf(init.sourceRunId)
        setModel(model.modelId, (await backend.createModel({ ...init, experimentId, sourceRunId })).modelId)
      })
      return model
    },
    async finishModel(modelId, status) {
      await first.finishModel(modelId, status)
      await follow(async ({ backend, modelOf }) => backend.finishModel(modelOf(modelId), status))
    },
  }
}

/** The optional calls of the port, for backends that all have them. */
export function lifecycleWrites({ first, follow }: TeeParts): Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'> {
  return {
    async restoreRun(runId) {
      await first.restoreRun?.(runId)
      await follow(async ({ backend, matched }) => backend.restoreRun?.(await matched.runOf(runId)))
    },
    async deleteTag(runId, key) {
      await first.deleteTag?.(runId, key)
      await follow(async ({ backend, matched }) => backend.deleteTag?.(await matched.runOf(runId), key))
    },
    async changeExperiment(experimentId, change) {
      // A follower finds the experiment by its name, so it is matched before the name changes.
      await follow(({ matched }) => matched.experimentOf(experimentId))
      const changed = await (first.changeExperiment as NonNullable<TrackerBackend['changeExperiment']>)(experimentId, change)
      await follow(async ({ backend, matched }) => backend.changeExperiment?.(await matched.experimentOf(experimentId), change))
      return changed
    },
  }
}
