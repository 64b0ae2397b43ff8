/** MLflow's description of a model, the file `MLmodel`, and the input example beside it (reference: MLflow 3 model format). */
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { toYaml } from '../core/yaml-write'
import type { ModelPackage } from '../ports/model'
import { type ModelSignature, signatureToMlflow } from '../schema/signature'
import type { Row, Table } from '../schema/table'
import { finiteJson } from './finite-json'
import { ONNX_FILE } from './onnx-export'

/** The members of an `MLmodel` file that are not those of the package. */
export interface MlmodelFacts {
  readonly modelId: string
  readonly runId?: string | undefined
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly hasExample: boolean
  /** The inputs and outputs of the ONNX file beside a model of another flavor. */
  readonly onnxSignature?: ModelSignature | undefined
}

/** Most rows of an example that are stored. */
const EXAMPLE_ROWS = 20
/** The MLflow release of this format. */
const MLFLOW_VERSION = '3.0.0'

/**
 * The text of an `MLmodel` file. ONNX packages get MLflow's flavors `onnx` and `python_function`, so that MLflow loads and serves them; so do
 * models with an ONNX file beside them. Other
 * packages get a flavor that only this library loads; MLflow shows and downloads them.
 */
export function mlmodelText(model: ModelPackage, facts: MlmodelFacts): string {
  const signature = signatureToMlflow(facts.onnxSignature ?? model.signature)
  const sizeBytes = Object.values(model.files).reduce((sum, bytes) => sum + bytes.length, 0)
  return toYaml({
    artifact_path: 'model',
    flavors: facts.onnxSignature === undefined ? flavorsOf(model) : { ...flavorsOf(model), ...onnxFlavors(ONNX_FILE) },
    mlflow_version: MLFLOW_VERSION,
    model_id: facts.modelId,
    model_size_bytes: sizeBytes,
    model_uuid: facts.modelId.slice(2),
    ...(facts.runId === undefined ? {} : { run_id: facts.runId }),
    ...(facts.hasExample
      ? {
          saved_input_example_info: {
            artifact_path: 'input_example.json',
            pandas_orient: 'split',
            serving_input_path: 'serving_input_example.json',
            type: 'dataframe',
          },
        }
      : {}),
    signature: { inputs: signature.inputs, outputs: signature.outputs, params: null },
    utc_time_created: `${new Date(facts.createdAt).toISOString().replace('T', ' ').slice(0, -1)}000`,
  })
}

/**
 * The two files of an input example, in pandas' split orientation: at most 20 rows, missing cells `null`, dates in ISO 8601 (UTC, without a zone).
 *
 * @throws InvalidArgument for an example that is neither a table nor an array of rows, or with a cell that is cyclic or nested too deeply
 */
export function exampleFiles(example: Table | readonly Row[]): Record<string, Uint8Array> {
  const split = 'columnNames' in example ? splitOfTable(example) : splitOfRows(example)
  return {
    'input_example.json': utf8(finiteJson(split, 'an example')),
    'serving_input_example.json': utf8(finiteJson({ dataframe_split: split }, 'an example')),
  }
}

function splitOfTable(table: Table): { readonly columns: readonly string[]; readonly data: readonly unknown[] } {
  const columns = table.columnNames.map((name) => table.column(name))
  const data = Array.from({ length: Math.min(table.numRows, EXAMPLE_ROWS) }, (_, row) =>
    columns.map((column) => {
      const cell = column.at(row)
      return column.type === 'timestamp' && typeof cell === 'number' ? dated(new Date(cell)) : dated(cell)
    }),
  )
  return { columns: table.columnNames, data }
}

function splitOfRows(rows: readonly Row[]): { readonly columns: readonly string[]; readonly data: readonly unknown[] } {
  if (!Array.isArray(rows)) throw invalidArgument(`an example must be a table or an array of rows, got ${show(rows)}`)
  const kept = rows.slice(0, EXAMPLE_ROWS)
  const columns = [...new Set(kept.flatMap((row) => Object.keys(row)))]
  return { columns, data: kept.map((row) => columns.map((name) => dated(Object.hasOwn(row, name) ? row[name] : null) ?? null)) }
}

/** A date as text in UTC without a zone. MLflow's `datetime` has no zone, and MLflow 3.0 refuses texts with one. */
function dated(cell: unknown): unknown {
  return cell instanceof Date ? (cell.toJSON()?.slice(0, -1) ?? null) : cell
}

function flavorsOf(model: ModelPackage): Record<string, Json> {
  const files = Object.keys(model.files)
  const data = Object.hasOwn(model.files, 'model.onnx') ? 'model.onnx' : files.filter((name) => name.endsWith('.onnx'))[0]
  if (model.flavor !== 'onnx' || data === undefined) return { [model.flavor]: { data: files.length === 1 ? (files[0] as string) : '.' } }
  return onnxFlavors(data)
}

/** The flavors by which MLflow loads and serves an ONNX file. */
function onnxFlavors(data: string): Record<string, Json> {
  return {
    onnx: { code: null, data, onnx_session_options: null, onnx_version: '1.17.0', providers: ['CPUExecutionProvider'] },
    python_function: { data, loader_module: 'mlflow.onnx' },
  }
}
