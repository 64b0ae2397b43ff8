/** Talking to an MLflow server: addresses, authentication, retries, errors. Facts: MLflow's REST API 2.0. */
import { toBase64, utf8 } from '../../../core/bytes'
import { type Clock, sleep, systemClock } from '../../../core/clock'
import { type ErrorCode, invalidArgument, MillwrightError, show } from '../../../core/errors'
import { parseJson } from '../../../core/json'

/** How to reach a server. */
export interface MlflowClientOptions {
  /** Tracking URI, `http(s)://host[:port][/prefix]`. @default environment variable `MLFLOW_TRACKING_URI` */
  readonly url?: string | undefined
  /** Basic authentication; wins over `token`. @default `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD` */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Bearer token. @default `MLFLOW_TRACKING_TOKEN` */
  readonly token?: string | undefined
  /** Sent as `X-MLFLOW-WORKSPACE`; leave out on servers without workspaces. */
  readonly workspace?: string | undefined
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Most tries after the first, for 408, 429, 5xx and a lost connection. @default 5 */
  readonly retries?: number | undefined
  /** Milliseconds before the first retry; doubles each time. @default 500 */
  readonly backoffMs?: number | undefined
  /** Milliseconds one request may take. @default 120000 */
  readonly timeoutMs?: number | undefined
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
}

/** Requests to one server. */
export interface MlflowClient {
  readonly url: string
  /** A JSON call below `/api/2.0/mlflow/`. `idempotent: false` is not retried once it may have reached the server. */
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<Record<string, unknown>>
  /** A raw call to an absolute path below the tracking URI. */
  raw(method: string, path: string, body?: Uint8Array): Promise<Response>
}

/** Options of {@link MlflowClient.call}. */
export interface CallOptions {
  /** @default true */
  readonly idempotent?: boolean | undefined
}

const retryStatuses: readonly number[] = [408, 429, 500, 502, 503, 504]

/** A client for the server at `options.url`. @throws InvalidArgument without a usable URL */
export function mlflowClient(options: MlflowClientOptions): MlflowClient {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {}
  const url = (options.url ?? environment.MLFLOW_TRACKING_URI ?? '').replace(/\/$/, '')
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw invalidArgument(`\`url\` of mlflowTracker must be an http or https address, got ${show(url)}`, {
      hint: 'pass { url } or set MLFLOW_TRACKING_URI',
    })
  }
  const request = options.fetch ?? fetch
  const clock = options.clock ?? systemClock()
  const retries = options.retries ?? 5
  const headers: Record<string, string> = { ...options.headers }
  const username = options.username ?? environment.MLFLOW_TRACKING_USERNAME
  const password = options.password ?? environment.MLFLOW_TRACKING_PASSWORD
  const token = options.token ?? environment.MLFLOW_TRACKING_TOKEN
  if (username !== undefined && password !== undefined) headers.Authorization = `Basic ${toBase64(utf8(`${username}:${password}`))}`
  else if (token !== undefined) headers.Authorization = `Bearer ${token}`
  if (options.workspace !== undefined) headers['X-MLFLOW-WORKSPACE'] = options.workspace

  const once = async (method: string, target: string, init: { headers: Record<string, string>; body?: BodyInit }): Promise<Response> => {
    try {
      return await request(target, { method, ...init, signal: AbortSignal.timeout(options.timeoutMs ?? 120_000) })
    } catch (cause) {
      const reason =
        (cause as Error).name === 'TimeoutError' ? `gave no answer in ${options.timeoutMs ?? 120_000} ms` : 'could not be reached'
      throw new MillwrightError('Unavailable', `the MLflow server at ${safe(url)} ${reason}`, { cause })
    }
  }

  const send = async (
    method: string,
    path: string,
    init: { headers: Record<string, string>; body?: BodyInit },
    idempotent: boolean,
  ): Promise<Response> => {
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= retries
      let waitMs = (options.backoffMs ?? 500) * 2 ** attempt
      try {
        const response = await once(method, url + path, init)
        if (response.ok) return response
        // A refusal before any work was done may be repeated even where the call is not idempotent.
        const repeatable = retryStatuses.includes(response.status) && (idempotent || response.status === 429 || response.status === 503)
        if (last || !repeatable) throw await errorOf(response, `${method} ${path.split('?')[0]}`, safe(url))
        await response.arrayBuffer()
        waitMs = Math.max(waitMs, Number(response.headers.get('Retry-After') ?? 0) * 1000 || 0)
      } catch (error) {
        const lost = error instanceof MillwrightError && error.code === 'Unavailable' && error.cause !== undefined
        if (!lost || last || !idempotent) throw error
      }
      await sleep(clock, Math.min(waitMs, 60_000))
    }
  }

  return {
    url,
    async call(method, path, body = {}, { idempotent = true } = {}) {
      const query = method === 'GET' ? queryOf(body) : ''
      const init =
        method === 'GET' ? { headers } : { headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
      const response = await send(method, `/api/2.0/mlflow/${path}${query}`, init, idempotent)
      const parsed = parseJson(await response.text(), `the answer of the MLflow server to ${method} ${path}`)
      return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
    },
    raw: (method, path, body) => send(method, path, body === undefined ? { headers } : { headers, body: body as BodyInit }, true),
  }
}

function queryOf(body: Record<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) query.append(key, String(item))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

const codes: Readonly<Record<string, ErrorCode>> = {
  INVALID_PARAMETER_VALUE: 'InvalidArgument',
  BAD_REQUEST: 'InvalidArgument',
  RESOURCE_ALREADY_EXISTS: 'AlreadyExists',
  ALREADY_EXISTS: 'AlreadyExists',
  RESOURCE_CONFLICT: 'Conflict',
  RESOURCE_DOES_NOT_EXIST: 'NotFound',
  NOT_FOUND: 'NotFound',
  ENDPOINT_NOT_FOUND: 'Unsupported',
  NOT_IMPLEMENTED: 'Unsupported',
  PERMISSION_DENIED: 'PermissionDenied',
  UNAUTHENTICATED: 'PermissionDenied',
  CUSTOMER_UNAUTHORIZED: 'PermissionDenied',
  REQUEST_LIMIT_EXCEEDED: 'RateLimited',
  RESOURCE_EXHAUSTED: 'RateLimited',
}

const statuses: Readonly<Record<number, ErrorCode>> = {
  400: 'InvalidArgument',
  401: 'PermissionDenied',
  403: 'PermissionDenied',
  404: 'NotFound',
  409: 'Conflict',
  429: 'RateLimited',
  501: 'Unsupported',
}

/** The error a failed answer stands for. HTML and plain text come from proxies and from the host and origin checks. */
async function errorOf(response: Response, operation: string, server: string): Promise<MillwrightError> {
  const text = (await response.text()).slice(0, 10_000)
  let code: ErrorCode = statuses[response.status] ?? (response.status >= 500 ? 'Unavailable' : 'Internal')
  let message = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
  try {
    const body = JSON.parse(text) as { error_code?: string; message?: string }
    if (typeof body.error_code === 'string' && Object.hasOwn(codes, body.error_code)) code = codes[body.error_code] as ErrorCode
    if (typeof body.message === 'string') message = body.message.slice(0, 500)
  } catch {
    // Not JSON: the status says what it is.
  }
  const hint = /Invalid Host header/.test(text)
    ? 'start the server with --allowed-hosts'
    : /Cross-origin/.test(text)
      ? 'start the server with --cors-allowed-origins'
      : undefined
  return new MillwrightError(
    code,
    `${operation} failed on the MLflow server at ${server} (HTTP ${response.status}): ${message || 'no message'}`,
    {
      details: { status: response.status },
      hint,
      retryable: retryStatuses.includes(response.status),
    },
  )
}

/** The address without user name and password. */
function safe(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}
