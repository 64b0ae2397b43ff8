/** The options of a predictor: checked once, defaults filled in. */
import { type Clock, systemClock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, type OptionRule, ofType, oneOf, wholeNumber } from '../core/options'
import { isTable, type Row, type Table } from '../schema/table'
import type { InputPolicy } from './input-check'
import type { BatchOptions, CallHooks, OfOptions, PredictOptions, PredictorOptions } from './prediction'
import type { ResultCacheOptions } from './result-cache'

/** Checked options with their defaults. */
export interface Settings {
  readonly batch: Required<{ readonly [K in keyof BatchOptions]: NonNullable<BatchOptions[K]> }> | undefined
  readonly cache: ResultCacheOptions | undefined
  /** The batch sizes to warm a loaded model up with; none by default. */
  readonly warmUp: readonly number[]
  readonly hooks: CallHooks
  readonly limits: { readonly maxRowsPerCall: number; readonly maxConcurrent: number; readonly deadlineMs: number | undefined }
  readonly input: InputPolicy
  readonly clock: Clock
  /** The time for durations, in milliseconds; with the system clock it has a higher resolution than `clock`. */
  readonly now: () => number
  /** Calls a function after a delay that calls wait for. */
  readonly schedule: Clock['schedule']
  /** Calls a function when all requests that have arrived were read: on Node after the connections that are ready, elsewhere at the end of the turn. */
  readonly defer: (callback: () => void) => void
}

/** The longest delay that timers of every runtime accept. */
const longest = 2147483647

/** Checks the options of `Predictor.of`. @throws InvalidArgument */
export function resolveOfOptions(options: OfOptions): {
  readonly name: string
  readonly version: string | undefined
  readonly settings: Settings
} {
  const settings = resolveOptions('Predictor.of', options, { name: nonEmptyString(), version: nonEmptyString() })
  return { name: options.name ?? 'model', version: options.version, settings }
}

/** Checks the registry that `Predictor.load` loads from. @throws InvalidArgument */
export function assertSource(source: unknown, reference: unknown): void {
  const has = (name: string): boolean =>
    typeof source === 'object' && source !== null && typeof (source as Record<string, unknown>)[name] === 'function'
  if (has('then')) throw invalidArgument('Predictor.load got a promise in place of a registry: did you forget `await`?')
  if (!has('openModel')) {
    throw invalidArgument(`Predictor.load needs a registry, got ${show(source)}`, {
      hint: 'a model in memory goes to Predictor.of',
    })
  }
  if (typeof reference !== 'string' || reference === '')
    throw invalidArgument(`Predictor.load needs a reference such as "flights@champion" or "flights@3", got ${show(reference)}`)
}

/** Checks the options of `subject`, which may have the further ones of `own`. @throws InvalidArgument naming the option, what is allowed and what arrived */
export function resolveOptions(subject: string, options: PredictorOptions, own: Readonly<Record<string, OptionRule>> = {}): Settings {
  const object = ofType('object')
  const hook = ofType('function')
  const hooks = { preprocess: hook, postprocess: hook, explain: hook }
  checkOptions(subject, options, { ...own, ...hooks, batch: object, cache: object, limits: object, input: object, clock: object })
  const { batch, cache, limits = {}, input = {}, clock, preprocess, postprocess, explain } = options
  const now = clock === undefined ? () => performance.now() : () => clock.now()
  const part = (name: string, value: unknown, rules: Readonly<Record<string, OptionRule>>): void =>
    checkOptions(`${name} of ${subject}`, value, rules)
  part('`batch`', batch, {
    maxSize: wholeNumber(1),
    maxDelayMs: finiteNumber(0, 60_000),
    adaptive: ofType('boolean'),
    maxQueue: wholeNumber(1),
  })
  part('`cache`', cache, { maxEntries: wholeNumber(1), ttlMs: finiteNumber(0) })
  part('`limits`', limits, { maxRowsPerCall: wholeNumber(1), maxConcurrent: wholeNumber(1), deadlineMs: finiteNumber(0, longest) })
  part('`input`', input, { coerce: ofType('boolean'), unknownColumns: oneOf('misspelt', 'ignore', 'error') })
  return {
    batch: batch && {
      maxSize: batch.maxSize ?? 64,
      maxDelayMs: batch.maxDelayMs ?? 2,
      adaptive: batch.adaptive ?? true,
      maxQueue: batch.maxQueue ?? 10_000,
    },
    cache: cache && { maxEntries: cache.maxEntries ?? 1000, ttlMs: cache.ttlMs, now },
    warmUp: [],
    hooks: { preprocess, postprocess, explain },
    limits: {
      maxRowsPerCall: limits.maxRowsPerCall ?? 100_000,
      maxConcurrent: limits.maxConcurrent ?? (batch === undefined ? 64 : 1),
      deadlineMs: limits.deadlineMs,
    },
    input,
    clock: clock ?? systemClock(),
    now,
    schedule: clock === undefined ? awake : (callback, delayMs) => clock.schedule(callback, delayMs),
    defer: clock === undefined && typeof setImmediate === 'function' ? setImmediate : queueMicrotask,
  }
}

/** A timer that keeps the process alive: calls wait for it. */
function awake(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
}

/** Whether the options of a call need no closer look: the check of options takes longer than the rest of a small call. */
function isPlainCall(options: PredictOptions): boolean {
  if (typeof options !== 'object' || options === null) return false
  for (const key of Object.keys(options)) if (key !== 'signal' && key !== 'deadlineMs') return false
  const { signal, deadlineMs = 0 } = options
  return (
    (signal === undefined || typeof signal.addEventListener === 'function') &&
    typeof deadlineMs === 'number' &&
    deadlineMs >= 0 &&
    deadlineMs <= longest
  )
}

let callRules: Readonly<Record<string, OptionRule>> | undefined

/** Checks the options of a call. @returns the number of its rows @throws InvalidArgument */
export function assertCall(input: readonly Row[] | Table, options: PredictOptions, settings: Settings, subject: string): number {
  if (!Array.isArray(input) && !isTable(input)) {
    throw invalidArgument(`the input of ${subject} must be an array of rows or a table, got ${show(input)}`)
  }
  const numRows = Array.isArray(input) ? input.length : (input as Table).numRows
  const { maxRowsPerCall } = settings.limits
  if (numRows > maxRowsPerCall) {
    throw invalidArgument(`one call of ${subject} takes at most ${maxRowsPerCall} rows, got ${numRows}`, { details: { maxRowsPerCall } })
  }
  if (!isPlainCall(options)) {
    callRules ??= { signal: ofType('object'), deadlineMs: finiteNumber(0, longest), ids: ofType('object'), explain: ofType('boolean') }
    checkOptions('predict', options, callRules)
  }
  const { ids } = options
  if (ids !== undefined && (!Array.isArray(ids) || ids.length !== numRows || !ids.every((id) => typeof id === 'string' && id !== ''))) {
    throw invalidArgument(`\`ids\` of predict must be ${numRows} non-empty strings, one for each row, got ${show(ids)}`)
  }
  return numRows
}
