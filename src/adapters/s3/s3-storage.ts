/** The object store port over S3: Amazon's, and servers that speak its protocol (MinIO, Ceph, Cloudflare R2, versitygw). */
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { bareEtag } from '../../core/http'
import { assertSafeKey } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { GetOptions, ObjectInfo, ObjectStore } from '../../ports/object-store'
import { maxObjectBytes, s3Client } from './client'
import { conditionCheck } from './conditions'
import { noSuchBucket } from './errors'
import { listObjects, wholeSeconds } from './list'
import { addressOf, checkS3Options, type S3StorageOptions } from './options'
import { putObject } from './put'

export type { S3Credentials } from './credentials'
export type { S3StorageOptions } from './options'

/**
 * An object store in a bucket of S3 or of a server that speaks its protocol, for Node, browsers and workers.
 *
 * Every request is signed (Signature Version 4) with the digest of what it carries. Requests that fail with 408, 429, 5xx or a lost
 * connection are tried again. Objects above `partBytes` are uploaded in parts and appear as a whole; an upload that fails is given up.
 * Conditions are S3's conditional writes. Before the first of them the store tries out whether the server honours them; one that ignores
 * them is refused with `Unsupported`.
 * S3 cannot append, so that `append` throws `Unsupported`.
 *
 * Errors of the server: PermissionDenied (credentials, policy, clock), RateLimited, Unavailable (also a missing bucket, then not retryable),
 * InvalidArgument (wrong region). Messages never hold credentials.
 *
 * @throws InvalidArgument on a bad option, or without a region
 * @example
 * const storage = s3Storage({ bucket: 'models', region: 'eu-central-1', prefix: 'team-a' })
 * const local = s3Storage({ bucket: 'models', endpoint: 'http://localhost:9000', credentials: { accessKeyId, secretAccessKey } })
 */
export function s3Storage(options: S3StorageOptions): ObjectStore {
  checkS3Options(options)
  const { partBytes = 16 * 2 ** 20, conditionalPut = true } = options
  const address = addressOf(options)
  const { base, bucket } = address
  const name = `s3Storage(s3://${bucket}${base === '' ? '' : `/${base.slice(0, -1)}`})`
  const client = s3Client(name, address, options)
  let closed = false
  const begin = (signal: AbortSignal | undefined, key?: string): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    if (key !== undefined) assertSafeKey(key)
  }
  const fullKey = (key: string): string => base + key

  let bucketIsThere = false
  /** HEAD does not tell a missing key from a missing bucket, which would then look like an empty store. Asked once. */
  const assertBucket = async (signal: AbortSignal | undefined): Promise<void> => {
    if (bucketIsThere) return
    const { status } = await client({ method: 'HEAD', operation: 'look at', signal, expected: [403, 404] })
    if (status === 404) throw noSuchBucket(`${name} could not look at the bucket`, bucket)
    bucketIsThere = true
  }

  const head = async (key: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<ObjectInfo | undefined> => {
    const { status, headers } = await client({ method: 'HEAD', operation: 'look at', key: fullKey(key), signal, expected: [404] })
    if (status === 404) await assertBucket(signal)
    if (status === 404) return undefined
    bucketIsThere = true
    return {
      key,
      sizeBytes: Number(headers.get('content-length')),
      etag: bareEtag(headers.get('etag') ?? ''),
      modifiedAt: wholeSeconds(Date.parse(headers.get('last-modified') ?? '')),
    }
  }
  const get = async (key: string, { signal, range }: GetOptions = {}): Promise<Uint8Array> => {
    const { start, end } = { start: range?.start ?? 0, end: range?.end }
    const isEmpty = end !== undefined && end <= start
    if (isEmpty) {
      if ((await head(key, { signal })) === undefined)
        throw new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
      return new Uint8Array(0)
    }
    const headers = range === undefined ? {} : { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }
    const { status, bytes } = await client({ method: 'GET', operation: 'get', key: fullKey(key), headers, signal, expected: [416] })
    if (status === 416) return new Uint8Array(0)
    // A server that does not know ranges sends everything.
    return range !== undefined && status === 200 ? bytes.slice(start, end) : bytes
  }
  const assertHonoured = options.conditionalPut ? async () => {} : conditionCheck(name, client, base)
  const writer = { name, client, partBytes, conditionalPut, fullKey, store: { head, get }, assertHonoured }

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut, rangeRead: true, appendAtomic: false, persistent: true, maxObjectBytes },
    uri(key) {
      if (key !== '') assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      // As `aws s3` and MLflow read it: the key as it is, not percent-encoded.
      return `s3://${bucket}/${fullKey(key)}`
    },
    async head(key, o = {}) {
      begin(o.signal, key)
      return head(key, o)
    },
    async get(key, o = {}) {
      begin(o.signal, key)
      return get(key, o)
    },
    async put(key, bytes, o = {}) {
      begin(o.signal, key)
      return putObject(writer, key, bytes, o)
    },
    async append(key, _bytes, { signal } = {}) {
      begin(signal, key)
      throw new MillwrightError('Unsupported', `${name} cannot append to ${show(key)}: S3 only writes whole objects`, { details: { key } })
    },
    async list(o = {}) {
      begin(o.signal)
      return listObjects(client, name, base, o)
    },
    async delete(key, { signal } = {}) {
      begin(signal, key)
      await client({ method: 'DELETE', operation: 'delete', key: fullKey(key), signal, expected: [404] })
    },
    async close() {
      closed = true
    },
  })
}
