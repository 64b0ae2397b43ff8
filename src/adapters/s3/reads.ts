/** Reading objects: their facts and their bytes. */
import { bareEtag, bytesOfRange, isEmptyRange, rangeHeaders } from '../../core/http'
import type { GetOptions, ObjectInfo, ObjectStore } from '../../ports/object-store'
import { missingObject } from '../../ports/object-store-rules'
import type { S3Client } from './client'
import { noSuchBucket } from './errors'
import { wholeSeconds } from './list'
import type { S3Address } from './options'

/** The two calls that read one object. */
export interface S3Reads extends Pick<ObjectStore, 'head' | 'get'> {
  head(key: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ObjectInfo | undefined>
  get(key: string, options?: GetOptions): Promise<Uint8Array>
}

/** Reads from the bucket at `address`. Keys are those of the port, and have been checked. */
export function s3Reads(name: string, client: S3Client, { bucket, base }: S3Address): S3Reads {
  let bucketExists = false
  /** HEAD answers 404 for a missing key and for a missing bucket, which would then look like an empty store. Asked until the bucket was seen. */
  const assertBucket = async (signal: AbortSignal | undefined): Promise<void> => {
    if (bucketExists) return
    const { status } = await client({ method: 'HEAD', operation: 'look at', signal, expected: [403, 404] })
    if (status === 404) throw noSuchBucket(`${name} could not look at the bucket`, bucket)
    bucketExists = true
  }
  const head: S3Reads['head'] = async (key, { signal } = {}) => {
    const { status, headers } = await client({ method: 'HEAD', operation: 'look at', key: base + key, signal, expected: [404] })
    if (status === 404) {
      await assertBucket(signal)
      return undefined
    }
    bucketExists = true
    return {
      key,
      sizeBytes: Number(headers.get('content-length')),
      etag: bareEtag(headers.get('etag') ?? ''),
      modifiedAt: wholeSeconds(Date.parse(headers.get('last-modified') ?? '')),
    }
  }
  return {
    head,
    async get(key, { signal, range } = {}) {
      if (range !== undefined && isEmptyRange(range)) {
        if ((await head(key, { signal })) === undefined) throw missingObject(name, key)
        return new Uint8Array(0)
      }
      const headers = rangeHeaders(range)
      return bytesOfRange(await client({ method: 'GET', operation: 'get', key: base + key, headers, signal, expected: [416] }), range)
    },
  }
}
