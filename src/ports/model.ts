/** Models: their packages, loaded models, and the ports of model runtimes and model sources. */
import type { Awaitable } from '../core/awaitable'
import type { CancelSignal } from '../core/signal'
import type { CellValue } from '../schema/column'
import type { ModelSignature, TensorType } from '../schema/signature'
import type { Row, Table } from '../schema/table'

/** The kind of values that a model predicts. */
export type ModelTask = 'classification' | 'regression' | 'other'

/** A model as files, which can be stored, and opened by a runtime that supports its flavor. */
export interface ModelPackage {
  /** The format of the files, which decides which runtime opens them: `millwright`, `onnx`, `function`, `tfjs`, `ml-random-forest`, … */
  readonly flavor: string
  readonly signature: ModelSignature
  /** Relative path → bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly task: ModelTask
  /** The labels of a classifier, in the order of the columns of its probabilities. */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** The target column's name, when known. */
  readonly target?: string | undefined
  /** Further facts about the model as plain JSON of a few kilobytes: options, feature importance, … */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A model with a method that packs it: a fitted model of `millwright/learn`, an imported ONNX file, … */
export interface PackableModel {
  pack(): Awaitable<ModelPackage>
}

/** The predictions for a table, in the order of its rows. */
export interface PredictionBatch {
  /** One label or number for each row; `null` for a row without a prediction. */
  readonly predictions: readonly (string | number | boolean | null)[]
  /** The probabilities of a classifier, if it has them: row-major, `rows × classes`. A row without probabilities is all `NaN`. */
  readonly probabilities?: Float64Array | undefined
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** All outputs of a model with several outputs: name → one value or array for each row. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>> | undefined
}

/** The range of numbers that an input of a model can hold, where it is smaller than that of the column's type. */
export interface ColumnBounds {
  readonly min: number
  readonly max: number
  /** The type of the input, for messages: `int8`. */
  readonly type: string
}

/** The values of a tensor, row-major. Booleans are 0 and 1, half-precision numbers their bits, texts an array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[]

/** A tensor in memory, without an engine. */
export interface ModelTensor {
  readonly dtype: TensorType
  /** The sizes of its dimensions; none for a scalar. */
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** Options of `predictTensors`. */
export interface PredictTensorsOptions {
  /** Names of the outputs to compute. @default all that are tensors */
  readonly outputs?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** How much each column, or feature made of columns, moved one prediction away from the mean. */
export interface Explanation {
  /** What is explained: the class label, or `prediction` of a model of numbers. Its values add up to the model's output minus the base value. */
  readonly output: string
  /** The mean of the model's output over the rows that the explainer knows. */
  readonly baseValue: number
  /** Feature → how much it moved the output. */
  readonly contributions: Readonly<Record<string, number>>
}

/** Explains the predictions of rows: one explanation for each, in order. `predictions` are the model's answers to them, `outputs` the further outputs of each answer. */
export type RowExplainer = (
  input: Table,
  predictions: readonly (string | number | boolean | null)[],
  outputs?: readonly (Readonly<Record<string, unknown>> | undefined)[],
) => Awaitable<readonly Explanation[]>

/** A model in memory that can be run. */
export interface LoadedModel {
  readonly signature: ModelSignature
  readonly task: ModelTask
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** A row that shows what goes in, for pages and OpenAPI documents. */
  readonly example?: Row | undefined
  /** Column → bounds. Numbers outside them are refused before the model runs. */
  readonly bounds?: Readonly<Record<string, ColumnBounds>> | undefined
  /**
   * Predicts for each row. Does not change the input. Equal input gives equal output; no rows give no predictions.
   * @throws InvalidState after `dispose`
   */
  run(input: Table, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<PredictionBatch>
  /**
   * The same for rows of cells in the order of the signature's input columns, each of its column's type. A model has it if it answers a few rows faster
   * that way than through a table: the columns of a table cost more to make than a small model to run.
   */
  runCells?(rows: readonly (readonly CellValue[])[], options?: { readonly signal?: CancelSignal | undefined }): Awaitable<PredictionBatch>
  /** The version in use, of models that know it: `control@3+treatment@4` of an A/B test. It may change while the model is open. */
  version?(): string
  /** Explains predictions, of models that can. */
  readonly explain?: RowExplainer | undefined
  /**
   * Only of models that are made of tensors (ONNX, TensorFlow.js): runs the model once with named tensors as they are, for what is no table: images,
   * text tokens, a state that goes from call to call, scalars. The names are those of the model's file.
   *
   * @throws SchemaMismatch, before anything runs, when an input is absent, unknown, or of another type or shape; InvalidState after `dispose`
   */
  predictTensors?(
    inputs: Readonly<Record<string, ModelTensor>>,
    options?: PredictTensorsOptions,
  ): Awaitable<Readonly<Record<string, ModelTensor>>>
  /** Releases all resources. Idempotent. */
  dispose(): Promise<void>
}

/** A model that can be opened without being stored first: a fitted model of `millwright/learn`. */
export interface OpenableModel {
  /** Opens the model. Each opened model is disposed on its own. */
  open(): LoadedModel
}

/** What a runtime can do. */
export interface ModelRuntimeCapabilities {
  /** `run` takes less time per row for many rows than for one. */
  readonly batches: boolean
  /** `run` blocks the thread until it has finished. */
  readonly blocking: boolean
}

/**
 * The model runtime port: opens packages of the flavors that it supports.
 *
 * Guarantees every implementation gives, checked by `modelRuntimeChecks()` of `millwright/testing`:
 * - **Facts**: a loaded model has the signature, the task and the classes of its package.
 * - **Predictions**: one for each row, in the order of the rows. A row has the same prediction alone and in a batch. Equal input gives equal
 *   predictions, also in concurrent calls and from two loads of one package. Further columns and the order of columns have no effect.
 * - **Cells**: `runCells`, where a model has it, gives what `run` gives for the table of those cells, and obeys *Abort* and *Lifetime*.
 * - **Input**: never changed. A table that lacks a column of the model is refused with `SchemaMismatch` before anything runs.
 * - **Damage**: a package whose files are not a model is refused with `Corrupt`.
 * - **Abort**: an aborted call rejects with the signal's reason.
 * - **Tensors**: `predictTensors`, where a model has it, changes none of its inputs, gives arrays that nothing else writes to, refuses with
 *   `SchemaMismatch` what does not fit before anything runs, and obeys *Abort* and *Lifetime*.
 * - **Lifetime**: `dispose` waits for running calls. Afterwards `run` is refused with `InvalidState`.
 */
export interface ModelRuntime {
  readonly portVersion: 1
  readonly name: string
  readonly capabilities: ModelRuntimeCapabilities
  readonly flavors: readonly string[]
  /** Opens a package. @throws MissingDependency when the engine is not installed, Corrupt when the files are not a model */
  load(model: ModelPackage, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<LoadedModel>
}

/** The stored model that a reference such as `flights@champion` or `flights@3` resolves to. */
export interface ResolvedModel {
  readonly name: string
  readonly version: string
  readonly package: ModelPackage
  /** A row of input that was registered with the model, for documentation. */
  readonly example?: Row | undefined
}

/**
 * The source from which a predictor opens models. A registry is one.
 *
 * Guarantee every implementation gives: the package, name and version that `openModel` returns belong to one version, also while an alias moves.
 */
export interface ModelSource {
  /** Opens the model of a reference. @throws NotFound; the message lists the existing names, versions or aliases */
  openModel(reference: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ResolvedModel>
  /** The version that a reference resolves to now, without reading its files. Predictors that follow an alias call this often. */
  resolve?(reference: string): Promise<{ readonly name: string; readonly version: string }>
}

/** A call whose input was refused: the event `input-refused` of a predictor. It holds counts, never the input. */
export interface RefusedInput {
  readonly model: string
  readonly version: string
  /** When it was refused, epoch milliseconds. */
  readonly at: number
  /** Rows of the call. None of them was answered. */
  readonly rows: number
  /** Rows that had a problem. */
  readonly refusedRows: number
  /** Column → code → problems: `{ age: { missing: 2, 'wrong-type': 1 } }`. Problems of whole rows have no column. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** One predicted row: the event `prediction` of a predictor, and the record of a monitor. */
export interface PredictionRecord {
  readonly id: string
  readonly model: string
  readonly version: string
  readonly at: number
  /** The row: the columns of the model, checked and coerced (`null` for a missing value), and the other cells that the caller passed. */
  readonly input: Row
  readonly prediction: string | number | boolean | null
  /** Class label → probability, if the model has probabilities. */
  readonly probabilities?: Readonly<Record<string, number>> | undefined
  readonly latencyMs: number
  readonly cached: boolean
}
