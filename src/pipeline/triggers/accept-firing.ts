/** Decides what becomes of a firing, and stores it: accepted, skipped, or known already. */

import { fromUtf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { newId } from '../../core/ids'
import { valueCodec } from '../codec'
import { type EndedRun, knownRun, type PendingRun, type ScheduleRecord, type ScheduleState, withEnded } from './schedule-record'
import type { FiringReceipt, OverlapPolicy, TriggerFiring } from './trigger'

/** Most runs that wait. */
export const mostPending = 1000

/** A firing with all that deciding needs. */
export interface FiringRequest {
  readonly trigger: string
  readonly firing: TriggerFiring
  readonly overlap: OverlapPolicy
}

/** Longest stored input of a run. */
const longestInput = 65_536

/** Stores a firing in one write, with the trigger's cursor. @throws RateLimited when too many runs wait; what the storage throws */
export async function acceptFiring(record: ScheduleRecord, request: FiringRequest, clock: Clock): Promise<FiringReceipt> {
  const { trigger, firing, overlap } = request
  const input = await encodedInput(trigger, firing.input)
  const acceptedAt = clock.now()
  const dueAt = firing.dueAt ?? acceptedAt
  const { reason, key } = firing
  const facts = { runId: runIdOf(trigger, dueAt, key), trigger, ...(key === undefined ? {} : { key }), reason, dueAt, acceptedAt }
  let receipt: FiringReceipt = { runId: facts.runId, status: 'accepted' }
  let isTried = false
  await record.update((state) => {
    const seen = firing.cursor === undefined ? state : { ...state, cursors: { ...state.cursors, [trigger]: firing.cursor } }
    const known = knownRun(state, trigger, facts)
    if (known !== undefined) {
      // Its own write, whose answer was lost, counts as accepted.
      if (!isTried) receipt = { runId: known.runId, status: 'known' }
      return seen === state ? undefined : seen
    }
    isTried = true
    const decided = decide(seen, { ...facts, status: 'waiting', ...(input === undefined ? {} : { input }) }, overlap)
    receipt = decided.receipt
    return decided.state
  })
  return receipt
}

async function encodedInput(trigger: string, input: unknown): Promise<string | undefined> {
  if (input === undefined) return undefined
  const bytes = await valueCodec().encode(input)
  if (bytes.length <= longestInput) return fromUtf8(bytes)
  throw invalidArgument(
    `the input of a run that trigger ${show(trigger)} starts must be at most ${longestInput} bytes, got ${bytes.length}`,
    {
      hint: 'Store the data and pass where it lies.',
    },
  )
}

function decide(
  state: ScheduleState,
  run: Omit<PendingRun, 'overlap'>,
  overlap: OverlapPolicy,
): { readonly state: ScheduleState; readonly receipt: FiringReceipt } {
  const { runId } = run
  const present = state.pending[0]
  if (overlap === 'skip' && present !== undefined) {
    const why = `run ${present.runId} has not ended`
    const { status: _, input: __, ...facts } = run
    const ended: EndedRun = { ...facts, status: 'skipped', endedAt: run.acceptedAt, why }
    return { state: { ...state, ended: [...state.ended, ended] }, receipt: { runId, status: 'skipped', why } }
  }
  if (state.pending.length >= mostPending) {
    throw new MillwrightError(
      'RateLimited',
      `schedule ${show(state.schedule)} of pipeline ${show(state.pipeline)} has ${mostPending} runs waiting`,
    )
  }
  const base = overlap === 'replace' ? withoutWaiting(state, run) : state
  // A run that may be skipped and was not waits for nothing.
  const pending: PendingRun = { ...run, overlap: overlap === 'skip' ? 'queue' : overlap }
  return { state: { ...base, pending: [...base.pending, pending] }, receipt: { runId, status: 'accepted' } }
}

function withoutWaiting(state: ScheduleState, by: { readonly runId: string; readonly acceptedAt: number }): ScheduleState {
  const waiting = state.pending.filter(({ status }) => status === 'waiting')
  const end = { status: 'skipped', endedAt: by.acceptedAt, why: `replaced by run ${by.runId}` } as const
  return waiting.reduce((left, { runId }) => withEnded(left, runId, end), state)
}

/** The id of the run: the same for the same event, so that two processes can never run one twice. */
function runIdOf(trigger: string, dueAt: number, key: string | undefined): string {
  const stamp = new Date(dueAt).toISOString().replace(/[-:.]/g, '')
  return `${trigger}-${stamp}-${(key === undefined ? newId() : sha256Hex(`${trigger} ${key}`)).slice(0, 8)}`
}
