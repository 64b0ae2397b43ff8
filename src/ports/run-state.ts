/** The states of runs and experiments: which calls an ended or deleted one refuses. The same in every tracker backend. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { isOnlyTags } from './run-keys'
import type { ExperimentRecord, RunBatch, RunChange, RunRecord, RunStatus } from './tracker-backend'

/** Whether a run with this status has ended. An ended run may be set to `running` again. */
export function isEnded(status: RunStatus): boolean {
  return status !== 'running' && status !== 'scheduled'
}

/** Checks that a run is not deleted: a deleted run only accepts `restoreRun`. @throws InvalidState */
export function assertRunNotDeleted({ runId, lifecycleStage }: Pick<RunRecord, 'runId' | 'lifecycleStage'>): void {
  if (lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${runId} is deleted`)
}

/** Checks that a run accepts a batch: a deleted run accepts none, an ended run only a batch of tags. @throws InvalidState */
export function assertTakesBatch(run: Pick<RunRecord, 'runId' | 'lifecycleStage' | 'status'>, batch: RunBatch): void {
  assertRunNotDeleted(run)
  if (isEnded(run.status) && !isOnlyTags(batch)) {
    throw new MillwrightError('InvalidState', `run ${run.runId} is ${run.status} and accepts only tags`)
  }
}

/**
 * The end time of a run after a change. A run that has not ended has none. For an ended run it is the given time, else the time before the
 * change, else now.
 *
 * @param before the end time before the change
 */
export function endTimeAfter({ status, endTime }: RunChange, before: number | undefined, now: () => number): number | undefined {
  if (status === undefined) return endTime ?? before
  return isEnded(status) ? (endTime ?? before ?? now()) : undefined
}

/** Checks that a tag may be deleted: `mlflow.runName` is the name of the run and may not. @throws InvalidArgument */
export function assertTagDeletable(runId: string, key: string): void {
  if (key === 'mlflow.runName') throw invalidArgument(`a run always has a name: tag ${key} of run ${runId} cannot be deleted`)
}

/** The error of a call on a deleted experiment, which can only be restored. */
export function deletedExperiment({ name }: Pick<ExperimentRecord, 'name'>): MillwrightError {
  return new MillwrightError('InvalidState', `experiment ${show(name)} is deleted`, { hint: 'restore it first' })
}

/** Checks that an experiment is not deleted: a deleted one accepts no runs and no models, and its runs cannot be restored. @throws InvalidState */
export function assertExperimentActive(experiment: Pick<ExperimentRecord, 'name' | 'lifecycleStage'>): void {
  if (experiment.lifecycleStage === 'deleted') throw deletedExperiment(experiment)
}

/** Checks that `ensureExperiment` may return an experiment: a deleted one keeps its name. @throws InvalidState */
export function assertNameUsable({ experimentId, name, lifecycleStage }: ExperimentRecord): void {
  if (lifecycleStage !== 'deleted') return
  throw new MillwrightError('InvalidState', `experiment ${show(name)} is deleted and still holds its name`, {
    details: { experimentId },
    hint: 'restore it, or choose another name',
  })
}
