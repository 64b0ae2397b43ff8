/** What a failed answer of an MLflow server means. */
import { type ErrorCode, MillwrightError } from '../../core/errors'

/** An answer with its body read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** Statuses after which the same request may succeed. */
export const retryStatuses: readonly number[] = [408, 429, 500, 502, 503, 504]

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
export function answerError({ status, bytes }: Answer, operation: string, server: string): MillwrightError {
  const text = new TextDecoder().decode(bytes.subarray(0, 10_000))
  let code: ErrorCode = statuses[status] ?? (status >= 500 ? 'Unavailable' : 'Internal')
  let message = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
  try {
    const body = JSON.parse(text) as { error_code?: string; message?: string }
    if (typeof body.error_code === 'string' && Object.hasOwn(codes, body.error_code)) code = codes[body.error_code] as ErrorCode
    if (typeof body.message === 'string') message = body.message.slice(0, 500)
    // Writing to what was deleted: the server calls it a bad parameter.
    if (/must be in the 'active' state/.test(message)) code = 'InvalidState'
    if (/Changing param values is not allowed/i.test(message)) code = 'Conflict'
  } catch {
    // Not JSON: the status says what it is.
  }
  const hint = /Invalid Host header/.test(text)
    ? 'start the server with --allowed-hosts'
    : /Cross-origin/.test(text)
      ? 'start the server with --cors-allowed-origins'
      : undefined
  return new MillwrightError(code, `${operation} failed on the MLflow server at ${server} (HTTP ${status}): ${message || 'no message'}`, {
    details: { status },
    hint,
    retryable: retryStatuses.includes(status),
  })
}
