/** Executes one step, or one item of a map step: condition, cache, attempts, fallback. */
import { invalidArgument, show } from '../core/errors'
import { abortable, throwIfAborted } from '../core/signal'
import { type AttemptRange, attemptAll, placeOf, type Work } from './attempt'
import { type CacheParts, cacheKey, cacheParts, explainMiss, shownParams } from './cache-key'
import type { RunEnvironment, StepOutcome, StepOutput } from './run-environment'
import { retryOf, type StepSpec } from './step'
import { decodeOutput, encodeOutput, type StepPlace, type StepStore } from './step-store'

/**
 * Runs one step, or item, whose inputs are available. Errors of the step become the outcome `failed`.
 *
 * @param range the attempts to make here. When they fail and others are left, the error is thrown.
 * @throws the signal's reason when cancelled; what the storage throws
 */
export async function runStep(environment: RunEnvironment, work: Work, signal: AbortSignal, range?: AttemptRange): Promise<StepOutcome> {
  const { spec, args } = work
  let attempts = 0
  let error: unknown
  try {
    // The condition of a map step was asked before its items.
    if (args.index === undefined && !(await conditionHolds(work, signal))) {
      return { status: 'skipped', attempts: 0, reason: 'its condition does not hold' }
    }
    const entry = await cacheEntry(environment, work)
    if (entry.output !== undefined) return { status: 'cached', attempts: 0, output: entry.output, reason: entry.reason }
    const made = await attemptAll(environment, work, signal, (attempt) => (attempts = attempt), range)
    const output = await keep(environment, work, made, entry.parts)
    return { status: 'succeeded', attempts, output, reason: entry.reason }
  } catch (thrown) {
    if (thrown instanceof StorageFailure) throw thrown.cause
    throwIfAborted(signal)
    error = environment.secrets.redactError(thrown)
    if (range !== undefined && attempts > 0 && attempts < retryOf(spec).attempts && retryOf(spec).retryOn(thrown, attempts)) throw error
  }
  return fallBack(environment, work, error, attempts, signal)
}

/** Whether the step is to run. */
export async function conditionHolds({ spec, args }: Work, signal: AbortSignal): Promise<boolean> {
  if (spec.when === undefined) return true
  return Boolean(await abortable(Promise.resolve(spec.when(args)), signal))
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

/** What the cache has for a step. */
export interface CacheEntry {
  /** Under these parts the result is to be stored; undefined when it is not cached. */
  readonly parts?: CacheParts | undefined
  readonly output?: StepOutput | undefined
  /** Why it is taken from the cache, or runs. */
  readonly reason?: string | undefined
}

/** Looks a step up in the cache, and says why it is there or not. `open` reads the stored output. */
export async function cacheEntry(
  environment: Omit<RunEnvironment, 'executor' | 'secrets'>,
  work: Work,
  open: (digest: string) => Promise<StepOutput | undefined> = (digest) =>
    restoredOutput(environment.store, { ...work.spec, over: undefined }, digest),
): Promise<CacheEntry> {
  const { pipeline, store, seed, inputDigest, params, runId } = environment
  const { spec, needed, args, itemDigest } = work
  if (spec.cache === undefined || spec.cache === false) return {}
  if (store === undefined) return { reason: 'not cached: the run has no storage' }
  const digests = Object.fromEntries(Object.entries(needed).map(([name, output]) => [name, output.digest]))
  const found = cacheParts({ pipeline, spec, seed, inputDigest, params, digests, args, itemDigest })
  if ('reason' in found) return found
  const { parts } = found
  if (environment.ignoresCache(spec.name)) return { parts, reason: 'stored outputs are ignored (`force`)' }
  const pointer = await stored(store.readPointer({ step: spec.name, cacheKey: cacheKey(pipeline, spec.name, parts) }))
  const output = pointer && (await open(pointer.digest))
  if (pointer !== undefined && output !== undefined) {
    const where = pointer.runId === runId ? 'this run' : `run ${show(pointer.runId)}`
    return { parts, output, reason: `code, parameters and inputs are those of ${where}` }
  }
  const latest = await stored(store.readLatest(placeIn(work)))
  return { parts, reason: explainMiss(spec, parts, params, latest) }
}

/** The stored output of a digest; undefined when it is gone, damaged, or the codec cannot read it (then the step runs again). */
export async function restoredOutput(store: StepStore | undefined, spec: StepSpec, digest: string): Promise<StepOutput | undefined> {
  try {
    return store && { value: await decodeOutput(store, spec, digest), digest }
  } catch {
    return undefined
  }
}

function placeIn({ spec, args }: Work): StepPlace {
  return { step: spec.name, index: args.index }
}

/** Stores the output if possible; the output of a cached step must be storable. */
async function keep(environment: RunEnvironment, work: Work, made: StepOutput, parts: CacheParts | undefined): Promise<StepOutput> {
  const { store, pipeline, runId, clock, params } = environment
  const { spec } = work
  const { value } = made
  if (spec.fallback === 'previous') environment.previous.set(placeOf(work), value)
  if (store === undefined) return { value }
  let digest = made.digest
  if (digest === undefined) {
    const bytes = await storable(environment, work, value, parts)
    if (bytes === undefined) return { value }
    digest = await stored(store.putValue(bytes))
  }
  const pointer = { digest, runId, storedAt: clock.now() }
  if (parts !== undefined) {
    await stored(store.writePointer({ step: spec.name, cacheKey: cacheKey(pipeline, spec.name, parts) }, pointer))
    await stored(store.writeLatest(placeIn(work), { parts, shown: shownParams(spec, params), runId }))
  }
  if (spec.fallback === 'previous') await stored(store.writePointer(placeIn(work), pointer))
  return { value, digest }
}

async function storable(
  environment: RunEnvironment,
  work: Work,
  value: unknown,
  parts: CacheParts | undefined,
): Promise<Uint8Array | undefined> {
  const { spec } = work
  let bytes: Uint8Array
  try {
    bytes = await encodeOutput(environment.pipeline, spec, value)
  } catch (error) {
    if (parts !== undefined || spec.codec !== undefined || spec.fallback === 'previous') throw error
    return undefined
  }
  refuseSecret(environment, spec, bytes)
  return bytes
}

/** @throws InvalidArgument when the bytes of an output hold a secret */
export function refuseSecret({ secrets, pipeline }: Pick<RunEnvironment, 'secrets' | 'pipeline'>, spec: StepSpec, bytes: Uint8Array): void {
  const secret = secrets.foundIn(bytes)
  if (secret === undefined) return
  throw invalidArgument(
    `the output of step ${show(spec.name)} of pipeline ${show(pipeline)} holds the value of the secret ${show(secret)}, so it is not stored`,
  )
}

async function fallBack(
  environment: RunEnvironment,
  work: Work,
  error: unknown,
  attempts: number,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const { spec, args } = work
  const { fallback } = spec
  const { pipeline, runId, store, secrets } = environment
  if (fallback === undefined) return { status: 'failed', attempts, error }
  const warn = (reason: string): string => {
    const why = error instanceof Error ? error.message : show(error)
    environment.emit('step-warning', { pipeline, runId, step: spec.name, message: `${reason}, because every attempt failed: ${why}` })
    return reason
  }
  if (fallback === 'previous') {
    const found = await previousOutput(environment, work)
    if (found === undefined) return { status: 'failed', attempts, error, reason: 'there is no earlier success to fall back to' }
    return { status: 'fallback', attempts, error, output: found.output, reason: warn(`it has the output of ${found.from}`) }
  }
  try {
    const value = await abortable((async () => fallback({ ...(args as Required<typeof args>), error }))(), signal)
    const bytes = store && (await encodeOutput(pipeline, spec, value).catch(() => undefined))
    if (bytes !== undefined) refuseSecret(environment, spec, bytes)
    const digest = bytes && store && (await stored(store.putValue(bytes)))
    return { status: 'fallback', attempts, error, output: { value, digest }, reason: warn('it has the output of its fallback') }
  } catch (failure) {
    if (failure instanceof StorageFailure) throw failure.cause
    throwIfAborted(signal)
    const reason = secrets.redact(failure instanceof Error ? failure.message : show(failure))
    return { status: 'failed', attempts, error, reason: `its fallback failed too: ${reason}` }
  }
}

async function previousOutput(
  { store, previous }: RunEnvironment,
  work: Work,
): Promise<{ readonly output: StepOutput; readonly from: string } | undefined> {
  if (store === undefined) {
    const key = placeOf(work)
    return previous.has(key) ? { output: { value: previous.get(key) }, from: 'an earlier run of this process' } : undefined
  }
  const pointer = await store.readPointer(placeIn(work))
  const output = pointer && (await restoredOutput(store, { ...work.spec, over: undefined }, pointer.digest))
  if (pointer === undefined || output === undefined) return undefined
  return { output, from: `run ${show(pointer.runId)}, stored at ${new Date(pointer.storedAt).toISOString()}` }
}
