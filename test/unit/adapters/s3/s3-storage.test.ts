/** s3Storage against a scripted `fetch`: what goes out, what refusals mean, parts, retries, abort. The real servers: test/interop/s3. */
import { describe, expect, it } from 'vitest'
import { type S3StorageOptions, s3Storage } from '../../../../src/adapters/s3/s3-storage'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'
import type { MillwrightError } from '../../../../src/core/errors'

interface Call {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: Uint8Array | undefined
}
type Reply = Response | Error | ((call: Call) => Response | Error)

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret }
const mib = 2 ** 20

/** A store whose requests get `replies` one after the other; the last one is used again. */
function scripted(replies: Reply[], options: Partial<S3StorageOptions> = {}) {
  const calls: Call[] = []
  const fetchIt = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const call = {
      method: init.method ?? 'GET',
      url: new URL(String(input)),
      headers: new Headers(init.headers),
      body: init.body as Uint8Array,
    }
    calls.push(call)
    if (init.signal?.aborted) throw init.signal.reason
    const next = replies.length > 1 ? replies.shift() : replies[0]
    const reply = typeof next === 'function' ? next(call) : next
    if (reply instanceof Error) throw reply
    return (reply as Response).clone()
  }
  const base = { bucket: 'models', region: 'eu-central-1', credentials, backoffMs: 0, conditionalPut: true }
  const store = s3Storage({ ...base, fetch: fetchIt as typeof fetch, ...options })
  return { store, calls, paths: () => calls.map(({ method, url }) => `${method} ${url.pathname}${url.search}`) }
}

function refusal(status: number, code: string, more = ''): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said so</Message>${more}</Error>`, { status })
}
const written = () => new Response('', { headers: { etag: '"e1"' } })
const looked = (etag = 'e1', size = 2) =>
  new Response(null, { headers: { etag: `"${etag}"`, 'content-length': String(size), 'last-modified': 'Thu, 01 Jan 2026 00:00:05 GMT' } })

async function errorOf(work: unknown): Promise<MillwrightError> {
  return Promise.resolve(work).then(
    () => expect.fail('must fail'),
    (error: MillwrightError) => error,
  )
}

describe('addresses', () => {
  it('put the bucket into the host name at Amazon, into the path elsewhere, and encode keys', async () => {
    const amazon = scripted([looked()])
    await amazon.store.head('größe/a b+c%20~!(1)')
    expect(amazon.calls[0]?.url.host).toBe('models.s3.eu-central-1.amazonaws.com')
    expect(amazon.paths()).toEqual(['HEAD /gr%C3%B6%C3%9Fe/a%20b%2Bc%2520~%21%281%29'])
    const own = scripted([looked()], { endpoint: 'http://localhost:9000/s3/', prefix: 'team/a' })
    await own.store.head('x')
    expect(own.calls[0]?.url.href).toBe('http://localhost:9000/s3/models/team/a/x')
    expect(own.store.uri('a b')).toBe('s3://models/team/a/a b')
    const dotted = scripted([looked()], { bucket: 'my.models' })
    await dotted.store.head('x')
    expect(dotted.calls[0]?.url.href).toBe('https://s3.eu-central-1.amazonaws.com/my.models/x')
  })

  it('sign what is sent, with the digest of the body and the session token', async () => {
    const { store, calls } = scripted([written(), looked()], { credentials: { ...credentials, sessionToken: 'session' } })
    await store.put('a', utf8('hi'))
    const headers = calls[0]?.headers as Headers
    expect(headers.get('authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    )
    // printf hi | sha256sum
    expect(headers.get('x-amz-content-sha256')).toBe('8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4')
    expect(headers.get('x-amz-security-token')).toBe('session')
  })
})

describe('options', () => {
  it.each([
    [{ bucket: 'x' }, /`bucket` of s3Storage must be a bucket's name/],
    [{ endpoint: 'localhost' }, /`endpoint` of s3Storage must be an http or https address/],
    [{ endpoint: `http://me:${secret}@host` }, /`endpoint` of s3Storage must be an http or https address, got "http:\/\/host"/],
    [{ endpoint: 'http://me:plain@host' }, /`endpoint` of s3Storage must hold no user name/],
    [{ credentials: { accessKeyId: '', secretAccessKey: secret } }, /its `accessKeyId` is missing/],
    [{ credentials: Promise.resolve(credentials) }, /did you forget `await`/],
    [{ secretAccessKey: secret }, /`secretAccessKey` is not an option of s3Storage/],
    [{ forcePathStyle: true }, /`forcePathStyle` is not an option of s3Storage, `pathStyle` is/],
    [{ partBytes: 1 }, /`partBytes` of s3Storage must be a whole number ≥ 5242880/],
    [{ prefix: '../x' }, /`prefix` of s3Storage/],
  ])('%j is refused without showing a secret', (wrong, message) => {
    const make = () => s3Storage({ bucket: 'models', region: 'r', credentials, ...(wrong as object) })
    expect(make).toThrow(message)
    expect(make).not.toThrow(secret)
  })
})

describe('refusals', () => {
  it.each([
    [403, 'AccessDenied', 'PermissionDenied', /s3:ListBucket/],
    [403, 'SignatureDoesNotMatch', 'PermissionDenied', /secretAccessKey/],
    [403, 'RequestTimeTooSkewed', 'PermissionDenied', /clock/],
    [404, 'NoSuchKey', 'NotFound', undefined],
    [404, 'NoSuchBucket', 'Unavailable', /make the bucket/],
    [503, 'SlowDown', 'RateLimited', undefined],
    [500, 'InternalError', 'Unavailable', undefined],
    [301, 'PermanentRedirect', 'InvalidArgument', /check `region`/],
    [403, 'InvalidObjectState', 'InvalidState', undefined],
    [501, 'NotImplemented', 'Unsupported', undefined],
  ] as const)('%i %s is %s', async (status, s3Code, code, hint) => {
    const { store } = scripted([refusal(status, s3Code)], { retries: 0 })
    const error = await errorOf(store.get('a'))
    expect(error).toMatchObject({ code, details: { status, s3Code } })
    expect(error.message).toContain('s3Storage(s3://models) could not get "a"')
    if (hint !== undefined) expect(error.hint).toMatch(hint)
  })

  it('name the right region, and never a key of the account', async () => {
    const quoted = `<Region>us-west-2</Region><AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId>`
    const wrong = await errorOf(scripted([refusal(400, 'AuthorizationHeaderMalformed', quoted)]).store.get('a'))
    expect(wrong.hint).toBe('the bucket lies in the region us-west-2: pass { region: "us-west-2" }')
    const body = `<Error><Code>InvalidAccessKeyId</Code><Message>AKIDEXAMPLE ${secret} is unknown</Message></Error>`
    const unknown = await errorOf(scripted([new Response(body, { status: 403 })]).store.get('a'))
    expect(unknown.message).toContain('*** *** is unknown')
    expect(JSON.stringify(unknown)).not.toContain(secret)
  })

  it('of another server are no missing objects, nor is a missing bucket', async () => {
    const page = new Response('<html>nothing here</html>', { status: 404 })
    expect(await errorOf(scripted([page]).store.get('a'))).toMatchObject({ code: 'Unavailable', retryable: false })
    const none = scripted([new Response(null, { status: 404 })])
    expect(await errorOf(none.store.head('a'))).toMatchObject({ code: 'Unavailable', hint: expect.stringContaining('make the bucket') })
    const empty = scripted([new Response(null, { status: 404 }), new Response(null), new Response(null, { status: 404 })])
    expect(await empty.store.head('a')).toBeUndefined()
    expect(await empty.store.head('b')).toBeUndefined()
    expect(empty.paths()).toEqual(['HEAD /a', 'HEAD /', 'HEAD /b'])
  })
})

describe('retries', () => {
  it('5xx, 429 and lost connections are tried again, refusals are not', async () => {
    const lost = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })
    const { store, calls } = scripted([refusal(503, 'SlowDown'), lost, new Response('', { status: 429 }), new Response('hi')])
    expect(fromUtf8(await store.get('a'))).toBe('hi')
    expect(calls).toHaveLength(4)
    const down = scripted([lost], { retries: 2 })
    expect(await errorOf(down.store.get('a'))).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('(ECONNRESET)') })
    expect(down.calls).toHaveLength(3)
    const denied = scripted([refusal(403, 'AccessDenied')])
    await errorOf(denied.store.get('a'))
    expect(denied.calls).toHaveLength(1)
  })

  it('a conditional put whose answer was lost recognises its own object', async () => {
    const lost = new TypeError('fetch failed')
    const own = scripted([lost, refusal(412, 'PreconditionFailed'), looked(), new Response('hi')])
    expect(await own.store.put('a', utf8('hi'), { ifAbsent: true })).toMatchObject({ etag: 'e1', sizeBytes: 2 })
    const other = scripted([lost, refusal(412, 'PreconditionFailed'), looked(), new Response('ho')])
    expect(await errorOf(other.store.put('a', utf8('hi'), { ifAbsent: true }))).toMatchObject({ code: 'Conflict' })
  })

  it('a provider is asked again when its credentials have ended', async () => {
    let asked = 0
    const provider = async () => ({ ...credentials, sessionToken: `token ${++asked}` })
    const { store, calls } = scripted([refusal(400, 'ExpiredToken'), new Response('hi')], { credentials: provider })
    await store.get('a')
    await store.get('a')
    expect(calls.map(({ headers }) => headers.get('x-amz-security-token'))).toEqual(['token 1', 'token 2', 'token 2'])
    const ending = async () => ({ ...credentials, sessionToken: `token ${++asked}`, expiration: new Date(Date.now() + 30_000) })
    const soon = scripted([new Response('hi')], { credentials: ending })
    await soon.store.get('a')
    await soon.store.get('a')
    expect(soon.calls.map(({ headers }) => headers.get('x-amz-security-token'))).toEqual(['token 3', 'token 4'])
  })
})

describe('conditions', () => {
  it.each([
    [{ ifAbsent: true }, 412, 'PreconditionFailed', 'already holds "a"'],
    [{ ifMatch: 'e0' }, 412, 'PreconditionFailed', '"a" is no longer what was read'],
    [{ ifMatch: 'e0' }, 404, 'NoSuchKey', '"a" is no longer what was read'],
    [{ ifAbsent: true }, 409, 'ConditionalRequestConflict', 'could not put "a"'],
  ] as const)('%j refused with %i %s is a Conflict', async (condition, status, s3Code, message) => {
    const { store } = scripted([refusal(status, s3Code)])
    const error = await errorOf(store.put('a', utf8('hi'), condition))
    expect(error).toMatchObject({ code: 'Conflict', retryable: false, message: expect.stringContaining(message) })
  })

  it('are tried out once; a server that ignores them is refused before anything is written', async () => {
    const replies = (ignores: boolean) => [
      (call: Call) =>
        call.method === 'HEAD'
          ? looked()
          : (call.headers.has('if-match') || call.headers.has('if-none-match')) && !ignores && call.url.pathname !== '/a'
            ? refusal(412, 'PreconditionFailed')
            : written(),
    ]
    const good = scripted(replies(false), { conditionalPut: undefined })
    await good.store.put('a', utf8('hi'), { ifAbsent: true })
    await good.store.put('a', utf8('hi'), { ifMatch: 'e1' })
    expect(good.calls.map(({ method }) => method).join(' ')).toBe('PUT PUT PUT DELETE PUT HEAD PUT HEAD')
    const bad = scripted(replies(true), { conditionalPut: undefined })
    const error = await errorOf(bad.store.put('a', utf8('hi'), { ifAbsent: true }))
    expect(error).toMatchObject({ code: 'Unsupported', message: expect.stringContaining('ignores `if-none-match` of a put') })
    expect(bad.paths().some((path) => path.endsWith(' /a'))).toBe(false)
    const none = scripted([written()], { conditionalPut: false })
    expect(none.store.capabilities.conditionalPut).toBe(false)
    expect(await errorOf(none.store.put('a', utf8('hi'), { ifAbsent: true }))).toMatchObject({ code: 'Unsupported' })
  })
})

describe('large objects', () => {
  const begun = new Response('<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>')
  const completed = new Response('<CompleteMultipartUploadResult><ETag>&quot;m-2&quot;</ETag></CompleteMultipartUploadResult>')
  const big = new Uint8Array(6 * mib)
  const server = (change: (call: Call) => Response | Error | undefined) => (call: Call) => {
    const changed = change(call)
    if (changed !== undefined) return changed
    if (call.method === 'HEAD') return looked('m-2', big.length)
    if (call.method === 'POST') return call.url.search === '?uploads=' ? begun : completed
    return new Response('', { headers: { etag: `"p${call.url.searchParams.get('partNumber')}"` } })
  }

  it('go in parts, and the condition with the last request', async () => {
    const { store, calls, paths } = scripted([server(() => undefined)], { partBytes: 5 * mib })
    expect(await store.put('big', big, { ifAbsent: true })).toMatchObject({ etag: 'm-2', sizeBytes: big.length })
    // Parts go side by side: which is signed first is not said.
    calls.sort((a, b) => Number(a.method === 'PUT' && b.method === 'PUT') * (a.url.search < b.url.search ? -1 : 1))
    expect(paths()).toEqual([
      'POST /big?uploads=',
      'PUT /big?partNumber=1&uploadId=u%201',
      'PUT /big?partNumber=2&uploadId=u%201',
      'POST /big?uploadId=u%201',
      'HEAD /big',
    ])
    expect(calls.map(({ body }) => body?.length)).toEqual([undefined, 5 * mib, mib, expect.any(Number), undefined])
    expect(calls.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, null, null, '*', null])
    expect(fromUtf8(calls[3]?.body as Uint8Array)).toContain('<Part><PartNumber>2</PartNumber><ETag>&quot;p2&quot;</ETag></Part>')
  })

  it.each([
    [
      'a part',
      (call: Call) => (call.url.searchParams.get('partNumber') === '2' ? refusal(403, 'AccessDenied') : undefined),
      'PermissionDenied',
    ],
    [
      'the completion, with status 200',
      (call: Call) => (call.method === 'POST' && call.url.searchParams.has('uploadId') ? refusal(200, 'InternalError') : undefined),
      'Unavailable',
    ],
  ] as const)('are given up when %s fails', async (_, change, code) => {
    const { store, paths } = scripted([server(change)], { partBytes: 5 * mib, retries: 0 })
    const error = await errorOf(store.put('big', big))
    expect(error.code).toBe(code)
    expect(paths().at(-1)).toBe('DELETE /big?uploadId=u%201')
  })

  it('are given up when aborted, with the reason of the signal', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const change = (call: Call) => {
      if (call.url.searchParams.get('partNumber') === '1') controller.abort(reason)
      return undefined
    }
    const { store, paths } = scripted([server(change)], { partBytes: 5 * mib })
    expect(await errorOf(store.put('big', big, { signal: controller.signal }))).toBe(reason)
    expect(paths().at(-1)).toBe('DELETE /big?uploadId=u%201')
    expect(paths().some((path) => path === 'POST /big?uploadId=u%201')).toBe(false)
  })
})

describe('reading', () => {
  it('ranges are range requests; a server that ignores them is cut down', async () => {
    const { store, calls } = scripted([new Response('345', { status: 206 }), new Response('0123456789'), refusal(416, 'InvalidRange')])
    const read = async (start: number, end?: number) => fromUtf8(await store.get('a', { range: { start, end } }))
    expect([await read(3, 6), await read(7), await read(50)]).toEqual(['345', '789', ''])
    expect(calls.map(({ headers }) => headers.get('range'))).toEqual(['bytes=3-5', 'bytes=7-', 'bytes=50-'])
  })

  it('lists are decoded, cut at the prefix, put in order and joined to pages', async () => {
    const page = (keys: string, more = '') =>
      new Response(`<ListBucketResult><EncodingType>url</EncodingType>${keys}${more}</ListBucketResult>`)
    const content = (key: string) =>
      `<Contents><Key>${key}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:05.678Z</LastModified></Contents>`
    const first = content('p/%F0%9F%9A%B2') + content('p/') + content('p/a+b%2Bc%2520')
    const { store, calls } = scripted(
      [
        page(first, '<IsTruncated>true</IsTruncated><NextContinuationToken>t/+1</NextContinuationToken>'),
        page(content('p/z'), '<CommonPrefixes><Prefix>p/x+y/</Prefix></CommonPrefixes>'),
      ],
      { prefix: 'p' },
    )
    const { objects, prefixes, cursor } = await store.list({ shallow: true })
    expect(objects.map(({ key }) => key)).toEqual(['a b+c%20', 'z', '🚲'])
    expect(objects[0]).toEqual({ key: 'a b+c%20', sizeBytes: 1, etag: 'e', modifiedAt: Date.UTC(2026, 0, 1, 0, 0, 5) })
    expect([prefixes, cursor]).toEqual([['x y/'], undefined])
    expect(calls[1]?.url.search).toBe('?list-type=2&encoding-type=url&prefix=p%2F&max-keys=998&delimiter=%2F&continuation-token=t%2F%2B1')
    expect(await errorOf(scripted([new Response('<html/>')]).store.list())).toMatchObject({ code: 'Unavailable' })
  })

  it('an aborted call rejects with the reason, a closed store with InvalidState, append with Unsupported', async () => {
    const { store, calls } = scripted([looked()])
    const reason = new Error('enough')
    expect(await errorOf(store.get('a', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await errorOf(store.append('a', utf8('x')))).toMatchObject({ code: 'Unsupported' })
    await store.close()
    await store.close()
    expect(await errorOf(store.head('a'))).toMatchObject({ code: 'InvalidState' })
    expect(calls).toEqual([])
  })
})
