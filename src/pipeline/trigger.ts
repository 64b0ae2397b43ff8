/** Trigger rules: whether a step starts, waits, or is skipped, by how the steps that it needs have ended. */
import { show } from '../core/errors'
import type { StepResult } from './result'
import type { StepSpec } from './step'

/** What is known when a step is considered. */
export interface Known {
  readonly results: ReadonlyMap<string, StepResult>
  readonly signal: AbortSignal
}

/** Start it, wait, or skip it for a reason. */
export type Decision = 'start' | 'wait' | { readonly reason: string; readonly blocked: boolean }

/** Whether a step that is needed failed, was cancelled, or could not run because of that. */
function isBroken(result: StepResult | undefined): boolean {
  return result !== undefined && (result.status === 'failed' || result.status === 'cancelled' || result.blocked === true)
}

/** Decides about one step. */
export function decide(spec: StepSpec, known: Known): Decision {
  const { needs, trigger } = spec
  const { results, signal } = known
  const broken = needs.find((need) => isBroken(results.get(need)))
  const stops = trigger === 'all-success' || trigger === 'none-failed'
  if (stops && broken !== undefined) return { reason: reasonOf(broken, results), blocked: true }
  const allEnded = needs.every((need) => results.has(need))
  const without = trigger === 'all-success' ? needs.find((need) => hasNoOutput(results.get(need))) : undefined
  // While another one may still fail, it is not known whether this step is left out because of a failure.
  if (without !== undefined && allEnded) return { reason: reasonOf(without, results), blocked: false }
  if (signal.aborted) return { reason: stopReason(signal), blocked: true }
  if (!allEnded) return 'wait'
  if (trigger === 'one-failed' && broken === undefined) return { reason: 'none of the steps that it needs failed', blocked: false }
  return 'start'
}

/** Why a stopped run did not start a step. */
export function stopReason(signal: AbortSignal | undefined): string {
  return signal?.reason instanceof Error ? signal.reason.message : 'the run was stopped'
}

function reasonOf(need: string, results: Known['results']): string {
  return `it needs ${show(need)}, which was ${results.get(need)?.status}`
}

function hasNoOutput(result: StepResult | undefined): boolean {
  return result !== undefined && ['failed', 'skipped', 'cancelled'].includes(result.status)
}

/** Step → the steps that need it, in the order of their definition. */
export function dependentsOf(specs: ReadonlyMap<string, StepSpec>): Map<string, StepSpec[]> {
  const dependents = new Map<string, StepSpec[]>()
  for (const spec of specs.values()) {
    for (const need of spec.needs) {
      const known = dependents.get(need)
      if (known === undefined) dependents.set(need, [spec])
      else known.push(spec)
    }
  }
  return dependents
}
