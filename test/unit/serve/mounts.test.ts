/** The handler inside real applications: node:http, Express, Fastify, Hono, a route handler as Next.js calls it. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { expressMount, fastifyMount, nodeListener } from '../../../src/node'
import { createHandler } from '../../../src/serve'
import { serve } from '../../../src/serve/serve'
import { feelsPredictor } from './helpers'

const json = { 'content-type': 'application/json' }
const body = JSON.stringify({ celsius: 30 })
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function predict(url: string, text = body): Promise<[number, unknown]> {
  const response = await fetch(`${url}/predict`, { method: 'POST', headers: json, body: text })
  const answer = (await response.json()) as { predictions?: { prediction: unknown }[]; code?: string }
  return [response.status, answer.predictions?.[0]?.prediction ?? answer.code]
}

const handler = createHandler(feelsPredictor())

describe('node:http', () => {
  it('answers through nodeListener', async () => {
    const url = await listening(createServer(nodeListener(handler)))
    expect(await predict(url)).toEqual([200, 'hot'])
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    expect(() => nodeListener(feelsPredictor() as never)).toThrow(/^nodeListener needs a handler, got a/)
  })
})

describe('Express', () => {
  it('answers below a path, beside the routes of the application, with links of that path', async () => {
    const app = express()
    app.use('/ml', expressMount(handler))
    app.get('/ml/mine', (_, response) => void response.send('mine'))
    app.get('/', (_, response) => void response.send('home'))
    const url = await listening(createServer(app))
    expect(await predict(`${url}/ml`)).toEqual([200, 'hot'])
    expect(await predict(`${url}/ml`, '{}')).toEqual([400, 'unknown-form'])
    expect(await (await fetch(`${url}/ml/mine`)).text()).toBe('mine')
    expect(await (await fetch(url)).text()).toBe('home')
    expect((await fetch(`${url}/predict`, { method: 'POST' })).status).toBe(404)
    expect(await (await fetch(`${url}/ml/docs?x=1`)).text()).toContain('data-path="/ml/predict"')
    const { servers } = (await (await fetch(`${url}/ml/openapi.json`)).json()) as { servers: unknown }
    expect(servers).toEqual([{ url: '/ml' }])
    expect((await fetch(`${url}/ml`, { headers: { accept: 'text/html' }, redirect: 'manual' })).headers.get('location')).toBe('/ml/docs')
    expect((await fetch(`${url}/ml/metrics`, { method: 'HEAD' })).status).toBe(200)
  })

  it('takes bodies that were parsed before: as JSON, as text, as bytes', async () => {
    for (const parser of [express.json(), express.text({ type: '*/*' }), express.raw({ type: '*/*' })]) {
      const app = express()
      app.use(parser)
      app.use('/ml', expressMount(createHandler(feelsPredictor(), { limits: { maxBodyBytes: 100 } })))
      const url = await listening(createServer(app))
      expect(await predict(`${url}/ml`)).toEqual([200, 'hot'])
      expect(await predict(`${url}/ml`, JSON.stringify({ celsius: 30, place: 'x'.repeat(100) }))).toEqual([413, 'too-large'])
    }
  })

  it('keeps a basePath that is that of the mount, and works in a router', async () => {
    const app = express()
    const router = express.Router()
    router.use('/v1', expressMount(handler))
    app.use('/api', router)
    app.use('/ml', expressMount(createHandler(feelsPredictor(), { basePath: '/ml' })))
    app.use(expressMount(createHandler(feelsPredictor(), { basePath: '/root' })))
    const url = await listening(createServer(app))
    for (const path of ['/api/v1', '/ml', '/root']) expect(await predict(url + path)).toEqual([200, 'hot'])
    expect(await (await fetch(`${url}/api/v1/docs`)).text()).toContain('data-path="/api/v1/predict"')
    expect(await (await fetch(`${url}/ml/docs`)).text()).toContain('data-path="/ml/predict"')
  })
})

describe('Fastify', () => {
  it('answers below a prefix; its own parsers and hooks stay', async () => {
    const app = fastify()
    app.addHook('onSend', async (_, reply) => void reply.header('x-mine', '1'))
    app.post('/mine', async (request) => request.body)
    app.register(fastifyMount(createHandler(feelsPredictor(), { limits: { maxBodyBytes: 100 } })), { prefix: '/ml' })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    closers.push(() => app.close())
    expect(await predict(`${url}/ml`)).toEqual([200, 'hot'])
    expect(await predict(`${url}/ml`, '{}')).toEqual([400, 'unknown-form'])
    expect(await predict(`${url}/ml`, ' '.repeat(200))).toEqual([413, 'too-large'])
    expect((await fetch(`${url}/ml/predict`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a' })).status).toBe(415)
    const docs = await fetch(`${url}/ml/docs`)
    expect([docs.headers.get('x-mine'), docs.headers.get('content-type')]).toEqual(['1', 'text/html; charset=utf-8'])
    expect(await docs.text()).toContain('data-path="/ml/predict"')
    expect((await fetch(`${url}/ml/metrics`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${url}/ml/nothing`)).status).toBe(404)
    const mine = await fetch(`${url}/mine`, { method: 'POST', headers: json, body: '{"a":1}' })
    expect(await mine.json()).toEqual({ a: 1 })
  })
})

describe('web-standard frameworks', () => {
  it('Hono: below a path', async () => {
    const app = new Hono()
    const below = createHandler(feelsPredictor(), { basePath: '/ml' })
    app.all('/ml/*', (context) => below(context.req.raw))
    app.get('/', (context) => context.text('home'))
    const response = await app.request('/ml/predict', { method: 'POST', headers: json, body })
    expect([response.status, await response.json()]).toMatchObject([200, { predictions: [{ prediction: 'hot' }] }])
    expect(await (await app.request('/')).text()).toBe('home')
    expect(await (await app.request('/ml/docs')).text()).toContain('data-path="/ml/predict"')
    // Hono's own mount takes the prefix away.
    const mounted = new Hono().mount('/ml', handler)
    expect((await mounted.request('/ml/predict', { method: 'POST', headers: json, body })).status).toBe(200)
  })

  it('Next.js: a route handler is called with a Request and a context', async () => {
    const route = createHandler(feelsPredictor(), { basePath: '/api/ml' })
    const { GET, POST } = { GET: route, POST: route }
    const context = { params: Promise.resolve({ path: ['predict'] }) }
    const request = new Request('http://localhost/api/ml/predict', { method: 'POST', headers: json, body })
    expect((await POST(request, context)).status).toBe(200)
    expect((await GET(new Request('http://localhost/api/ml/healthz'), context)).status).toBe(200)
  })
})

describe('the signal of a request', () => {
  const made: unknown[] = []
  beforeAll(() => {
    const Original = DOMException
    vi.stubGlobal(
      'DOMException',
      class extends Original {
        constructor(message?: string, name?: string) {
          super(message, name)
          made.push(message)
        }
      },
    )
  })
  afterAll(() => {
    vi.unstubAllGlobals()
  })

  it('is aborted when the client leaves before the answer has ended, and at no other time', async () => {
    const signals: AbortSignal[] = []
    let ask = (): void => {}
    let gate: Promise<void> | undefined
    const predictor = feelsPredictor({}, async (_, { signal }) => {
      if (signal !== undefined) signals.push(signal)
      ask()
      await gate
      return 'hot'
    })
    const server = await serve(predictor, { port: 0 })
    closers.push(() => server.close())
    for (let i = 0; i < 3; i++) expect((await predict(server.url))[0]).toBe(200)
    await fetch(`${server.url}/predict`, { method: 'POST', headers: { ...json, connection: 'close' }, body })
    expect([signals.length, signals.filter(({ aborted }) => aborted).length, made]).toEqual([4, 0, []])

    let release = (): void => {}
    gate = new Promise((resolve) => {
      release = resolve
    })
    const asked = new Promise<void>((resolve) => {
      ask = resolve
    })
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    await asked
    const aborted = new Promise<void>((resolve) => signals[4]?.addEventListener('abort', () => resolve()))
    socket.destroy()
    await aborted
    release()
    expect(made).toEqual(['the client closed the request'])
  })
})
