/** Who may ask: API keys, bearer tokens, JSON Web Tokens, or a function of the application's own. */
import type { Awaitable } from '../core/awaitable'
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { nonEmptyString } from '../core/options'
import { HttpProblem } from './problem'

/** The part of a request that decides whether it is answered. */
export interface RequestHead {
  readonly method: string
  readonly path: string
  /** The client's network address, where the server knows it. */
  readonly address?: string | undefined
  /** The value of a header, by its lower-case name. */
  header(name: string): string | undefined
}

/** Who sent a request. */
export interface Caller {
  /** The name under which the access log and the rate limit know the caller. */
  readonly id: string
}

/**
 * Finds out who sent a request: the caller, or `undefined` for one who may not ask, which is a 401. Throw `HttpProblem(403, 'forbidden', …)` for a caller who is
 * known and may not.
 */
export type Authenticate = (request: RequestHead) => Awaitable<Caller | undefined>

/** Paths that are answered without authentication unless said otherwise: what probes ask. */
export const openPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/health', '/ping', '/v2/health/live', '/v2/health/ready']

/**
 * Callers with a key in the header `x-api-key`, or another one. `keys` maps each caller's name to the key. Keys are compared by their digests, so that the time of the
 * comparison tells nothing.
 *
 * @example createHandler(predictor, { auth: apiKeys({ shop: process.env.SHOP_KEY ?? '' }) })
 * @throws InvalidArgument for no keys or an empty key
 */
export function apiKeys(keys: Readonly<Record<string, string>>, header = 'x-api-key'): Authenticate {
  const find = secretFinder('apiKeys', keys)
  if (typeof header !== 'string' || header === '') throw invalidArgument(`apiKeys takes the name of a header, got ${show(header)}`)
  const name = header.toLowerCase()
  return (request) => find(request.header(name))
}

/**
 * Callers with `authorization: Bearer …`. `tokens` maps each caller's name to the token.
 *
 * @throws InvalidArgument for no tokens or an empty token
 */
export function bearerTokens(tokens: Readonly<Record<string, string>>): Authenticate {
  const find = secretFinder('bearerTokens', tokens)
  return (request) => find(bearerOf(request))
}

/** The first of several ways by which the caller is known. */
export function anyAuth(...ways: readonly Authenticate[]): Authenticate {
  return async (request) => {
    for (const way of ways) {
      const caller = await way(request)
      if (isCaller(caller)) return caller
    }
    return undefined
  }
}

/** The token of `authorization: Bearer …`. */
export function bearerOf(request: RequestHead): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(request.header('authorization') ?? '')?.[1]
}

/** @throws HttpProblem 401 */
export async function authenticate(way: Authenticate, request: RequestHead): Promise<Caller> {
  const caller = await way(request)
  if (isCaller(caller)) return caller
  throw new HttpProblem(401, 'unauthenticated', 'this needs a key or token that is known here', { 'www-authenticate': 'Bearer' })
}

/** Only a caller with a name gets in: a function of the application's own may give `null` or `false` for a stranger. */
function isCaller(value: unknown): value is Caller {
  return typeof value === 'object' && value !== null && typeof (value as Caller).id === 'string'
}

function secretFinder(subject: string, secrets: Readonly<Record<string, string>>): (given: string | undefined) => Caller | undefined {
  if (typeof secrets === 'string') throw invalidArgument(`${subject} takes an object: each caller's name and its secret`)
  const entries = Object.entries(secrets ?? {})
  const empty = entries.find(([, secret]) => !nonEmptyString().test(secret))
  if (entries.length === 0 || empty !== undefined)
    throw invalidArgument(
      `${subject} needs a non-empty secret for each caller, ${empty === undefined ? 'got no caller' : `${show(empty[0])} has none`}`,
    )
  const known = entries.map(([id, secret]) => ({ caller: { id }, digest: sha256Hex(utf8(secret)) }))
  return (given) => {
    if (given === undefined || given === '' || given.length > 4096) return undefined
    const digest = sha256Hex(utf8(given))
    return known.find((one) => one.digest === digest)?.caller
  }
}
