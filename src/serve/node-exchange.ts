/** Converts requests and responses of Node (`node:http`, Express) to those of the handler of `millwright/serve`. */
import { utf8 } from '../core/bytes'
import { collectBytes } from '../core/read-bytes'
import type { CancelSignal } from '../core/signal'
import type { AnswerQueue } from './answer-queue'

/** A request in the form that `createHandler(…).exchange` of `millwright/serve` accepts. */
export interface ServedExchange {
  readonly method: string
  readonly path: string
  /** The path at which the handler was mounted, if `path` does not include it. */
  readonly mountedAt?: string | undefined
  /** What stands behind `?` in the URL. */
  readonly query?: string | undefined
  /** The client's network address. */
  readonly address?: string | undefined
  header(name: string): string | undefined
  body(maxBytes: number): Promise<Uint8Array | undefined>
  /** Aborted when the client leaves before the answer has ended, and only then. */
  readonly signal: CancelSignal
}

/** An answer of the handler. */
export interface ServedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>
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
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
  on(event: 'data', listener: (part: Uint8Array) => void): unknown
  on(event: 'end' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'data', listener: (part: Uint8Array) => void): unknown
  pause(): unknown
}

/** The part of `ServerResponse` that is used. */
export interface NodeResponse {
  readonly destroyed: boolean
  readonly headersSent: boolean
  readonly writableEnded: boolean
  once(event: 'close' | 'drain', listener: () => void): unknown
  writeHead(status: number, headers: Record<string, string | number>): unknown
  write(part: Uint8Array): boolean
  end(body?: string | Uint8Array): unknown
}

/** How a request is answered. */
export interface AnswerOptions {
  /** @default the path of the request's `url` */
  readonly path?: string | undefined
  readonly mountedAt?: string | undefined
  /** Whether the server takes no further requests on this connection. */
  readonly isClosing?: (() => boolean) | undefined
  /** Where answers wait for others of the same turn. @default each is sent at once */
  readonly queue?: AnswerQueue | undefined
}

/** Answers a request of Node with `handler`. Resolves when the answer is written or queued; never rejects. */
export async function answerNode(
  handler: ExchangeHandler,
  request: NodeRequest,
  response: NodeResponse,
  options: AnswerOptions = {},
): Promise<void> {
  try {
    const answer = await handler.exchange(exchangeOfNode(request, response, options))
    const { status, body } = answer
    if (isStream(body)) {
      if (response.destroyed) return
      response.writeHead(status, headersOf(answer, request, options))
      await pipe(body, response)
    } else {
      const write = (): void => send(answer, { request, response, options })
      if (options.queue === undefined) write()
      else options.queue.add(write)
    }
  } catch {
    giveUp(response)
  }
}

/** A request of Node that is being answered. */
interface Answering {
  readonly request: NodeRequest
  readonly response: NodeResponse
  readonly options: AnswerOptions
}

/** Sends an answer that is not a stream. */
function send(answer: ServedAnswer, { request, response, options }: Answering): void {
  if (response.destroyed) return
  const { status } = answer
  const body = answer.body as string | Uint8Array
  try {
    const headers = headersOf(answer, request, options)
    if (request.method !== 'HEAD' && status !== 204) headers['content-length'] = typeof body === 'string' ? utf8Length(body) : body.length
    response.writeHead(status, headers)
    response.end(body)
  } catch {
    giveUp(response)
  }
}

function headersOf({ headers }: ServedAnswer, request: NodeRequest, { isClosing }: AnswerOptions): Record<string, string | number> {
  const all: Record<string, string | number> = { ...headers }
  // The rest of a body that was not read would be taken for the next request.
  if (!request.complete || isClosing?.() === true) all.connection = 'close'
  return all
}

/** The handler answers every error itself, so this can only be a broken connection. */
function giveUp(response: NodeResponse): void {
  if (!response.headersSent && !response.destroyed) response.writeHead(500, { connection: 'close' })
  response.end()
}

function isStream(body: ServedAnswer['body']): body is ReadableStream<Uint8Array> {
  return typeof body === 'object' && 'getReader' in body
}

/** Writes the chunks of a stream as fast as the client reads them; cancels the stream when the client leaves. */
async function pipe(stream: ReadableStream<Uint8Array>, response: NodeResponse): Promise<void> {
  const reader = stream.getReader()
  const gone = new Promise<{ readonly done: true; readonly value?: undefined }>((resolve) => {
    response.once('close', () => resolve({ done: true }))
  })
  for (;;) {
    const { done, value } = await Promise.race([reader.read(), gone])
    if (done || response.destroyed) break
    if (!response.write(value)) await Promise.race([gone, new Promise<void>((resolve) => response.once('drain', resolve))])
  }
  if (response.destroyed) await reader.cancel().catch(() => {})
  response.end()
}

/** A request of Node as an exchange. */
export function exchangeOfNode(request: NodeRequest, response: NodeResponse, options: AnswerOptions = {}): ServedExchange {
  return new NodeExchange(request, response, options)
}

class NodeExchange implements ServedExchange {
  readonly #request: NodeRequest
  readonly #response: NodeResponse
  readonly method: string
  readonly path: string
  readonly mountedAt: string | undefined
  #signal: ClientSignal | undefined

  constructor(request: NodeRequest, response: NodeResponse, { path, mountedAt }: AnswerOptions) {
    this.#request = request
    this.#response = response
    this.method = request.method ?? 'GET'
    this.path = path ?? pathOf(request.url ?? '/')
    this.mountedAt = mountedAt
  }

  get query(): string | undefined {
    const { url = '' } = this.#request
    const at = url.indexOf('?')
    return at < 0 ? undefined : url.slice(at + 1)
  }

  get address(): string | undefined {
    return this.#request.socket?.remoteAddress
  }

  get signal(): CancelSignal {
    this.#signal ??= new ClientSignal(this.#response)
    return this.#signal
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  }

  body(maxBytes: number): Promise<Uint8Array | undefined> {
    return bodyOf(this.#request, maxBytes)
  }
}

/** Aborted when the client leaves before the answer has ended. An `AbortController` for each request would take as long as the rest of a small one. */
class ClientSignal implements CancelSignal {
  readonly #response: NodeResponse
  readonly #listeners: (() => void)[] = []
  #isListening = false
  #reason: unknown

  constructor(response: NodeResponse) {
    this.#response = response
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableEnded
  }

  get reason(): unknown {
    if (this.aborted) this.#reason ??= clientGone()
    return this.#reason
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
    if (this.#isListening) return
    this.#isListening = true
    // Every response emits `close`.
    this.#response.once('close', () => {
      if (!this.#response.writableEnded) for (const call of this.#listeners.splice(0)) call()
    })
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener)
    if (at >= 0) this.#listeners.splice(at, 1)
  }
}

/** The path of a URL without origin. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
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
    if (request.readableEnded) return resolve(new Uint8Array(0))
    let first: Uint8Array | undefined
    let collector: ReturnType<typeof collectBytes> | undefined
    const onData = (part: Uint8Array): void => {
      // Most bodies come in one piece, which needs no copy.
      if (first === undefined && part.length <= maxBytes) {
        first = part
        return
      }
      if (collector === undefined) {
        collector = collectBytes({ maxBytes })
        if (first !== undefined) collector.add(first)
      }
      if (collector.add(part)) return
      request.off('data', onData)
      request.pause()
      resolve(undefined)
    }
    request.on('data', onData)
    request.on('end', () => resolve(collector?.bytes() ?? first ?? new Uint8Array(0)))
    request.on('error', reject)
    request.on('close', () => {
      if (!request.readableEnded) reject(clientGone())
    })
  })
}

function clientGone(): DOMException {
  return new DOMException('the client closed the request', 'AbortError')
}

function utf8Length(text: string): number {
  return typeof Buffer === 'undefined' ? utf8(text).length : Buffer.byteLength(text)
}
