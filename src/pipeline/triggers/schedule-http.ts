/** The web-standard handler of a schedule's HTTP triggers. */
import { fromUtf8 } from '../../core/bytes'
import { type ErrorCode, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { chunksOf, readBytes } from '../../core/read-bytes'
import type { ScheduleState } from './schedule-record'
import type { FiringReceipt, Trigger, TriggerFiring } from './trigger'

/** What the handler needs of its schedule. */
export interface HttpSchedule {
  readonly triggers: ReadonlyMap<string, Trigger>
  readonly state: () => Promise<ScheduleState>
  readonly fire: (trigger: string, firing: TriggerFiring) => Promise<FiringReceipt>
  readonly onError: (error: unknown) => void
}

const longestBody = 65_536

const statusOf: Readonly<Partial<Record<ErrorCode, number>>> = {
  InvalidArgument: 400,
  Corrupt: 400,
  Unsupported: 413,
  RateLimited: 429,
  Unavailable: 503,
}

/**
 * `POST …/<trigger>` fires: 202 accepted, 200 known already, 409 skipped. `GET …/<trigger>` tells what waits, runs and ended. 401 without the
 * token, 404 for a name that is not that of an HTTP trigger.
 */
export async function handleTrigger(schedule: HttpSchedule, request: Request): Promise<Response> {
  const name = decoded(new URL(request.url).pathname.split('/').at(-1) ?? '')
  const trigger = schedule.triggers.get(name)
  if (trigger?.authorise === undefined) return refusal(404, 'NotFound', `there is no HTTP trigger ${show(name)}`)
  const refused = await trigger.authorise(request)
  if (refused !== undefined) return refused
  try {
    if (request.method === 'GET') return Response.json(await outline(schedule, name))
    if (request.method !== 'POST') return refusal(405, 'Unsupported', 'a trigger takes GET and POST', { allow: 'GET, POST' })
    const key = request.headers.get('idempotency-key')
    const input = await bodyOf(request)
    const firing = { reason: 'an HTTP request', ...(input === undefined ? {} : { input }), ...(key === null || key === '' ? {} : { key }) }
    const receipt = await schedule.fire(name, firing)
    return Response.json(receipt, { status: { accepted: 202, known: 200, skipped: 409 }[receipt.status] })
  } catch (error) {
    const status = isMillwrightError(error) ? statusOf[error.code] : undefined
    if (status !== undefined && isMillwrightError(error)) return refusal(status, error.code, error.message)
    schedule.onError(error)
    return refusal(500, 'Internal', 'the trigger failed')
  }
}

async function outline({ state }: HttpSchedule, name: string): Promise<object> {
  const { pending, ended } = await state()
  return {
    trigger: name,
    pending: pending.filter(({ trigger }) => trigger === name).map(({ input: _, ...rest }) => rest),
    ended: ended.filter(({ trigger }) => trigger === name).slice(-20),
  }
}

async function bodyOf(request: Request): Promise<unknown> {
  if (request.body === null) return undefined
  const bytes = await readBytes(chunksOf(request.body, request.signal), { maxBytes: longestBody })
  if (bytes === undefined) throw new MillwrightError('Unsupported', `the body of the request must be at most ${longestBody} bytes`)
  return bytes.length === 0 ? undefined : parseJson(fromUtf8(bytes), 'the body of the request')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function refusal(status: number, code: ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ error: { code, message } }, { status, headers })
}
