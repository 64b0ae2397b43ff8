/** Runs one step under an engine that owns the graph (Airflow, Kubeflow, DVC, …): the results of steps meet in the storage. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { AttemptRange, Work } from './attempt'
import { valueCodec } from './codec'
import { runMapStep } from './map-step'
import type { RunParams } from './params'
import { type ItemResult, itemResultOf, type StepResult } from './result'
import type { RunEnvironment, StepOutcome, StepOutput } from './run-environment'
import { argumentsOf } from './run-graph'
import { conditionHolds, runStep } from './run-step'
import { createSlots } from './slots'
import { retryOf, type StepSpec } from './step'
import { environmentOf, putItems, readOutputs, specOf, type Worker, workOfItem } from './step-job'
import type { StepResults } from './step-results'
import { decide } from './trigger'

/** A step, or an item of a map step, that an engine asks for. */
export interface StepRequest {
  readonly runId: string
  readonly step: string
  /** Runs one item of a map step. @default the whole step, all items of a map step */
  readonly index?: number | undefined
  /**
   * Makes only this attempt, counted from 1, because the engine repeats attempts. When it fails and the retry options allow another one, the
   * error is thrown; the last one is followed by the fallback. @default all attempts
   */
  readonly attempt?: number | undefined
  /** The seed of the run. @default 0 */
  readonly seed?: number | undefined
  /** The input of the run. */
  readonly input?: unknown
  /** The parameters of the run; checked by the schema. */
  readonly params?: Readonly<Record<string, unknown>> | undefined
  /**
   * What a needed step without a result means: an error, or a step that the engine did not start because of what came before it (`infer`).
   * @default 'refuse'
   */
  readonly missing?: 'refuse' | 'infer' | undefined
  /** Most items of a map step that run at the same time. @default 4 */
  readonly concurrency?: number | undefined
}

/** How a step ended under an engine. */
export interface EngineStepResult extends StepResult {
  /** Of an output that is an array: its length, so that an engine can start one task for each item. */
  readonly length?: number | undefined
}

/** Runs the step, records its result, and gives it. Failures are results unless the engine is to try again. */
export async function runEngineStep(
  worker: Worker,
  results: StepResults,
  request: StepRequest,
  given: { readonly input: unknown; readonly params: RunParams },
): Promise<EngineStepResult> {
  const { clock, signal, store } = worker
  const spec = specOf(worker, request.step)
  const { index, attempt } = request
  if (index !== undefined && spec.over === undefined) {
    throw invalidArgument(`step ${show(spec.name)} of pipeline ${show(worker.pipeline)} is no map step, so it has no item ${show(index)}`)
  }
  const inputDigest = await store.putValue(await valueCodec().encode(given.input))
  const environment = environmentOf(worker, { runId: request.runId, seed: request.seed ?? 0, ...given, inputDigest })
  const upstream = await upstreamOf({ worker, results, infer: request.missing === 'infer' }, spec)
  const startedAt = clock.now()
  const decision = decide(spec, { results: upstream, signal: new AbortController().signal })
  if (decision === 'wait') throw new MillwrightError('Internal', `step ${show(spec.name)} waits although all that it needs has ended`)
  const range = attempt === undefined ? undefined : { first: Math.min(attempt, retryOf(spec).attempts), last: attempt }
  let outcome: StepOutcome
  if (decision !== 'start') outcome = { status: 'skipped', attempts: 0, reason: decision.reason }
  else outcome = await outcomeOf({ worker, environment, upstream, concurrency: request.concurrency ?? 4 }, spec, index, range)
  const result = {
    ...itemResultOf(outcome, startedAt, clock.now()),
    ...(decision !== 'start' && decision.blocked ? { blocked: true } : {}),
  }
  await results.write({ step: spec.name, index }, result)
  if (outcome.status === 'cancelled') throw signal.reason
  const value = outcome.output?.value
  return { ...result, ...(Array.isArray(value) ? { length: value.length } : {}) }
}

interface EngineRun {
  readonly worker: Worker
  readonly environment: RunEnvironment
  readonly upstream: ReadonlyMap<string, StepResult>
  readonly concurrency: number
}

async function outcomeOf(
  { worker, environment, upstream, concurrency }: EngineRun,
  spec: StepSpec,
  index: number | undefined,
  range: AttemptRange | undefined,
): Promise<StepOutcome> {
  const digests = Object.fromEntries([...upstream].flatMap(([need, { digest }]) => (digest === undefined ? [] : [[need, digest]])))
  assertStored(worker.pipeline, spec, upstream)
  const needed: Record<string, StepOutput> = await readOutputs(worker, spec, digests, index === undefined)
  const work: Work = { spec, needed, upstream: Object.fromEntries(upstream), args: argumentsOf(spec, needed, environment) }
  if (index !== undefined) {
    // A map step is asked once whether it runs; here each of its items is asked.
    if (!(await conditionHolds(work, worker.signal))) return { status: 'skipped', attempts: 0, reason: 'its condition does not hold' }
    return runStep(environment, await workOfItem(worker, work, digests, index), worker.signal, range)
  }
  if (spec.over === undefined) return runStep(environment, work, worker.signal, range)
  const slots = createSlots(concurrency)
  return runMapStep(environment, work, worker.signal, { slots, order: 0, stopOnFailure: true, restored: new Map(), record: async () => {} })
}

/** An output that an engine passes on must be stored: the next step runs in another process. */
function assertStored(pipeline: string, spec: StepSpec, upstream: ReadonlyMap<string, StepResult>): void {
  for (const [need, { status, digest }] of upstream) {
    if (digest !== undefined || !['succeeded', 'cached', 'fallback'].includes(status)) continue
    throw invalidArgument(
      `step ${show(spec.name)} of pipeline ${show(pipeline)} needs the output of ${show(need)}, which could not be stored`,
      {
        hint: 'Give that step a codec.',
      },
    )
  }
}

interface Lookup {
  readonly worker: Worker
  readonly results: StepResults
  /** Whether a missing result is inferred from those before it. */
  readonly infer: boolean
}

/** The results of the needed steps; those of a map step's items are put together. @throws InvalidState when one has no result yet */
async function upstreamOf(lookup: Lookup, spec: StepSpec): Promise<Map<string, StepResult>> {
  const { worker, results, infer } = lookup
  const upstream = new Map<string, StepResult>()
  for (const need of spec.needs) {
    const found = (await results.read({ step: need })) ?? (await collectItems(worker, results, need))
    const result = found ?? (infer ? await inferred(lookup, specOf(worker, need)) : undefined)
    if (result === undefined) {
      throw new MillwrightError(
        'InvalidState',
        `step ${show(spec.name)} of pipeline ${show(worker.pipeline)} needs ${show(need)}, which has no result in this run`,
        { hint: 'Run the steps in the order of the graph, with the same run id and storage.' },
      )
    }
    upstream.set(need, result)
  }
  return upstream
}

/** The result of a step that the engine did not start: skipped for what came before it, or failed without a trace. */
async function inferred(lookup: Lookup, spec: StepSpec): Promise<StepResult> {
  const results = await upstreamOf(lookup, spec)
  const now = lookup.worker.clock.now()
  const common = { attempts: 0, startedAt: now, endedAt: now, durationMs: 0 }
  const decision = decide(spec, { results, signal: new AbortController().signal })
  if (typeof decision === 'object') return { ...common, status: 'skipped', ...decision }
  return { ...common, status: 'failed', error: { name: 'Error', message: `step ${show(spec.name)} has no result in this run` } }
}

/** The result of a map step whose items ran one by one; recorded. Undefined while one is missing. */
export async function collectItems(
  worker: Pick<Worker, 'specs' | 'store'>,
  results: StepResults,
  step: string,
): Promise<StepResult | undefined> {
  const spec = worker.specs.get(step)
  if (spec?.over === undefined) return undefined
  const over = (await results.read({ step: spec.over })) ?? (await collectItems(worker, results, spec.over))
  if (over?.digest === undefined) return undefined
  const list = await readOutputs(worker, spec, { [spec.over]: over.digest }, true)
  const { length } = (list[spec.over] as StepOutput).value as ArrayLike<unknown>
  const items: ItemResult[] = []
  for (let index = 0; index < length; index++) {
    const item = await results.read({ step, index })
    if (item === undefined) return undefined
    items.push(item)
  }
  const result = await joined(worker, items)
  await results.write({ step }, result)
  return result
}

async function joined(worker: Pick<Worker, 'store'>, items: readonly ItemResult[]): Promise<StepResult> {
  const startedAt = Math.min(...items.map((item) => item.startedAt))
  const endedAt = Math.max(...items.map((item) => item.endedAt))
  const broken = items.find((item) => item.status === 'failed' || item.status === 'skipped')
  const status = broken?.status ?? (items.some((item) => item.status === 'fallback') ? 'fallback' : 'succeeded')
  const digests = items.map((item) => item.digest)
  const whole = broken === undefined && digests.every((digest) => digest !== undefined)
  return {
    status,
    attempts: items.reduce((sum, item) => sum + item.attempts, 0),
    startedAt: items.length === 0 ? 0 : startedAt,
    endedAt: items.length === 0 ? 0 : endedAt,
    durationMs: items.length === 0 ? 0 : endedAt - startedAt,
    ...(broken?.error === undefined ? {} : { error: broken.error }),
    ...(whole ? { digest: await putItems(worker.store, digests as readonly string[]) } : {}),
    items,
  }
}
