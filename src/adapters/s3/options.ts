/** What `s3Storage` is told, and the address it makes of it. */
import type { Awaitable } from '../../core/awaitable'
import type { Clock } from '../../core/clock'
import { invalidArgument, show } from '../../core/errors'
import { encodePath, withoutUserInfo } from '../../core/http'
import { assertSafeKey } from '../../core/ids'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { assertUsage } from '../../core/usage'
import { checkCredentials, environment, type S3Credentials } from './credentials'

/** Options of {@link s3Storage}. */
export interface S3StorageOptions {
  readonly bucket: string
  /** Keys lie below this one (a key, without a slash at its end). @default the whole bucket */
  readonly prefix?: string | undefined
  /** @default environment variable `AWS_REGION` or `AWS_DEFAULT_REGION`; 'us-east-1' where there is an endpoint */
  readonly region?: string | undefined
  /** Address of an S3-compatible server: `http://localhost:9000`. @default `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else Amazon's of the region */
  readonly endpoint?: string | undefined
  /** Keys, or a function that gives them, such as `fromNodeProviderChain()` of the AWS SDK. @default `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` */
  readonly credentials?: S3Credentials | (() => Awaitable<S3Credentials>) | undefined
  /** Whether the bucket stands in the path rather than in the host name. @default true with an endpoint, or a dot in the bucket's name */
  readonly pathStyle?: boolean | undefined
  /**
   * `false` for a server that does not honour `If-None-Match` and `If-Match`: then conditional puts are refused. `true` for one that is known to.
   * @default true, but tried out with four small requests before the first conditional put
   */
  readonly conditionalPut?: boolean | undefined
  /** Objects larger than this are uploaded in parts of this size; at least 5 MiB. @default 16 MiB */
  readonly partBytes?: number | undefined
  /** Most tries after the first, for 408, 429, 5xx and a lost connection. @default 5 */
  readonly retries?: number | undefined
  /** Wait before the first retry; doubles each time up to 20 s, and is shortened by up to a half at random. @default 100 */
  readonly backoffMs?: number | undefined
  /** Time for an answer to begin, for each MiB of it, and for each MiB sent. @default 60000 */
  readonly timeoutMs?: number | undefined
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
  /** Of the jitter in the waits. @default a different one for each store */
  readonly seed?: number | undefined
}

/** Where the objects of a store are. */
export interface S3Address {
  readonly bucket: string
  readonly region: string
  /** '' or a key with a slash at its end. */
  readonly base: string
  /** The address of a full key; of the bucket itself for ''. */
  url(key: string): string
}

/** S3 takes parts from 5 MiB, except the last one. */
const leastPartBytes = 5 * 2 ** 20

/** Checks the options. @throws InvalidArgument, never showing a credential */
export function checkS3Options(options: S3StorageOptions): void {
  assertUsage('s3Storage', options, {
    write: (text) => `s3Storage({ bucket: ${text}, region: "eu-central-1" })`,
    text: 'my-bucket',
    renamed: { endpointUrl: 'endpoint', forcePathStyle: 'pathStyle' },
  })
  checkOptions('s3Storage', options, {
    bucket: nonEmptyString(),
    prefix: nonEmptyString(),
    region: nonEmptyString(),
    endpoint: anything(),
    credentials: anything(),
    pathStyle: ofType('boolean'),
    conditionalPut: ofType('boolean'),
    partBytes: wholeNumber(leastPartBytes),
    retries: wholeNumber(0, 100),
    backoffMs: finiteNumber(0),
    timeoutMs: finiteNumber(1),
    fetch: ofType('function'),
    clock: ofType('object'),
    seed: finiteNumber(),
  })
  if (typeof options.bucket !== 'string' || !/^[\w.-]{3,255}$/.test(options.bucket)) {
    throw invalidArgument(`\`bucket\` of s3Storage must be a bucket's name of at least 3 characters, got ${show(options.bucket)}`)
  }
  if (options.prefix !== undefined) assertSafeKey(options.prefix, '`prefix` of s3Storage')
  if (options.credentials !== undefined && typeof options.credentials !== 'function') {
    checkCredentials(options.credentials, '`credentials` of s3Storage')
  }
}

/** The address of the bucket. @throws InvalidArgument without a region or with an endpoint that is none */
export function addressOf(options: S3StorageOptions): S3Address {
  const { bucket, prefix } = options
  const endpoint = options.endpoint ?? environment('AWS_ENDPOINT_URL_S3') ?? environment('AWS_ENDPOINT_URL')
  const region = options.region ?? environment('AWS_REGION') ?? environment('AWS_DEFAULT_REGION') ?? (endpoint && 'us-east-1')
  if (region === undefined) {
    throw invalidArgument('s3Storage needs a `region`', { hint: 'pass { region } or set AWS_REGION' })
  }
  const server = serverOf(endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`)
  const isInPath = options.pathStyle ?? (endpoint !== undefined || bucket.includes('.'))
  const root = isInPath ? `${server.origin}${server.path}/${bucket}` : `${server.origin.replace('//', `//${bucket}.`)}${server.path}`
  return {
    bucket,
    region,
    base: prefix === undefined ? '' : `${prefix}/`,
    url: (key) => `${root}/${encodePath(key)}`,
  }
}

function serverOf(endpoint: unknown): { readonly origin: string; readonly path: string } {
  const url = typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalidArgument(`\`endpoint\` of s3Storage must be an http or https address, got ${show(withoutUserInfo(endpoint))}`)
  }
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw invalidArgument('`endpoint` of s3Storage must hold no user name, password or query', { hint: 'pass { credentials }' })
  }
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') }
}
