/** A read-only object store over HTTP: a web server, the public address of a bucket, or a content delivery network. */
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { bareEtag, bytesOfRange, encodePath, isEmptyRange, rangeHeaders } from '../../core/http'
import type { GetOptions, ListOptions, ObjectInfo, ObjectListing, ObjectStore } from '../../ports/object-store'
import { assertListOptions, assertUriKey, missingObject, storeState } from '../../ports/object-store-rules'
import { pageOfKeys } from '../../ports/page-of-keys'
import { keyIndex } from './key-index'
import { checkHttpOptions, type HttpStorageOptions } from './options'
import { httpRequests, maxObjectBytes, type Requests } from './requests'

export type { HttpClientOptions } from '../../core/http-client'
export type { HttpStorageOptions } from './options'

/** Most HEAD requests of one listing at a time. */
const atOnce = 8

/**
 * A read-only object store over HTTP, for Node, browsers and workers: models and datasets from a web server.
 *
 * `head` sends HEAD, `get` sends GET, and a range is a range request; from a server that ignores ranges the range is cut out of the whole object.
 * `put`, `append` and `delete` throw `Unsupported`, as does `list` without an `index`. The etag is the server's; without one it is made from
 * `Last-Modified` and the size.
 *
 * @throws InvalidArgument on a bad option
 * @example
 * const storage = httpStorage({ url: 'https://example.org/mlops' })
 * const header = await storage.get('models/flights.onnx', { range: { start: 0, end: 16 } })
 */
export function httpStorage(options: HttpStorageOptions): ObjectStore {
  checkHttpOptions(options)
  const url = options.url.replace(/\/+$/, '')
  const name = `httpStorage(${url})`
  const state = storeState(name)
  const { head, get } = httpReads(name, httpRequests(name, url, options))
  const index = keyIndex({ name, index: options.index, read: (key, signal) => get(key, { signal }) })
  const refuse = async (operation: string, key: string): Promise<never> => {
    state.assertCall(undefined, key)
    throw new MillwrightError('Unsupported', `${name} does not ${operation} ${show(key)}: it only reads`, { details: { key } })
  }

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: false, rangeRead: true, appendAtomic: false, persistent: true, maxObjectBytes },
    uri(key) {
      assertUriKey(key)
      return `${url}/${encodePath(key)}`
    },
    async head(key, { signal } = {}) {
      state.assertCall(signal, key)
      return head(key, signal)
    },
    async get(key, getOptions = {}) {
      state.assertCall(getOptions.signal, key)
      return get(key, getOptions)
    },
    async list(listOptions = {}) {
      state.assertCall(listOptions.signal)
      return listPage(index, head, listOptions)
    },
    put: (key) => refuse('put', key),
    append: (key) => refuse('append to', key),
    delete: (key) => refuse('delete', key),
    async close() {
      state.close()
    },
  })
}

interface HttpReads {
  head(key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined>
  get(key: string, options: GetOptions): Promise<Uint8Array>
}

/** The two calls that send requests. */
function httpReads(name: string, request: Requests): HttpReads {
  const head = async (key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> => {
    const { status, headers } = await request('HEAD', key, { signal, expected: [404, 410] })
    return status === 404 || status === 410 ? undefined : infoOf(key, headers)
  }
  return {
    head,
    async get(key, { signal, range }) {
      if (range !== undefined && isEmptyRange(range)) {
        if ((await head(key, signal)) === undefined) throw missingObject(name, key)
        return new Uint8Array(0)
      }
      const answer = await request('GET', key, { signal, headers: rangeHeaders(range), expected: [404, 410, 416] })
      if (answer.status === 404 || answer.status === 410) throw missingObject(name, key)
      return bytesOfRange(answer, range)
    },
  }
}

/** One page of the index. Keys whose object does not exist are left out. */
async function listPage(index: ReturnType<typeof keyIndex>, head: HttpReads['head'], options: ListOptions): Promise<ObjectListing> {
  const { signal, prefix = '', shallow = false, limit = 1000, cursor } = options
  assertListOptions(options)
  const { keys, ...rest } = pageOfKeys(await index(signal), { prefix, shallow, limit, cursor })
  const objects: ObjectInfo[] = []
  for (let i = 0; i < keys.length; i += atOnce) {
    const infos = await Promise.all(keys.slice(i, i + atOnce).map((key) => head(key, signal)))
    objects.push(...infos.filter((info) => info !== undefined))
  }
  return { objects, ...rest }
}

function infoOf(key: string, headers: Headers): ObjectInfo {
  const sizeBytes = Number(headers.get('Content-Length') ?? Number.NaN)
  if (!Number.isFinite(sizeBytes)) {
    throw new MillwrightError('Unsupported', `the web server does not tell the size of ${show(key)}: its answer has no Content-Length`)
  }
  const modified = headers.get('Last-Modified') ?? ''
  const etag = bareEtag(headers.get('ETag') ?? '') || `${modified}-${sizeBytes}`
  return { key, sizeBytes, etag, modifiedAt: Date.parse(modified) || 0 }
}
