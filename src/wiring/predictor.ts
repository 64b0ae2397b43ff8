/** `Predictor` of `millwright` and `millwright/predictor`: the class of the predictor room, with the runtimes that this room may not import. */
import type { ModelRuntime, ModelSource } from '../ports/model'
import type { LoadOptions, OfOptions } from '../predictor/prediction'
import { Predictor as BarePredictor } from '../predictor/predictor'
import type { LabelOf, PredictedLabel, ServableModel } from '../predictor/servable'

/**
 * The runtimes a predictor has unless told otherwise: own learners, ONNX (when onnxruntime-node is installed), TensorFlow.js (when
 * `@tensorflow/tfjs` is), forests of ml-random-forest, functions. They are loaded on first use, so that a page which only imports `Predictor` does not carry every learner.
 */
export async function defaultRuntimes(): Promise<readonly ModelRuntime[]> {
  const [{ learnRuntime }, { onnxRuntime }, { tfjsRuntime }, { mlRandomForestRuntime }, { functionRuntime }] = await Promise.all([
    import('../learn/runtime'),
    import('../adapters/onnxruntime/onnx-runtime'),
    import('../adapters/tfjs/tfjs-runtime'),
    import('../adapters/ml-random-forest/ml-random-forest-runtime'),
    import('../adapters/function/function-runtime'),
  ])
  return [learnRuntime(), onnxRuntime(), tfjsRuntime(), mlRandomForestRuntime(), functionRuntime()]
}

/** Options of {@link Predictor}'s `load`. */
export interface PredictorLoadOptions extends Omit<LoadOptions, 'runtimes'> {
  /** @default own learners, ONNX through onnxruntime-node, TensorFlow.js, forests of ml-random-forest, functions */
  readonly runtimes?: readonly ModelRuntime[] | undefined
}

/** A model behind a checked, bounded, observable call. Make one with `Predictor.load` or `Predictor.of`. */
export type Predictor<Label extends PredictedLabel = PredictedLabel> = BarePredictor<Label>

/** Makes predictors. `BarePredictor` of `millwright/predictor` is the same without default runtimes. */
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
