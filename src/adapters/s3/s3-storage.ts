/** The object store port over S3: Amazon's, and servers that speak its protocol (MinIO, Ceph, Cloudflare R2, versitygw). */
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { assertUriKey, storeState } from '../../ports/object-store-rules'
import { maxObjectBytes, s3Client } from './client'
import { conditionCheck } from './conditions'
import { listObjects } from './list'
import { addressOf, checkS3Options, type S3StorageOptions } from './options'
import { putObject } from './put'
import { s3Reads } from './reads'

export type { HttpClientOptions } from '../../core/http-client'
export type { S3Credentials } from './credentials'
export type { S3StorageOptions } from './options'

/**
 * An object store in a bucket of S3 or of a server that speaks its protocol, for Node, browsers and workers.
 *
 * Every request is signed (Signature Version 4) together with the digest of its body. Requests that fail with 408, 429, 5xx or a lost
 * connection are repeated. Objects above `partBytes` are uploaded in parts and appear as a whole; a failed upload is aborted on the server.
 * Conditions are S3's conditional writes. Before the first of them the store tests whether the server honours them; a server that ignores
 * them is refused with `Unsupported`. S3 cannot append: `append` throws `Unsupported`.
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
  const state = storeState(name)
  const reads = s3Reads(name, client, address)
  const assertHonoured = options.conditionalPut ? async () => {} : conditionCheck(name, client, base)
  const writer = { name, client, partBytes, conditionalPut, base, store: reads, assertHonoured }

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut, rangeRead: true, appendAtomic: false, persistent: true, maxObjectBytes },
    uri(key) {
      assertUriKey(key)
      // As `aws s3` and MLflow read it: the key as it is, not percent-encoded.
      return `s3://${bucket}/${base}${key}`
    },
    async head(key, headOptions = {}) {
      state.assertCall(headOptions.signal, key)
      return reads.head(key, headOptions)
    },
    async get(key, getOptions = {}) {
      state.assertCall(getOptions.signal, key)
      return reads.get(key, getOptions)
    },
    async put(key, bytes, putOptions = {}) {
      state.assertCall(putOptions.signal, key)
      return putObject(writer, key, bytes, putOptions)
    },
    async append(key, _bytes, { signal } = {}) {
      state.assertCall(signal, key)
      throw new MillwrightError('Unsupported', `${name} cannot append to ${show(key)}: S3 only writes whole objects`, { details: { key } })
    },
    async list(listOptions = {}) {
      state.assertCall(listOptions.signal)
      return listObjects(client, name, base, listOptions)
    },
    async delete(key, { signal } = {}) {
      state.assertCall(signal, key)
      await client({ method: 'DELETE', operation: 'delete', key: base + key, signal, expected: [404] })
    },
    async close() {
      state.close()
    },
  })
}
