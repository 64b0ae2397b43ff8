/** HTTP without a server: what a route gets and gives. Node's server and web-standard `Request` are both put into this form. */
import type { Awaitable } from '../core/awaitable'
import type { Predictor } from '../predictor/predictor'

/** A request, whoever received it. */
export interface HttpExchange {
  /** In capitals. */
  readonly method: string
  /** As on the wire, without query. */
  readonly path: string
  /** The path below which the handler was mounted in an application, where `path` does not hold it. Links on pages begin with it. */
  readonly mountedAt?: string | undefined
  /** The value of a header, by its lower-case name. */
  header(name: string): string | undefined
  /** The whole body; `undefined` when it is longer than `maxBytes`, of which no more is then read. Called at most once. */
  body(maxBytes: number): Promise<Uint8Array | undefined>
  /** Aborted when the client is gone. */
  readonly signal?: AbortSignal | undefined
}

/** A response. Header names in lower case. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a route works with. */
export interface RouteContext {
  readonly exchange: HttpExchange
  /** The `:name` parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Names this request in answers and logs. */
  readonly requestId: string
  /** The predictors by name; the first is the default. */
  readonly models: ReadonlyMap<string, Predictor>
  /** The predictor of that name, or the default. @throws NotFound naming those there are */
  predictor(name?: string): Predictor
  /** The body as JSON. @throws a problem with status 400, 413 or 415 */
  json(): Promise<unknown>
  /** Most rows in a request. */
  readonly maxRows: number
  /** Options for `predict`: the signal of the client and the deadline of the server. */
  readonly call: { readonly signal?: AbortSignal | undefined; readonly deadlineMs: number }
  /** Whether the server is shutting down. */
  readonly draining: boolean
}

/** One method on one path. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Segments after slashes; `:name` takes any one segment. */
  readonly path: string
  handle(context: RouteContext): Awaitable<HttpAnswer>
}

/** A way of talking to models: its paths, and how it words errors. */
export interface Protocol {
  readonly name: string
  readonly routes: readonly Route[]
  /** The answer for a problem on one of its routes. @default `application/problem+json` of RFC 9457 */
  renderProblem?(problem: Problem): HttpAnswer
}

/** Everything that can go wrong, in one form that every protocol can word. Holds nothing that a client must not see. */
export interface Problem {
  readonly status: number
  /** A stable machine word: `signature-mismatch`, `malformed-json`, `overloaded`, … */
  readonly code: string
  /** A sentence. */
  readonly detail: string
  /** Everything wrong with every row. */
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly code: string; readonly message: string }[] | undefined
  readonly retryAfterSeconds?: number | undefined
  /** Headers the answer must carry, such as `allow`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly requestId: string
}

/** A JSON answer. Numbers that JSON cannot spell become `null`. */
export function jsonAnswer(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body: JSON.stringify(value) }
}
