/** Executes one step: condition, cache, attempts, fallback. */
import { backoffDelay } from '../core/backoff'
import { type Clock, sleep } from '../core/clock'
import { MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { canonicalJson } from '../core/json'
import type { ProgressEvent } from '../core/progress'
import { createRng } from '../core/random'
import { abortable, throwIfAborted } from '../core/signal'
import type { Executor } from '../ports/executor'
import { valueCodec } from './codec'
import type { PipelineEvents } from './events'
import { isWorthRetrying, type RetryOptions, type StepSpec } from './step'
import { encodeOutput, type StepStore } from './step-store'

/** What all steps of a run share. */
export interface RunEnvironment {
  readonly pipeline: string
  readonly runId: string
  readonly input: unknown
  /** Digest of the input; undefined when it cannot be stored. */
  readonly inputDigest: string | undefined
  readonly seed: number
  readonly clock: Clock
  readonly executor: Executor
  readonly store: StepStore | undefined
  /** Outputs of last successes in this process, for fallbacks without a storage. */
  readonly previous: Map<string, unknown>
  readonly ignoresCache: (step: string) => boolean
  readonly emit: <K extends keyof PipelineEvents & string>(type: K, event: PipelineEvents[K]) => void
  readonly progress: (event: ProgressEvent) => void
}

/** The output of a step, with its digest where it is known. */
export interface StepOutput {
  readonly value: unknown
  readonly digest?: string | undefined
}

/** How a step ended; `output` for those that have one. */
export interface StepOutcome {
  readonly status: 'succeeded' | 'cached' | 'fallback' | 'skipped' | 'failed'
  readonly attempts: number
  readonly output?: StepOutput | undefined
  readonly error?: unknown
  readonly reason?: string | undefined
}

/**
 * Runs one step whose inputs are available. Errors of the step become the outcome `failed`.
 *
 * @throws the signal's reason when cancelled; what the storage throws
 */
export async function runStep(
  environment: RunEnvironment,
  spec: StepSpec,
  needed: Readonly<Record<string, StepOutput>>,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const inputs = Object.fromEntries(Object.entries(needed).map(([name, output]) => [name, output.value]))
  let attempts = 0
  let error: unknown
  try {
    if (spec.when !== undefined && !(await abortable(Promise.resolve(spec.when({ input: environment.input, inputs })), signal))) {
      return { status: 'skipped', attempts: 0, reason: 'its condition does not hold' }
    }
    const { key, reason } = cacheKey(environment, spec, needed, inputs)
    if (key !== undefined && !environment.ignoresCache(spec.name)) {
      const output = await cachedOutput(environment, spec, key)
      if (output !== undefined) return { status: 'cached', attempts: 0, output }
    }
    const value = await attemptAll(environment, spec, inputs, signal, (attempt) => {
      attempts = attempt
    })
    const output = await keep(environment, spec, value, key)
    return { status: 'succeeded', attempts, output, reason }
  } catch (thrown) {
    if (thrown instanceof StorageFailure) throw thrown.cause
    throwIfAborted(signal)
    error = thrown
  }
  return fallBack(environment, spec, inputs, error, attempts, signal)
}

/** Marks a failure of the storage, which ends the run and not only the step. Not thrown outside of this file. */
class StorageFailure {
  constructor(readonly cause: unknown) {}
}

function stored<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new StorageFailure(error)
  })
}

/** The version of a step's code: given by its author, or a hash of the function's text. */
export function versionOf(spec: StepSpec): string {
  const given = typeof spec.cache === 'object' ? spec.cache.version : undefined
  return given ?? sha256Hex(spec.run.toString())
}

/** The key of the cache entry, or the reason why there is none. */
function cacheKey(
  environment: RunEnvironment,
  spec: StepSpec,
  needed: Readonly<Record<string, StepOutput>>,
  inputs: Readonly<Record<string, unknown>>,
): { readonly key?: string; readonly reason?: string } {
  const { cache } = spec
  if (cache === undefined || cache === false) return {}
  if (environment.store === undefined) return { reason: 'not cached: the run has no storage' }
  const unknown = Object.entries(needed).find(([, output]) => output.digest === undefined)
  if (unknown !== undefined) return { reason: `not cached: the output of ${show(unknown[0])} cannot be stored, so it has no digest` }
  if (environment.inputDigest === undefined) return { reason: 'not cached: the input of the run cannot be stored, so it has no digest' }
  const own = typeof cache === 'object' ? cache.key?.({ input: environment.input, inputs }) : undefined
  const parts = {
    pipeline: environment.pipeline,
    step: spec.name,
    version: versionOf(spec),
    seed: environment.seed,
    input: environment.inputDigest,
    // Encoded, so that a Date in a key counts and a Map is refused; plain JSON would lose both.
    key: own === undefined ? null : sha256Hex(valueCodec().encode(own) as Uint8Array),
    needs: Object.fromEntries(Object.entries(needed).map(([name, output]) => [name, output.digest])),
  }
  return { key: sha256Hex(canonicalJson(parts)) }
}

async function cachedOutput(environment: RunEnvironment, spec: StepSpec, key: string): Promise<StepOutput | undefined> {
  const pointer = await stored((environment.store as StepStore).readPointer({ step: spec.name, cacheKey: key }))
  return pointer && restoredOutput(environment.store, spec, pointer.digest)
}

/** The stored output of a digest; undefined when it is gone, damaged, or the codec cannot read it (then the step runs again). */
export async function restoredOutput(store: StepStore | undefined, spec: StepSpec, digest: string): Promise<StepOutput | undefined> {
  try {
    const bytes = await store?.getValue(digest)
    return bytes && { value: await (spec.codec ?? valueCodec()).decode(bytes), digest }
  } catch {
    return undefined
  }
}

/** Stores the output if possible; the output of a cached step must be storable. */
async function keep(environment: RunEnvironment, spec: StepSpec, value: unknown, key: string | undefined): Promise<StepOutput> {
  const { store, pipeline, runId, clock } = environment
  if (spec.fallback === 'previous') environment.previous.set(spec.name, value)
  if (store === undefined) return { value }
  let bytes: Uint8Array
  try {
    bytes = await encodeOutput(pipeline, spec, value)
  } catch (error) {
    if (key !== undefined || spec.codec !== undefined || spec.fallback === 'previous') throw error
    return { value }
  }
  const digest = await stored(store.putValue(bytes))
  const pointer = { digest, runId, storedAt: clock.now() }
  if (key !== undefined) await stored(store.writePointer({ step: spec.name, cacheKey: key }, pointer))
  if (spec.fallback === 'previous') await stored(store.writePointer({ step: spec.name }, pointer))
  return { value, digest }
}

async function attemptAll(
  environment: RunEnvironment,
  spec: StepSpec,
  inputs: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  begun: (attempt: number) => void,
): Promise<unknown> {
  const retry: RetryOptions = typeof spec.retry === 'object' ? spec.retry : { attempts: spec.retry ?? 1 }
  const { attempts = 3, backoffMs = 1000, factor = 2, maxMs = 30_000, jitter = 1, retryOn = isWorthRetrying } = retry
  const rng = createRng(stepSeed(`${environment.runId}/${spec.name}`))
  const { pipeline, runId } = environment
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal)
    begun(attempt)
    environment.emit('step-start', { pipeline, runId, step: spec.name, attempt })
    try {
      return await oneAttempt(environment, spec, inputs, signal, attempt)
    } catch (error) {
      throwIfAborted(signal)
      if (attempt >= attempts || !retryOn(error, attempt)) throw error
      const delayMs = backoffDelay(attempt, { baseMs: backoffMs, factor, maxMs, jitter: [1, 1 - jitter], random: rng.next })
      environment.emit('step-retry', { pipeline, runId, step: spec.name, attempt, error, delayMs })
      await sleep(environment.clock, delayMs, signal)
    }
  }
}

async function oneAttempt(
  environment: RunEnvironment,
  spec: StepSpec,
  inputs: Readonly<Record<string, unknown>>,
  outer: AbortSignal,
  attempt: number,
): Promise<unknown> {
  const { pipeline, runId, input, clock } = environment
  const controller = new AbortController()
  const { signal } = controller
  const onAbort = (): void => controller.abort(outer.reason)
  outer.addEventListener('abort', onAbort, { once: true })
  const { timeoutMs } = spec
  const cancelTimeout =
    timeoutMs === undefined ? undefined : clock.schedule(() => controller.abort(timedOut(pipeline, spec.name, timeoutMs)), timeoutMs)
  const context = {
    input,
    inputs,
    signal,
    attempt,
    runId,
    seed: stepSeed(`${environment.seed}/${spec.name}`),
    clock,
    progress: ({ phase, ...event }: Omit<ProgressEvent, 'phase'> & { readonly phase?: string | undefined }) => {
      if (!signal.aborted) environment.progress({ ...event, phase: phase === undefined ? spec.name : `${spec.name}: ${phase}` })
    },
    log: (message: string) => environment.emit('step-log', { pipeline, runId, step: spec.name, message }),
  }
  const job = { pipeline, runId, step: spec.name, attempt, input, inputs, signal, run: async () => spec.run(context) }
  try {
    // Not `abortable(execute(...))` alone: an executor that throws at once must reject like any other.
    return await abortable((async () => environment.executor.execute(job))(), signal)
  } finally {
    cancelTimeout?.()
    outer.removeEventListener('abort', onAbort)
  }
}

function timedOut(pipeline: string, step: string, timeoutMs: number): MillwrightError {
  return new MillwrightError('Unavailable', `step ${show(step)} of pipeline ${show(pipeline)} took longer than ${timeoutMs} ms`)
}

async function fallBack(
  environment: RunEnvironment,
  spec: StepSpec,
  inputs: Readonly<Record<string, unknown>>,
  error: unknown,
  attempts: number,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const { fallback } = spec
  if (fallback === undefined) return { status: 'failed', attempts, error }
  if (fallback === 'previous') {
    const output = await previousOutput(environment, spec)
    if (output !== undefined) return { status: 'fallback', attempts, error, output }
    return { status: 'failed', attempts, error, reason: 'there is no earlier success to fall back to' }
  }
  try {
    const value = await abortable((async () => fallback({ error, input: environment.input, inputs }))(), signal)
    const bytes = environment.store && (await encodeOutput(environment.pipeline, spec, value).catch(() => undefined))
    return { status: 'fallback', attempts, error, output: { value, digest: bytes && sha256Hex(bytes) } }
  } catch (failure) {
    throwIfAborted(signal)
    return {
      status: 'failed',
      attempts,
      error,
      reason: `its fallback failed too: ${failure instanceof Error ? failure.message : show(failure)}`,
    }
  }
}

async function previousOutput({ store, previous }: RunEnvironment, spec: StepSpec): Promise<StepOutput | undefined> {
  if (store !== undefined) {
    const pointer = await store.readPointer({ step: spec.name })
    return pointer && restoredOutput(store, spec, pointer.digest)
  }
  return previous.has(spec.name) ? { value: previous.get(spec.name) } : undefined
}

/** 52 bits of a hash: distinct streams for distinct texts. */
function stepSeed(text: string): number {
  return Number.parseInt(sha256Hex(text).slice(0, 13), 16)
}
