/** What may go wrong on the way to a server: a redirect, a connection that is lost, a certificate that is not trusted. */
import { MillwrightError } from '../../../core/errors'
import type { Outgoing } from './outgoing'

const redirects: readonly number[] = [301, 302, 303, 307, 308]
const mostRedirects = 5
/** Codes of a connection that never came about; then nothing was done. */
const unreached: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/**
 * Where to go on after a redirect; `undefined` where there is none. Followed only on the same host (also from http to https), and only
 * where the request stays what it was; our headers never go to another host.
 *
 * @throws Unavailable (not retryable) for any other redirect
 */
export function redirectTarget(response: Response, from: string, request: Outgoing, hops: number): string | undefined {
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

/** The error of a try without an answer. `limitMs` where its time was over. */
export function lostError({ operation, server }: Outgoing, cause: unknown, limitMs: number | undefined): MillwrightError {
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

/** In a page of another origin: a browser does not tell a script that the server refused its origin, only that there was no answer. */
function originHint(server: string): string | undefined {
  const origin = (globalThis as { location?: { origin?: string } }).location?.origin
  if (origin === undefined || !/^https?:/.test(origin) || new URL(server).origin === origin) return undefined
  return (
    `this page comes from ${origin}: if the server is up, start it with --cors-allowed-origins ${origin}; ` +
    'MLflow before 3.5 answers no page of another origin, so that a proxy must stand before it'
  )
}

function systemCodeOf(error: unknown): string | undefined {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 5; depth++) {
    if (typeof at.code === 'string') return at.code
    at = at.cause as typeof at
  }
  return undefined
}
