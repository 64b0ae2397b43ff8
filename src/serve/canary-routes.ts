/** The routes with which administrators see and steer a canary. */
import { invalidArgument, isMillwrightError, show } from '../core/errors'
import { type HttpAnswer, jsonAnswer, type Route, type RouteContext } from './exchange'
import { type ApiObject, jsonResponse } from './openapi-parts'
import { HttpProblem } from './problem'

/** A rollout that runs: a canary of `millwright/traffic`. */
export interface AdminCanary {
  status(): unknown
  pause(reason: string): Promise<void>
  resume(reason?: string): Promise<void>
  promote(reason: string): Promise<void>
  rollback(reason: string): Promise<void>
}

/** The longest reason, in characters: it is kept in the history of an alias or a rollout. */
export const MAX_REASON = 500

const actions = ['pause', 'resume', 'promote', 'rollback'] as const

/** @throws InvalidArgument for what is no canary */
export function checkCanaries(canaries: unknown): void {
  for (const [name, canary] of Object.entries(canaries ?? {})) {
    const missing = ['status', ...actions].find((method) => typeof (canary as Record<string, unknown> | null)?.[method] !== 'function')
    if (missing !== undefined)
      throw invalidArgument(
        `\`canaries\` of \`admin\` must be canaries by the name of their model, got ${show(canary)} for ${show(name)}`,
        {
          hint: 'createCanary of millwright/traffic makes one',
        },
      )
  }
}

/** Does what an administrator ordered. An order that the present state does not allow is a conflict (409), and not a model that is not ready (503). */
export async function orConflict(code: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    throw isMillwrightError(error, 'InvalidState') ? new HttpProblem(409, code, error.message) : error
  }
}

/** `GET /admin/models/:name/canary`, and `POST` below it `pause`, `resume`, `promote`, `rollback`. `canaries` is read at each request, so canaries may come and go. */
export function canaryRoutes(
  canaries: Readonly<Record<string, AdminCanary>>,
  reasonOf: (context: RouteContext) => Promise<string>,
): readonly Route[] {
  const canaryOf = ({ params: { name = '' } }: RouteContext): AdminCanary => {
    const canary = Object.hasOwn(canaries, name) ? canaries[name] : undefined
    if (canary === undefined) throw new HttpProblem(404, 'no-canary', `there is no canary of ${show(name)}`)
    return canary
  }
  const path = '/admin/models/:name/canary'
  const steer = (action: (typeof actions)[number]): Route => ({
    method: 'POST',
    path: `${path}/${action}`,
    admin: true,
    async handle(context): Promise<HttpAnswer> {
      const canary = canaryOf(context)
      const reason = await reasonOf(context)
      await orConflict('wrong-phase', () => canary[action](reason))
      return jsonAnswer({ name: context.params.name, canary: canary.status() })
    },
  })
  return [{ method: 'GET', path, admin: true, handle: (context) => jsonAnswer(canaryOf(context).status()) }, ...actions.map(steer)]
}

const number = { type: 'number' }
const text = { type: 'string' }
const whole = { type: 'integer', minimum: 0 }

/** The form of a canary's status. */
export function canarySchema(): ApiObject {
  const phase = { enum: ['running', 'paused', 'promoting', 'promoted', 'rolled-back'] }
  const list = (properties: ApiObject): ApiObject => ({
    type: 'array',
    items: { type: 'object', properties, required: Object.keys(properties) },
  })
  const arm = { type: 'object', properties: { rows: whole, failed: whole, invalid: whole }, required: ['rows', 'failed', 'invalid'] }
  const properties = {
    ...{ kind: { const: 'canary' }, name: text, stable: text, candidate: text, phase, step: whole, weight: number, at: number },
    startedAt: number,
    steps: { type: 'array', items: { type: 'object', properties: { weight: number }, required: ['weight'] } },
    checks: list({ name: text, verdict: { enum: ['pass', 'fail', 'inconclusive', 'error'] }, text, failures: whole, errors: whole }),
    history: list({ at: number, phase, step: whole, weight: number, reason: text }),
    counts: { type: 'object', properties: { stable: arm, candidate: arm }, required: ['stable', 'candidate'] },
  }
  return { type: 'object', properties, required: Object.keys(properties) }
}

const summaries: Readonly<Record<(typeof actions)[number], string>> = {
  pause: 'Keep the present share until `resume`',
  resume: 'Go on',
  promote: 'Promote the candidate now',
  rollback: 'Take all traffic from the candidate now',
}

/** The description of the routes; `get` and `post` describe one operation. */
export function canaryPaths(
  get: (summary: string, answer: ApiObject) => ApiObject,
  post: (operationId: string, summary: string, answer: ApiObject) => ApiObject,
): ApiObject {
  const status = { $ref: '#/components/schemas/Canary' }
  const answer = jsonResponse('The rollout after it', {
    type: 'object',
    properties: { name: text, canary: status },
    required: ['name', 'canary'],
  })
  const path = '/admin/models/{name}/canary'
  return {
    [path]: get('What the canary is doing', jsonResponse('The rollout', status)),
    ...Object.fromEntries(actions.map((action) => [`${path}/${action}`, post(`admin_canary_${action}`, summaries[action], answer)])),
  }
}
