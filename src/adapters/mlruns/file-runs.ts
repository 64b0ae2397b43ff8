/** The calls of a tracker backend over one tree of files: experiments, runs, artifacts and models. Loaded with the first call. */
import { assertSafeKey } from '../../core/ids'
import type { ObjectStore } from '../../ports/object-store'
import type { ArtifactInfo, TrackerBackend } from '../../ports/tracker-backend'
import { createExperiments } from './experiments'
import { createKnownFiles } from './known-files'
import { createLifecycle } from './lifecycle'
import { createModels } from './models'
import { createPlaces } from './places'
import { createRunIndex } from './run-index'
import { createRunReader } from './run-reader'
import { RunWriter } from './run-writer'
import { createTree } from './tree'

/** What {@link createFileRuns} works on. */
export interface FileRunsInit {
  readonly storage: ObjectStore
  /** Key prefix of the tree, without a slash at the end; may be empty. */
  readonly prefix: string
  /** The user of runs that name none. */
  readonly user: string
  /** Whole epoch milliseconds. */
  readonly now: () => number
}

/** The calls of a tracker backend. `close` waits for writes in the background. */
export type FileRuns = Required<Omit<TrackerBackend, 'portVersion' | 'name' | 'capabilities'>>

/** The calls of a tracker backend over the tree below `prefix`; each throws what the port says. */
export function createFileRuns({ storage, prefix, user, now }: FileRunsInit): FileRuns {
  const tree = createTree(storage, prefix)
  const known = createKnownFiles(tree)
  const index = createRunIndex(tree, known)
  const experiments = createExperiments(tree, known, now)
  const places = createPlaces(tree, known, experiments)
  const reader = createRunReader({ tree, known, index, experiments, places })
  const writer = new RunWriter({ tree, known, experiments, places, reader, now })
  const lifecycle = createLifecycle({ tree, known, experiments, places, writer, now })
  const models = createModels(tree, experiments, places, now)

  return {
    ensureExperiment: (name, { tags = {} } = {}) => experiments.ensure(name, tags),
    getExperiment: async (experimentId) => (await experiments.get(experimentId)).record,
    listExperiments: async () => (await experiments.list()).map(({ record }) => record),
    createRun: (init) => writer.create({ ...init, user: init.user ?? user }),
    getRun: reader.record,
    logBatch: (runId, batch) => writer.log(runId, batch),
    updateRun: (runId, change) => writer.update(runId, change),
    searchRuns: reader.search,
    getMetricHistory: reader.history,
    deleteRun: (runId) => writer.setStage(runId, 'deleted'),
    restoreRun: lifecycle.restoreRun,
    deleteTag: (runId, key) => writer.deleteTag(runId, key),
    changeExperiment: lifecycle.changeExperiment,
    async putArtifact(owner, path, bytes) {
      assertSafeKey(path, 'an artifact path')
      await storage.put((await places.artifacts(owner)) + path, bytes)
    },
    async getArtifact(owner, path) {
      assertSafeKey(path, 'an artifact path')
      return storage.get((await places.artifacts(owner)) + path)
    },
    async listArtifacts(owner, path = '') {
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
    createModel: models.create,
    getModel: models.get,
    finishModel: models.finish,
    close: index.settled,
  }
}
