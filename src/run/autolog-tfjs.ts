/** A model of TensorFlow.js that logs its own training. Loaded on the first `fit`. */
import type { Run } from './run'
import { type TfjsLogs, tfjsCallbacks } from './tfjs-callbacks'
import { type TfjsModelLike, tfjsModel } from './tfjs-model'

/** The members of a `tf.LayersModel` that are used here. */
export interface TfjsTrainable extends TfjsModelLike {
  fit(...given: never[]): Promise<unknown>
  fitDataset?(...given: never[]): Promise<unknown>
  summary(lineLength?: number, positions?: number[], print?: (line: string) => void): void
  countParams(): number
  readonly layers: readonly unknown[]
  readonly name?: string
  readonly loss?: unknown
  readonly metrics?: unknown
  readonly optimizer?: { getClassName?(): string; getConfig?(): object } | undefined
}

/** The options of `autolog` that concern TensorFlow.js. */
export interface TfjsAutologOptions {
  readonly modelName?: string | undefined
  readonly batches?: boolean | undefined
}

/** The members of the last argument of `fit` that are used here. */
export type FitArguments = { readonly callbacks?: unknown; readonly epochs?: number; readonly batchSize?: number } & Readonly<
  Record<string, unknown>
>

/** The arguments of `fit` that are logged as params. */
const SETTINGS = ['epochs', 'batchSize', 'validationSplit', 'shuffle', 'initialEpoch', 'stepsPerEpoch', 'batchesPerEpoch'] as const

/**
 * Trains a model and logs it: params before, the metrics of every epoch, afterwards the duration, the epoch of an early stop, and the model. Rethrows what `fit` throws.
 *
 * @param train `model.fit` with its data bound; takes the remaining arguments
 */
export async function fitAndLog<T>(
  model: TfjsTrainable,
  run: Run,
  given: FitArguments,
  options: TfjsAutologOptions,
  train: (given: FitArguments) => Promise<T>,
): Promise<T> {
  run.logParams(settingsOf(model, given))
  run.logText('model_summary.txt', summaryOf(model))
  const counted = { epochs: 0 }
  const start = performance.now()
  const history = await train({ ...given, callbacks: withOurs(given.callbacks, callbacksOf(run, options, counted)) })
  run.logMetric('training_seconds', (performance.now() - start) / 1000)
  const planned = (given.epochs ?? 1) - (Number(given.initialEpoch) || 0)
  if (counted.epochs < planned) run.logMetric('stopped_epoch', Math.max(0, counted.epochs - 1))
  if (options.modelName !== undefined) await run.logModel(options.modelName, tfjsModel(model))
  return history
}

function settingsOf(model: TfjsTrainable, given: FitArguments): Record<string, unknown> {
  const { optimizer, loss, metrics } = model
  const config = optimizer?.getConfig?.() ?? {}
  return {
    estimator: 'tfjs',
    ...Object.fromEntries(SETTINGS.filter((name) => given[name] !== undefined).map((name) => [name, given[name]])),
    // The default of TensorFlow.js.
    ...(given.batchSize === undefined && given.stepsPerEpoch === undefined && given.batchesPerEpoch === undefined ? { batchSize: 32 } : {}),
    optimizer: optimizer?.getClassName?.(),
    optimizer_config: config,
    loss,
    metrics: Array.isArray(metrics) && metrics.length === 0 ? undefined : metrics,
    layers: model.layers.length,
    weights: model.countParams(),
  }
}

function summaryOf(model: TfjsTrainable): string {
  const lines: string[] = []
  model.summary(100, undefined, (line) => lines.push(line))
  return `${lines.join('\n')}\n`
}

type Callback = Readonly<Record<string, unknown>>

/** Callbacks with every method: beside instances, TensorFlow.js calls all of them without checking that they exist. */
function callbacksOf(run: Run, options: TfjsAutologOptions, counted: { epochs: number }): Callback {
  const ours = tfjsCallbacks(run, { batches: options.batches })
  const nothing = (): void => {}
  return {
    ...ours,
    async onEpochEnd(epoch: number, logs?: TfjsLogs) {
      counted.epochs = epoch + 1
      ours.onEpochEnd(epoch, logs)
    },
    onBatchEnd: ours.onBatchEnd ?? nothing,
    onEpochBegin: nothing,
    onBatchBegin: nothing,
    setParams: nothing,
    setModel: nothing,
  }
}

/** TensorFlow.js takes either plain callbacks or instances, and decides by the first one. Ours is last, so that the user's instances decide. */
function withOurs(theirs: unknown, ours: Callback): readonly unknown[] {
  const given = theirs === undefined || theirs === null ? [] : Array.isArray(theirs) ? theirs : [theirs]
  const isInstance = given.some((callback) => typeof (callback as Callback).setModel === 'function')
  if (isInstance) return [...given, ours]
  // Plain callbacks may have no members but `on…` and `yieldEvery`.
  const { setParams: _, setModel: __, ...plain } = ours
  return [...given, plain]
}
