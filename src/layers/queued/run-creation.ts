/** Creates a queued run or model on the backend, once, however often the creation is retried. */
import { isMillwrightError } from '../../core/errors'
import type { LoggedModelInit, LoggedModelRecord, RunInit, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { rewriteTags } from '../id-rewrite'
import type { LocalIds } from './local-ids'

/** The tag that holds the local id of a run or model created from the queue. */
export const queueIdTag = 'millwright.queue_id'

/** A backend that can find a logged model by a tag, as `mlflowTracker` can. */
export interface FindsModels {
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
}

/** Creates a run. `isRetry`: an earlier attempt may have created it. */
export type CreateRun = (localId: string, init: RunInit, isRetry: boolean) => Promise<RunRecord>

/** Returns a function that creates runs on `backend`: under their local id if the backend accepts one, otherwise with that id as a tag. */
export function runCreation(backend: TrackerBackend, ids: LocalIds): CreateRun {
  let acceptsRunIds = true

  const find = async (experimentId: string, localId: string): Promise<RunRecord | undefined> => {
    if (acceptsRunIds) {
      try {
        return await backend.getRun(localId)
      } catch (error) {
        if (!isMillwrightError(error, 'NotFound') && !isMillwrightError(error, 'InvalidArgument')) throw error
      }
    }
    const filter = `tags.\`${queueIdTag}\` = '${localId}'`
    const { items } = await backend.searchRuns({ experimentIds: [experimentId], filter, view: 'active', orderBy: ['start_time', 'run_id'] })
    // An attempt that timed out may still have been carried out after a later one.
    for (const duplicate of items.slice(1)) await backend.deleteRun(duplicate.runId)
    return items[0]
  }

  const create: CreateRun = async (localId, init, isRetry) => {
    const experimentId = await ids.toServer(init.experimentId)
    const found = isRetry ? await find(experimentId, localId) : undefined
    if (found !== undefined) return found
    const { runId: _, ...rest } = init
    const rewritten = { ...rest, experimentId, tags: await rewriteTags(init.tags, ids.toServer) }
    if (acceptsRunIds) {
      try {
        return await backend.createRun({ ...rewritten, runId: localId })
      } catch (error) {
        if (!isMillwrightError(error, 'Unsupported')) throw error
        acceptsRunIds = false
        if (isRetry) return create(localId, init, isRetry)
      }
    }
    return backend.createRun({ ...rewritten, tags: { ...rewritten.tags, [queueIdTag]: localId } })
  }
  return create
}

/** Creates a logged model. On a retry an existing one is found only if the backend has `findModels`. */
export async function createModel(
  backend: TrackerBackend & Partial<FindsModels>,
  ids: LocalIds,
  { localId, init, isRetry }: { readonly localId: string; readonly init: LoggedModelInit; readonly isRetry: boolean },
): Promise<LoggedModelRecord> {
  const experimentId = await ids.toServer(init.experimentId)
  if (isRetry && backend.findModels !== undefined) {
    const [found] = await backend.findModels(experimentId, { key: queueIdTag, value: localId })
    if (found !== undefined) return found
  }
  const sourceRunId = init.sourceRunId === undefined ? undefined : await ids.toServer(init.sourceRunId)
  const tags = backend.findModels === undefined ? init.tags : { ...init.tags, [queueIdTag]: localId }
  return backend.createModel({ ...init, experimentId, sourceRunId, tags })
}
