/** Models as other rooms see them: how one is packed for storage, opened from it, and run. */
import type { Awaitable } from '../core/awaitable'
import type { ModelSignature } from '../schema/signature'
import type { Row, Table } from '../schema/table'

/** What a model predicts. */
export type ModelTask = 'classification' | 'regression' | 'other'

/** A model as files, ready to be stored and to be opened by the runtime that knows its flavor. */
export interface ModelPackage {
  /** Which runtime opens it: `millwright`, `onnx`, `function`, `tfjs`, `ml-random-forest`, … */
  readonly flavor: string
  readonly signature: ModelSignature
  /** Relative path → bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly task: ModelTask
  /** Of classifiers: the labels in the order of the probability columns. */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** The target column's name, when known. */
  readonly target?: string | undefined
  /** Plain JSON about the model: options, feature importance, … Small. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** Anything that can pack itself: a fitted model of `learn/`, an imported ONNX file, … */
export interface PackableModel {
  pack(): Awaitable<ModelPackage>
}

/** What predicting gave, row by row, in the order of the rows. */
export interface PredictionBatch {
  /** One label or number per row. `null` where the model gives none. */
  readonly predictions: readonly (string | number | boolean | null)[]
  /** Of classifiers that know them: row-major, `rows × classes`; `NaN` throughout a row that has none. */
  readonly probabilities?: Float64Array | undefined
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** Every output of the engine by name, one value (or array) per row, for models that give more than one answer. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>> | undefined
}

/** The numbers that one input of a model can hold, where that is less than its column's type can. */
export interface ColumnBounds {
  readonly min: number
  readonly max: number
  /** What sets the bounds, for messages: `int8`. */
  readonly type: string
}

/** A model in memory, ready to run. */
export interface LoadedModel {
  readonly signature: ModelSignature
  readonly task: ModelTask
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** By column: numbers beyond these are refused before the model runs. */
  readonly bounds?: Readonly<Record<string, ColumnBounds>> | undefined
  /**
   * Predicts for every row. Never changes its input; equal input gives equal output. Zero rows give zero predictions.
   * @throws InvalidState after `dispose`
   */
  run(input: Table, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<PredictionBatch>
  /** Releases what is held. Idempotent. */
  dispose(): Promise<void>
}

/** A model in memory that can be run without being stored first: a fitted model of `millwright/learn`. */
export interface OpenableModel {
  /** The model, ready to run. What is opened is used and disposed by itself. */
  open(): LoadedModel
}

/** What a runtime can do. */
export interface ModelRuntimeCapabilities {
  /** `run` answers many rows at less cost each than one at a time. */
  readonly batches: boolean
  /** `run` keeps the thread busy until it is done. */
  readonly blocking: boolean
}

/**
 * The model runtime port: opens packages of the flavors it knows.
 *
 * Guarantees every implementation gives, checked by `modelRuntimeChecks()` of `millwright/testing`:
 * - **Facts**: a loaded model has the signature, the task and the classes of its package.
 * - **Answers**: one per row, in the order of the rows; a row alone is answered as in a batch; equal input has equal answers, also from
 *   concurrent calls and from two loads of one package. Columns that the model does not know, and the order of columns, change nothing.
 * - **Input**: never changed. A table that lacks a column of the model is refused with `SchemaMismatch` before anything runs.
 * - **Damage**: a package whose files are not a model is `Corrupt`.
 * - **Abort**: an aborted call rejects with the signal's reason.
 * - **Lifetime**: `dispose` waits for the runs under way; afterwards `run` is refused with `InvalidState`.
 */
export interface ModelRuntime {
  readonly portVersion: 1
  readonly name: string
  readonly capabilities: ModelRuntimeCapabilities
  readonly flavors: readonly string[]
  /** @throws MissingDependency when the engine is not installed, Corrupt when the files are not a model */
  load(model: ModelPackage, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<LoadedModel>
}

/** A stored model as found by a reference such as `flights@champion` or `flights@3`. */
export interface ResolvedModel {
  readonly name: string
  readonly version: string
  readonly package: ModelPackage
  /** A row of input registered with it, for documentation. */
  readonly example?: Row | undefined
}

/**
 * Where a predictor gets models from: a registry is one.
 *
 * What `openModel` gives belongs to one version: package, name and version fit together, also while an alias moves.
 */
export interface ModelSource {
  /** @throws NotFound with the names, versions or aliases there are */
  openModel(reference: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ResolvedModel>
  /** The version that the reference leads to now, without reading its files: followers ask this often. */
  resolve?(reference: string): Promise<{ readonly name: string; readonly version: string }>
}

/** One answered row, as a predictor's `prediction` event tells it; what a monitor records. */
export interface PredictionRecord {
  readonly id: string
  readonly model: string
  readonly version: string
  readonly at: number
  /** The model's columns as the model got them, checked and coerced (`null` where missing), and other cells that the caller gave. */
  readonly input: Row
  readonly prediction: string | number | boolean | null
  /** Class label → probability, where the model gives them. */
  readonly probabilities?: Readonly<Record<string, number>> | undefined
  readonly latencyMs: number
  readonly cached: boolean
}
