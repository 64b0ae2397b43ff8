/** An alert sink that posts JSON to an address. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { type ErrorCode, invalidArgument, MillwrightError, show } from '../../core/errors'
import { sendOnce } from '../../core/http'
import { type HttpClientOptions, httpClientSettings, isHttpUrl } from '../../core/http-client'
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
  /** What must not be in a message though the receiver may repeat it, besides parts of the address. */
  readonly secrets?: readonly string[] | undefined
}

const longestAnswer = 2 ** 16

/** A sink that posts each notification. @throws InvalidArgument for an address that is none */
export function postSink({ kind, url, bodyOf, headersOf, groups, secrets = [], ...http }: PostSinkOptions): AlertSink {
  // What arrived is not shown: it may be a secret.
  if (!isHttpUrl(url)) throw invalidArgument(`\`url\` of ${kind} must be an http or https address`)
  const { host, username, password, pathname, searchParams } = new URL(url)
  if (username !== '' || password !== '')
    throw invalidArgument(`\`url\` of ${kind} must hold no user name and password: requests cannot be sent with them`)
  // Receivers that do not know an address repeat it: "Cannot POST /services/…".
  const hidden = [...pathname.split('/').flatMap((part) => [part, decoded(part)]), ...searchParams.values(), ...secrets]
    .filter((text) => text.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
  const settings = httpClientSettings(http, longestAnswer)
  const name = `${kind}(${host})`
  const post = async (messages: readonly AlertMessage[], signal: AbortSignal | undefined): Promise<void> => {
    const body = utf8(JSON.stringify(bodyOf(messages)))
    const headers = { 'content-type': 'application/json', ...(await headersOf?.(body, messages)) }
    const failed = `${name} did not accept ${messages.map(({ rule }) => rule).join(', ')}`
    const { status, bytes } = await sendOnce({ method: 'POST', url, headers, body, failed, signal }, settings.http)
    if (status < 200 || status >= 300) throw refusal(failed, status, withoutSecrets(fromUtf8(bytes), hidden))
  }
  return {
    portVersion: 1,
    name,
    send: (message, options = {}) => post([message], options.signal),
    ...(groups ? { sendAll: (messages, options = {}) => post(messages, options.signal) } : {}),
  }
}

/** Parts of an address that are shorter are words of it. */
const shortestSecret = 8

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).reduce((left, secret) => left.replaceAll(secret, '***'), text)
}

/** Refuses headers that no request can have, without showing a value. @throws InvalidArgument */
export function checkHeaders(kind: string, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers({ [name]: value })
    } catch {
      throw invalidArgument(`\`headers\` of ${kind} cannot hold ${show(name)}: it has a name or a value that HTTP does not allow`)
    }
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
