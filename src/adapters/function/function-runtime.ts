/** A plain function as a model: rules, a call to another service, a model that no engine knows. */

import type { Awaitable } from '../../core/awaitable'
import { utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, SchemaMismatchError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { checkOptions, nonEmptyString, ofType, oneOf } from '../../core/options'
import { abortSignalOf, type CancelSignal, throwIfAborted } from '../../core/signal'
import type { LoadedModel, ModelPackage, ModelRuntime, ModelTask, PackableModel, PredictionBatch } from '../../ports/model'
import type { CellValue } from '../../schema/column'
import { assertSignature, type ColumnSpec, isTensorSide, type ModelSignature } from '../../schema/signature'
import { rowAt, type Table } from '../../schema/table'

/** What the function gives for a row: the label or number alone, or together with more. */
export type FunctionAnswer =
  | string
  | number
  | boolean
  | null
  | {
      readonly prediction: string | number | boolean | null
      /** In the order of the model's classes, or by label. */
      readonly probabilities?: readonly number[] | Readonly<Record<string, number>> | undefined
      /** Further outputs by name. */
      readonly outputs?: Readonly<Record<string, unknown>> | undefined
    }

/** A row as the function gets it: `null` where missing. A new object each time. */
export type FunctionRow = Record<string, CellValue>

/** Answers one row. */
export type RowFunction = (row: FunctionRow, options: { readonly signal?: AbortSignal | undefined }) => Awaitable<FunctionAnswer>

/** Options of {@link functionModel}. */
export interface FunctionModelOptions {
  /** What the function takes and gives; only the input columns reach it. */
  readonly signature: ModelSignature
  /** Under which name a runtime finds the function again when the model was stored. @default the function's own name */
  readonly name?: string | undefined
  /** @default 'classification' with `classes`, else 'regression' */
  readonly task?: ModelTask | undefined
  /** Of classifiers that give probabilities: the labels in their order. */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  readonly target?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A function with a signature: can be run at once, and packed for a registry. */
export interface FunctionModel extends LoadedModel, PackableModel {
  pack(): ModelPackage
}

const descriptionFile = 'function.json'

/**
 * Makes a model of a function.
 *
 * A function cannot be stored: the package holds its name, and the {@link functionRuntime} that opens it must know a function
 * of that name. The function must not depend on anything but its row if equal rows are to give equal answers.
 *
 * @example
 * const model = functionModel(({ celsius }) => Number(celsius) > 30, {
 *   name: 'hot', task: 'classification',
 *   signature: { inputs: [{ name: 'celsius', type: 'float64' }], outputs: [{ name: 'hot', type: 'boolean' }] },
 * })
 * @throws InvalidArgument for a function without a name, a signature of tensors, bad options
 */
export function functionModel(predict: RowFunction, options: FunctionModelOptions): FunctionModel {
  if (typeof predict !== 'function') throw invalidArgument(`functionModel needs a function, got ${show(predict)}`)
  checkOptions('functionModel', options, {
    signature: ofType('object'),
    name: nonEmptyString(),
    task: oneOf('classification', 'regression', 'other'),
    classes: ofType('object'),
    target: ofType('string'),
    metadata: ofType('object'),
  })
  const { signature, classes, target, metadata } = options
  const name = options.name ?? predict.name
  if (name === '') throw invalidArgument('functionModel needs a `name` for a function that has none')
  assertSignature(signature)
  if (isTensorSide(signature.inputs))
    throw invalidArgument(`functionModel ${show(name)} takes rows: \`inputs\` must be columns, not tensors`)
  const task = options.task ?? (classes === undefined ? 'regression' : 'classification')
  return {
    ...openFunction(predict, { signature, task, classes }),
    pack: () => ({
      flavor: 'function',
      signature,
      files: { [descriptionFile]: utf8(JSON.stringify({ name })) },
      task,
      classes,
      target,
      metadata: { function: name, ...metadata },
    }),
  }
}

/** Options of {@link functionRuntime}. */
export interface FunctionRuntimeOptions {
  /** The functions by the names that stored models have. */
  readonly functions?: Readonly<Record<string, RowFunction>> | undefined
}

/** Runs packages of flavor `function` with the functions given. */
export function functionRuntime(options: FunctionRuntimeOptions = {}): ModelRuntime {
  checkOptions('functionRuntime', options, { functions: ofType('object') })
  const functions = new Map(Object.entries(options.functions ?? {}))
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'function',
    capabilities: { batches: false, blocking: false },
    flavors: ['function'],
    load(model) {
      const name = functionName(model)
      const predict = functions.get(name)
      if (predict === undefined) {
        throw new MillwrightError(
          'NotFound',
          `functionRuntime has no function ${show(name)}; it has ${[...functions.keys()].join(', ') || 'none'}`,
          {
            hint: `functionRuntime({ functions: { ${name} } })`,
          },
        )
      }
      return openFunction(predict, model)
    },
  })
}

function functionName({ files }: ModelPackage): string {
  const bytes = Object.hasOwn(files, descriptionFile) ? files[descriptionFile] : undefined
  if (bytes === undefined) throw new MillwrightError('Corrupt', `a model of flavor function must hold ${descriptionFile}`)
  const { name } = (parseJson(new TextDecoder().decode(bytes), descriptionFile) ?? {}) as { name?: unknown }
  if (typeof name !== 'string') throw damaged(descriptionFile, ['name'], 'the name of a function', name)
  return name
}

function openFunction(predict: RowFunction, model: Pick<LoadedModel, 'signature' | 'task' | 'classes'>): LoadedModel {
  const { signature, task, classes } = model
  const names = (signature.inputs as readonly ColumnSpec[]).map(({ name }) => name)
  const rowOf = rowMaker(names)
  let disposed = false
  const answer = async (
    numRows: number,
    row: (index: number) => FunctionRow,
    signal: CancelSignal | undefined,
  ): Promise<PredictionBatch> => {
    if (disposed) throw new MillwrightError('InvalidState', 'the function model is disposed')
    const options = new RowOptions(signal)
    const answers: FunctionAnswer[] = []
    throwIfAborted(signal)
    for (let i = 0; i < numRows; i++) {
      answers.push(await predict(row(i), options))
      throwIfAborted(signal)
    }
    return batchOf(answers, classes)
  }
  return {
    signature,
    task,
    classes,
    async run(input, { signal } = {}) {
      const rows = pick(input, names)
      return answer(rows.numRows, (i) => rowAt(rows, i), signal)
    },
    runCells: (rows, { signal } = {}) => answer(rows.length, (i) => rowOf(rows[i] as readonly CellValue[]), signal),
    async dispose() {
      disposed = true
    },
  }
}

/** What the function gets beside its row. Its `AbortSignal` is made when the function asks for it, which few do. */
class RowOptions {
  readonly #signal: CancelSignal | undefined
  #made: AbortSignal | undefined

  constructor(signal: CancelSignal | undefined) {
    this.#signal = signal
  }

  get signal(): AbortSignal | undefined {
    if (this.#signal !== undefined) this.#made ??= abortSignalOf(this.#signal)
    return this.#made
  }
}

/** Makes rows as objects. */
function rowMaker(names: readonly string[]): (cells: readonly CellValue[]) => FunctionRow {
  // An assignment to `__proto__` would set no member.
  if (names.includes('__proto__')) return (cells) => Object.fromEntries(names.map((name, j) => [name, cells[j] ?? null]))
  return (cells) => {
    const row: FunctionRow = {}
    for (let j = 0; j < names.length; j++) row[names[j] as string] = cells[j] ?? null
    return row
  }
}

/** The named columns of a table. @throws SchemaMismatch for those that it lacks */
function pick(table: Table, names: readonly string[]): Table {
  const known = new Set(table.columnNames)
  const absent = names.filter((name) => !known.has(name))
  if (absent.length > 0) {
    const issues = absent.map((name) => ({ path: [name], code: 'missing', message: `column ${show(name)} is not there` }))
    throw new SchemaMismatchError(`the input of the function model lacks ${absent.map(show).join(', ')}`, issues)
  }
  return { numRows: table.numRows, columnNames: names, column: (name) => table.column(name) }
}

function batchOf(answers: readonly FunctionAnswer[], classes: LoadedModel['classes']): PredictionBatch {
  const full = answers.map((answer) => (typeof answer === 'object' && answer !== null ? answer : { prediction: answer }))
  const probabilities = full.some((answer) => answer.probabilities !== undefined)
    ? Float64Array.from(full.flatMap(({ probabilities: given }) => ordered(given, classes)))
    : undefined
  const names = new Set(full.flatMap(({ outputs }) => Object.keys(outputs ?? {})))
  return {
    predictions: full.map(({ prediction }) => prediction ?? null),
    ...(probabilities === undefined ? {} : { probabilities, classes }),
    ...(names.size === 0
      ? {}
      : { outputs: Object.fromEntries([...names].map((name) => [name, full.map(({ outputs }) => outputs?.[name])])) }),
  }
}

/** Probabilities in the order of the classes; `NaN` for a row that gave none. */
function ordered(
  given: readonly number[] | Readonly<Record<string, number>> | undefined,
  classes: LoadedModel['classes'],
): readonly number[] {
  if (classes === undefined) throw invalidArgument('a function that gives probabilities needs `classes`')
  if (given === undefined) return classes.map(() => Number.NaN)
  if (!Array.isArray(given)) return classes.map((label) => (given as Readonly<Record<string, number>>)[String(label)] ?? 0)
  if (given.length !== classes.length)
    throw invalidArgument(`the function gave ${given.length} probabilities for ${classes.length} classes`)
  return given
}
