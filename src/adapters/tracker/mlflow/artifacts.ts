/**
 * Artifacts of runs and logged models through a server: its artifact proxy (`mlflow-artifacts:`), with multipart upload for large files,
 * and for runs whose artifacts lie elsewhere the small-file calls that every server has.
 */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import type { ArtifactInfo, ArtifactOwner } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../../_mlflow/client'
import { encodePath, uploadInParts } from './multipart'
import { list } from './records'

const proxy = '/api/2.0/mlflow-artifacts'
/** What `upload-artifact` takes. */
const maxSmallUpload = 10_000_000

/** Whose artifacts, and where the server keeps them. */
export interface ArtifactPlace {
  readonly owner: ArtifactOwner
  /** The run's or model's `artifact_uri`. */
  readonly uri: string
}

/** Uploads one file. Files of `multipartBytes` and more go in parts where the server can. @throws Unsupported where the server does not carry artifacts */
export async function uploadArtifact(
  client: MlflowClient,
  place: ArtifactPlace,
  path: string,
  bytes: Uint8Array,
  multipartBytes: number,
): Promise<void> {
  assertSafeKey(path, 'an artifact path')
  const root = proxyPath(client, place.uri)
  if (root === undefined) return uploadSmall(client, place, path, bytes)
  const key = `${root}/${path}`
  if (bytes.length >= multipartBytes && (await uploadInParts(client, proxy, key, bytes))) return
  await client.raw('PUT', `${proxy}/artifacts/${encodePath(key)}`, bytes)
}

/** Downloads one file. @throws NotFound */
export async function downloadArtifact(client: MlflowClient, place: ArtifactPlace, path: string): Promise<Uint8Array> {
  assertSafeKey(path, 'an artifact path')
  const root = proxyPath(client, place.uri)
  if (root !== undefined) return (await client.raw('GET', `${proxy}/artifacts/${encodePath(`${root}/${path}`)}`)).bytes
  const { owner } = place
  const where =
    'runId' in owner
      ? `/get-artifact?run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
      : `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(owner.modelId)}/artifacts/files?artifact_file_path=${encodeURIComponent(path)}`
  try {
    return (await client.raw('GET', where)).bytes
  } catch (error) {
    // A missing file of a direct store comes back as the store's own error.
    if (isMillwrightError(error) && error.details.status === 500) throw new MillwrightError('NotFound', error.message, { cause: error })
    throw error
  }
}

/** The direct children of a folder; an absent folder has none. */
export async function listServed(client: MlflowClient, place: ArtifactPlace, path = ''): Promise<ArtifactInfo[]> {
  if (path !== '') assertSafeKey(path, 'an artifact path')
  const root = proxyPath(client, place.uri)
  const { owner } = place
  // The proxy answers with paths relative to the folder asked for, the other calls with paths relative to the root.
  const [answer, prefix] =
    root !== undefined
      ? [await client.call('GET', `${proxy}/artifacts`, { path: path === '' ? root : `${root}/${path}` }), path === '' ? '' : `${path}/`]
      : 'runId' in owner
        ? [await client.call('GET', 'artifacts/list', { run_id: owner.runId, path: path === '' ? undefined : path }), '']
        : [
            await client.call('GET', `logged-models/${encodeURIComponent(owner.modelId)}/artifacts/directories`, {
              artifact_directory_path: path === '' ? undefined : path,
            }),
            '',
          ]
  return list(answer, 'files').map((file) => ({
    path: prefix + String(file.path),
    isFolder: file.is_dir === true,
    ...(file.is_dir === true ? {} : { sizeBytes: Number(file.file_size ?? 0) }),
  }))
}

async function uploadSmall(client: MlflowClient, { owner, uri }: ArtifactPlace, path: string, bytes: Uint8Array): Promise<void> {
  if (!('runId' in owner) || bytes.length > maxSmallUpload) {
    throw new MillwrightError(
      'Unsupported',
      `${show(path)} cannot be uploaded: the MLflow server does not carry the artifacts at ${show(uri)}`,
      {
        hint: 'start the server with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
      },
    )
  }
  const query = `run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
  await client.raw('POST', `/ajax-api/2.0/mlflow/upload-artifact?${query}`, bytes)
}

/** Where the proxy keeps `uri`; `undefined` for a direct store. @throws Unsupported for another server's proxy */
function proxyPath(client: MlflowClient, uri: string): string | undefined {
  const match = /^mlflow-artifacts:\/(?:\/([^/]*)\/)?(.*)$/.exec(uri)
  if (match === null) return undefined
  const [, host, path = ''] = match
  if (host !== undefined && host !== '' && host !== new URL(client.url).host) {
    throw new MillwrightError('Unsupported', `the artifacts at ${show(uri)} lie on another server, which is not given our credentials`)
  }
  return path.replace(/^\/+|\/+$/g, '')
}
