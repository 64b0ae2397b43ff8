/** A step of a pipeline: its function, the steps it needs, and its options. */
import type { Awaitable } from '../core/awaitable'
import type { Clock } from '../core/clock'
import { invalidArgument, isMillwrightError, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import type { ProgressEvent } from '../core/progress'
import type { Codec } from './codec'

/** The argument of a step's function. */
export interface StepContext<Input, Inputs> {
  /** The input of the run. */
  readonly input: Input
  /** Outputs of the needed steps by name. Do not change them: other steps get the same objects. */
  readonly inputs: Inputs
  /** Aborted when the run is cancelled, another step failed, or this attempt's time is up. */
  readonly signal: AbortSignal
  /** Counted from 1. */
  readonly attempt: number
  readonly runId: string
  /** A seed of this step's own, the same in every attempt and every run with the same seed. */
  readonly seed: number
  readonly clock: Clock
  /** Reports progress; may be passed on as `onProgress` of anything in this library. */
  readonly progress: (event: Omit<ProgressEvent, 'phase'> & { readonly phase?: string | undefined }) => void
  /** Logs a message: a `step-log` event. */
  readonly log: (message: string) => void
}

/** How often and when a step is retried. */
export interface RetryOptions {
  /** Attempts in all, the first included. @default 3 */
  readonly attempts?: number | undefined
  /** Longest wait before the second attempt, in milliseconds. @default 1000 */
  readonly backoffMs?: number | undefined
  /** The factor by which the wait grows with each attempt. @default 2 */
  readonly factor?: number | undefined
  /** Limit of the wait. @default 30000 */
  readonly maxMs?: number | undefined
  /** The random share of the wait (seeded by run and step): 0 is a fixed wait, 1 a random one between 0 and the whole. @default 1 */
  readonly jitter?: number | undefined
  /** Whether an error is worth another attempt. @default {@link isWorthRetrying} */
  readonly retryOn?: ((error: unknown, attempt: number) => boolean) | undefined
}

/** Determines whether two executions of a step are the same work. */
export interface StepCacheOptions<Input, Inputs> {
  /** Version of the step's code. Change it when a helper changes that the function's own text does not show. @default a hash of that text */
  readonly version?: string | undefined
  /** Anything else the result depends on: an environment, a date, the state of a table. Plain JSON. */
  readonly key?: ((context: { readonly input: Input; readonly inputs: Inputs }) => unknown) | undefined
}

/** The argument of a fallback. */
export interface FallbackContext<Input, Inputs> {
  readonly error: unknown
  readonly input: Input
  readonly inputs: Inputs
}

/** Options of a step. */
export interface StepOptions<Input, Inputs, Output> {
  /** One sentence, shown in graphs. */
  readonly description?: string | undefined
  /** Retry after an error; a number is short for `{ attempts }`. @default one attempt */
  readonly retry?: number | RetryOptions | undefined
  /**
   * Use the stored output when code, inputs, input and seed are the same as before. Needs a storage; without one nothing is
   * cached. @default false
   */
  readonly cache?: boolean | StepCacheOptions<Input, Inputs> | undefined
  /** How the output is stored. @default JSON that also keeps typed arrays and dates */
  readonly codec?: Codec<Output> | undefined
  /**
   * The output to use when every attempt failed: that of the last success (in the storage; without one, in this process), or
   * the result of a function.
   */
  readonly fallback?: 'previous' | ((context: FallbackContext<Input, Inputs>) => Awaitable<Output>) | undefined
  /** Longest time of one attempt. A step that ignores its signal goes on running, but its result is ignored. @default no limit */
  readonly timeoutMs?: number | undefined
  /** When this returns false, the step and all steps that need it are skipped. */
  readonly when?: ((context: { readonly input: Input; readonly inputs: Inputs }) => Awaitable<boolean>) | undefined
}

/** A step without its types, as it is executed. */
export interface StepSpec extends StepOptions<unknown, Readonly<Record<string, unknown>>, unknown> {
  readonly name: string
  readonly needs: readonly string[]
  readonly run: (context: StepContext<unknown, Readonly<Record<string, unknown>>>) => unknown
}

/**
 * Whether to retry after an error: after all but aborts and those errors of this library that would occur again
 * (`InvalidArgument`, `SchemaMismatch`, `NotFitted`, `Unsupported`, `MissingDependency`, `PermissionDenied`).
 */
export function isWorthRetrying(error: unknown): boolean {
  if ((error as { name?: unknown } | null)?.name === 'AbortError') return false
  if (!isMillwrightError(error) || error.retryable) return true
  return !['InvalidArgument', 'SchemaMismatch', 'NotFitted', 'Unsupported', 'MissingDependency', 'PermissionDenied'].includes(error.code)
}

/** Checks a step against those defined before it. @throws InvalidArgument */
export function checkStep(pipeline: string, spec: StepSpec, known: ReadonlyMap<string, StepSpec>): void {
  const subject = `step ${show(spec.name)} of pipeline ${show(pipeline)}`
  assertSafeSegment(spec.name, `the name of a step of pipeline ${show(pipeline)}`)
  const { name, ...options } = spec
  if (known.has(name)) throw invalidArgument(`${subject} is defined twice`)
  checkOptions(subject, options, {
    needs: arrayOf(nonEmptyString()),
    run: ofType('function'),
    description: ofType('string'),
    retry: either(wholeNumber(1), ofType('object')),
    cache: either(ofType('boolean'), ofType('object')),
    codec: ofType('object'),
    fallback: either(oneOf('previous'), ofType('function')),
    timeoutMs: finiteNumber(1),
    when: ofType('function'),
  })
  if (typeof spec.run !== 'function') throw invalidArgument(`\`run\` of ${subject} must be a function, got ${show(spec.run)}`)
  checkNeeds(subject, spec, known)
  if (typeof spec.retry === 'object') checkRetry(subject, spec.retry)
  if (typeof spec.cache === 'object') {
    checkOptions(`\`cache\` of ${subject}`, spec.cache, { version: nonEmptyString(), key: ofType('function') })
  }
}

function checkNeeds(subject: string, spec: StepSpec, known: ReadonlyMap<string, StepSpec>): void {
  for (const [index, need] of spec.needs.entries()) {
    if (need === spec.name) throw invalidArgument(`${subject} needs itself, which is a cycle`)
    if (spec.needs.indexOf(need) !== index) throw invalidArgument(`${subject} needs ${show(need)} twice`)
    if (!known.has(need)) {
      const names = [...known.keys()].map((each) => JSON.stringify(each)).join(', ')
      throw invalidArgument(`${subject} needs ${show(need)}, which is not defined before it; defined are ${names || 'none'}`, {
        hint: 'Define steps before those that need them; this also keeps the graph free of cycles.',
      })
    }
  }
}

function checkRetry(subject: string, retry: RetryOptions): void {
  checkOptions(`\`retry\` of ${subject}`, retry, {
    attempts: wholeNumber(1),
    backoffMs: finiteNumber(0),
    factor: finiteNumber(1),
    maxMs: finiteNumber(0),
    jitter: finiteNumber(0, 1),
    retryOn: ofType('function'),
  })
}
