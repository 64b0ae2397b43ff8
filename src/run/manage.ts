/** Changes experiments and runs that exist: names, tags, deletion and restoration. Loaded on first use. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import type { ExperimentChange, ExperimentRecord, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import { displayRun } from './display-runs'
import type { TrackerCore } from './tracker-core'

/** What `tracker.updateRun` changes. */
export interface RunUpdate {
  readonly name?: string | undefined
  /** Markdown that MLflow shows on the run's page. */
  readonly description?: string | undefined
  /** `null` removes. */
  readonly tags?: Readonly<Record<string, string | null>> | undefined
}

/** What `tracker.updateExperiment` changes. */
export interface ExperimentUpdate {
  /** The new name. */
  readonly name?: string | undefined
  /** Markdown that MLflow shows with the experiment. */
  readonly description?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** `true` deletes it with its runs, `false` restores it with them. */
  readonly deleted?: boolean | undefined
}

type Lifecycle = Required<Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'>>

/** See `tracker.updateRun`. */
export async function updateRun({ backend, settle }: TrackerCore, runId: string, update: RunUpdate): Promise<RunRecord> {
  checkOptions('updateRun', update, { name: nonEmptyString(), description: ofType('string'), tags: ofType('object') })
  const { name, description, tags = {} } = update
  const removed = Object.keys(tags).filter((key) => tags[key] === null)
  const lifecycle = removed.length > 0 ? lifecycleOf(backend, 'remove tags') : undefined
  const set = Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null)
  const added = { ...Object.fromEntries(set), ...(description === undefined ? {} : { 'mlflow.note.content': description }) }
  await settle()
  if (name !== undefined) await backend.updateRun(runId, { runName: name })
  if (Object.keys(added).length > 0) await backend.logBatch(runId, { tags: added })
  for (const key of removed) await lifecycle?.deleteTag(runId, key)
  return displayRun(await backend.getRun(runId))
}

/** See `tracker.deleteRun`. */
export async function deleteRun({ backend, open, settle }: TrackerCore, runId: string): Promise<void> {
  for (const run of open) {
    if (run.runId !== runId) continue
    throw new MillwrightError('InvalidState', `deleteRun: run ${show(run.name)} (${runId}) is still being recorded`, {
      hint: 'finish it first',
    })
  }
  await settle()
  await backend.deleteRun(runId)
}

/** See `tracker.restoreRun`. */
export async function restoreRun({ backend, settle }: TrackerCore, runId: string): Promise<void> {
  const { restoreRun: restore } = lifecycleOf(backend, 'restore runs')
  await settle()
  await restore(runId)
}

/** See `tracker.updateExperiment`. */
export async function updateExperiment(core: TrackerCore, name: string, update: ExperimentUpdate): Promise<ExperimentRecord> {
  checkOptions('updateExperiment', update, {
    name: nonEmptyString(),
    description: ofType('string'),
    tags: ofType('object'),
    deleted: ofType('boolean'),
  })
  const { backend, settle } = core
  const { changeExperiment } = lifecycleOf(backend, 'change experiments')
  if (typeof name !== 'string') throw invalidArgument(`updateExperiment takes the name of an experiment, got ${show(name)}`)
  await settle()
  const all = await backend.listExperiments()
  const experiment = all.find((one) => one.name === name)
  if (experiment === undefined) {
    const names = all.slice(0, 20).map((one) => show(one.name))
    throw new MillwrightError('NotFound', `no experiment ${show(name)}; there are ${names.join(', ') || 'none'}`)
  }
  const { description, deleted } = update
  const tags = description === undefined ? update.tags : { ...update.tags, 'mlflow.note.content': description }
  const change: ExperimentChange = {
    name: update.name,
    tags,
    lifecycleStage: deleted === undefined ? undefined : deleted ? 'deleted' : 'active',
  }
  return changeExperiment(experiment.experimentId, change)
}

function lifecycleOf(backend: TrackerBackend, what: string): Lifecycle {
  const { restoreRun, deleteTag, changeExperiment, capabilities } = backend
  if (!capabilities.lifecycle || !restoreRun || !deleteTag || !changeExperiment) {
    throw new MillwrightError('Unsupported', `${backend.name} cannot ${what}`)
  }
  return {
    restoreRun: restoreRun.bind(backend),
    deleteTag: deleteTag.bind(backend),
    changeExperiment: changeExperiment.bind(backend),
  }
}
