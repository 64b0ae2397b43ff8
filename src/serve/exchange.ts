/** Requests and answers independent of the server. Those of Node's server and web-standard ones are both converted to this form. */
import type { Awaitable } from '../core/awaitable'
import type { CancelSignal } from '../core/signal'
import type { Predictor } from '../predictor/predictor'

/** A request, from any server. */
export interface HttpExchange {
  /** In capitals. */
  readonly method: string
  /** As sent by the client, without the query. */
  readonly path: string
  /** The path at which an application mounted the handler, if `path` does not include it. Links on pages begin with it. */
  readonly mountedAt?: string | undefined
  /** What stands behind `?` in the URL. */
  readonly query?: string | undefined
  /** The client's network address, where the server knows it. */
  readonly address?: string | undefined
  /** The value of a header, by its lower-case name. */
  header(name: string): string | undefined
  /** The whole body; `undefined` when it is longer than `maxBytes`, and then reading stops. Called at most once. */
  body(maxBytes: number): Promise<Uint8Array | undefined>
  /** Aborted when the client disconnects: an `AbortSignal`, or what a server has in its place. */
  readonly signal?: CancelSignal | undefined
}

/** The body of a response: text, bytes, or chunks of bytes as they come. */
export type HttpBody = string | Uint8Array | ReadableStream<Uint8Array>

/** A response. Header names in lower case. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: HttpBody
}

/** What the function of a route gets. */
export interface RouteContext {
  readonly exchange: HttpExchange
  /** The `:name` parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** The id of this request in answers and logs. */
  readonly requestId: string
  /** The predictors by name; the first is the default. */
  readonly models: ReadonlyMap<string, Predictor>
  /** The predictor of that name, or the default. @throws NotFound naming the known ones; InvalidState for one that was taken out of service */
  predictor(name?: string): Predictor
  /** The models that an administrator took out of service. */
  readonly unloaded: Set<string>
  /** The body as JSON. @throws a problem with status 400, 413 or 415 */
  json(): Promise<unknown>
  /** The same, of any media type; `otherwise` for an empty body. */
  optionalJson(otherwise?: unknown): Promise<unknown>
  /** The body as it was sent, unpacked if it was compressed; of at most `maxBytes`, or as many as the limits say. @throws a problem with status 400, 413 or 415 */
  bytes(maxBytes?: number): Promise<Uint8Array>
  /** JSON text within the limits. @throws a problem with status 400 */
  parse(bytes: Uint8Array): unknown
  /** Most rows in a request. */
  readonly maxRows: number
  /** Options for `predict`: the signal of the client and the deadline of the server. */
  readonly call: { readonly signal?: CancelSignal | undefined; readonly deadlineMs: number }
  /** Whether the server is shutting down. */
  readonly draining: boolean
}

/** One method on one path. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Segments after slashes; `:name` takes any one segment, `:name:verb` one that ends in `:verb`. */
  readonly path: string
  /** Only for administrators: refused unless the handler was made with `admin` and the request has its token. @default false */
  readonly admin?: boolean | undefined
  handle(context: RouteContext): Awaitable<HttpAnswer>
}

/** What the description of a protocol may depend on. */
export interface OpenApiContext {
  readonly models: ReadonlyMap<string, Predictor>
  readonly maxRows: number
}

/** A part of an OpenAPI 3.1 document. */
export interface OpenApiPart {
  readonly paths: Readonly<Record<string, object>>
  /** Below `components.schemas`. */
  readonly schemas?: Readonly<Record<string, object>> | undefined
  /** Below `components.securitySchemes`. */
  readonly securitySchemes?: Readonly<Record<string, object>> | undefined
}

/** A protocol for predictions: its paths and the format of its errors. */
export interface Protocol {
  readonly name: string
  readonly routes: readonly Route[]
  /** Its part of the OpenAPI document. Paths are those of its routes, without the prefix of the handler. @default it is not described */
  openApi?(context: OpenApiContext): OpenApiPart
  /** The answer for a problem on one of its routes. @default `application/problem+json` of RFC 9457 */
  renderProblem?(problem: Problem): HttpAnswer
}

/** An error in the form from which every protocol makes its answer. It contains only what a client may see. */
export interface Problem {
  readonly status: number
  /** A stable code for programs: `signature-mismatch`, `malformed-json`, `overloaded`, … */
  readonly code: string
  /** A sentence. */
  readonly detail: string
  /** All problems of every row. */
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly code: string; readonly message: string }[] | undefined
  readonly retryAfterSeconds?: number | undefined
  /** Headers that the answer must have, such as `allow`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly requestId: string
}

// JSON is always UTF-8 and its media type has no `charset` (RFC 8259); KServe's client reads our errors only without one.
const jsonHeaders: Readonly<Record<string, string>> = { 'content-type': 'application/json' }

/** A JSON answer. `NaN` and the infinities become `null`. */
export function jsonAnswer(value: unknown, status = 200, headers?: Readonly<Record<string, string>>): HttpAnswer {
  return { status, headers: headers === undefined ? jsonHeaders : { ...jsonHeaders, ...headers }, body: JSON.stringify(value) }
}
