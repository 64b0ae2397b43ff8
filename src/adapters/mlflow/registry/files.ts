/** Files of a model version: through the server's artifact proxy, or where it proxies nothing, through the calls that can only read. */
import { MillwrightError, show } from '../../../core/errors'
import type { ModelVersionRecord } from '../../../ports/registry-backend'
import type { MlflowClient } from '../client/client'
import { downloadProxied, listProxied, missingIsNotFound, notProxied, proxyPath, rememberedUris, uploadProxied } from '../client/proxy'
import { assertServerPath, encodePath, list, proxyRoot, text } from '../client/wire'

/** The deepest folder that is listed. */
const MAX_DEPTH = 32
/** The most files of one version that are listed. */
const MAX_FILES = 100_000

/** A version, and the address of the folder with its files. */
export interface VersionPlace {
  readonly version: ModelVersionRecord
  readonly uri: string
}

/** A function that finds the place of a version. Addresses never change, so it asks the server once for each version. */
export function versionPlaces(client: MlflowClient): (version: ModelVersionRecord) => Promise<VersionPlace> {
  const uris = rememberedUris()
  return async (version) => {
    const query = { name: version.name, version: version.version }
    const uri = await uris(JSON.stringify([version.name, version.version]), async () => {
      const answer = await client.call('GET', 'model-versions/get-download-uri', query, { expect: 'artifact_uri' })
      return text(answer.artifact_uri)
    })
    return { version, uri }
  }
}

/** Options of a transfer of one file. */
export interface TransferOptions {
  readonly signal?: AbortSignal | undefined
}

/** Uploads one file below `uri`, large ones in parts. @throws Unsupported where the server does not proxy the artifacts */
export async function uploadFile(
  client: MlflowClient,
  { uri, path }: { readonly uri: string; readonly path: string },
  bytes: Uint8Array,
  { signal }: TransferOptions = {},
): Promise<void> {
  assertServerPath(path, 'a file name of a model')
  const root = proxyPath(client, uri)
  if (root === undefined) throw notProxied(path, uri)
  await uploadProxied(client, `${root}/${path}`, bytes, signal)
}

/** Reads one file of a version. @throws NotFound */
export async function downloadFile(
  client: MlflowClient,
  { version, uri }: VersionPlace,
  path: string,
  { signal }: TransferOptions = {},
): Promise<Uint8Array> {
  assertServerPath(path, 'a file name of a model')
  const root = proxyPath(client, uri)
  if (root !== undefined) return downloadProxied(client, `${root}/${path}`, signal)
  const query = new URLSearchParams({ name: version.name, version: version.version, path })
  return missingIsNotFound(client.raw('GET', `/model-versions/get-artifact?${query}`, undefined, signal))
}

/** The relative paths of a version's files, ascending. @throws Unsupported where the server cannot list the place */
export async function listVersionFiles(client: MlflowClient, place: VersionPlace): Promise<string[]> {
  const files: string[] = []
  const visit = async (folder: string, depth: number): Promise<void> => {
    for (const { path, isFolder } of await listFolder(client, place, folder)) {
      if (!isFolder) files.push(path)
      else if (depth < MAX_DEPTH) await visit(path, depth + 1)
      if (files.length > MAX_FILES) {
        throw new MillwrightError('Unsupported', `${place.uri} holds more than ${MAX_FILES} files, which is too many for a model`)
      }
    }
  }
  await visit('', 0)
  return files.sort()
}

/** Removes all files of a version. @throws Unsupported where the server does not proxy the artifacts */
export async function removeFiles(client: MlflowClient, { uri }: VersionPlace): Promise<void> {
  const root = proxyPath(client, uri)
  if (root === undefined || root === '') {
    throw new MillwrightError('Unsupported', `the MLflow server does not proxy the artifacts at ${show(uri)}, so it cannot remove them`)
  }
  await client.raw('DELETE', `${proxyRoot}/artifacts/${encodePath(root)}`)
}

async function listFolder(
  client: MlflowClient,
  { version, uri }: VersionPlace,
  folder: string,
): Promise<{ readonly path: string; readonly isFolder: boolean }[]> {
  const root = proxyPath(client, uri)
  if (root !== undefined) {
    const prefix = folder === '' ? '' : `${folder}/`
    const files = await listProxied(client, folder === '' ? root : `${root}/${folder}`)
    return files.map((file) => ({ path: prefix + String(file.path), isFolder: file.is_dir === true }))
  }
  if (version.modelId !== undefined) {
    const path = `logged-models/${encodeURIComponent(version.modelId)}/artifacts/directories`
    const answer = await client.call('GET', path, { artifact_directory_path: folder === '' ? undefined : folder })
    return list(answer, 'files').map((file) => ({ path: String(file.path), isFolder: file.is_dir === true }))
  }
  throw new MillwrightError(
    'Unsupported',
    `the files of ${show(version.name)} version ${version.version} at ${show(uri)} cannot be listed`,
    {
      hint: 'start the server with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
    },
  )
}
