/** Renaming, deleting and restoring at a server: it takes one change a call, so all of a change is looked at before the first. */
import { invalidArgument, MillwrightError, show } from '../../../core/errors'
import { assertBatch, assertExperimentName } from '../../../ports/run-keys'
import type { ExperimentChange, ExperimentRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { orUndefined, part } from '../client/wire'
import { experimentOf, runOf } from './records'

/** The optional part of the tracker port. */
export type Lifecycle = Required<Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'>>

/** The calls on the client that `open` gives. */
export function mlflowLifecycle(open: () => MlflowClient): Lifecycle {
  const experiment = async (path: string, query: Readonly<Record<string, string>>): Promise<ExperimentRecord> =>
    experimentOf(part(await open().call('GET', path, query, { expect: 'experiment' }), 'experiment'))

  return {
    async restoreRun(runId) {
      const run = runOf(part(await open().call('GET', 'runs/get', { run_id: runId }, { expect: 'run' }), 'run'))
      if (run.lifecycleStage === 'active') return
      const { lifecycleStage, name } = await experiment('experiments/get', { experiment_id: run.experimentId })
      if (lifecycleStage === 'deleted') {
        throw new MillwrightError('InvalidState', `run ${runId} cannot be restored while its experiment ${show(name)} is deleted`)
      }
      await open().call('POST', 'runs/restore', { run_id: runId })
    },
    async deleteTag(runId, key) {
      if (key === 'mlflow.runName') throw invalidArgument(`a run always has a name: ${key} of run ${runId} cannot be deleted`)
      await open().call('POST', 'runs/delete-tag', { run_id: runId, key }, { doneBefore: 'NotFound' })
    },
    async changeExperiment(experimentId, change: ExperimentChange) {
      const { name, lifecycleStage, tags = {} } = change
      if (name !== undefined) assertExperimentName(name)
      assertBatch({ tags }, 'mlflow')
      const about = { experiment_id: experimentId }
      const held = await experiment('experiments/get', about)
      if (held.lifecycleStage === 'deleted' && lifecycleStage !== 'active') {
        throw new MillwrightError('InvalidState', `experiment ${show(held.name)} is deleted`, { hint: 'restore it first' })
      }
      const isRenamed = name !== undefined && name !== held.name
      const other = isRenamed ? await orUndefined(experiment('experiments/get-by-name', { experiment_name: name })) : undefined
      if (other !== undefined)
        throw new MillwrightError('AlreadyExists', `there is already an experiment ${show(name)} (${other.lifecycleStage})`)
      if (held.lifecycleStage === 'deleted') await open().call('POST', 'experiments/restore', about, { doneBefore: 'InvalidState' })
      if (isRenamed) await open().call('POST', 'experiments/update', { ...about, new_name: name })
      for (const [key, value] of Object.entries(tags)) await open().call('POST', 'experiments/set-experiment-tag', { ...about, key, value })
      if (lifecycleStage === 'deleted') await open().call('POST', 'experiments/delete', about, { doneBefore: 'InvalidState' })
      return experiment('experiments/get', about)
    },
  }
}
