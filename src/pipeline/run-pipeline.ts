/** Executes a run from start to end and keeps its record in the storage. */

import type { Clock } from '../core/clock'
import type { Emitter } from '../core/emitter'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import type { Logger } from '../core/logger'
import { type OnProgress, progressReporter } from '../core/progress'
import type { Executor } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import { valueCodec } from './codec'
import { displayPipelineRun } from './display-runs'
import type { PipelineEvents } from './events'
import type { PipelineStatus, RunResult, StepResult } from './result'
import { errorRecord } from './result'
import { type GraphOutcome, runGraph } from './run-graph'
import { createRecord, type Recorder, type RunState, type StepState, takeRecord } from './run-state'
import { type RunEnvironment, restoredOutput, type StepOutput, versionOf } from './run-step'
import type { StepSpec } from './step'
import { type StepStore, stepStore } from './step-store'

/** Everything a run needs, with defaults. */
export interface RunPlan {
  readonly pipeline: string
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly emitter: Emitter<PipelineEvents>
  readonly previous: Map<string, unknown>
  readonly executor: Executor
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

/** Starts a run. */
export async function startRun(plan: RunPlan, input: unknown, seed: number, runId: string = newId()): Promise<RunResult> {
  const now = plan.clock.now()
  const { pipeline, storage } = plan
  const store = storage && stepStore(storage, pipeline)
  const inputDigest = await storeInput(store, input)
  const state: RunState = {
    format: 1,
    pipeline,
    runId,
    status: 'running',
    seed,
    ...(inputDigest === undefined ? {} : { input: inputDigest }),
    startedAt: now,
    updatedAt: now,
    resumes: 0,
    steps: {},
  }
  const controller = new AbortController()
  const recorder = storage && (await createRecord(state, recording(plan, storage, controller)))
  return carryOut(plan, { state, recorder, store, input, inputDigest, controller, restored: new Map() })
}

/** Continues an unfinished run. `given` is the input, if it could not be stored. */
export async function resumeRun(plan: RunPlan, runId: string, takeOver: boolean, given: { readonly input?: unknown }): Promise<RunResult> {
  const { pipeline, storage } = plan
  if (storage === undefined) throw invalidArgument(`resuming a run of pipeline ${show(pipeline)} needs the storage that holds it`)
  const store = stepStore(storage, pipeline)
  const controller = new AbortController()
  const recorder = await takeRecord(pipeline, runId, takeOver, recording(plan, storage, controller))
  try {
    const { state } = recorder
    const input = 'input' in given ? given.input : await storedInput(store, state)
    const inputDigest = 'input' in given ? await storeInput(store, input) : state.input
    const restored = inputDigest === state.input ? await restore(plan.specs, store, state) : new Map()
    return await carryOut(plan, { state, recorder, store, input, inputDigest, controller, restored })
  } finally {
    recorder.stop()
  }
}

/** The state of a run while it is executed. */
interface RunExecution {
  readonly state: RunState
  readonly recorder: Recorder | undefined
  readonly store: StepStore | undefined
  readonly input: unknown
  readonly inputDigest: string | undefined
  readonly controller: AbortController
  readonly restored: Map<string, { readonly result: StepResult; readonly output?: StepOutput | undefined }>
}

async function carryOut(plan: RunPlan, execution: RunExecution): Promise<RunResult> {
  const { recorder, controller, state } = execution
  const { pipeline, clock, emitter } = plan
  const { runId } = state
  const steps: Record<string, StepState> = {}
  for (const [name, { result }] of execution.restored) steps[name] = { ...result, version: versionOf(plan.specs.get(name) as StepSpec) }
  emitter.emit('run-start', { pipeline, runId, resumed: state.resumes > 0 })
  const startedAt = clock.now()
  const outcome = await runGraph(environmentOf(plan, execution), {
    specs: plan.specs,
    concurrency: plan.concurrency,
    stopOnFailure: plan.stopOnFailure,
    signal: plan.signal,
    controller,
    restored: execution.restored,
    async record(step, result) {
      steps[step] = { ...result, version: versionOf(plan.specs.get(step) as StepSpec) }
      await recorder?.save({ steps })
    },
  })
  recorder?.stop()
  const status = statusOf(outcome, plan.signal)
  const endedAt = clock.now()
  let fatal = outcome.fatal
  if (fatal === undefined) {
    await recorder?.save({ status, endedAt, steps }).catch((error: unknown) => {
      fatal = { error }
    })
  }
  const error = fatal?.error ?? (status === 'cancelled' ? plan.signal?.reason : outcome.failed?.error)
  const result = displayPipelineRun(
    runResult(pipeline, runId, fatal === undefined ? status : 'failed', startedAt, endedAt, outcome, plan.specs),
  )
  emitter.emit('run-end', {
    pipeline,
    runId,
    status: result.status,
    durationMs: result.durationMs,
    ...(error === undefined ? {} : { error }),
  })
  if (fatal !== undefined) throw fatal.error
  if (plan.throwOnFailure && status === 'cancelled') throw error
  if (plan.throwOnFailure && outcome.failed !== undefined) throw runFailed(result, outcome.failed)
  return result
}

function statusOf(outcome: GraphOutcome, signal: AbortSignal | undefined): PipelineStatus {
  const statuses = [...outcome.results.values()].map((result) => result.status)
  if (outcome.failed !== undefined || outcome.fatal !== undefined) return 'failed'
  // A signal that aborts after the last step has ended cancels nothing.
  const cut = statuses.includes('cancelled') || [...outcome.results.values()].some((result) => result.reason === stopReason(signal))
  return signal?.aborted && cut ? 'cancelled' : 'finished'
}

function stopReason(signal: AbortSignal | undefined): string {
  return signal?.reason instanceof Error ? signal.reason.message : 'the run was stopped'
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

function environmentOf(plan: RunPlan, execution: RunExecution): RunEnvironment {
  const { pipeline, clock, emitter, force, logger } = plan
  const { runId, seed } = execution.state
  return {
    pipeline,
    runId,
    input: execution.input,
    inputDigest: execution.inputDigest,
    seed,
    clock,
    executor: plan.executor,
    store: execution.store,
    previous: plan.previous,
    ignoresCache: (step) => (typeof force === 'boolean' ? force : force.includes(step)),
    emit(type, event) {
      if (type === 'step-log') logger.info(`${pipeline}/${(event as { step: string }).step}: ${(event as { message: string }).message}`)
      emitter.emit(type, event)
    },
    progress: progressReporter(plan.onProgress, { clock, everyMs: 0 }),
  }
}

function recording(plan: RunPlan, storage: ObjectStore, controller: AbortController): Parameters<typeof createRecord>[1] {
  return { storage, clock: plan.clock, leaseMs: plan.leaseMs, onLost: (error) => controller.abort(error) }
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

/**
 * The steps that need not run again: they succeeded, their code is the same, their output is still stored, and the same holds for
 * all steps they need.
 */
async function restore(specs: ReadonlyMap<string, StepSpec>, store: StepStore, state: RunState): Promise<RunExecution['restored']> {
  const restored: RunExecution['restored'] = new Map()
  for (const [name, spec] of specs) {
    const { version, ...result } = (Object.hasOwn(state.steps, name) ? state.steps[name] : {}) as Partial<StepState>
    if (result.status !== 'succeeded' && result.status !== 'cached') continue
    if (result.digest === undefined || version !== versionOf(spec) || !spec.needs.every((need) => restored.has(need))) continue
    const output = await restoredOutput(store, spec, result.digest)
    if (output !== undefined) restored.set(name, { result: { ...(result as StepResult), restored: true }, output })
  }
  return restored
}
