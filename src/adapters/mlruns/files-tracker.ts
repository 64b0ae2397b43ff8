/** The tracker backend over an object store, in the layout of MLflow's file store. Checks the options; the calls are loaded on first use. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import { anything, checkOptions, ofType } from '../../core/options'
import { assertUsage } from '../../core/usage'
import { TREE } from '../../mlruns/keys'
import type { ObjectStore } from '../../ports/object-store'
import { objectStoreRule } from '../../ports/port-rules'
import type { TrackerBackend } from '../../ports/tracker-backend'
import type { FileRuns } from './file-runs'

/** Options of {@link filesTracker}. */
export interface FilesTrackerOptions {
  /** Stores the files: a folder, memory, the browser's storage, … Not closed with the tracker. */
  readonly storage: ObjectStore
  /** Key prefix of the tree. @default 'mlruns' */
  readonly prefix?: string | undefined
  /** The user of runs that name none. @default '' */
  readonly user?: string | undefined
  /** The clock for the times of experiments, ends of runs and deletions. @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * A tracker backend over any object store, as a tree of files that MLflow's file store reads (`mlruns`).
 *
 * - A metric is a file with one line a point, extended by one append per key and batch. If the store has no atomic append, the file is
 *   read, extended and written back conditionally. Readers ignore an incomplete last line, and the next writer removes it.
 * - Params are created, never replaced. A batch is not atomic across keys; logging a batch that failed again completes it.
 * - Experiments, runs and models that MLflow wrote into the same tree are read and extended.
 * - A search reads only those files that the filter and order need and that have changed. On a persistent storage with `getChanged`, what
 *   was read is cached in `<prefix>.index/` for later processes. Each entry is checked against the storage before it is used.
 *
 * @throws InvalidArgument for a prefix that is not a valid key
 * @example
 * const tracker = createTracker({ backend: filesTracker({ storage: fsStorage({ root: './mlops' }) }) })
 */
export function filesTracker(options: FilesTrackerOptions): TrackerBackend {
  assertUsage('filesTracker', options, {
    write: (path) => `filesTracker({ storage: fsStorage({ root: ${path} }) })`,
    text: './mlops',
    renamed: { root: 'storage', path: 'storage' },
  })
  checkOptions('filesTracker', options, { storage: objectStoreRule(), prefix: ofType('string'), user: ofType('string'), clock: anything() })
  const { storage, prefix = TREE, user = '' } = options
  if (storage === undefined) throw invalidArgument('filesTracker needs `storage`, the object store to keep runs in')
  if (prefix !== '') assertSafeKey(prefix, 'the prefix of filesTracker')
  const clock = options.clock ?? systemClock()
  const now = (): number => Math.floor(clock.now())
  const name = `filesTracker(${storage.name})`
  let opened: Promise<FileRuns> | undefined
  let closed = false
  const begin = async (): Promise<FileRuns> => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    opened ??= import('./file-runs').then(({ createFileRuns }) => createFileRuns({ storage, prefix, user, now }))
    return opened
  }

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: { atomicBatch: false, persistent: storage.capabilities.persistent, search: true, lifecycle: true },
    ensureExperiment: async (experimentName, given) => (await begin()).ensureExperiment(experimentName, given),
    getExperiment: async (experimentId) => (await begin()).getExperiment(experimentId),
    listExperiments: async () => (await begin()).listExperiments(),
    createRun: async (init) => (await begin()).createRun(init),
    getRun: async (runId) => (await begin()).getRun(runId),
    logBatch: async (runId, batch) => (await begin()).logBatch(runId, batch),
    updateRun: async (runId, change) => (await begin()).updateRun(runId, change),
    searchRuns: async (query) => (await begin()).searchRuns(query),
    getMetricHistory: async (runId, key, page) => (await begin()).getMetricHistory(runId, key, page),
    deleteRun: async (runId) => (await begin()).deleteRun(runId),
    restoreRun: async (runId) => (await begin()).restoreRun(runId),
    deleteTag: async (runId, key) => (await begin()).deleteTag(runId, key),
    changeExperiment: async (experimentId, change) => (await begin()).changeExperiment(experimentId, change),
    putArtifact: async (owner, path, bytes) => (await begin()).putArtifact(owner, path, bytes),
    getArtifact: async (owner, path) => (await begin()).getArtifact(owner, path),
    listArtifacts: async (owner, path) => (await begin()).listArtifacts(owner, path),
    createModel: async (init) => (await begin()).createModel(init),
    getModel: async (modelId) => (await begin()).getModel(modelId),
    finishModel: async (modelId, status) => (await begin()).finishModel(modelId, status),
    async close() {
      closed = true
      await (await opened)?.close()
    },
  })
}
