import { describe, expect, it } from 'vitest'
import { splitBatch } from '../../../../src/adapters/mlflow/tracker/batches'
import { type MlflowTrackerOptions, mlflowTracker } from '../../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { fromUtf8, toBase64, utf8 } from '../../../../src/core/bytes'
import { manualClock } from '../../../../src/testing'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: string
}

/** A tracker whose server is `answer`; what it was asked. */
function over(answer: (seen: Seen, index: number) => Response | Promise<Response>, options: Partial<MlflowTrackerOptions> = {}) {
  const seen: Seen[] = []
  const clock = manualClock()
  const fetchIt = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const body = init.body instanceof Uint8Array ? fromUtf8(init.body) : String(init.body ?? '')
    const one = { method: init.method ?? 'GET', url: String(url), headers: new Headers(init.headers), body }
    seen.push(one)
    return answer(one, seen.length - 1)
  }
  const tracker = mlflowTracker({ url: 'http://server:5000/base/', clock, fetch: fetchIt as typeof fetch, ...options })
  const done = async <T>(work: T | Promise<T>): Promise<T> => {
    let isDone = false
    const settled = Promise.resolve(work).finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (let i = 0; i < 5000 && !isDone; i++) await clock.advance(100)
    return settled
  }
  return { tracker, seen, clock, done }
}

const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), { status, headers })
const runAnswer = (status = 'RUNNING'): Response =>
  json({
    run: {
      info: { run_id: 'r1', status, experiment_id: '1', lifecycle_stage: 'active', artifact_uri: 'mlflow-artifacts:/1/r1/artifacts' },
      data: {},
    },
  })

describe('mlflowTracker and how it reaches the server', () => {
  it('takes the prefix of the address, and the user name and password in it', async () => {
    const { tracker, seen, done } = over(() => runAnswer(), { url: 'https://ada:p%40ss@server/base/' })
    await done(tracker.getRun('r1'))
    expect(seen[0]?.url).toBe('https://server/base/api/2.0/mlflow/runs/get?run_id=r1')
    expect(seen[0]?.headers.get('authorization')).toBe(`Basic ${toBase64(utf8('ada:p@ss'))}`)
    expect(tracker.name).not.toMatch(/p@ss|p%40ss/)
  })

  it.each([
    [{ username: 'u', password: 'p', token: 't' }, `Basic ${toBase64(utf8('u:p'))}`],
    [{ token: 't' }, 'Bearer t'],
  ])('authenticates with %o', async (options, expected) => {
    const { tracker, seen, done } = over(() => runAnswer(), options)
    await done(tracker.getRun('r1'))
    expect(seen[0]?.headers.get('authorization')).toBe(expected)
  })

  it('refuses an address that is none, without telling a password', () => {
    expect(() => mlflowTracker({ url: 'ftp://ada:secret@server' })).toThrow(/http or https/)
    expect(() => mlflowTracker({ url: 'ftp://ada:secret@server' })).not.toThrow(/secret/)
  })

  it('tries again after 429, 503 and a lost connection, and honours Retry-After', async () => {
    const times: number[] = []
    const { tracker, clock, done } = over((_, index) => {
      times.push(clock.now())
      if (index === 0) return json({ error_code: 'REQUEST_LIMIT_EXCEEDED' }, 429, { 'Retry-After': '7' })
      if (index === 1) return json({}, 503)
      if (index === 2) throw new TypeError('fetch failed')
      return runAnswer()
    })
    expect((await done(tracker.getRun('r1'))).runId).toBe('r1')
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(7000)
  })

  it('gives up in the end, with a retryable error', async () => {
    const { tracker, seen, done } = over(() => new Response('<html>bad gateway</html>', { status: 502 }), { retries: 2 })
    await expect(done(tracker.getRun('r1'))).rejects.toMatchObject({ code: 'Unavailable', retryable: true })
    expect(seen.length).toBe(3)
  })

  it('does not make a run twice after an answer that was lost', async () => {
    const { tracker, seen, done } = over(() => {
      throw new TypeError('socket hang up')
    })
    await expect(done(tracker.createRun({ experimentId: '1', startTime: 1 }))).rejects.toMatchObject({ code: 'Unavailable' })
    expect(seen.filter(({ url }) => url.endsWith('/runs/create')).length).toBe(1)
  })

  it('takes no page for an answer', async () => {
    const { tracker, done } = over(() => new Response('<html>please log in</html>', { status: 200 }))
    await expect(done(tracker.getRun('r1'))).rejects.toMatchObject({ code: 'Unavailable', message: expect.stringMatching(/no JSON/) })
  })

  it('does not wait for ever', async () => {
    const { tracker, done } = over(() => new Promise<Response>(() => {}), { timeoutMs: 20, retries: 0 })
    await expect(done(tracker.getRun('r1'))).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/no answer in 20 ms/),
    })
  })

  it.each([
    [404, { error_code: 'RESOURCE_DOES_NOT_EXIST' }, 'NotFound'],
    [400, { error_code: 'INVALID_PARAMETER_VALUE', message: "The run r1 must be in the 'active' state." }, 'InvalidState'],
    [400, { error_code: 'INVALID_PARAMETER_VALUE', message: 'Changing param values is not allowed.' }, 'Conflict'],
    [401, {}, 'PermissionDenied'],
    [501, { error_code: 'NOT_IMPLEMENTED' }, 'Unsupported'],
  ])('makes of status %i and %o the code %s', async (status, body, code) => {
    const { tracker, done } = over(() => json(body, status))
    await expect(done(tracker.getRun('r1'))).rejects.toMatchObject({ code })
  })

  it('says what to do when the server minds the host or the origin', async () => {
    const host = over(() => new Response('Invalid Host header - possible DNS rebinding attack detected', { status: 403 }))
    await expect(host.done(host.tracker.getRun('r1'))).rejects.toMatchObject({
      code: 'PermissionDenied',
      hint: expect.stringMatching(/allowed-hosts/),
    })
    const origin = over(() => new Response('Cross-origin request blocked', { status: 403 }))
    await expect(origin.done(origin.tracker.getRun('r1'))).rejects.toMatchObject({ hint: expect.stringMatching(/cors-allowed-origins/) })
  })
})

describe('batches', () => {
  it('are as few requests as the limits allow, and lose nothing', () => {
    const metrics = Array.from({ length: 2500 }, (_, step) => ({
      key: 'm',
      value: step % 10 === 0 ? Number.NaN : step,
      step,
      timestamp: step,
    }))
    const params = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, 'x'.repeat(6000)]))
    const tags = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`t${i}`, '1']))
    const requests = splitBatch({ metrics, params, tags })
    for (const request of requests) {
      expect(request.params.length).toBeLessThanOrEqual(100)
      expect(request.tags.length).toBeLessThanOrEqual(100)
      expect(request.params.length + request.tags.length + request.metrics.length).toBeLessThanOrEqual(1000)
      expect(JSON.stringify(request).length).toBeLessThan(1_000_000)
      expect(JSON.stringify(request)).not.toContain('null')
    }
    const of = (part: 'metrics' | 'params' | 'tags') => requests.flatMap((request) => [...request[part]])
    expect(of('metrics').map(({ step }) => step)).toEqual(metrics.map(({ step }) => step))
    expect(of('metrics')[0]?.value).toBe('NaN')
    expect(of('params').length).toBe(250)
    expect(of('tags').length).toBe(120)
    expect(splitBatch({ params: { a: '1' }, tags: { b: '2' }, metrics: metrics.slice(0, 998) }).length).toBe(1)
    expect(splitBatch({})).toEqual([])
  })

  it('with anything that the server would misread are not sent', async () => {
    const { tracker, seen, done } = over(() => runAnswer())
    const point = { key: 'm', value: 1, step: 0, timestamp: 5 }
    for (const metrics of [
      [{ ...point, timestamp: 5.5 }],
      [{ ...point, step: 2 ** 63 }],
      [{ ...point, value: '1' as unknown as number }],
    ]) {
      await expect(done(tracker.logBatch('r1', { metrics }))).rejects.toMatchObject({ code: 'InvalidArgument' })
    }
    expect(seen).toEqual([])
  })
})

describe('large artifacts', () => {
  const bytes = Uint8Array.from({ length: 25 * 1024 * 1024 }, (_, i) => i % 97)
  const mpu = 'http://server:5000/base/api/2.0/mlflow-artifacts/mpu'

  /** A server with a store that knows parts, unless `refuses`. */
  function store(refuses?: 'parts' | 'second') {
    const parts: Uint8Array[] = []
    const calls: string[] = []
    const auth: (string | null)[] = []
    const fetchIt = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      const target = String(url)
      calls.push(`${init.method} ${target.split('?')[0]}`)
      if (target.includes('/runs/get')) return runAnswer()
      if (target.startsWith(`${mpu}/create/`)) {
        if (refuses === 'parts') return json({ error_code: 'NOT_IMPLEMENTED' }, 501)
        const { num_parts } = JSON.parse(String(init.body)) as { num_parts: number }
        const credentials = Array.from({ length: num_parts }, (_, i) => ({
          url: `https://bucket/part/${i + 1}`,
          part_number: i + 1,
          headers: { 'x-part': `${i}` },
        }))
        return json({ upload_id: 'u', credentials })
      }
      if (target.startsWith('https://bucket/part/')) {
        auth.push(new Headers(init.headers).get('authorization'))
        if (refuses === 'second' && target.endsWith('2')) return new Response('', { status: 403 })
        parts.push((init.body as Uint8Array).slice())
        return new Response('', { status: 200, headers: { ETag: `"etag${parts.length}"` } })
      }
      if (target.startsWith(`${mpu}/complete/`)) {
        const body = JSON.parse(String(init.body)) as { path: string; parts: { etag: string }[] }
        expect([body.path, body.parts.map(({ etag }) => etag)]).toEqual(['big file.bin', ['"etag1"', '"etag2"', '"etag3"']])
      }
      return json({})
    }
    return {
      parts,
      calls,
      auth,
      tracker: mlflowTracker({
        url: 'http://server:5000/base',
        token: 'secret',
        multipartBytes: 1e7,
        retries: 0,
        fetch: fetchIt as typeof fetch,
      }),
    }
  }

  it('go in parts, without our credentials', async () => {
    const { tracker, parts, calls, auth } = store()
    await tracker.putArtifact({ runId: 'r1' }, 'deep/big file.bin', bytes)
    expect(parts.map(({ length }) => length)).toEqual([10485760, 10485760, 5242880])
    expect(parts.every((part, i) => part.every((byte, k) => byte === bytes[i * 10485760 + k]))).toBe(true)
    expect(auth).toEqual([null, null, null])
    expect(calls.at(-1)).toBe(`POST ${mpu}/complete/1/r1/artifacts/deep`)
  })

  it('go in one piece where the store knows no parts', async () => {
    const { tracker, calls } = store('parts')
    await tracker.putArtifact({ runId: 'r1' }, 'deep/big file.bin', bytes)
    expect(calls.at(-1)).toBe('PUT http://server:5000/base/api/2.0/mlflow-artifacts/artifacts/1/r1/artifacts/deep/big%20file.bin')
  })

  it('are given up at the server when a part fails', async () => {
    const { tracker, calls } = store('second')
    await expect(tracker.putArtifact({ runId: 'r1' }, 'deep/big file.bin', bytes)).rejects.toMatchObject({ code: 'PermissionDenied' })
    expect(calls.at(-1)).toBe(`POST ${mpu}/abort/1/r1/artifacts/deep`)
  })

  it("of another server's proxy are not asked for with our credentials", async () => {
    const { tracker, done, seen } = over(() =>
      json({ run: { info: { run_id: 'r1', status: 'RUNNING', artifact_uri: 'mlflow-artifacts://evil:80/x' } } }),
    )
    await expect(done(tracker.getArtifact({ runId: 'r1' }, 'a'))).rejects.toMatchObject({ code: 'Unsupported' })
    expect(seen.length).toBe(1)
  })
})
