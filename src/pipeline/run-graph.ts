/** Executes the graph: starts steps that are ready, up to the limit, and skips steps that a failure makes useless. */
import { MillwrightError, show } from '../core/errors'
import type { Work } from './attempt'
import { runMapStep } from './map-step'
import { type ItemResult, itemResultOf, type StepResult } from './result'
import type { RunEnvironment, StepOutcome, StepOutput } from './run-environment'
import { type RunSignals, runSignals } from './run-signals'
import { runStep } from './run-step'
import { createSlots, type Slots } from './slots'
import type { StepSpec } from './step'
import type { TrackedRun } from './track-run'
import { decide, dependentsOf, stopReason } from './trigger'

/** A step or item that need not run again. */
export interface Restored<Result = StepResult> {
  readonly result: Result
  readonly output: StepOutput
}

/** What executing the graph needs besides its environment. */
export interface GraphRun {
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly concurrency: number
  /** Whether a failure stops the steps that do not depend on it, too. */
  readonly stopOnFailure: boolean
  /** The caller's cancellation. */
  readonly signal: AbortSignal | undefined
  /** Aborts when the run cannot go on: its lease is lost, or the storage failed. */
  readonly ended: AbortController
  /** Steps that need not run again. */
  readonly restored: ReadonlyMap<string, Restored>
  /** Items of map steps that need not run again. */
  readonly restoredItems: ReadonlyMap<string, ReadonlyMap<number, Restored<ItemResult>>>
  /** Called with each result, before steps that need it start. A rejection ends the run. */
  readonly record: (step: string, result: StepResult) => Promise<void>
  /** Records steps with a tracker. */
  readonly tracked?: TrackedRun | undefined
  readonly recordItem: (step: string, index: number, result: ItemResult) => Promise<void>
}

/** The results of the steps. */
export interface GraphOutcome {
  /** In the order in which the steps ended; restored ones first. */
  readonly results: Map<string, StepResult>
  readonly outputs: Map<string, StepOutput>
  /** Map step with a compensation → outputs of its items. */
  readonly itemOutputs: Map<string, readonly (StepOutput | undefined)[]>
  /** The first failure, if any. */
  readonly failed?: { readonly step: string; readonly error: unknown } | undefined
  /** An error that ended the run and is not of a step: of the storage, or a lost lease. */
  readonly fatal?: { readonly error: unknown } | undefined
}

/** Room for the items of a map step between the order numbers of two steps. */
const ITEMS_PER_STEP = 2 ** 26

/** A graph while it is executed. */
interface Scheduler {
  readonly environment: RunEnvironment
  readonly run: GraphRun
  readonly results: Map<string, StepResult>
  readonly outputs: Map<string, StepOutput>
  readonly itemOutputs: GraphOutcome['itemOutputs']
  readonly slots: Slots
  readonly signals: RunSignals
  /** Step → its place in the definition, as an order of slots. */
  readonly orders: ReadonlyMap<string, number>
  /** Ends the whole run because of an error that is not of a step. */
  readonly endAll: (error: unknown) => void
  failed?: { readonly step: string; readonly error: unknown } | undefined
  fatal?: { readonly error: unknown } | undefined
}

/** Runs all steps. Never rejects: errors are in the outcome. When several steps are ready, they start in the order of their definition. */
export async function runGraph(environment: RunEnvironment, run: GraphRun): Promise<GraphOutcome> {
  const scheduler = createScheduler(environment, run)
  const { results, outputs, itemOutputs, signals, endAll } = scheduler
  const pending = new Map(run.specs)
  const dependents = dependentsOf(run.specs)
  const waiting = new Map([...run.specs.values()].map(({ name, needs }) => [name, needs.length]))
  const told = new Set<string>()
  let open = 0
  let close = (): void => {}
  const finished = new Promise<void>((resolve) => {
    close = resolve
  })
  const consider = (spec: StepSpec): void => {
    if (!pending.has(spec.name)) return
    const decision = decide(spec, { results, signal: signals.of(spec) })
    if (decision === 'wait') return
    pending.delete(spec.name)
    open++
    const skip = decision === 'start' ? undefined : skipped(environment.clock.now(), decision)
    const work = skip === undefined ? start(scheduler, spec, settle) : settle(spec.name, skip, undefined)
    // Neither rejects; whatever did would be an error of this file, and must not leave the run hanging.
    void work.catch(endAll).finally(() => {
      if (--open === 0) close()
    })
  }
  const settle: Settle = async (step, result, output) => {
    if (output !== undefined) outputs.set(step, output)
    await run.record(step, result).catch(endAll)
    results.set(step, result)
    environment.emit('step-end', { pipeline: environment.pipeline, runId: environment.runId, step, result })
    environment.progress({ phase: 'pipeline', done: results.size, total: run.specs.size, unit: 'steps' })
    told.add(step)
    if (scheduler.failed?.step === step) sweep()
    for (const dependent of dependents.get(step) ?? []) {
      const left = (waiting.get(dependent.name) as number) - 1
      waiting.set(dependent.name, left)
      // A step with many needs is looked at when the last one has ended, or when one of them has no output.
      if (left === 0 || output === undefined) consider(dependent)
    }
  }
  const sweep = (): void => {
    // The failure that stops the run is told before the steps that it leaves out.
    if (scheduler.failed !== undefined && !told.has(scheduler.failed.step)) return
    for (const spec of [...pending.values()]) consider(spec)
  }
  for (const [step, { result, output }] of run.restored) {
    pending.delete(step)
    results.set(step, result)
    outputs.set(step, output)
    for (const { name } of dependents.get(step) ?? []) waiting.set(name, (waiting.get(name) as number) - 1)
  }
  signals.onStop(sweep)
  sweep()
  if (open > 0) await finished
  signals.dispose()
  return { results, outputs, itemOutputs, failed: scheduler.failed, fatal: scheduler.fatal }
}

type Settle = (step: string, result: StepResult, output: StepOutput | undefined) => Promise<void>

function createScheduler(environment: RunEnvironment, run: GraphRun): Scheduler {
  const scheduler: Scheduler = {
    environment,
    run,
    results: new Map(),
    outputs: new Map(),
    itemOutputs: new Map(),
    slots: createSlots(run.concurrency),
    signals: runSignals(run.signal, run.ended.signal),
    orders: new Map([...run.specs.keys()].map((name, index) => [name, index * ITEMS_PER_STEP])),
    endAll(error) {
      scheduler.fatal ??= { error }
      run.ended.abort(error)
    },
  }
  return scheduler
}

/** Waits for a slot (the items of a map step have slots of their own), runs the step and settles its result. */
async function start(scheduler: Scheduler, spec: StepSpec, settle: Settle): Promise<void> {
  const { environment, run, signals } = scheduler
  const signal = signals.of(spec)
  const order = scheduler.orders.get(spec.name) as number
  const release = spec.over === undefined ? await scheduler.slots.acquire(order) : undefined
  const startedAt = environment.clock.now()
  if (signal.aborted) {
    await settle(spec.name, skipped(startedAt, { reason: stopReason(signal), blocked: true }), undefined)
    release?.()
    return
  }
  await run.tracked?.begin(spec)
  const [outcome, stopped] = await execute(scheduler, spec, order, signal)
  const endedAt = environment.clock.now()
  const cancelled = { status: 'cancelled', attempts: 1, error: environment.secrets.redactError(stopped) } as const
  const result = itemResultOf(outcome ?? cancelled, startedAt, endedAt)
  if (spec.compensate !== undefined && outcome?.itemOutputs !== undefined) scheduler.itemOutputs.set(spec.name, outcome.itemOutputs)
  if (result.status === 'failed') {
    scheduler.failed ??= { step: spec.name, error: outcome?.error }
    // Known before the others are stopped, so that those that need this step say so.
    scheduler.results.set(spec.name, result)
    if (run.stopOnFailure) signals.stop(stoppedBy(environment.pipeline, spec.name))
  }
  await run.tracked?.end(spec, result, Object.fromEntries(spec.needs.map((need) => [need, scheduler.outputs.get(need)?.digest])))
  await settle(spec.name, result, outcome?.output)
  release?.()
}

async function execute(
  { environment, run, results, outputs, slots, endAll }: Scheduler,
  spec: StepSpec,
  order: number,
  signal: AbortSignal,
): Promise<[StepOutcome | undefined, unknown?]> {
  try {
    const work = workOf(environment, spec, results, outputs)
    if (spec.over === undefined) return [await runStep(environment, work, signal)]
    const restored = run.restoredItems.get(spec.name) ?? new Map()
    const record = (index: number, result: ItemResult): Promise<void> => run.recordItem(spec.name, index, result)
    return [await runMapStep(environment, work, signal, { slots, order, stopOnFailure: run.stopOnFailure, restored, record })]
  } catch (error) {
    // Not an error of the step, which runStep would have turned into an outcome.
    if (!signal.aborted) endAll(error)
    return [undefined, error]
  }
}

function workOf(
  environment: RunEnvironment,
  spec: StepSpec,
  results: ReadonlyMap<string, StepResult>,
  outputs: ReadonlyMap<string, StepOutput>,
): Work {
  const needed = Object.fromEntries(spec.needs.flatMap((need) => (outputs.has(need) ? [[need, outputs.get(need) as StepOutput]] : [])))
  return {
    spec,
    needed,
    upstream: Object.fromEntries(spec.needs.map((need) => [need, results.get(need) as StepResult])),
    args: argumentsOf(spec, needed, environment),
  }
}

/** What the functions of a step are given. */
export function argumentsOf(
  spec: StepSpec,
  needed: Readonly<Record<string, StepOutput>>,
  { input, params }: Pick<RunEnvironment, 'input' | 'params'>,
): Work['args'] {
  return {
    input,
    inputs: Object.fromEntries(spec.gets.flatMap((need) => (needed[need] === undefined ? [] : [[need, needed[need].value]]))),
    params: Object.fromEntries(spec.params.map((name) => [name, params.values[name]])),
  }
}

function skipped(now: number, { reason, blocked }: { readonly reason: string; readonly blocked: boolean }): StepResult {
  return { status: 'skipped', attempts: 0, startedAt: now, endedAt: now, durationMs: 0, reason, ...(blocked ? { blocked } : {}) }
}

function stoppedBy(pipeline: string, step: string): MillwrightError {
  return new MillwrightError('InvalidState', `pipeline ${show(pipeline)} stopped because step ${show(step)} failed`)
}
