/** The request handler: one function from `Request` to `Response` for every runtime. */
import { systemClock } from '../core/clock'
import { show } from '../core/errors'
import { newId } from '../core/ids'
import { type Logger, silentLogger } from '../core/logger'
import type { MetricFamily } from '../ports/metric-family'
import type { AccessLog, AccessLogEntry } from './access-log'
import { adminProtocol, assertAdmin, checkAdmin } from './admin'
import type { Caller } from './auth'
import { compress } from './compression'
import { RequestContext, type ServedState } from './context'
import { createCors } from './cors'
import type { HttpAnswer, HttpExchange, Protocol } from './exchange'
import { createGate } from './gate'
import { type HandlerOptions, resolveLimits } from './handler-options'
import { resolveJobOptions } from './jobs/job-options'
import { jobProtocol } from './jobs/job-protocol'
import { JobRunner, type JobRunnerInit } from './jobs/job-runner'
import { predictProtocol } from './predict-route'
import { HttpProblem, problemOf, renderProblem } from './problem'
import { createRouter, type Match, type Router } from './router'
import { type Served, servedModels } from './served'
import { createHttpCounters, predictorFamilies } from './serving-metrics'
import { systemProtocol } from './system-routes'
import { exchangeOf, responseOf } from './web'

export { type HandlerLimits, type HandlerOptions, handlerRules } from './handler-options'

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
  checkAdmin(options.admin)
  const { basePath = '', logger = silentLogger(), admin, accessLog, clock = systemClock() } = options
  const now = options.clock === undefined ? () => performance.now() : () => clock.now()
  const counters = createHttpCounters()
  const gate = createGate({ auth: options.auth, rateLimit: options.rateLimit, admin, now })
  const cors = options.cors && createCors(options.cors)
  const jobs = createJobs(options, { models, clock, logger, basePath })
  const protocols = [
    ...(options.protocols ?? []),
    predictProtocol(),
    ...(jobs === undefined ? [] : [jobs.protocol]),
    ...(admin === undefined ? [] : [adminProtocol(admin)]),
  ]
  const families = (): readonly MetricFamily[] => [
    ...counters.families(),
    ...predictorFamilies(models.values()),
    ...(options.collect?.() ?? []),
  ]
  const title = options.title ?? (models.keys().next().value as string)
  const router = createRouter([
    ...protocols,
    systemProtocol({ title, basePath, maxRows: limits.maxRows, families, protocols, needsAuth: options.auth !== undefined }),
  ])
  const find = routeFinder(router, basePath)
  const newRequestId = requestIds()
  const state: ServedState = { models, limits, unloaded: new Set(), draining: false }

  const exchange = async (request: HttpExchange): Promise<HttpAnswer> => {
    const start = now()
    counters.begin()
    const requestId = requestIdOf(request) ?? newRequestId()
    let match: Match | undefined
    let caller: Caller | undefined
    let answer: HttpAnswer
    try {
      const found = find(request.method, request.path)
      const preflight = cors?.preflight(request)
      if (preflight !== undefined) answer = preflight
      else if ('route' in found) {
        match = found
        if (match.route.method === 'POST' && counters.inProgress > limits.maxConcurrent)
          throw new HttpProblem(503, 'overloaded', 'too many requests at the same time; try again')
        if (gate !== undefined) caller = await gate(request, match.route)
        if (match.route.admin === true) assertAdmin(request, admin)
        answer = await match.route.handle(new RequestContext(state, request, match.params, requestId))
      } else answer = answerWithoutRoute(request.method, found)
    } catch (error) {
      answer = problemAnswer(error, request, requestId, match?.protocol, logger)
    }
    if (options.compress === true) answer = await compress(answer, request)
    const route = match?.route.path ?? 'unmatched'
    const milliseconds = now() - start
    counters.end(route, request.method, answer.status, milliseconds / 1000)
    const headers = withCommonHeaders(answer.headers, request, requestId)
    if (cors !== undefined && request.method !== 'OPTIONS') addHeaders(headers, cors.headers(request))
    if (accessLog !== undefined)
      log(
        accessLog,
        request,
        { at: clock.now(), requestId, route, status: answer.status, durationMs: milliseconds, caller: caller?.id },
        answer,
      )
    return { status: answer.status, headers, body: request.method === 'HEAD' ? '' : answer.body }
  }

  const handler = async (request: Request): Promise<Response> => responseOf(await exchange(exchangeOf(request)))
  const drain = (): void => {
    state.draining = true
    jobs?.runner.drain()
  }
  const has = (path: string): boolean => {
    const found = find('OPTIONS', path)
    return 'route' in found || found.allowed.length > 0
  }
  const whole = Object.assign(handler, { exchange, drain, has, basePath })
  return Object.defineProperty(whole, 'draining', { get: () => state.draining }) as Handler
}

/** The routes of batch jobs, if there are to be any. Jobs that an earlier process left are taken up. */
function createJobs(
  options: HandlerOptions,
  { basePath, ...init }: Omit<JobRunnerInit, 'settings'> & { readonly basePath: string },
): { readonly runner: JobRunner; readonly protocol: Protocol } | undefined {
  if (options.jobs === undefined) return undefined
  const settings = resolveJobOptions(options.jobs)
  const runner = new JobRunner({ ...init, settings })
  runner.resume().catch((error: unknown) => init.logger.error(`the stored jobs could not be taken up: ${describe(error)}`))
  return { runner, protocol: jobProtocol(runner, settings, basePath) }
}

/** Tells the access log; what it throws must not become the answer. */
function log(
  accessLog: AccessLog,
  request: HttpExchange,
  known: Omit<AccessLogEntry, 'method' | 'path' | 'length' | 'address' | 'traceparent'>,
  { body }: HttpAnswer,
): void {
  const trace = request.header('traceparent')
  const length = typeof body === 'object' && 'getReader' in body ? undefined : body.length
  try {
    accessLog({ ...known, method: request.method, path: request.path, length, address: request.address, traceparent: trace })
  } catch {
    // Nobody is left to tell.
  }
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

/** Adds headers; what an answer varies with adds up. */
function addHeaders(headers: Record<string, string>, { vary, ...more }: Readonly<Record<string, string>>): void {
  Object.assign(headers, more)
  if (vary !== undefined) headers.vary = headers.vary === undefined ? vary : `${headers.vary}, ${vary}`
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return show(error)
  return error.cause === undefined
    ? (error.stack ?? error.message)
    : `${error.stack ?? error.message}\n  because of ${describe(error.cause)}`
}
