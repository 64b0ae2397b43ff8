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
    body: async (maxBytes) => (request.body === null ? new Uint8Array(0) : readBytes(chunksOf(request.body), { maxBytes })),
    get query() {
      return url.includes('?') ? new URL(url).search.slice(1) : undefined
    },
    get signal() {
      return request.signal
    },
  }
}

/** An answer as a `Response`. */
export function responseOf({ status, headers, body }: HttpAnswer): Response {
  // `Response` throws for status 499 and for a body with a status that allows none.
  return new Response(body === '' ? null : (body as BodyInit), { status, headers })
}
