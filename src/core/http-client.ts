/** The options that every store reached over HTTP has: retries, the time limit, `fetch`, the clock and the seed. */
import { type Clock, systemClock } from './clock'
import { invalidArgument, show } from './errors'
import { type HttpOptions, withoutUserInfo } from './http'
import { newId } from './ids'
import { finiteNumber, type OptionRule, ofType, wholeNumber } from './options'
import { createRng } from './random'
import type { RetryPolicy } from './retry'

/** How requests are sent and repeated. */
export interface HttpClientOptions {
  /** Most attempts after the first, for the statuses 408, 429 and 5xx and for a lost connection. @default 5 */
  readonly retries?: number | undefined
  /** Wait before the first retry, in milliseconds; doubles each time up to 20 s. Jitter shortens it by up to a half. @default 100 */
  readonly backoffMs?: number | undefined
  /** Time limit in milliseconds for an answer to begin, for each MiB of it, and for each MiB that is sent. @default 60000 */
  readonly timeoutMs?: number | undefined
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined
  /** Measures waits and time limits. @default the system clock */
  readonly clock?: Clock | undefined
  /** Seed of the jitter. @default a different one for each store */
  readonly seed?: number | undefined
}

/** The rules of {@link HttpClientOptions}, for `checkOptions`. */
export function httpClientRules(): Readonly<Record<keyof HttpClientOptions, OptionRule>> {
  return {
    retries: wholeNumber(0, 100),
    backoffMs: finiteNumber(0),
    timeoutMs: finiteNumber(1),
    fetch: ofType('function'),
    clock: ofType('object'),
    seed: finiteNumber(),
  }
}

/** The options with their defaults, as `retrying` and `sendOnce` take them. */
export interface HttpClientSettings {
  readonly policy: RetryPolicy
  readonly http: HttpOptions
}

/** The settings of checked options. An answer longer than `maxBytes` is refused. */
export function httpClientSettings(options: HttpClientOptions, maxBytes: number): HttpClientSettings {
  const { retries = 5, backoffMs = 100, timeoutMs = 60_000, clock = systemClock() } = options
  const rng = createRng(options.seed ?? Number.parseInt(newId().slice(0, 8), 16))
  // The global `fetch` is looked up at each call: tests and tracing replace it. Called as a method it would be an illegal invocation in browsers.
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  return {
    policy: { attempts: retries + 1, baseDelayMs: backoffMs, maxDelayMs: 20_000, clock, rng },
    http: { fetch: send, clock, timeoutMs, maxBytes },
  }
}

/** Whether a value is the text of an http or https address. */
export function isHttpUrl(address: unknown): address is string {
  return typeof address === 'string' && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
}

/** Parses an address; `subject` begins the message. @throws InvalidArgument unless it is an http or https address */
export function parseHttpUrl(address: unknown, subject: string): URL {
  if (isHttpUrl(address)) return new URL(address)
  throw invalidArgument(`${subject} must be an http or https address, got ${show(withoutUserInfo(address))}`)
}
