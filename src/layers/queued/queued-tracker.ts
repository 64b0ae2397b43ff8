/** A tracker backend in front of another one that may be away: what is logged goes to a durable queue first, and from there to the backend. */

import { systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { assertUsage } from '../../core/usage'
import { objectStoreRule, trackerBackendRule } from '../../ports/port-rules'
import { assertBatch, assertExperimentName, assertModelName, assertRunId, assertRunName } from '../../ports/run-keys'
import { parseRunQuery } from '../../ports/run-search'
import { isEnded } from '../../ports/run-state'
import type { ExperimentRecord, LoggedModelRecord, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { queueCore } from './core'
import type { QueuedTracker, QueuedTrackerOptions } from './options'
import { newModelRecord, newRunRecord } from './shadow'
import { isFinal } from './worker'

export type { QueuedTracker, QueuedTrackerOptions, QueueStatus, QueueWarning } from './options'
export type { RejectedOperation } from './rejected'

/**
 * Puts a durable queue in front of `backend`.
 *
 * Every write is on the storage before anything else happens. While the backend answers, a call waits for its answer (at most `waitMs`)
 * and fails as it would without the queue. While it does not, a call is done when it is on the storage: runs, experiments and models
 * made meanwhile have local ids, which this queue goes on understanding after they have got the backend's own; so it does with the id that a
 * run was given, where the backend gives its own. Delivery goes on in the
 * background, several runs side by side and each in its order, also after a restart with the same storage and prefix. What the backend
 * then refuses, or fails on again and again, is put aside under `<prefix>/rejected/` and told to `onWarning`; nothing is dropped in silence.
 *
 * One process per prefix: a second one that opens it takes it over, and the first stops delivering.
 *
 * @example
 * const backend = queuedTracker({ backend: mlflowTracker({ url }), storage: fsStorage({ root: './queue' }) })
 * const tracker = createTracker({ backend })
 */
export function queuedTracker(options: QueuedTrackerOptions): QueuedTracker {
  assertUsage('queuedTracker', options, {
    write: (url) => `queuedTracker({ backend: mlflowTracker({ url: ${url} }), storage: fsStorage({ root: './queue' }) })`,
    text: 'http://127.0.0.1:5000',
  })
  checkOptions('queuedTracker', options, {
    backend: trackerBackendRule(),
    storage: objectStoreRule(),
    prefix: nonEmptyString(),
    maxEntries: wholeNumber(1),
    maxBytes: wholeNumber(1),
    waitMs: finiteNumber(0),
    backoffMs: finiteNumber(1),
    maxBackoffMs: finiteNumber(1),
    concurrency: wholeNumber(1, 64),
    maxFailures: wholeNumber(1),
    closeMs: finiteNumber(0),
    onWarning: ofType('function'),
    clock: ofType('object'),
  })
  const { backend, storage } = options
  if (backend === undefined || storage === undefined) {
    throw invalidArgument('queuedTracker needs `backend` and `storage`, where what waits is kept')
  }
  const clock = options.clock ?? systemClock()
  const core = queueCore(options, clock)
  const { ids, shadow } = core

  const localRun = (record: RunRecord): RunRecord => ({
    ...record,
    runId: ids.toLocal(record.runId),
    experimentId: ids.toLocal(record.experimentId),
  })
  const localModel = (record: LoggedModelRecord): LoggedModelRecord => ({ ...record, modelId: ids.toLocal(record.modelId) })
  const localExperiment = (record: ExperimentRecord): ExperimentRecord => ({ ...record, experimentId: ids.toLocal(record.experimentId) })

  /** A record from the backend once everything is there, from what this process knows otherwise. */
  const read = async <T>(ask: () => Promise<T>, known: () => T | undefined): Promise<T> => {
    await core.begin()
    const isUpToDate = await core.settle()
    if (!isUpToDate && known() === undefined) await core.recall()
    const held = known()
    if (!isUpToDate && held !== undefined) return held
    try {
      return await core.ask(ask)
    } catch (error) {
      if (held !== undefined && !isFinal(error)) return held
      throw error
    }
  }

  /** Calls that tidy up are not queued: they are made now, or not at all. */
  const now = async <T>(work: () => Promise<T>): Promise<T> => {
    await core.begin()
    if (await core.settle()) return core.ask(work)
    throw new MillwrightError('Unavailable', `${core.name}: ${core.log.entries} operations wait, which must come first`)
  }
  const { restoreRun, deleteTag, changeExperiment } = backend
  const lifecycle: Partial<TrackerBackend> =
    restoreRun && deleteTag && changeExperiment
      ? {
          restoreRun: (runId) => now(async () => restoreRun.call(backend, await ids.toServer(runId))),
          deleteTag: (runId, key) => now(async () => deleteTag.call(backend, await ids.toServer(runId), key)),
          changeExperiment: (experimentId, change) =>
            now(async () => {
              const record = localExperiment(await changeExperiment.call(backend, await ids.toServer(experimentId), change))
              await core.forgetExperiment(experimentId)
              return record
            }),
        }
      : {}

  return displayPort('TrackerBackend', {
    ...lifecycle,
    portVersion: 1,
    name: core.name,
    capabilities: Object.freeze({ ...backend.capabilities, persistent: options.storage.capabilities.persistent }),
    status: () => ({ entries: core.log.entries, bytes: core.log.bytes, isOnline: core.isOnline(), rejected: core.log.rejected.count }),
    async rejected() {
      await core.begin()
      return core.log.rejected.list()
    },
    retryRejected: (numbers) => core.retryRejected(numbers),
    flush: () => core.flush(),

    async ensureExperiment(name, { tags } = {}) {
      assertExperimentName(name)
      assertBatch({ tags }, backend.capabilities.keys)
      await core.begin()
      const known = core.experiments.get(name)
      if (await core.settle()) {
        try {
          const record = localExperiment(await core.ask(async () => backend.ensureExperiment(name, { tags })))
          await core.rememberExperiment(record)
          return record
        } catch (error) {
          // Who may not even begin should hear of it; who could before goes on.
          if (isFinal(error) || (known === undefined && isMillwrightError(error, 'PermissionDenied'))) throw error
        }
      }
      if (known !== undefined) return known
      const now = clock.now()
      const localId = `queued-${newId()}`
      const record: ExperimentRecord = {
        experimentId: localId,
        name,
        artifactUri: `queued:/${localId}`,
        lifecycleStage: 'active',
        createdAt: now,
        updatedAt: now,
        tags: { ...tags },
      }
      await core.rememberExperiment(record)
      await core.enqueue({ kind: 'experiment', localId, name, tags })
      return record
    },
    getExperiment: (experimentId) =>
      read(
        async () => localExperiment(await backend.getExperiment(await ids.toServer(experimentId))),
        () => [...core.experiments.values()].find((held) => held.experimentId === experimentId),
      ),
    listExperiments: () =>
      read<readonly ExperimentRecord[]>(
        async () => (await backend.listExperiments()).map(localExperiment),
        () => (core.experiments.size === 0 ? undefined : [...core.experiments.values()]),
      ),

    async createRun(init) {
      const { runId, runName, tags = {} } = init
      if (runId !== undefined) assertRunId(runId)
      if (runName !== undefined) assertRunName(runName)
      assertBatch({ tags }, backend.capabilities.keys)
      await core.begin()
      const localId = runId ?? newId()
      if (runId !== undefined) await core.recall()
      if (shadow.runs.has(localId) || (runId !== undefined && (await ids.toServer(runId)) !== runId))
        throw new MillwrightError('AlreadyExists', `${core.name} already has a run ${localId}`)
      const named = { ...init, runName: runName ?? tags['mlflow.runName'] ?? localId.slice(0, 8), tags: { ...tags } }
      const made = (await core.enqueue({ kind: 'run', localId, init: named })) as RunRecord | undefined
      if (made !== undefined) {
        const record = localRun(made)
        shadow.setRun(record)
        return record
      }
      const record = newRunRecord(localId, named)
      shadow.setRun(record)
      return record
    },
    getRun: (runId) =>
      read(
        async () => {
          const record = localRun(await backend.getRun(await ids.toServer(runId)))
          shadow.setRun(record)
          return record
        },
        () => shadow.runs.get(runId),
      ),
    async logBatch(runId, batch) {
      assertBatch(batch, backend.capabilities.keys)
      await core.begin()
      // While the backend answers, it is the one who knows.
      if (!core.isCurrent()) shadow.checkBatch(runId, batch)
      await core.enqueue({ kind: 'batch', runId, batch })
      shadow.addBatch(runId, batch)
    },
    async updateRun(runId, change) {
      if (change.runName !== undefined) assertRunName(change.runName)
      await core.begin()
      const now = clock.now()
      const isEnd = change.status !== undefined && isEnded(change.status)
      // The run ended now, not when the backend hears of it.
      const endTime = change.endTime ?? (isEnd && !core.isCurrent() ? (shadow.runs.get(runId)?.endTime ?? now) : undefined)
      await core.enqueue({ kind: 'update', runId, change: { ...change, endTime } })
      shadow.change(runId, change, now)
    },
    async deleteRun(runId) {
      await core.begin()
      await core.enqueue({ kind: 'delete', runId })
      shadow.remove(runId)
    },
    async searchRuns(query) {
      parseRunQuery(query)
      return read(
        async () => {
          const experimentIds = query.experimentIds && (await Promise.all(query.experimentIds.map(ids.toServer)))
          const page = await backend.searchRuns({ ...query, experimentIds })
          return { ...page, items: page.items.map(localRun) }
        },
        () => undefined,
      )
    },
    getMetricHistory: (runId, key, page) =>
      read(
        async () => backend.getMetricHistory(await ids.toServer(runId), key, page),
        () => undefined,
      ),

    async putArtifact(owner, path, bytes) {
      core.assertPath(path)
      await core.begin()
      await core.enqueue({ kind: 'artifact', owner, path }, bytes)
    },
    getArtifact: (owner, path) =>
      read(
        async () => backend.getArtifact(await core.toServerOwner(owner), path),
        () => undefined,
      ),
    listArtifacts: (owner, path) =>
      read(
        async () => backend.listArtifacts(await core.toServerOwner(owner), path),
        () => undefined,
      ),

    async createModel(init) {
      assertModelName(init.name)
      assertBatch({ tags: init.tags, params: init.params }, backend.capabilities.keys)
      await core.begin()
      const localId = `m-${newId()}`
      const made = (await core.enqueue({ kind: 'model', localId, init })) as LoggedModelRecord | undefined
      const record = made === undefined ? newModelRecord(localId, init) : localModel(made)
      shadow.setModel(record)
      return record
    },
    getModel: (modelId) =>
      read(
        async () => localModel(await backend.getModel(await ids.toServer(modelId))),
        () => shadow.models.get(modelId),
      ),
    async finishModel(modelId, status) {
      if (status !== 'ready' && status !== 'failed')
        throw new MillwrightError('InvalidArgument', `a model ends ready or failed, got ${show(status)}`)
      await core.begin()
      await core.enqueue({ kind: 'finish', modelId, status })
      const held = shadow.models.get(modelId)
      if (held !== undefined) shadow.setModel({ ...held, status })
    },
    close: () => core.close(),
  })
}
