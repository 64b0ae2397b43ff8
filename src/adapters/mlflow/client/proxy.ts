/** Files below an `mlflow-artifacts:` address: through the server's artifact proxy; large ones directly to and from its artifact store. */
import { isMillwrightError, MillwrightError, show } from '../../../core/errors'
import type { Answer } from './answers'
import type { MlflowClient } from './client'
import { encodePath, list, proxyRoot, type Wire } from './wire'

/** The path of `uri` at the proxy; `undefined` where the proxy does not serve it. @throws Unsupported for another server's proxy */
export function proxyPath(client: MlflowClient, uri: string): string | undefined {
  const match = /^mlflow-artifacts:\/(?:\/([^/]*)\/)?(.*)$/.exec(uri)
  if (match === null) return undefined
  const [, host, path = ''] = match
  if (host !== undefined && host !== '' && host !== new URL(client.url).host) {
    throw new MillwrightError('Unsupported', `the artifacts at ${show(uri)} lie on another server, which is not given our credentials`)
  }
  return path.replace(/^\/+|\/+$/g, '')
}

/** A cache of artifact addresses: `load` is called once for each id. */
export function rememberedUris(): (id: string, load: () => Promise<string>) => Promise<string> {
  const uris = new Map<string, string>()
  return async (id, load) => {
    const known = uris.get(id)
    if (known !== undefined) return known
    const uri = await load()
    if (uris.size >= 10_000) uris.clear()
    uris.set(id, uri)
    return uri
  }
}

/** Uploads one file to `key` of the proxy: in parts from `multipartBytes` on, where the store supports multipart uploads. */
export async function uploadProxied(client: MlflowClient, key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  if (bytes.length >= client.multipartBytes) {
    const { uploadInParts } = await import('./multipart')
    if (await uploadInParts(client, key, bytes, signal)) return
  }
  await client.raw('PUT', `${proxyRoot}/artifacts/${encodePath(key)}`, bytes, signal)
}

/** Downloads `key` of the proxy. @throws NotFound */
export async function downloadProxied(client: MlflowClient, key: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (client.directDownloads) {
    const address = await presigned(client, key, signal)
    if (address !== undefined) {
      const headers = (address.headers ?? {}) as Readonly<Record<string, string>>
      return (await client.foreign('GET', String(address.url), { headers, signal })).bytes
    }
  }
  return (await client.raw('GET', `${proxyRoot}/artifacts/${encodePath(key)}`, undefined, signal)).bytes
}

/** The entries of a folder of the proxy; their paths are relative to it. */
export async function listProxied(client: MlflowClient, folder: string): Promise<Wire[]> {
  return list(await client.call('GET', `${proxyRoot}/artifacts`, { path: folder }), 'files')
}

/** A file read through the server from a store that it does not proxy. The server answers 500 for a missing file. @throws NotFound */
export async function missingIsNotFound(work: Promise<Answer>): Promise<Uint8Array> {
  try {
    return (await work).bytes
  } catch (error) {
    if (isMillwrightError(error) && error.details.status === 500) throw new MillwrightError('NotFound', error.message, { cause: error })
    throw error
  }
}

/** The error for files in a place that the server does not proxy. */
export function notProxied(path: string, uri: string): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `${show(path)} cannot be uploaded: the MLflow server does not proxy the artifacts at ${show(uri)}`,
    {
      hint: 'start the server with --artifacts-destination (and --serve-artifacts), so that it proxies artifacts',
    },
  )
}

/** An address of the store for one file; `undefined` where the store gives none (local stores answer 501, older servers 404). */
async function presigned(client: MlflowClient, key: string, signal: AbortSignal | undefined): Promise<Wire | undefined> {
  try {
    return await client.call('GET', `${proxyRoot}/presigned/${encodePath(key)}`, {}, { expect: 'url', signal })
  } catch (error) {
    if (isMillwrightError(error, 'Unsupported') || isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}
