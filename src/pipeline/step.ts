/** A step of a pipeline: its function, the steps it needs, and its options. */
import type { Awaitable } from '../core/awaitable'
import type { Clock } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { ProgressEvent } from '../core/progress'
import type { Run } from '../run'
import type { Codec } from './codec'
import type { StepResult } from './result'

/**
 * When a step runs, by how the steps that it needs have ended:
 * - `all-success`: all have an output (this is the default);
 * - `none-failed`: none failed; skipped ones are allowed;
 * - `one-failed`: at least one failed, or could not run because of a failure;
 * - `all-done`: all have ended, however they ended;
 * - `always`: as `all-done`, and also after the run was cancelled.
 *
 * The last three run even when a failure stops the other steps.
 */
export type TriggerRule = 'all-success' | 'none-failed' | 'one-failed' | 'all-done' | 'always'

/** What the function of a step, its condition and its fallback are given. */
export interface StepArguments<Input, Inputs, Params = object> {
  /** The input of the run. */
  readonly input: Input
  /** Outputs of the needed steps by name. Do not change them: other steps get the same objects. */
  readonly inputs: Inputs
  /** The parameters that the step lists in `params`. */
  readonly params: Params
}

/** The argument of a step's function. */
export interface StepContext<Input, Inputs, Params = object, Secrets extends string = never> extends StepArguments<Input, Inputs, Params> {
  /** The secrets that the step lists in `secrets`. Their values are replaced by `***` in messages, and an output that holds one is refused. */
  readonly secrets: Readonly<Record<Secrets, string>>
  /** How the needed steps ended. */
  readonly upstream: Readonly<Record<string, StepResult>>
  /** Aborted when the run is cancelled, another step failed, or this attempt's time is up. */
  readonly signal: AbortSignal
  /** Counted from 1. */
  readonly attempt: number
  readonly runId: string
  /** A seed of this step's own (of a map step: of this item's own), the same in every attempt and every run with the same seed. */
  readonly seed: number
  readonly clock: Clock
  /** Reports progress; may be passed on as `onProgress` of anything in this library. */
  readonly progress: (event: Omit<ProgressEvent, 'phase'> & { readonly phase?: string | undefined }) => void
  /** Logs a message: a `step-log` event. */
  readonly log: (message: string) => void
  /** The tracker's run of this step, to log metrics and artifacts to; undefined without a tracker, and in another process. */
  readonly run?: Run | undefined
}

/** What the functions of a map step are given besides: the item and its position. */
export interface MapItem<Item> {
  readonly item: Item
  /** From 0. */
  readonly index: number
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
export interface StepCacheOptions<Input, Inputs, Params = object, Extra = object> {
  /** Version of the step's code. Change it when a helper changes that the function's own text does not show. @default a hash of that text */
  readonly version?: string | undefined
  /** Anything else the result depends on: an environment, a date, the state of a table. Plain JSON. */
  readonly key?: ((context: StepArguments<Input, Inputs, Params> & Extra) => unknown) | undefined
}

/** The argument of a fallback. */
export interface FallbackContext<Input, Inputs, Params = object> extends StepArguments<Input, Inputs, Params> {
  readonly error: unknown
}

/** The argument of a compensation. */
export interface CompensationContext<Input, Inputs, Output, Params = object, Secrets extends string = never>
  extends StepArguments<Input, Inputs, Params> {
  /** What the step gave. */
  readonly output: Output
  /** Why the run did not succeed. */
  readonly error: unknown
  readonly secrets: Readonly<Record<Secrets, string>>
  readonly runId: string
  readonly signal: AbortSignal
  readonly log: (message: string) => void
}

/** Options of a step. `Extra` is what the functions of a map step are given besides. */
export interface StepOptions<Input, Inputs, Output, Params = object, Secrets extends string = never, Extra = object> {
  /** One sentence, shown in graphs. */
  readonly description?: string | undefined
  /** Retry after an error; a number is short for `{ attempts }`. @default one attempt */
  readonly retry?: number | RetryOptions | undefined
  /**
   * Use the stored output when code, inputs, parameters, input and seed are the same as before. Needs a storage; without one nothing is
   * cached. @default false
   */
  readonly cache?: boolean | StepCacheOptions<Input, Inputs, Params, Extra> | undefined
  /** How the output (of a map step: of one item) is stored. @default JSON that also keeps typed arrays and dates */
  readonly codec?: Codec<Output> | undefined
  /**
   * The output to use when every attempt failed: that of the last success (in the storage; without one, in this process), or
   * the result of a function.
   */
  readonly fallback?: 'previous' | ((context: FallbackContext<Input, Inputs, Params> & Extra) => Awaitable<Output>) | undefined
  /** Longest time of one attempt. A step that ignores its signal goes on running, but its result is ignored. @default no limit */
  readonly timeoutMs?: number | undefined
  /** When this returns false, the step and all steps that need it are skipped. A map step is asked once, not for each item. */
  readonly when?: ((context: StepArguments<Input, Inputs, Params>) => Awaitable<boolean>) | undefined
  /**
   * Undoes what the step did, when the run fails or is cancelled afterwards. Called for the steps that succeeded in this run, the last one
   * first. A compensated step runs again when the run is resumed.
   */
  readonly compensate?: ((context: CompensationContext<Input, Inputs, Output, Params, Secrets> & Extra) => Awaitable<void>) | undefined
}

type Untyped = Readonly<Record<string, unknown>>
/** The untyped arguments of a step; of map steps with an item. */
export type LooseArguments = StepArguments<unknown, Untyped, Untyped> & Partial<MapItem<unknown>>
/** The untyped context of a step. */
export type LooseContext = StepContext<unknown, Untyped, Untyped, string> & Partial<MapItem<unknown>>

/** A step without its types, as it is executed. */
export interface StepSpec extends StepOptions<unknown, Untyped, unknown, Untyped, string, Partial<MapItem<unknown>>> {
  readonly name: string
  /** Steps that must have ended before it starts, the one that gives a map step its list first. */
  readonly needs: readonly string[]
  /** Those of `needs` whose outputs its functions are given. */
  readonly gets: readonly string[]
  /** Of a map step: the step that gives the list. */
  readonly over?: string | undefined
  /** Of a map step: most items that run at the same time. */
  readonly concurrency?: number | undefined
  /** Names of the parameters that it reads. */
  readonly params: readonly string[]
  /** Names of the secrets that it reads. */
  readonly secrets: readonly string[]
  readonly trigger: TriggerRule
  readonly run: (context: LooseContext) => unknown
  /** The text of the code that `run` stands for. */
  readonly code: string
  /** Whether the input of the run is part of its work. */
  readonly readsInput: boolean
  /** Whether it came with a sub-pipeline, whose last step has the output of the whole. */
  readonly inner?: boolean | undefined
  /** Needed step → the part of its output that counts as an input. @default all of it */
  readonly views?: Readonly<Record<string, (output: unknown) => unknown>> | undefined
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

/** The retry options of a step with their defaults. */
export function retryOf({ retry }: Pick<StepSpec, 'retry'>): Required<{ [K in keyof RetryOptions]: NonNullable<RetryOptions[K]> }> {
  const given: RetryOptions = typeof retry === 'object' ? retry : { attempts: retry ?? 1 }
  const { attempts = 3, backoffMs = 1000, factor = 2, maxMs = 30_000, jitter = 1, retryOn = isWorthRetrying } = given
  return { attempts, backoffMs, factor, maxMs, jitter, retryOn }
}
