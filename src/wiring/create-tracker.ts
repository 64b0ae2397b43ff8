/** `createTracker` of `millwright` and `millwright/run`: a tracker on a storage or a backend, with the defaults that its room may not import. */
import { filesTracker } from '../adapters/mlruns/files-tracker'
import { invalidArgument } from '../core/errors'
import { checkOptions } from '../core/options'
import { assertUsage } from '../core/usage'
import { fingerprint } from '../dataset/fingerprint'
import type { ObjectStore } from '../ports/object-store'
import { objectStoreRule, trackerBackendRule } from '../ports/port-rules'
import { createBareTracker, type Tracker } from '../run/tracker'
import type { BareTrackerOptions } from '../run/tracker-options'

/** Options of {@link createTracker}. */
export interface TrackerOptions extends Omit<BareTrackerOptions, 'backend'> {
  /**
   * Where runs are kept, as a tree of files of MLflow's file store. Either this or `backend`. It stays the caller's to close.
   * MLflow 3.13 and later open such a tree only with `MLFLOW_ALLOW_FILE_STORE=true`; on Node the backend `sqliteTracker` writes a file
   * that it opens as it is.
   */
  readonly storage?: ObjectStore | undefined
  /** Another place: `sqliteTracker`, `mlflowTracker`, … `tracker.close()` closes it. */
  readonly backend?: BareTrackerOptions['backend'] | undefined
}

/**
 * A tracker on a storage or a backend. Captures the environment (git, runtime, package, machine), and can digest tables for `run.logInput`.
 * Open runs end with the process (`handleExit`), and can record the load of the machine (`systemMetrics`).
 *
 * @example const tracker = createTracker({ storage: fsStorage({ root: './mlops' }) })
 * @throws InvalidArgument unless there is just one of `storage` and `backend`
 */
export function createTracker(options: TrackerOptions): Tracker {
  assertUsage('createTracker', options, {
    write: (path) => `createTracker({ storage: fsStorage({ root: ${path} }) })`,
    text: './mlops',
    renamed: { store: 'storage', root: 'storage', path: 'storage' },
  })
  const { storage, backend, ...rest } = options
  checkOptions('createTracker', { storage, backend }, { storage: objectStoreRule(), backend: trackerBackendRule() })
  if ((storage === undefined) === (backend === undefined)) {
    throw invalidArgument(`createTracker needs either \`storage\` or \`backend\`, got ${storage === undefined ? 'neither' : 'both'}`, {
      hint: "createTracker({ storage: fsStorage({ root: './mlops' }) })",
    })
  }
  return createBareTracker({
    environment: async () => (await import('../adapters/node/node-environment')).nodeEnvironment()(),
    fingerprint,
    handleExit: true,
    systemMeter: async () => (await import('../adapters/node/node-system-metrics')).nodeSystemMetrics()(),
    ...rest,
    backend: backend ?? filesTracker({ storage: storage as ObjectStore, clock: rest.clock, user: rest.user }),
  })
}
