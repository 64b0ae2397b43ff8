/** A backend that repeats the writes of a tee's first backend, under the ids that it assigned itself. */
import { MillwrightError } from '../../core/errors'
import type { ArtifactOwner, RunBatch, TrackerBackend } from '../../ports/tracker-backend'
import { parentTag, rewriteArtifact, rewriteTags } from '../id-rewrite'
import { MatchedRuns } from './matched-runs'

/** A follower, with its ids of what the first backend created. */
export interface Follower {
  readonly backend: TrackerBackend
  readonly matched: MatchedRuns
  /** The follower's id of a model. @throws NotFound for a model that another process created */
  modelOf(modelId: string): string
  setModel(modelId: string, followersId: string): void
  logBatch(runId: string, batch: RunBatch): Promise<void>
  putArtifact(owner: ArtifactOwner, path: string, bytes: Uint8Array): Promise<void>
}

/** Makes `backend` a follower of `first`. */
export function createFollower(first: TrackerBackend, backend: TrackerBackend): Follower {
  const matched = new MatchedRuns(first, backend)
  const models = new Map<string, string>()

  const modelOf = (modelId: string): string => {
    const held = models.get(modelId)
    if (held !== undefined) return held
    throw new MillwrightError('NotFound', `${backend.name} does not have model ${modelId}, which this process did not create`)
  }

  const rewriteBatch = async (runId: string, batch: RunBatch): Promise<RunBatch> => {
    const { tags, inputModels, outputModels } = batch
    // Unchanged batches stay the same object: a backend recognises points that it stored before a failure by identity.
    if (inputModels === undefined && outputModels === undefined && tags?.[parentTag] === undefined) return batch
    return {
      ...batch,
      tags: await rewriteTags(tags, async (parent) => {
        const { experimentId } = await first.getRun(runId)
        return matched.parentOf(parent, await matched.experimentOf(experimentId))
      }),
      inputModels: inputModels?.map(modelOf),
      outputModels: outputModels?.map(({ modelId, step }) => ({ modelId: modelOf(modelId), step })),
    }
  }

  return {
    ...{ backend, matched, modelOf },
    setModel: (modelId, followersId) => void models.set(modelId, followersId),
    async logBatch(runId, batch) {
      const followersRunId = await matched.runOf(runId)
      await backend.logBatch(followersRunId, await rewriteBatch(runId, batch))
    },
    async putArtifact(owner, path, bytes) {
      const followersOwner = 'runId' in owner ? { runId: await matched.runOf(owner.runId) } : { modelId: modelOf(owner.modelId) }
      const rewritten = await rewriteArtifact(path, bytes, (id) => models.get(id) ?? matched.knownRun(id) ?? id)
      await backend.putArtifact(followersOwner, path, rewritten)
    },
  }
}
