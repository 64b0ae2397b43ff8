/** A request to a server, and what may go wrong on its way: a redirect, a lost connection, a certificate that is not trusted. */
import { MillwrightError } from '../../../core/errors'
import { systemCodeOf } from '../../../core/http'

/** A request with everything that is needed to send it. */
export interface OutgoingRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** For messages: method and path, without the query, which may hold secrets. */
  readonly operation: string
  /** For messages: the address of the server. */
  readonly server: string
  readonly fetch: typeof fetch
  /** `false`: repeated only when it is certain that the server did nothing. */
  readonly idempotent: boolean
  readonly signal?: AbortSignal | undefined
  /** The longest answer that is read. */
  readonly maxBytes: number
  /** Called after an attempt that failed although the server may have carried it out. */
  readonly onLost?: (() => void) | undefined
}

const redirects: readonly number[] = [301, 302, 303, 307, 308]
const mostRedirects = 5
/** Error codes of a connection that was never made: the server did nothing. */
const unreached: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/**
 * The address that a redirect points to; `undefined` for any other response. Only redirects on the same host (also from http to https) that
 * keep the method are followed; our headers never go to another host.
 *
 * @throws Unavailable (not retryable) for any other redirect
 */
export function redirectTarget(response: Response, from: string, request: OutgoingRequest, hops: number): string | undefined {
  const isHidden = response.type === 'opaqueredirect'
  if (!isHidden && !redirects.includes(response.status)) return undefined
  const location = isHidden ? null : response.headers.get('Location')
  const [here, there] = [new URL(from), location === null || !URL.canParse(location, from) ? undefined : new URL(location, from)]
  const isSame = there !== undefined && (there.origin === here.origin || (there.protocol === 'https:' && there.hostname === here.hostname))
  const keepsMethod = request.method === 'GET' || response.status === 307 || response.status === 308
  if (isSame && keepsMethod && hops < mostRedirects) return there.href
  const where = there === undefined ? '' : ` to ${there.origin}${there.pathname}`
  const what = hops < mostRedirects ? `a redirect${where}, which is not followed` : `one redirect after the other${where}`
  throw new MillwrightError('Unavailable', `${request.operation}: the MLflow server at ${request.server} answered with ${what}`, {
    retryable: false,
    details: { status: response.status, isUnreached: true },
    hint: 'use that address as `url`; where it is a login page, log in with { username, password }, { token } or { headers }',
  })
}

/** The error of an attempt that got no answer. `limitMs` is given when it took longer than that. */
export function lostError({ operation, server }: OutgoingRequest, cause: unknown, limitMs: number | undefined): MillwrightError {
  const code = systemCodeOf(cause)
  const isTrust = code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_SSL|ERR_TLS|EPROTO/.test(code)
  const reason =
    limitMs !== undefined
      ? `gave no answer in ${limitMs} ms`
      : isTrust
        ? `could not be reached: no secure connection (${code})`
        : `could not be reached${code === undefined ? '' : ` (${code})`}`
  return new MillwrightError('Unavailable', `${operation}: the MLflow server at ${server} ${reason}`, {
    cause,
    retryable: !isTrust,
    details: {
      ...(limitMs === undefined ? {} : { isTimeout: true }),
      ...(code !== undefined && limitMs === undefined && (unreached.includes(code) || isTrust) ? { isUnreached: true } : {}),
    },
    hint: isTrust ? 'set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate authority of the server, or use http' : originHint(server),
  })
}

/** A hint for pages of another origin: a browser does not tell a script that the server refused its origin, only that no answer came. */
function originHint(server: string): string | undefined {
  const origin = (globalThis as { location?: { origin?: string } }).location?.origin
  if (origin === undefined || !/^https?:/.test(origin) || new URL(server).origin === origin) return undefined
  return (
    `this page comes from ${origin}: if the server is up, start it with --cors-allowed-origins ${origin}; ` +
    'MLflow before 3.5 answers no page of another origin, so that a proxy must stand before it'
  )
}
