/** One HTTP request: its time limit, the longest answer, byte ranges, and network failures as errors of the library. */
import { concatBytes } from './bytes'
import type { Clock } from './clock'
import { MillwrightError } from './errors'
import { throwIfAborted } from './signal'

/** An answer with its body read. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** A request as {@link sendOnce} takes it. */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers | Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** Whether redirects are followed. @default 'manual', which gives the redirect as the answer; browsers hide it behind status 0 */
  readonly redirect?: 'manual' | 'follow' | undefined
  /** What is done, for messages: `s3Storage(s3://bucket) could not get "a"`. It must hold no secret. */
  readonly failed: string
  readonly signal?: AbortSignal | undefined
}

/** How requests to one server are sent. */
export interface HttpOptions {
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** Time for the answer to begin, for each MiB of it, and for each MiB of the request's body. */
  readonly timeoutMs: number
  /** Longest answer that is read. */
  readonly maxBytes: number
}

const bytesOfLimit = 2 ** 20

/**
 * Sends a request and reads the answer, whatever its status.
 *
 * @throws Unavailable (retryable) when the network fails or the time is over, Unsupported when the answer is too long, the signal's reason
 */
export async function sendOnce(request: HttpRequest, { fetch: send, clock, timeoutMs, maxBytes }: HttpOptions): Promise<HttpAnswer> {
  const { method, url, headers, body, redirect = 'manual', failed, signal } = request
  throwIfAborted(signal)
  const stop = new AbortController()
  const end = (): void => stop.abort()
  let isLate = false
  let disarm = (): void => {}
  const arm = (limitMs: number): void => {
    disarm()
    disarm = clock.schedule(() => {
      isLate = true
      end()
    }, limitMs)
  }
  signal?.addEventListener('abort', end, { once: true })
  arm(timeoutMs * Math.max(1, Math.ceil((body?.length ?? 0) / bytesOfLimit)))
  try {
    const init = { method, headers, redirect, signal: stop.signal }
    const response = await send(url, body === undefined ? init : { ...init, body: body as BodyInit })
    const bytes = await readBody(response, maxBytes, () => arm(timeoutMs))
    if (bytes === undefined) throw new MillwrightError('Unsupported', `${failed}: the answer is longer than ${maxBytes} bytes`)
    return { status: response.status, headers: response.headers, bytes }
  } catch (cause) {
    throwIfAborted(signal)
    if (cause instanceof MillwrightError) throw cause
    const system = systemCodeOf(cause)
    const reason = isLate ? `no answer in ${timeoutMs} ms` : `the server could not be reached${system === undefined ? '' : ` (${system})`}`
    // A certificate that is not trusted will not be trusted the next time.
    const isTrust = system !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_SSL|ERR_TLS/.test(system)
    throw new MillwrightError('Unavailable', `${failed}: ${reason}`, { cause, retryable: !isTrust, details: { isLost: true } })
  } finally {
    disarm()
    signal?.removeEventListener('abort', end)
  }
}

/** The body, or `undefined` where it is too long. `onPart` is called after each MiB. */
async function readBody(response: Response, maxBytes: number, onPart: () => void): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(await response.arrayBuffer())
  const parts: Uint8Array[] = []
  let length = 0
  let told = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    length += value.length
    if (length > maxBytes) {
      await reader.cancel().catch(() => {})
      return undefined
    }
    if (length - told < bytesOfLimit) continue
    told = length
    onPart()
  }
  return concatBytes(parts)
}

/** What `Retry-After` asks for, in milliseconds: seconds or a date. */
export function retryAfterMs(headers: Headers, clock: Clock): number | undefined {
  const said = headers.get('Retry-After')
  if (said === null) return undefined
  const waitMs = /^\s*\d+\s*$/.test(said) ? Number(said) * 1000 : Date.parse(said) - clock.now()
  return waitMs > 0 && Number.isFinite(waitMs) ? waitMs : undefined
}

/** A range of bytes: from `start` (included) to `end` (not included); without `end` to the last byte. */
export interface ByteRange {
  readonly start: number
  readonly end?: number | undefined
}

/** Whether a range holds no byte. HTTP has no header for such a range. */
export function isEmptyRange({ start, end }: ByteRange): boolean {
  return end !== undefined && end <= start
}

/** The header that asks for a range; none without one. */
export function rangeHeaders(range: ByteRange | undefined): Readonly<Record<string, string>> {
  if (range === undefined) return {}
  return { Range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` }
}

/** The bytes that an answer holds of the range that was asked for. Status 416: the object ends before the range begins. */
export function bytesOfRange({ status, bytes }: HttpAnswer, range: ByteRange | undefined): Uint8Array {
  if (status === 416) return new Uint8Array(0)
  // A server that ignores the header sends the whole object.
  return range !== undefined && status === 200 ? bytes.slice(range.start, range.end) : bytes
}

/** An ETag without its quotes and the mark of a weak one. */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1')
}

/** Percent-encodes a key for the path of an address: everything but letters, digits, `-`, `_`, `.`, `~` and the slashes. */
export function encodePath(key: string): string {
  return key.split('/').map(encodeStrictly).join('/')
}

/** `encodeURIComponent`, which also encodes the reserved characters `!'()*` of RFC 3986. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** An address as messages may show it: without the part before an `@`, which may hold a password, even where the address cannot be parsed. */
export function withoutUserInfo(address: unknown): unknown {
  return typeof address === 'string' ? address.replace(/\/\/.*@/, '//') : address
}

/** The code of the operating system or of TLS (`ECONNREFUSED`, `CERT_HAS_EXPIRED`) behind an error of `fetch`. */
export function systemCodeOf(error: unknown): string | undefined {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 5; depth++) {
    if (typeof at.code === 'string') return at.code
    at = at.cause as typeof at
  }
  return undefined
}
