/** Converts web-standard `Request` and `Response` to and from the handler's own form. */
import { chunksOf, readBytes } from '../core/read-bytes'
import type { HttpAnswer, HttpExchange } from './exchange'

/** A `Request` as an exchange. Its body is read only when needed, and only up to the limit. */
export function exchangeOf(request: Request): HttpExchange {
  const url = request.url
  // `new URL` would normalise the path, so the path is cut out of the text.
  const begin = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.slice(begin).search(/[?#]/)
  return {
    method: request.method,
    path: begin < 0 ? '/' : url.slice(begin, end < 0 ? undefined : begin + end),
    header: (name) => request.headers.get(name) ?? undefined,
    body: (maxBytes) => bodyOf(request, maxBytes),
    get query() {
      return url.includes('?') ? new URL(url).search.slice(1) : undefined
    },
    get signal() {
      return request.signal
    },
  }
}

/** The whole body; `undefined` when it is longer than `maxBytes`. */
async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const { headers } = request
  const isChunked = headers.has('transfer-encoding')
  const length = Number.parseInt(headers.get('content-length') ?? '', 10)
  // A server gives no more bytes than the client announced. Reading a stream takes several times longer, on Bun half of a small request.
  if (!isChunked && length <= maxBytes) {
    const bytes = new Uint8Array(await request.arrayBuffer())
    return bytes.length > maxBytes ? undefined : bytes
  }
  return request.body === null ? new Uint8Array(0) : readBytes(chunksOf(request.body), { maxBytes })
}

/** An answer as a `Response`. */
export function responseOf({ status, headers, body }: HttpAnswer): Response {
  // `Response` throws for status 499 and for a body with a status that allows none.
  return new Response(body === '' ? null : (body as BodyInit), { status, headers })
}
