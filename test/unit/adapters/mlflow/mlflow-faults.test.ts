/** Tracker and registry against a server that fails in every way a server can, over real sockets. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mlflowRegistry } from '../../../../src/adapters/mlflow/registry/mlflow-registry'
import { mlflowTracker } from '../../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { isMillwrightError, type MillwrightError } from '../../../../src/core/errors'
import {
  HURRIED_NOW,
  hurriedClock,
  type Script,
  type ScriptedServer,
  scriptedServer,
  sendJson,
  silent,
} from '../../../fixtures/scripted-server'
import { expectSameBytes } from '../../../support/same-bytes'

/** The time limit of a call; it runs out when a test says so. */
const limitMs = 20_000
const NO_OPENSSL = 'openssl, which makes the certificate, is not there'
const servers: ScriptedServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function start(script: Script, tls?: Parameters<typeof scriptedServer>[1]): Promise<ScriptedServer> {
  const server = await scriptedServer(script, tls)
  servers.push(server)
  return server
}

const run = { info: { run_id: 'r1', status: 'RUNNING', experiment_id: '1', artifact_uri: 'mlflow-artifacts:/1/r1/artifacts' }, data: {} }
const version = { name: 'm', version: '1', source: 'models:/m-1' }

/** One read, one write that may be repeated, one file up and one down, of each of the two. */
const kinds = {
  tracker: (url: string, retries = 2) => {
    const timeoutMs = limitMs
    const clock = hurriedClock(timeoutMs)
    const backend = mlflowTracker({ url, clock, retries, timeoutMs, backoffMs: 10, seed: 1, token: 'secret-token' })
    const owner = { runId: 'r1' }
    return {
      ...{ clock, backend, good: { run } },
      read: async (): Promise<unknown> => backend.getRun('r1'),
      write: async (): Promise<unknown> => backend.logBatch('r1', { tags: { a: 'b' } }),
      up: async (): Promise<unknown> => backend.putArtifact(owner, 'f.bin', new Uint8Array(300_000)),
      down: async (): Promise<unknown> => backend.getArtifact(owner, 'f.bin'),
    }
  },
  registry: (url: string, retries = 2) => {
    const timeoutMs = limitMs
    const clock = hurriedClock(timeoutMs)
    const backend = mlflowRegistry({ url, clock, retries, timeoutMs, backoffMs: 10, seed: 1, token: 'secret-token' })
    const files = { 'f.bin': new Uint8Array(300_000) }
    const init = { createdAt: 1, description: '', tags: {}, metrics: {}, modelType: 'own', files: () => files }
    const record = { name: 'm', version: '1', createdAt: 1, updatedAt: 1, description: '', source: 'models:/m-1', tags: {} }
    return {
      ...{ clock, backend, good: { registered_model: { name: 'm' }, model_version: version } },
      read: async (): Promise<unknown> => backend.getVersion('m', '1'),
      write: async (): Promise<unknown> => backend.updateVersion('m', '1', { description: 'd', updatedAt: 2 }),
      up: async (): Promise<unknown> => backend.createVersion('m', init),
      down: async (): Promise<unknown> => backend.readFile(record, 'f.bin'),
    }
  },
} as const

async function failureOf(work: Promise<unknown>): Promise<MillwrightError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isMillwrightError(error)) throw new Error(`expected an error of ours, got ${String(error)}`)
  return error
}

/** Sends exactly this, however wrong. */
const raw =
  (text: string, isEnd = true): Script =>
  (_, response) => {
    response.socket?.write(text)
    if (isEnd) response.socket?.end()
  }
const html = '<html><head><title>Log in</title></head><body>Please <b>log in</b> first</body></html>'
const page =
  (status: number, type: string, body: string): Script =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': type })
    response.end(body)
  }

/** What the server does for ever; the code and words that come of it; how many times it is asked with two retries. */
const faults: readonly (readonly [name: string, script: Script, code: string, words: RegExp, times: number])[] = [
  [
    '429',
    page(429, 'application/json', '{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}'),
    'RateLimited',
    /HTTP 429.*slow down/,
    3,
  ],
  ['500 as JSON', page(500, 'application/json', '{"error_code":"INTERNAL_ERROR","message":"oh"}'), 'Unavailable', /HTTP 500.*oh/, 3],
  ['502 as HTML', page(502, 'text/html', '<h1>Bad   Gateway</h1>'), 'Unavailable', /HTTP 502.*: Bad Gateway/, 3],
  ['503 without a body', page(503, 'text/plain', ''), 'Unavailable', /HTTP 503.*no message/, 3],
  [
    '400 as JSON',
    page(400, 'application/json', '{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}'),
    'InvalidArgument',
    /HTTP 400.*no/,
    1,
  ],
  ['401 as plain text', page(401, 'text/plain', 'You are not authenticated'), 'PermissionDenied', /HTTP 401.*not authenticated/, 1],
  ['403 as HTML', page(403, 'text/html', '<p>Forbidden</p>'), 'PermissionDenied', /HTTP 403.*: Forbidden/, 1],
  ['404 as JSON that is no object', page(400, 'application/json', 'null'), 'InvalidArgument', /HTTP 400/, 1],
  ['413 of a proxy', page(413, 'text/html', '<h1>Request Entity Too Large</h1>'), 'InvalidArgument', /HTTP 413.*Too Large/, 1],
  ['405 of a proxy', page(405, 'text/plain', 'Method Not Allowed'), 'Unsupported', /HTTP 405/, 1],
  ['200 with a login page', page(200, 'text/html', html), 'Unavailable', /HTTP 200.*no JSON object.*Please log in first/, 1],
  ['200 with a page called JSON', page(200, 'application/json', html), 'Unavailable', /no JSON object/, 1],
  ['200 with nothing', page(200, 'application/json', ''), 'Unavailable', /no JSON object: nothing/, 3],
  ['200 with half an answer', page(200, 'application/json', '{"run": {"info": {"run_'), 'Unavailable', /no JSON object/, 3],
  ['200 with a list', page(200, 'application/json', '[1, 2]'), 'Unavailable', /no JSON object: \[1, 2\]/, 3],
  ['200 with bytes', (_, response) => response.end(Buffer.from([0xff, 0xfe, 0x00, 0x80])), 'Unavailable', /no JSON object/, 3],
  ['200 of another service', page(200, 'application/json', '{"status":"ok"}'), 'Unavailable', /without `(run|model_version)`/, 3],
  ['no HTTP at all', raw('SSH-2.0-OpenSSH_9.2\r\n'), 'Unavailable', /could not be reached/, 3],
  ['a connection closed at once', (_, response) => response.socket?.destroy(), 'Unavailable', /could not be reached/, 3],
  ['less than it promises', raw('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"run":'), 'Unavailable', /could not be reached/, 3],
  ['never', () => {}, 'Unavailable', new RegExp(`no answer in ${limitMs} ms`), 3],
  ['headers, then silence', raw('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', false), 'Unavailable', /no answer in/, 3],
  [
    'a byte now and then',
    (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(timer))
    },
    'Unavailable',
    /no answer in/,
    3,
  ],
  [
    'a redirect to a login page elsewhere',
    (_, response) => response.writeHead(302, { Location: 'https://login.example/start?back=secret' }).end(),
    'Unavailable',
    /redirect to https:\/\/login\.example\/start,/,
    1,
  ],
]

describe.each(Object.entries(kinds))('mlflow %s and a server that answers for ever', (_, open) => {
  it.each(faults)('%s', async (_name, script, code, words, times) => {
    const server = await start(script)
    const { read, clock } = open(server.url)
    if (words.source.startsWith('no answer')) server.script = silent(script, clock)
    const error = await failureOf(read())
    expect([error.code, server.asked.length]).toEqual([code, times])
    expect(error.message).toMatch(words)
    expect(error.message).toMatch(/GET (runs|model-versions)\/get/)
    expect(error.message).toContain(server.url)
    expect(JSON.stringify(error.toJSON())).not.toContain('secret')
    // Longer each time, with a little chance.
    expect(clock.waits.length).toBe(times - 1)
    clock.waits.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual(10 * 2 ** i)
      expect(wait).toBeLessThanOrEqual(15 * 2 ** i)
    })
  })
})

describe.each(Object.entries(kinds))('mlflow %s and a server that fails for a while', (_, open) => {
  const passing: readonly (readonly [string, Script])[] = [
    ['429', page(429, 'text/plain', 'later')],
    ['500', page(500, 'text/plain', 'oops')],
    ['502', page(502, 'text/html', html)],
    ['503', page(503, 'text/plain', '')],
    ['half an answer', page(200, 'application/json', '{"ru')],
    ['a lost connection', (_, response) => response.socket?.destroy()],
    ['no answer', () => {}],
  ]
  it.each(passing)('reads and writes after %s', async (name, script) => {
    const server = await start(script)
    const { read, write, good, clock } = open(server.url)
    const failing = name === 'no answer' ? silent(script, clock) : script
    server.script = (asked, response, index) => (index % 2 === 0 ? failing(asked, response, index) : sendJson(response, good))
    await read()
    await write()
    expect(server.asked.length % 2).toBe(0)
  })

  it('waits as long as Retry-After says, in seconds and as a date, and not for hours', async () => {
    const said = ['7', new Date(HURRIED_NOW + 30_000).toUTCString()]
    const server = await start((_asked, response, index) =>
      index < 2 ? sendJson(response, {}, 429, { 'Retry-After': said[index] as string }) : sendJson(response, good),
    )
    const { read, clock, good } = open(server.url)
    await read()
    expect(clock.waits).toEqual([7000, 30_000])
    server.script = (_asked, response) => sendJson(response, {}, 503, { 'Retry-After': '7200' })
    const error = await failureOf(read())
    expect([error.code, error.retryable, error.details.retryAfterMs, clock.waits.length]).toEqual(['Unavailable', true, 7_200_000, 2])
  })

  it('follows a redirect on the same host only, and sends its token nowhere else', async () => {
    const elsewhere = await start((_asked, response) => sendJson(response, good))
    const server = await start((asked, response) => {
      if (asked.path.startsWith('/moved')) return sendJson(response, good)
      response.writeHead(307, { Location: `/moved${asked.path}` }).end()
    })
    const { read, write, good } = open(server.url)
    await read()
    await write()
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer secret-token')).toBe(true)
    expect(
      server.asked.filter(({ path, method }) => path.startsWith('/moved') && method !== 'GET').every(({ body }) => body.length > 2),
    ).toBe(true)
    server.script = (_asked, response) => response.writeHead(307, { Location: `${elsewhere.url}/x` }).end()
    expect((await failureOf(read())).message).toContain(`redirect to ${elsewhere.url}/x`)
    server.script = (_asked, response) => response.writeHead(307, { Location: '/again' }).end()
    expect((await failureOf(read())).message).toContain('one redirect after the other')
    expect(elsewhere.asked).toEqual([])
  })

  it('goes on after a connection that breaks in the middle of a file, up and down', async () => {
    let broken = 0
    const server = await start((asked, response) => {
      if (asked.path.includes('mlflow-artifacts/artifacts') && asked.method === 'GET') {
        if (broken++ % 2 === 0) {
          response.writeHead(200, { 'Content-Length': '400000' })
          response.write(Buffer.alloc(100_000))
          setTimeout(() => response.socket?.destroy(), 10)
        } else response.end(Buffer.alloc(400_000, 7))
      } else if (asked.method === 'PUT' && broken++ % 2 === 0) response.socket?.resetAndDestroy()
      else sendJson(response, { ...good, ...uploads })
    })
    const { up, down, good } = open(server.url)
    expectSameBytes((await down()) as Uint8Array, new Uint8Array(400_000).fill(7))
    await up()
    const puts = server.asked.filter(({ method }) => method === 'PUT')
    expect(puts.map(({ body }) => body.length)).toEqual([300_000, 300_000])
  })

  it('ends at once when it is closed, in a request and in a wait', async () => {
    const server = await start(() => {})
    const { read, backend } = open(server.url)
    const failed = failureOf(read())
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await backend.close()
    expect((await failed).code).toBe('InvalidState')
    expect(server.asked.length).toBe(1)
  })
})

const uploads = {
  ...{ model: { info: { model_id: 'm-1', artifact_uri: 'mlflow-artifacts:/0/models/m-1/artifacts' } } },
  artifact_uri: 'mlflow-artifacts:/0/models/m-1/artifacts',
}

describe('an answer that is lost after the server did the work', () => {
  /** A server that makes things, and loses the answer to the first `lost` creations. */
  async function maker(lost: number) {
    const made: Record<string, { body: Record<string, unknown>; wire: unknown }[]> = { runs: [], models: [], versions: [], outputs: [] }
    const server = await start((asked, response) => {
      const path = asked.path.replace('/api/2.0/mlflow/', '')
      const body = asked.method === 'GET' || asked.method === 'PUT' ? {} : (JSON.parse(asked.body) as Record<string, unknown>)
      const make = (kind: string, wire: unknown, answer: unknown): void => {
        made[kind]?.push({ body, wire })
        if (lost-- > 0) response.socket?.destroy()
        else sendJson(response, answer)
      }
      const found = (kind: string) => {
        const id = /'(.*)'/.exec(String(body.filter))?.[1]
        return made[kind]?.filter((one) => (one.body.tags as { value: string }[]).some(({ value }) => value === id)).map(({ wire }) => wire)
      }
      if (path === 'runs/create') return make('runs', run, { run })
      if (path === 'runs/search') return sendJson(response, { runs: found('runs') })
      if (path === 'logged-models') return make('models', uploads.model, uploads)
      if (path === 'logged-models/search') return sendJson(response, { models: found('models') })
      if (path === 'model-versions/create') return make('versions', version, { model_version: version })
      if (path.startsWith('model-versions/search')) return sendJson(response, { model_versions: made.versions?.map(({ wire }) => wire) })
      if (path === 'runs/outputs') return make('outputs', {}, {})
      const outputs = (made.outputs?.length ?? 0) > 0 ? { model_outputs: [{ model_id: 'm-1' }] } : {}
      sendJson(response, { run: { ...run, outputs } })
    })
    return { server, made }
  }

  it('makes one run', async () => {
    const { server, made } = await maker(1)
    const { backend } = kinds.tracker(server.url)
    const record = await backend.createRun({ experimentId: '1', startTime: 1 })
    expect([record.runId, made.runs?.length]).toEqual(['r1', 1])
  })

  it('makes a run after all when the first was not made', async () => {
    const { server, made } = await maker(0)
    const script = server.script
    let isFirst = true
    server.script = (asked, response, index) => {
      if (!isFirst || !asked.path.endsWith('runs/create')) return script(asked, response, index)
      isFirst = false
      response.socket?.destroy()
    }
    const { backend } = kinds.tracker(server.url)
    await backend.createRun({ experimentId: '1', startTime: 1 })
    expect(made.runs?.length).toBe(1)
  })

  it('is told as such with `retries: 0`, and nothing is repeated', async () => {
    const { server, made } = await maker(1)
    const { backend } = kinds.tracker(server.url, 0)
    const error = await failureOf(Promise.resolve(backend.createRun({ experimentId: '1', startTime: 1 })))
    expect([error.code, error.details.mayBeDone, made.runs?.length, server.asked.length]).toEqual(['Unavailable', true, 1, 1])
  })

  it('makes one logged model, and one link from its run', async () => {
    const { server, made } = await maker(1)
    const { backend } = kinds.tracker(server.url)
    await backend.createModel({ experimentId: '1', name: 'm', createdAt: 1 })
    expect(made.models?.length).toBe(1)
    const other = await maker(1)
    await kinds.tracker(other.server.url).backend.logBatch('r1', { outputModels: [{ modelId: 'm-1', step: 0 }] })
    expect(other.made.outputs?.length).toBe(1)
  })

  it('makes one version of a registered model', async () => {
    const { server, made } = await maker(2)
    await kinds.registry(server.url).up()
    expect([made.models?.length, made.versions?.length]).toEqual([1, 1])
  })

  it('of a deletion is no error', async () => {
    let isFirst = true
    const server = await start((_asked, response) => {
      if (!isFirst)
        return sendJson(response, { error_code: 'INVALID_PARAMETER_VALUE', message: "The run must be in the 'active' state" }, 400)
      isFirst = false
      response.socket?.destroy()
    })
    const { backend } = kinds.tracker(server.url)
    await backend.deleteRun('r1')
    await expect(backend.deleteRun('r1')).rejects.toMatchObject({ code: 'InvalidState' })
  })
})

describe('a signal', () => {
  it('ends an upload and a download of the registry at once', async () => {
    const server = await start((asked, response) => {
      if (!asked.path.includes('mlflow-artifacts/artifacts')) sendJson(response, { ...kinds.registry('http://x').good, ...uploads })
    })
    const backend = mlflowRegistry({ url: server.url, timeoutMs: 60_000 })
    for (const [work, call] of [
      [
        (signal: AbortSignal) => backend.readFile({ ...version, createdAt: 1, updatedAt: 1, description: '', tags: {} }, 'f', { signal }),
        'GET',
      ],
      [
        (signal: AbortSignal) => {
          const init = { createdAt: 1, description: '', tags: {}, metrics: {}, modelType: 'own', files: () => ({ f: new Uint8Array(10) }) }
          return backend.createVersion('m', init, { signal })
        },
        'PUT',
      ],
    ] as const) {
      const controller = new AbortController()
      const settled = Promise.resolve(work(controller.signal)).then(
        () => 'done',
        (reason: unknown) => reason,
      )
      const isThere = () => server.asked.some(({ method, path }) => method === call && path.includes('mlflow-artifacts/artifacts'))
      while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 1))
      const reason = new Error('enough')
      controller.abort(reason)
      expect(await settled).toBe(reason)
    }
    expect(server.asked.some(({ path }) => path.endsWith('model-versions/create'))).toBe(false)
  })
})

describe('secure connections', () => {
  let folder = ''
  let tls: { readonly key: string; readonly cert: string } | undefined
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    try {
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
      const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert]
      execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
      tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    } catch {
      // Left out below: what makes the certificate is not there.
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const variables = ['MLFLOW_TRACKING_INSECURE_TLS', 'MLFLOW_TRACKING_SERVER_CERT_PATH', 'MLFLOW_TRACKING_CLIENT_CERT_PATH']
  afterEach(() => {
    for (const name of variables) delete process.env[name]
  })

  it.for(Object.entries(kinds))(
    'with a certificate that nobody knows are refused, once and with the reason (%s)',
    async ([, open], { skip }) => {
      if (tls === undefined) return skip(NO_OPENSSL)
      const server = await start((_asked, response) => sendJson(response, {}), tls)
      const { read, clock } = open(server.url)
      const error = await failureOf(read())
      expect([error.code, error.retryable, clock.waits.length, server.asked.length]).toEqual(['Unavailable', false, 0, 0])
      expect(error.message).toMatch(/no secure connection \(\w*SELF_SIGNED\w*\)/)
      expect(error.hint).toMatch(/MLFLOW_TRACKING_SERVER_CERT_PATH/)
    },
  )

  it('are trusted as MLflow’s variables say', async ({ skip }) => {
    if (tls === undefined) return skip(NO_OPENSSL)
    const server = await start((_asked, response) => sendJson(response, { run }), tls)
    process.env.MLFLOW_TRACKING_SERVER_CERT_PATH = join(folder, 'cert.pem')
    const tracker = kinds.tracker(server.url).backend
    expect((await tracker.getRun('r1')).runId).toBe('r1')
    await tracker.logBatch('r1', { tags: { a: 'ü' } })
    expect(JSON.parse(server.asked.at(-1)?.body ?? '')).toMatchObject({ tags: [{ key: 'a', value: 'ü' }] })
    // Both at once cannot hold, as MLflow's own client says.
    process.env.MLFLOW_TRACKING_INSECURE_TLS = 'true'
    expect((await failureOf(kinds.tracker(server.url).read())).message).toMatch(/INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH/)
    delete process.env.MLFLOW_TRACKING_SERVER_CERT_PATH
    await kinds.tracker(server.url).read()
    delete process.env.MLFLOW_TRACKING_INSECURE_TLS
    process.env.MLFLOW_TRACKING_SERVER_CERT_PATH = join(folder, 'nothing.pem')
    expect((await failureOf(kinds.tracker(server.url).read())).message).toMatch(/MLFLOW_TRACKING_SERVER_CERT_PATH.*ENOENT/)
  })

  it('end a silent answer in time too', async ({ skip }) => {
    if (tls === undefined) return skip(NO_OPENSSL)
    const server = await start(() => {}, tls)
    process.env.MLFLOW_TRACKING_INSECURE_TLS = '1'
    const { read, clock } = kinds.tracker(server.url, 0)
    server.script = silent(server.script, clock)
    expect((await failureOf(read())).message).toMatch(/no answer in/)
  })

  it('to a server that speaks plain HTTP say so', async () => {
    const server = await start((_asked, response) => sendJson(response, {}))
    const error = await failureOf(kinds.tracker(server.url.replace('http:', 'https:')).read())
    expect(error.message).toMatch(/no secure connection/)
  })
})
