/** The HEAD and GET requests of a store, with retries. */
import type { Clock } from '../../core/clock'
import { type ErrorCode, MillwrightError, show } from '../../core/errors'
import { encodePath, type HttpAnswer, retryAfterMs, sendOnce } from '../../core/http'
import { httpClientSettings } from '../../core/http-client'
import { retrying } from '../../core/retry'
import type { HttpStorageOptions } from './options'

/** Longest object that is read into memory. */
export const maxObjectBytes = 2 ** 31 - 1

/** Options of one request. */
export interface RequestOptions {
  readonly signal: AbortSignal | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses besides 2xx that are returned as an answer. All others are thrown as an error. */
  readonly expected: readonly number[]
}

/** Sends a request for a key. @throws the error that a failed answer means */
export type Requests = (method: 'HEAD' | 'GET', key: string, options: RequestOptions) => Promise<HttpAnswer>

/** Requests to the folder at `url`; `name` begins the messages. */
export function httpRequests(name: string, url: string, options: HttpStorageOptions): Requests {
  const { policy, http } = httpClientSettings(options, maxObjectBytes)
  return (method, key, { signal, headers, expected }) => {
    const failed = `${name} could not ${method === 'HEAD' ? 'look at' : 'get'} ${show(key)}`
    // A compressed answer has another size than the answer to HEAD says, and cannot be cut into ranges.
    const all = { 'Accept-Encoding': 'identity', ...options.headers, ...headers }
    const outgoing = { method, url: `${url}/${encodePath(key)}`, headers: all, redirect: 'follow', failed, signal } as const
    return retrying(
      policy,
      async () => {
        const answer = await sendOnce(outgoing, http)
        const isGood = (answer.status >= 200 && answer.status < 300) || expected.includes(answer.status)
        if (isGood) return answer
        throw answerError(answer, failed, http.clock)
      },
      signal,
    )
  }
}

function answerError({ status, headers }: HttpAnswer, failed: string, clock: Clock): MillwrightError {
  const waitMs = retryAfterMs(headers, clock)
  return new MillwrightError(codeOf(status), `${failed}: the server answered HTTP ${status}`, {
    details: { status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) },
    retryable: [408, 429, 500, 502, 503, 504].includes(status),
    hint: status === 401 ? 'pass { headers: { Authorization } }' : undefined,
  })
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403 || status === 407) return 'PermissionDenied'
  if (status === 405 || status === 501) return 'Unsupported'
  if (status === 429) return 'RateLimited'
  return status === 408 || status >= 500 ? 'Unavailable' : 'Internal'
}
