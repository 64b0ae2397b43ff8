/** Checkpoints: suites that are run on new data, and what is done with the outcome. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay, textTable } from '../core/display'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf, requireOptions } from '../core/options'
import { throwIfAborted } from '../core/signal'
import { isTable, type Table } from '../schema/table'
import type { ExpectationSuite, Severity } from './expectation'
import { resultFormats } from './judge'
import type { ResultFormat, ValidationResult } from './result'
import { maxSeverityOfFailures } from './result-json'
import { checkSuite, validate } from './validate'
import { jsonSchemaFor, type ValidateBatchesOptions, validateBatches } from './validate-batches'

/** What a checkpoint found on one run. Plain JSON but for its display. */
export interface CheckpointResult {
  readonly checkpoint: string
  /** Its time, so that ids sort, and eight random digits, so that no two runs share one: `20240131T120000.000Z-5f3a9c01`. */
  readonly runId: string
  /** Epoch milliseconds. */
  readonly runTime: number
  /** Whether every suite was met. */
  readonly success: boolean
  /** The gravest severity among the expectations that were not met. */
  readonly maxSeverity?: Severity | undefined
  /** One result a suite, in their order. */
  readonly results: readonly ValidationResult[]
  /** What the actions did, in their order. */
  readonly actions: readonly ActionOutcome[]
}

/** What one action did. */
export interface ActionOutcome {
  readonly name: string
  readonly status: 'done' | 'skipped' | 'failed'
  /** Where it wrote, for example; or why it failed. */
  readonly note?: string | undefined
}

/**
 * When an action runs: on every outcome; only when a suite was not met, or all were; or when the gravest failure is at least of a severity.
 * (`notify_on` of Great Expectations means just that severity.)
 */
export type ActionCondition = 'always' | 'failure' | 'success' | Severity

/** What is done with the outcome of a checkpoint. */
export interface CheckpointAction {
  /** For messages and for {@link ActionOutcome}. */
  readonly name: string
  /** @default 'always' */
  readonly when?: ActionCondition | undefined
  /** Returns a note for the outcome, or nothing. What it throws is recorded, and thrown by `run` once all actions have run. */
  run(result: CheckpointResult, context: { readonly signal?: AbortSignal | undefined }): Promise<string | undefined> | string | undefined
}

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  readonly name: string
  /** One suite, or several that are run on the same data. */
  readonly suites: ExpectationSuite | readonly ExpectationSuite[]
  /** Run one after the other, in this order. @default [] */
  readonly actions?: readonly CheckpointAction[] | undefined
  /** @default 'SUMMARY' */
  readonly resultFormat?: ResultFormat | undefined
  /** Columns whose values name failing rows. */
  readonly unexpectedIndexColumns?: readonly string[] | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
}

/** Options of {@link Checkpoint.run}. */
export type CheckpointRunOptions = Pick<
  ValidateBatchesOptions,
  'parameters' | 'tables' | 'jsonSchema' | 'runName' | 'signal' | 'onProgress' | 'maxKeptValues'
>

/** A checkpoint. */
export interface Checkpoint {
  readonly name: string
  readonly suites: readonly ExpectationSuite[]
  /**
   * Judges a dataset, or the batches of a stream, and runs the actions.
   *
   * @param data batches are read once, so several suites need a dataset
   * @throws what `failAction` throws; Internal when an action failed, after all others have run; the reason of an abort
   */
  run(data: Table | AsyncIterable<Table> | Iterable<Table>, options?: CheckpointRunOptions): Promise<CheckpointResult>
}

/**
 * A checkpoint: suites with what is done about their outcome, as in Great Expectations.
 *
 * @example
 * const daily = checkpoint({ name: 'daily', suites: suite, actions: [storeResultAction({ storage }), notifyAction(sink, { when: 'warning' }), failAction()] })
 * await daily.run(orders)
 * @throws InvalidArgument on unknown options, no name, or what is no suite
 */
export function checkpoint(options: CheckpointOptions): Checkpoint {
  requireOptions('checkpoint', options, ['name', 'suites'])
  checkOptions('checkpoint', options, {
    name: nonEmptyString(),
    suites: ofType('object'),
    actions: arrayOf({ allowed: 'an action with `name` and `run`', test: isAction }),
    resultFormat: oneOf(...resultFormats),
    unexpectedIndexColumns: arrayOf(nonEmptyString()),
    clock: ofType('object'),
  })
  const { name } = options
  if (!/^[\w.-]+$/.test(name)) throw invalidArgument(`the name of a checkpoint may hold letters, digits, ., _ and -, got ${show(name)}`)
  const suites = Array.isArray(options.suites) ? (options.suites as readonly ExpectationSuite[]) : [options.suites as ExpectationSuite]
  if (suites.length === 0) throw invalidArgument(`checkpoint ${show(name)} needs a suite`)
  for (const suite of suites) checkSuite('checkpoint', suite)
  const clock = options.clock ?? systemClock()
  const value: Checkpoint = {
    name,
    suites: [...suites],
    run: async (data, runOptions = {}) => {
      checkRunOptions(runOptions)
      const runTime = clock.now()
      const runId = runIdAt(runTime)
      const results = await judge(data, suites, { ...options, ...runOptions, clock, runName: runOptions.runName ?? runId })
      return act({ checkpoint: name, runId, runTime, results }, options.actions ?? [], runOptions.signal)
    },
  }
  return attachDisplay(value, { text: () => `Checkpoint ${name}: ${suites.map((suite) => suite.name).join(', ')}` })
}

function isAction(value: unknown): boolean {
  const { name, run } = (value ?? {}) as Partial<CheckpointAction>
  return typeof name === 'string' && typeof run === 'function'
}

function checkRunOptions(options: CheckpointRunOptions): void {
  const any = { allowed: 'a value', test: () => true }
  const [parameters, tables, jsonSchema, signal, onProgress, maxKeptValues] = [any, any, any, any, any, any]
  checkOptions('run of a checkpoint', options, {
    parameters,
    tables,
    jsonSchema,
    runName: ofType('string'),
    signal,
    onProgress,
    maxKeptValues,
  })
}

/** Processes that share a store may run in the same millisecond, so the time is not enough. */
function runIdAt(time: number): string {
  return `${new Date(time).toISOString().replace(/[-:]/g, '')}-${newId().slice(0, 8)}`
}

type JudgeOptions = CheckpointOptions & CheckpointRunOptions

async function judge(
  data: Table | AsyncIterable<Table> | Iterable<Table>,
  suites: readonly ExpectationSuite[],
  options: JudgeOptions,
): Promise<ValidationResult[]> {
  const { name, suites: _, actions: __, signal, onProgress, maxKeptValues, ...given } = options
  throwIfAborted(signal)
  const results: ValidationResult[] = []
  if (!isTable(data) && suites.length > 1) {
    throw invalidArgument(`checkpoint ${show(name)} has ${suites.length} suites, and batches can be read only once: give it a Dataset`)
  }
  for (const suite of suites) {
    if (isTable(data)) results.push(validate(data, suite, { ...given, jsonSchema: given.jsonSchema ?? (await jsonSchemaFor(suite)) }))
    else results.push(await validateBatches(data, suite, { ...given, signal, onProgress, maxKeptValues }))
  }
  return results.map((result) => named(result, name))
}

/** Great Expectations keeps the checkpoint's name in `meta`. The display stays: it is no member that a copy would lose. */
function named(result: ValidationResult, name: string): ValidationResult {
  Object.assign(result.meta, { checkpoint_name: name })
  return result
}

type Found = Pick<CheckpointResult, 'checkpoint' | 'runId' | 'runTime' | 'results'>

async function act(found: Found, actions: readonly CheckpointAction[], signal: AbortSignal | undefined): Promise<CheckpointResult> {
  const outcomes: ActionOutcome[] = []
  const result = displayed({ ...found, ...outcomeOf(found.results), actions: outcomes })
  let refusal: unknown
  const failures: unknown[] = []
  for (const action of actions) {
    throwIfAborted(signal)
    if (!applies(action.when ?? 'always', result)) {
      outcomes.push({ name: action.name, status: 'skipped' })
      continue
    }
    try {
      const note = await action.run(result, { signal })
      outcomes.push({ name: action.name, status: 'done', ...(typeof note === 'string' ? { note } : {}) })
    } catch (error) {
      outcomes.push({ name: action.name, status: 'failed', note: error instanceof Error ? error.message : String(error) })
      if (isRefusal(error)) refusal ??= error
      else failures.push(error)
    }
  }
  // What the data deserve weighs more than what happened to an action.
  if (refusal !== undefined) throw refusal
  if (failures.length > 0) throw actionsFailed(result, failures)
  return result
}

function outcomeOf(results: readonly ValidationResult[]): Pick<CheckpointResult, 'success' | 'maxSeverity'> {
  const order: readonly (Severity | undefined)[] = [undefined, 'info', 'warning', 'critical']
  const gravest = Math.max(...results.map((result) => order.indexOf(maxSeverityOfFailures(result))))
  const maxSeverity = order[gravest]
  return { success: results.every(({ success }) => success), ...(maxSeverity === undefined ? {} : { maxSeverity }) }
}

function applies(when: ActionCondition, { success, maxSeverity }: CheckpointResult): boolean {
  if (when === 'always') return true
  if (when === 'success' || when === 'failure') return success === (when === 'success')
  const order: readonly Severity[] = ['info', 'warning', 'critical']
  return maxSeverity !== undefined && order.indexOf(maxSeverity) >= order.indexOf(when)
}

function isRefusal(error: unknown): boolean {
  return isMillwrightError(error) && (error.details as { readonly refusedBy?: unknown } | undefined)?.refusedBy === 'checkpoint'
}

function actionsFailed(result: CheckpointResult, failures: readonly unknown[]): MillwrightError {
  const failed = result.actions.filter(({ status }) => status === 'failed')
  const told = failed.map(({ name, note }) => `${name}: ${note}`).join('; ')
  return new MillwrightError(
    'Internal',
    `checkpoint ${show(result.checkpoint)}, run ${result.runId}: ${failed.length} of its actions failed: ${told}`,
    {
      cause: failures[0],
      details: { checkpoint: result.checkpoint, runId: result.runId, success: result.success },
    },
  )
}

function displayed(result: CheckpointResult): CheckpointResult {
  const head = () => `${result.success ? '✓' : '✗'} checkpoint '${result.checkpoint}', run ${result.runId}`
  return attachDisplay(result, {
    text: () => {
      const suites = result.results.map((item) => String(item))
      const actions = result.actions.map(({ name, status, note }) => [name, status, note ?? ''])
      return [head(), ...suites, ...(actions.length > 0 ? [textTable(['action', 'status', ''], actions)] : [])].join('\n')
    },
  })
}
