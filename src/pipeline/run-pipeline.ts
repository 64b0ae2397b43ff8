/** Executes a run from start to end and keeps its record in the storage. */

import type { Clock } from '../core/clock'
import type { Emitter } from '../core/emitter'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import type { Logger } from '../core/logger'
import { type OnProgress, progressReporter } from '../core/progress'
import type { Executor } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import { digestOf, versionOf } from './cache-key'
import { unpackValue, valueCodec } from './codec'
import { compensate } from './compensate'
import { displayPipelineRun } from './display-runs'
import type { PipelineEvents } from './events'
import { graphOf } from './graph'
import { logEvent } from './log-events'
import { checkParams, packParams, type RunParams, runParams } from './params'
import type { ParamsSchema } from './params-schema'
import type { PlanEnvironment } from './plan'
import { nothingRestored, type RestoredWork, restoreWork } from './restore'
import { errorRecord, type ItemResult, type PipelineStatus, type RunResult, type StepResult } from './result'
import type { RunEnvironment } from './run-environment'
import { type GraphOutcome, runGraph } from './run-graph'
import type { RecordedWork } from './run-journal'
import { createRecord, type Recorder, takeRecord } from './run-recorder'
import type { ItemState, RunState, StepState } from './run-state'
import { resolveSecrets, type SecretSource, type Secrets } from './secrets'
import type { StepSpec } from './step'
import { type StepStore, stepStore } from './step-store'
import type { RunTracker, TrackedRun } from './track-run'
import { stopReason } from './trigger'

/** Everything a run needs, with defaults. */
export interface RunPlan {
  readonly pipeline: string
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly schema: ParamsSchema<unknown> | undefined
  readonly emitter: Emitter<PipelineEvents>
  readonly previous: Map<string, unknown>
  readonly executor: Executor
  readonly tracker: RunTracker | undefined
  readonly clock: Clock
  readonly storage: ObjectStore | undefined
  readonly logger: Logger
  readonly concurrency: number
  readonly stopOnFailure: boolean
  readonly leaseMs: number
  readonly throwOnFailure: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
  readonly force: boolean | readonly string[]
}

/** What a run is started with. */
export interface RunInputs {
  readonly input: unknown
  /** To be checked by the schema. */
  readonly params: unknown
  readonly secrets: SecretSource | undefined
}

/** Starts a run. */
export async function startRun(plan: RunPlan, inputs: RunInputs, seed: number, runId: string = newId()): Promise<RunResult> {
  const { pipeline, storage, specs } = plan
  const { input } = inputs
  const params = await checkParams(pipeline, plan.schema, inputs.params)
  const secrets = await resolveSecrets(pipeline, specs.values(), inputs.secrets)
  const now = plan.clock.now()
  const store = storage && stepStore(storage, pipeline)
  const inputDigest = await storeInput(store, input)
  const state: RunState = {
    format: 1,
    pipeline,
    runId,
    status: 'running',
    seed,
    ...(inputDigest === undefined ? {} : { input: inputDigest }),
    ...(Object.keys(params.values).length === 0 ? {} : { params: packParams(params, Object.keys(params.values)) }),
    startedAt: now,
    updatedAt: now,
    resumes: 0,
    steps: {},
  }
  const ended = new AbortController()
  const recorder = storage && (await createRecord(state, recording(plan, storage, ended)))
  return carryOut(plan, { input, params, secrets, state, recorder, store, inputDigest, ended, restored: nothingRestored() })
}

/** The environment of a run that is planned and does not start. Stores nothing. */
export async function planEnvironment(plan: RunPlan, input: unknown, given: unknown, seed: number): Promise<PlanEnvironment> {
  const { pipeline, storage, clock, previous } = plan
  const params = await checkParams(pipeline, plan.schema, given)
  return {
    ...{ pipeline, runId: 'plan', input, inputDigest: digestOf(input), params, seed, clock, previous },
    store: storage && stepStore(storage, pipeline),
    ignoresCache: ignores(plan),
    emit: () => {},
    progress: () => {},
  }
}

function ignores({ force }: RunPlan): (step: string) => boolean {
  return (step) => (typeof force === 'boolean' ? force : force.includes(step))
}

/** What a run is resumed with. */
export interface ResumeInputs {
  /** The input, if it is given anew. */
  readonly given: { readonly input?: unknown }
  /** The parameters, if they are given anew. */
  readonly params: unknown
  readonly secrets: SecretSource | undefined
  readonly takeOver: boolean
}

/** Continues an unfinished run. */
export async function resumeRun(plan: RunPlan, runId: string, inputs: ResumeInputs): Promise<RunResult> {
  const { pipeline, storage } = plan
  if (storage === undefined) throw invalidArgument(`resuming a run of pipeline ${show(pipeline)} needs the storage that holds it`)
  const { given, takeOver } = inputs
  const newParams = inputs.params === undefined ? undefined : await checkParams(pipeline, plan.schema, inputs.params)
  const secrets = await resolveSecrets(pipeline, plan.specs.values(), inputs.secrets)
  const store = stepStore(storage, pipeline)
  const ended = new AbortController()
  const recorder = await takeRecord(pipeline, runId, takeOver, recording(plan, storage, ended))
  try {
    const { state } = recorder
    const params = newParams ?? storedParams(state)
    const input = 'input' in given ? given.input : await storedInput(store, state)
    const inputDigest = 'input' in given ? await storeInput(store, input) : state.input
    const restored = inputDigest === state.input ? await restoreWork(plan.specs, store, state, params) : nothingRestored()
    recorder.replace(keptWork(plan, state, params, restored))
    const change: Partial<RunState> = {
      ...(inputDigest === state.input ? {} : { input: inputDigest }),
      ...(newParams === undefined ? {} : { params: packParams(params, Object.keys(params.values)) }),
    }
    if (Object.keys(change).length > 0) await recorder.save(change)
    return await carryOut(plan, { input, params, secrets, state: recorder.state, recorder, store, inputDigest, ended, restored })
  } finally {
    recorder.stop()
  }
}

/** The state of a run while it is executed. */
interface RunExecution {
  readonly input: unknown
  readonly params: RunParams
  readonly secrets: Secrets
  readonly state: RunState
  readonly recorder: Recorder | undefined
  readonly store: StepStore | undefined
  readonly inputDigest: string | undefined
  /** Aborts when the run cannot go on. */
  readonly ended: AbortController
  readonly restored: RestoredWork
}

async function carryOut(plan: RunPlan, execution: RunExecution): Promise<RunResult> {
  const { recorder, ended, state, restored } = execution
  const { pipeline, clock, emitter } = plan
  const { runId } = state
  const record = recordOf(plan, execution)
  const tracked = await startTracking(plan, execution)
  const environment = environmentOf(plan, execution, tracked)
  const started = { pipeline, runId, resumed: state.resumes > 0 }
  logEvent(plan.logger, 'run-start', started)
  emitter.emit('run-start', started)
  const startedAt = clock.now()
  const { specs, concurrency, stopOnFailure, signal } = plan
  const outcome = await runGraph(environment, {
    ...{ specs, concurrency, stopOnFailure, signal, ended, record: record.step, recordItem: record.item },
    ...{ restored: restored.steps, restoredItems: restored.items, tracked },
  })
  const status = statusOf(outcome, plan.signal)
  const cause = status === 'cancelled' ? plan.signal?.reason : outcome.failed?.error
  let { fatal } = outcome
  const keep = async (work: () => Promise<unknown> | undefined): Promise<void> => {
    if (fatal !== undefined) return
    try {
      await work()
    } catch (error) {
      fatal = { error }
    }
  }
  if (status !== 'finished') {
    await keep(() => compensate(environment, { specs, outcome, error: cause, signal: ended.signal, record: record.step }))
  }
  recorder?.stop()
  const endedAt = clock.now()
  await keep(() => recorder?.save({ status, endedAt }))
  const error = fatal?.error ?? cause
  const result = displayPipelineRun(
    runResult(pipeline, runId, fatal === undefined ? status : 'failed', startedAt, endedAt, outcome, plan.specs),
  )
  await tracked?.finish(result.status, result.steps)
  const end = {
    pipeline,
    runId,
    status: result.status,
    durationMs: result.durationMs,
    ...(error === undefined ? {} : { error }),
  }
  logEvent(plan.logger, 'run-end', end)
  emitter.emit('run-end', end)
  if (fatal !== undefined) throw fatal.error
  if (plan.throwOnFailure && status === 'cancelled') throw error
  if (plan.throwOnFailure && outcome.failed !== undefined) throw runFailed(result, outcome.failed)
  return result
}

/** Keeps the results of steps, and of the items of map steps that have not ended, in the record of the run. */
function recordOf(
  plan: RunPlan,
  { recorder, params }: RunExecution,
): {
  step(step: string, result: StepResult): Promise<void>
  item(step: string, index: number, result: ItemResult): Promise<void>
} {
  return {
    async step(step, result) {
      await recorder?.add({ step, result: stepState(plan, step, result, params) })
    },
    async item(step, index, result) {
      await recorder?.add({ step, index, result: { ...result, version: versionOf(plan.specs.get(step) as StepSpec) } })
    },
  }
}

function stepState(plan: RunPlan, step: string, result: StepResult, params: RunParams): StepState {
  const spec = plan.specs.get(step) as StepSpec
  const digests = Object.fromEntries(spec.params.map((name) => [name, params.digest(name)]))
  return { ...result, version: versionOf(spec), ...(spec.params.length === 0 ? {} : { params: digests }) }
}

/** Of the record of an earlier process, what need not run again. */
function keptWork(plan: RunPlan, state: RunState, params: RunParams, restored: RestoredWork): RecordedWork {
  const steps = [...restored.steps].map(([step, { result }]) => [step, stepState(plan, step, result, params)])
  const items = [...restored.items].map(([step, done]) => {
    const before = state.items?.[step] ?? {}
    return [step, Object.fromEntries([...done.keys()].map((index) => [String(index), before[index] as ItemState]))]
  })
  return { steps: Object.fromEntries(steps), items: Object.fromEntries(items) }
}

function statusOf(outcome: GraphOutcome, signal: AbortSignal | undefined): PipelineStatus {
  const statuses = [...outcome.results.values()].map((result) => result.status)
  if (outcome.failed !== undefined || outcome.fatal !== undefined) return 'failed'
  // A signal that aborts after the last step has ended cancels nothing.
  const cut = statuses.includes('cancelled') || [...outcome.results.values()].some((result) => result.reason === stopReason(signal))
  return signal?.aborted && cut ? 'cancelled' : 'finished'
}

function runResult(
  pipeline: string,
  runId: string,
  status: PipelineStatus,
  startedAt: number,
  endedAt: number,
  { results, outputs }: GraphOutcome,
  specs: ReadonlyMap<string, StepSpec>,
): RunResult {
  const names = [...specs.keys()]
  return {
    pipeline,
    runId,
    status,
    startedAt,
    endedAt,
    durationMs: endedAt - startedAt,
    steps: Object.fromEntries(names.map((name) => [name, results.get(name) as StepResult])),
    outputs: Object.fromEntries(names.flatMap((name) => (outputs.has(name) ? [[name, outputs.get(name)?.value]] : []))),
  }
}

/** The error of a failed run: the step's own code, and the result without its outputs, which need not be plain JSON. */
function runFailed(result: RunResult, { step, error }: { readonly step: string; readonly error: unknown }): MillwrightError {
  const { outputs: _, ...plain } = result
  const own = isMillwrightError(error) ? error : undefined
  const { message } = errorRecord(error)
  return new MillwrightError(own?.code ?? 'Internal', `step ${show(step)} of pipeline ${show(result.pipeline)} failed: ${message}`, {
    retryable: own?.retryable,
    details: { pipeline: result.pipeline, runId: result.runId, step, result: plain },
    hint: own?.hint,
    cause: error,
  })
}

/** Starts the tracker's run, and remembers it in the record, so that a resumed run goes on with it. */
async function startTracking(plan: RunPlan, { state, recorder, params }: RunExecution): Promise<TrackedRun | undefined> {
  const { pipeline, specs, tracker, emitter } = plan
  if (tracker === undefined) return undefined
  const { runId, seed, trackedRun } = state
  const onError = (error: unknown): void => emitter.emit('error', error)
  const { trackRun } = await import('./track-run')
  const tracked = await trackRun(tracker, { pipeline, runId, seed, params, graph: graphOf(pipeline, specs.values()), trackedRun, onError })
  // A storage that fails here fails again with the first step, which then ends the run.
  if (tracked.trackerRunId !== trackedRun) await recorder?.save({ trackedRun: tracked.trackerRunId }).catch(() => {})
  return tracked
}

function environmentOf(plan: RunPlan, execution: RunExecution, tracked: TrackedRun | undefined): RunEnvironment {
  const { pipeline, clock, emitter, logger } = plan
  const { runId, seed } = execution.state
  return {
    pipeline,
    runId,
    input: execution.input,
    inputDigest: execution.inputDigest,
    params: execution.params,
    secrets: execution.secrets,
    seed,
    clock,
    executor: plan.executor,
    store: execution.store,
    previous: plan.previous,
    trackedStep: tracked && ((step) => tracked.runOf(step)),
    ignoresCache: ignores(plan),
    emit(type, event) {
      logEvent(logger, type, event)
      emitter.emit(type, event)
    },
    progress: progressReporter(plan.onProgress, { clock, everyMs: 0 }),
  }
}

function recording(plan: RunPlan, storage: ObjectStore, ended: AbortController): Parameters<typeof createRecord>[1] {
  return { storage, clock: plan.clock, leaseMs: plan.leaseMs, onLost: (error) => ended.abort(error) }
}

async function storeInput(store: StepStore | undefined, input: unknown): Promise<string | undefined> {
  if (store === undefined) return undefined
  let bytes: Uint8Array
  try {
    bytes = await valueCodec().encode(input)
  } catch {
    return undefined
  }
  return store.putValue(bytes)
}

async function storedInput(store: StepStore, state: RunState): Promise<unknown> {
  if (state.input === undefined) {
    throw invalidArgument(
      `the input of run ${show(state.runId)} of pipeline ${show(state.pipeline)} could not be stored; pass it to resume()`,
    )
  }
  return valueCodec().decode(await store.getValue(state.input))
}

function storedParams({ pipeline, params = {} }: RunState): RunParams {
  return runParams(pipeline, Object.fromEntries(Object.entries(params).map(([name, value]) => [name, unpackValue(value)])))
}
