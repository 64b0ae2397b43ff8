/** Logs the metrics that TensorFlow.js reports during training. TensorFlow.js itself is not imported. */
import { checkOptions, ofType } from '../core/options'
import type { Run } from './run'

/** The values that TensorFlow.js reports for an epoch or a batch: numbers, or scalars of TensorFlow. */
export type TfjsLogs = Readonly<Record<string, unknown>>

/** The callbacks that `model.fit` of TensorFlow.js takes. */
export interface TfjsCallbacks {
  onTrainBegin(): void
  onEpochEnd(epoch: number, logs?: TfjsLogs): void
  onBatchEnd?(batch: number, logs?: TfjsLogs): void
  onTrainEnd(): void
}

/** Options of {@link tfjsCallbacks}. */
export interface TfjsCallbacksOptions {
  /** Logged as params: the options of `model.fit` (`epochs`, `batchSize`, …), the optimizer, … */
  readonly params?: object | undefined
  /** Also logs each batch's numbers, as `batch_<name>` over the number of batches. @default false */
  readonly batches?: boolean | undefined
}

/**
 * Callbacks for `model.fit(x, y, { callbacks })` of TensorFlow.js: the values of an epoch (`loss`, `val_loss`, `acc`, …) become metrics with
 * the epoch as step. Only numbers are logged. TensorFlow.js does not take plain callbacks together with instances (`tf.callbacks.earlyStopping()`);
 * use `autolog(model, run)` in that case.
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

/** TensorFlow.js passes scalars to callbacks that are instances. */
function numberOf(value: unknown): unknown {
  const { dataSync } = (typeof value === 'object' && value !== null ? value : {}) as { dataSync?: () => ArrayLike<number> }
  return typeof dataSync === 'function' ? dataSync.call(value)[0] : value
}
