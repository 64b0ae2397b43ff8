/** What the registry needs to store an ONNX file beside a model; the ONNX writer is on a floor above. */
import type { PackableModel } from '../ports/model'
import type { ModelSignature } from '../schema/signature'
import type { Table } from '../schema/table'

/** Options of `register({ onnx })`. */
export interface OnnxExportOptions {
  /** The rows that the file is verified on. @default rows made from what the model has learned */
  readonly sample?: Table | undefined
  /** What the file is verified with. @default the package `onnxruntime-node`; in a page hand in `onnxruntime-web` */
  readonly lib?: object | undefined
  /** `false` stores the file without running it. @default true */
  readonly verify?: boolean | undefined
}

/** An ONNX file of a model, as MLflow's `python_function` runs it. */
export interface OnnxExport {
  readonly bytes: Uint8Array
  /** Its inputs as columns. */
  readonly signature: ModelSignature
}

/** Writes a fitted model as an ONNX file. @throws InvalidArgument for a model that is not fitted here; Unsupported for one that ONNX cannot express */
export type OnnxExporter = (model: PackableModel, options: OnnxExportOptions, signal: AbortSignal | undefined) => Promise<OnnxExport>

/** The name of the file. */
export const ONNX_FILE = 'model.onnx'
