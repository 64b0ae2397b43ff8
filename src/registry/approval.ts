/** Approval of a promotion by a person or another system. Loaded only where a promotion has an approver. */
import type { Awaitable } from '../core/awaitable'
import { invalidArgument, show } from '../core/errors'
import { abortable } from '../core/signal'
import type { GateVerdict } from '../ports/registry-backend'
import type { ModelVersion } from './model-version'

/** The promotion that an approver decides on. */
export interface ApprovalRequest {
  readonly alias: string
  readonly candidate: ModelVersion
  /** The version the alias points to now. */
  readonly current?: ModelVersion | undefined
  /** The verdicts of the gates. All have passed. */
  readonly verdicts: readonly GateVerdict[]
  readonly reason?: string | undefined
  /** The user who promotes. */
  readonly by?: string | undefined
}

/** A decision with a name and a reason, which are written to the history. */
export interface ApprovalAnswer {
  readonly approved: boolean
  readonly by?: string | undefined
  readonly reason?: string | undefined
}

/** Decides on a promotion. May take days. An error ends the promotion. */
export type Approver = (request: ApprovalRequest) => Awaitable<boolean | ApprovalAnswer>

/** Calls the approver and returns its decision as a verdict. @throws InvalidArgument for a wrong answer, the signal's reason, the approver's errors */
export async function askApproval(approver: Approver, request: ApprovalRequest, signal?: AbortSignal): Promise<GateVerdict> {
  const work = Promise.resolve(approver(request))
  const given = await (signal === undefined ? work : abortable(work, signal))
  const answer: ApprovalAnswer = typeof given === 'boolean' ? { approved: given } : given
  if (typeof answer?.approved !== 'boolean')
    throw invalidArgument(`an approver must answer with a boolean or { approved }, got ${show(given)}`)
  const { approved, by, reason } = answer
  const parts = [approved ? 'approved' : 'refused', by === undefined ? '' : ` by ${by}`, reason === undefined ? '' : `: ${reason}`]
  return { gate: 'approval', passed: approved, required: 'approval', measured: parts.join('') }
}
