/** Asking a person, or whatever answers for one, before an alias moves. Loaded only where a promotion asks. */
import type { Awaitable } from '../core/awaitable'
import { invalidArgument, show } from '../core/errors'
import { abortable } from '../core/signal'
import type { GateVerdict } from '../ports/registry-backend'
import type { ModelVersion } from './model-version'

/** What the approver is asked. */
export interface ApprovalRequest {
  readonly alias: string
  readonly candidate: ModelVersion
  /** The version the alias points to now. */
  readonly current?: ModelVersion | undefined
  /** What the gates said; all of them passed. */
  readonly verdicts: readonly GateVerdict[]
  readonly reason?: string | undefined
  /** Who asks. */
  readonly by?: string | undefined
}

/** An answer with a name and a reason; both are kept in the history. */
export interface ApprovalAnswer {
  readonly approved: boolean
  readonly by?: string | undefined
  readonly reason?: string | undefined
}

/** Asks; may take days. What it throws ends the promotion. */
export type Approver = (request: ApprovalRequest) => Awaitable<boolean | ApprovalAnswer>

/** The answer as a verdict. @throws InvalidArgument for an answer that is neither, the signal's reason, and what the approver throws */
export async function askApproval(approver: Approver, request: ApprovalRequest, signal?: AbortSignal): Promise<GateVerdict> {
  const work = Promise.resolve(approver(request))
  const given = await (signal === undefined ? work : abortable(work, signal))
  const answer: ApprovalAnswer = typeof given === 'boolean' ? { approved: given } : given
  if (typeof answer?.approved !== 'boolean')
    throw invalidArgument(`an approver must answer with a boolean or { approved }, got ${show(given)}`)
  const { approved, by, reason } = answer
  const words = [approved ? 'approved' : 'refused', by === undefined ? '' : ` by ${by}`, reason === undefined ? '' : `: ${reason}`]
  return { gate: 'approval', passed: approved, required: 'approval', measured: words.join('') }
}
