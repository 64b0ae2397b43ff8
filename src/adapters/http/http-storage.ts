/** The object store port over plain HTTP, for reading: what a web server, a bucket's public address or a CDN hands out. */
import { fromUtf8 } from '../../core/bytes'
import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { type ErrorCode, invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import { bareEtag, encodePath, type HttpAnswer, retryAfterMs, sendOnce, withoutUserInfo } from '../../core/http'
import { assertSafeKey, newId } from '../../core/ids'
import { anything, arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { createRng } from '../../core/random'
import { retrying } from '../../core/retry'
import { throwIfAborted } from '../../core/signal'
import { assertUsage } from '../../core/usage'
import type { GetOptions, ListOptions, ObjectInfo, ObjectListing, ObjectStore } from '../../ports/object-store'
import { pageOfKeys } from '../../ports/page-of-keys'

/** Options of {@link httpStorage}. */
export interface HttpStorageOptions {
  /** Address of the folder that holds the objects: a key is a path below it. */
  readonly url: string
  /** Headers of every request, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The keys there are, or the key of a JSON file with an array of them. HTTP cannot list: without it, `list` is refused. */
  readonly index?: string | readonly string[] | undefined
  /** Most tries after the first, for 408, 429, 5xx and a lost connection. @default 5 */
  readonly retries?: number | undefined
  /** Wait before the first retry; doubles each time up to 20 s, and is shortened by up to a half at random. @default 100 */
  readonly backoffMs?: number | undefined
  /** Time for an answer to begin, and for each MiB of it. @default 60000 */
  readonly timeoutMs?: number | undefined
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
  /** Of the jitter in the waits. @default a different one for each store */
  readonly seed?: number | undefined
}

const maxObjectBytes = 2 ** 31 - 1
/** Objects of a listing that are asked for at a time. */
const atOnce = 8

/**
 * A read-only object store over HTTP, for Node, browsers and workers: models and datasets from a web server.
 *
 * `head` and `get` are HEAD and GET, a range is a range request; a server that ignores ranges sends everything, and the range is cut out.
 * `put`, `append` and `delete` throw `Unsupported`, as does `list` without an `index`. The etag is the server's, or made of its
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
  const clock = options.clock ?? systemClock()
  const request = requester(name, url, options, clock)
  let closed = false
  let index: Promise<readonly string[]> | undefined

  const begin = (signal: AbortSignal | undefined, key?: string): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    if (key !== undefined) assertSafeKey(key)
  }
  const refuse = async (operation: string, key: string): Promise<never> => {
    begin(undefined, key)
    throw new MillwrightError('Unsupported', `${name} does not ${operation} ${show(key)}: it only reads`, { details: { key } })
  }
  const head = async (key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> => {
    const answer = await request('HEAD', key, { signal, expected: [404, 410] })
    return answer.status === 404 || answer.status === 410 ? undefined : factsOf(key, answer.headers)
  }
  const get = async (key: string, { signal, range }: GetOptions): Promise<Uint8Array> => {
    const { start, end } = { start: range?.start ?? 0, end: range?.end }
    if (end !== undefined && end <= start) {
      if ((await head(key, signal)) === undefined) throw missing(name, key)
      return new Uint8Array(0)
    }
    const headers = range === undefined ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` }
    const { status, bytes } = await request('GET', key, { signal, headers, expected: [404, 410, 416] })
    if (status === 404 || status === 410) throw missing(name, key)
    if (status === 416) return new Uint8Array(0)
    return range !== undefined && status === 200 ? bytes.slice(start, end) : bytes
  }
  const readIndex = async (signal: AbortSignal | undefined): Promise<readonly string[]> => {
    const given = options.index
    if (given === undefined) {
      throw new MillwrightError('Unsupported', `${name} cannot list: HTTP knows no folders`, { hint: 'pass { index }, the keys there are' })
    }
    return typeof given === 'string' ? parseIndex(name, given, await get(given, { signal })) : sortedKeys(name, given)
  }
  const list = async ({ signal, prefix = '', shallow = false, limit = 1000, cursor }: ListOptions): Promise<ObjectListing> => {
    if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
    if (prefix.includes('/')) assertSafeKey(prefix.slice(0, prefix.lastIndexOf('/')))
    // A failed or aborted read is not kept: the next call reads again.
    index ??= readIndex(signal).catch((error) => {
      index = undefined
      throw error
    })
    const { keys, ...rest } = pageOfKeys(await index, { prefix, shallow, limit, cursor })
    const objects: ObjectInfo[] = []
    for (let i = 0; i < keys.length; i += atOnce) {
      const infos = await Promise.all(keys.slice(i, i + atOnce).map((key) => head(key, signal)))
      objects.push(...infos.filter((info) => info !== undefined))
    }
    return { objects, ...rest }
  }

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: false, rangeRead: true, appendAtomic: false, persistent: true, maxObjectBytes },
    uri(key) {
      if (key !== '') assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      return `${url}/${encodePath(key)}`
    },
    async head(key, { signal } = {}) {
      begin(signal, key)
      return head(key, signal)
    },
    async get(key, o = {}) {
      begin(o.signal, key)
      return get(key, o)
    },
    async list(o = {}) {
      begin(o.signal)
      return list(o)
    },
    put: (key) => refuse('put', key),
    append: (key) => refuse('append to', key),
    delete: (key) => refuse('delete', key),
    async close() {
      closed = true
    },
  })
}

function checkHttpOptions(options: HttpStorageOptions): void {
  assertUsage('httpStorage', options, {
    write: (text) => `httpStorage({ url: ${text} })`,
    text: 'https://example.org/mlops',
    renamed: { baseUrl: 'url', endpoint: 'url' },
  })
  checkOptions('httpStorage', options, {
    url: anything(),
    headers: ofType('object'),
    index: either(nonEmptyString(), arrayOf(nonEmptyString())),
    retries: wholeNumber(0, 100),
    backoffMs: finiteNumber(0),
    timeoutMs: finiteNumber(1),
    fetch: ofType('function'),
    clock: ofType('object'),
    seed: finiteNumber(),
  })
  const url = typeof options.url === 'string' && URL.canParse(options.url) ? new URL(options.url) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalidArgument(`\`url\` of httpStorage must be an http or https address, got ${show(withoutUserInfo(options.url))}`)
  }
  // A query may hold a token, and would stand before the key.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalidArgument('`url` of httpStorage must hold no user name, password, query or fragment', {
      hint: 'pass { headers: { Authorization } }',
    })
  }
}

interface Ask {
  readonly signal: AbortSignal | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses beside 2xx that are an answer and no error. */
  readonly expected: readonly number[]
}

/** Sends requests for a key, again where that may help. */
function requester(name: string, url: string, options: HttpStorageOptions, clock: Clock) {
  const { retries = 5, backoffMs = 100, timeoutMs = 60_000 } = options
  const rng = createRng(options.seed ?? Number.parseInt(newId().slice(0, 8), 16))
  const policy = { attempts: retries + 1, baseDelayMs: backoffMs, maxDelayMs: 20_000, clock, rng }
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  return (method: 'HEAD' | 'GET', key: string, { signal, headers, expected }: Ask): Promise<HttpAnswer> => {
    const failed = `${name} could not ${method === 'HEAD' ? 'look at' : 'get'} ${show(key)}`
    // Compressed answers would have another size than HEAD tells, and no ranges.
    const all = { 'Accept-Encoding': 'identity', ...options.headers, ...headers }
    const outgoing = { method, url: `${url}/${encodePath(key)}`, headers: all, redirect: 'follow', failed, signal } as const
    return retrying(
      policy,
      async () => {
        const answer = await sendOnce(outgoing, { fetch: send, clock, timeoutMs, maxBytes: maxObjectBytes })
        const isGood = (answer.status >= 200 && answer.status < 300) || expected.includes(answer.status)
        if (isGood) return answer
        throw answerError(answer, failed, clock)
      },
      signal,
    )
  }
}

function answerError({ status, headers }: HttpAnswer, failed: string, clock: Clock): MillwrightError {
  const code = codeOf(status)
  const waitMs = retryAfterMs(headers, clock)
  return new MillwrightError(code, `${failed}: the server answered HTTP ${status}`, {
    details: { status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) },
    retryable: [408, 429, 500, 502, 503, 504].includes(status),
    hint: status === 401 ? 'pass { headers: { Authorization } }' : undefined,
  })
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403 || status === 407) return 'PermissionDenied'
  if (status === 405 || status === 501) return 'Unsupported'
  if (status === 429) return 'RateLimited'
  return status === 408 || status >= 500 ? 'Unavailable' : 'Internal'
}

function factsOf(key: string, headers: Headers): ObjectInfo {
  const sizeBytes = Number(headers.get('Content-Length') ?? Number.NaN)
  if (!Number.isFinite(sizeBytes)) {
    throw new MillwrightError('Unsupported', `the web server does not tell the size of ${show(key)}: its answer has no Content-Length`)
  }
  const modified = headers.get('Last-Modified') ?? ''
  const etag = bareEtag(headers.get('ETag') ?? '') || `${modified}-${sizeBytes}`
  return { key, sizeBytes, etag, modifiedAt: Date.parse(modified) || 0 }
}

function missing(name: string, key: string): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
}

function parseIndex(name: string, key: string, bytes: Uint8Array): readonly string[] {
  let keys: unknown
  try {
    keys = JSON.parse(fromUtf8(bytes))
  } catch {
    // Said below, as any other content that is no list.
  }
  if (!Array.isArray(keys)) throw new MillwrightError('Corrupt', `the index ${show(key)} of ${name} is not a JSON array of keys`)
  return sortedKeys(name, keys)
}

function sortedKeys(name: string, keys: readonly unknown[]): readonly string[] {
  try {
    for (const key of keys) assertSafeKey(key as string, `a key in the index of ${name}`)
  } catch (error) {
    if (isMillwrightError(error)) throw new MillwrightError('Corrupt', error.message, { cause: error })
    throw error
  }
  return [...new Set(keys as readonly string[])].sort()
}
