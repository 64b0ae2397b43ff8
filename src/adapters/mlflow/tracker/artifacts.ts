/**
 * Artifacts of runs and logged models through a server: its artifact proxy (`mlflow-artifacts:`), and for runs whose artifacts lie
 * elsewhere the small-file calls that every server has.
 */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import type { ArtifactInfo, ArtifactOwner } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { downloadProxied, listProxied, missingIsNotFound, notCarried, proxyPath, uploadProxied } from '../client/proxy'
import { assertServerPath } from '../client/proxy-path'
import { list, type Wire } from '../client/wire'

/** What `upload-artifact` takes. */
const maxSmallUpload = 10_000_000

/** Whose artifacts, and where the server keeps them. */
export interface ArtifactPlace {
  readonly owner: ArtifactOwner
  /** The run's or model's `artifact_uri`. */
  readonly uri: string
}

/** Uploads one file. @throws Unsupported where the server does not carry artifacts, Conflict where a file is a folder of another */
export async function uploadArtifact(client: MlflowClient, { owner, uri }: ArtifactPlace, path: string, bytes: Uint8Array): Promise<void> {
  assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root !== undefined) {
    try {
      return await uploadProxied(client, `${root}/${path}`, bytes)
    } catch (error) {
      if (isMillwrightError(error) && error.details.status === 500) await assertRoom(client, root, path)
      throw error
    }
  }
  if (!('runId' in owner) || bytes.length > maxSmallUpload) throw notCarried(path, uri)
  const query = `run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
  await client.raw('POST', `/ajax-api/2.0/mlflow/upload-artifact?${query}`, bytes)
}

/** After a 500: a server on a file system says no more than that where a file is in the way of a folder, or a folder in that of a file. */
async function assertRoom(client: MlflowClient, root: string, path: string): Promise<void> {
  const parts = path.split('/')
  for (let depth = 0; depth < parts.length; depth++) {
    const folder = [root, ...parts.slice(0, depth)].join('/')
    const entry = (await listProxied(client, folder)).find((file) => String(file.path).split('/').pop() === parts[depth])
    if (entry === undefined) return
    const isLast = depth === parts.length - 1
    if (isLast === (entry.is_dir === true)) {
      const there = parts.slice(0, depth + 1).join('/')
      throw new MillwrightError('Conflict', `artifact ${show(path)} cannot be stored: ${show(there)} is a ${isLast ? 'folder' : 'file'}`)
    }
  }
}

/** Downloads one file. @throws NotFound */
export async function downloadArtifact(client: MlflowClient, { owner, uri }: ArtifactPlace, path: string): Promise<Uint8Array> {
  assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root !== undefined) return downloadProxied(client, `${root}/${path}`)
  const where =
    'runId' in owner
      ? `/get-artifact?run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
      : `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(owner.modelId)}/artifacts/files?artifact_file_path=${encodeURIComponent(path)}`
  return missingIsNotFound(client.raw('GET', where))
}

/** The direct children of a folder; an absent folder has none. */
export async function listServed(client: MlflowClient, { owner, uri }: ArtifactPlace, path = ''): Promise<ArtifactInfo[]> {
  if (path !== '') assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root === undefined) return (await listDirect(client, owner, path)).map((file) => infoOf(file, ''))
  const prefix = path === '' ? '' : `${path}/`
  return (await listProxied(client, path === '' ? root : `${root}/${path}`)).map((file) => infoOf(file, prefix))
}

/** Files of a store that the server does not proxy; their paths are relative to the owner's root. */
async function listDirect(client: MlflowClient, owner: ArtifactOwner, path: string): Promise<Wire[]> {
  const folder = path === '' ? undefined : path
  const answer =
    'runId' in owner
      ? await client.call('GET', 'artifacts/list', { run_id: owner.runId, path: folder })
      : await client.call('GET', `logged-models/${encodeURIComponent(owner.modelId)}/artifacts/directories`, {
          artifact_directory_path: folder,
        })
  return list(answer, 'files')
}

function infoOf(file: Wire, prefix: string): ArtifactInfo {
  const isFolder = file.is_dir === true
  return { path: prefix + String(file.path), isFolder, ...(isFolder ? {} : { sizeBytes: Number(file.file_size ?? 0) }) }
}
