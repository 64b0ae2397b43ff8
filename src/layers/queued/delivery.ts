/** Carries out one queued operation on the backend. Repeating an operation has no further effect. */
import { isMillwrightError } from '../../core/errors'
import type { ExperimentRecord, LoggedModelRecord, RunBatch, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { rewriteArtifact, rewriteTags } from '../id-rewrite'
import type { LocalIds } from './local-ids'
import type { QueuedOperation } from './operations'
import { createModel, runCreation } from './run-creation'

/** A tag set and removed only to find out whether the backend accepts writes to a run. */
const probeTag = 'millwright.queue_probe'

/** An operation to deliver. */
export interface Delivery {
  readonly operation: QueuedOperation
  /** The bytes of an artifact. */
  readonly blob?: Uint8Array | undefined
  /** Whether an earlier attempt may have carried the operation out. */
  readonly isRetry: boolean
}

/** Delivers operations. The caller keeps the order of operations on one run or model. */
export interface Deliverer {
  /** Whether the backend accepts another write to the operation's run; `false` also if the operation has no run. @throws what the backend throws */
  probe(operation: QueuedOperation): Promise<boolean>
  /** @returns the record created, for `experiment`, `run` and `model` */
  deliver(delivery: Delivery): Promise<ExperimentRecord | RunRecord | LoggedModelRecord | undefined>
}

/** Creates a deliverer to `backend`. */
export function createDeliverer(backend: TrackerBackend, ids: LocalIds): Deliverer {
  const createRun = runCreation(backend, ids)
  return {
    async probe(operation) {
      const runId =
        'runId' in operation ? operation.runId : 'owner' in operation && 'runId' in operation.owner ? operation.owner.runId : undefined
      if (runId === undefined) return false
      const serverId = await ids.toServer(runId)
      await backend.logBatch(serverId, { tags: { [probeTag]: 'ok' } })
      await backend.deleteTag?.(serverId, probeTag)
      return true
    },
    async deliver({ operation, blob, isRetry }) {
      switch (operation.kind) {
        case 'experiment':
          return backend.ensureExperiment(operation.name, { tags: operation.tags })
        case 'run':
          return createRun(operation.localId, operation.init, isRetry)
        case 'model':
          return createModel(backend, ids, { ...operation, isRetry })
        case 'batch':
          await backend.logBatch(await ids.toServer(operation.runId), await rewriteBatch(operation.batch, ids))
          return undefined
        case 'update':
          await backend.updateRun(await ids.toServer(operation.runId), operation.change)
          return undefined
        case 'delete':
          await deleteRun(backend, await ids.toServer(operation.runId), isRetry)
          return undefined
        case 'artifact': {
          const { owner, path } = operation
          const bytes = await rewriteArtifact(path, blob ?? new Uint8Array(0), ids.toServer)
          await backend.putArtifact(await ids.toServerOwner(owner), path, bytes)
          return undefined
        }
        case 'finish':
          await backend.finishModel(await ids.toServer(operation.modelId), operation.status)
          return undefined
      }
    },
  }
}

/** On a retry a run that is deleted already counts as success. */
async function deleteRun(backend: TrackerBackend, runId: string, isRetry: boolean): Promise<void> {
  try {
    await backend.deleteRun(runId)
  } catch (error) {
    if (!isRetry || !isMillwrightError(error, 'InvalidState')) throw error
  }
}

async function rewriteBatch(batch: RunBatch, ids: LocalIds): Promise<RunBatch> {
  const { tags, inputModels, outputModels } = batch
  return {
    ...batch,
    tags: await rewriteTags(tags, ids.toServer),
    inputModels: inputModels && (await Promise.all(inputModels.map(ids.toServer))),
    outputModels:
      outputModels && (await Promise.all(outputModels.map(async ({ modelId, step }) => ({ modelId: await ids.toServer(modelId), step })))),
  }
}
