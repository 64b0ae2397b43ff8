/** Artifacts of runs and logged models through a server that proxies them (`mlflow-artifacts:`). */

import { MillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import { parseJson } from '../../../core/json'
import type { ArtifactInfo } from '../../../ports/tracker-backend'
import type { MlflowClient } from './client'
import { list } from './records'

const proxy = '/api/2.0/mlflow-artifacts/artifacts'

/** Where the server keeps the artifacts of `uri`, as a path below the tracking URI. @throws Unsupported for direct storage */
function proxyPath(uri: string): string {
  const match = /^mlflow-artifacts:\/(?:\/[^/]*\/)?(.*)$/.exec(uri)
  if (match === null) {
    throw new MillwrightError('Unsupported', `the artifacts at ${show(uri)} are not served by the MLflow server itself`, {
      hint: 'start it with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
    })
  }
  return (match[1] as string).replace(/^\/+|\/+$/g, '')
}

const encode = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/** Uploads one file below `root`. */
export async function uploadArtifact(client: MlflowClient, root: string, path: string, bytes: Uint8Array): Promise<void> {
  assertSafeKey(path, 'an artifact path')
  await (await client.raw('PUT', `${proxy}/${encode(`${proxyPath(root)}/${path}`)}`, bytes)).arrayBuffer()
}

/** Downloads one file below `root`. @throws NotFound */
export async function downloadArtifact(client: MlflowClient, root: string, path: string): Promise<Uint8Array> {
  assertSafeKey(path, 'an artifact path')
  return new Uint8Array(await (await client.raw('GET', `${proxy}/${encode(`${proxyPath(root)}/${path}`)}`)).arrayBuffer())
}

/** The direct children of a folder below `root`; an absent folder has none. */
export async function listProxied(client: MlflowClient, root: string, path = ''): Promise<ArtifactInfo[]> {
  if (path !== '') assertSafeKey(path, 'an artifact path')
  const folder = path === '' ? proxyPath(root) : `${proxyPath(root)}/${path}`
  const response = await client.raw('GET', `${proxy}?path=${encodeURIComponent(folder)}`)
  const answer = parseJson(await response.text(), 'the listing of artifacts')
  return list(answer, 'files').map((file) => ({
    path: path === '' ? String(file.path) : `${path}/${String(file.path)}`,
    isFolder: file.is_dir === true,
    ...(file.is_dir === true ? {} : { sizeBytes: Number(file.file_size ?? 0) }),
  }))
}
