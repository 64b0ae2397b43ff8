/** A loaded model over an engine that takes and gives tensors. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { LoadedModel, ModelPackage, ModelTensor, PredictionBatch } from '../ports/model'
import type { Table } from '../schema/table'
import { rowsOfTensor, toBatch, wholeTensor } from './batch'
import type { ResolvedBinding } from './binding'
import { boundsOf, columnsOf, tensorOf } from './feeds'
import type { GraphValue, ModelGraph } from './graph'
import { assertTensors } from './tensor-check'

type Tensors = Readonly<Record<string, ModelTensor>>

/** What runs a model. */
export interface TensorEngine {
  /** Runs the model once. Does not change the feeds. */
  run(feeds: Tensors, fetches: readonly string[], options: { readonly signal?: AbortSignal | undefined }): Promise<Tensors>
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
  let disposed: Promise<void> | undefined
  const running = new Set<Promise<unknown>>()
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (disposed !== undefined) throw new MillwrightError('InvalidState', `${subject} is disposed`)
    const promise = work()
    running.add(promise)
    try {
      return await promise
    } finally {
      running.delete(promise)
    }
  }
  const runTable = binding === undefined ? undefined : tableRunner(engine, binding)
  return {
    signature: model.signature,
    task: binding?.task ?? model.task,
    classes: binding === undefined ? model.classes : binding.classes,
    bounds: binding === undefined ? undefined : boundsOf(binding.inputs),
    run: (table, options) =>
      guarded(async () => {
        if (runTable === undefined)
          throw new MillwrightError('Unsupported', `${subject} takes tensors, not rows`, { hint: 'run it with `predictTensors`' })
        return runTable(table, options?.signal)
      }),
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
      disposed ??= Promise.allSettled([...running]).then(() => engine.close())
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

/** Runs tables through a model. */
function tableRunner(
  engine: TensorEngine,
  binding: ResolvedBinding,
): (table: Table, signal: AbortSignal | undefined) => Promise<PredictionBatch> {
  const { subject, maker, inputs, prediction, probabilities, scores, others, perCall, fixedRows } = binding
  const read = [prediction, probabilities, scores, ...others].filter((output): output is GraphValue => output !== undefined)
  const fetches = read.map(({ name }) => name)
  /** Outputs whose first dimension may not be the rows. */
  const unproven = new Set(read.flatMap(({ name, rowByRow }) => (rowByRow === true || perCall.includes(name) ? [] : [name])))

  return async (table, signal) => {
    throwIfAborted(signal)
    const columns = columnsOf(table, inputs, subject)
    const parts = new Map(fetches.map((name) => [name, [] as unknown[]]))
    const step = fixedRows ?? table.numRows
    const runOf = (from: number, count: number): Promise<Tensors> => {
      const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input, columns.get(input) ?? [], from, count)]))
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
    return toBatch(parts, binding, table.numRows)
  }
}
