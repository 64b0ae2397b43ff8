/** The defaults that the rooms leave open, bound: which tracker backend a storage gets, which runtimes a predictor has. */
import { filesTracker } from './adapters/mlruns/files-tracker'
import { invalidArgument } from './core/errors'
import { checkOptions } from './core/options'
import { assertUsage } from './core/usage'
import { fingerprint } from './dataset/fingerprint'
import type { ModelRuntime, ModelSource } from './ports/model'
import type { ObjectStore } from './ports/object-store'
import { objectStoreRule, trackerBackendRule } from './ports/port-rules'
import type { LoadOptions, OfOptions } from './predictor/prediction'
import { Predictor as BarePredictor } from './predictor/predictor'
import type { LabelOf, PredictedLabel, ServableModel } from './predictor/servable'
import { createTracker as createBareTracker, type Tracker } from './run/tracker'
import type { TrackerOptions as BareTrackerOptions } from './run/tracker-options'

/** Options of {@link createTracker}: those of `millwright/run`, with a storage in place of a backend. */
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
    environment: async () => (await import('./adapters/node/node-environment')).nodeEnvironment()(),
    fingerprint,
    handleExit: true,
    systemMeter: async () => (await import('./adapters/node/node-system-metrics')).nodeSystemMetrics()(),
    ...rest,
    backend: backend ?? filesTracker({ storage: storage as ObjectStore, clock: rest.clock, user: rest.user }),
  })
}

/**
 * The runtimes a predictor has unless told otherwise: own learners, ONNX (when onnxruntime-node is installed), functions. They are
 * loaded on first use, so that a page which only imports `Predictor` does not carry every learner.
 */
export async function defaultRuntimes(): Promise<readonly ModelRuntime[]> {
  const [{ learnRuntime }, { onnxRuntime }, { functionRuntime }] = await Promise.all([
    import('./learn/runtime'),
    import('./adapters/onnxruntime/onnx-runtime'),
    import('./adapters/function/function-runtime'),
  ])
  return [learnRuntime(), onnxRuntime(), functionRuntime()]
}

/** Options of {@link Predictor}'s `load`. */
export interface PredictorLoadOptions extends Omit<LoadOptions, 'runtimes'> {
  /** @default own learners, ONNX through onnxruntime-node, functions */
  readonly runtimes?: readonly ModelRuntime[] | undefined
}

/** A model behind a checked, bounded, observable call. Make one with `Predictor.load` or `Predictor.of`. */
export type Predictor<Label extends PredictedLabel = PredictedLabel> = BarePredictor<Label>

/** Makes predictors; see `millwright/predictor` for the class with nothing bound. */
export const Predictor = {
  /**
   * Opens the model that `reference` (`flights@champion`, `flights@3`) names now.
   *
   * @throws NotFound from the source; Unsupported when no runtime knows the model's flavor; MissingDependency; Corrupt
   */
  async load(source: ModelSource, reference: string, options: PredictorLoadOptions = {}): Promise<BarePredictor> {
    return BarePredictor.load(source, reference, { ...options, runtimes: options?.runtimes ?? (await defaultRuntimes()) })
  },
  /**
   * A predictor over a model in memory: a fitted model or chain, a `functionModel`, what a runtime has loaded.
   *
   * @example const predictor = Predictor.of(randomForestClassifier().fit(train, { target: 'late' }))
   * @throws InvalidArgument for what is no model, and bad options
   */
  of: <M extends ServableModel>(model: M, options?: OfOptions): BarePredictor<LabelOf<M>> => BarePredictor.of(model, options),
}
