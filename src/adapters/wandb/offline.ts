/** A tracker backend that also writes every run as a W&B offline run directory, for `wandb sync`. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import type { TrackerBackend } from '../../ports/tracker-backend'
import { offlineRuns } from './offline-runs'
import { exitCodes } from './wandb-keys'

/** Options of {@link wandbOffline}. */
export interface WandbOfflineOptions {
  /** Where the directories are written. It stays yours to close. `fsStorage({ root: '.' })` gives `./wandb/offline-run-…`. */
  readonly storage: ObjectStore
  /** Folder below the storage's root. @default 'wandb' */
  readonly folder?: string | undefined
  /** W&B's project. @default the experiment's name, with `-` for the characters that W&B refuses */
  readonly project?: string | undefined
  /** W&B's team or user. @default the user who runs `wandb sync` */
  readonly entity?: string | undefined
  /** The column of the history that holds the step as you logged it; the x axis of every metric. @default 'step' */
  readonly stepKey?: string | undefined
  /** Also copies a run's artifacts and images. @default true */
  readonly artifacts?: boolean | undefined
  /** Called when a directory cannot be written; without it, the call fails. A failed write is not repeated. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The directory of a resumed run is named by its time. @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * Wraps a backend: every call is passed to it, and each run is also written in the form that `wandb sync` reads:
 * `wandb/offline-run-<time>-<run id>/run-<run id>.wandb` and `files/`.
 *
 * A call resolves when both have stored the data. A run that is resumed, by this process or another, gets a second directory with the same run id,
 * as with W&B itself; `wandb sync` uploads them in order. After an incomplete write a new directory is started, too, because
 * nothing can be read after an incomplete record. Logged models, deletions, and tags set after a run's end are not written.
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
  const runs = offlineRuns({ backend, storage, folder, project: options.project, entity, stepKey, onError, clock })

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name: `wandbOffline(${backend.name})`,
    capabilities: backend.capabilities,
    ...membersWithoutCopy(backend),
    async createRun(init) {
      const run = await backend.createRun(init)
      await runs.follow(run.runId, () => runs.begin(run))
      return run
    },
    async logBatch(runId, batch) {
      await backend.logBatch(runId, batch)
      await runs.follow(runId, () => runs.addBatch(runId, batch))
    },
    async updateRun(runId, change) {
      const wasEnded = !runs.isOpen(runId) && exitCodes[(await backend.getRun(runId)).status] !== undefined
      await backend.updateRun(runId, change)
      await runs.follow(runId, () => runs.update(runId, change, wasEnded))
    },
    async putArtifact(owner, path, bytes) {
      await backend.putArtifact(owner, path, bytes)
      if (artifacts && 'runId' in owner) await runs.follow(owner.runId, () => runs.putFile(owner.runId, path, bytes))
    },
    async deleteRun(runId) {
      await backend.deleteRun(runId)
      runs.forget(runId)
    },
    ...lifecycleOf(backend, (runId, key) => runs.follow(runId, () => runs.deleteTag(runId, key))),
    async close() {
      runs.forgetAll()
      await backend.close()
    },
  })
}

/** The members that read, and those whose effect is not copied. */
function membersWithoutCopy(
  backend: TrackerBackend,
): Omit<
  TrackerBackend,
  'portVersion' | 'name' | 'capabilities' | 'createRun' | 'logBatch' | 'updateRun' | 'putArtifact' | 'deleteRun' | 'close'
> {
  return {
    ensureExperiment: (name, more) => backend.ensureExperiment(name, more),
    getExperiment: (experimentId) => backend.getExperiment(experimentId),
    listExperiments: () => backend.listExperiments(),
    getRun: (runId) => backend.getRun(runId),
    searchRuns: (query) => backend.searchRuns(query),
    getMetricHistory: (runId, key, page) => backend.getMetricHistory(runId, key, page),
    getArtifact: (owner, path) => backend.getArtifact(owner, path),
    listArtifacts: (owner, path) => backend.listArtifacts(owner, path),
    createModel: (init) => backend.createModel(init),
    getModel: (modelId) => backend.getModel(modelId),
    finishModel: (modelId, status) => backend.finishModel(modelId, status),
  }
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
