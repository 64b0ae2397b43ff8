/** The attempts of a step, or of one item of a map step: retry, time limit, and the job that an executor gets. */
import { backoffDelay } from '../core/backoff'
import { sleep } from '../core/clock'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import type { Json } from '../core/json'
import type { ProgressEvent } from '../core/progress'
import { createRng } from '../core/random'
import { abortable, throwIfAborted } from '../core/signal'
import type { StepJob, StepJobRef } from '../ports/executor'
import { versionOf } from './cache-key'
import { packParams } from './params'
import type { StepResult } from './result'
import type { RunEnvironment, StepOutput } from './run-environment'
import { type LooseArguments, type LooseContext, retryOf, type StepSpec } from './step'
import { decodeOutput } from './step-store'

/** One step, or one item of a map step, that is about to run. */
export interface Work {
  readonly spec: StepSpec
  /** Outputs of the needed steps. */
  readonly needed: Readonly<Record<string, StepOutput>>
  readonly upstream: Readonly<Record<string, StepResult>>
  /** What its functions are given; has `item` and `index` in a map step. */
  readonly args: LooseArguments
  /** Digest of the item, where it is known without encoding the item. */
  readonly itemDigest?: string | undefined
}

/** What an executor resolves with when another process has stored the output. */
class StoredElsewhere {
  constructor(readonly digest: string) {}
}

/** The name of a step or item in messages. */
export function placeOf({ spec, args }: Pick<Work, 'spec' | 'args'>): string {
  return args.index === undefined ? spec.name : `${spec.name}[${args.index}]`
}

/** Which attempts are made here. */
export interface AttemptRange {
  readonly first: number
  /** The last one made here; the last one of all is that of the retry options. */
  readonly last: number
}

/** Calls the function of the step until it succeeds or no attempt is left. @throws the last error; the signal's reason */
export async function attemptAll(
  environment: RunEnvironment,
  work: Work,
  signal: AbortSignal,
  begun: (attempt: number) => void,
  range?: AttemptRange,
): Promise<StepOutput> {
  const { spec } = work
  const { attempts, backoffMs, factor, maxMs, jitter, retryOn } = retryOf(spec)
  const rng = createRng(seedOf(`${environment.runId}/${placeOf(work)}`))
  const { pipeline, runId } = environment
  const place = { pipeline, runId, step: spec.name, ...indexOf(work.args) }
  const last = Math.min(attempts, range?.last ?? attempts)
  for (let attempt = range?.first ?? 1; ; attempt++) {
    throwIfAborted(signal)
    begun(attempt)
    environment.emit('step-start', { ...place, attempt })
    try {
      return await oneAttempt(environment, work, signal, attempt)
    } catch (error) {
      throwIfAborted(signal)
      if (attempt >= last || !retryOn(error, attempt)) throw error
      const delayMs = backoffDelay(attempt, { baseMs: backoffMs, factor, maxMs, jitter: [1, 1 - jitter], random: rng.next })
      environment.emit('step-retry', { ...place, attempt, error: environment.secrets.redactError(error), delayMs })
      await sleep(environment.clock, delayMs, signal)
    }
  }
}

async function oneAttempt(environment: RunEnvironment, work: Work, outer: AbortSignal, attempt: number): Promise<StepOutput> {
  const { pipeline, clock, store } = environment
  const { spec } = work
  const controller = new AbortController()
  const { signal } = controller
  const onAbort = (): void => controller.abort(outer.reason)
  outer.addEventListener('abort', onAbort, { once: true })
  const { timeoutMs } = spec
  const cancelTimeout =
    timeoutMs === undefined ? undefined : clock.schedule(() => controller.abort(timedOut(pipeline, placeOf(work), timeoutMs)), timeoutMs)
  try {
    // Not `abortable(execute(...))` alone: an executor that throws at once must reject like any other.
    const value = await abortable((async () => environment.executor.execute(jobOf(environment, work, attempt, signal)))(), signal)
    if (!(value instanceof StoredElsewhere)) return { value }
    if (store === undefined) throw invalidArgument(`the executor ${environment.executor.name} stored an output of a run without storage`)
    return { value: await decodeOutput(store, { ...spec, over: undefined }, value.digest), digest: value.digest }
  } finally {
    cancelTimeout?.()
    outer.removeEventListener('abort', onAbort)
  }
}

/** The context of one attempt. */
export function contextOf(environment: RunEnvironment, work: Work, attempt: number, signal: AbortSignal): LooseContext {
  const { pipeline, runId, clock, secrets } = environment
  const { spec, args, upstream } = work
  const label = placeOf(work)
  return {
    ...args,
    secrets: secrets.of(spec),
    upstream,
    signal,
    attempt,
    runId,
    run: environment.trackedStep?.(spec.name),
    seed: seedOf(args.index === undefined ? `${environment.seed}/${spec.name}` : `${environment.seed}/${spec.name}/${args.index}`),
    clock,
    progress: ({ phase, ...event }: Omit<ProgressEvent, 'phase'> & { readonly phase?: string | undefined }) => {
      if (!signal.aborted) environment.progress({ ...event, phase: phase === undefined ? label : `${label}: ${secrets.redact(phase)}` })
    },
    log: (message: string) =>
      environment.emit('step-log', { pipeline, runId, step: spec.name, ...indexOf(args), message: secrets.redact(String(message)) }),
  }
}

function jobOf(environment: RunEnvironment, work: Work, attempt: number, signal: AbortSignal): StepJob {
  const { pipeline, runId, input } = environment
  const { spec, args } = work
  const context = contextOf(environment, work, attempt, signal)
  return {
    pipeline,
    runId,
    step: spec.name,
    ...indexOf(args),
    attempt,
    input,
    inputs: args.inputs,
    signal,
    run: async () => spec.run(context),
    ref: () => refOf(environment, work, attempt),
    stored: (digest) => new StoredElsewhere(digest),
    log: context.log,
    // The other process has put the name of the step before the phase.
    progress: ({ phase = '', ...event }) => {
      const label = placeOf(work)
      context.progress({
        ...event,
        phase: phase === label || phase === '' ? undefined : phase.startsWith(`${label}: `) ? phase.slice(label.length + 2) : phase,
      })
    },
  }
}

function refOf(environment: RunEnvironment, work: Work, attempt: number): StepJobRef {
  const { pipeline, runId, seed, params, store, inputDigest } = environment
  const { spec, needed, upstream, args } = work
  const subject = `step ${show(placeOf(work))} of pipeline ${show(pipeline)}`
  if (store === undefined) {
    throw new MillwrightError('InvalidState', `${subject} cannot run in another process: the run has no storage`, {
      hint: 'Give the pipeline a `storage` that the workers share.',
    })
  }
  if (spec.readsInput && inputDigest === undefined)
    throw invalidArgument(`${subject} cannot run in another process: the input of the run cannot be stored`)
  const inputs = Object.entries(needed).map(([need, { digest }]) => {
    if (digest === undefined)
      throw invalidArgument(`${subject} cannot run in another process: the output of ${show(need)} cannot be stored`)
    return [need, digest] as const
  })
  return {
    pipeline,
    runId,
    step: spec.name,
    ...indexOf(args),
    attempt,
    version: versionOf(spec),
    seed,
    params: packParams(params, spec.params),
    ...(inputDigest === undefined ? {} : { input: inputDigest }),
    inputs: Object.fromEntries(inputs),
    ...(spec.trigger === 'all-success' ? {} : { upstream: JSON.parse(JSON.stringify(upstream)) as Record<string, Json> }),
  }
}

function indexOf({ index }: LooseArguments): { readonly index?: number } {
  return index === undefined ? {} : { index }
}

function timedOut(pipeline: string, step: string, timeoutMs: number): MillwrightError {
  return new MillwrightError('Unavailable', `step ${show(step)} of pipeline ${show(pipeline)} took longer than ${timeoutMs} ms`)
}

/** 52 bits of a hash: distinct streams for distinct texts. */
function seedOf(text: string): number {
  return Number.parseInt(sha256Hex(text).slice(0, 13), 16)
}
