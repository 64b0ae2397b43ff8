import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serve } from '../../../src/serve/serve'
import { handClock } from '../predictor/helpers'
import { feelsPredictor } from './helpers'

const json = { 'content-type': 'application/json' }
const row = JSON.stringify({ celsius: 30 })

/** A predictor whose answers wait. */
function heldPredictor(): { predictor: ReturnType<typeof feelsPredictor>; release: () => void; asked: Promise<void> } {
  let release = (): void => {}
  let ask = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  const predictor = feelsPredictor({}, async () => {
    ask()
    await gate
    return 'hot'
  })
  return { predictor, release, asked }
}

describe('serve', () => {
  it('answers over HTTP on a free port of this machine', async () => {
    const predictor = feelsPredictor()
    const server = await serve(predictor, { port: 0 })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    const response = await fetch(`${server.url}/predict`, { method: 'POST', headers: json, body: row })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ predictions: [{ prediction: 'hot' }], model: 'feels', version: '3' })
    expect(
      (await fetch(`${server.url}/invocations`, { method: 'POST', headers: json, body: '{"instances":[{"celsius":1}]}' })).status,
    ).toBe(200)
    expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200)
    expect((await fetch(`${server.url}/metrics`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${server.url}/docs?x=1`)).headers.get('content-type')).toContain('text/html')
    await server.close()
    await server.close()
    await server.closed
    await expect(fetch(server.url)).rejects.toThrow()
    expect(predictor.closed).toBe(false)
  })

  it('turns away connections over `maxConnections`, and serves again when one has ended', async () => {
    const server = await serve(feelsPredictor(), { port: 0, maxConnections: 1 })
    const open = (): ReturnType<typeof connect> => connect(server.port, '127.0.0.1')
    const first = open()
    await new Promise((resolve) => first.once('connect', resolve))
    const answerOf = (socket: ReturnType<typeof connect>): Promise<string> =>
      new Promise((resolve) => {
        let text = ''
        socket.on('data', (part) => {
          text += String(part)
        })
        socket.on('error', () => {})
        socket.once('close', () => resolve(text))
        socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      })
    expect(await answerOf(open())).toBe('')
    expect(await answerOf(first)).toContain('200 OK')
    // The server learns a moment after the client that the connection has ended.
    let answer = ''
    while (answer === '') answer = await answerOf(open())
    expect(answer).toContain('200 OK')
    await server.close()
  })

  it('says in one sentence that a port is in use', async () => {
    const first = await serve(feelsPredictor(), { port: 0 })
    await expect(serve(feelsPredictor(), { port: first.port })).rejects.toMatchObject({
      code: 'Unavailable',
      retryable: false,
      message: `cannot serve: port ${first.port} of 127.0.0.1 is already in use`,
      hint: 'choose another `port`, or 0 for a free one',
    })
    await first.close()
    await expect(serve(feelsPredictor(), { port: 0, host: '203.0.113.7' })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(serve(feelsPredictor(), { port: 70_000 })).rejects.toThrow(
      '`port` of serve must be a whole number from 0 to 65535, got 70000',
    )
    await expect(serve(feelsPredictor(), { prot: 1 } as never)).rejects.toThrow(/`prot` is not an option of serve/)
  })

  it('stops reading a body that is too long, with and without its length told', async () => {
    const server = await serve(feelsPredictor(), { port: 0, limits: { maxBodyBytes: 1000 } })
    const told = await fetch(`${server.url}/predict`, { method: 'POST', headers: json, body: 'x'.repeat(100_000) })
    expect(told.status).toBe(413)
    const untold = await new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      const request = httpRequest(`${server.url}/predict`, { method: 'POST', headers: json }, (response) => {
        resolve({ status: response.statusCode, connection: response.headers.connection })
        request.destroy()
      })
      request.on('error', reject)
      request.write(' '.repeat(2000))
    })
    expect(untold).toEqual({ status: 413, connection: 'close' })
    await server.close()
  })

  it('on close gives the answers under way, and tells balancers first', async () => {
    const { predictor, release, asked } = heldPredictor()
    const clock = handClock()
    const server = await serve(predictor, { port: 0, drainDelayMs: 5000, clock })
    const answer = fetch(`${server.url}/predict`, { method: 'POST', headers: json, body: row })
    await asked
    const closing = server.close()
    const ready = await fetch(`${server.url}/readyz`)
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close'])
    clock.advance(5000)
    release()
    const response = await answer
    expect([response.status, ((await response.json()) as { predictions: unknown[] }).predictions.length]).toEqual([200, 1])
    await closing
  })

  it('cuts what has not ended when the grace is over', async () => {
    const { predictor, asked } = heldPredictor()
    const clock = handClock()
    const server = await serve(predictor, { port: 0, graceMs: 1000, clock })
    const answer = fetch(`${server.url}/predict`, { method: 'POST', headers: json, body: row })
    const outcome = expect(answer).rejects.toThrow()
    await asked
    const closing = server.close()
    clock.advance(1000)
    await outcome
    await closing
  })

  it('stops when its signal is aborted', async () => {
    const controller = new AbortController()
    const server = await serve(feelsPredictor(), { port: 0, signal: controller.signal })
    controller.abort()
    await server.closed
    await expect(serve(feelsPredictor(), { port: 0, signal: controller.signal })).rejects.toBe(controller.signal.reason)
  })

  it('gives up the work of a client that is gone', async () => {
    const { predictor, asked } = heldPredictor()
    const aborted = new Promise<void>((resolve) => {
      const poll = (): void => (predictor.stats().aborted === 1 ? resolve() : void setImmediate(poll))
      poll()
    })
    const server = await serve(predictor, { port: 0 })
    const controller = new AbortController()
    const call = fetch(`${server.url}/predict`, { method: 'POST', headers: json, body: row, signal: controller.signal })
    await asked
    controller.abort()
    await expect(call).rejects.toThrow()
    await aborted
    await server.close()
  })

  it('answers many requests on one connection, and survives garbage', async () => {
    const server = await serve(feelsPredictor(), { port: 0 })
    const send = (text: string): Promise<string> =>
      new Promise((resolve) => {
        let received = ''
        const socket = connect(server.port, '127.0.0.1', () => socket.end(text))
        socket.on('data', (data) => {
          received += String(data)
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve(received))
      })
    const one = `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${row.length}\r\n\r\n${row}`
    expect((await send(one.repeat(3))).match(/HTTP\/1.1 200 OK/g)).toHaveLength(3)
    expect(await send('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    expect(await send('GET //evil/../%zz HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 404/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    await server.close()
  })
})
