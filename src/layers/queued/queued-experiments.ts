/** The experiments of a queued tracker. */
import { isMillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import { assertBatch, assertExperimentName } from '../../ports/run-keys'
import type { ExperimentRecord, TrackerBackend } from '../../ports/tracker-backend'
import { isFinal } from './delivery-errors'
import type { OperationQueue } from './operation-queue'

type ExperimentCalls = Pick<TrackerBackend, 'ensureExperiment' | 'getExperiment' | 'listExperiments'>

/** The calls of the tracker port on experiments. Experiments created while the backend does not answer have local ids. */
export function queuedExperiments(queue: OperationQueue): ExperimentCalls {
  const { backend, ids, experiments } = queue
  const toLocal = (record: ExperimentRecord): ExperimentRecord => toLocalExperiment(queue, record)

  /** `undefined` if the backend does not answer. */
  const ensureNow = async (name: string, tags: ExperimentRecord['tags'] | undefined): Promise<ExperimentRecord | undefined> => {
    if (!(await queue.settle())) return undefined
    try {
      const record = toLocal(await queue.ask(async () => backend.ensureExperiment(name, { tags })))
      await experiments.remember(record)
      return record
    } catch (error) {
      // A permission that is missing from the start is an error; one that is lost later may come back.
      if (isFinal(error) || (!experiments.byName.has(name) && isMillwrightError(error, 'PermissionDenied'))) throw error
      return undefined
    }
  }

  return {
    async ensureExperiment(name, { tags } = {}) {
      assertExperimentName(name)
      assertBatch({ tags }, backend.capabilities.keys)
      await queue.begin()
      const known = experiments.byName.get(name)
      const record = (await ensureNow(name, tags)) ?? known
      if (record !== undefined) return record
      const created = newExperimentRecord(name, queue.clock.now(), tags)
      await experiments.remember(created)
      await queue.enqueue({ kind: 'experiment', localId: created.experimentId, name, tags })
      return created
    },
    getExperiment: (experimentId) =>
      queue.read(
        async () => toLocal(await backend.getExperiment(await ids.toServer(experimentId))),
        () => [...experiments.byName.values()].find((held) => held.experimentId === experimentId),
      ),
    listExperiments: () =>
      queue.read<readonly ExperimentRecord[]>(
        async () => (await backend.listExperiments()).map(toLocal),
        () => (experiments.byName.size === 0 ? undefined : [...experiments.byName.values()]),
      ),
  }
}

/** The calls that change what exists, if the backend has them. They are not queued: they fail while the backend does not answer. */
export function queuedLifecycle(queue: OperationQueue): Partial<TrackerBackend> {
  const { backend, ids, experiments } = queue
  const { restoreRun, deleteTag, changeExperiment } = backend
  if (restoreRun === undefined || deleteTag === undefined || changeExperiment === undefined) return {}
  return {
    restoreRun: (runId) => queue.callNow(async () => restoreRun.call(backend, await ids.toServer(runId))),
    deleteTag: (runId, key) => queue.callNow(async () => deleteTag.call(backend, await ids.toServer(runId), key)),
    changeExperiment: (experimentId, change) =>
      queue.callNow(async () => {
        const changed = await changeExperiment.call(backend, await ids.toServer(experimentId), change)
        await experiments.forget(experimentId)
        return toLocalExperiment(queue, changed)
      }),
  }
}

function toLocalExperiment({ ids }: OperationQueue, record: ExperimentRecord): ExperimentRecord {
  return { ...record, experimentId: ids.toLocal(record.experimentId) }
}

function newExperimentRecord(name: string, now: number, tags: ExperimentRecord['tags'] | undefined): ExperimentRecord {
  const experimentId = `queued-${newId()}`
  return {
    ...{ experimentId, name, artifactUri: `queued:/${experimentId}`, lifecycleStage: 'active' },
    ...{ createdAt: now, updatedAt: now, tags: { ...tags } },
  }
}
