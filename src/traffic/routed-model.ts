/** A model whose rows are answered by several others: what an A/B test, a bandit and a canary have in common. */
import type { Clock } from '../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { type OptionRule, ofType, oneOf } from '../core/options'
import { type CancelSignal, throwIfAborted } from '../core/signal'
import type { Explanation, LoadedModel, PredictionBatch } from '../ports/model'
import type { Prediction } from '../predictor/prediction'
import type { Predictor } from '../predictor/predictor'
import { isPredictor, type ServedModel, toPredictor } from '../predictor/to-predictor'
import type { CellValue } from '../schema/column'
import { type ColumnSpec, isTensorSide, type ModelSignature } from '../schema/signature'
import { type Row, rowsOf } from '../schema/table'

/** The output that names the arm which answered the row, of a routed model with several arms. With one, answers are as that arm gives them. */
export const VARIANT_OUTPUT = 'variant'

/** An arm: a model under a name. */
export interface RoutedArm {
  readonly name: string
  readonly predictor: Predictor
  /** Whether the predictor was made here, and is closed here. */
  readonly owned: boolean
}

/** The unit of a row: who or what is assigned to an arm. */
export interface UnitOptions {
  /**
   * The column that names the unit: `user_id`. A row may lack it; of several columns the first that has a value is used. A column that is no input of
   * the models is added to the signature; the models do not get it.
   */
  readonly key?: string | readonly string[] | undefined
  /** The type of a key column that is no input of the models. @default 'string' */
  readonly keyType?: 'string' | 'int32' | 'float64' | undefined
}

/** What the owner of a routed model decides and learns. */
export interface Routing extends UnitOptions {
  /** `createAbTest`, for messages. */
  readonly subject: string
  /** The first answers rows without a unit, and those on which another arm failed. */
  readonly arms: readonly RoutedArm[]
  /** Whether the first arm answers where another failed. */
  readonly fallback: boolean
  /** The further outputs that `decide` gives. */
  readonly outputs?: readonly ColumnSpec[] | undefined
  /** The arm of a row, and further outputs for its answer. `unit` is `undefined` when the row names none. */
  decide(unit: string | undefined, row: Row): { readonly arm: string; readonly outputs?: Readonly<Record<string, unknown>> | undefined }
  /** The rows of an arm were answered. `latencyMs` is the time for all of them. */
  onAnswered(arm: string, rows: readonly RoutedRow[], predictions: readonly Prediction[], latencyMs: number): void
  /** An arm failed on these rows. */
  onFailed(arm: string, rows: readonly RoutedRow[], error: unknown): void
  now(): number
}

/** One row of a call, and its unit. */
export interface RoutedRow {
  readonly unit: string | undefined
  readonly row: Row
}

interface Placed extends RoutedRow {
  readonly index: number
  readonly outputs: Readonly<Record<string, unknown>> | undefined
}

/** Rules of {@link UnitOptions}. */
export function unitRules(): Readonly<Record<'key' | 'keyType', OptionRule>> {
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
  return {
    key: {
      allowed: 'the name of a column, or an array of names',
      test: (value) => isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName)),
    },
    keyType: oneOf('string', 'int32', 'float64'),
  }
}

/** Checks that models are given by name, and makes arms of them. @throws InvalidArgument */
export function armsOf(subject: string, models: unknown, least: number): RoutedArm[] {
  const isRecord = ofType('object').test(models) && !Array.isArray(models) && !isPredictor(models)
  const entries = isRecord ? Object.entries(models as Record<string, unknown>) : []
  const wrong = entries.find(([name]) => !/^[\w][\w .-]{0,63}$/.test(name))
  if (entries.length < least || wrong !== undefined) {
    const got = wrong === undefined ? show(models) : `the name ${show(wrong[0])}`
    throw invalidArgument(`${subject} takes at least ${least} models by name, such as { control: a, treatment: b }, got ${got}`, {
      hint: 'names have letters, digits, spaces, _ . -',
    })
  }
  return entries.map(([name, model]) => armOfModel(subject, name, model))
}

/** An arm of a model or predictor. @throws InvalidArgument for what is neither */
export function armOfModel(subject: string, name: string, model: unknown): RoutedArm {
  return { name, predictor: toPredictor(model as ServedModel, name, `the model ${show(name)} of ${subject}`), owned: !isPredictor(model) }
}

/** The loaded model that shares out its rows. @throws InvalidArgument for arms that do not fit together */
export function routedModel(routing: Routing): LoadedModel {
  const { subject, arms } = routing
  const first = (arms[0] as RoutedArm).predictor
  const keys = typeof routing.key === 'string' ? [routing.key] : (routing.key ?? [])
  const signature = signatureOf(routing, keys)
  const classes = classesOf(subject, arms)
  const columns = new Map(arms.map(({ name, predictor }) => [name, columnsOf(predictor).map((column) => column.name)]))
  const names = (signature.inputs as readonly ColumnSpec[]).map(({ name }) => name)
  const rowOfCells = (cells: readonly CellValue[]): Row => Object.fromEntries<Row[string]>(names.map((name, j) => [name, cells[j]]))
  let disposed = false
  const answer = async (rows: readonly Row[], signal: CancelSignal | undefined): Promise<PredictionBatch> => {
    if (disposed) throw new MillwrightError('InvalidState', `${subject}: the models are closed`)
    throwIfAborted(signal)
    const answers: Prediction[] = new Array(rows.length)
    await Promise.all(
      [...groupRows(rows, keys, routing)].map(async ([name, group]) => {
        const predictions = await answerGroup(routing, name, group, columns, signal)
        for (const [i, prediction] of predictions.entries()) answers[(group[i] as Placed).index] = prediction
      }),
    )
    return batchOf(answers, classes)
  }
  return {
    signature,
    task: first.task,
    example: first.example,
    ...(classes === undefined ? {} : { classes }),
    ...(canExplain(arms)
      ? { explain: (input, predictions, outputs) => explainRows(routing, columns, { rows: rowsOf(input), predictions, outputs }) }
      : {}),
    run: (input, options) => answer(rowsOf(input), options?.signal),
    runCells: (rows, options) => answer(rows.map(rowOfCells), options?.signal),
    version: () => (arms.length === 1 ? first.version : arms.map(({ name, predictor }) => `${name}@${predictor.version}`).join('+')),
    async dispose() {
      disposed = true
      await Promise.all(arms.filter(({ owned }) => owned).map(({ predictor }) => predictor.close()))
    },
  }
}

/** Whether each answer can be explained by the arm that gave it: several arms cannot be told apart where one has the output {@link VARIANT_OUTPUT} itself. */
function canExplain(arms: readonly RoutedArm[]): boolean {
  const hasVariant = ({ predictor }: RoutedArm): boolean =>
    (predictor.signature.outputs as readonly ColumnSpec[]).some(({ name }) => name === VARIANT_OUTPUT)
  return arms.every(({ predictor }) => predictor.explainsAnswers) && (arms.length === 1 || !arms.some(hasVariant))
}

function groupRows(rows: readonly Row[], keys: readonly string[], routing: Routing): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>()
  for (const [index, row] of rows.entries()) {
    const key = keys.find((name) => row[name] !== null && row[name] !== undefined && row[name] !== '')
    const unit = key === undefined ? undefined : String(row[key])
    const { arm, outputs } = routing.decide(unit, row)
    const group = groups.get(arm)
    const placed = { index, unit, row, outputs }
    if (group === undefined) groups.set(arm, [placed])
    else group.push(placed)
  }
  return groups
}

/** Asks an arm; where it fails, the first arm. */
async function answerGroup(
  routing: Routing,
  name: string,
  rows: readonly Placed[],
  columns: ReadonlyMap<string, readonly string[]>,
  signal: CancelSignal | undefined,
): Promise<Prediction[]> {
  const arm = routing.arms.find((each) => each.name === name) as RoutedArm
  const start = routing.now()
  let predictions: Prediction[]
  try {
    const wanted = columns.get(name) as readonly string[]
    const options = signal === undefined ? {} : { signal }
    predictions = await arm.predictor.predict(
      rows.map(({ row }) => pick(row, wanted)),
      options,
    )
  } catch (error) {
    if (signal?.aborted) throw error
    routing.onFailed(name, rows, error)
    const first = routing.arms[0] as RoutedArm
    if (!routing.fallback || first === arm) throw error
    return answerGroup(routing, first.name, rows, columns, signal)
  }
  routing.onAnswered(name, rows, predictions, routing.now() - start)
  const variant = routing.arms.length === 1 ? {} : { [VARIANT_OUTPUT]: name }
  return predictions.map((answer, i) => ({ ...answer, outputs: { ...answer.outputs, ...variant, ...rows[i]?.outputs } }))
}

/** Answers of a call, row by row. */
interface Explained {
  readonly rows: readonly Row[]
  readonly predictions: readonly Prediction['prediction'][]
  readonly outputs: readonly (Readonly<Record<string, unknown>> | undefined)[] | undefined
}

/** Explanations by the arm that gave each answer, which its output {@link VARIANT_OUTPUT} names. @throws InvalidArgument for an answer that names none of several */
async function explainRows(
  { arms, subject }: Routing,
  columns: ReadonlyMap<string, readonly string[]>,
  { rows, predictions, outputs = [] }: Explained,
): Promise<Explanation[]> {
  const explanations: Explanation[] = new Array(rows.length)
  const groups = new Map<RoutedArm, number[]>()
  for (const index of rows.keys()) {
    const variant = outputs[index]?.[VARIANT_OUTPUT]
    const arm = arms.length === 1 ? arms[0] : arms.find(({ name }) => name === variant)
    if (arm === undefined) {
      throw invalidArgument(
        `the output \`${VARIANT_OUTPUT}\` of each answer to explain must name one of the models of ${subject} (${arms.map(({ name }) => name).join(', ')}), got ${show(variant)}`,
      )
    }
    const group = groups.get(arm)
    if (group === undefined) groups.set(arm, [index])
    else group.push(index)
  }
  for (const [{ name, predictor }, indices] of groups) {
    const own = await predictor.explain(
      indices.map((index) => pick(rows[index] as Row, columns.get(name) as readonly string[])),
      indices.map((index) => {
        // A variant that a single arm gave is its own.
        const { [VARIANT_OUTPUT]: _, ...others } = outputs[index] ?? {}
        return { prediction: predictions[index] as Prediction['prediction'], outputs: arms.length === 1 ? outputs[index] : others }
      }),
    )
    for (const [i, index] of indices.entries()) explanations[index] = own[i] as Explanation
  }
  return explanations
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries<Row[string]>(names.map((name) => [name, row[name]]))
}

/** The predictions of several predictors as one batch; probabilities by the labels of all of them. */
function batchOf(answers: readonly Prediction[], classes: LoadedModel['classes']): PredictionBatch {
  const names = new Set(answers.flatMap(({ outputs }) => Object.keys(outputs ?? {})))
  const outputs =
    names.size === 0 ? undefined : Object.fromEntries([...names].map((name) => [name, answers.map((answer) => answer.outputs?.[name])]))
  const predictions = answers.map(({ prediction }) => prediction)
  if (classes === undefined || !answers.some(({ probabilities }) => probabilities !== undefined)) return { predictions, outputs }
  const probabilities = new Float64Array(answers.length * classes.length)
  answers.forEach((answer, row) => {
    classes.forEach((label, k) => {
      probabilities[row * classes.length + k] = answer.probabilities === undefined ? Number.NaN : (answer.probabilities[String(label)] ?? 0)
    })
  })
  return { predictions, probabilities, classes, outputs }
}

/** The input columns of an arm. */
function columnsOf({ signature }: Predictor): readonly ColumnSpec[] {
  return isTensorSide(signature.inputs) ? [] : signature.inputs
}

/** The inputs of all arms and the key columns; the outputs of the first arm and, of several, the name of the arm. */
function signatureOf({ subject, arms, keyType = 'string', outputs: further = [] }: Routing, keys: readonly string[]): ModelSignature {
  const inputs = new Map<string, ColumnSpec>()
  for (const { name, predictor } of arms) {
    if (isTensorSide(predictor.signature.inputs) || isTensorSide(predictor.signature.outputs))
      throw invalidArgument(`${subject} takes models of columns; ${show(name)} takes or gives tensors`)
    for (const column of columnsOf(predictor)) {
      const known = inputs.get(column.name)
      if (known !== undefined && known.type !== column.type) {
        throw invalidArgument(
          `the models of ${subject} must take each column with one type: ${show(column.name)} is ${known.type} in one and ${column.type} in ${show(name)}`,
        )
      }
      const required = known?.required !== false && column.required !== false
      inputs.set(column.name, { ...(known ?? column), ...(known === undefined ? {} : { required }) })
    }
  }
  for (const key of keys) if (!inputs.has(key)) inputs.set(key, { name: key, type: keyType, required: false })
  const outputs = (arms[0] as RoutedArm).predictor.signature.outputs as readonly ColumnSpec[]
  const own: readonly ColumnSpec[] = [...(arms.length === 1 ? [] : [{ name: VARIANT_OUTPUT, type: 'string' } as const]), ...further]
  const names = new Set(own.map(({ name }) => name))
  return { inputs: [...inputs.values()], outputs: [...outputs.filter(({ name }) => !names.has(name)), ...own] }
}

/** The labels of all arms, in the order in which they are found. @throws InvalidArgument where the arms have different tasks */
function classesOf(subject: string, arms: readonly RoutedArm[]): LoadedModel['classes'] {
  const tasks = new Set(arms.map(({ predictor }) => predictor.task))
  if (tasks.size > 1) throw invalidArgument(`the models of ${subject} must have one task, got ${[...tasks].join(' and ')}`)
  const classes = new Map(arms.flatMap(({ predictor }) => (predictor.classes ?? []).map((label) => [String(label), label] as const)))
  return classes.size === 0 ? undefined : [...classes.values()]
}

/** The time for durations, in milliseconds: finer than the system clock where no other clock is given. */
export function stopwatchOf(clock: Clock | undefined): () => number {
  return clock === undefined ? () => performance.now() : () => clock.now()
}

/** A short reason of an error, for events and records. */
export function reasonOf(error: unknown): string {
  if (isMillwrightError(error)) return `${error.code}: ${error.message}`.slice(0, 500)
  return (error instanceof Error ? error.message : show(error)).slice(0, 500)
}
