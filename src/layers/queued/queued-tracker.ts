/** A tracker backend that stores every call in a durable queue and delivers it to another backend, which need not answer. */

import { systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { assertUsage } from '../../core/usage'
import { objectStoreRule, trackerBackendRule } from '../../ports/port-rules'
import { OperationQueue } from './operation-queue'
import type { QueuedTracker, QueuedTrackerOptions } from './options'
import { queuedExperiments, queuedLifecycle } from './queued-experiments'
import { queuedArtifacts, queuedModels } from './queued-models'
import { queuedRuns } from './queued-runs'

export type { QueuedTracker, QueuedTrackerOptions, QueueStatus, QueueWarning } from './options'
export type { RejectedOperation } from './rejected-operations'

/**
 * Puts a durable queue in front of `backend`.
 *
 * Every write is stored before anything else happens.
 *
 * - While the backend answers, a call waits for its answer (at most `waitMs`) and fails as it would without the queue.
 * - While it does not, a call returns when it is stored. Runs, experiments and models created then have local ids, which the queue
 *   accepts from then on; so it does a run id that the caller chose, if the backend assigns its own.
 * - Operations are delivered in the background, those of several runs in parallel and those of one run in order, also after a restart with
 *   the same storage and prefix.
 * - An operation that the backend refuses, or fails on repeatedly, is kept under `<prefix>/rejected/` and reported to `onWarning`. No
 *   operation is dropped silently.
 *
 * Each process needs its own prefix: a second process that opens the same one takes the queue over, and the first stops delivering.
 *
 * @throws InvalidArgument
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
    throw invalidArgument('queuedTracker needs `backend` and `storage`, the object store to keep the queue in')
  }
  const queue = new OperationQueue(options, options.clock ?? systemClock())

  return displayPort('TrackerBackend', {
    portVersion: 1,
    name: queue.name,
    capabilities: Object.freeze({ ...backend.capabilities, persistent: storage.capabilities.persistent }),
    ...queuedLifecycle(queue),
    ...queuedExperiments(queue),
    ...queuedRuns(queue),
    ...queuedArtifacts(queue),
    ...queuedModels(queue),
    status: () => queue.status,
    async rejected() {
      await queue.begin()
      return queue.log.rejected.list()
    },
    retryRejected: (numbers) => queue.retryRejected(numbers),
    flush: () => queue.flush(),
    close: () => queue.close(),
  })
}
