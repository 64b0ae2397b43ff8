/** The tracker backend in memory: the reference implementation of the port, for tests and short-lived work. */
import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError } from '../../core/errors'
import { anything, checkOptions } from '../../core/options'
import type { ArtifactOwner, TrackerBackend } from '../../ports/tracker-backend'
import { memoryArtifacts } from './memory-artifacts'
import { memoryExperiments } from './memory-experiments'
import { memoryModels } from './memory-models'
import { memoryRuns } from './memory-runs'

/** Options of {@link memoryTracker}. */
export interface MemoryTrackerOptions {
  /** Where the times of experiments come from. @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * A tracker backend in the memory of this process; its data end with the process. A batch is stored completely or not at all.
 *
 * @example
 * const tracker = createTracker({ backend: memoryTracker() })
 */
export function memoryTracker(options: MemoryTrackerOptions = {}): TrackerBackend {
  checkOptions('memoryTracker', options, { clock: anything() })
  const clock = options.clock ?? systemClock()
  const name = 'memoryTracker'
  const experiments = memoryExperiments(name, clock)
  const runs = memoryRuns(name, clock)
  const models = memoryModels(name)
  const artifacts = memoryArtifacts(name)
  let closed = false
  /** A function that calls `work`, and throws `InvalidState` after `close`. */
  const whileOpen =
    <Args extends unknown[], R>(work: (...args: Args) => R): ((...args: Args) => R) =>
    (...args) => {
      if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
      return work(...args)
    }
  /** The folder of an owner's artifacts. @throws NotFound */
  const folderOf = (owner: ArtifactOwner): string => ('runId' in owner ? runs.get(owner.runId).runId : models.get(owner.modelId).modelId)

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: { atomicBatch: true, persistent: false, search: true, lifecycle: true, keys: 'mlflow' },
    ensureExperiment: whileOpen((experimentName, { tags } = {}) => experiments.ensure(experimentName, tags)),
    getExperiment: whileOpen(experiments.get),
    listExperiments: whileOpen(experiments.list),
    changeExperiment: whileOpen((experimentId, change) => {
      const changed = experiments.change(experimentId, change)
      runs.setStages(experimentId, changed.lifecycleStage)
      return changed
    }),
    createRun: whileOpen((init) => runs.create(experiments.getActive(init.experimentId), init)),
    getRun: whileOpen(runs.get),
    logBatch: whileOpen(runs.logBatch),
    updateRun: whileOpen(runs.update),
    searchRuns: whileOpen(async (query) => {
      const active = experiments.list().filter(({ lifecycleStage }) => lifecycleStage === 'active')
      const wanted = new Set(query.experimentIds ?? active.map(({ experimentId }) => experimentId))
      const found = runs.ofExperiments(wanted)
      const { searchRecords } = await import('../../ports/run-search')
      return searchRecords(found, query)
    }),
    getMetricHistory: whileOpen(runs.history),
    deleteRun: whileOpen((runId) => runs.setStage(runId, 'deleted')),
    restoreRun: whileOpen((runId) => {
      experiments.getActive(runs.get(runId).experimentId)
      runs.setStage(runId, 'active')
    }),
    deleteTag: whileOpen(runs.deleteTag),
    putArtifact: whileOpen((owner, path, bytes) => artifacts.put(folderOf(owner), path, bytes)),
    getArtifact: whileOpen((owner, path) => artifacts.get(folderOf(owner), path)),
    listArtifacts: whileOpen((owner, path = '') => artifacts.list(folderOf(owner), path)),
    createModel: whileOpen((init) => models.create(experiments.getActive(init.experimentId), init)),
    getModel: whileOpen(models.get),
    finishModel: whileOpen(models.finish),
    async close() {
      closed = true
    },
  })
}
