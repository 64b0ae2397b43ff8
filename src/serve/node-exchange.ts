/** Converts requests and responses of Node (`node:http`, Express) to those of the handler of `millwright/serve`. */
import { utf8 } from '../core/bytes'
import { collectBytes } from '../core/read-bytes'

/** A request in the form that `createHandler(…).exchange` of `millwright/serve` accepts. */
export interface ServedExchange {
  readonly method: string
  readonly path: string
  /** The path at which the handler was mounted, if `path` does not include it. */
  readonly mountedAt?: string | undefined
  header(name: string): string | undefined
  body(maxBytes: number): Promise<Uint8Array | undefined>
  readonly signal: AbortSignal
}

/** An answer of the handler. */
export interface ServedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The handler of `millwright/serve`. */
export interface ExchangeHandler {
  exchange(request: ServedExchange): Promise<ServedAnswer>
}

/** The part of `IncomingMessage` that is used; Express's request has it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly complete: boolean
  readonly readableEnded: boolean
  on(event: 'data', listener: (part: Uint8Array) => void): unknown
  once(event: 'end' | 'close', listener: () => void): unknown
  once(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'data', listener: (part: Uint8Array) => void): unknown
  off(event: 'end' | 'close', listener: () => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
}

/** The part of `ServerResponse` that is used. */
export interface NodeResponse {
  readonly destroyed: boolean
  readonly headersSent: boolean
  readonly writableEnded: boolean
  once(event: 'close', listener: () => void): unknown
  writeHead(status: number, headers: Record<string, string | number>): unknown
  end(body?: string): unknown
}

/** How a request is answered. */
export interface AnswerOptions {
  /** @default the path of the request's `url` */
  readonly path?: string | undefined
  readonly mountedAt?: string | undefined
  /** Whether the server takes no further requests on this connection. */
  readonly isClosing?: (() => boolean) | undefined
}

/** Answers a request of Node with `handler`. Resolves when the answer was written; never rejects. */
export async function answerNode(
  handler: ExchangeHandler,
  request: NodeRequest,
  response: NodeResponse,
  options: AnswerOptions = {},
): Promise<void> {
  try {
    const { status, headers, body } = await handler.exchange(exchangeOfNode(request, response, options))
    if (response.destroyed) return
    // The rest of a body that was not read would be taken for the next request.
    const last = options.isClosing?.() === true || !request.complete
    const length = request.method === 'HEAD' || status === 204 ? {} : { 'content-length': utf8Length(body) }
    response.writeHead(status, { ...headers, ...length, ...(last ? { connection: 'close' } : {}) })
    response.end(body)
  } catch {
    // The handler answers every error itself, so this can only be a broken connection.
    if (!response.headersSent && !response.destroyed) response.writeHead(500, { connection: 'close' })
    response.end()
  }
}

/** A request of Node as an exchange. Its signal is aborted when the client leaves before the answer has ended, and only then. */
export function exchangeOfNode(request: NodeRequest, response: NodeResponse, { path, mountedAt }: AnswerOptions = {}): ServedExchange {
  const gone = new AbortController()
  response.once('close', () => {
    // Every response emits `close`. Aborting without need would take as long as the rest of a small request.
    if (!response.writableEnded) gone.abort(clientGone())
  })
  return {
    method: request.method ?? 'GET',
    path: path ?? pathOf(request.url ?? '/'),
    mountedAt,
    header: (name) => headerOf(request, name),
    body: (maxBytes) => bodyOf(request, maxBytes),
    signal: gone.signal,
  }
}

/** The path of a URL without origin. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

function headerOf({ headers }: NodeRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value.join(', ') : value
}

/** The body, read from the request or taken from an earlier parser (`express.json()`). */
async function bodyOf(request: NodeRequest, maxBytes: number): Promise<Uint8Array | undefined> {
  const { body } = request as { body?: unknown }
  if (!request.readableEnded || body === undefined) return readBody(request, maxBytes)
  const bytes = body instanceof Uint8Array ? body : utf8(typeof body === 'string' ? body : JSON.stringify(body))
  return bytes.length > maxBytes ? undefined : bytes
}

/** The body, or `undefined` as soon as it is longer than allowed. */
function readBody(request: NodeRequest, maxBytes: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const collector = collectBytes({ maxBytes })
    const done = (): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('error', onError)
      request.off('close', onClose)
    }
    const onData = (part: Uint8Array): void => {
      if (collector.add(part)) return
      done()
      request.pause()
      resolve(undefined)
    }
    const onEnd = (): void => {
      done()
      resolve(collector.bytes())
    }
    const onError = (error: Error): void => {
      done()
      reject(error)
    }
    const onClose = (): void => onError(clientGone())
    if (request.readableEnded) return onEnd()
    request.on('data', onData)
    request.once('end', onEnd)
    request.once('error', onError)
    request.once('close', onClose)
  })
}

function clientGone(): DOMException {
  return new DOMException('the client closed the request', 'AbortError')
}

function utf8Length(text: string): number {
  return typeof Buffer === 'undefined' ? utf8(text).length : Buffer.byteLength(text)
}
