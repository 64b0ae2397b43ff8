/** Routes for administrators: what is served, reload, promote, roll back, a canary. Off by default, and behind a token. */

import { show } from '../core/errors'
import { constantTimeEqual } from '../core/hash'
import { anything, checkOptions, ofType } from '../core/options'
import { assertSecretToken } from '../core/secret-token'
import type { Predictor } from '../predictor/predictor'
import { adminApi } from './admin-api'
import { bearerOf, type RequestHead } from './auth'
import { type AdminCanary, canaryRoutes, checkCanaries, MAX_REASON, orConflict } from './canary-routes'
import { type HttpAnswer, jsonAnswer, type Protocol, type RouteContext } from './exchange'
import { isJsonObject } from './json-body'
import { loadedBy } from './loaded-by'
import { HttpProblem } from './problem'

/** The part of a model registry that the routes use. */
export interface AdminRegistry {
  promote(
    name: string,
    version: string,
    alias: string,
    options?: { readonly reason?: string | undefined },
  ): Promise<{ readonly version: string }>
  rollback(name: string, alias: string, options?: { readonly reason?: string | undefined }): Promise<{ readonly version: string }>
}

/** Options of the routes for administrators. */
export interface AdminOptions {
  /** The secret that requests must have: `authorization: Bearer <token>`, or `x-admin-token`. At least 16 characters, no white space. */
  readonly token: string
  /** Where `promote` and `rollback` move aliases. @default those two routes answer 409 */
  readonly registry?: AdminRegistry | undefined
  /** Model name → its rollout, for the routes of canaries. It is read at each request: canaries may be added and removed while the server runs. @default none */
  readonly canaries?: Readonly<Record<string, AdminCanary>> | undefined
}

/** @throws InvalidArgument */
export function checkAdmin(options: AdminOptions | undefined): void {
  if (options === undefined) return
  checkOptions('`admin` of createHandler', options, { token: anything(), registry: ofType('object'), canaries: ofType('object') })
  checkCanaries(options.canaries)
  assertSecretToken('`token` of `admin` of createHandler', options.token)
}

/** @throws HttpProblem 403 without `admin`, 401 for a request without its token */
export function assertAdmin(request: RequestHead, admin: AdminOptions | undefined): void {
  if (admin === undefined)
    throw new HttpProblem(403, 'admin-off', 'routes for administrators are off; `admin: { token }` of createHandler turns them on')
  const given = request.header('x-admin-token') ?? bearerOf(request) ?? ''
  if (!constantTimeEqual(given, admin.token))
    throw new HttpProblem(401, 'unauthenticated', 'this needs the token of administrators', { 'www-authenticate': 'Bearer' })
}

/**
 * `GET /admin/models`; below `/admin/models/:name`: `POST reload`, `promote` (`{ version, alias?, reason? }`), `rollback` (`{ alias?, reason? }`), `GET canary`, `POST canary/pause`, `resume`,
 * `promote`, `rollback`. The alias is that of the model's reference unless the body names one. After a move of the alias the model is loaded again at once.
 */
export function adminProtocol(options: AdminOptions): Protocol {
  const { registry, canaries = {} } = options
  return {
    name: 'admin',
    openApi: ({ models }) => adminApi([...models], Object.keys(canaries)),
    routes: [
      { method: 'GET', path: '/admin/models', admin: true, handle: listModels },
      { method: 'POST', path: '/admin/models/:name/reload', admin: true, handle: reloadNow },
      { method: 'POST', path: '/admin/models/:name/promote', admin: true, handle: (context) => move(context, registry, 'promote') },
      { method: 'POST', path: '/admin/models/:name/rollback', admin: true, handle: (context) => move(context, registry, 'rollback') },
      ...canaryRoutes(canaries, async (context) => (await orderOf(context)).reason),
    ],
  }
}

function listModels({ models, unloaded }: RouteContext): HttpAnswer {
  const list = [...models].map(([name, predictor]) => {
    const { version, reference, task, closed } = predictor
    const { requests, failed, rows, queueRows, inFlight } = predictor.stats()
    return { name, version, reference, task, inService: !closed && !unloaded.has(name), requests, failed, rows, queueRows, inFlight }
  })
  return jsonAnswer({ models: list })
}

async function reloadNow(context: RouteContext): Promise<HttpAnswer> {
  const predictor = modelOf(context)
  await orderOf(context)
  return reload(context, predictor)
}

async function reload(context: RouteContext, predictor: Predictor): Promise<HttpAnswer> {
  const before = predictor.version
  const changed = await predictor.refresh()
  return jsonAnswer({ name: context.params.name, from: before, version: predictor.version, changed })
}

async function move(context: RouteContext, registry: AdminRegistry | undefined, action: 'promote' | 'rollback'): Promise<HttpAnswer> {
  const predictor = modelOf(context)
  const order = await orderOf(context)
  const { registered, alias: own } = loadedBy(predictor)
  const alias = order.alias ?? own
  if (registry === undefined || registered === undefined)
    throw new HttpProblem(409, 'no-registry', 'this model was not loaded from a registry that `admin` names, so it has no alias to move')
  if (alias === undefined) throw new HttpProblem(400, 'unknown-form', 'the body must name the "alias" to move')
  const { version, reason } = order
  if (action === 'promote' && version === undefined)
    throw new HttpProblem(400, 'unknown-form', 'the body must name the "version" to promote')
  await orConflict('conflict', () =>
    action === 'rollback'
      ? registry.rollback(registered, alias, { reason })
      : registry.promote(registered, version as string, alias, { reason }),
  )
  return reload(context, predictor)
}

interface Order {
  readonly version: string | undefined
  readonly alias: string | undefined
  readonly reason: string
}

async function orderOf(context: RouteContext): Promise<Order> {
  const body = await context.optionalJson({})
  const { version, alias, reason = 'by an administrator over HTTP' } = isJsonObject(body) ? body : {}
  const isText = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value !== '')
  if (!isJsonObject(body) || ![typeof version === 'number' ? String(version) : version, alias, reason].every(isText))
    throw new HttpProblem(400, 'unknown-form', 'the body must be an object whose "version", "alias" and "reason" are texts')
  if ((reason as string).length > MAX_REASON)
    throw new HttpProblem(400, 'unknown-form', `the "reason" must have at most ${MAX_REASON} characters`)
  return { version: version === undefined ? undefined : String(version), alias: alias as string | undefined, reason: reason as string }
}

function modelOf({ models, params: { name = '' } }: RouteContext): Predictor {
  const predictor = models.get(name)
  if (predictor === undefined)
    throw new HttpProblem(404, 'model-not-found', `there is no model ${show(name)}; there are ${[...models.keys()].map(show).join(', ')}`)
  return predictor
}
