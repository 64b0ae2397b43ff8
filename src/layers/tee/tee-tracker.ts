/** A tracker backend that writes to several backends and reads from the first. */
import { displayPort } from '../../core/display'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, ofType } from '../../core/options'
import { trackerBackendRule } from '../../ports/port-rules'
import type { TrackerBackend } from '../../ports/tracker-backend'
import { createFollower, type Follower } from './follower'
import { lifecycleWrites, modelWrites, runWrites, type TeeParts } from './tee-writes'

/** Options of {@link teeTracker}. */
export interface TeeTrackerOptions {
  /** Called with each error of a follower. Without it, an error of a follower fails the call. */
  readonly onError?: ((error: unknown, follower: TrackerBackend) => void) | undefined
}

/**
 * Writes to every backend, reads from the first. The others are its followers.
 *
 * A run has the same id in all backends. A follower that assigns ids itself (an MLflow server) keeps the first backend's id in the tag
 * `millwright.tee_id`. Experiments and runs are matched when they are created or first used, so that one process can continue a run that
 * another began. Ids of parents and models, also those in `MLmodel` files, are rewritten to each backend's own.
 *
 * Each write goes to the first backend, then to the followers in parallel. If a follower fails and there is no `onError`, the call fails;
 * logging the same points again stores none twice. To keep logging while a server does not answer, put `queuedTracker` in front of it.
 *
 * @throws InvalidArgument for fewer than two backends
 * @example
 * const backend = teeTracker([filesTracker({ storage }), memoryTracker()])
 */
export function teeTracker(backends: readonly TrackerBackend[], options: TeeTrackerOptions = {}): TrackerBackend {
  checkOptions('teeTracker', options, { onError: ofType('function') })
  const [first, ...others] = checkedBackends(backends)
  const followers = others.map((backend) => createFollower(first, backend))
  const lifecycle = backends.every(({ capabilities }) => capabilities.lifecycle === true)
  const keys = backends.every(({ capabilities }) => capabilities.keys === 'mlflow') ? 'mlflow' : 'files'
  const parts: TeeParts = { first, keys, follow: (write) => followAll(followers, write, options.onError) }

  return displayPort('TrackerBackend', {
    ...(lifecycle ? lifecycleWrites(parts) : {}),
    ...runWrites(parts),
    ...modelWrites(parts),
    portVersion: 1,
    name: `teeTracker(${backends.map((backend) => backend.name).join(', ')})`,
    capabilities: { ...first.capabilities, lifecycle, keys },
    getExperiment: (experimentId) => first.getExperiment(experimentId),
    listExperiments: () => first.listExperiments(),
    getRun: (runId) => first.getRun(runId),
    searchRuns: (query) => first.searchRuns(query),
    getMetricHistory: (runId, key, page) => first.getMetricHistory(runId, key, page),
    getArtifact: (owner, path) => first.getArtifact(owner, path),
    listArtifacts: (owner, path) => first.listArtifacts(owner, path),
    getModel: (modelId) => first.getModel(modelId),
    async close() {
      for (const backend of backends) await backend.close()
    },
  })
}

/** @throws InvalidArgument */
function checkedBackends(backends: readonly TrackerBackend[]): readonly [TrackerBackend, ...TrackerBackend[]] {
  if (!Array.isArray(backends) || backends.length < 2) {
    throw invalidArgument(`teeTracker takes an array of at least two backends, got ${show(backends)}`)
  }
  const rule = trackerBackendRule()
  const wrong = backends.findIndex((backend) => !rule.test(backend))
  if (wrong >= 0) throw invalidArgument(`backend ${wrong} of teeTracker must be ${rule.allowed}, got ${show(backends[wrong])}`)
  return backends as unknown as readonly [TrackerBackend, ...TrackerBackend[]]
}

/** Repeats a write on all followers in parallel. */
async function followAll(
  followers: readonly Follower[],
  write: (follower: Follower) => Promise<unknown>,
  onError: TeeTrackerOptions['onError'],
): Promise<void> {
  const outcomes = await Promise.allSettled(followers.map(write))
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue
    if (onError === undefined) throw outcome.reason
    onError(outcome.reason, (followers[i] as Follower).backend)
  }
}
