/** Reading an answer of an MLflow server: the JSON object of a good one, the error of a failed one. */
import { fromUtf8 } from '../../../core/bytes'
import { type ErrorCode, MillwrightError } from '../../../core/errors'
import type { Wire } from './wire'

/** An answer with its body read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** Statuses after which the same request may succeed later. */
const retryStatuses: readonly number[] = [408, 429, 500, 502, 503, 504]

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
  405: 'Unsupported',
  407: 'PermissionDenied',
  408: 'Unavailable',
  409: 'Conflict',
  410: 'NotFound',
  413: 'InvalidArgument',
  422: 'InvalidArgument',
  429: 'RateLimited',
  501: 'Unsupported',
  511: 'PermissionDenied',
}

/** The error for a failed answer. HTML and plain text come from proxies, and from the server's checks of host and origin. */
export function answerError({ status, bytes }: Answer, operation: string, server: string): MillwrightError {
  const text = new TextDecoder().decode(bytes.subarray(0, 10_000))
  let code: ErrorCode = statuses[status] ?? (status >= 500 ? 'Unavailable' : 'Internal')
  let message = beginningOf(bytes)
  try {
    const body = JSON.parse(text) as { error_code?: string; message?: string } | null
    if (typeof body?.error_code === 'string' && Object.hasOwn(codes, body.error_code)) code = codes[body.error_code] as ErrorCode
    if (typeof body?.message === 'string') message = body.message.slice(0, 500)
    // For a write to something deleted the server answers INVALID_PARAMETER_VALUE.
    if (/must be in the 'active' state/.test(message)) code = 'InvalidState'
    if (/Changing param values is not allowed/i.test(message)) code = 'Conflict'
  } catch {
    // Not JSON: the code follows from the status.
  }
  // A missing artifact: servers before 3.4 pass on the error of their file system, all servers the error of S3.
  const isMissing = status === 500 && /\[Errno 2\] No such file or directory|An error occurred \((404|NoSuchKey)\) when calling/.test(text)
  if (isMissing) code = 'NotFound'
  return new MillwrightError(code, `${operation} failed on the MLflow server at ${server} (HTTP ${status}): ${message || 'no message'}`, {
    details: { status },
    hint: hintOf(status, text),
    retryable: retryStatuses.includes(status) && !isMissing,
  })
}

/**
 * The body of a good answer as a JSON object with the member `expect`.
 *
 * @throws Unavailable for anything else, such as the page that a captive portal or a broken proxy sends with status 200
 */
export function jsonObject(answer: Answer, operation: string, server: string, expect: string | undefined): Wire {
  const { bytes, status, headers } = answer
  let missing = 'something that is no JSON object'
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      if (expect === undefined || Object.hasOwn(parsed, expect)) return parsed as Wire
      missing = `an object without \`${expect}\``
    }
  } catch {
    // The error is thrown below.
  }
  const isPage = /html/.test(headers.get('Content-Type') ?? '') || /^\s*</.test(new TextDecoder().decode(bytes.subarray(0, 100)))
  throw new MillwrightError(
    'Unavailable',
    `the MLflow server at ${server} answered ${operation} (HTTP ${status}) with ${missing}: ${beginningOf(bytes).slice(0, 100) || 'nothing'}`,
    {
      // The next attempt would get the same page, but not another truncated answer.
      retryable: !isPage,
      details: { status, start: new TextDecoder().decode(bytes.subarray(0, 200)) },
      hint: 'is there another server, or a proxy that asks for a login, at this address?',
    },
  )
}

/** The first 300 characters of a body as one line of text, without its markup. */
export function beginningOf(bytes: Uint8Array): string {
  return new TextDecoder()
    .decode(bytes.subarray(0, 10_000))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}

function hintOf(status: number, text: string): string | undefined {
  if (/Invalid Host header/.test(text)) return 'start the server with --allowed-hosts'
  if (/Cross-origin/.test(text)) return 'start the server with --cors-allowed-origins'
  if (status === 401) return 'pass { username, password } or { token }, or set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD'
  return undefined
}
