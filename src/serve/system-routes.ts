/** Routes for operators and tools: health, readiness, metrics, description. */
import type { MetricFamily } from '../ports/metric-family'
import { openMetricsType, prometheusType, toOpenMetrics, toPrometheusText, wantsOpenMetrics } from '../ports/metric-text'
import type { Predictor } from '../predictor/predictor'
import { docsPage } from './docs-page'
import { type HttpAnswer, type HttpExchange, jsonAnswer, type Protocol, type Route, type RouteContext } from './exchange'
import { openApiOf } from './openapi'

/** What the system routes need to know. */
export interface SystemOptions {
  readonly title: string
  readonly basePath: string
  readonly maxRows: number
  /** The metrics for `/metrics`. */
  readonly families: () => readonly MetricFamily[]
  readonly protocols: readonly Protocol[]
  /** Whether requests need a key or token. */
  readonly needsAuth: boolean
}

/** `/healthz` (`/livez`, `/health`, `/ping`), `/readyz`, `/metrics`, `/openapi.json`, `/docs`, `/`. */
export function systemProtocol(options: SystemOptions): Protocol {
  const live = (): HttpAnswer => jsonAnswer({ status: 'ok' }, 200, { 'cache-control': 'no-store' })
  const health = ['/healthz', '/livez', '/health', '/ping'].map((path): Route => ({ method: 'GET', path, handle: live }))
  return {
    name: 'system',
    routes: [
      ...health,
      { method: 'GET', path: '/readyz', handle: ready },
      { method: 'GET', path: '/metrics', handle: ({ exchange }) => metrics(options.families(), exchange.header('accept')) },
      { method: 'GET', path: '/openapi.json', handle: ({ exchange, models }) => jsonAnswer(openApiOf(models, mounted(options, exchange))) },
      { method: 'GET', path: '/docs', handle: ({ exchange, models }) => docs(models, mounted(options, exchange)) },
      { method: 'GET', path: '/', handle: ({ exchange, models }) => index(exchange.header('accept'), models, mounted(options, exchange)) },
    ],
  }
}

/** The options with the prefix as the client sees it. */
function mounted(options: SystemOptions, { mountedAt = '' }: HttpExchange): SystemOptions {
  return mountedAt === '' ? options : { ...options, basePath: mountedAt + options.basePath }
}

/** Ready when the server is not shutting down, every model can answer, and no queue is full. */
function ready({ models, draining }: RouteContext): HttpAnswer {
  const states = [...models].map(([name, predictor]) => {
    const { queueRows, queueLimit, version } = predictor.stats()
    return [name, { version, ready: !predictor.closed && queueRows < queueLimit }] as const
  })
  const isReady = !draining && states.every(([, state]) => state.ready)
  const status = draining ? 'draining' : isReady ? 'ready' : 'not ready'
  const headers = { 'cache-control': 'no-store', ...(isReady ? {} : { 'retry-after': '1' }) }
  return jsonAnswer({ status, models: Object.fromEntries(states) }, isReady ? 200 : 503, headers)
}

function metrics(families: readonly MetricFamily[], accept: string | undefined): HttpAnswer {
  const open = wantsOpenMetrics(accept)
  const headers = { 'content-type': open ? openMetricsType : prometheusType, 'cache-control': 'no-store', vary: 'accept' }
  return { status: 200, headers, body: open ? toOpenMetrics(families) : toPrometheusText(families) }
}

function docs(models: ReadonlyMap<string, Predictor>, options: SystemOptions): HttpAnswer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
  }
  const { paths } = openApiOf(models, options) as { readonly paths: Readonly<Record<string, object>> }
  return { status: 200, headers, body: docsPage(models, { ...options, paths }) }
}

/** Browsers are redirected to the page; programs get the links as JSON. */
function index(
  accept: string | undefined,
  models: ReadonlyMap<string, Predictor>,
  { title, basePath, protocols }: SystemOptions,
): HttpAnswer {
  if (accept?.includes('text/html')) return { status: 302, headers: { location: `${basePath}/docs` }, body: '' }
  const paths = protocols.flatMap(({ routes }) => routes.map(({ method, path }) => `${method} ${basePath}${path}`))
  return jsonAnswer({ title, models: [...models].map(([name, { version }]) => ({ name, version })), routes: paths })
}
