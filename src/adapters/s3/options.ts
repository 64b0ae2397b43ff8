/** The options of `s3Storage`, and the address of the bucket that they name. */
import type { Awaitable } from '../../core/awaitable'
import { invalidArgument, show } from '../../core/errors'
import { encodePath } from '../../core/http'
import { type HttpClientOptions, httpClientRules, parseHttpUrl } from '../../core/http-client'
import { assertSafeKey } from '../../core/ids'
import { anything, checkOptions, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { assertUsage } from '../../core/usage'
import { checkCredentials, environment, type S3Credentials } from './credentials'

/** Options of {@link s3Storage}. */
export interface S3StorageOptions extends HttpClientOptions {
  readonly bucket: string
  /** The key below which all objects lie, without a slash at its end. @default none: the whole bucket */
  readonly prefix?: string | undefined
  /** @default environment variable `AWS_REGION` or `AWS_DEFAULT_REGION`; 'us-east-1' with an endpoint */
  readonly region?: string | undefined
  /** Address of an S3-compatible server: `http://localhost:9000`. @default `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else Amazon's endpoint of the region */
  readonly endpoint?: string | undefined
  /** The credentials, or a function that returns them, such as `fromNodeProviderChain()` of the AWS SDK. @default `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` */
  readonly credentials?: S3Credentials | (() => Awaitable<S3Credentials>) | undefined
  /** Whether the bucket is a part of the path instead of the host name. @default true with an endpoint, or with a dot in the bucket's name */
  readonly pathStyle?: boolean | undefined
  /**
   * `false` for a server that ignores `If-None-Match` and `If-Match`: conditional puts then throw `Unsupported`. `true` for a server that is
   * known to honour them. @default true, after a test with four small requests before the first conditional put
   */
  readonly conditionalPut?: boolean | undefined
  /** Objects larger than this are uploaded in parts of this size; at least 5 MiB. @default 16 MiB */
  readonly partBytes?: number | undefined
}

/** The address of a store: its bucket and the key below which its objects lie. */
export interface S3Address {
  readonly bucket: string
  readonly region: string
  /** The prefix of each key: '' or a key with a slash at its end. */
  readonly base: string
  /** The address of a full key (with `base`), or of the bucket for ''. */
  url(key: string): string
}

/** S3 requires parts of at least 5 MiB, except the last one. */
const leastPartBytes = 5 * 2 ** 20

/** Checks the options. @throws InvalidArgument; messages show no credential */
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
    ...httpClientRules(),
  })
  if (typeof options.bucket !== 'string' || !/^[\w.-]{3,255}$/.test(options.bucket)) {
    throw invalidArgument(`\`bucket\` of s3Storage must be a bucket's name of at least 3 characters, got ${show(options.bucket)}`)
  }
  if (options.prefix !== undefined) assertSafeKey(options.prefix, '`prefix` of s3Storage')
  if (options.credentials !== undefined && typeof options.credentials !== 'function') {
    checkCredentials(options.credentials, '`credentials` of s3Storage')
  }
}

/** The address of the bucket. @throws InvalidArgument without a region, or for an endpoint that is no address */
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

function serverOf(endpoint: string): { readonly origin: string; readonly path: string } {
  const url = parseHttpUrl(endpoint, '`endpoint` of s3Storage')
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw invalidArgument('`endpoint` of s3Storage must hold no user name, password or query', { hint: 'pass { credentials }' })
  }
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') }
}
