/** httpStorage against a small server of node:http, with and without ranges. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpStorageOptions, httpStorage } from '../../../../src/adapters/http/http-storage'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'

const objects: Readonly<Record<string, string>> = {
  'a.txt': '0123456789',
  empty: '',
  'größe/b+c d%20.txt': 'odd',
  'models/x/1.bin': 'one',
  'models/y.bin': 'y',
  'index.json': JSON.stringify(['models/x/1.bin', 'a.txt', 'models/y.bin', 'models/gone.bin']),
  'wrong.json': '{"a":1}',
}
const modified = 'Thu, 01 Jan 2026 00:00:05 GMT'
let server: Server
let url = ''
let failures = 0
let requests: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const [, kind, path = ''] = /^\/(\w+)\/(.*)$/.exec(request.url ?? '') ?? []
    const text = objects[decodeURIComponent(path)]
    if (kind === 'busy' && failures-- > 0) return response.writeHead(503).end()
    if (kind === 'closed' && request.headers.authorization !== 'Bearer t') return response.writeHead(401).end()
    if (text === undefined) return response.writeHead(404).end('no such page')
    const bytes = Buffer.from(text)
    const common = { 'Last-Modified': modified, ...(kind === 'plain' ? {} : { ETag: `W/"${text.length}"` }) }
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    if (start === undefined || kind === 'plain') return response.writeHead(200, { ...common, 'Content-Length': bytes.length }).end(bytes)
    if (Number(start) >= bytes.length) return response.writeHead(416).end()
    const part = bytes.subarray(Number(start), end ? Number(end) + 1 : undefined)
    return response.writeHead(206, { ...common, 'Content-Length': part.length }).end(part)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

function open(kind: string, options: Partial<HttpStorageOptions> = {}) {
  requests = []
  return httpStorage({ url: `${url}/${kind}/`, backoffMs: 0, ...options })
}

describe.each(['ranged', 'plain'])('at a %s server', (kind) => {
  it('reads objects and their facts', async () => {
    const store = open(kind)
    expect(fromUtf8(await store.get('größe/b+c d%20.txt'))).toBe('odd')
    expect((await store.get('empty')).length).toBe(0)
    const etag = kind === 'plain' ? `${modified}-10` : '10'
    expect(await store.head('a.txt')).toEqual({ key: 'a.txt', sizeBytes: 10, etag, modifiedAt: Date.UTC(2026, 0, 1, 0, 0, 5) })
    expect(await store.head('nothing')).toBeUndefined()
    await expect(store.get('nothing')).rejects.toMatchObject({ code: 'NotFound' })
    expect(store.uri('a b/c')).toBe(`${url}/${kind}/a%20b/c`)
  })

  it('reads ranges, clipped to the size', async () => {
    const store = open(kind)
    const part = async (start: number, end?: number): Promise<string> => fromUtf8(await store.get('a.txt', { range: { start, end } }))
    expect([
      await part(0, 1),
      await part(3, 7),
      await part(7),
      await part(9, 99),
      await part(10),
      await part(50, 60),
      await part(4, 4),
    ]).toEqual(['0', '3456', '789', '9', '', '', ''])
    expect((await store.get('empty', { range: { start: 0, end: 5 } })).length).toBe(0)
    await expect(store.get('nothing', { range: { start: 2, end: 2 } })).rejects.toMatchObject({ code: 'NotFound' })
  })
})

describe('httpStorage', () => {
  it('refuses to write, and to list without an index', async () => {
    const store = open('ranged')
    for (const work of [store.put('a', utf8('x')), store.append('a', utf8('x')), store.delete('a'), store.list()]) {
      await expect(work).rejects.toMatchObject({ code: 'Unsupported' })
    }
    await expect(store.get('../a')).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect(requests).toEqual([])
    expect(store.capabilities).toMatchObject({ conditionalPut: false, appendAtomic: false, rangeRead: true })
  })

  it.each([['index.json'], [['models/x/1.bin', 'a.txt', 'models/y.bin']]])('lists by the index %j', async (index) => {
    const store = open('ranged', { index })
    expect((await store.list()).objects.map(({ key, sizeBytes }) => [key, sizeBytes])).toEqual([
      ['a.txt', 10],
      ['models/x/1.bin', 3],
      ['models/y.bin', 1],
    ])
    const shallow = await store.list({ prefix: 'models/', shallow: true })
    expect([shallow.objects.map(({ key }) => key), shallow.prefixes]).toEqual([['models/y.bin'], ['models/x/']])
    const { cursor } = await store.list({ limit: 1 })
    expect((await store.list({ cursor })).objects[0]?.key).toBe('models/x/1.bin')
    expect(requests.filter((request) => request.includes('index.json')).length).toBeLessThanOrEqual(1)
  })

  it('says what is wrong with an index', async () => {
    await expect(open('ranged', { index: 'wrong.json' }).list()).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(open('ranged', { index: 'a.txt' }).list()).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(open('ranged', { index: 'nothing' }).list()).rejects.toMatchObject({ code: 'NotFound' })
    await expect(open('ranged', { index: ['../x'] }).list()).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('tries again what may pass, and sends the headers it was given', async () => {
    failures = 2
    expect(fromUtf8(await open('busy').get('a.txt'))).toBe('0123456789')
    expect(requests).toHaveLength(3)
    failures = 2
    await expect(open('busy', { retries: 1 }).get('a.txt')).rejects.toMatchObject({ code: 'Unavailable', details: { status: 503 } })
    await expect(open('closed').get('a.txt')).rejects.toMatchObject({
      code: 'PermissionDenied',
      hint: expect.stringContaining('Authorization'),
    })
    expect(fromUtf8(await open('closed', { headers: { Authorization: 'Bearer t' } }).get('a.txt'))).toBe('0123456789')
  })

  it('ends with the reason of a signal, and when closed', async () => {
    const store = open('ranged')
    const reason = new Error('enough')
    await expect(store.get('a.txt', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await store.close()
    await expect(store.head('a.txt')).rejects.toMatchObject({ code: 'InvalidState' })
  })

  it.each([
    ['ftp://host', /must be an http or https address/],
    ['https://host/?token=1', /must hold no user name, password, query/],
    ['https://me:pw@host/', /must hold no user name, password, query/],
    ['https://me:p/w@', /got "https:\/\/"/],
  ])('refuses %s', (wrong, message) => {
    expect(() => httpStorage({ url: wrong })).toThrow(message)
  })
})
