/** What a predictor answers, takes and tells. */
import type { Clock } from '../core/clock'
import type { ModelRuntime, PredictionRecord } from '../ports/model'
import type { HistogramSnapshot } from './histogram'
import type { InputPolicy } from './input-check'
import type { PredictedLabel } from './servable'

/** The answer to one row. `Label` is what the model predicts, where its type says. */
export interface Prediction<Label extends PredictedLabel = PredictedLabel> {
  /** Names this answer, so that its true label can be joined later: the caller's, or one unique to the predictor. */
  readonly id: string
  /** The label or number. `null` where the model gives none. */
  readonly prediction: Label
  /** Of classifiers that know them: class label → probability, in the order of the model's classes. */
  readonly probabilities?: Readonly<Record<string, number>> | undefined
  /** Further outputs of the model by name. */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined
}

/** Joining of concurrent calls into one execution of the model. */
export interface BatchOptions {
  /** Most rows in one execution; a larger call is divided. @default 64 */
  readonly maxSize?: number | undefined
  /** Longest time a row is held back so that others may join, in milliseconds. 0 takes what is there. @default 2 */
  readonly maxDelayMs?: number | undefined
  /** Most rows waiting; a call beyond it fails with `Unavailable`. @default 10,000 */
  readonly maxQueue?: number | undefined
}

/** Answers kept for equal rows. */
export interface CacheOptions {
  /** Most answers kept; the least recently used leaves first. @default 1,000 */
  readonly maxEntries?: number | undefined
  /** How long an answer may be used again, in milliseconds. @default without end */
  readonly ttlMs?: number | undefined
}

/** Bounds on what callers may ask for. */
export interface LimitOptions {
  /** Most rows in one call. @default 100,000 */
  readonly maxRowsPerCall?: number | undefined
  /** Most executions of the model at the same time. @default 1 with `batch`, else 16 */
  readonly maxConcurrent?: number | undefined
  /** Longest time from call to answer, in milliseconds; a call's own `deadlineMs` wins. @default without end */
  readonly deadlineMs?: number | undefined
}

/** Options of a predictor. */
export interface PredictorOptions {
  /** Join concurrent calls. @default not joined */
  readonly batch?: BatchOptions | undefined
  /** Remember answers. Rows only: calls with a table are not looked up. @default not remembered */
  readonly cache?: CacheOptions | undefined
  readonly limits?: LimitOptions | undefined
  /** How strict the check of the input is. */
  readonly input?: InputPolicy | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Options of `Predictor.load`. */
export interface LoadOptions extends PredictorOptions {
  /** The runtimes to open models with; the first that knows the flavor is taken. */
  readonly runtimes: readonly ModelRuntime[]
  readonly signal?: AbortSignal | undefined
}

/** Options of `Predictor.of`. */
export interface OfOptions extends PredictorOptions {
  /** @default 'model' */
  readonly name?: string | undefined
  /** @default '0' */
  readonly version?: string | undefined
}

/** Options of one call. */
export interface PredictOptions {
  /** Gives the call up: its rows leave the queue, or their answers are dropped. */
  readonly signal?: AbortSignal | undefined
  /** Longest time from call to answer, in milliseconds. */
  readonly deadlineMs?: number | undefined
  /** One id for each row, to find the answer again when its label arrives. @default made by the predictor */
  readonly ids?: readonly string[] | undefined
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

/** A model was exchanged for another. */
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
  /** A call that failed for another reason than its input or its abort, a look-up of `follow` that failed, or a listener that threw. */
  error: unknown
  /** Another version answers from now on. */
  'model-reloaded': ReloadEvent
}

/** What a predictor has done with the model version in use, and its state now. Durations in seconds. */
export interface PredictorStats {
  readonly name: string
  readonly version: string
  /** Calls that were answered, failed or given up. */
  readonly requests: number
  /** Calls whose input did not fit, calls the model failed on, calls given up by their signal. */
  readonly rejected: number
  readonly failed: number
  readonly aborted: number
  /** Rows answered, by the model or the cache. */
  readonly rows: number
  /** Executions of the model: rows ÷ executions is the mean batch. */
  readonly batches: number
  readonly cacheHits: number
  readonly cacheMisses: number
  /** Calls refused or given up for overload, by reason: `queue-full`, `deadline`. */
  readonly shed: Readonly<Record<string, number>>
  /** Problems of input found, by code. */
  readonly problems: Readonly<Record<string, number>>
  /** Rows waiting now. */
  readonly queueRows: number
  /** The most that may wait. */
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
  /** How long loading the model took; 0 for one handed in. */
  readonly loadSeconds: number
}
