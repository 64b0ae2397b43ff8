/** The runs of a queued tracker. */

import { MillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import { assertBatch, assertRunId, assertRunName } from '../../ports/run-keys'
import { parseRunQuery } from '../../ports/run-search'
import { isEnded } from '../../ports/run-state'
import type { RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import type { OperationQueue } from './operation-queue'
import { newRunRecord } from './overlay'

type RunCalls = Pick<TrackerBackend, 'createRun' | 'getRun' | 'logBatch' | 'updateRun' | 'deleteRun' | 'searchRuns' | 'getMetricHistory'>

/** The calls of the tracker port on runs. Runs created while the backend does not answer have local ids. */
export function queuedRuns(queue: OperationQueue): RunCalls {
  const { backend, ids, overlay, clock } = queue
  const { keys } = backend.capabilities

  return {
    async createRun(init) {
      const { runId, runName, tags = {} } = init
      if (runId !== undefined) assertRunId(runId)
      if (runName !== undefined) assertRunName(runName)
      assertBatch({ tags }, keys)
      await queue.begin()
      if (runId !== undefined) await assertFree(queue, runId)
      const localId = runId ?? newId()
      const named = { ...init, runName: runName ?? tags['mlflow.runName'] ?? localId.slice(0, 8), tags: { ...tags } }
      const created = (await queue.enqueue({ kind: 'run', localId, init: named })) as RunRecord | undefined
      const record = created === undefined ? newRunRecord(localId, named) : toLocalRun(queue, created)
      overlay.setRun(record)
      return record
    },
    getRun: (runId) =>
      queue.read(
        async () => {
          const record = toLocalRun(queue, await backend.getRun(await ids.toServer(runId)))
          overlay.setRun(record)
          return record
        },
        () => overlay.runs.get(runId),
      ),
    async logBatch(runId, batch) {
      assertBatch(batch, keys)
      await queue.begin()
      // While the backend answers, it checks the batch itself.
      if (!queue.isCurrent) overlay.checkBatch(runId, batch)
      await queue.enqueue({ kind: 'batch', runId, batch })
      overlay.addBatch(runId, batch)
    },
    async updateRun(runId, change) {
      if (change.runName !== undefined) assertRunName(change.runName)
      await queue.begin()
      const now = clock.now()
      const isEnd = change.status !== undefined && isEnded(change.status)
      // The run ends now, not when the change is delivered.
      const endTime = change.endTime ?? (isEnd && !queue.isCurrent ? (overlay.runs.get(runId)?.endTime ?? now) : undefined)
      await queue.enqueue({ kind: 'update', runId, change: { ...change, endTime } })
      overlay.change(runId, change, now)
    },
    async deleteRun(runId) {
      await queue.begin()
      await queue.enqueue({ kind: 'delete', runId })
      overlay.remove(runId)
    },
    async searchRuns(query) {
      parseRunQuery(query)
      return queue.read(
        async () => {
          const experimentIds = query.experimentIds && (await Promise.all(query.experimentIds.map(ids.toServer)))
          const page = await backend.searchRuns({ ...query, experimentIds })
          return { ...page, items: page.items.map((record) => toLocalRun(queue, record)) }
        },
        () => undefined,
      )
    },
    getMetricHistory: (runId, key, page) =>
      queue.read(
        async () => backend.getMetricHistory(await ids.toServer(runId), key, page),
        () => undefined,
      ),
  }
}

/** @throws AlreadyExists */
async function assertFree(queue: OperationQueue, runId: string): Promise<void> {
  await queue.recall()
  if (!queue.overlay.runs.has(runId) && (await queue.ids.toServer(runId)) === runId) return
  throw new MillwrightError('AlreadyExists', `${queue.name} already has a run ${runId}`)
}

function toLocalRun({ ids }: OperationQueue, record: RunRecord): RunRecord {
  return { ...record, runId: ids.toLocal(record.runId), experimentId: ids.toLocal(record.experimentId) }
}
