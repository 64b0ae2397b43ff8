/** The offline run directories of the runs that this process writes. */
import type { Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import { inOrderByKey } from '../../core/in-order'
import type { ObjectStore } from '../../ports/object-store'
import type { RunBatch, RunChange, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { isThumbnail, wandbImage } from './images'
import { nextRowOf } from './next-row'
import { filesRecord, type WandbRecord } from './records'
import { type RunState, runState } from './run-state'
import { openSession, type WandbSession } from './session'
import { exitCodes, projectName } from './wandb-keys'

/** What {@link offlineRuns} needs to know. */
export interface OfflineRunsInit {
  /** Where runs are looked up. */
  readonly backend: TrackerBackend
  readonly storage: ObjectStore
  readonly folder: string
  /** Instead of the experiment's name. */
  readonly project: string | undefined
  readonly entity: string | undefined
  readonly stepKey: string
  /** Called when a directory cannot be written; without it, `follow` throws. */
  readonly onError: ((error: unknown) => void) | undefined
  readonly clock: Clock
}

/** Writes to the directory of a run what the backend has taken already. All but `isOpen`, `forget` and `forgetAll` are called inside `follow`. */
export interface OfflineRuns {
  /** Does `work` after all earlier work on the run. When it fails, the directory is not written any more. */
  follow(runId: string, work: () => Promise<void>): Promise<void>
  /** Whether the run has a directory that is being written. */
  isOpen(runId: string): boolean
  /** Makes the directory of a new run. */
  begin(run: RunRecord): Promise<void>
  addBatch(runId: string, batch: RunBatch): Promise<void>
  /** `wasEnded`: whether the run had ended before the change. */
  update(runId: string, change: RunChange, wasEnded: boolean): Promise<void>
  deleteTag(runId: string, key: string): Promise<void>
  putFile(runId: string, path: string, bytes: Uint8Array): Promise<void>
  /** Writes the directory no more. */
  forget(runId: string): void
  forgetAll(): void
}

/** A directory and what W&B knows of its run. */
interface OpenRun {
  readonly session: WandbSession
  readonly state: RunState
}

/** No directories yet. */
export function offlineRuns(init: OfflineRunsInit): OfflineRuns {
  const { backend, storage, folder, onError, clock } = init
  const open = new Map<string, OpenRun>()
  const inOrder = inOrderByKey()
  const begin = async (run: RunRecord, startTime: number, nextRow: number): Promise<OpenRun> => {
    const opened = await openRun(init, run, startTime, nextRow)
    open.set(run.runId, opened)
    return opened
  }
  /** The directory being written, or a new one for a run that is resumed. */
  const resume = async (runId: string): Promise<OpenRun> => {
    const held = open.get(runId)
    if (held !== undefined) return held
    const run = await backend.getRun(runId)
    return begin(run, clock.now(), await nextRowOf(storage, folder, run))
  }

  return {
    async follow(runId, work) {
      try {
        await inOrder(runId, work)
      } catch (error) {
        open.delete(runId)
        if (onError === undefined) throw error
        onError(error)
      }
    },
    isOpen: (runId) => open.has(runId),
    async begin(run) {
      await begin(run, run.startTime, 0)
    },
    async addBatch(runId, batch) {
      const held = open.get(runId)
      if (held !== undefined) return write(held, held.state.batch(batch))
      // A run that has ended takes only tags, and there is no directory to write them to.
      if ((await backend.getRun(runId)).status !== 'running') return
      // A new directory begins with the run's params and tags, so these have been written already.
      const { metrics, datasets } = batch
      const resumed = await resume(runId)
      await write(resumed, resumed.state.batch({ metrics, datasets }))
    },
    async update(runId, change, wasEnded) {
      const held = open.get(runId)
      if (held !== undefined && change.runName !== undefined) await write(held, held.state.renamed(change.runName))
      const exitCode = change.status === undefined ? undefined : exitCodes[change.status]
      if (exitCode === undefined || (held === undefined && wasEnded)) return
      const run = held ?? (await resume(runId))
      await write(run, run.state.ending(exitCode, change.endTime ?? (await backend.getRun(runId)).endTime ?? clock.now()))
      open.delete(runId)
    },
    async deleteTag(runId, key) {
      const held = open.get(runId)
      if (held !== undefined) await write(held, held.state.untagged(key))
    },
    async putFile(runId, path, bytes) {
      if (!isThumbnail(path)) await putRunFile(await resume(runId), path, bytes)
    },
    forget: (runId) => void open.delete(runId),
    forgetAll: () => open.clear(),
  }
}

async function openRun(init: OfflineRunsInit, run: RunRecord, startTime: number, nextRow: number): Promise<OpenRun> {
  const { backend, storage, folder, entity, stepKey } = init
  const project = projectName(init.project ?? (await backend.getExperiment(run.experimentId)).name)
  const state = runState({ run, project, entity, stepKey, nextRow })
  const session = await openSession({ storage, folder, runId: run.runId, startTime, records: state.opening(newId()) })
  return { session, state }
}

async function write({ session }: OpenRun, records: readonly WandbRecord[]): Promise<void> {
  if (records.length > 0) await session.write(records)
}

/** Copies an artifact; an image also becomes a row of the history. */
async function putRunFile(run: OpenRun, path: string, bytes: Uint8Array): Promise<void> {
  const image = wandbImage(path, bytes)
  const target = image?.path ?? `artifacts/${path}`
  await run.session.putFile(target, bytes)
  const row = image === undefined ? [] : run.state.row(image.step, image.timestamp, [image.item])
  await write(run, [filesRecord(target, image !== undefined), ...row])
}
