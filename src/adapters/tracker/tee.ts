/** A tracker backend that writes to several: the first answers, the others follow. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { checkOptions, ofType } from '../../core/options'
import { assertBatch } from '../../ports/run-keys'
import type { ArtifactOwner, RunBatch, TrackerBackend } from '../../ports/tracker-backend'

/** Options of {@link teeTracker}. */
export interface TeeTrackerOptions {
  /** Told about what a follower throws; without it a failing follower fails the call. */
  readonly onError?: ((error: unknown, follower: TrackerBackend) => void) | undefined
}

/** What one follower calls the things that the first backend has made. */
interface Follower {
  readonly backend: TrackerBackend
  readonly experiments: Map<string, string>
  readonly runs: Map<string, string>
  readonly models: Map<string, string>
}

/**
 * Writes to every backend, reads from the first.
 *
 * Runs keep their id in all of them; experiments and models are matched up as they are made or first used, so that a run that one
 * process began can be continued by another. Writes go to the first backend, then to the followers side by side. When a follower fails and there is
 * no `onError`, the call fails: handing the same points in again then stores none twice.
 *
 * @throws InvalidArgument for fewer than two backends
 * @example
 * const backend = teeTracker([filesTracker({ storage }), memoryTracker()])
 */
export function teeTracker(backends: readonly TrackerBackend[], options: TeeTrackerOptions = {}): TrackerBackend {
  checkOptions('teeTracker', options, { onError: ofType('function') })
  const [first, ...others] = Array.isArray(backends) ? (backends as readonly TrackerBackend[]) : []
  if (first === undefined || others.length === 0) {
    throw invalidArgument(`teeTracker takes an array of at least two backends, got ${show(backends)}`)
  }
  const followers: readonly Follower[] = others.map((backend) => ({ backend, experiments: new Map(), runs: new Map(), models: new Map() }))
  const name = `teeTracker(${backends.map((backend) => backend.name).join(', ')})`

  const follow = async (work: (follower: Follower) => Promise<unknown>): Promise<void> => {
    const outcomes = await Promise.allSettled(followers.map(work))
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue
      if (options.onError === undefined) throw outcome.reason
      options.onError(outcome.reason, others[i] as TrackerBackend)
    }
  }

  const experimentOf = async ({ backend, experiments }: Follower, experimentId: string): Promise<string> => {
    const held = experiments.get(experimentId)
    if (held !== undefined) return held
    const { name: experimentName, tags } = await first.getExperiment(experimentId)
    const made = await backend.ensureExperiment(experimentName, { tags })
    experiments.set(experimentId, made.experimentId)
    return made.experimentId
  }

  /** The follower's id of a run; the run is made there if it is not known yet. */
  const runOf = async (follower: Follower, runId: string): Promise<string> => {
    const held = follower.runs.get(runId)
    if (held !== undefined) return held
    const { experimentId, runName, startTime, user, tags } = await first.getRun(runId)
    let known = runId
    try {
      await follower.backend.getRun(runId)
    } catch (error) {
      if (!isMillwrightError(error, 'NotFound') && !isMillwrightError(error, 'InvalidArgument')) throw error
      const there = await experimentOf(follower, experimentId)
      known = (await follower.backend.createRun({ experimentId: there, runName, startTime, user, tags, runId })).runId
    }
    follower.runs.set(runId, known)
    return known
  }

  const modelOf = ({ models, backend }: Follower, modelId: string): string => {
    const held = models.get(modelId)
    if (held === undefined)
      throw new MillwrightError('NotFound', `${backend.name} does not have model ${modelId}, which this process did not make`)
    return held
  }

  const ownerOf = async (follower: Follower, owner: ArtifactOwner): Promise<ArtifactOwner> =>
    'runId' in owner ? { runId: await runOf(follower, owner.runId) } : { modelId: modelOf(follower, owner.modelId) }

  const batchOf = (follower: Follower, batch: RunBatch): RunBatch => {
    const { inputModels, outputModels } = batch
    // The same batch object where possible: backends recognise what they have stored of it by its points.
    if (inputModels === undefined && outputModels === undefined) return batch
    return {
      ...batch,
      inputModels: inputModels?.map((modelId) => modelOf(follower, modelId)),
      outputModels: outputModels?.map(({ modelId, step }) => ({ modelId: modelOf(follower, modelId), step })),
    }
  }

  const lifecycleMethods = (): Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'> => ({
    async restoreRun(runId) {
      await first.restoreRun?.(runId)
      await follow(async (follower) => follower.backend.restoreRun?.(await runOf(follower, runId)))
    },
    async deleteTag(runId, key) {
      await first.deleteTag?.(runId, key)
      await follow(async (follower) => follower.backend.deleteTag?.(await runOf(follower, runId), key))
    },
    async changeExperiment(experimentId, change) {
      // A follower finds the experiment by the name it has so far.
      await follow((follower) => experimentOf(follower, experimentId))
      const changed = await (first.changeExperiment as NonNullable<TrackerBackend['changeExperiment']>)(experimentId, change)
      await follow(async (follower) => follower.backend.changeExperiment?.(await experimentOf(follower, experimentId), change))
      return changed
    },
  })
  const lifecycle = backends.every(({ capabilities }) => capabilities.lifecycle === true)
  // What one of them refuses is refused before another has stored it.
  const keys = backends.every((backend) => backend.capabilities.keys === 'mlflow') ? 'mlflow' : 'files'

  return {
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
      await follow((follower) => experimentOf(follower, made.experimentId))
      return made
    },
    getExperiment: (experimentId) => first.getExperiment(experimentId),
    listExperiments: () => first.listExperiments(),
    async createRun(init) {
      assertBatch({ tags: init.tags }, keys)
      const made = await first.createRun(init)
      await follow((follower) => runOf(follower, made.runId))
      return made
    },
    getRun: (runId) => first.getRun(runId),
    async logBatch(runId, batch) {
      assertBatch(batch, keys)
      await first.logBatch(runId, batch)
      await follow(async (follower) => follower.backend.logBatch(await runOf(follower, runId), batchOf(follower, batch)))
    },
    async updateRun(runId, change) {
      await first.updateRun(runId, change)
      await follow(async (follower) => follower.backend.updateRun(await runOf(follower, runId), change))
    },
    searchRuns: (query) => first.searchRuns(query),
    getMetricHistory: (runId, key, page) => first.getMetricHistory(runId, key, page),
    async deleteRun(runId) {
      await follow(async (follower) => follower.backend.deleteRun(await runOf(follower, runId)))
      await first.deleteRun(runId)
    },
    async putArtifact(owner, path, bytes) {
      await first.putArtifact(owner, path, bytes)
      await follow(async (follower) => follower.backend.putArtifact(await ownerOf(follower, owner), path, bytes))
    },
    getArtifact: (owner, path) => first.getArtifact(owner, path),
    listArtifacts: (owner, path) => first.listArtifacts(owner, path),
    async createModel(init) {
      assertBatch({ tags: init.tags, params: init.params }, keys)
      const made = await first.createModel(init)
      await follow(async (follower) => {
        const experimentId = await experimentOf(follower, init.experimentId)
        const sourceRunId = init.sourceRunId === undefined ? undefined : await runOf(follower, init.sourceRunId)
        follower.models.set(made.modelId, (await follower.backend.createModel({ ...init, experimentId, sourceRunId })).modelId)
      })
      return made
    },
    getModel: (modelId) => first.getModel(modelId),
    async finishModel(modelId, status) {
      await first.finishModel(modelId, status)
      await follow(async (follower) => follower.backend.finishModel(modelOf(follower, modelId), status))
    },
    async close() {
      for (const backend of backends) await backend.close()
    },
  }
}
