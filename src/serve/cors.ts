/** Which pages of other origins may ask (CORS). */
import { checkOptions, either, nonEmptyString, ofType, oneOf, requireOptions, wholeNumber } from '../core/options'
import type { HttpAnswer, HttpExchange } from './exchange'

/** Options of CORS. */
export interface CorsOptions {
  /** Origins such as `https://shop.example`, or `*` for all. */
  readonly origins: '*' | readonly string[]
  /** Request headers that pages may send. @default content-type, authorization, x-api-key, x-request-id */
  readonly headers?: readonly string[] | undefined
  /** Whether pages may send cookies and HTTP authentication; not with `*`. @default false */
  readonly credentials?: boolean | undefined
  /** How long browsers remember what is allowed, in seconds. @default 600 */
  readonly maxAgeSeconds?: number | undefined
}

/** What CORS adds to answers. */
export interface Cors {
  /** The answer to a preflight request; `undefined` for any other request. */
  preflight(request: HttpExchange): HttpAnswer | undefined
  /** The headers of every other answer. */
  headers(request: HttpExchange): Readonly<Record<string, string>>
}

/** Response headers that pages may read. */
const exposed = 'x-request-id, traceparent, retry-after, inference-header-content-length, location'

/** @throws InvalidArgument for bad options */
export function createCors(options: CorsOptions): Cors {
  const texts = { allowed: 'an array of texts', test: (value: unknown) => Array.isArray(value) && value.every(nonEmptyString().test) }
  requireOptions('`cors` of createHandler', options, ['origins'])
  checkOptions('`cors` of createHandler', options, {
    origins: either(oneOf('*'), texts),
    headers: texts,
    credentials: {
      allowed: 'a boolean, and not true with the origins *',
      test: (value) => ofType('boolean').test(value) && !(value === true && options.origins === '*'),
    },
    maxAgeSeconds: wholeNumber(0),
  })
  const { origins, credentials = false, maxAgeSeconds = 600 } = options
  const allowedHeaders = (
    options.headers ?? ['content-type', 'authorization', 'x-api-key', 'x-request-id', 'inference-header-content-length']
  ).join(', ')
  const none: Readonly<Record<string, string>> = origins === '*' ? {} : { vary: 'origin' }
  const headers = (request: HttpExchange): Readonly<Record<string, string>> => {
    const origin = request.header('origin')
    if (origin === undefined || (origins !== '*' && !origins.includes(origin))) return none
    return {
      ...none,
      'access-control-allow-origin': origins === '*' ? '*' : origin,
      'access-control-expose-headers': exposed,
      ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    }
  }
  return {
    headers,
    preflight(request) {
      if (request.method !== 'OPTIONS' || request.header('access-control-request-method') === undefined) return undefined
      const allowed = headers(request)
      const isAllowed = 'access-control-allow-origin' in allowed
      return {
        status: 204,
        headers: isAllowed
          ? {
              ...allowed,
              'access-control-allow-methods': 'GET, HEAD, POST, DELETE, OPTIONS',
              'access-control-allow-headers': allowedHeaders,
              'access-control-max-age': String(maxAgeSeconds),
            }
          : allowed,
        body: '',
      }
    },
  }
}
