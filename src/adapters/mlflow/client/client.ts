/** Talking to an MLflow server: JSON calls, raw bytes, presigned addresses. Facts: MLflow's REST API 2.0. */
import { fromUtf8 } from '../../../core/bytes'
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import { type Answer, beginningOf } from './errors'
import type { MlflowClientOptions } from './options'
import { reachOf } from './reach'
import { type Closing, sender } from './send'
import type { Wire } from './wire'

export { clientOptionRules, type MlflowClientOptions } from './options'

/** Options of one request. */
export interface CallOptions {
  /** `false`: not repeated once it may have reached the server; the error then says `details.mayBeDone`. @default true */
  readonly idempotent?: boolean | undefined
  /** The member that a good answer has; an answer without it is not from MLflow. */
  readonly expect?: string | undefined
  /** After a try whose answer was lost, this refusal only says that it had been carried out. */
  readonly doneBefore?: 'NotFound' | 'InvalidState' | undefined
  readonly signal?: AbortSignal | undefined
}

/** Requests to one server. */
export interface MlflowClient {
  readonly url: string
  readonly retries: number
  readonly multipartBytes: number
  readonly directDownloads: boolean
  /**
   * A JSON call below `/api/2.0/mlflow/`, or to an absolute path below the tracking URI.
   *
   * @throws Unavailable when the server cannot be reached, is silent, or answers with what is not JSON
   */
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: Wire, options?: CallOptions): Promise<Wire>
  /** A call with raw bytes to an absolute path below the tracking URI. */
  raw(method: string, path: string, body?: Uint8Array, signal?: AbortSignal | undefined): Promise<Answer>
  /** A call to another server, without our credentials: a presigned address. */
  foreign(
    method: string,
    url: string,
    options: {
      readonly headers?: Readonly<Record<string, string>> | undefined
      readonly body?: Uint8Array | undefined
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<Answer>
  /** Ends what is under way, with `reason`. Idempotent. */
  close(reason: MillwrightError): void
}

const maxJsonBytes = 2 ** 28
const maxFileBytes = 2 ** 32

/**
 * A client for the server at `options.url`, or at the first of `variables` that is set.
 *
 * @throws InvalidArgument without a usable URL, Unsupported for a kind of authentication that the environment asks for and we cannot do
 */
export function mlflowClient(options: MlflowClientOptions, variables: readonly string[] = ['MLFLOW_TRACKING_URI']): MlflowClient {
  const reach = reachOf(options, variables)
  const { url } = reach
  const closing: Closing = { reason: undefined, ends: new Set() }
  const send = sender(options, closing)
  const toServer = async (method: string, path: string) => ({
    ...{ method, target: url + path, server: url, operation: `${method} ${path.split('?')[0]}` },
    ...{ headers: await reach.headers(), fetch: await reach.fetch() },
  })
  return {
    url,
    retries: options.retries ?? 5,
    multipartBytes: options.multipartBytes ?? 100 * 1024 * 1024,
    directDownloads: options.directDownloads ?? false,
    async call(method, path, body = {}, { idempotent = true, expect, doneBefore, signal } = {}) {
      const isGet = method === 'GET'
      const request = await toServer(method, (path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`) + (isGet ? queryOf(body) : ''))
      const operation = `${method} ${path}`
      let isAgain = false
      try {
        return await send(
          {
            ...request,
            operation,
            ...(isGet ? {} : { headers: { ...request.headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
            ...{ idempotent, signal, maxBytes: maxJsonBytes },
            onLost: () => {
              isAgain = true
            },
          },
          (answer) => jsonObject(answer, operation, url, expect),
        )
      } catch (error) {
        if (isAgain && doneBefore !== undefined && isMillwrightError(error, doneBefore)) return {}
        throw error
      }
    },
    async raw(method, path, body, signal) {
      return send({ ...(await toServer(method, path)), body, signal, idempotent: true, maxBytes: maxFileBytes }, asItIs)
    },
    foreign(method, target, { headers = {}, body, signal }) {
      const server = new URL(target).origin
      const operation = `${method} of a file at the artifact store`
      const common = { method, target, server, operation, headers, fetch: options.fetch ?? fetch }
      return send({ ...common, body, signal, idempotent: true, maxBytes: maxFileBytes }, asItIs)
    },
    close(reason) {
      closing.reason ??= reason
      for (const end of closing.ends) end()
    },
  }
}

function asItIs(answer: Answer): Answer {
  return answer
}

/** The body as a JSON object. What a captive portal or a broken proxy sends with status 200 is not one. */
function jsonObject(answer: Answer, operation: string, server: string, expect: string | undefined): Wire {
  const { bytes, status, headers } = answer
  let missing = 'something that is no JSON object'
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      if (expect === undefined || Object.hasOwn(parsed, expect)) return parsed as Wire
      missing = `an object without \`${expect}\``
    }
  } catch {
    // Said below.
  }
  const isPage = /html/.test(headers.get('Content-Type') ?? '') || /^\s*</.test(new TextDecoder().decode(bytes.subarray(0, 100)))
  throw new MillwrightError(
    'Unavailable',
    `the MLflow server at ${server} answered ${operation} (HTTP ${status}) with ${missing}: ${beginningOf(bytes).slice(0, 100) || 'nothing'}`,
    {
      // A page will be there the next time too; half an answer will not.
      retryable: !isPage,
      details: { status, start: new TextDecoder().decode(bytes.subarray(0, 200)) },
      hint: 'is there another server, or a proxy that asks for a login, at this address?',
    },
  )
}

function queryOf(body: Wire): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) query.append(key, String(item))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
