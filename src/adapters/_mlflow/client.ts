/** Talking to an MLflow server: addresses, authentication, retries, errors. Facts: MLflow's REST API 2.0. */
import { fromUtf8, toBase64, utf8 } from '../../core/bytes'
import { type Clock, sleep, systemClock } from '../../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { abortable } from '../../core/signal'
import { type Answer, answerError, retryStatuses } from './errors'

/** How to reach a server. */
export interface MlflowClientOptions {
  /** Tracking URI, `http(s)://[user:password@]host[:port][/prefix]`. @default environment variable `MLFLOW_TRACKING_URI` */
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
  /**
   * A JSON call below `/api/2.0/mlflow/`, or to an absolute path below the tracking URI.
   *
   * @throws Unavailable when the server cannot be reached, is silent, or answers with what is not JSON
   */
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<Record<string, unknown>>
  /** A call with raw bytes to an absolute path below the tracking URI. */
  raw(method: string, path: string, body?: Uint8Array): Promise<Answer>
  /** A call to another server, without our credentials: a presigned address. */
  foreign(method: string, url: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Answer>
}

/** Options of {@link MlflowClient.call}. */
export interface CallOptions {
  /** `false`: not retried once it may have reached the server. @default true */
  readonly idempotent?: boolean | undefined
}

interface Request {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: BodyInit
  readonly idempotent: boolean
  /** For messages: method and path, nothing that a query may hold. */
  readonly operation: string
}

/** A client for the server at `options.url`. @throws InvalidArgument without a usable URL */
export function mlflowClient(options: MlflowClientOptions): MlflowClient {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {}
  const { url, username, password } = addressOf(options.url ?? environment.MLFLOW_TRACKING_URI ?? '')
  const headers = { ...options.headers, ...authorization({ username, password, ...options }, environment) }
  const send = sender(options, url)
  return {
    url,
    async call(method, path, body = {}, { idempotent = true } = {}) {
      const operation = `${method} ${path}`
      const place = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
      const { bytes } = await send({
        method,
        target: url + place + (method === 'GET' ? queryOf(body) : ''),
        headers: method === 'GET' ? headers : { ...headers, 'Content-Type': 'application/json' },
        ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
        idempotent,
        operation,
      })
      return jsonObject(bytes, operation, url)
    },
    raw: (method, path, body) =>
      send({
        method,
        target: url + path,
        headers,
        ...(body === undefined ? {} : { body: body as BodyInit }),
        idempotent: true,
        operation: `${method} ${path.split('?')[0]}`,
      }),
    foreign: (method, target, foreignHeaders, body) =>
      send({
        method,
        target,
        headers: foreignHeaders,
        body: body as BodyInit,
        idempotent: true,
        operation: `${method} of a part to the artifact store`,
      }),
  }
}

/** Sends with retries and a time limit for each try. */
function sender(options: MlflowClientOptions, server: string): (request: Request) => Promise<Answer> {
  const { retries = 5, backoffMs = 500, timeoutMs = 120_000 } = options
  const fetchIt = options.fetch ?? fetch
  const clock = options.clock ?? systemClock()

  const once = async ({ method, target, headers, body }: Request): Promise<Answer> => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const work = async (): Promise<Answer> => {
        const response = await fetchIt(target, { method, headers, signal, ...(body === undefined ? {} : { body }) })
        return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) }
      }
      return await abortable(work(), signal)
    } catch (cause) {
      const reason = signal.aborted ? `gave no answer in ${timeoutMs} ms` : 'could not be reached'
      throw new MillwrightError('Unavailable', `the MLflow server at ${server} ${reason}`, { cause })
    }
  }

  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      const isLast = attempt >= retries
      let waitMs = backoffMs * 2 ** attempt
      try {
        const answer = await once(request)
        if (answer.status >= 200 && answer.status < 300) return answer
        // A refusal before any work was done may be repeated even where the call is not idempotent.
        const repeatable = retryStatuses.includes(answer.status) && (request.idempotent || answer.status === 429 || answer.status === 503)
        if (isLast || !repeatable) throw answerError(answer, request.operation, server)
        waitMs = Math.max(waitMs, Number(answer.headers.get('Retry-After') ?? 0) * 1000 || 0)
      } catch (error) {
        const isLost = isMillwrightError(error, 'Unavailable') && error.cause !== undefined
        if (!isLost || isLast || !request.idempotent) throw error
      }
      await sleep(clock, Math.min(waitMs, 60_000))
    }
  }
}

/** The address, and the user name and password that may stand in it, which `fetch` refuses to take there. */
function addressOf(given: string): { readonly url: string; readonly username?: string; readonly password?: string } {
  const [, scheme, user, rest] = /^(https?:\/\/)(?:([^/@]*)@)?([^/@].*)$/i.exec(given) ?? []
  if (scheme === undefined || rest === undefined) {
    throw invalidArgument(
      `the \`url\` of an MLflow server must be an http or https address, got ${show(given.replace(/\/\/[^/@]*@/, '//'))}`,
      {
        hint: 'pass { url } or set MLFLOW_TRACKING_URI',
      },
    )
  }
  const url = scheme + rest.replace(/\/$/, '')
  if (user === undefined) return { url }
  const [username = '', ...password] = user.split(':').map(decodeURIComponent)
  return { url, username, password: password.join(':') }
}

function authorization(options: MlflowClientOptions, environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {}
  const username = options.username ?? environment.MLFLOW_TRACKING_USERNAME
  const password = options.password ?? environment.MLFLOW_TRACKING_PASSWORD
  const token = options.token ?? environment.MLFLOW_TRACKING_TOKEN
  if (username !== undefined && password !== undefined) headers.Authorization = `Basic ${toBase64(utf8(`${username}:${password}`))}`
  else if (token !== undefined) headers.Authorization = `Bearer ${token}`
  if (options.workspace !== undefined) headers['X-MLFLOW-WORKSPACE'] = options.workspace
  return headers
}

/** The body as a JSON object. What a captive portal or a broken proxy sends with status 200 is not one. */
function jsonObject(bytes: Uint8Array, operation: string, server: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new MillwrightError('Unavailable', `the MLflow server at ${server} answered ${operation} with something that is no JSON object`, {
    details: { start: new TextDecoder().decode(bytes.subarray(0, 200)) },
    hint: 'is there another server, or a proxy that asks for a login, at this address?',
  })
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
