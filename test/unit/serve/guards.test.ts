import { gzipSync } from 'node:zlib'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { functionModel, functionRuntime } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Predictor } from '../../../src/predictor'
import { ModelRegistry } from '../../../src/registry'
import { type AccessLogEntry, anyAuth, apiKeys, bearerTokens, createHandler, type Handler, jwtAuth } from '../../../src/serve'
import { manualClock } from '../../../src/testing/manual-clock'
import { type Canary, createCanary } from '../../../src/traffic'
import { handClock } from '../predictor/helpers'
import { feelsPredictor, get, post } from './helpers'

const rows = { rows: [{ celsius: 30 }] }
const status = async (handler: Handler, request: Request): Promise<number> => (await handler(request)).status

describe('auth', () => {
  it('lets callers with a key or token in, and probes without', async () => {
    const auth = anyAuth(apiKeys({ shop: 'key-1' }), bearerTokens({ job: 'token-2' }))
    const entries: AccessLogEntry[] = []
    const handler = createHandler(feelsPredictor(), { auth, accessLog: (entry) => entries.push(entry) })
    const refused = await handler(post('/predict', rows))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    expect(await status(handler, post('/predict', rows, { 'x-api-key': 'key-2' }))).toBe(401)
    expect(await status(handler, post('/predict', rows, { 'x-api-key': 'key-1' }))).toBe(200)
    expect(await status(handler, post('/predict', rows, { authorization: 'bearer token-2' }))).toBe(200)
    for (const path of ['/metrics', '/docs', '/openapi.json']) expect(await status(handler, get(path))).toBe(401)
    for (const path of ['/healthz', '/readyz']) expect(await status(handler, get(path))).toBe(200)
    expect(entries.map(({ caller }) => caller)).toEqual([undefined, undefined, 'shop', 'job', ...new Array(5).fill(undefined)])
    expect(() => apiKeys({ shop: '' })).toThrow(/"shop" has none/)
    expect(() => bearerTokens({})).toThrow(/no caller/)
    expect(() => apiKeys('key-1' as never)).toThrow(/takes an object/)
  })

  it('lets nobody in for whom a function gives no caller with a name', async () => {
    for (const given of [null, false, true, 'ann', 0, {}, { id: 1 }]) {
      const auth = (): never => given as never
      expect(await status(createHandler(feelsPredictor(), { auth }), post('/predict', rows))).toBe(401)
      const both = createHandler(feelsPredictor(), { auth: anyAuth(auth, apiKeys({ shop: 'key-1' })) })
      expect(await status(both, post('/predict', rows, { 'x-api-key': 'key-1' }))).toBe(200)
    }
  })

  it('takes a public key for the algorithms that it fits, and nothing else signed with it', async () => {
    for (const alg of ['ES256', 'EdDSA']) {
      const pair = await generateKeyPair(alg, { extractable: true })
      const publicKey = await exportSPKI(pair.publicKey)
      const handler = createHandler(feelsPredictor(), { auth: jwtAuth({ publicKey }) })
      const ask = (token: string): Promise<number> => status(handler, post('/predict', rows, { authorization: `Bearer ${token}` }))
      const sign = (name: string, key: Parameters<SignJWT['sign']>[0]): Promise<string> =>
        new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: name }).sign(key)
      expect(await ask(await sign(alg, pair.privateKey))).toBe(200)
      expect(await ask(await sign('HS256', new TextEncoder().encode(publicKey)))).toBe(401)
      for (const header of [{ alg: 'none' }, { alg, crit: ['x'], x: 1 }])
        expect(await ask(`${btoa(JSON.stringify(header)).replace(/=+$/, '')}.e30.AAAA`)).toBe(401)
      expect(() => jwtAuth({ publicKey, algorithms: ['HS256'] })).toThrow(/with a public key cannot hold "HS256"/)
    }
    expect(() => jwtAuth({ secret: 'x', algorithms: ['RS256'] })).toThrow(/with a secret cannot hold "RS256"/)
    expect(() => jwtAuth({ secret: 'x', algorithms: ['none'] })).toThrow(/cannot hold "none"/)
    expect(() => jwtAuth({ publicKey: 'x' })).toThrow(/must be PEM text/)
    expect(() => jwtAuth({ jwksUrl: 'file:///keys' })).toThrow(/URL of http or https/)
  })

  it('checks JSON Web Tokens: signature, time, issuer, audience, scope', async () => {
    const secret = 'a secret of at least thirty-two bytes'
    const sign = (claims: Record<string, unknown>, key = secret): Promise<string> =>
      new SignJWT({ sub: 'ann', iss: 'me', aud: 'models', scope: 'predict read', exp: 4102444800, ...claims })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(key))
    const handler = createHandler(feelsPredictor(), { auth: jwtAuth({ secret, issuer: 'me', audience: 'models', scope: 'predict' }) })
    const ask = async (token: string): Promise<number> => status(handler, post('/predict', rows, { authorization: `Bearer ${token}` }))
    expect(await ask(await sign({}))).toBe(200)
    expect(await ask(await sign({ exp: 1000 }))).toBe(401)
    expect(await ask(await sign({ iss: 'you' }))).toBe(401)
    expect(await ask(await sign({ aud: 'others' }))).toBe(401)
    expect(await ask(await sign({}, 'another secret of thirty-two bytes!!'))).toBe(401)
    expect(await ask('no.token.atall')).toBe(401)
    expect(await ask(await sign({ scope: 'read' }))).toBe(403)
    expect(() => jwtAuth({})).toThrow(/exactly one/)
  })
})

describe('the rate limit', () => {
  it('limits whoever guesses keys', async () => {
    const options = { auth: apiKeys({ a: 'key-a' }), clock: handClock(), rateLimit: { perSecond: 1, burst: 2 } }
    const handler = createHandler(feelsPredictor(), options)
    const ask = (key: string): Promise<number> => status(handler, post('/predict', rows, { 'x-api-key': key }))
    expect([await ask('1'), await ask('2'), await ask('3')]).toEqual([401, 401, 429])
    expect(await ask('key-a')).toBe(200)
  })

  it('and CORS and protocols are refused when incomplete', () => {
    const make = (options: object) => () => createHandler(feelsPredictor(), options)
    expect(make({ rateLimit: {} })).toThrow('`rateLimit` of createHandler needs `perSecond`')
    expect(make({ cors: {} })).toThrow('`cors` of createHandler needs `origins`')
    for (const protocols of [{}, [{}], [null]]) expect(make({ protocols })).toThrow('must be an array of protocols')
  })

  it('counts each client by itself and says when to come back', async () => {
    const clock = handClock()
    const auth = apiKeys({ a: 'key-a', b: 'key-b' })
    const handler = createHandler(feelsPredictor(), { auth, clock, rateLimit: { perSecond: 2, burst: 3 } })
    const ask = (key: string): Promise<Response> => handler(post('/predict', rows, { 'x-api-key': key }))
    for (let i = 0; i < 3; i++) expect((await ask('key-a')).status).toBe(200)
    const refused = await ask('key-a')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await ask('key-b')).status).toBe(200)
    expect(await status(handler, get('/healthz'))).toBe(200)
    clock.advance(500)
    expect((await ask('key-a')).status).toBe(200)
    expect((await ask('key-a')).status).toBe(429)
    expect(() => createHandler(feelsPredictor(), { rateLimit: { perSecond: 0 } })).toThrow(/perSecond/)
  })

  it('remembers a bounded number of clients', async () => {
    const clock = handClock()
    const handler = createHandler(feelsPredictor(), {
      clock,
      rateLimit: { perSecond: 1, burst: 1, maxClients: 2, by: (request) => request.header('x-client') ?? '' },
    })
    const ask = async (client: string): Promise<number> => status(handler, post('/predict', rows, { 'x-client': client }))
    expect([await ask('a'), await ask('a'), await ask('b'), await ask('c'), await ask('a')]).toEqual([200, 429, 200, 200, 200])
  })
})

describe('CORS', () => {
  it('answers preflight requests and marks answers, for allowed origins alone', async () => {
    const handler = createHandler(feelsPredictor(), { cors: { origins: ['https://shop.example'], credentials: true } })
    const preflight = (origin: string): Promise<Response> =>
      handler(new Request('http://localhost/predict', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } }))
    const allowed = await preflight('https://shop.example')
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(allowed.headers.get('access-control-allow-headers')).toContain('content-type')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    const answer = await handler(post('/predict', rows, { origin: 'https://shop.example' }))
    expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual(['https://shop.example', 'origin'])
    const open = createHandler(feelsPredictor(), { cors: { origins: '*' } })
    expect((await open(post('/predict', rows, { origin: 'https://any.example' }))).headers.get('access-control-allow-origin')).toBe('*')
    expect(() => createHandler(feelsPredictor(), { cors: { origins: '*', credentials: true } })).toThrow(/credentials/)
  })
})

describe('compression', () => {
  it('packs long answers for clients that accept it, and unpacks bodies within the limit', async () => {
    const handler = createHandler(feelsPredictor(), { compress: true, limits: { maxBodyBytes: 20_000 } })
    const many = { rows: Array.from({ length: 50 }, (_, i) => ({ celsius: i })) }
    const packed = await handler(post('/predict', many, { 'accept-encoding': 'br, gzip;q=0.5' }))
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    const text = await new Response(packed.body?.pipeThrough(new DecompressionStream('gzip'))).json()
    expect((text as { predictions: unknown[] }).predictions).toHaveLength(50)
    const plain = await handler(post('/predict', many, { 'accept-encoding': 'gzip;q=0' }))
    expect([plain.headers.get('content-encoding'), plain.headers.get('vary')]).toEqual([null, 'accept-encoding'])
    expect((await handler(post('/predict', rows, { 'accept-encoding': 'gzip' }))).headers.get('content-encoding')).toBeNull()
    const both = createHandler(feelsPredictor(), { compress: true, cors: { origins: ['https://shop.example'] } })
    expect((await both(post('/predict', many, { 'accept-encoding': 'gzip' }))).headers.get('vary')).toBe('accept-encoding, origin')
    const send = (body: Uint8Array, encoding: string): Promise<Response> =>
      handler(
        new Request('http://localhost/predict', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-encoding': encoding },
          body: new Uint8Array(body),
        }),
      )
    expect((await send(gzipSync(JSON.stringify(rows)), 'gzip')).status).toBe(200)
    expect((await send(gzipSync(' '.repeat(1_000_000)), 'gzip')).status).toBe(413)
    expect((await send(gzipSync('x').subarray(0, 8), 'gzip')).status).toBe(400)
    expect((await send(gzipSync('x'), 'br')).status).toBe(415)
  })
})

describe('the access log', () => {
  it('gets an entry for each answer, without what was sent; what it throws changes nothing', async () => {
    const entries: AccessLogEntry[] = []
    const handler = createHandler(feelsPredictor(), {
      accessLog(entry) {
        entries.push(entry)
        throw new Error('full')
      },
    })
    expect(await status(handler, post('/predict?key=secret', { rows: [{ celsius: 4711 }] }, { 'x-request-id': 'r-1' }))).toBe(200)
    expect(await status(handler, get('/nothing'))).toBe(404)
    expect(entries).toMatchObject([
      {
        requestId: 'r-1',
        method: 'POST',
        path: '/predict',
        route: '/predict',
        status: 200,
        durationMs: expect.any(Number),
        length: expect.any(Number),
      },
      { path: '/nothing', route: 'unmatched', status: 404 },
    ])
    expect(JSON.stringify(entries)).not.toMatch(/secret|4711/)
  })
})

describe('admin', () => {
  const token = 'correct-horse-battery'
  const admin = { 'x-admin-token': token }

  it('is off unless asked for, and needs its token', async () => {
    expect(await status(createHandler(feelsPredictor()), get('/admin/models'))).toBe(404)
    const handler = createHandler(feelsPredictor(), { admin: { token }, auth: apiKeys({ a: 'key' }) })
    expect(await status(handler, get('/admin/models'))).toBe(401)
    expect(await status(handler, get('/admin/models', { 'x-api-key': 'key' }))).toBe(401)
    const answer = await handler(get('/admin/models', { authorization: `Bearer ${token}` }))
    expect(await answer.json()).toMatchObject({ models: [{ name: 'feels', version: '3', inService: true }] })
    expect(() => createHandler(feelsPredictor(), { admin: { token: 'short' } })).toThrow(/16 characters/)
  })

  it('promotes and rolls back in the registry and loads what the alias means then', async () => {
    const signature = { inputs: [{ name: 'x', type: 'float64' as const }], outputs: [{ name: 'y', type: 'float64' as const }] }
    const functions = { one: () => 1, two: () => 2 }
    const registry = new ModelRegistry({ storage: memoryStorage() })
    await registry.register('m', functionModel(functions.one, { name: 'one', signature }))
    await registry.register('m', functionModel(functions.two, { name: 'two', signature }))
    await registry.promote('m', 1, 'champion')
    const predictor = await Predictor.load(registry, 'm@champion', { runtimes: [functionRuntime({ functions })] })
    const handler = createHandler(predictor, { admin: { token, registry } })
    // The example of the description promotes what a model with an alias serves, not one that is fixed to a version.
    const fixed = await Predictor.load(registry, 'm@2', { runtimes: [functionRuntime({ functions })] })
    const described = await createHandler({ models: { fixed, m: predictor } }, { admin: { token, registry } })(get('/openapi.json'))
    const { paths } = (await described.json()) as { paths: Record<string, { post: { requestBody: { content: object } } }> }
    expect(paths['/admin/models/{name}/promote']?.post.requestBody.content).toMatchObject({
      'application/json': { example: { version: '1' } },
    })
    await fixed.close()
    const ask = async (path: string, body: object = {}): Promise<unknown> => (await handler(post(path, body, admin))).json()
    expect(await ask('/admin/models/m/promote', { version: 2 })).toEqual({ name: 'm', from: '1', version: '2', changed: true })
    expect((await predictor.predictOne({ x: 0 })).prediction).toBe(2)
    expect(await ask('/admin/models/m/rollback', { reason: 'worse' })).toEqual({ name: 'm', from: '2', version: '1', changed: true })
    expect(await ask('/admin/models/m/reload')).toMatchObject({ changed: false })
    expect(await ask('/admin/models/m/rollback')).toMatchObject({ status: 409, detail: expect.stringContaining('no earlier version') })
    expect(await ask('/admin/models/m/promote')).toMatchObject({ status: 400 })
    expect(await ask('/admin/models/m/promote', { version: 9 })).toMatchObject({ status: 404 })
    expect(await ask('/admin/models/m/promote', { version: {} })).toMatchObject({ status: 400, code: 'unknown-form' })
    expect(await ask('/admin/models/other/reload')).toMatchObject({ status: 404 })
    const memory = createHandler(feelsPredictor(), { admin: { token, registry } })
    expect(await status(memory, post('/admin/models/feels/promote', { version: 1 }, admin))).toBe(409)
  })

  it('shows and steers a canary, in the states in which that makes sense', async () => {
    const moves: string[] = []
    const registry = {
      resolve: async () => ({ version: '1' }),
      promote: async (...order: readonly unknown[]) => void moves.push(order.join(' ')),
    }
    const canaries: Record<string, Canary> = {}
    const handler = createHandler(feelsPredictor(), { admin: { token, canaries } })
    const ask = async (path: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> => {
      const at = `/admin/models/feels/canary${path}`
      const response = await handler(body === undefined ? get(at, admin) : post(at, body, admin))
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    expect(await ask('')).toMatchObject({ status: 404, body: { code: 'no-canary' } })
    // A canary may begin while the server runs.
    const [stable, candidate] = [feelsPredictor(), feelsPredictor()]
    const labels = { stable: 'feels@1', candidate: 'feels@2' }
    canaries.feels = await createCanary({
      ...{ name: 'feels', stable, candidate, labels, clock: manualClock(), steps: [{ weight: 0.1 }] },
      target: { registry, model: 'feels', version: '2' },
    })
    expect(await ask('')).toMatchObject({
      status: 200,
      body: { phase: 'running', weight: 0.1, candidate: 'feels@2', counts: { stable: { rows: 0 } } },
    })
    expect(await ask('/resume', {})).toMatchObject({
      status: 409,
      body: { code: 'wrong-phase', detail: expect.stringContaining('is running') },
    })
    const paused = { phase: 'paused', history: [{}, { reason: 'lunch' }] }
    expect(await ask('/pause', { reason: 'lunch' })).toMatchObject({ status: 200, body: { name: 'feels', canary: paused } })
    expect(await ask('/resume', { reason: 'x'.repeat(501) })).toMatchObject({ status: 400 })
    expect(await ask('/resume', {})).toMatchObject({ status: 200, body: { canary: { phase: 'running' } } })
    expect(await ask('/promote', { reason: 'sold out' })).toMatchObject({ status: 200, body: { canary: { phase: 'promoted', weight: 1 } } })
    expect(moves).toEqual(['feels 2 champion [object Object]'])
    expect(await ask('/rollback', {})).toMatchObject({ status: 409 })
    const document = (await (await handler(get('/openapi.json'))).json()) as { paths: object }
    expect(Object.keys(document.paths).filter((path) => path.includes('canary'))).toHaveLength(5)
  })

  it('refuses canaries that are none when the handler is made', () => {
    const wrong = { admin: { token, canaries: { feels: { status: () => 1 } as never } } }
    expect(() => createHandler(feelsPredictor(), wrong)).toThrow('`canaries` of `admin` must be canaries by the name of their model, got')
  })
})
