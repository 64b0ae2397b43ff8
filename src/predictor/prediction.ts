/** The answers, options and events of a predictor. */

import type { Awaitable } from '../core/awaitable'
import type { Clock } from '../core/clock'
import type { CancelSignal } from '../core/signal'
import type { Explanation, ModelRuntime, PredictionRecord, RefusedInput, RowExplainer } from '../ports/model'
import type { Row, Table } from '../schema/table'
import type { HistogramSnapshot } from './histogram'
import type { InputPolicy } from './input-check'
import type { PredictedLabel } from './servable'

/** The answer to one row. `Label` is the type of the prediction, if the type of the model says it. */
export interface Prediction<Label extends PredictedLabel = PredictedLabel> {
  /** The id of this answer, with which its true label can be joined later: the caller's, or one unique to the predictor. */
  readonly id: string
  /** The label or number. `null` where the model gives none. */
  readonly prediction: Label
  /** Of classifiers with probabilities: class label → probability, in the order of the model's classes. */
  readonly probabilities?: Readonly<Record<string, number>> | undefined
  /** Further outputs of the model by name. */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined
  /** How much each column moved this prediction; only of calls with `explain`. */
  readonly explanation?: Explanation | undefined
}

/** Functions around the model. What they throw fails the call as a failure of the model does, except errors of this library, which are kept. */
export interface CallHooks {
  /**
   * Changes the rows of a call before they are checked: renames, derives, looks up. Returns as many rows as it got. The event `prediction` shows what it returns.
   */
  readonly preprocess?: ((input: readonly Row[] | Table, options: HookOptions) => Awaitable<readonly Row[] | Table>) | undefined
  /** Changes the answers of a call: thresholds, rounding, names. Returns one for each row, in order. Ids are kept as they were. */
  readonly postprocess?: ((predictions: readonly Prediction[], options: HookOptions) => Awaitable<readonly Prediction[]>) | undefined
  /** Explains predictions of calls with `explain`: `shapExplainer(fitted, { background })` of `millwright/learn`. @default the model's own, if it has one */
  readonly explain?: RowExplainer | undefined
}

/** What a hook gets beside its input. */
export interface HookOptions {
  readonly model: string
  readonly version: string
  readonly signal?: CancelSignal | undefined
}

/** Options of joining concurrent calls into one execution of the model. */
export interface BatchOptions {
  /** Most rows in one execution; a larger call is divided. @default 64 */
  readonly maxSize?: number | undefined
  /** Longest time a row waits for others to join, in milliseconds. 0 joins only rows that already wait. @default 2 */
  readonly maxDelayMs?: number | undefined
  /**
   * Wait shorter than `maxDelayMs`, down to 0, where waiting does not pay: no longer than the fixed cost of an execution, and only if another call is
   * expected in that time. Both are measured. @default true
   */
  readonly adaptive?: boolean | undefined
  /** Most rows waiting; a call beyond it fails with `Unavailable`. @default 10,000 */
  readonly maxQueue?: number | undefined
}

/** Options of the cache of answers. */
export interface CacheOptions {
  /** Most answers kept; the least recently used is dropped first. @default 1,000 */
  readonly maxEntries?: number | undefined
  /** How long an answer may be reused, in milliseconds. @default no limit */
  readonly ttlMs?: number | undefined
}

/** Bounds on what callers may ask for. */
export interface LimitOptions {
  /** Most rows in one call. @default 100,000 */
  readonly maxRowsPerCall?: number | undefined
  /** Most executions of the model at the same time. @default 1 with `batch`, else 64 */
  readonly maxConcurrent?: number | undefined
  /** Longest time from call to answer, in milliseconds; `deadlineMs` of a call takes precedence. @default no limit */
  readonly deadlineMs?: number | undefined
}

/** Options of a predictor. */
export interface PredictorOptions extends CallHooks {
  /** Join concurrent calls. @default not joined */
  readonly batch?: BatchOptions | undefined
  /** Cache answers of rows; calls with a table are not cached. @default not cached */
  readonly cache?: CacheOptions | undefined
  readonly limits?: LimitOptions | undefined
  /** How strict the check of the input is. */
  readonly input?: InputPolicy | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Options of `Predictor.load`. */
export interface LoadOptions extends PredictorOptions {
  /** The runtimes to open models with; the first that supports the flavor is used. */
  readonly runtimes: readonly ModelRuntime[]
  /**
   * Runs each model before its first call: the example registered with it, or a row of zeros and empty text, in batches of 1 and of `batch.maxSize` rows. A model that
   * fails on its own example is not used. @default false
   */
  readonly warmUp?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of `Predictor.of`. */
export interface OfOptions extends PredictorOptions {
  /** @default 'model' */
  readonly name?: string | undefined
  /** @default the model's own, if it knows it, as an A/B test does; else '0' */
  readonly version?: string | undefined
}

/** Options of one call. */
export interface PredictOptions {
  /** Aborts the call: its rows are removed from the queue, or their answers are dropped. An `AbortSignal`, or a server's cheaper one. */
  readonly signal?: CancelSignal | undefined
  /** Longest time from call to answer, in milliseconds. */
  readonly deadlineMs?: number | undefined
  /** One id for each row, with which its label can be joined later. @default created by the predictor */
  readonly ids?: readonly string[] | undefined
  /** Explain each prediction by its columns. @default false */
  readonly explain?: boolean | undefined
}

/** Options of `predictOne`. */
export interface PredictOneOptions extends Omit<PredictOptions, 'ids'> {
  readonly id?: string | undefined
}

/** Options of `predictor.follow`. */
export interface FollowOptions {
  /** How long to wait between two look-ups, in milliseconds, from the end of one to the start of the next. */
  readonly everyMs: number
  /** Stops following when aborted. */
  readonly signal?: AbortSignal | undefined
  /** @default the predictor's clock */
  readonly clock?: Clock | undefined
}

/** A model was replaced by another. */
export interface ReloadEvent {
  readonly name: string
  /** The versions before and after. */
  readonly from: string
  readonly to: string
}

/** Events of a predictor. */
export interface PredictorEvents {
  /** One answered row. */
  prediction: PredictionRecord
  /** A call whose input did not fit the model's signature. */
  'input-refused': RefusedInput
  /** A call that failed for another reason than its input or its abort, a failed look-up of `follow`, or an error thrown by a listener. */
  error: unknown
  /** Another version answers from now on. */
  'model-reloaded': ReloadEvent
}

/** Counts and durations (in seconds) of the model version in use, and the present state of the predictor. */
export interface PredictorStats {
  readonly name: string
  readonly version: string
  /** Calls that have ended: answered, failed or aborted. */
  readonly requests: number
  /** Calls with invalid input, calls on which the model failed, calls aborted by their signal. */
  readonly rejected: number
  readonly failed: number
  readonly aborted: number
  /** Rows answered, by the model or the cache. */
  readonly rows: number
  /** Executions of the model; rows ÷ executions is the mean batch size. */
  readonly batches: number
  readonly cacheHits: number
  readonly cacheMisses: number
  /** Calls refused or given up for overload, by reason: `queue-full`, `no-time` (its deadline would have passed in the queue), `deadline`. */
  readonly shed: Readonly<Record<string, number>>
  /** Problems of input found, by code. */
  readonly problems: Readonly<Record<string, number>>
  /** Rows waiting now. */
  readonly queueRows: number
  /** How long a call waits for others to join it at present, in milliseconds. */
  readonly batchDelayMs: number
  /** The most rows that may wait. */
  readonly queueLimit: number
  /** Calls not yet answered. */
  readonly inFlight: number
  /** From call to answer. */
  readonly latency: HistogramSnapshot
  /** From call to the start of its execution. */
  readonly queueWait: HistogramSnapshot
  /** One execution of the model. */
  readonly execution: HistogramSnapshot
  /** Rows in one execution. */
  readonly batchRows: HistogramSnapshot
  /** How long loading the model took; 0 for a model in memory. */
  readonly loadSeconds: number
}
