/** Undoes the effects of a run that did not succeed: the compensations of its steps, the last one first. */
import { abortable } from '../core/signal'
import { itemWork, listOf } from './map-step'
import type { StepResult } from './result'
import type { RunEnvironment } from './run-environment'
import { argumentsOf, type GraphOutcome } from './run-graph'
import type { StepSpec } from './step'

/** What compensating needs besides its environment. */
export interface Compensation {
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly outcome: GraphOutcome
  /** Why the run did not succeed. */
  readonly error: unknown
  readonly signal: AbortSignal
  /** Called with the changed result of each compensated step. */
  readonly record: (step: string, result: StepResult) => Promise<void>
}

/** Calls the compensations. One that throws is reported as an event and in the step's result; the others go on. */
export async function compensate(environment: RunEnvironment, run: Compensation): Promise<void> {
  const { pipeline, runId } = environment
  for (const [name, result] of [...run.outcome.results].reverse()) {
    const spec = run.specs.get(name) as StepSpec
    if (spec.compensate === undefined) continue
    const calls = callsOf(environment, spec, run, result)
    if (calls.length === 0) continue
    let failure: unknown
    for (const call of calls.reverse()) {
      try {
        await abortable(call(), run.signal)
      } catch (error) {
        failure ??= environment.secrets.redactError(error)
      }
    }
    const changed: StepResult = { ...result, compensation: failure === undefined ? 'done' : 'failed' }
    run.outcome.results.set(name, changed)
    environment.emit('step-compensated', { pipeline, runId, step: name, ...(failure === undefined ? {} : { error: failure }) })
    await run.record(name, changed)
  }
}

/** One call for a step, one for each succeeded item of a map step. */
function callsOf(environment: RunEnvironment, spec: StepSpec, run: Compensation, result: StepResult): (() => Promise<void>)[] {
  const { pipeline, runId, secrets } = environment
  const { outputs } = run.outcome
  const needed = Object.fromEntries(
    spec.needs.flatMap((need) => (outputs.has(need) ? [[need, outputs.get(need) as { value: unknown }]] : [])),
  )
  const context = {
    ...argumentsOf(spec, needed, environment),
    error: run.error,
    secrets: secrets.of(spec),
    runId,
    signal: run.signal,
    log: (message: string) => environment.emit('step-log', { pipeline, runId, step: spec.name, message: secrets.redact(String(message)) }),
  }
  const call = async (more: object): Promise<void> =>
    spec.compensate?.({ ...context, ...more } as unknown as Parameters<NonNullable<typeof spec.compensate>>[0])
  if (spec.over === undefined) {
    return result.status === 'succeeded' ? [() => call({ output: outputs.get(spec.name)?.value })] : []
  }
  const list = listOf(pipeline, { spec, needed })
  if (list instanceof Error) return []
  // A restored map step has only its output as a whole.
  const values = run.outcome.itemOutputs.get(spec.name) ?? wholeOutput(outputs.get(spec.name)?.value)
  return (result.items ?? []).flatMap((item, index) => {
    if (item.status !== 'succeeded') return []
    const { args } = itemWork({ spec, needed, upstream: {}, args: argumentsOf(spec, needed, environment) }, list, index)
    return [() => call({ item: args.item, index, output: values?.[index]?.value })]
  })
}

function wholeOutput(list: unknown): readonly { readonly value: unknown }[] {
  return Array.isArray(list) ? list.map((value) => ({ value })) : []
}
