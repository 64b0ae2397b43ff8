/** Executes the graph: starts steps that are ready, up to the limit, and stops steps that a failure makes useless. */
import { MillwrightError, show } from '../core/errors'
import { errorRecord, type StepResult } from './result'
import { type RunEnvironment, runStep, type StepOutcome, type StepOutput } from './run-step'
import type { StepSpec } from './step'

/** What executing the graph needs besides its environment. */
export interface GraphRun {
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly concurrency: number
  /** Whether a failure stops the steps that do not depend on it, too. */
  readonly stopOnFailure: boolean
  /** The caller's cancellation. */
  readonly signal: AbortSignal | undefined
  /** Cancels the steps; they get its signal. */
  readonly controller: AbortController
  /** Steps that need not run again. */
  readonly restored: ReadonlyMap<string, { readonly result: StepResult; readonly output?: StepOutput | undefined }>
  /** Called with each result, before steps that need it start. A rejection ends the run. */
  readonly record: (step: string, result: StepResult) => Promise<void>
}

/** The results of the steps. */
export interface GraphOutcome {
  readonly results: Map<string, StepResult>
  readonly outputs: Map<string, StepOutput>
  /** The first failure, if any. */
  readonly failed?: { readonly step: string; readonly error: unknown } | undefined
  /** An error that ended the run and is not of a step: of the storage, or a lost lease. */
  readonly fatal?: { readonly error: unknown } | undefined
}

/** Runs all steps. Never rejects: errors are in the outcome. When several steps are ready, they start in the order of their definition. */
export async function runGraph(environment: RunEnvironment, run: GraphRun): Promise<GraphOutcome> {
  const results = new Map<string, StepResult>()
  const outputs = new Map<string, StepOutput>()
  const pending = new Map(run.specs)
  const active = new Map<string, Promise<void>>()
  let failed: { step: string; error: unknown } | undefined
  let fatal: { error: unknown } | undefined
  const { controller } = run
  const onAbort = (): void => controller.abort(run.signal?.reason)
  if (run.signal?.aborted) onAbort()
  run.signal?.addEventListener('abort', onAbort, { once: true })

  const settle = async (step: string, result: StepResult, output: StepOutput | undefined): Promise<void> => {
    if (output !== undefined) outputs.set(step, output)
    try {
      await run.record(step, result)
    } catch (error) {
      fatal ??= { error }
      controller.abort(error)
    }
    results.set(step, result)
    environment.emit('step-end', { pipeline: environment.pipeline, runId: environment.runId, step, result })
    environment.progress({ phase: 'pipeline', done: results.size, total: run.specs.size, unit: 'steps' })
  }

  const start = async (spec: StepSpec): Promise<void> => {
    const startedAt = environment.clock.now()
    let outcome: StepOutcome | undefined
    let stopped: unknown
    try {
      const needed = Object.fromEntries(spec.needs.map((need) => [need, outputs.get(need) as StepOutput]))
      outcome = await runStep(environment, spec, needed, controller.signal)
    } catch (error) {
      stopped = error
      if (!controller.signal.aborted) {
        // Not an error of the step, which runStep would have turned into an outcome.
        fatal ??= { error }
        controller.abort(error)
      }
    }
    const result = resultOf(outcome, stopped, startedAt, environment.clock.now())
    if (result.status === 'failed') {
      failed ??= { step: spec.name, error: outcome?.error }
      if (run.stopOnFailure) controller.abort(stoppedBy(environment.pipeline, spec.name))
    }
    await settle(spec.name, result, outcome?.output)
  }

  for (const [step, { result, output }] of run.restored) {
    pending.delete(step)
    results.set(step, result)
    if (output !== undefined) outputs.set(step, output)
  }
  for (;;) {
    const turn = nextStep(pending, results, controller.signal)
    if (turn !== undefined && 'reason' in turn) {
      pending.delete(turn.spec.name)
      const now = environment.clock.now()
      await settle(
        turn.spec.name,
        { status: 'skipped', attempts: 0, startedAt: now, endedAt: now, durationMs: 0, reason: turn.reason },
        undefined,
      )
    } else if (turn !== undefined && active.size < run.concurrency) {
      const { name } = turn.spec
      pending.delete(name)
      active.set(
        name,
        start(turn.spec).finally(() => active.delete(name)),
      )
    } else if (active.size > 0) await Promise.race(active.values())
    else break
  }
  run.signal?.removeEventListener('abort', onAbort)
  return { results, outputs, failed, fatal }
}

/** The first step that can start, or the first that never can and the reason. */
function nextStep(
  pending: ReadonlyMap<string, StepSpec>,
  results: ReadonlyMap<string, StepResult>,
  signal: AbortSignal,
): { readonly spec: StepSpec; readonly reason: string } | { readonly spec: StepSpec } | undefined {
  for (const spec of pending.values()) {
    const without = spec.needs.find((need) => ['failed', 'skipped', 'cancelled'].includes(results.get(need)?.status ?? ''))
    if (without !== undefined) return { spec, reason: `it needs ${show(without)}, which was ${results.get(without)?.status}` }
    if (signal.aborted) return { spec, reason: signal.reason instanceof Error ? signal.reason.message : 'the run was stopped' }
    if (spec.needs.every((need) => results.has(need))) return { spec }
  }
  return undefined
}

function resultOf(outcome: StepOutcome | undefined, stopped: unknown, startedAt: number, endedAt: number): StepResult {
  const times = { startedAt, endedAt, durationMs: endedAt - startedAt }
  if (outcome === undefined) return { status: 'cancelled', attempts: 1, ...times, error: errorRecord(stopped) }
  const { status, attempts, error, reason, output } = outcome
  return {
    status,
    attempts,
    ...times,
    ...(error === undefined ? {} : { error: errorRecord(error) }),
    ...(reason === undefined ? {} : { reason }),
    ...(output?.digest === undefined ? {} : { digest: output.digest }),
  }
}

function stoppedBy(pipeline: string, step: string): MillwrightError {
  return new MillwrightError('InvalidState', `pipeline ${show(pipeline)} stopped because step ${show(step)} failed`)
}
