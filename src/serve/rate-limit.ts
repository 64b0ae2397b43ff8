/** How often each client may ask. */
import { checkOptions, finiteNumber, ofType, requireOptions, wholeNumber } from '../core/options'
import type { Caller, RequestHead } from './auth'
import { HttpProblem } from './problem'

/** Options of the rate limit: a bucket of `burst` requests for each client, refilled at a rate. */
export interface RateLimitOptions {
  /** How many requests a client may send in the long run, per second. */
  readonly perSecond: number
  /** How many it may send at once. @default twice `perSecond`, at least 1 */
  readonly burst?: number | undefined
  /** Who counts as one client. @default the caller that `auth` found, else the network address, else everybody together */
  readonly by?: ((request: RequestHead, caller: Caller | undefined) => string) | undefined
  /** Most clients remembered; the one that has not asked for longest is forgotten first. @default 10,000 */
  readonly maxClients?: number | undefined
}

/** Counts a request. @throws HttpProblem 429 with `retry-after` */
export type RateLimit = (request: RequestHead, caller: Caller | undefined) => void

/** @throws InvalidArgument for bad options. `now` is a monotonic clock in milliseconds */
export function createRateLimit(options: RateLimitOptions, now: () => number): RateLimit {
  requireOptions('`rateLimit` of createHandler', options, ['perSecond'])
  checkOptions('`rateLimit` of createHandler', options, {
    perSecond: { allowed: 'a finite number > 0', test: (value) => finiteNumber(0).test(value) && (value as number) > 0 },
    burst: wholeNumber(1),
    by: ofType('function'),
    maxClients: wholeNumber(1),
  })
  const { perSecond, burst = Math.max(1, Math.ceil(perSecond * 2)), maxClients = 10_000 } = options
  const by = options.by ?? ((request, caller) => caller?.id ?? request.address ?? '')
  /** The least recent first. */
  const buckets = new Map<string, { readonly left: number; readonly at: number }>()
  return (request, caller) => {
    const key = by(request, caller)
    const time = now()
    const bucket = buckets.get(key)
    const left = bucket === undefined ? burst : Math.min(burst, bucket.left + ((time - bucket.at) / 1000) * perSecond)
    buckets.delete(key)
    buckets.set(key, { left: left >= 1 ? left - 1 : left, at: time })
    if (buckets.size > maxClients) buckets.delete(buckets.keys().next().value as string)
    if (left >= 1) return
    const seconds = Math.max(1, Math.ceil((1 - left) / perSecond))
    throw new HttpProblem(429, 'rate-limited', `more than ${perSecond} requests per second; try again in ${seconds} s`, {
      'retry-after': String(seconds),
    })
  }
}
