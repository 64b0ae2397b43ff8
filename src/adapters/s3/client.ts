/** Signed requests to one bucket, with retries. */
import { AwsV4Signer } from 'aws4fetch'
import { toHex } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { encodeStrictly, type HttpAnswer, retryAfterMs, sendOnce } from '../../core/http'
import { httpClientSettings } from '../../core/http-client'
import { retrying } from '../../core/retry'
import { throwIfAborted } from '../../core/signal'
import { type CredentialSource, credentialSource, type S3Credentials } from './credentials'
import { answerError } from './errors'
import type { S3Address, S3StorageOptions } from './options'

/** One request. */
export interface S3Request {
  readonly method: 'HEAD' | 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** The operation, for messages: 'put', 'list'. */
  readonly operation: string
  /** The full key; the bucket itself when absent. */
  readonly key?: string | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
  /** Statuses besides 2xx that are returned as an answer. All others are thrown as an error. */
  readonly expected?: readonly number[] | undefined
  /** Called after an attempt that failed although the server may have carried it out. */
  readonly onLost?: (() => void) | undefined
  /** Returns true where a 2xx answer reports an error in its body. */
  readonly isError?: ((answer: HttpAnswer) => boolean) | undefined
}

/** Sends signed requests. @throws the error that a failed answer means */
export type S3Client = (request: S3Request) => Promise<HttpAnswer>

/** Longest object that is read into memory. */
export const maxObjectBytes = 2 ** 31 - 1

/** A client of the bucket at `address`; `name` begins its messages. */
export function s3Client(name: string, address: S3Address, options: S3StorageOptions): S3Client {
  const { policy, http } = httpClientSettings(options, maxObjectBytes)
  const { clock } = http
  const source = credentialSource(options.credentials, clock)
  const cache = new Map<string, ArrayBuffer>()

  return async (request) => {
    const { method, operation, key, body, signal, expected = [], onLost, isError } = request
    const shown = key === undefined ? `the bucket "${address.bucket}"` : show(key.slice(address.base.length))
    const failed = `${name} could not ${operation} ${shown}`
    const url = addressOf(address, request)
    const bodyHash = await digest(body)
    return retrying(
      policy,
      async () => {
        throwIfAborted(signal)
        const credentials = await source.get()
        const signed = await sign(request, { url, bodyHash, credentials, region: address.region, cache, now: clock.now() })
        let answer: HttpAnswer
        try {
          const outgoing = { method, url: signed.url, headers: signed.headers, body, failed, signal }
          answer = await sendOnce(outgoing, http)
        } catch (error) {
          if (isMillwrightError(error) && error.details.isLost) onLost?.()
          throw error
        }
        const { status } = answer
        const isGood = (status >= 200 && status < 300 && !isError?.(answer)) || expected.includes(status)
        if (isGood) return answer
        if (status >= 500 && status !== 503) onLost?.()
        throw withRetryFacts(answerError(answer, { failed, bucket: address.bucket, redact: redactor(credentials) }), answer, source)
      },
      signal,
    )

    /** Adds the wait that the server asks for. Expired credentials are retryable where a provider returns new ones. */
    function withRetryFacts(error: MillwrightError, { headers }: HttpAnswer, from: CredentialSource): MillwrightError {
      const waitMs = retryAfterMs(headers, clock)
      const isRenewed = error.details.s3Code === 'ExpiredToken' && from.forget()
      if (waitMs === undefined && !isRenewed) return error
      const { code, message, hint, details } = error
      return new MillwrightError(code, message, {
        hint,
        retryable: error.retryable || isRenewed,
        details: { ...details, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) },
      })
    }
  }
}

function addressOf(address: S3Address, { key = '', query = {} }: S3Request): string {
  const parameters = Object.entries(query).map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
  return address.url(key) + (parameters.length === 0 ? '' : `?${parameters.join('&')}`)
}

/** The digest of the body is signed: the server refuses a body that was damaged in transit. */
async function digest(body: Uint8Array | undefined): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new MillwrightError('Unsupported', 's3Storage needs `crypto.subtle`, which a page has only over https or on localhost')
  }
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', (body ?? new Uint8Array(0)) as BufferSource)))
}

async function sign(
  { method, headers, body }: S3Request,
  by: {
    readonly url: string
    readonly bodyHash: string
    readonly credentials: S3Credentials
    readonly region: string
    readonly cache: Map<string, ArrayBuffer>
    readonly now: number
  },
): Promise<{ readonly url: string; readonly headers: Headers }> {
  const { accessKeyId, secretAccessKey, sessionToken } = by.credentials
  const signer = new AwsV4Signer({
    method,
    url: by.url,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      'x-amz-content-sha256': by.bodyHash,
    },
    service: 's3',
    region: by.region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    cache: by.cache,
    datetime: new Date(by.now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  })
  const signed = await signer.sign()
  return { url: signed.url.href, headers: signed.headers }
}

/** A function that removes the credentials from a text: a server's message may quote them. */
function redactor({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): (text: string) => string {
  const secrets = [secretAccessKey, sessionToken, accessKeyId].filter((secret) => secret !== undefined)
  return (text) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text)
}
