/** Uploading one large file in parts: the server hands out an address for each, the bytes go straight to its artifact store. */
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import type { MlflowClient } from '../../_mlflow/client'
import { list } from './records'

/** S3 takes parts from 5 MiB; MLflow's own client sends 10 MB. */
const partBytes = 10 * 1024 * 1024

/**
 * Uploads `bytes` in parts.
 *
 * @returns false where the server's store knows no parts, and nothing has been uploaded
 * @throws what a part or the completion fails with, after the upload was given up on the server
 */
export async function uploadInParts(client: MlflowClient, proxy: string, key: string, bytes: Uint8Array): Promise<boolean> {
  const slash = key.lastIndexOf('/')
  const folder = encodePath(key.slice(0, slash))
  const path = key.slice(slash + 1)
  let created: Record<string, unknown>
  try {
    created = await client.call('POST', `${proxy}/mpu/create/${folder}`, { path, num_parts: Math.ceil(bytes.length / partBytes) })
  } catch (error) {
    // Local stores answer 501, older servers 404.
    if (isMillwrightError(error) && (error.code === 'Unsupported' || error.code === 'NotFound')) return false
    throw error
  }
  const { upload_id } = created
  try {
    const parts: Record<string, unknown>[] = []
    for (const credential of list(created, 'credentials')) {
      const number = Number(credential.part_number)
      const headers = (credential.headers ?? {}) as Record<string, string>
      const part = bytes.subarray((number - 1) * partBytes, number * partBytes)
      const answer = await client.foreign('PUT', String(credential.url), headers, part)
      const etag = answer.headers.get('ETag')
      if (etag === null) {
        throw new MillwrightError('Unavailable', `the artifact store took part ${number} of ${path} without an ETag`, {
          hint: 'in a browser, the store must expose the ETag header (CORS)',
          retryable: false,
        })
      }
      parts.push({ part_number: number, etag, url: credential.url })
    }
    await client.call('POST', `${proxy}/mpu/complete/${folder}`, { path, upload_id, parts })
    return true
  } catch (error) {
    await client.call('POST', `${proxy}/mpu/abort/${folder}`, { path, upload_id }).catch(() => {})
    throw error
  }
}

/** Each segment percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
