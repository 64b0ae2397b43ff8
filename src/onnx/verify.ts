/** Runs an exported file beside the model it was made of. */
import { MillwrightError } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { FittedModel } from '../learn/fitted-model'
import type { Label } from '../metrics/label'
import type { OnnxLib } from '../ports/onnx-lib'
import { type Column, makeColumn, toFloat64 } from '../schema/column'
import { type Table, tableOf } from '../schema/table'
import { loadEngine } from './engine'
import { inputType, type OutputNames, type Precision } from './features'

/** What a verification found. */
export interface OnnxVerification {
  /** Rows compared. */
  readonly rows: number
  /** The largest difference of a probability, or the largest relative difference of a number. */
  readonly maxDifference: number
  /** Rows whose label differs because two classes have the same probability within the tolerance. */
  readonly ties: number
}

/** How a file is compared with its model. */
export interface VerifyOptions {
  readonly rows: Table
  readonly names: OutputNames
  readonly inputs: 'columns' | 'vectors' | 'matrix'
  readonly precision: Precision
  readonly lib: OnnxLib | undefined
  readonly tolerance: number
  readonly signal: AbortSignal | undefined
}

/** Compares the answers of file and model. @throws Internal where they differ by more than the tolerance */
export async function verifyExport(fitted: FittedModel, bytes: Uint8Array, options: VerifyOptions): Promise<OnnxVerification> {
  const { rows, names, lib, signal } = options
  const engine = await loadEngine('toOnnx', lib, ', or write without verifying: `verify: false`')
  throwIfAborted(signal)
  const session = await engine.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const results = await session.run(feedsOf(fitted, engine, options) as never)
    const values = (name: string): ArrayLike<unknown> => (results[name] as { readonly data: ArrayLike<unknown> }).data
    const table = options.precision === 'float32' ? roundedTable(rows) : rows
    const scores = scoresOf((names.columns ?? [names.scores]).map((name) => values(name) as ArrayLike<number>))
    return fitted.task === 'classification'
      ? compareClasses(fitted, table, { scores, labels: values(names.label), tolerance: options.tolerance })
      : compareNumbers(Float64Array.from(fitted.predict(table) as number[]), scores, options.tolerance)
  } finally {
    await session.release()
  }
}

/** One list of the scores of all outputs, row after row; one output has them so already. */
function scoresOf(outputs: readonly ArrayLike<number>[]): Float64Array {
  const [first] = outputs as [ArrayLike<number>]
  const k = outputs.length
  return Float64Array.from({ length: first.length * k }, (_, i) => outputs[i % k]?.[Math.floor(i / k)] as number)
}

function feedsOf(fitted: FittedModel, engine: OnnxLib, { rows, inputs, precision }: VerifyOptions): Record<string, object> {
  const Tensor = engine.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  const n = rows.numRows
  const numbers = (values: Float64Array): Float64Array | Float32Array => (precision === 'float64' ? values : Float32Array.from(values))
  if (inputs === 'matrix') {
    const width = fitted.features.length
    const all = new Float64Array(n * width)
    for (const [f, { name }] of fitted.features.entries()) {
      const column = toFloat64(rows.column(name))
      for (let i = 0; i < n; i++) all[i * width + f] = column[i] as number
    }
    return { X: new Tensor(precision, numbers(all), [n, width]) }
  }
  return Object.fromEntries(
    fitted.features.map((spec) => {
      const column = rows.column(spec.name)
      const type = inputType(spec, precision)
      return [spec.name, new Tensor(type === 'str' ? 'string' : type, cellsOf(column, type), inputs === 'vectors' ? [n] : [n, 1])]
    }),
  )
}

function cellsOf(column: Column, type: string): unknown {
  if (type === 'str') return column.toArray().map((cell) => (cell === null ? '' : String(cell)))
  const values = toFloat64(column)
  if (type === 'float64') return values
  return type === 'int32' ? Int32Array.from(values) : type === 'bool' ? Uint8Array.from(values) : Float32Array.from(values)
}

/** The table as a graph of float32 sees it. */
function roundedTable(table: Table): Table {
  return tableOf(
    table.columnNames.map((name) => {
      const column = table.column(name)
      if (column.type !== 'float64') return column
      return makeColumn(name, { type: 'float64', values: Float64Array.from(toFloat64(column), Math.fround) })
    }),
  )
}

interface ClassAnswers {
  readonly scores: Float64Array
  readonly labels: ArrayLike<unknown>
  readonly tolerance: number
}

function compareClasses(fitted: FittedModel, table: Table, { scores, labels, tolerance }: ClassAnswers): OnnxVerification {
  const { classes, values } = fitted.predictProba(table)
  const k = classes.length
  const own = fitted.predict(table)
  let maxDifference = 0
  let ties = 0
  for (let row = 0; row < own.length; row++) {
    const best = Math.max(...values.subarray(row * k, row * k + k))
    for (let c = 0; c < k; c++) {
      const difference = differenceOf(values[row * k + c] as number, scores[row * k + c] as number)
      if (!(difference <= tolerance))
        throw mismatch(row, `the probability of ${String(classes[c])}`, values[row * k + c], scores[row * k + c])
      maxDifference = Math.max(maxDifference, difference)
    }
    const label = sameType(labels[row], own[row])
    if (label === own[row]) continue
    const other = classes.indexOf(label as Label)
    if (!(best - (values[row * k + other] ?? Number.NEGATIVE_INFINITY) <= tolerance)) throw mismatch(row, 'the label', own[row], label)
    ties++
  }
  return { rows: own.length, maxDifference, ties }
}

/** A label of a graph as the model would give it: 64-bit integers as numbers, 0 and 1 as booleans. */
function sameType(label: unknown, own: unknown): unknown {
  return typeof own === 'string' ? label : typeof own === 'boolean' ? Boolean(Number(label)) : Number(label)
}

function compareNumbers(own: Float64Array, other: Float64Array, tolerance: number): OnnxVerification {
  let maxDifference = 0
  for (let row = 0; row < own.length; row++) {
    const difference = differenceOf(own[row] as number, other[row] as number) / Math.max(1, Math.abs(own[row] as number))
    if (!(difference <= tolerance)) throw mismatch(row, 'the prediction', own[row], other[row])
    maxDifference = Math.max(maxDifference, difference)
  }
  return { rows: own.length, maxDifference, ties: 0 }
}

/** 0 for two that are no numbers, and for equal infinities. */
function differenceOf(a: number, b: number): number {
  return Object.is(a, b) || a === b ? 0 : Math.abs(a - b)
}

function mismatch(row: number, what: string, own: unknown, other: unknown): MillwrightError {
  return new MillwrightError(
    'Internal',
    `toOnnx: in sample row ${row} ${what} is ${String(own)} in the model and ${String(other)} in the file`,
    {
      hint: 'please report this with the model: the file was not handed out',
    },
  )
}
