/** Uploading a large object in parts, which appears as a whole when the last request succeeds. */
import { utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import type { HttpAnswer } from '../../core/http'
import type { S3Client } from './client'
import { completionXml, readXml } from './xml'

/** S3 takes at most so many parts. */
const mostParts = 10_000
/** Parts under way at a time. */
const atOnce = 4

/** What is uploaded. */
export interface PartUpload {
  readonly key: string
  readonly bytes: Uint8Array
  readonly partBytes: number
  /** Conditions, which the last request carries. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onLost: () => void
}

/**
 * Uploads in parts.
 *
 * @throws what a part or the completion fails with, after the upload was given up on the server
 */
export async function uploadInParts(
  client: S3Client,
  upload: PartUpload,
): Promise<{ readonly headers: Headers; readonly etag: string | undefined }> {
  const { key, signal, headers, onLost } = upload
  const begun = await client({
    method: 'POST',
    operation: 'begin the upload of',
    key,
    query: { uploads: '' },
    signal,
    isError: lacks('UploadId'),
  })
  const uploadId = readXml(begun.bytes)?.text('UploadId') as string
  try {
    const etags = await sendParts(client, upload, uploadId)
    const completed = await client({
      ...{ method: 'POST', operation: 'complete the upload of', key, query: { uploadId }, headers, signal, onLost },
      body: utf8(completionXml(etags)),
      // The answer begins before the parts are joined: its status is 200 also when that fails.
      isError: (answer) => readXml(answer.bytes)?.name === 'Error',
    })
    return { headers: completed.headers, etag: readXml(completed.bytes)?.text('ETag') }
  } catch (error) {
    // Parts that stay are paid for. Without the signal, which may be what ended the upload.
    await client({ method: 'DELETE', operation: 'give up the upload of', key, query: { uploadId }, expected: [404] }).catch(() => {})
    throw error
  }
}

function lacks(child: string): (answer: HttpAnswer) => boolean {
  return ({ bytes }) => !readXml(bytes)?.text(child)
}

/** The etags of the parts, in their order. */
async function sendParts(client: S3Client, { key, bytes, partBytes, signal }: PartUpload, uploadId: string): Promise<readonly string[]> {
  const size = Math.max(partBytes, Math.ceil(bytes.length / mostParts))
  const count = Math.ceil(bytes.length / size)
  const etags: string[] = new Array(count)
  // One part that fails ends the others.
  const stop = new AbortController()
  const end = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted) end()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const part = next++
      const query = { partNumber: String(part + 1), uploadId }
      const body = bytes.subarray(part * size, (part + 1) * size)
      const answer = await client({ method: 'PUT', operation: `upload part ${part + 1} of`, key, query, body, signal: stop.signal })
      const etag = answer.headers.get('etag')
      if (etag === null) {
        throw new MillwrightError('Unsupported', `the S3 server took part ${part + 1} of ${count} without an ETag`, {
          hint: 'for a page of another origin, the CORS rules of the bucket must expose the header ETag',
        })
      }
      etags[part] = etag
    }
  }
  try {
    const workers = Array.from({ length: Math.min(atOnce, count) }, work)
    try {
      await Promise.all(workers)
    } catch (error) {
      stop.abort(error)
      await Promise.allSettled(workers)
      throw error
    }
    return etags
  } finally {
    signal?.removeEventListener('abort', end)
  }
}
