/** The tracker backend over an object store, in the layout of MLflow's file store. */
import { type Clock, systemClock } from '../../../core/clock'
import { invalidArgument, MillwrightError } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import { anything, checkOptions, ofType } from '../../../core/options'
import type { ObjectStore } from '../../../ports/object-store'
import type { ArtifactInfo, TrackerBackend } from '../../../ports/tracker-backend'
import { createExperiments } from './experiments'
import { createModels } from './models'
import { createPlaces } from './places'
import { createRunReader } from './run-reader'
import { createRunWriter } from './run-writer'
import { createTree } from './tree'

/** Options of {@link filesTracker}. */
export interface FilesTrackerOptions {
  /** Where the files go: a folder, memory, the browser's own storage, … It stays the caller's to close. */
  readonly storage: ObjectStore
  /** Key prefix of the tree. @default 'mlruns' */
  readonly prefix?: string | undefined
  /** Recorded for runs that name nobody. @default '' */
  readonly user?: string | undefined
  /** Stamps experiments, ends and deletions. @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * A tracker backend over any object store, as a tree of files that MLflow's file store reads (`mlruns`).
 *
 * - A metric is one file of lines, extended by one append per key and batch. Where the store has no atomic append the file is read,
 *   extended and written back with a condition. A last line that a crash tore is left out by readers and removed by the next writer.
 * - Params are created, never replaced. Batches are not atomic over several keys; what failed half-way is finished by handing it in again.
 * - Experiments, runs and models that MLflow wrote into the same tree are read and extended.
 * - Searching reads the runs it looks at: their heads only, as long as filter and order ask for attributes only.
 *
 * @throws InvalidArgument on a prefix that is no key
 * @example
 * const tracker = createTracker({ backend: filesTracker({ storage: fsStorage({ root: './mlops' }) }) })
 */
export function filesTracker(options: FilesTrackerOptions): TrackerBackend {
  checkOptions('filesTracker', options, { storage: ofType('object'), prefix: ofType('string'), user: ofType('string'), clock: anything() })
  const { storage, prefix = 'mlruns', user = '' } = options
  if (storage === undefined) throw invalidArgument('filesTracker needs `storage`, the object store to keep runs in')
  if (prefix !== '') assertSafeKey(prefix, 'the prefix of filesTracker')
  const clock = options.clock ?? systemClock()
  const now = (): number => Math.floor(clock.now())
  const name = `filesTracker(${storage.name})`
  const tree = createTree(storage, prefix)
  const experiments = createExperiments(tree, now)
  const places = createPlaces(tree, experiments)
  const reader = createRunReader(tree, experiments, places)
  const writer = createRunWriter(tree, experiments, places, reader, now)
  const models = createModels(tree, experiments, places, now)
  let closed = false
  const begin = async (): Promise<void> => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
  }

  return {
    portVersion: 1,
    name,
    capabilities: { atomicBatch: false, persistent: storage.capabilities.persistent, search: true },
    ensureExperiment: async (experimentName, { tags = {} } = {}) => begin().then(() => experiments.ensure(experimentName, tags)),
    getExperiment: async (experimentId) => begin().then(async () => (await experiments.get(experimentId)).record),
    listExperiments: async () => begin().then(async () => (await experiments.list()).map(({ record }) => record)),
    createRun: async (init) => begin().then(() => writer.create({ ...init, user: init.user ?? user })),
    getRun: async (runId) => begin().then(() => reader.record(runId)),
    logBatch: async (runId, batch) => begin().then(() => writer.log(runId, batch)),
    updateRun: async (runId, change) => begin().then(() => writer.update(runId, change)),
    searchRuns: async (query) => begin().then(() => reader.search(query)),
    getMetricHistory: async (runId, key, page) => begin().then(() => reader.history(runId, key, page)),
    deleteRun: async (runId) => begin().then(() => writer.delete(runId)),
    async putArtifact(owner, path, bytes) {
      await begin()
      assertSafeKey(path, 'an artifact path')
      await storage.put((await places.artifacts(owner)) + path, bytes)
    },
    async getArtifact(owner, path) {
      await begin()
      assertSafeKey(path, 'an artifact path')
      return storage.get((await places.artifacts(owner)) + path)
    },
    async listArtifacts(owner, path = '') {
      await begin()
      if (path !== '') assertSafeKey(path, 'an artifact path')
      const folder = await places.artifacts(owner)
      const prefixOfPath = path === '' ? folder : `${folder}${path}/`
      const found: ArtifactInfo[] = []
      let cursor: string | undefined
      do {
        const page = await storage.list({ prefix: prefixOfPath, shallow: true, cursor })
        for (const { key, sizeBytes } of page.objects) found.push({ path: key.slice(folder.length), isFolder: false, sizeBytes })
        for (const key of page.prefixes) found.push({ path: key.slice(folder.length, -1), isFolder: true })
        cursor = page.cursor
      } while (cursor !== undefined)
      return found.sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    createModel: async (init) => begin().then(() => models.create(init)),
    getModel: async (modelId) => begin().then(() => models.get(modelId)),
    finishModel: async (modelId, status) => begin().then(() => models.finish(modelId, status)),
    async close() {
      closed = true
    },
  }
}
