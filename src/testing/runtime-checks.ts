/** The checks of the guarantees of model runtimes. */
import type { LoadedModel, ModelPackage, ModelRuntime, ModelTensor, PredictionBatch } from '../ports/model'
import { type CellValue, renameColumn, sliceColumn } from '../schema/column'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import { type Table, tableOf } from '../schema/table'
import { type Check, type CheckContext, suiteOf } from './check'
import { expectCode, expectEqual, expectReason, expectThat } from './expect'

/** A runtime, a model that it can open, and a table of input for the model. */
export interface RuntimeSubject {
  readonly runtime: ModelRuntime
  readonly model: ModelPackage
  /** At least two rows, with at least two different predictions; with missing values where the model allows them. */
  readonly input: Table
  /** The expected predictions, if known. */
  readonly expected?: PredictionBatch['predictions'] | undefined
  /** Inputs for `predictTensors`, of runtimes whose models have it. */
  readonly tensors?: Readonly<Record<string, ModelTensor>> | undefined
  /** Largest difference of probabilities and numbers between a row alone and in a batch. @default 1e-6 */
  readonly tolerance?: number | undefined
}

type Context = CheckContext<RuntimeSubject>

/**
 * The checks of the model runtime port. They check the guarantees that {@link ModelRuntime} and {@link LoadedModel} document.
 *
 * @example
 * bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: functionRuntime({ functions }), model: packed, input: table }) }, { describe, it })
 */
export function modelRuntimeChecks(): readonly Check<RuntimeSubject>[] {
  return suiteOf('modelRuntimeChecks', [...facts(), ...answers(), ...refusals(), ...tensors(), ...lifetime()])
}

/** A check that works with the loaded model of the subject. The model is disposed afterwards. */
function check(name: string, run: (model: LoadedModel, subject: RuntimeSubject) => Promise<void>): Check<RuntimeSubject> {
  return {
    name,
    requires: [],
    async run({ subject }: Context) {
      const model = await subject.runtime.load(subject.model)
      try {
        await run(model, subject)
      } finally {
        await model.dispose()
      }
    },
  }
}

function facts(): Check<RuntimeSubject>[] {
  return [
    check('the runtime names itself and knows the flavor of its model', async (_, { runtime, model }) => {
      expectEqual(runtime.portVersion, 1, 'portVersion')
      expectThat(typeof runtime.name === 'string' && runtime.name !== '', 'name is not empty')
      expectThat(runtime.flavors.includes(model.flavor), `flavors include ${model.flavor}`)
      for (const key of ['batches', 'blocking'] as const) expectEqual(typeof runtime.capabilities[key], 'boolean', `capabilities.${key}`)
    }),
    check('the loaded model has the signature, task and classes of its package', async (loaded, { model }) => {
      expectEqual(loaded.signature, model.signature, 'signature')
      expectEqual(loaded.task, model.task, 'task')
      if (model.classes !== undefined) expectEqual(loaded.classes, model.classes, 'classes')
    }),
    check('the signature names the columns of the input', async (loaded, { input }) => {
      for (const name of columnNames(loaded)) expectThat(input.columnNames.includes(name), `the input has the column ${name}`)
    }),
  ]
}

function answers(): Check<RuntimeSubject>[] {
  return [
    check('every row has an answer, in order', async (loaded, { input, expected }) => {
      const { predictions, probabilities, classes = loaded.classes, outputs } = await loaded.run(input)
      expectEqual(predictions.length, input.numRows, 'number of predictions')
      if (probabilities !== undefined) expectEqual(probabilities.length, input.numRows * (classes ?? []).length, 'number of probabilities')
      for (const [name, values] of Object.entries(outputs ?? {})) expectEqual(values.length, input.numRows, `length of the output ${name}`)
      if (expected !== undefined) expectEqual(predictions, expected, 'predictions')
    }),
    check('predicted labels are among the classes', async (loaded, { input }) => {
      const { predictions, classes = loaded.classes } = await loaded.run(input)
      if (classes === undefined) return
      for (const label of predictions) expectThat(label === null || classes.includes(label), `${label} is one of ${classes.join(', ')}`)
    }),
    check('zero rows give zero answers', async (loaded, { input }) => {
      const batch = await loaded.run(take(input, 0, 0))
      expectEqual(batch.predictions, [], 'predictions')
      expectEqual(batch.probabilities?.length ?? 0, 0, 'number of probabilities')
    }),
    check('a row alone is answered as in a batch', async (loaded, { input, tolerance = 1e-6 }) => {
      const whole = await loaded.run(input)
      const width = (whole.classes ?? loaded.classes ?? []).length
      for (let row = 0; row < Math.min(input.numRows, 20); row++) {
        const alone = await loaded.run(take(input, row, row + 1))
        expectClose(alone.predictions[0], whole.predictions[row], tolerance, `the prediction of row ${row}`)
        for (let k = 0; whole.probabilities !== undefined && k < width; k++) {
          expectClose(alone.probabilities?.[k], whole.probabilities[row * width + k], tolerance, `probability ${k} of row ${row}`)
        }
      }
    }),
    check('cells, where the model takes them, are answered as a table', async (loaded, { input }) => {
      const rows = cellRows(loaded, input)
      if (loaded.runCells === undefined) return
      for (const count of [input.numRows, 1, 0])
        expectEqual(await loaded.runCells(rows.slice(0, count)), await loaded.run(take(input, 0, count)), `answers for ${count} rows`)
      const reason = new Error('stop')
      await expectReason(async () => loaded.runCells?.(rows, { signal: AbortSignal.abort(reason) }), reason, 'runCells')
      await loaded.dispose()
      await expectCode(async () => loaded.runCells?.(rows), 'InvalidState', 'runCells after dispose')
    }),
    check('the order of the columns, and columns the model does not have, change nothing', async (loaded, { input }) => {
      const columns = input.columnNames.map((name) => input.column(name)).reverse()
      const extra = columns.slice(0, 1).map((column) => renameColumn(column, 'a column the model does not have'))
      expectEqual(await loaded.run(tableOf([...extra, ...columns])), await loaded.run(input), 'answers')
    }),
    check('equal input has equal answers, also when asked at the same time', async (loaded, { input }) => {
      const first = await loaded.run(input)
      const others = await Promise.all([loaded.run(input), loaded.run(take(input, 0, 1)), loaded.run(input)])
      expectEqual(others[0], first, 'the second run')
      expectEqual(others[2], first, 'the third run')
    }),
    check('two loads of one package give the same answers', async (loaded, { runtime, model, input }) => {
      const other = await runtime.load(model)
      try {
        expectEqual(await other.run(input), await loaded.run(input), 'answers')
      } finally {
        await other.dispose()
      }
    }),
    check('the input is not changed', async (loaded, { input }) => {
      const before = input.columnNames.map((name) => [...input.column(name).storage])
      await loaded.run(input)
      expectThat(
        input.columnNames.every((name, j) => [...input.column(name).storage].every((value, i) => Object.is(value, before[j]?.[i]))),
        'the columns hold what they held',
      )
    }),
  ]
}

/** The rows of a table as cells in the order of the model's columns. */
function cellRows(loaded: LoadedModel, input: Table): CellValue[][] {
  const columns = columnNames(loaded).map((name) => input.column(name))
  return Array.from({ length: input.numRows }, (_, row) => columns.map((column) => column.at(row)))
}

function refusals(): Check<RuntimeSubject>[] {
  return [
    check('a table that lacks a column is refused before anything runs', async (loaded, { input }) => {
      const names = columnNames(loaded)
      const lacking = tableOf(input.columnNames.filter((name) => name !== names[0]).map((name) => input.column(name)))
      if (names.length > 0) await expectCode(() => loaded.run(lacking), 'SchemaMismatch', `run without ${names[0]}`)
    }),
    {
      name: 'a package whose files are not a model is Corrupt',
      requires: [],
      async run({ subject: { runtime, model } }: Context) {
        const files = Object.fromEntries(Object.keys(model.files).map((name) => [name, Uint8Array.of(1, 2, 3)]))
        await expectCode(() => runtime.load({ ...model, files }), 'Corrupt', 'load of garbage')
        await expectCode(() => runtime.load({ ...model, files: {} }), 'Corrupt', 'load of no files')
      },
    },
  ]
}

function tensors(): Check<RuntimeSubject>[] {
  const ask = async (loaded: LoadedModel, given: RuntimeSubject['tensors'], signal?: AbortSignal): Promise<unknown> =>
    loaded.predictTensors?.(given ?? {}, { signal })
  return [
    check('predictTensors gives equal tensors for equal ones, and does not change them', async (loaded, { tensors: given }) => {
      if (given === undefined) return
      expectThat(loaded.predictTensors !== undefined, 'the model has predictTensors')
      const before = Object.values(given).map(({ data }) => Array.from(data as ArrayLike<unknown>))
      const first = (await ask(loaded, given)) as Readonly<Record<string, ModelTensor>>
      const copy = Object.values(first).map(({ data }) => Array.from(data as ArrayLike<unknown>))
      for (const { shape, data } of Object.values(first))
        expectEqual(
          data.length,
          shape.reduce((product, size) => product * size, 1),
          'number of values of an output',
        )
      expectEqual(await ask(loaded, given), first, 'the second answer')
      expectEqual(
        Object.values(first).map(({ data }) => Array.from(data as ArrayLike<unknown>)),
        copy,
        'the first answer after the second',
      )
      expectEqual(
        Object.values(given).map(({ data }) => Array.from(data as ArrayLike<unknown>)),
        before,
        'the inputs',
      )
    }),
    check('predictTensors refuses what does not fit, obeys abort and dispose', async (loaded, { tensors: given }) => {
      if (given === undefined) return
      const [name = '', ...others] = Object.keys(given)
      const lacking = Object.fromEntries(others.map((other) => [other, given[other] as ModelTensor]))
      await expectCode(() => ask(loaded, lacking), 'SchemaMismatch', `predictTensors without ${name}`)
      await expectCode(() => ask(loaded, { ...given, 'no such input': given[name] as ModelTensor }), 'SchemaMismatch', 'a tensor too many')
      const tensor = given[name] as ModelTensor
      const longer = { ...tensor, shape: [...tensor.shape, 7] }
      await expectCode(() => ask(loaded, { ...given, [name]: longer }), 'SchemaMismatch', 'a tensor of another shape')
      const reason = new Error('stop')
      await expectReason(() => ask(loaded, given, AbortSignal.abort(reason)), reason, 'predictTensors')
      await loaded.dispose()
      await expectCode(() => ask(loaded, given), 'InvalidState', 'predictTensors after dispose')
    }),
  ]
}

function lifetime(): Check<RuntimeSubject>[] {
  return [
    check('an aborted run rejects with the reason of the signal', async (loaded, { input }) => {
      const reason = new Error('stop')
      await expectReason(async () => loaded.run(input, { signal: AbortSignal.abort(reason) }), reason, 'run')
    }),
    check('a disposed model does not run, and may be disposed again', async (loaded, { input }) => {
      await loaded.run(input)
      await loaded.dispose()
      await loaded.dispose()
      await expectCode(() => loaded.run(input), 'InvalidState', 'run after dispose')
    }),
    check('dispose waits for the run under way', async (loaded, { input }) => {
      const work = Promise.resolve(loaded.run(input))
      await loaded.dispose()
      expectEqual((await work).predictions.length, input.numRows, 'number of predictions')
    }),
  ]
}

function columnNames({ signature: { inputs } }: LoadedModel): readonly string[] {
  return isTensorSide(inputs) ? [] : (inputs as readonly ColumnSpec[]).map(({ name }) => name)
}

/** The rows `from` to `to` − 1 of a table. */
function take(table: Table, from: number, to: number): Table {
  return tableOf(table.columnNames.map((name) => sliceColumn(table.column(name), from, to)))
}

function expectClose(actual: unknown, expected: unknown, tolerance: number, what: string): void {
  const close =
    typeof actual === 'number' && typeof expected === 'number' && Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected))
  if (!close) expectEqual(actual, expected, what)
}
