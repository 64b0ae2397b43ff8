/** Alerts as JSON to an address of your own, signed if there is a secret. */
import { utf8 } from '../../core/bytes'
import { httpClientRules } from '../../core/http-client'
import { canonicalJson } from '../../core/json'
import { checkOptions, nonEmptyString, ofType, requireOptions } from '../../core/options'
import type { AlertMessage, AlertSink } from '../../ports/alert-sink'
import { checkHeaders, postSink, type WebhookHttpOptions } from './post-sink'

/** Options of {@link webhookSink}. */
export interface WebhookOptions extends WebhookHttpOptions {
  readonly url: string
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Signs the body: the header `x-millwright-signature` is `sha256=` and the HMAC in hexadecimal digits. */
  readonly secret?: string | undefined
  /** Makes the body. @default `{ alerts: [message, …] }` */
  readonly body?: ((messages: readonly AlertMessage[]) => unknown) | undefined
}

/**
 * Posts the messages of a check as `{ "alerts": [ … ] }`. The header `idempotency-key` is the same when a notification is repeated.
 *
 * @throws InvalidArgument for invalid options
 */
export function webhookSink(options: WebhookOptions): AlertSink {
  requireOptions('webhookSink', options, ['url'])
  const { timeoutMs, fetch, clock } = httpClientRules()
  checkOptions('webhookSink', options, {
    ...{ timeoutMs, fetch, clock },
    url: nonEmptyString(),
    headers: ofType('object'),
    secret: nonEmptyString(),
    body: ofType('function'),
  })
  const { url, headers = {}, secret, body = (messages) => ({ alerts: messages }), ...http } = options
  checkHeaders('webhookSink', headers)
  return postSink({
    ...http,
    secrets: [...Object.values(headers), ...(secret === undefined ? [] : [secret])],
    kind: 'webhookSink',
    url,
    groups: true,
    bodyOf: body,
    headersOf: async (bytes, messages) => ({
      ...headers,
      'idempotency-key': await digest(canonicalJson(messages.map(({ id, state, reminder }) => [id, state, reminder ?? 0]))),
      ...(secret === undefined ? {} : { 'x-millwright-signature': `sha256=${await signature(bytes, secret)}` }),
    }),
  })
}

async function digest(text: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', utf8(text) as BufferSource)).slice(0, 32)
}

async function signature(body: Uint8Array, secret: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', utf8(secret) as BufferSource, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return hex(await crypto.subtle.sign('HMAC', key, body as BufferSource))
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
