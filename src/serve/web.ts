/** Between web-standard `Request`, `Response` and the handler's own form. */
import { chunksOf, readBytes } from '../core/read-bytes'
import type { HttpAnswer, HttpExchange } from './exchange'

/** A `Request` as an exchange. Its body is read only when asked for, and no further than allowed. */
export function exchangeOf(request: Request): HttpExchange {
  const url = request.url
  // Parsing the whole URL would normalise the path; only its place in the text is needed.
  const begin = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.slice(begin).search(/[?#]/)
  return {
    method: request.method,
    path: begin < 0 ? '/' : url.slice(begin, end < 0 ? undefined : begin + end),
    header: (name) => request.headers.get(name) ?? undefined,
    body: async (maxBytes) => (request.body === null ? new Uint8Array(0) : readBytes(chunksOf(request.body), { maxBytes })),
    signal: request.signal,
  }
}

/** An answer as a `Response`. */
export function responseOf({ status, headers, body }: HttpAnswer): Response {
  // 499 and the statuses without body must not be given one.
  return new Response(body === '' ? null : body, { status, headers })
}
