/** Converts errors to problems that a client may see, and to `application/problem+json` (RFC 9457). */
import { type ErrorCode, isMillwrightError, type MillwrightError, type SchemaMismatchError } from '../core/errors'
import { type HttpAnswer, jsonAnswer, type Problem } from './exchange'

/** An error of the HTTP layer itself: in the body, the path or the media type. */
export class HttpProblem extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'HttpProblem'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** The status and code for each code of our errors. Errors that the caller cannot correct become a 500 without details. */
const byCode: Readonly<Partial<Record<ErrorCode, readonly [number, string]>>> = {
  InvalidArgument: [400, 'invalid-argument'],
  SchemaMismatch: [422, 'signature-mismatch'],
  NotFound: [404, 'model-not-found'],
  AlreadyExists: [409, 'already-exists'],
  Conflict: [409, 'conflict'],
  InvalidState: [503, 'not-ready'],
  Unsupported: [501, 'unsupported'],
  PermissionDenied: [403, 'forbidden'],
  RateLimited: [429, 'rate-limited'],
  Unavailable: [503, 'overloaded'],
}

/** The part of `error` that a client may see: no stacks, causes, file paths or inputs. */
export function problemOf(error: unknown, requestId: string, clientGone: boolean): Problem {
  if (error instanceof HttpProblem) {
    const { status, code, message: detail, headers } = error
    return { status, code, detail, headers, requestId, ...(status === 503 ? { retryAfterSeconds: 1 } : {}) }
  }
  if (clientGone) return { status: 499, code: 'client-gone', detail: 'the client closed the request', requestId }
  const known = isMillwrightError(error) ? byCode[error.code] : undefined
  if (known === undefined) {
    return {
      status: 500,
      code: 'model-failure',
      detail: 'the request could not be answered; the server knows more under this request id',
      requestId,
    }
  }
  return ofOurs(error as MillwrightError, known[0], known[1], requestId)
}

function ofOurs(error: MillwrightError, status: number, code: string, requestId: string): Problem {
  const { message: detail, details } = error
  if (details.reason === 'deadline') return { status: 504, code: 'deadline-exceeded', detail, requestId }
  if (typeof details.maxRowsPerCall === 'number') return { status: 413, code: 'too-many-rows', detail, requestId }
  const retryMs = typeof details.retryAfterMs === 'number' ? details.retryAfterMs : 0
  const errors = error.code === 'SchemaMismatch' ? (error as SchemaMismatchError).issues : undefined
  return {
    status,
    code,
    detail,
    requestId,
    ...(errors === undefined ? {} : { errors }),
    ...(status === 429 || status === 503 ? { retryAfterSeconds: Math.max(1, Math.ceil(retryMs / 1000)) } : {}),
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** The problem in the format of RFC 9457: `type` stands for the status, `code` is more specific. */
export function renderProblem({ status, code, detail, errors, requestId }: Problem): HttpAnswer {
  const body = {
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail,
    code,
    ...(errors === undefined ? {} : { errors }),
    requestId,
  }
  return jsonAnswer(body, status, { 'content-type': 'application/problem+json' })
}
