/** The result of a run that another process carried out, read from the storage. */
import { displayPipelineRun } from './display-runs'
import type { RunResult, StepResult } from './result'
import type { RunState } from './run-state'
import type { StepSpec } from './step'
import { decodeOutput, type StepStore } from './step-store'

/** The result with its outputs; those that could not be stored are missing. */
export async function storedResult(specs: ReadonlyMap<string, StepSpec>, store: StepStore, state: RunState): Promise<RunResult> {
  const { pipeline, runId, startedAt, endedAt = state.updatedAt } = state
  const outputs: Record<string, unknown> = {}
  const steps: Record<string, StepResult> = {}
  for (const [name, { version: _, params: __, ...result }] of Object.entries(state.steps)) {
    steps[name] = result
    const spec = specs.get(name)
    if (spec !== undefined && result.digest !== undefined) outputs[name] = await decodeOutput(store, spec, result.digest)
  }
  const status = state.status === 'running' ? 'cancelled' : state.status
  return displayPipelineRun({ pipeline, runId, status, startedAt, endedAt, durationMs: endedAt - startedAt, steps, outputs })
}
