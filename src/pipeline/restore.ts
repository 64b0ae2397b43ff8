/** What a resumed run need not do again. */

import { versionOf } from './cache-key'
import type { RunParams } from './params'
import type { ItemResult, StepResult } from './result'
import type { Restored } from './run-graph'
import type { RunState, StepState } from './run-state'
import { restoredOutput } from './run-step'
import type { StepSpec } from './step'
import type { StepStore } from './step-store'

/** Steps, and items of map steps, whose recorded results still hold. */
export interface RestoredWork {
  readonly steps: Map<string, Restored>
  readonly items: Map<string, Map<number, Restored<ItemResult>>>
}

/** Nothing to restore. */
export function nothingRestored(): RestoredWork {
  return { steps: new Map(), items: new Map() }
}

/**
 * The steps that need not run again: they succeeded and were not compensated, their code and parameters are the same, their output is still
 * stored, and the same holds for all steps they need.
 */
export async function restoreWork(
  specs: ReadonlyMap<string, StepSpec>,
  store: StepStore,
  state: RunState,
  params: RunParams,
): Promise<RestoredWork> {
  const work = nothingRestored()
  for (const [name, spec] of specs) {
    if (!spec.needs.every((need) => work.steps.has(need))) continue
    const found = Object.hasOwn(state.steps, name) ? (state.steps[name] as StepState) : undefined
    const before = found?.params
    if (before !== undefined && spec.params.some((param) => before[param] !== params.digest(param))) continue
    const restored = found && (await restoredStep(store, spec, found))
    if (restored !== undefined) work.steps.set(name, restored)
    else if (spec.over !== undefined) work.items.set(name, await restoredItems(store, spec, state))
  }
  return work
}

async function restoredStep(store: StepStore, spec: StepSpec, { version, params: _, ...result }: StepState): Promise<Restored | undefined> {
  return version === versionOf(spec) ? restoredResult<StepResult>(store, spec, result) : undefined
}

async function restoredItems(store: StepStore, spec: StepSpec, state: RunState): Promise<Map<number, Restored<ItemResult>>> {
  const found = new Map<number, Restored<ItemResult>>()
  const items = state.items !== undefined && Object.hasOwn(state.items, spec.name) ? state.items[spec.name] : undefined
  for (const [index, { version, ...result }] of Object.entries(items ?? {})) {
    const restored = version === versionOf(spec) ? await restoredResult(store, { ...spec, over: undefined }, result) : undefined
    if (restored !== undefined) found.set(Number(index), restored)
  }
  return found
}

async function restoredResult<Result extends ItemResult>(
  store: StepStore,
  spec: StepSpec,
  result: Result,
): Promise<Restored<Result> | undefined> {
  if (result.status !== 'succeeded' && result.status !== 'cached') return undefined
  if (result.digest === undefined || result.compensation !== undefined) return undefined
  const output = await restoredOutput(store, spec, result.digest)
  return output && { result: { ...result, restored: true }, output }
}
