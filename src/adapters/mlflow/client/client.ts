/** The client of an MLflow server (REST API 2.0): JSON calls, raw bytes, presigned addresses. */
import { isMillwrightError, type MillwrightError } from '../../../core/errors'
import { type Answer, jsonObject } from './answers'
import { connectionTo } from './connection'
import type { MlflowClientOptions } from './options'
import { type Closing, sender } from './send'
import { list, type Wire } from './wire'

export { clientOptionRules, type MlflowClientOptions } from './options'

/** Options of one call. */
export interface CallOptions {
  /** `false`: not repeated when the server may have carried it out; the error then has `details.mayBeDone`. @default true */
  readonly idempotent?: boolean | undefined
  /** A member that every good answer has: an answer without it does not come from MLflow. */
  readonly expect?: string | undefined
  /** The refusal that, after an attempt whose answer was lost, means that this attempt had been carried out: it counts as success. */
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
   * @throws Unavailable when the server cannot be reached, does not answer in time, or does not answer in JSON
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
  /** @throws the reason given to `close`, once the client is closed */
  assertOpen(): void
  /** Rejects all requests, those under way and all later ones, with `reason`. Idempotent. */
  close(reason: MillwrightError): void
}

const maxJsonBytes = 2 ** 28
const maxFileBytes = 2 ** 32

/**
 * A client for the server at `options.url`, or at the first of `variables` that is set.
 *
 * @throws InvalidArgument without a usable URL, Unsupported where the environment asks for a kind of authentication that is not implemented
 */
export function mlflowClient(options: MlflowClientOptions, variables: readonly string[] = ['MLFLOW_TRACKING_URI']): MlflowClient {
  const connection = connectionTo(options, variables)
  const { url } = connection
  const closing: Closing = { reason: undefined, aborts: new Set() }
  const send = sender(options, closing)
  const toServer = async (method: string, path: string) => ({
    ...{ method, target: url + path, server: url, operation: `${method} ${path.split('?')[0]}` },
    ...{ headers: await connection.headers(), fetch: await connection.fetch() },
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
      return send({ ...(await toServer(method, path)), body, signal, idempotent: true, maxBytes: maxFileBytes }, unchanged)
    },
    foreign(method, target, { headers = {}, body, signal }) {
      const server = new URL(target).origin
      const operation = `${method} of a file at the artifact store`
      const common = { method, target, server, operation, headers, fetch: options.fetch ?? fetch }
      return send({ ...common, body, signal, idempotent: true, maxBytes: maxFileBytes }, unchanged)
    },
    assertOpen() {
      if (closing.reason !== undefined) throw closing.reason
    },
    close(reason) {
      closing.reason ??= reason
      for (const abort of closing.aborts) abort()
    },
  }
}

function unchanged(answer: Answer): Answer {
  return answer
}

/** The items of all pages of a listing, or of as many pages as it takes to have `atLeast` of them. */
export async function allPages(
  client: MlflowClient,
  { method, path, member }: { readonly method: 'GET' | 'POST'; readonly path: string; readonly member: string },
  query: Wire,
  atLeast = Number.POSITIVE_INFINITY,
): Promise<Wire[]> {
  const items: Wire[] = []
  for (let token: string | undefined; ; ) {
    const answer = await client.call(method, path, token === undefined ? query : { ...query, page_token: token })
    const page = list(answer, member)
    items.push(...page)
    token = nextPageToken(answer, page)
    if (token === undefined || items.length >= atLeast) return items
  }
}

/** The token of the next page. A page without items ends a listing even where the server sends a token. */
export function nextPageToken({ next_page_token: token }: Wire, items: readonly unknown[]): string | undefined {
  return items.length > 0 && typeof token === 'string' && token !== '' ? token : undefined
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
