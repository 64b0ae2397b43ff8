import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { Predictor } from '../../../src/predictor'
import { createHandler, type Handler, type JobOptions } from '../../../src/serve'
import { countLines, linesOf } from '../../../src/serve/jobs/job-store'
import { watchedModel } from '../predictor/helpers'
import { get, post } from './helpers'

const rowsFrom = (count: number, from = 100): { x: number }[] => Array.from({ length: count }, (_, i) => ({ x: from + i }))
const ndjson = (rows: readonly object[], path = '/jobs'): Request =>
  new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  })

interface Shown {
  readonly id: string
  readonly state: string
  readonly rows: number
  readonly done: number
  readonly error?: { readonly code: string; readonly message: string }
  readonly links: Readonly<Record<string, string>>
}

function rig(
  options: Partial<JobOptions> = {},
  model = watchedModel(),
): { handler: Handler; model: typeof model; storage: JobOptions['storage'] } {
  const storage = options.storage ?? memoryStorage()
  const handler = createHandler(Predictor.of(model, { name: 'double' }), { basePath: '/ml', jobs: { storage, batchSize: 3, ...options } })
  return { handler, model, storage }
}

const at = (request: Request): Request => new Request(request.url.replace('localhost/', 'localhost/ml/'), request)
const json = async <T = Shown>(response: Response | Promise<Response>): Promise<T> => (await response).json() as Promise<T>

/** The events of a job until it ends. */
async function eventsOf(handler: Handler, id: string): Promise<{ event: string; data: Shown }[]> {
  const response = await handler(at(get(`/jobs/${id}/events`)))
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((part) => part.startsWith('event'))
    .map((part) => ({ event: part.slice(7, part.indexOf('\n')), data: JSON.parse(part.slice(part.indexOf('data: ') + 6)) }))
}

describe('batch jobs', () => {
  it('are submitted, watched and fetched', async () => {
    const { handler } = rig()
    const accepted = await handler(at(ndjson(rowsFrom(8))))
    expect(accepted.status).toBe(202)
    const job = await json(accepted)
    expect(job).toMatchObject({ state: 'waiting', rows: 8, done: 0, links: { self: `/ml/jobs/${job.id}`, events: expect.any(String) } })
    expect(accepted.headers.get('location')).toBe(job.links.self)
    const events = await eventsOf(handler, job.id)
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { state: 'done', done: 8 } })
    expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true)
    expect(await json(handler(at(get(`/jobs/${job.id}`))))).toMatchObject({ state: 'done', links: { result: `/ml/jobs/${job.id}/result` } })
    const result = await handler(at(get(`/jobs/${job.id}/result`)))
    const lines = (await result.text()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).prediction)).toEqual(rowsFrom(8).map(({ x }) => 2 * x))
    // A look at the events of a job that has ended gives its end.
    expect(await eventsOf(handler, job.id)).toHaveLength(1)
  })

  it('stay cancelled, however late what they were writing arrives', async () => {
    const inner = memoryStorage()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const put: typeof inner.put = async (key, bytes, ...more) => {
      if (fromUtf8(bytes as Uint8Array).includes('"running"')) await held
      return inner.put(key, bytes, ...more)
    }
    const { handler } = rig({ storage: Object.assign(Object.create(inner), { put }) })
    const { id } = await json(handler(at(ndjson(rowsFrom(8)))))
    const cancelled = handler(at(new Request(`http://localhost/jobs/${id}`, { method: 'DELETE' })))
    await new Promise((resolve) => setImmediate(resolve))
    release()
    expect(await json(cancelled)).toMatchObject({ state: 'cancelled' })
    expect(await eventsOf(handler, id)).toMatchObject([{ event: 'end', data: { state: 'cancelled' } }])
  })

  it('are accepted beside one whose state is damaged, and after the storage failed once', async () => {
    const inner = memoryStorage()
    await inner.put(`jobs/${'b'.repeat(32)}/state.json`, utf8('{broken'))
    let fails = 1
    const list: typeof inner.list = async (...given) => {
      if (fails-- > 0) throw new Error('the storage is away')
      return inner.list(...given)
    }
    const { handler } = rig({ storage: Object.assign(Object.create(inner), { list }) })
    await new Promise((resolve) => setImmediate(resolve))
    const accepted = await handler(at(ndjson(rowsFrom(2))))
    expect(accepted.status).toBe(202)
    expect((await eventsOf(handler, (await json(accepted)).id)).at(-1)).toMatchObject({ data: { state: 'done' } })
  })

  it('count the lines that they read', () => {
    for (const text of ['a\n \u00a0\nb', '\ufeff\na', 'a\r\n\r\n\tb\n\n'])
      expect([...linesOf(utf8(text))]).toHaveLength(countLines(utf8(text)))
  })

  it('take JSON too, for a model by name', async () => {
    const { handler } = rig()
    const { id } = await json(handler(at(post('/models/double/jobs', { rows: rowsFrom(2) }))))
    expect((await eventsOf(handler, id)).at(-1)?.data.state).toBe('done')
  })

  it('fail with the problems of the input, and without the secrets of the model', async () => {
    const { handler } = rig()
    const bad = await json(handler(at(ndjson([{ x: 1 }, { x: 'one' }]))))
    expect((await eventsOf(handler, bad.id)).at(-1)?.data).toMatchObject({
      state: 'failed',
      error: { code: 'SchemaMismatch', message: expect.stringContaining('row 1') },
    })
    const failing = await json(handler(at(ndjson([{ x: 13 }]))))
    const error = (await eventsOf(handler, failing.id)).at(-1)?.data.error
    expect(error?.code).toBe('Internal')
    expect(error?.message).not.toContain('luck')
    expect((await handler(at(get(`/jobs/${failing.id}/result`)))).status).toBe(409)
  })

  it('are refused beyond the limits, and where there are no rows', async () => {
    const { handler, model } = rig({ maxRows: 5, maxWaiting: 1, maxBodyBytes: 200 })
    expect((await handler(at(ndjson(rowsFrom(6))))).status).toBe(413)
    expect((await handler(at(post('/jobs', { rows: [{ x: 'a'.repeat(300) }] })))).status).toBe(413)
    expect((await handler(at(ndjson([])))).status).toBe(400)
    expect((await handler(at(post('/jobs', { instances: [] })))).status).toBe(400)
    expect((await handler(at(get('/jobs/..%2f..%2fetc')))).status).toBe(404)
    expect(
      (await handler(new Request('http://localhost/ml/jobs', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'x' })))
        .status,
    ).toBe(415)
    const release = model.hold()
    const first = await json(handler(at(ndjson(rowsFrom(1)))))
    const second = await json(handler(at(ndjson(rowsFrom(1)))))
    const third = await handler(at(ndjson(rowsFrom(1))))
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5'])
    release()
    for (const { id } of [first, second]) expect((await eventsOf(handler, id)).at(-1)?.data.state).toBe('done')
  })

  it('are cancelled while they wait and while they run', async () => {
    const { handler, model } = rig()
    const release = model.hold()
    const [running, waiting] = [await json(handler(at(ndjson(rowsFrom(9))))), await json(handler(at(ndjson(rowsFrom(9)))))]
    for (const { id } of [waiting, running]) {
      const cancelled = await handler(at(new Request(`http://localhost/jobs/${id}`, { method: 'DELETE' })))
      expect(await json(cancelled)).toMatchObject({ state: 'cancelled' })
      expect((await eventsOf(handler, id)).at(-1)?.data.state).toBe('cancelled')
    }
    release()
    expect((await handler(at(new Request('http://localhost/jobs/0', { method: 'DELETE' })))).status).toBe(404)
  })

  it('go on in the next process after the server was stopped', async () => {
    const { handler, model, storage } = rig()
    const release = model.hold()
    const { id } = await json(handler(at(ndjson(rowsFrom(7)))))
    handler.drain()
    release()
    expect((await handler(at(ndjson(rowsFrom(1))))).status).toBe(503)
    while ((await json(handler(at(get(`/jobs/${id}`))))).state === 'running') await new Promise((resolve) => setImmediate(resolve))
    const next = rig({ storage })
    expect((await eventsOf(next.handler, id)).at(-1)?.data).toMatchObject({ state: 'done', done: 7 })
    const text = await (await next.handler(at(get(`/jobs/${id}/result`)))).text()
    expect(text.trim().split('\n')).toHaveLength(7)
  })
})

describe('the lines of a job', () => {
  it('are counted as they are read, with any line ends and without empty ones', () => {
    for (const text of ['', '\n', '{"x":1}', '{"x":1}\n', '\r\n{"x":1}\r\n \t\r\n{"y":2}', 'a\nb\nc\n\n']) {
      const bytes = utf8(text)
      expect([...linesOf(bytes)]).toHaveLength(countLines(bytes))
    }
    expect([...linesOf(utf8('a\n\nb\r\nc'), 1)]).toEqual(['b', 'c'])
  })
})
