/**
 * Artifacts of runs and logged models: through the server's artifact proxy (`mlflow-artifacts:`), or for runs whose artifacts are elsewhere,
 * through the calls for small files that every server has.
 */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import type { ArtifactInfo, ArtifactOwner, TrackerBackend } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { downloadProxied, listProxied, missingIsNotFound, notProxied, proxyPath, rememberedUris, uploadProxied } from '../client/proxy'
import { assertServerPath, list, type Wire } from '../client/wire'
import { getModel } from './models'
import { getRun } from './runs'

/** The largest file that `upload-artifact` accepts, in bytes. */
const maxSmallUpload = 10_000_000

/** The owner of artifacts, and the address of the folder with them. */
interface ArtifactPlace {
  readonly owner: ArtifactOwner
  /** The run's or model's `artifact_uri`. */
  readonly uri: string
}

/** The part of the tracker port that concerns artifacts. */
export function serverArtifacts(client: MlflowClient): Pick<TrackerBackend, 'putArtifact' | 'getArtifact' | 'listArtifacts'> {
  // Artifact addresses never change.
  const uris = rememberedUris()
  const placeOf = async (owner: ArtifactOwner): Promise<ArtifactPlace> => {
    const uri =
      'runId' in owner
        ? await uris(owner.runId, async () => (await getRun(client, owner.runId)).artifactUri)
        : await uris(owner.modelId, async () => (await getModel(client, owner.modelId)).artifactUri)
    return { owner, uri }
  }
  return {
    putArtifact: async (owner, path, bytes) => uploadArtifact(client, await placeOf(owner), path, bytes),
    getArtifact: async (owner, path) => downloadArtifact(client, await placeOf(owner), path),
    listArtifacts: async (owner, path) => listArtifacts(client, await placeOf(owner), path),
  }
}

/** Uploads one file. @throws Unsupported where the server does not proxy the artifacts, Conflict where one path is a folder of another */
async function uploadArtifact(client: MlflowClient, { owner, uri }: ArtifactPlace, path: string, bytes: Uint8Array): Promise<void> {
  assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root !== undefined) {
    try {
      return await uploadProxied(client, `${root}/${path}`, bytes)
    } catch (error) {
      if (isMillwrightError(error) && error.details.status === 500) await assertNoFolderConflict(client, root, path)
      throw error
    }
  }
  if (!('runId' in owner) || bytes.length > maxSmallUpload) throw notProxied(path, uri)
  const query = `run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
  await client.raw('POST', `/ajax-api/2.0/mlflow/upload-artifact?${query}`, bytes)
}

/** Explains a 500: a server on a file system gives no other answer when a file has the path of a folder, or the reverse. @throws Conflict */
async function assertNoFolderConflict(client: MlflowClient, root: string, path: string): Promise<void> {
  const parts = path.split('/')
  for (let depth = 0; depth < parts.length; depth++) {
    const folder = [root, ...parts.slice(0, depth)].join('/')
    const entry = (await listProxied(client, folder)).find((file) => String(file.path).split('/').pop() === parts[depth])
    if (entry === undefined) return
    const isLast = depth === parts.length - 1
    if (isLast === (entry.is_dir === true)) {
      const existing = parts.slice(0, depth + 1).join('/')
      throw new MillwrightError('Conflict', `artifact ${show(path)} cannot be stored: ${show(existing)} is a ${isLast ? 'folder' : 'file'}`)
    }
  }
}

/** Downloads one file. @throws NotFound */
async function downloadArtifact(client: MlflowClient, { owner, uri }: ArtifactPlace, path: string): Promise<Uint8Array> {
  assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root !== undefined) return downloadProxied(client, `${root}/${path}`)
  const where =
    'runId' in owner
      ? `/get-artifact?run_uuid=${encodeURIComponent(owner.runId)}&path=${encodeURIComponent(path)}`
      : `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(owner.modelId)}/artifacts/files?artifact_file_path=${encodeURIComponent(path)}`
  return missingIsNotFound(client.raw('GET', where))
}

/** The direct children of a folder; none where the folder does not exist. */
async function listArtifacts(client: MlflowClient, { owner, uri }: ArtifactPlace, path = ''): Promise<ArtifactInfo[]> {
  if (path !== '') assertServerPath(path, 'an artifact path')
  const root = proxyPath(client, uri)
  if (root === undefined) return (await listDirect(client, owner, path)).map((file) => infoOf(file, ''))
  const prefix = path === '' ? '' : `${path}/`
  return (await listProxied(client, path === '' ? root : `${root}/${path}`)).map((file) => infoOf(file, prefix))
}

/** The files of a folder that the server does not proxy. Their paths are relative to the owner's root. */
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
