/** The rules on the states of runs and experiments that every tracker backend keeps: what an ended or deleted one still accepts. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { isOnlyTags } from './run-keys'
import type { ExperimentRecord, RunBatch, RunChange, RunRecord, RunStatus } from './tracker-backend'

/** Whether a run with this status has ended. Any status may follow any other: an ended run may be opened again. */
export function isEnded(status: RunStatus): boolean {
  return status !== 'running' && status !== 'scheduled'
}

/** @throws InvalidState for a deleted run, which accepts nothing but its restoration */
export function assertRunNotDeleted({ runId, lifecycleStage }: Pick<RunRecord, 'runId' | 'lifecycleStage'>): void {
  if (lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${runId} is deleted`)
}

/** @throws InvalidState for a deleted run, and for an ended one unless the batch has nothing but tags */
export function assertTakesBatch(run: Pick<RunRecord, 'runId' | 'lifecycleStage' | 'status'>, batch: RunBatch): void {
  assertRunNotDeleted(run)
  if (isEnded(run.status) && !isOnlyTags(batch)) {
    throw new MillwrightError('InvalidState', `run ${run.runId} is ${run.status} and takes nothing but tags`)
  }
}

/**
 * The end time of a run after a change: an open run has none; a run that ends without a given time ends at the time it had before, or now.
 *
 * @param before the end time before the change
 */
export function endTimeAfter({ status, endTime }: RunChange, before: number | undefined, now: () => number): number | undefined {
  if (status === undefined) return endTime ?? before
  return isEnded(status) ? (endTime ?? before ?? now()) : undefined
}

/** @throws InvalidArgument for `mlflow.runName`: that tag is the name of the run */
export function assertTagDeletable(runId: string, key: string): void {
  if (key === 'mlflow.runName') throw invalidArgument(`a run always has a name: tag ${key} of run ${runId} cannot be deleted`)
}

/** The error for a deleted experiment, which accepts nothing but its restoration. */
export function deletedExperiment({ name }: Pick<ExperimentRecord, 'name'>): MillwrightError {
  return new MillwrightError('InvalidState', `experiment ${show(name)} is deleted`, { hint: 'restore it first' })
}

/** @throws InvalidState for a deleted experiment: it accepts no runs and no models, and its runs cannot be restored */
export function assertExperimentActive(experiment: Pick<ExperimentRecord, 'name' | 'lifecycleStage'>): void {
  if (experiment.lifecycleStage === 'deleted') throw deletedExperiment(experiment)
}

/** @throws InvalidState for a deleted experiment, where it is asked for by its name */
export function assertNameUsable({ experimentId, name, lifecycleStage }: ExperimentRecord): void {
  if (lifecycleStage !== 'deleted') return
  throw new MillwrightError('InvalidState', `experiment ${show(name)} is deleted and still holds its name`, {
    details: { experimentId },
    hint: 'restore it, or choose another name',
  })
}
