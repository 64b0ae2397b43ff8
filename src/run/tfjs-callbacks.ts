/** What TensorFlow.js tells while it trains, as metrics. Nothing of TensorFlow.js is imported. */
import { checkOptions, ofType } from '../core/options'
import type { Run } from './run'

/** What an epoch or a batch tells: numbers, or TensorFlow's scalars. */
export type TfjsLogs = Readonly<Record<string, unknown>>

/** What `model.fit` of TensorFlow.js takes as `callbacks`. */
export interface TfjsCallbacks {
  onTrainBegin(): void
  onEpochEnd(epoch: number, logs?: TfjsLogs): void
  onBatchEnd?(batch: number, logs?: TfjsLogs): void
  onTrainEnd(): void
}

/** Options of {@link tfjsCallbacks}. */
export interface TfjsCallbacksOptions {
  /** Logged as params: what `model.fit` is given (`epochs`, `batchSize`, …), the optimizer, … */
  readonly params?: object | undefined
  /** Also logs each batch's numbers, as `batch_<name>` over the number of batches. @default false */
  readonly batches?: boolean | undefined
}

/**
 * Callbacks for `model.fit(x, y, { callbacks })` of TensorFlow.js: what an epoch tells (`loss`, `val_loss`, `acc`, …) becomes metrics with
 * the epoch as step. Only numbers are logged. Beside callbacks that are instances (`tf.callbacks.earlyStopping()`), TensorFlow.js takes no
 * plain ones: `autolog(model, run)` sees to that.
 *
 * @throws InvalidArgument
 */
export function tfjsCallbacks(run: Run, options: TfjsCallbacksOptions = {}): TfjsCallbacks {
  checkOptions('tfjsCallbacks', options, { params: ofType('object'), batches: ofType('boolean') })
  let batches = 0
  return {
    onTrainBegin() {
      if (options.params !== undefined) run.logParams(options.params)
      run.setTag('mlflow.autologging', 'tensorflow.js')
    },
    onEpochEnd(epoch, logs) {
      run.logMetrics(numbersOf(logs, ''), { step: epoch })
    },
    ...(options.batches
      ? {
          onBatchEnd(_batch: number, logs?: TfjsLogs) {
            const { batch_batch: _, batch_size: __, ...numbers } = numbersOf(logs, 'batch_')
            run.logMetrics(numbers, { step: batches++ })
          },
        }
      : {}),
    onTrainEnd() {},
  }
}

function numbersOf(logs: TfjsLogs | undefined, prefix: string): Record<string, number> {
  const numbers = Object.entries(logs ?? {}).map(([name, value]) => [prefix + name, numberOf(value)] as const)
  return Object.fromEntries(numbers.filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

/** Callbacks that are instances are handed scalars as TensorFlow holds them. */
function numberOf(value: unknown): unknown {
  const { dataSync } = (typeof value === 'object' && value !== null ? value : {}) as { dataSync?: () => ArrayLike<number> }
  return typeof dataSync === 'function' ? dataSync.call(value)[0] : value
}
