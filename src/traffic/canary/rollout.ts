/** The record of a rollout, and how it changes: a state machine without I/O. */
import * as z from 'zod/mini'
import { storedFormat } from '../../core/stored'
import type { CheckResult } from './checks'

/** Where a rollout is. `promoting` lasts while the promotion is carried out. */
export type CanaryPhase = 'running' | 'paused' | 'promoting' | 'promoted' | 'rolled-back'

/** One step of a rollout. */
export interface CanaryStep {
  /** The candidate's share of the units. 0 is a shadow step: the candidate gets copies, and its answers are dropped. */
  readonly weight: number
  /** Fewest rows of the candidate in this step. @default 100 */
  readonly minRows?: number | undefined
  /** Shortest time, in milliseconds. @default 0 */
  readonly minMs?: number | undefined
  /** Ends with a pause: somebody must call `resume`. @default false */
  readonly pause?: boolean | undefined
}

/** The last result of a check. */
export interface CheckState {
  readonly name: string
  readonly verdict: CheckResult['verdict'] | 'error'
  readonly text: string
  /** Failures in this step, and errors in a row. */
  readonly failures: number
  readonly errors: number
}

/** One line of the history. */
export interface CanaryEntry {
  readonly at: number
  readonly phase: CanaryPhase
  readonly step: number
  readonly weight: number
  /** Why, with the numbers. */
  readonly reason: string
}

/** The stored record. */
export interface RolloutRecord {
  readonly formatVersion: 1
  /** Unique to this rollout. */
  readonly id: string
  readonly name: string
  /** What decides which units come first, where it was given. */
  readonly salt?: string | undefined
  readonly stable: string
  readonly candidate: string
  readonly phase: CanaryPhase
  /** Index of the step. */
  readonly step: number
  readonly startedAt: number
  readonly stepStartedAt: number
  /** When the checks were evaluated last, by any process. */
  readonly checkedAt: number
  readonly checks: readonly CheckState[]
  /** Which process carries out the promotion, since when. */
  readonly promoter?: { readonly id: string; readonly at: number } | undefined
  readonly history: readonly CanaryEntry[]
}

/** Lines of history that are kept: the first, and the last ones. */
const MAX_HISTORY = 200

/** The format of the record. */
export const rolloutFormat = /* @__PURE__ */ storedFormat<RolloutRecord>(
  () =>
    z.looseObject({
      formatVersion: z.literal(1),
      ...{ id: z.string(), name: z.string(), stable: z.string(), candidate: z.string(), phase: phaseOf() },
      ...{ step: z.int().check(z.gte(0)), startedAt: z.number(), stepStartedAt: z.number(), checkedAt: z.number() },
      checks: z.array(
        z.looseObject({
          ...{ name: z.string(), text: z.string(), failures: z.number(), errors: z.number() },
          verdict: z.enum(['pass', 'fail', 'inconclusive', 'error']),
        }),
      ),
      salt: z.optional(z.string()),
      promoter: z.optional(z.looseObject({ id: z.string(), at: z.number() })),
      history: z.array(z.looseObject({ at: z.number(), phase: phaseOf(), step: z.number(), weight: z.number(), reason: z.string() })),
    }),
  { field: 'formatVersion', reads: 1 },
)

function phaseOf() {
  return z.enum(['running', 'paused', 'promoting', 'promoted', 'rolled-back'])
}

/** The candidate's share. */
export function weightOf({ phase, step }: Pick<RolloutRecord, 'phase' | 'step'>, steps: readonly CanaryStep[]): number {
  if (phase === 'rolled-back') return 0
  if (phase === 'promoting' || phase === 'promoted') return 1
  return steps[Math.min(step, steps.length - 1)]?.weight as number
}

/** The record after a move to another phase or step, which is written to the history. */
export function moved(
  record: RolloutRecord,
  to: Partial<Pick<RolloutRecord, 'phase' | 'step' | 'promoter'>>,
  { at, reason, steps }: { readonly at: number; readonly reason: string; readonly steps: readonly CanaryStep[] },
): RolloutRecord {
  const next = { ...record, ...to }
  const isStep = next.step !== record.step
  const entry: CanaryEntry = { at, phase: next.phase, step: next.step, weight: weightOf(next, steps), reason }
  const history = [...record.history, entry]
  const kept = history.length <= MAX_HISTORY ? history : [history[0] as CanaryEntry, ...history.slice(1 - MAX_HISTORY)]
  return { ...next, history: kept, ...(isStep ? { stepStartedAt: at, checks: [] } : {}) }
}

/** What the checks and the progress of a step lead to. */
export interface StepOutlook {
  readonly steps: readonly CanaryStep[]
  readonly checks: readonly CheckState[]
  readonly limits: readonly { readonly failureLimit: number; readonly errorLimit: number }[]
  /** Rows that the candidate was asked for in this step. */
  readonly candidateRows: number
  readonly at: number
  /** How long a step may go on without passing. */
  readonly deadlineMs: number
}

/** The record after an evaluation. Rules: a check beyond its limit rolls back; a step that has its rows and time, and whose checks all pass, is left. */
export function afterChecks(record: RolloutRecord, outlook: StepOutlook): RolloutRecord {
  const { steps, checks, limits, candidateRows, at, deadlineMs } = outlook
  const seen = { ...record, checks, checkedAt: at }
  const move = (to: Parameters<typeof moved>[1], reason: string): RolloutRecord => moved(seen, to, { at, reason, steps })
  const broken = checks.find(({ failures, errors }, i) => {
    const { failureLimit, errorLimit } = limits[i] as StepOutlook['limits'][number]
    return failures > failureLimit || errors > errorLimit
  })
  if (broken !== undefined) return move({ phase: 'rolled-back' }, `${broken.name}: ${broken.text}`)
  const step = steps[record.step] as CanaryStep
  const spent = at - record.stepStartedAt
  const isDue = candidateRows >= (step.minRows ?? 100) && spent >= (step.minMs ?? 0)
  if (isDue && checks.every(({ verdict }) => verdict === 'pass')) {
    const reason = checks.length === 0 ? 'no checks' : checks.map(({ name, text }) => `${name}: ${text}`).join('; ')
    if (step.pause) return move({ phase: 'paused' }, `waits for a person; ${reason}`)
    if (record.step + 1 < steps.length) return move({ step: record.step + 1 }, reason)
    return move({ phase: 'promoting' }, reason)
  }
  if (spent <= deadlineMs) return seen
  const open = checks.filter(({ verdict }) => verdict !== 'pass').map(({ name, text }) => `${name}: ${text}`)
  const why = open.length > 0 ? open.join('; ') : `${candidateRows} of ${step.minRows ?? 100} rows`
  return move({ phase: 'paused' }, `no decision in ${Math.round(deadlineMs / 60_000)} minutes; ${why}`)
}
