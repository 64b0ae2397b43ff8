/** Uploading a large object in parts. The object appears as a whole when the last request succeeds. */
import { utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import type { HttpAnswer } from '../../core/http'
import type { S3Client } from './client'
import { completionXml, readXml } from './xml'

/** Most parts that S3 accepts for one object. */
const mostParts = 10_000
/** Most parts that are sent at a time. */
const atOnce = 4

/** What is uploaded. */
export interface PartUpload {
  readonly key: string
  readonly bytes: Uint8Array
  readonly partBytes: number
  /** Headers of the last request: its condition. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onLost: () => void
}

/**
 * Uploads in parts.
 *
 * @throws the error of a part or of the completion, after the upload was aborted on the server
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
      // The server answers 200 before it joins the parts. A later failure is in the body.
      isError: (answer) => readXml(answer.bytes)?.name === 'Error',
    })
    return { headers: completed.headers, etag: readXml(completed.bytes)?.text('ETag') }
  } catch (error) {
    // Parts that stay on the server cost money. Without the signal, which may already be aborted.
    await client({ method: 'DELETE', operation: 'abort the upload of', key, query: { uploadId }, expected: [404] }).catch(() => {})
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
  // When one part fails, the others are aborted.
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
        throw new MillwrightError('Unsupported', `the S3 server answered part ${part + 1} of ${count} without an ETag`, {
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
