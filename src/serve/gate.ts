/** What a request passes before its route: authentication and the rate limit. */
import type { AdminOptions } from './admin'
import { type Authenticate, authenticate, type Caller, openPaths } from './auth'
import type { HttpExchange, Route } from './exchange'
import { createRateLimit, type RateLimitOptions } from './rate-limit'

/** Options of a gate. */
export interface GateOptions {
  readonly auth: Authenticate | undefined
  readonly rateLimit: RateLimitOptions | undefined
  readonly admin: AdminOptions | undefined
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** Lets a request to a route pass; gives its caller. @throws HttpProblem 401, 403, 429 */
export type Gate = (request: HttpExchange, route: Route) => Promise<Caller | undefined>

/** The gate; `undefined` when every request passes. Routes of administrators have a token of their own. */
export function createGate({ auth, rateLimit, admin, now }: GateOptions): Gate | undefined {
  const limit = rateLimit && createRateLimit(rateLimit, now)
  if (auth === undefined && limit === undefined) return undefined
  return async (request, route) => {
    if (openPaths.includes(route.path)) return undefined
    // A token for administrators is checked by itself.
    let caller: Caller | undefined
    try {
      if (auth !== undefined && (route.admin !== true || admin === undefined)) caller = await authenticate(auth, request)
    } finally {
      // Whoever guesses keys is limited, too.
      limit?.(request, caller)
    }
    return caller
  }
}
