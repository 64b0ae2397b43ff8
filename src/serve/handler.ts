/** The request handler: one function from `Request` to `Response` for every runtime. */
import type { Clock } from '../core/clock'
import { show } from '../core/errors'
import { newId } from '../core/ids'
import { type Logger, silentLogger } from '../core/logger'
import { checkOptions, finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../core/options'
import type { MetricFamily } from '../ports/metric-family'
import { RequestContext, type ServedState } from './context'
import type { HttpAnswer, HttpExchange, Protocol } from './exchange'
import { predictProtocol } from './predict-route'
import { HttpProblem, problemOf, renderProblem } from './problem'
import { createRouter, type Match, type Router } from './router'
import { type Served, servedModels } from './served'
import { createHttpCounters, predictorFamilies } from './serving-metrics'
import { systemProtocol } from './system-routes'
import { exchangeOf, responseOf } from './web'

/** Limits on requests. */
export interface HandlerLimits {
  /** Most bytes in a body. @default 8 MiB */
  readonly maxBodyBytes?: number | undefined
  /** Most rows in a request. @default 10,000 */
  readonly maxRows?: number | undefined
  /** How deep JSON may be nested. @default 32 */
  readonly maxJsonDepth?: number | undefined
  /** Most POST requests at the same time; one more gets a 503. @default 1,024 */
  readonly maxConcurrent?: number | undefined
  /** Longest time for an answer, in milliseconds; later it is a 504. @default 30,000 */
  readonly deadlineMs?: number | undefined
}

/** Options of {@link createHandler}. */
export interface HandlerOptions {
  /** Title of `/docs` and the OpenAPI document. @default the name of the first model */
  readonly title?: string | undefined
  /** Prefix of all paths, such as `/ml`. @default none */
  readonly basePath?: string | undefined
  readonly limits?: HandlerLimits | undefined
  /** Further protocols beside `/predict`. Their routes come first. */
  readonly protocols?: readonly Protocol[] | undefined
  /** Further metrics for `/metrics`, such as drift scores. */
  readonly collect?: (() => readonly MetricFamily[]) | undefined
  /** Logs every answer with status 500 and its cause, which the client does not see. @default silent */
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
}

/** Answers HTTP requests. Call it with a web-standard `Request`; a second argument is ignored, so that it fits every framework. */
export interface Handler {
  (request: Request, context?: unknown): Promise<Response>
  /** The same without web-standard objects, for servers that have their own. */
  exchange(exchange: HttpExchange): Promise<HttpAnswer>
  /** From now on `/readyz` answers 503, so that no new traffic is sent here; requests are still answered. */
  drain(): void
  /** Whether `drain` was called. */
  readonly draining: boolean
  /** The prefix of all paths, or `''`. */
  readonly basePath: string
  /** Whether there is a route at a path, for any method. Applications that mount the handler use it. */
  has(path: string): boolean
}

/**
 * Makes the handler: `POST /predict`, `POST /models/:name/predict`, `GET /healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/docs`.
 *
 * Errors are `application/problem+json`; an error of the input lists all problems of every row. Answers have the headers `x-request-id`
 * (the client's, if it sent one) and `traceparent` (the client's).
 *
 * @example
 * const handler = createHandler(predictor)
 * const response = await handler(new Request('http://localhost/predict', { method: 'POST', body: '{"rows":[{"a":1}]}', headers: { 'content-type': 'application/json' } }))
 * @throws InvalidArgument for invalid options or a value that is no model
 */
export function createHandler(served: Served, options: HandlerOptions = {}): Handler {
  const models = servedModels(served, 'createHandler')
  const limits = resolveLimits(options)
  const { basePath = '', logger = silentLogger() } = options
  const now = options.clock === undefined ? () => performance.now() : () => (options.clock as Clock).now()
  const counters = createHttpCounters()
  const own = [...(options.protocols ?? []), predictProtocol()]
  const families = (): readonly MetricFamily[] => [
    ...counters.families(),
    ...predictorFamilies(models.values()),
    ...(options.collect?.() ?? []),
  ]
  const title = options.title ?? (models.keys().next().value as string)
  const router = createRouter([...own, systemProtocol({ title, basePath, maxRows: limits.maxRows, families, protocols: own })])
  const find = routeFinder(router, basePath)
  const newRequestId = requestIds()
  const state: ServedState = { models, limits, draining: false }

  const exchange = async (request: HttpExchange): Promise<HttpAnswer> => {
    const start = now()
    counters.begin()
    const requestId = requestIdOf(request) ?? newRequestId()
    let match: Match | undefined
    let answer: HttpAnswer
    try {
      const found = find(request.method, request.path)
      if ('route' in found) {
        match = found
        if (match.route.method === 'POST' && counters.inProgress > limits.maxConcurrent)
          throw new HttpProblem(503, 'overloaded', 'too many requests at the same time; try again')
        answer = await match.route.handle(new RequestContext(state, request, match.params, requestId))
      } else answer = answerWithoutRoute(request.method, found)
    } catch (error) {
      answer = problemAnswer(error, request, requestId, match?.protocol, logger)
    }
    counters.end(match?.route.path ?? 'unmatched', request.method, answer.status, (now() - start) / 1000)
    return {
      status: answer.status,
      headers: withCommonHeaders(answer.headers, request, requestId),
      body: request.method === 'HEAD' ? '' : answer.body,
    }
  }

  const handler = async (request: Request): Promise<Response> => responseOf(await exchange(exchangeOf(request)))
  const drain = (): void => {
    state.draining = true
  }
  const has = (path: string): boolean => {
    const found = find('OPTIONS', path)
    return 'route' in found || found.allowed.length > 0
  }
  const whole = Object.assign(handler, { exchange, drain, has, basePath })
  return Object.defineProperty(whole, 'draining', { get: () => state.draining }) as Handler
}

/** `router.find` for whole paths: what does not begin with `basePath` is not found. */
function routeFinder(router: Router, basePath: string): Router['find'] {
  return (method, path) => {
    const inside = basePath === '' || path === basePath || path.startsWith(`${basePath}/`)
    return inside ? router.find(method, path.slice(basePath.length) || '/') : { allowed: [] }
  }
}

/** A function that makes ids of requests: unique, without drawing random numbers for each. */
function requestIds(): () => string {
  const prefix = newId().slice(0, 16)
  let counter = 0
  return () => `${prefix}${(counter++).toString(16).padStart(16, '0')}`
}

/** The answer to OPTIONS. @throws HttpProblem 404 for an unknown path, 405 for a method that the path does not have */
function answerWithoutRoute(method: string, { allowed }: { readonly allowed: readonly string[] }): HttpAnswer {
  if (allowed.length === 0) throw new HttpProblem(404, 'not-found', 'there is nothing at this path')
  const allow = [...allowed, 'OPTIONS'].join(', ')
  if (method === 'OPTIONS') return { status: 204, headers: { allow }, body: '' }
  throw new HttpProblem(405, 'method', `this path answers ${allowed.join(', ')}`, { allow })
}

/** The answer to a request that failed, in the format of its protocol. Causes of status 500 are logged, not sent. */
function problemAnswer(
  error: unknown,
  request: HttpExchange,
  requestId: string,
  protocol: Protocol | undefined,
  logger: Logger,
): HttpAnswer {
  const problem = problemOf(error, requestId, request.signal?.aborted === true)
  if (problem.status === 500) logger.error(`request ${requestId}, ${request.method} ${request.path}: ${describe(error)}`)
  const answer = protocol?.renderProblem?.(problem) ?? renderProblem(problem)
  const retry = problem.retryAfterSeconds === undefined ? {} : { 'retry-after': String(problem.retryAfterSeconds) }
  return { ...answer, headers: { ...problem.headers, ...retry, ...answer.headers } }
}

/** What each option of the handler allows. */
export function handlerRules(): Readonly<Record<keyof HandlerOptions, OptionRule>> {
  return {
    title: nonEmptyString(),
    basePath: { allowed: 'a path such as /ml', test: (value) => typeof value === 'string' && /^(\/[\w.~-]+)*$/.test(value) },
    limits: ofType('object'),
    protocols: ofType('object'),
    collect: ofType('function'),
    logger: ofType('object'),
    clock: ofType('object'),
  }
}

function resolveLimits(options: HandlerOptions): ServedState['limits'] {
  checkOptions('createHandler', options, handlerRules())
  const whole = wholeNumber(1)
  checkOptions('`limits` of createHandler', options.limits, {
    maxBodyBytes: whole,
    maxRows: whole,
    maxJsonDepth: whole,
    maxConcurrent: whole,
    deadlineMs: finiteNumber(1, 2147483647),
  })
  const {
    maxBodyBytes = 8 * 1024 * 1024,
    maxRows = 10_000,
    maxJsonDepth = 32,
    maxConcurrent = 1024,
    deadlineMs = 30_000,
  } = options.limits ?? {}
  return { maxBodyBytes, maxRows, maxJsonDepth, maxConcurrent, deadlineMs }
}

/** The client's request id, if it has only characters that are safe in headers and logs. */
function requestIdOf(request: HttpExchange): string | undefined {
  const given = request.header('x-request-id')
  return given !== undefined && /^[\w.:+/=-]{1,128}$/.test(given) ? given : undefined
}

/** W3C Trace Context, level 1: version, trace id, parent id, flags. */
const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

function withCommonHeaders(own: HttpAnswer['headers'], request: HttpExchange, requestId: string): Record<string, string> {
  const trace = request.header('traceparent')
  const headers: Record<string, string> = { 'x-request-id': requestId, 'x-content-type-options': 'nosniff', ...own }
  if (trace !== undefined && traceparent.test(trace)) headers.traceparent ??= trace
  return headers
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return show(error)
  return error.cause === undefined
    ? (error.stack ?? error.message)
    : `${error.stack ?? error.message}\n  because of ${describe(error.cause)}`
}
