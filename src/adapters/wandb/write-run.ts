/** Writes a run of any backend as a W&B offline run directory. */
import { assertSafeKey, newId } from '../../core/ids'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import { wholeHistory } from '../../ports/metric-points'
import type { ObjectStore } from '../../ports/object-store'
import type { MetricPoint, TrackerBackend } from '../../ports/tracker-backend'
import { isThumbnail, wandbImage } from './images'
import { filesRecord, type WandbRecord } from './records'
import { runState } from './run-state'
import { openSession } from './session'
import { exitCodes, projectName } from './wandb-keys'

/** Options of {@link writeWandbRun}. */
export interface WriteWandbRunOptions {
  /** Folder below the storage's root. @default 'wandb' */
  readonly folder?: string | undefined
  /** @default the experiment's name */
  readonly project?: string | undefined
  /** @default the user who runs `wandb sync` */
  readonly entity?: string | undefined
  /** The column that holds the step; the x axis of every metric. @default 'step' */
  readonly stepKey?: string | undefined
  /** Also copies artifacts and images. @default true */
  readonly artifacts?: boolean | undefined
}

/**
 * Writes one complete run for `wandb sync`, as `wandbOffline` would have done, with the values of each step in one row. A run that is
 * still open gets no exit record; `wandb sync` then ends it with exit code 1.
 *
 * @returns the key of the directory
 * @throws NotFound; what the storage throws
 */
export async function writeWandbRun(
  backend: TrackerBackend,
  runId: string,
  storage: ObjectStore,
  options: WriteWandbRunOptions = {},
): Promise<string> {
  checkOptions('writeWandbRun', options, {
    folder: nonEmptyString(),
    project: nonEmptyString(),
    entity: nonEmptyString(),
    stepKey: nonEmptyString(),
    artifacts: ofType('boolean'),
  })
  const { folder = 'wandb', entity, stepKey = 'step', artifacts = true } = options
  assertSafeKey(folder, 'the folder of writeWandbRun')
  const run = await backend.getRun(runId)
  const project = projectName(options.project ?? (await backend.getExperiment(run.experimentId)).name)
  const state = runState({ run, project, entity, stepKey, nextRow: 0 })
  const points: MetricPoint[] = []
  for (const key of Object.keys(run.metrics)) {
    // A history may have more points than a call takes arguments.
    for (const point of await wholeHistory(backend, runId, key)) points.push(point)
  }
  const records: WandbRecord[] = [...state.opening(newId()), ...state.batch({ metrics: points })]
  const session = await openSession({ storage, folder, runId, startTime: run.startTime, records })
  const more: WandbRecord[] = []
  for (const path of artifacts ? await filesOf(backend, runId) : []) {
    const bytes = await backend.getArtifact({ runId }, path)
    const image = wandbImage(path, bytes)
    const target = image?.path ?? `artifacts/${path}`
    await session.putFile(target, bytes)
    more.push(filesRecord(target, image !== undefined))
    if (image !== undefined) more.push(...state.row(image.step, image.timestamp, [image.item]))
  }
  const exitCode = exitCodes[run.status]
  if (exitCode !== undefined) more.push(...state.ending(exitCode, run.endTime ?? run.startTime))
  if (more.length > 0) await session.write(more)
  return session.directory
}

async function filesOf(backend: TrackerBackend, runId: string, folder?: string): Promise<string[]> {
  const found: string[] = []
  for (const { path, isFolder } of await backend.listArtifacts({ runId }, folder)) {
    if (isFolder) found.push(...(await filesOf(backend, runId, path)))
    else if (!isThumbnail(path)) found.push(path)
  }
  return found
}
