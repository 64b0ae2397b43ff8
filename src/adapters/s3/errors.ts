/** The errors that failed answers of an S3 server mean. */
import { type ErrorCode, MillwrightError } from '../../core/errors'
import type { HttpAnswer } from '../../core/http'
import { readXml } from './xml'

/** S3's error code → ours. For a code that is not listed, the status decides. */
const codes: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'PermissionDenied',
  AllAccessDisabled: 'PermissionDenied',
  AccountProblem: 'PermissionDenied',
  ExpiredToken: 'PermissionDenied',
  InvalidAccessKeyId: 'PermissionDenied',
  InvalidToken: 'PermissionDenied',
  RequestTimeTooSkewed: 'PermissionDenied',
  SignatureDoesNotMatch: 'PermissionDenied',
  XAdminUserNotFound: 'PermissionDenied',
  NoSuchKey: 'NotFound',
  NoSuchUpload: 'NotFound',
  NoSuchVersion: 'NotFound',
  PreconditionFailed: 'Conflict',
  ConditionalRequestConflict: 'Conflict',
  OperationAborted: 'Conflict',
  // Servers on a file system, where `a` and `a/b` cannot both exist.
  ObjectParentIsFile: 'Conflict',
  ExistingObjectIsDirectory: 'Conflict',
  XMinioParentIsObject: 'Conflict',
  XMinioObjectExistsAsDirectory: 'Conflict',
  SlowDown: 'RateLimited',
  SlowDownRead: 'RateLimited',
  SlowDownWrite: 'RateLimited',
  Throttling: 'RateLimited',
  ThrottlingException: 'RateLimited',
  TooManyRequests: 'RateLimited',
  RequestLimitExceeded: 'RateLimited',
  BadDigest: 'Unavailable',
  IncompleteBody: 'Unavailable',
  InternalError: 'Unavailable',
  RequestTimeout: 'Unavailable',
  ServiceUnavailable: 'Unavailable',
  XAmzContentSHA256Mismatch: 'Unavailable',
  InvalidObjectState: 'InvalidState',
  QuotaExceeded: 'Unavailable',
  XMinioStorageFull: 'Unavailable',
  AuthorizationHeaderMalformed: 'InvalidArgument',
  IllegalLocationConstraintException: 'InvalidArgument',
  PermanentRedirect: 'InvalidArgument',
  TemporaryRedirect: 'InvalidArgument',
}

const statuses: Readonly<Record<number, ErrorCode>> = {
  0: 'InvalidArgument',
  400: 'InvalidArgument',
  401: 'PermissionDenied',
  403: 'PermissionDenied',
  // An S3 server sends the code NoSuchKey. A 404 without a code comes from another server, or from another address of it.
  404: 'Unavailable',
  405: 'Unsupported',
  408: 'Unavailable',
  409: 'Conflict',
  411: 'Unsupported',
  412: 'Conflict',
  413: 'InvalidArgument',
  429: 'RateLimited',
  501: 'Unsupported',
}

/** Codes of a conflict with a concurrent request. The server did nothing, and the same request may succeed at once. */
const concurrentConflicts: readonly string[] = ['ConditionalRequestConflict', 'OperationAborted']
/** Codes of `Unavailable` that a retry does not change. */
const permanent: readonly string[] = ['QuotaExceeded', 'XMinioStorageFull']
const regional: readonly string[] = [
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
  'TemporaryRedirect',
]

/** How an answer is turned into an error. */
export interface FailedCall {
  /** The beginning of the message: which store could not do what. */
  readonly failed: string
  readonly bucket: string
  /** Removes secrets from a message of the server. */
  readonly redact: (text: string) => string
}

/** The error that a failed answer means; `details` hold `status` and `s3Code`. */
export function answerError(answer: HttpAnswer, { failed, bucket, redact }: FailedCall): MillwrightError {
  const { status, headers, bytes } = answer
  const xml = readXml(bytes)
  const s3Code = xml?.name === 'Error' ? xml.text('Code') : undefined
  const isRedirect = status === 0 || (status >= 300 && status < 400)
  const known = s3Code !== undefined && Object.hasOwn(codes, s3Code) ? codes[s3Code] : undefined
  const code = known ?? statuses[status] ?? (isRedirect ? 'InvalidArgument' : status >= 500 ? 'Unavailable' : 'Internal')
  const region = headers.get('x-amz-bucket-region') ?? xml?.text('Region')
  if (s3Code === 'NoSuchBucket') return noSuchBucket(failed, bucket)
  const said = redact(xml?.text('Message') ?? '').slice(0, 300)
  const what = [`HTTP ${status}`, s3Code].filter(Boolean).join(' ')
  return new MillwrightError(code, `${failed}: ${said || statusText(status)} (${what})`, {
    details: { status, ...(s3Code === undefined ? {} : { s3Code }), ...(region == null ? {} : { region }) },
    hint: hintOf(s3Code, status, region ?? undefined),
    retryable:
      s3Code !== undefined && concurrentConflicts.includes(s3Code)
        ? true
        : isTemporary(code, status) && status !== 404 && !permanent.includes(s3Code ?? ''),
  })
}

/** The error of a missing bucket. It is not `NotFound`, which callers take for a missing object. */
export function noSuchBucket(failed: string, bucket: string): MillwrightError {
  return new MillwrightError('Unavailable', `${failed}: there is no bucket "${bucket}"`, {
    retryable: false,
    details: { status: 404, s3Code: 'NoSuchBucket' },
    hint: `make the bucket "${bucket}" first; s3Storage makes none`,
  })
}

function isTemporary(code: ErrorCode, status: number): boolean {
  return code === 'RateLimited' || code === 'Unavailable' || [408, 429, 500, 502, 503, 504].includes(status)
}

function statusText(status: number): string {
  if (status === 403) return 'access denied'
  if (status === 404) return 'not found'
  if (status === 412) return 'the condition does not hold'
  return status === 0 || (status >= 300 && status < 400) ? 'the server redirects' : 'the server gave no reason'
}

function hintOf(s3Code: string | undefined, status: number, region: string | undefined): string | undefined {
  if (s3Code === 'RequestTimeTooSkewed') return 'set the clock of this machine: a signature is valid for 15 minutes'
  if (s3Code === 'SignatureDoesNotMatch') return 'check the `secretAccessKey`, and that no proxy changes the request'
  if (s3Code === 'ExpiredToken') return 'pass a function as `credentials`: it is called again when they expire'
  if ((s3Code !== undefined && regional.includes(s3Code)) || status === 0 || (status >= 300 && status < 400)) {
    return region === undefined ? 'check `region` and `endpoint`' : `the bucket lies in the region ${region}: pass { region: "${region}" }`
  }
  if (status === 404 && s3Code === undefined) return 'is there an S3 server at `endpoint`?'
  if (status === 403) return 'without the permission s3:ListBucket, S3 answers 403 for a missing key too'
  return undefined
}
