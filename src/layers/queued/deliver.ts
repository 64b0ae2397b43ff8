/** Handing one waiting operation to the backend, so that doing it twice does it once. */
import { isMillwrightError } from '../../core/errors'
import type {
  ExperimentRecord,
  LoggedModelInit,
  LoggedModelRecord,
  RunBatch,
  RunInit,
  RunRecord,
  TrackerBackend,
} from '../../ports/tracker-backend'
import { artifactElsewhere, tagsElsewhere } from '../other-ids'
import type { LocalIds } from './local-ids'
import type { QueuedOperation } from './operations'

/** The tag by which a run or model made from the queue is found again. */
export const queueIdTag = 'millwright.queue_id'
/** A tag that says nothing: that it can be set shows that the server takes writes for this run. */
const probeTag = 'millwright.queue_probe'

/** A backend that can look a logged model up by a tag, as `mlflowTracker` can. */
export interface FindsModels {
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
}

/** What a delivery needs. */
export interface Delivery {
  readonly operation: QueuedOperation
  readonly blob?: Uint8Array | undefined
  /** The operation may have been carried out before. */
  readonly isAgain: boolean
}

/** Carries operations out; those of one run or model in order. */
export interface Deliverer {
  /** Whether the backend takes another write for the run that an operation is about; `false` also where that cannot be tried. */
  probe(operation: QueuedOperation): Promise<boolean>
  /** @returns the record that was made, for `experiment`, `run` and `model` */
  deliver(delivery: Delivery): Promise<ExperimentRecord | RunRecord | LoggedModelRecord | undefined>
}

/** A deliverer to `backend`. */
export function deliverer(backend: TrackerBackend, ids: LocalIds): Deliverer {
  /** Whether the backend takes our run ids; then a run keeps its id. */
  let takesRunIds = true

  const madeBefore = async (experimentId: string, localId: string): Promise<RunRecord | undefined> => {
    if (takesRunIds) {
      try {
        return await backend.getRun(localId)
      } catch (error) {
        if (!isMillwrightError(error, 'NotFound') && !isMillwrightError(error, 'InvalidArgument')) throw error
      }
    }
    const filter = `tags.\`${queueIdTag}\` = '${localId}'`
    const { items } = await backend.searchRuns({ experimentIds: [experimentId], filter, view: 'active', orderBy: ['start_time', 'run_id'] })
    // An earlier try that was given up may still have gone through, beside a later one.
    for (const double of items.slice(1)) await backend.deleteRun(double.runId)
    return items[0]
  }

  const makeRun = async (localId: string, init: RunInit, isAgain: boolean): Promise<RunRecord> => {
    const experimentId = await ids.toServer(init.experimentId)
    const found = isAgain ? await madeBefore(experimentId, localId) : undefined
    if (found !== undefined) return found
    const { runId: _, ...rest } = init
    const given = { ...rest, experimentId, tags: await tagsElsewhere(init.tags, ids.toServer) }
    if (takesRunIds) {
      try {
        return await backend.createRun({ ...given, runId: localId })
      } catch (error) {
        if (!isMillwrightError(error, 'Unsupported')) throw error
        takesRunIds = false
        if (isAgain) return makeRun(localId, init, isAgain)
      }
    }
    return backend.createRun({ ...given, tags: { ...given.tags, [queueIdTag]: localId } })
  }

  const makeModel = async (localId: string, init: LoggedModelInit, isAgain: boolean): Promise<LoggedModelRecord> => {
    const experimentId = await ids.toServer(init.experimentId)
    const { findModels } = backend as TrackerBackend & Partial<FindsModels>
    if (isAgain && findModels !== undefined) {
      const [found] = await findModels.call(backend, experimentId, { key: queueIdTag, value: localId })
      if (found !== undefined) return found
    }
    const sourceRunId = init.sourceRunId === undefined ? undefined : await ids.toServer(init.sourceRunId)
    const tags = findModels === undefined ? init.tags : { ...init.tags, [queueIdTag]: localId }
    return backend.createModel({ ...init, experimentId, sourceRunId, tags })
  }

  const toServerBatch = async (batch: RunBatch): Promise<RunBatch> => ({
    ...batch,
    tags: await tagsElsewhere(batch.tags, ids.toServer),
    inputModels: batch.inputModels && (await Promise.all(batch.inputModels.map(ids.toServer))),
    outputModels:
      batch.outputModels &&
      (await Promise.all(batch.outputModels.map(async ({ modelId, step }) => ({ modelId: await ids.toServer(modelId), step })))),
  })

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
    async deliver({ operation, blob, isAgain }) {
      switch (operation.kind) {
        case 'experiment':
          return backend.ensureExperiment(operation.name, { tags: operation.tags })
        case 'run':
          return makeRun(operation.localId, operation.init, isAgain)
        case 'model':
          return makeModel(operation.localId, operation.init, isAgain)
        case 'batch':
          await backend.logBatch(await ids.toServer(operation.runId), await toServerBatch(operation.batch))
          return undefined
        case 'update':
          await backend.updateRun(await ids.toServer(operation.runId), operation.change)
          return undefined
        case 'delete':
          try {
            await backend.deleteRun(await ids.toServer(operation.runId))
          } catch (error) {
            if (!isAgain || !isMillwrightError(error, 'InvalidState')) throw error
          }
          return undefined
        case 'artifact': {
          const { owner } = operation
          const to = 'runId' in owner ? { runId: await ids.toServer(owner.runId) } : { modelId: await ids.toServer(owner.modelId) }
          await backend.putArtifact(to, operation.path, await artifactElsewhere(operation.path, blob ?? new Uint8Array(0), ids.toServer))
          return undefined
        }
        case 'finish':
          await backend.finishModel(await ids.toServer(operation.modelId), operation.status)
          return undefined
      }
    },
  }
}
