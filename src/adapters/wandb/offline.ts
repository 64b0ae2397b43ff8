/** A tracker backend that also leaves every run as a W&B offline run directory, for `wandb sync`. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { inOrderByKey } from '../../core/in-order'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import type { RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { isThumbnail, wandbImage } from './images'
import { nextRowOf } from './next-row'
import { filesRecord, type WandbRecord } from './records'
import { exitCodes, projectName, type RunState, runState } from './run-state'
import { openSession, type WandbSession } from './session'

/** Options of {@link wandbOffline}. */
export interface WandbOfflineOptions {
  /** Where the directories are written. It stays yours to close. `fsStorage({ root: '.' })` gives `./wandb/offline-run-…`. */
  readonly storage: ObjectStore
  /** Folder below the storage's root. @default 'wandb' */
  readonly folder?: string | undefined
  /** W&B's project. @default the experiment's name, `-` for the characters that W&B refuses */
  readonly project?: string | undefined
  /** W&B's team or user. @default who syncs */
  readonly entity?: string | undefined
  /** The column of the history that holds the step as you logged it; the x axis of every metric. @default 'step' */
  readonly stepKey?: string | undefined
  /** Also copies a run's artifacts and images. @default true */
  readonly artifacts?: boolean | undefined
  /** Told what fails here; without it, a failure here fails the call. What failed is then not written again. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Names the directories of runs that are taken up again. @default the system clock */
  readonly clock?: Clock | undefined
}

interface OpenRun {
  readonly session: WandbSession
  readonly state: RunState
}

/**
 * Wraps a backend: everything goes to it and is answered by it, and each run is also written as `wandb sync` expects it:
 * `wandb/offline-run-<time>-<run id>/run-<run id>.wandb` and `files/`.
 *
 * A call resolves when both have it. A run that is taken up again, by this process or another, gets a second directory of the same run id,
 * as with W&B itself; `wandb sync` uploads them in order. After a write that failed half-way a new directory is begun, too, since
 * nothing can be read behind a torn record. Logged models, deletions, and tags set after a run's end are not carried over.
 *
 * @example
 * const storage = fsStorage({ root: '.' })
 * const tracker = createTracker({ backend: wandbOffline(filesTracker({ storage }), { storage }) })
 */
export function wandbOffline(backend: TrackerBackend, options: WandbOfflineOptions): TrackerBackend {
  checkOptions('wandbOffline', options, {
    storage: ofType('object'),
    folder: nonEmptyString(),
    project: nonEmptyString(),
    entity: nonEmptyString(),
    stepKey: nonEmptyString(),
    artifacts: ofType('boolean'),
    onError: ofType('function'),
    clock: ofType('object'),
  })
  const { storage, folder = 'wandb', entity, stepKey = 'step', artifacts = true, onError, clock = systemClock() } = options ?? {}
  if (storage === undefined) throw new MillwrightError('InvalidArgument', 'wandbOffline needs `storage`, where the directories are written')
  assertSafeKey(folder, 'the folder of wandbOffline')
  const open = new Map<string, OpenRun>()
  const inOrder = inOrderByKey()

  const begin = async (run: RunRecord, startTime: number, nextRow: number): Promise<OpenRun> => {
    const project = projectName(options.project ?? (await backend.getExperiment(run.experimentId)).name)
    const state = runState({ run, project, entity, stepKey, nextRow })
    const session = await openSession({ storage, folder, runId: run.runId, startTime, records: state.opening(newId()) })
    const opened = { session, state }
    open.set(run.runId, opened)
    return opened
  }

  /** One thing at a time for each run; a failure closes its directory. */
  const follow = async (runId: string, work: () => Promise<void>): Promise<void> => {
    try {
      await inOrder(runId, work)
    } catch (error) {
      open.delete(runId)
      if (onError === undefined) throw error
      onError(error)
    }
  }

  /** What is open, or the next directory of a run that goes on. */
  const resume = async (runId: string): Promise<OpenRun> => {
    const held = open.get(runId)
    if (held !== undefined) return held
    const run = await backend.getRun(runId)
    return begin(run, clock.now(), await nextRowOf(storage, folder, run))
  }

  const write = async ({ session }: OpenRun, records: readonly WandbRecord[]): Promise<void> => {
    if (records.length > 0) await session.write(records)
  }

  const putFile = async (runId: string, path: string, bytes: Uint8Array): Promise<void> => {
    if (isThumbnail(path)) return
    const run = await resume(runId)
    const image = wandbImage(path, bytes)
    const target = image?.path ?? `artifacts/${path}`
    await run.session.putFile(target, bytes)
    const row = image === undefined ? [] : run.state.row(image.step, image.timestamp, [image.item])
    await write(run, [filesRecord(target, image !== undefined), ...row])
  }

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name: `wandbOffline(${backend.name})`,
    capabilities: backend.capabilities,
    ensureExperiment: (name, more) => backend.ensureExperiment(name, more),
    getExperiment: (experimentId) => backend.getExperiment(experimentId),
    listExperiments: () => backend.listExperiments(),
    async createRun(init) {
      const run = await backend.createRun(init)
      await follow(run.runId, async () => void (await begin(run, run.startTime, 0)))
      return run
    },
    async logBatch(runId, batch) {
      await backend.logBatch(runId, batch)
      await follow(runId, async () => {
        const held = open.get(runId)
        if (held !== undefined) return write(held, held.state.batch(batch))
        // An ended run takes only tags, for which there is no directory any more.
        if ((await backend.getRun(runId)).status !== 'running') return
        // What a new directory begins with has the params and tags already.
        const { metrics, datasets } = batch
        const opened = await resume(runId)
        await write(opened, opened.state.batch({ metrics, datasets }))
      })
    },
    async updateRun(runId, change) {
      const wasEnded = !open.has(runId) && exitCodes[(await backend.getRun(runId)).status] !== undefined
      await backend.updateRun(runId, change)
      const exitCode = change.status === undefined ? undefined : exitCodes[change.status]
      await follow(runId, async () => {
        const held = open.get(runId)
        if (held !== undefined && change.runName !== undefined) await write(held, held.state.renamed(change.runName))
        if (exitCode === undefined || (held === undefined && wasEnded)) return
        const run = held ?? (await resume(runId))
        await write(run, run.state.ending(exitCode, change.endTime ?? (await backend.getRun(runId)).endTime ?? clock.now()))
        open.delete(runId)
      })
    },
    async putArtifact(owner, path, bytes) {
      await backend.putArtifact(owner, path, bytes)
      if (artifacts && 'runId' in owner) await follow(owner.runId, () => putFile(owner.runId, path, bytes))
    },
    async deleteRun(runId) {
      await backend.deleteRun(runId)
      open.delete(runId)
    },
    ...lifecycleOf(backend, (runId, key) =>
      follow(runId, async () => {
        const held = open.get(runId)
        if (held !== undefined) await write(held, held.state.untagged(key))
      }),
    ),
    getRun: (runId) => backend.getRun(runId),
    searchRuns: (query) => backend.searchRuns(query),
    getMetricHistory: (runId, key, page) => backend.getMetricHistory(runId, key, page),
    getArtifact: (owner, path) => backend.getArtifact(owner, path),
    listArtifacts: (owner, path) => backend.listArtifacts(owner, path),
    createModel: (init) => backend.createModel(init),
    getModel: (modelId) => backend.getModel(modelId),
    finishModel: (modelId, status) => backend.finishModel(modelId, status),
    async close() {
      open.clear()
      await backend.close()
    },
  })
}

/** The members that a backend may lack. */
function lifecycleOf(
  backend: TrackerBackend,
  onUntag: (runId: string, key: string) => Promise<void>,
): Pick<TrackerBackend, 'restoreRun' | 'deleteTag' | 'changeExperiment'> {
  return {
    ...(backend.restoreRun === undefined ? {} : { restoreRun: (runId) => backend.restoreRun?.(runId) }),
    ...(backend.deleteTag === undefined
      ? {}
      : {
          async deleteTag(runId, key) {
            await backend.deleteTag?.(runId, key)
            await onUntag(runId, key)
          },
        }),
    ...(backend.changeExperiment === undefined
      ? {}
      : { changeExperiment: (id, change) => (backend.changeExperiment as NonNullable<TrackerBackend['changeExperiment']>)(id, change) }),
  }
}
