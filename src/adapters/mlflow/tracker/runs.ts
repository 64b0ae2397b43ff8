/** Runs on an MLflow server. */
import type { Clock } from '../../../core/clock'
import { invalidArgument, MillwrightError, show } from '../../../core/errors'
import { assertBatch, assertRunName } from '../../../ports/run-keys'
import { parseRunQuery } from '../../../ports/run-search'
import { assertExperimentActive, assertTagDeletable, isEnded } from '../../../ports/run-state'
import type { Page, RunChange, RunInit, RunQuery, RunRecord, TrackerBackend } from '../../../ports/tracker-backend'
import { type MlflowClient, nextPageToken } from '../client/client'
import { createTagged } from '../client/create-once'
import { list, part } from '../client/wire'
import { logBatch } from './batches'
import { getExperiment, listExperiments } from './experiments'
import { runOf } from './records'

/** @throws NotFound */
export async function getRun(client: MlflowClient, runId: string): Promise<RunRecord> {
  return runOf(part(await client.call('GET', 'runs/get', { run_id: runId }, { expect: 'run' }), 'run'))
}

/** The part of the tracker port that concerns runs. */
export function serverRuns(
  client: MlflowClient,
  { name, clock }: { readonly name: string; readonly clock: Clock },
): Required<
  Pick<TrackerBackend, 'createRun' | 'getRun' | 'logBatch' | 'updateRun' | 'searchRuns' | 'deleteRun' | 'restoreRun' | 'deleteTag'>
> {
  return {
    createRun: (init) => createRun(client, name, init),
    getRun: (runId) => getRun(client, runId),
    async logBatch(runId, batch) {
      client.assertOpen()
      await logBatch(client, runId, batch, () => getRun(client, runId))
    },
    updateRun: (runId, change) => updateRun(client, clock, runId, change),
    searchRuns: (query) => searchRuns(client, query),
    async deleteRun(runId) {
      await client.call('POST', 'runs/delete', { run_id: runId }, { doneBefore: 'InvalidState' })
    },
    async restoreRun(runId) {
      const run = await getRun(client, runId)
      if (run.lifecycleStage === 'active') return
      assertExperimentActive(await getExperiment(client, run.experimentId))
      await client.call('POST', 'runs/restore', { run_id: runId })
    },
    async deleteTag(runId, key) {
      assertTagDeletable(runId, key)
      await client.call('POST', 'runs/delete-tag', { run_id: runId, key }, { doneBefore: 'NotFound' })
    },
  }
}

async function createRun(client: MlflowClient, name: string, init: RunInit): Promise<RunRecord> {
  const { experimentId, runName, startTime, user, tags, runId } = init
  if (runName !== undefined) assertRunName(runName)
  assertBatch({ tags }, 'mlflow')
  if (runId !== undefined) throw new MillwrightError('Unsupported', `${name} assigns run ids itself; it cannot take ${show(runId)}`)
  if (!Number.isSafeInteger(startTime)) throw invalidArgument(`startTime must be whole milliseconds, got ${show(startTime)}`)
  const body = {
    experiment_id: experimentId,
    start_time: startTime,
    ...(runName === undefined ? {} : { run_name: runName }),
    ...(user === undefined ? {} : { user_id: user }),
  }
  return runOf(await createTagged(client, 'run', body, { tags }))
}

async function updateRun(client: MlflowClient, clock: Clock, runId: string, { status, endTime, runName }: RunChange): Promise<void> {
  if (runName !== undefined) assertRunName(runName)
  const isEnd = status !== undefined && isEnded(status)
  const end = endTime ?? (isEnd ? ((await getRun(client, runId)).endTime ?? clock.now()) : undefined)
  await client.call('POST', 'runs/update', {
    run_id: runId,
    ...(status === undefined ? {} : { status: status.toUpperCase() }),
    ...(end === undefined ? {} : { end_time: end }),
    ...(runName === undefined ? {} : { run_name: runName }),
  })
}

const viewTypes = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' } as const

async function searchRuns(client: MlflowClient, query: RunQuery): Promise<Page<RunRecord>> {
  // The server accepts some filters that it misreads, so the query is parsed here first, as in every other backend.
  const { limit, view, order } = parseRunQuery(query)
  const { experimentIds, filter, cursor } = query
  // The server fails on a key that is named twice; the second one has no effect on the order.
  const isFirst = (at: number): boolean => order.findIndex(({ field, key }) => field === order[at]?.field && key === order[at]?.key) === at
  const orderBy = query.orderBy?.filter((_, at) => isFirst(at))
  const active = async (): Promise<string[]> =>
    (await listExperiments(client)).flatMap(({ experimentId, lifecycleStage }) => (lifecycleStage === 'active' ? [experimentId] : []))
  const ids = experimentIds ?? (await active())
  if (ids.length === 0) return { items: [] }
  const answer = await client.call('POST', 'runs/search', {
    experiment_ids: ids,
    ...(filter === undefined ? {} : { filter }),
    ...(orderBy === undefined ? {} : { order_by: orderBy }),
    ...(cursor === undefined ? {} : { page_token: cursor }),
    run_view_type: viewTypes[view],
    max_results: limit,
  })
  const items = list(answer, 'runs').map(runOf)
  const token = nextPageToken(answer, items)
  return token === undefined ? { items } : { items, cursor: token }
}
