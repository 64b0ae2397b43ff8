/** A backend that follows another one: what the first has made is made there too, under the ids that it has there. */
import { isMillwrightError, MillwrightError } from '../../core/errors'
import type { ArtifactOwner, RunBatch, RunInit, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { artifactElsewhere, parentTag, tagsElsewhere } from '../other-ids'

/** The tag by which a run is found in a follower that gives run ids itself: the id it has in the first backend. */
export const teeIdTag = 'millwright.tee_id'

/** A follower, and what it calls the things that the first backend has made. */
export interface Follower {
  readonly backend: TrackerBackend
  /** The follower's id of an experiment; the experiment is made there if it is not known yet. */
  experimentOf(experimentId: string): Promise<string>
  /** The follower's id of a run; the run is made there if it is not known yet. */
  runOf(runId: string): Promise<string>
  /** Makes the run that the first backend has just made. */
  startRun(run: RunRecord): Promise<string>
  /** @throws NotFound for a model that this process did not make */
  modelOf(modelId: string): string
  setModel(modelId: string, followersId: string): void
  logBatch(runId: string, batch: RunBatch): Promise<void>
  putArtifact(owner: ArtifactOwner, path: string, bytes: Uint8Array): Promise<void>
}

/** `backend` as a follower of `first`. */
export function createFollower(first: TrackerBackend, backend: TrackerBackend): Follower {
  const experiments = new Map<string, string>()
  const runs = new Map<string, string>()
  const models = new Map<string, string>()
  /** Runs that are being matched up. */
  const underWay = new Map<string, Promise<string>>()
  /** Whether it takes the run ids of the first, so far as is known. */
  let takesRunIds = true

  const experimentOf = async (experimentId: string): Promise<string> => {
    const held = experiments.get(experimentId)
    if (held !== undefined) return held
    const { name, tags } = await first.getExperiment(experimentId)
    const made = await backend.ensureExperiment(name, { tags })
    experiments.set(experimentId, made.experimentId)
    return made.experimentId
  }

  const findByTag = async (experimentId: string, runId: string): Promise<string | undefined> => {
    const filter = `tags.\`${teeIdTag}\` = '${runId}'`
    const { items } = await backend.searchRuns({ experimentIds: [experimentId], filter, view: 'all', limit: 1 })
    return items[0]?.runId
  }

  /** Nobody's parent is made for its child's sake: tags may name a circle of parents. */
  const parentIn =
    (experimentId: string) =>
    async (parent: string): Promise<string> =>
      takesRunIds || !/^[0-9a-f]{32}$/.test(parent) ? parent : (runs.get(parent) ?? (await findByTag(experimentId, parent)) ?? parent)

  const makeRun = async (run: RunRecord, isNew: boolean): Promise<string> => {
    const { runId, runName, startTime, user, tags } = run
    const experimentId = await experimentOf(run.experimentId)
    const init: RunInit = { experimentId, runName, startTime, user, tags }
    if (takesRunIds) {
      try {
        return (await backend.createRun({ ...init, runId })).runId
      } catch (error) {
        if (isMillwrightError(error, 'AlreadyExists')) return runId
        if (!isMillwrightError(error, 'Unsupported')) throw error
        takesRunIds = false
      }
    }
    const found = isNew ? undefined : await findByTag(experimentId, runId)
    if (found !== undefined) return found
    const named = await tagsElsewhere(tags, parentIn(experimentId))
    return (await backend.createRun({ ...init, tags: { ...named, [teeIdTag]: runId } })).runId
  }

  const matchUp = async (runId: string): Promise<string> => {
    const run = await first.getRun(runId)
    try {
      return (await backend.getRun(runId)).runId
    } catch (error) {
      // One that is away, with a queue before it, still takes runs, and knows those that it took.
      if (!isMillwrightError(error) || !['NotFound', 'InvalidArgument', 'Unavailable'].includes(error.code)) throw error
      return makeRun(run, false)
    }
  }

  /** The follower's id of a run, found out once. */
  const learnRun = async (runId: string, work: () => Promise<string>): Promise<string> => {
    const held = runs.get(runId)
    if (held !== undefined) return held
    const begun = underWay.get(runId) ?? work()
    underWay.set(runId, begun)
    try {
      const known = await begun
      runs.set(runId, known)
      return known
    } finally {
      underWay.delete(runId)
    }
  }
  const runOf = (runId: string): Promise<string> => learnRun(runId, () => matchUp(runId))

  const modelOf = (modelId: string): string => {
    const held = models.get(modelId)
    if (held !== undefined) return held
    throw new MillwrightError('NotFound', `${backend.name} does not have model ${modelId}, which this process did not make`)
  }

  return {
    ...{ backend, experimentOf, runOf, modelOf },
    startRun: (run) => learnRun(run.runId, () => makeRun(run, true)),
    setModel: (modelId, followersId) => void models.set(modelId, followersId),
    async logBatch(runId, batch) {
      const there = await runOf(runId)
      const { tags, inputModels, outputModels } = batch
      // The same batch object where possible: backends recognise what they have stored of it by its points.
      if (inputModels === undefined && outputModels === undefined && tags?.[parentTag] === undefined) return backend.logBatch(there, batch)
      await backend.logBatch(there, {
        ...batch,
        tags: await tagsElsewhere(tags, async (parent) => parentIn(await experimentOf((await first.getRun(runId)).experimentId))(parent)),
        inputModels: inputModels?.map(modelOf),
        outputModels: outputModels?.map(({ modelId, step }) => ({ modelId: modelOf(modelId), step })),
      })
    },
    async putArtifact(owner, path, bytes) {
      const there = 'runId' in owner ? { runId: await runOf(owner.runId) } : { modelId: modelOf(owner.modelId) }
      await backend.putArtifact(there, path, await artifactElsewhere(path, bytes, (id) => models.get(id) ?? runs.get(id) ?? id))
    },
  }
}
