/** An alert sink that posts JSON to an address. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { type ErrorCode, MillwrightError } from '../../core/errors'
import { sendOnce } from '../../core/http'
import { type HttpClientOptions, httpClientSettings, parseHttpUrl } from '../../core/http-client'
import type { AlertMessage, AlertSink } from '../../ports/alert-sink'

/** How requests are sent. A monitor repeats them, so a sink does not. */
export type WebhookHttpOptions = Pick<HttpClientOptions, 'timeoutMs' | 'fetch' | 'clock'>

/** What {@link postSink} posts, and where. */
export interface PostSinkOptions extends WebhookHttpOptions {
  /** The kind of receiver, for messages: `slackSink`. */
  readonly kind: string
  /** The address. Its path may be a secret, so only its host is shown. */
  readonly url: string
  /** The body for the messages of one notification. */
  readonly bodyOf: (messages: readonly AlertMessage[]) => unknown
  /** Further headers, which may depend on the body. */
  readonly headersOf?: ((body: Uint8Array, messages: readonly AlertMessage[]) => Promise<Readonly<Record<string, string>>>) | undefined
  /** Whether one request may hold several messages. */
  readonly groups: boolean
}

const longestAnswer = 2 ** 16

/** A sink that posts each notification. @throws InvalidArgument for an address that is none */
export function postSink({ kind, url, bodyOf, headersOf, groups, ...http }: PostSinkOptions): AlertSink {
  const { host } = parseHttpUrl(url, `\`url\` of ${kind}`)
  const settings = httpClientSettings(http, longestAnswer)
  const name = `${kind}(${host})`
  const post = async (messages: readonly AlertMessage[], signal: AbortSignal | undefined): Promise<void> => {
    const body = utf8(JSON.stringify(bodyOf(messages)))
    const headers = { 'content-type': 'application/json', ...(await headersOf?.(body, messages)) }
    const failed = `${name} did not accept ${messages.map(({ rule }) => rule).join(', ')}`
    const { status, bytes } = await sendOnce({ method: 'POST', url, headers, body, failed, signal }, settings.http)
    if (status < 200 || status >= 300) throw refusal(failed, status, fromUtf8(bytes))
  }
  return {
    portVersion: 1,
    name,
    send: (message, options = {}) => post([message], options.signal),
    ...(groups ? { sendAll: (messages, options = {}) => post(messages, options.signal) } : {}),
  }
}

/** Too many requests, a slow or a broken server may go better later; everything else is refused for good. */
function refusal(failed: string, status: number, answer: string): MillwrightError {
  const later = status === 408 || status === 429 || status >= 500
  const code: ErrorCode =
    status === 429 ? 'RateLimited' : later ? 'Unavailable' : status === 401 || status === 403 ? 'PermissionDenied' : 'InvalidArgument'
  const said = answer.trim().slice(0, 200)
  return new MillwrightError(code, `${failed}: status ${status}${said === '' ? '' : `, ${said}`}`, { retryable: later })
}
