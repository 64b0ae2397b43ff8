/** The options of a handler: checked once, defaults filled in. */
import type { Clock } from '../core/clock'
import type { Logger } from '../core/logger'
import { checkOptions, either, finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../core/options'
import type { MetricFamily } from '../ports/metric-family'
import type { AccessLog } from './access-log'
import type { AdminOptions } from './admin'
import type { Authenticate } from './auth'
import type { ServedState } from './context'
import type { CorsOptions } from './cors'
import type { Protocol } from './exchange'
import type { JobOptions } from './jobs/job-options'
import type { RateLimitOptions } from './rate-limit'

/** Limits on requests. */
export interface HandlerLimits {
  /** Most bytes in a body, also when it is unpacked. @default 8 MiB */
  readonly maxBodyBytes?: number | undefined
  /** Most rows in a request. @default 10,000 */
  readonly maxRows?: number | undefined
  /** How deep JSON may be nested. @default 32 */
  readonly maxJsonDepth?: number | undefined
  /** Most POST requests at the same time; one more gets a 503. @default 1,024 */
  readonly maxConcurrent?: number | undefined
  /** Longest time for an answer, in milliseconds; later it is a 504. @default 30,000 */
  readonly deadlineMs?: number | undefined
}

/** Options of {@link createHandler}. */
export interface HandlerOptions {
  /** Title of `/docs` and the OpenAPI document. @default the name of the first model */
  readonly title?: string | undefined
  /** Prefix of all paths, such as `/ml`. @default none */
  readonly basePath?: string | undefined
  readonly limits?: HandlerLimits | undefined
  /** Further protocols beside `/predict`. Their routes come first. */
  readonly protocols?: readonly Protocol[] | undefined
  /** Who may ask: `apiKeys({ … })`, `bearerTokens({ … })`, `jwtAuth({ … })`, or a function. Health and readiness need none. @default everybody */
  readonly auth?: Authenticate | undefined
  /** How often each client may ask; health and readiness are not counted. @default no limit */
  readonly rateLimit?: RateLimitOptions | undefined
  /** Which pages of other origins may ask. @default none */
  readonly cors?: CorsOptions | undefined
  /** Compress answers of 1 kB and more by gzip for clients that accept it. Compressed bodies of requests are always read. @default false */
  readonly compress?: boolean | undefined
  /** Routes for administrators: what is served, reload, promote, roll back. @default off */
  readonly admin?: AdminOptions | undefined
  /** Routes for batches over the limit of rows: submit, state, progress, result. @default off */
  readonly jobs?: JobOptions | undefined
  /** Gets one entry for each answered request. @default none */
  readonly accessLog?: AccessLog | undefined
  /** Further metrics for `/metrics`, such as drift scores. */
  readonly collect?: (() => readonly MetricFamily[]) | undefined
  /** Logs every answer with status 500 and its cause, which the client does not see. @default silent */
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
}

/** What each option of the handler allows. */
export function handlerRules(): Readonly<Record<keyof HandlerOptions, OptionRule>> {
  return {
    title: nonEmptyString(),
    basePath: { allowed: 'a path such as /ml', test: (value) => typeof value === 'string' && /^(\/[\w.~-]+)*$/.test(value) },
    limits: ofType('object'),
    protocols: {
      allowed: 'an array of protocols, such as [mlflowProtocol()]',
      test: (value) => Array.isArray(value) && value.every((one) => Array.isArray(one?.routes)),
    },
    auth: ofType('function'),
    rateLimit: ofType('object'),
    cors: ofType('object'),
    compress: ofType('boolean'),
    admin: ofType('object'),
    jobs: ofType('object'),
    accessLog: ofType('function'),
    collect: ofType('function'),
    logger: either(ofType('object'), ofType('function')),
    clock: ofType('object'),
  }
}

/** The limits with their defaults. @throws InvalidArgument for invalid options */
export function resolveLimits(options: HandlerOptions): ServedState['limits'] {
  checkOptions('createHandler', options, handlerRules())
  const whole = wholeNumber(1)
  checkOptions('`limits` of createHandler', options.limits, {
    maxBodyBytes: whole,
    maxRows: whole,
    maxJsonDepth: whole,
    maxConcurrent: whole,
    deadlineMs: finiteNumber(1, 2147483647),
  })
  const {
    maxBodyBytes = 8 * 1024 * 1024,
    maxRows = 10_000,
    maxJsonDepth = 32,
    maxConcurrent = 1024,
    deadlineMs = 30_000,
  } = options.limits ?? {}
  return { maxBodyBytes, maxRows, maxJsonDepth, maxConcurrent, deadlineMs }
}
