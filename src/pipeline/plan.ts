/** What a run would do, found out without running a step. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import type { Work } from './attempt'
import { itemWork, listOf } from './map-step'
import type { RunEnvironment, StepOutput } from './run-environment'
import { argumentsOf } from './run-graph'
import { cacheEntry } from './run-step'
import type { StepSpec } from './step'
import { encodeItems } from './step-store'

/**
 * What would happen to a step: `run` its function is called; `cached` its stored output is used; `maybe` that depends on an output that is not
 * known before the run; `skip` its condition does not hold, or a step that it needs is skipped.
 */
export type PlannedAction = 'run' | 'cached' | 'maybe' | 'skip'

/** What would happen to one step, and why. */
export interface PlannedStep {
  readonly step: string
  readonly action: PlannedAction
  readonly reason: string
  /** Of a map step whose list is known: how many items would run, and how many there are. */
  readonly items?: { readonly run: number; readonly total: number } | undefined
}

/** What a run would do. Plain JSON; steps in the order of their definition. */
export interface PipelinePlan {
  readonly pipeline: string
  readonly steps: readonly PlannedStep[]
}

/** What planning needs: the environment of a run that does not start. */
export type PlanEnvironment = Omit<RunEnvironment, 'executor' | 'secrets'>

/** Plans a run. Calls conditions and cache keys whose inputs are stored, but no step. */
export async function planRun(environment: PlanEnvironment, specs: ReadonlyMap<string, StepSpec>): Promise<PipelinePlan> {
  const planned = new Map<string, PlannedStep>()
  const outputs = new Map<string, StepOutput>()
  const wanted = neededValues(specs)
  for (const spec of specs.values()) {
    const [step, output] = await planStep({ environment, specs, planned, outputs, wanted }, spec)
    planned.set(spec.name, { step: spec.name, ...step })
    if (output !== undefined) outputs.set(spec.name, output)
  }
  return displayPlan({ pipeline: environment.pipeline, steps: [...planned.values()] })
}

interface Planning {
  readonly environment: PlanEnvironment
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly planned: ReadonlyMap<string, PlannedStep>
  readonly outputs: ReadonlyMap<string, StepOutput>
  readonly wanted: ReadonlySet<string>
}

type Planned = [Omit<PlannedStep, 'step'>, StepOutput?]

/** Steps whose stored output must be read, because a condition, a key or a list is made from it; of the others it is enough that it is there. */
function neededValues(specs: ReadonlyMap<string, StepSpec>): Set<string> {
  const wanted = new Set<string>()
  for (const spec of specs.values()) {
    const asks = spec.when !== undefined || (typeof spec.cache === 'object' && spec.cache.key !== undefined)
    for (const need of spec.gets) if (asks || spec.views?.[need] !== undefined) wanted.add(need)
    if (spec.over !== undefined) wanted.add(spec.over)
  }
  return wanted
}

async function planStep(planning: Planning, spec: StepSpec): Promise<Planned> {
  const { environment, planned, outputs } = planning
  const skipped = spec.needs.find((need) => planned.get(need)?.action === 'skip')
  if (spec.trigger === 'all-success' && skipped !== undefined)
    return [{ action: 'skip', reason: `it needs ${show(skipped)}, which is skipped` }]
  if (spec.trigger === 'one-failed') return [{ action: 'skip', reason: 'it runs only when a step that it needs fails' }]
  const unknown = spec.needs.find((need) => !outputs.has(need) && planned.get(need)?.action !== 'skip')
  const because = unknown === undefined ? '' : `the output of ${show(unknown)} is not known before the run`
  if (unknown !== undefined && (spec.cache || spec.when !== undefined)) return [{ action: 'maybe', reason: because }]
  const needed = Object.fromEntries(spec.needs.flatMap((need) => (outputs.has(need) ? [[need, outputs.get(need) as StepOutput]] : [])))
  const work: Work = { spec, needed, upstream: {}, args: argumentsOf(spec, needed, environment) }
  if (spec.when !== undefined && !(await spec.when(work.args))) return [{ action: 'skip', reason: 'its condition does not hold' }]
  if (!spec.cache) return [{ action: 'run', reason: 'it is not cached' }]
  if (spec.over !== undefined) return planMap(planning, work)
  const entry = await lookUp(planning, work)
  const reason = entry.reason ?? ''
  return entry.output === undefined ? [{ action: 'run', reason }] : [{ action: 'cached', reason }, entry.output]
}

async function planMap(planning: Planning, work: Work): Promise<Planned> {
  const list = listOf(planning.environment.pipeline, work)
  if (list instanceof Error) return [{ action: 'run', reason: list.message }]
  const found: (StepOutput | undefined)[] = []
  const reasons: string[] = []
  for (let index = 0; index < list.length; index++) {
    const { output, reason = '' } = await lookUp(planning, itemWork(work, list, index))
    found.push(output)
    if (output === undefined) reasons.push(`item ${index}: ${reason}`)
    else if (index === 0) reasons.push(reason)
  }
  const run = found.filter((output) => output === undefined).length
  const items = { run, total: list.length }
  if (run > 0) {
    const first = reasons.find((reason) => reason.startsWith('item '))
    return [{ action: 'run', reason: `${run} of ${list.length} items would run; ${first}`, items }]
  }
  const digests = found.map((output) => output?.digest as string)
  // Only what a run would store has a digest; planning stores nothing.
  const digest = sha256Hex(encodeItems(digests))
  return [
    { action: 'cached', reason: `all ${list.length} items: ${reasons[0] ?? 'there are none'}`, items },
    { value: found.map((output) => output?.value), digest, items: digests },
  ]
}

function lookUp({ environment, wanted }: Planning, work: Work): ReturnType<typeof cacheEntry> {
  const { store } = environment
  if (store === undefined || wanted.has(work.spec.name)) return cacheEntry(environment, work)
  return cacheEntry(environment, work, async (digest) => ((await store.hasValue(digest)) ? { value: undefined, digest } : undefined))
}

function displayPlan(plan: PipelinePlan): PipelinePlan {
  const header = ['step', 'would', 'because']
  const count = (action: PlannedAction): number => plan.steps.filter((step) => step.action === action).length
  const counts = (['run', 'maybe', 'cached', 'skip'] as const).flatMap((action) =>
    count(action) === 0 ? [] : [`${count(action)} ${action}`],
  )
  const head = `Plan of pipeline ${plan.pipeline}: ${counts.join(', ') || 'no steps'}`
  const rows = (): unknown[][] => plan.steps.map(({ step, action, reason }) => [step, action, reason])
  return attachDisplay(plan, {
    text: () => `${head}\n${textTable(header, rows())}`,
    markdown: () => `${head}\n\n${markdownTable(header, rows())}`,
  })
}
