/** The experiments of the memory tracker. */
import type { Clock } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { assertBatch, assertExperimentName } from '../../ports/run-keys'
import { assertExperimentActive, assertNameUsable, deletedExperiment } from '../../ports/run-state'
import type { ExperimentChange, ExperimentRecord } from '../../ports/tracker-backend'

/** Experiments by id. */
export interface MemoryExperiments {
  /** In the order of their creation. */
  list(): ExperimentRecord[]
  /** @throws NotFound */
  get(experimentId: string): ExperimentRecord
  /** @throws NotFound; InvalidState (deleted) */
  getActive(experimentId: string): ExperimentRecord
  /** The experiment with this name, created where there is none. @throws InvalidState (deleted) */
  ensure(name: string, tags?: Readonly<Record<string, string>>): ExperimentRecord
  /** The changed experiment. @throws NotFound, AlreadyExists (the name), InvalidState (deleted) */
  change(experimentId: string, change: ExperimentChange): ExperimentRecord
}

/** An empty set of experiments. `backend` is the name of the tracker backend, for messages. */
export function memoryExperiments(backend: string, clock: Clock): MemoryExperiments {
  const experiments = new Map<string, ExperimentRecord>()
  const list = (): ExperimentRecord[] => [...experiments.values()]
  const get = (experimentId: string): ExperimentRecord => {
    const experiment = experiments.get(experimentId)
    if (experiment === undefined) throw new MillwrightError('NotFound', `${backend} has no experiment ${show(experimentId)}`)
    return experiment
  }
  const add = (experimentId: string, name: string, tags: Readonly<Record<string, string>> = {}): ExperimentRecord => {
    const now = clock.now()
    const artifactUri = `memory:///${experimentId}`
    const record = { experimentId, name, artifactUri, lifecycleStage: 'active', createdAt: now, updatedAt: now, tags: { ...tags } } as const
    experiments.set(experimentId, record)
    return record
  }
  return {
    list,
    get,
    getActive(experimentId) {
      const experiment = get(experimentId)
      assertExperimentActive(experiment)
      return experiment
    },
    ensure(name, tags) {
      assertExperimentName(name)
      assertBatch({ tags }, 'mlflow')
      const found = list().find((experiment) => experiment.name === name)
      if (found !== undefined) {
        assertNameUsable(found)
        return found
      }
      const isFirst = experiments.size === 0
      const standard = isFirst ? add('0', 'Default') : get('0')
      return name === 'Default' ? standard : add(`${experiments.size}`, name, tags)
    },
    change(experimentId, { name, lifecycleStage, tags }) {
      const before = get(experimentId)
      const stage = lifecycleStage ?? before.lifecycleStage
      if (before.lifecycleStage === 'deleted' && stage === 'deleted' && (name ?? tags) !== undefined) throw deletedExperiment(before)
      if (name !== undefined) {
        assertExperimentName(name)
        const other = list().find((experiment) => experiment.name === name && experiment.experimentId !== experimentId)
        if (other !== undefined) {
          throw new MillwrightError('AlreadyExists', `${backend} already has an experiment ${show(name)} (${other.lifecycleStage})`)
        }
      }
      assertBatch({ tags }, 'mlflow')
      const updatedAt = Math.max(clock.now(), before.updatedAt)
      const changed = { ...before, name: name ?? before.name, lifecycleStage: stage, updatedAt, tags: { ...before.tags, ...tags } }
      experiments.set(experimentId, changed)
      return changed
    },
  }
}
