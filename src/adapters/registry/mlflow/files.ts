/** Files of a model version through a server: its artifact proxy, or for other places the calls that only read. */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import type { ModelVersionRecord } from '../../../ports/registry-backend'
import type { MlflowClient } from '../../_mlflow/client'
import { list, type Wire } from './records'

const proxy = '/api/2.0/mlflow-artifacts/artifacts'
/** Folders within folders that are looked into. */
const MAX_DEPTH = 32
/** Files of one version that are listed. */
const MAX_FILES = 100_000

/** A version, and what the server calls the folder of its files. */
export interface VersionPlace {
  readonly version: ModelVersionRecord
  readonly uri: string
}

/** Uploads one file below `uri`. @throws Unsupported where the server does not carry artifacts */
export async function uploadFile(client: MlflowClient, uri: string, path: string, bytes: Uint8Array): Promise<void> {
  assertSafeKey(path, 'a file name of a model')
  const root = proxyPath(client, uri)
  if (root === undefined) {
    throw new MillwrightError(
      'Unsupported',
      `${show(path)} cannot be uploaded: the MLflow server does not carry the artifacts at ${show(uri)}`,
      {
        hint: 'start the server with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
      },
    )
  }
  await client.raw('PUT', `${proxy}/${encodePath(`${root}/${path}`)}`, bytes)
}

/** Reads one file of a version. @throws NotFound */
export async function downloadFile(client: MlflowClient, { version, uri }: VersionPlace, path: string): Promise<Uint8Array> {
  assertSafeKey(path, 'a file name of a model')
  const root = proxyPath(client, uri)
  if (root !== undefined) return (await client.raw('GET', `${proxy}/${encodePath(`${root}/${path}`)}`)).bytes
  const query = new URLSearchParams({ name: version.name, version: version.version, path })
  try {
    return (await client.raw('GET', `/model-versions/get-artifact?${query}`)).bytes
  } catch (error) {
    // A missing file of a direct store comes back as the store's own error.
    if (isMillwrightError(error) && error.details.status === 500) throw new MillwrightError('NotFound', error.message, { cause: error })
    throw error
  }
}

/** The relative paths of a version's files, ascending. @throws Unsupported where the server cannot list the place */
export async function listVersionFiles(client: MlflowClient, place: VersionPlace): Promise<string[]> {
  const files: string[] = []
  const visit = async (folder: string, depth: number): Promise<void> => {
    for (const { path, isFolder } of await listFolder(client, place, folder)) {
      if (!isFolder) files.push(path)
      else if (depth < MAX_DEPTH) await visit(path, depth + 1)
      if (files.length > MAX_FILES) {
        throw new MillwrightError('Unsupported', `${place.uri} holds more than ${MAX_FILES} files, which is no model`)
      }
    }
  }
  await visit('', 0)
  return files.sort()
}

/** Removes all files of a version. @throws Unsupported where the server does not carry artifacts */
export async function removeFiles(client: MlflowClient, { uri }: VersionPlace): Promise<void> {
  const root = proxyPath(client, uri)
  if (root === undefined || root === '') {
    throw new MillwrightError('Unsupported', `the MLflow server does not carry the artifacts at ${show(uri)}, so it cannot remove them`)
  }
  await client.raw('DELETE', `${proxy}/${encodePath(root)}`)
}

async function listFolder(
  client: MlflowClient,
  { version, uri }: VersionPlace,
  folder: string,
): Promise<{ readonly path: string; readonly isFolder: boolean }[]> {
  const root = proxyPath(client, uri)
  const entries = (answer: Wire, prefix: string): { readonly path: string; readonly isFolder: boolean }[] =>
    list(answer, 'files').map((file) => ({ path: prefix + String(file.path), isFolder: file.is_dir === true }))
  if (root !== undefined) {
    // The proxy answers with paths relative to the folder that was asked for.
    return entries(await client.call('GET', proxy, { path: folder === '' ? root : `${root}/${folder}` }), folder === '' ? '' : `${folder}/`)
  }
  if (version.modelId !== undefined) {
    const path = `logged-models/${encodeURIComponent(version.modelId)}/artifacts/directories`
    return entries(await client.call('GET', path, { artifact_directory_path: folder === '' ? undefined : folder }), '')
  }
  throw new MillwrightError(
    'Unsupported',
    `the files of ${show(version.name)} version ${version.version} at ${show(uri)} cannot be listed`,
    {
      hint: 'start the server with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
    },
  )
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

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
