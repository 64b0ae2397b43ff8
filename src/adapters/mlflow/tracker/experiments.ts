/** Experiments on an MLflow server. */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { assertBatch, assertExperimentName } from '../../../ports/run-keys'
import { assertNameUsable, deletedExperiment } from '../../../ports/run-state'
import type { ExperimentChange, ExperimentRecord, TrackerBackend } from '../../../ports/tracker-backend'
import { allPages, type MlflowClient } from '../client/client'
import { orUndefined, part, toPairs } from '../client/wire'
import { experimentOf } from './records'

/** @throws NotFound */
export async function getExperiment(client: MlflowClient, experimentId: string): Promise<ExperimentRecord> {
  const answer = await client.call('GET', 'experiments/get', { experiment_id: experimentId }, { expect: 'experiment' })
  return experimentOf(part(answer, 'experiment'))
}

/** All experiments, the deleted ones too, in the order of their creation. */
export async function listExperiments(client: MlflowClient): Promise<ExperimentRecord[]> {
  const query = { max_results: 1000, view_type: 'ALL', order_by: ['creation_time ASC', 'experiment_id ASC'] }
  const found = await allPages(client, { method: 'POST', path: 'experiments/search', member: 'experiments' }, query)
  return found.map(experimentOf)
}

/** The part of the tracker port that concerns experiments. */
export function serverExperiments(
  client: MlflowClient,
): Required<Pick<TrackerBackend, 'ensureExperiment' | 'getExperiment' | 'listExperiments' | 'changeExperiment'>> {
  return {
    async ensureExperiment(name, { tags } = {}) {
      assertExperimentName(name)
      assertBatch({ tags }, 'mlflow')
      const found = await findByName(client, name)
      if (found === undefined) {
        try {
          await client.call('POST', 'experiments/create', { name, tags: toPairs(tags) })
        } catch (error) {
          // Another process has created it in the meantime.
          if (!isMillwrightError(error, 'AlreadyExists')) throw error
        }
      }
      const experiment = found ?? (await findByName(client, name))
      if (experiment === undefined) throw new MillwrightError('NotFound', `experiment ${show(name)} was created but is not there`)
      assertNameUsable(experiment)
      return experiment
    },
    getExperiment: (experimentId) => getExperiment(client, experimentId),
    listExperiments: () => listExperiments(client),
    changeExperiment: (experimentId, change) => changeExperiment(client, experimentId, change),
  }
}

async function findByName(client: MlflowClient, name: string): Promise<ExperimentRecord | undefined> {
  const answer = await orUndefined(client.call('GET', 'experiments/get-by-name', { experiment_name: name }, { expect: 'experiment' }))
  return answer && experimentOf(part(answer, 'experiment'))
}

/** The server has a call for each kind of change, so the whole change is checked before the first call that writes. */
async function changeExperiment(client: MlflowClient, experimentId: string, change: ExperimentChange): Promise<ExperimentRecord> {
  const { name, lifecycleStage, tags = {} } = change
  if (name !== undefined) assertExperimentName(name)
  assertBatch({ tags }, 'mlflow')
  const id = { experiment_id: experimentId }
  const before = await getExperiment(client, experimentId)
  const isDeleted = before.lifecycleStage === 'deleted'
  if (isDeleted && lifecycleStage !== 'active') throw deletedExperiment(before)
  const isRenamed = name !== undefined && name !== before.name
  const other = isRenamed ? await findByName(client, name) : undefined
  if (other !== undefined) {
    throw new MillwrightError('AlreadyExists', `there is already an experiment ${show(name)} (${other.lifecycleStage})`)
  }
  if (isDeleted) await client.call('POST', 'experiments/restore', id, { doneBefore: 'InvalidState' })
  if (isRenamed) await client.call('POST', 'experiments/update', { ...id, new_name: name })
  for (const [key, value] of Object.entries(tags)) await client.call('POST', 'experiments/set-experiment-tag', { ...id, key, value })
  if (lifecycleStage === 'deleted') await client.call('POST', 'experiments/delete', id, { doneBefore: 'InvalidState' })
  return getExperiment(client, experimentId)
}
