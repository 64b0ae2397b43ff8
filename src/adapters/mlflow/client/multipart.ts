/** Multipart upload of one large file: the server gives an address for each part, and the bytes go directly to its artifact store. */
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import type { MlflowClient } from './client'
import { encodePath, list, proxyRoot, type Wire } from './wire'

/** S3 allows parts from 5 MiB on, and at most 10,000 of them; MLflow's own client sends parts of 10 MB. */
const leastPartBytes = 10 * 1024 * 1024
const mostParts = 10_000
/** Parts that are sent at the same time. */
const atOnce = 3

/**
 * Uploads `bytes` in parts.
 *
 * @returns `false` where the server's store does not support multipart uploads; nothing has been uploaded then
 * @throws the error of a part or of the completion; the upload has then been aborted on the server
 */
export async function uploadInParts(client: MlflowClient, key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
  const partBytes = Math.max(leastPartBytes, Math.ceil(bytes.length / mostParts))
  const slash = key.lastIndexOf('/')
  const folder = encodePath(key.slice(0, slash))
  const path = key.slice(slash + 1)
  const begin = { path, num_parts: Math.max(1, Math.ceil(bytes.length / partBytes)) }
  let created: Wire
  try {
    created = await client.call('POST', `${proxyRoot}/mpu/create/${folder}`, begin, { expect: 'credentials', signal })
  } catch (error) {
    // Local stores answer 501, older servers 404.
    if (isMillwrightError(error, 'Unsupported') || isMillwrightError(error, 'NotFound')) return false
    throw error
  }
  const { upload_id } = created
  try {
    const parts: Wire[] = []
    const waiting = list(created, 'credentials')
    const send = async (): Promise<void> => {
      for (let credential = waiting.shift(); credential !== undefined; credential = waiting.shift()) {
        const number = Number(credential.part_number)
        parts.push(await sendPart(client, credential, { path, part: bytes.subarray((number - 1) * partBytes, number * partBytes), signal }))
      }
    }
    const failed = (await Promise.allSettled(Array.from({ length: atOnce }, () => send().catch(stopped)))).find(isRejected)
    if (failed !== undefined) throw failed.reason
    parts.sort((a, b) => Number(a.part_number) - Number(b.part_number))
    await client.call('POST', `${proxyRoot}/mpu/complete/${folder}`, { path, upload_id, parts }, { signal })
    return true

    /** After one failed part no further part is started. */
    function stopped(error: unknown): never {
      waiting.length = 0
      throw error
    }
  } catch (error) {
    await client.call('POST', `${proxyRoot}/mpu/abort/${folder}`, { path, upload_id }).catch(() => {})
    throw error
  }
}

async function sendPart(
  client: MlflowClient,
  credential: Wire,
  { path, part, signal }: { readonly path: string; readonly part: Uint8Array; readonly signal: AbortSignal | undefined },
): Promise<Wire> {
  const headers = (credential.headers ?? {}) as Readonly<Record<string, string>>
  const answer = await client.foreign('PUT', String(credential.url), { headers, body: part, signal })
  const etag = answer.headers.get('ETag')
  if (etag === null) {
    throw new MillwrightError('Unavailable', `the artifact store took part ${credential.part_number} of ${path} without an ETag`, {
      hint: 'in a browser, the store must expose the ETag header (CORS)',
      retryable: false,
    })
  }
  return { part_number: credential.part_number, etag, url: credential.url }
}

function isRejected(result: PromiseSettledResult<void>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}
