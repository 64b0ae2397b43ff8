/** A loaded model over an engine that takes and gives tensors. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { type CancelSignal, throwIfAborted } from '../core/signal'
import type { LoadedModel, ModelPackage, ModelTensor, PredictionBatch } from '../ports/model'
import { columnFrom } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'
import { type OutputValues, rowsOfTensor, toBatch, valuesOfRows, valuesOfTensor, wholeTensor } from './batch'
import type { ResolvedBinding } from './binding'
import { type CellRows, cellFeeder } from './cells'
import { boundsOf, columnsOf, tensorOf } from './feeds'
import type { GraphValue, ModelGraph } from './graph'
import { assertTensors } from './tensor-check'

type Tensors = Readonly<Record<string, ModelTensor>>

interface RunOptions {
  readonly signal?: CancelSignal | undefined
}

/** What runs a model. */
export interface TensorEngine {
  /** Runs the model once. Does not change the feeds. */
  run(feeds: Tensors, fetches: readonly string[], options: RunOptions): Promise<Tensors>
  /** Called once, when nothing runs. */
  close(): Promise<void>
}

/** What is known of a model beside its engine. */
export interface TensorModel {
  readonly graph: ModelGraph
  /** `undefined` for a model that rows cannot feed: it has `predictTensors` alone. */
  readonly binding: ResolvedBinding | undefined
  readonly model: ModelPackage
}

/** Opens a model: tables and tensors in, checked; predictions and tensors out; `dispose` waits for what runs. */
export function openTensorModel(engine: TensorEngine, { graph, binding, model }: TensorModel): LoadedModel {
  const { subject } = graph
  const { inputs: side } = model.signature
  let disposed: Promise<void> | undefined
  let running = 0
  let onIdle: (() => void) | undefined
  const leave = (): void => {
    if (--running === 0) onIdle?.()
  }
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (disposed !== undefined) throw new MillwrightError('InvalidState', `${subject} is disposed`)
    running++
    const result = work()
    // It never rejects itself: that is left to the result.
    result.then(leave, leave)
    return result
  }
  const runner =
    binding === undefined ? undefined : createRunner(engine, binding, isTensorSide(side) ? undefined : (side as readonly ColumnSpec[]))
  const runCells = runner?.runCells
  return {
    signature: model.signature,
    task: binding?.task ?? model.task,
    classes: binding === undefined ? model.classes : binding.classes,
    bounds: binding === undefined ? undefined : boundsOf(binding.inputs),
    run: (table, options) =>
      guarded(async () => {
        if (runner === undefined)
          throw new MillwrightError('Unsupported', `${subject} takes tensors, not rows`, { hint: 'run it with `predictTensors`' })
        return runner.run(table, options?.signal)
      }),
    ...(runCells === undefined ? {} : { runCells: (rows, options = {}) => guarded(() => runCells(rows, options)) }),
    predictTensors: (inputs, { outputs, signal } = {}) =>
      guarded(async () => {
        throwIfAborted(signal)
        const fetches = outputNames(graph, outputs)
        assertTensors(graph, inputs)
        const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name] as ModelTensor]))
        return engine.run(feeds, fetches, { signal })
      }),
    dispose() {
      // Closing an engine during a run can crash the process.
      disposed ??= new Promise<void>((resolve) => {
        if (running === 0) resolve()
        else onIdle = resolve
      }).then(() => engine.close())
      return disposed
    },
  }
}

function outputNames({ outputs, subject }: ModelGraph, wanted: readonly string[] | undefined): readonly string[] {
  const known = outputs.filter(({ dtype }) => dtype !== undefined).map(({ name }) => name)
  const unknown = wanted?.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw invalidArgument(`${subject} has no output ${show(unknown)} that is a tensor; it has ${known.map(show).join(', ')}`)
  return wanted ?? known
}

/** Runs rows through a model. */
interface Runner {
  run(table: Table, signal: CancelSignal | undefined): Promise<PredictionBatch>
  /** Absent when rows in the order of the signature cannot fill the inputs. */
  readonly runCells: ((rows: CellRows, options: RunOptions) => Promise<PredictionBatch>) | undefined
}

function createRunner(engine: TensorEngine, binding: ResolvedBinding, columns: readonly ColumnSpec[] | undefined): Runner {
  const { subject, maker, inputs, prediction, probabilities, scores, others, perCall, fixedRows } = binding
  const read = [prediction, probabilities, scores, ...others].filter((output): output is GraphValue => output !== undefined)
  const fetches = read.map(({ name }) => name)
  const places = new Map(fetches.map((name) => [name, { name, subject, maker }] as const))
  /** Outputs whose first dimension may not be the rows. */
  const unproven = new Set(read.flatMap(({ name, rowByRow }) => (rowByRow === true || perCall.includes(name) ? [] : [name])))

  const run = async (table: Table, signal: CancelSignal | undefined): Promise<PredictionBatch> => {
    throwIfAborted(signal)
    const found = columnsOf(table, inputs, subject)
    const parts = new Map(fetches.map((name) => [name, [] as unknown[]]))
    const step = fixedRows ?? table.numRows
    const runOf = (from: number, count: number): Promise<Tensors> => {
      const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input, found.get(input) ?? [], from, count)]))
      return engine.run(feeds, fetches, { signal })
    }
    for (let from = 0; from < table.numRows; from += step) {
      throwIfAborted(signal)
      const results = await runOf(from, step)
      for (const [name, rows] of parts) {
        const tensor = results[name] as ModelTensor
        const values = perCall.includes(name)
          ? new Array(step).fill(wholeTensor(tensor))
          : rowsOfTensor(tensor, step, { name, subject, maker })
        for (let i = 0; i < Math.min(step, table.numRows - from); i++) rows.push(values[i])
      }
    }
    if (unproven.size > 0 && fixedRows === undefined && table.numRows > 1) {
      // The first dimension may equal the number of rows by chance. Running a single row shows whether it depends on the rows.
      const results = await runOf(0, 1)
      for (const name of unproven) rowsOfTensor(results[name] as ModelTensor, 1, { name, subject, maker })
      unproven.clear()
    }
    return toBatch(new Map([...parts].map(([name, rows]) => [name, valuesOfRows(rows)])), binding, table.numRows)
  }

  const feed = columns === undefined || fixedRows !== undefined ? undefined : cellFeeder(inputs, columns)
  if (columns === undefined || feed === undefined) return { run, runCells: undefined }
  const runCells = async (rows: CellRows, options: RunOptions): Promise<PredictionBatch> => {
    const feeds = unproven.size > 0 && rows.length > 1 ? undefined : feed(rows)
    // A table says which cell does not fit, and why.
    if (feeds === undefined || rows.length === 0) return run(tableOfRows(rows, columns), options.signal)
    if (options.signal?.aborted) throw options.signal.reason
    const results = await engine.run(feeds, fetches, options)
    const values = new Map<string, OutputValues>()
    for (const [name, place] of places) {
      const tensor = results[name] as ModelTensor
      const isWhole = perCall.length > 0 && perCall.includes(name)
      values.set(
        name,
        isWhole ? valuesOfRows(new Array(rows.length).fill(wholeTensor(tensor))) : valuesOfTensor(tensor, rows.length, place),
      )
    }
    return toBatch(values, binding, rows.length)
  }
  return { run, runCells }
}

function tableOfRows(rows: CellRows, columns: readonly ColumnSpec[]): Table {
  return tableOf(
    columns.map(({ name, type }, j) =>
      columnFrom(
        name,
        type,
        rows.map((row) => row[j]),
      ),
    ),
  )
}
