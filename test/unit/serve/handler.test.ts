import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { createHandler, type Handler, mlflowProtocol, openInferenceProtocol, type Protocol } from '../../../src/serve'
import { feelsPredictor, get, post } from './helpers'

async function ask(handler: Handler, request: Request): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await handler(request)
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> }
}

const row = { celsius: 30, place: 'Oslo' }

describe('POST /predict', () => {
  const handler = createHandler(feelsPredictor())

  it.each([
    ['rows', { rows: [row, row] }, 2],
    ['rows with ids', { rows: [row], ids: ['a'] }, 1],
    ['one row', { row }, 1],
    ['one row with id', { row, id: 'a' }, 1],
    ['a list', [row, row, row], 3],
    ['a bare row', row, 1],
    ['no rows', { rows: [] }, 0],
  ])('takes %s', async (_, body, count) => {
    const answer = await ask(handler, post('/predict', body))
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ model: 'feels', version: '3' })
    const predictions = answer.body.predictions as { id: string; prediction: string; probabilities: Record<string, number> }[]
    expect(predictions).toHaveLength(count)
    for (const { id, prediction, probabilities } of predictions) {
      expect(prediction).toBe('hot')
      expect(Object.keys(probabilities)).toEqual(['cold', 'hot'])
      if ('ids' in body || 'id' in body) expect(id).toBe('a')
    }
  })

  it.each([
    [{ instances: [row] }, 'it has "instances", the model has "celsius", "place", "people", "indoors", "at"; the body must be {'],
    [{ inputs: { celsius: [1] } }, 'it has "inputs"'],
    [{ data: [row] }, 'it has "data"'],
    [{ dataframe_records: [row] }, 'it has "dataframe_records"'],
    [{ rows: [row], params: {} }, '"rows" must be an array of rows, with nothing beside it but "ids"'],
    [{ rows: row }, '"rows" must be an array of rows'],
    [{ rows: [row], ...row }, '"rows" must be an array of rows'],
    [{ row, ids: ['a'] }, '"row" must be one row, with nothing beside it but "id"'],
    [{ Rows: [row] }, 'it has "Rows"'],
    [{}, 'it has no column'],
    [{ celcius: 30 }, 'did you mean "celsius"?'],
    ['{"rows":null}', '"rows" must be an array of rows'],
    ['7', 'the body must be { "rows": [...], "ids"?: [...] }, { "row": {...}, "id"?: "..." }, an array of rows, or one row'],
  ])('refuses what is no row of the model: %j', async (body, said) => {
    for (const required of [true, false]) {
      const answer = await ask(createHandler(feelsPredictor({}, undefined, required)), post('/predict', body))
      expect([answer.status, answer.body.code]).toEqual([400, 'unknown-form'])
      expect(answer.body.detail).toContain(said)
    }
  })

  it('refuses a misspelt optional column, and rows of which no column is known, on every route', async () => {
    const every = createHandler(feelsPredictor({}, undefined, false), { protocols: [mlflowProtocol()] })
    const misspelt = await ask(every, post('/predict', { rows: [{ celsius: 1, plase: 'Oslo' }] }))
    expect([misspelt.status, misspelt.body.errors]).toEqual([
      422,
      [{ path: [0, 'plase'], code: 'unknown-column', message: 'row 0: the model has no column "plase"; did you mean "place"?' }],
    ])
    expect((await ask(every, post('/predict', { rows: [{ kelvin: 1 }] }))).status).toBe(422)
    for (const body of [
      { instances: [{ kelvin: 1 }] },
      { dataframe_records: [{}] },
      { inputs: { kelvin: [1] } },
      { dataframe_split: { columns: [], data: [[]] } },
    ]) {
      const answer = await ask(every, post('/invocations', body))
      expect([answer.status, answer.body.error_code]).toEqual([400, 'BAD_REQUEST'])
      expect(answer.body.message).toContain("row 0 has none of the model's columns")
    }
  })

  it('says how a missing number is written', async () => {
    for (const text of ['{"celsius":NaN}', '{"celsius": -Infinity}', '[{"celsius":Infinity}]']) {
      const answer = await ask(handler, post('/predict', text))
      expect([answer.status, answer.body.code]).toEqual([400, 'malformed-json'])
      expect(answer.body.detail).toMatch(/^the body is not valid JSON.*; NaN and Infinity are no JSON, write null for a missing number$/)
    }
    expect((await ask(handler, post('/predict', '{"celsius":x, "place": "NaN"}'))).body.detail).not.toContain('null')
  })

  it('refuses a split frame that names a column twice, or not by a string', async () => {
    const every = createHandler(feelsPredictor(), { protocols: [mlflowProtocol()] })
    const asked = (columns: unknown[]): Promise<{ body: Record<string, unknown> }> =>
      ask(every, post('/invocations', { dataframe_split: { columns, data: [[1, 2]] } }))
    expect((await asked(['celsius', 'celsius'])).body.message).toBe('"columns" of "dataframe_split" names the column "celsius" twice')
    expect((await asked(['celsius', {}])).body.message).toBe('"columns" of "dataframe_split" must name every column by a string')
  })

  it('asks a model by its name', async () => {
    const several = createHandler({ models: { a: feelsPredictor({ version: '1' }), b: feelsPredictor({ version: '2' }) } })
    expect((await ask(several, post('/predict', row))).body.version).toBe('1')
    expect((await ask(several, post('/models/b/predict', row))).body.version).toBe('2')
    expect((await ask(several, post('/models/c/predict', row))).body).toMatchObject({
      status: 404,
      code: 'model-not-found',
      detail: 'there is no model "c"; there are "a", "b"',
    })
  })

  it('lists everything that is wrong with every row as a 422', async () => {
    const { status, headers, body } = await ask(handler, post('/predict', { rows: [{ celsius: 'hot', people: 1.5 }, {}] }))
    expect([status, headers.get('content-type')]).toEqual([422, 'application/problem+json'])
    expect(body).toMatchObject({ type: 'about:blank', title: 'Unprocessable Content', status: 422, code: 'signature-mismatch' })
    expect((body.errors as { path: unknown; code: unknown }[]).map(({ path, code }) => [path, code])).toEqual([
      [[0, 'celsius'], 'wrong-type'],
      [[0, 'people'], 'not-integer'],
      [[1, 'celsius'], 'missing'],
    ])
    expect(body.requestId).toBe(headers.get('x-request-id'))
  })

  it('says nothing of what failed inside, but tells the logger', async () => {
    const lines: string[] = []
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (line: string) => void lines.push(line) }
    const { status, body } = await ask(
      createHandler(feelsPredictor(), { logger }),
      post('/predict', { celsius: -273 }, { 'x-request-id': 'r-1' }),
    )
    expect(status).toBe(500)
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      code: 'model-failure',
      detail: 'the request could not be answered; the server knows more under this request id',
      requestId: 'r-1',
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^request r-1, POST \/predict: .*failed on 1 row: secret/)
    expect(lines[0]).toContain('because of Error: secret')
  })

  it.each([
    ['text that is not JSON', '{"rows": [', 400, 'malformed-json'],
    ['an empty body', ' ', 400, 'malformed-json'],
    ['a number', '3', 400, 'unknown-form'],
    ['null', 'null', 400, 'unknown-form'],
    ['ids that are no list', '{"rows":[],"ids":1}', 400, 'unknown-form'],
    ['too few ids', '{"rows":[{"celsius":1}],"ids":[]}', 400, 'invalid-argument'],
    ['deep nesting', `{"celsius":${'['.repeat(40)}${']'.repeat(40)}}`, 400, 'too-deep'],
    ['too many rows', JSON.stringify(Array(11).fill({})), 413, 'too-many-rows'],
    ['too many bytes', JSON.stringify({ place: 'x'.repeat(5000) }), 413, 'too-large'],
  ])('refuses %s', async (_, text, status, code) => {
    const strict = createHandler(feelsPredictor(), { limits: { maxRows: 10, maxBodyBytes: 4000 } })
    const answer = await ask(strict, post('/predict', text))
    expect([answer.status, answer.body.status, answer.body.code]).toEqual([status, status, code])
    expect(answer.body.detail).not.toContain('xxx')
  })

  it('stops reading a body without length when it grows too long', async () => {
    const strict = createHandler(feelsPredictor(), { limits: { maxBodyBytes: 1000 } })
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++
        controller.enqueue(new Uint8Array(100).fill(32))
      },
    })
    const request = new Request('http://localhost/predict', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    } as RequestInit)
    expect((await strict(request)).status).toBe(413)
    expect(sent).toBeLessThan(20)
  })

  it('measures a body that is longer than its content-length says', async () => {
    const strict = createHandler(feelsPredictor(), { limits: { maxBodyBytes: 1000 } })
    const long = JSON.stringify({ place: 'x'.repeat(5000) })
    for (const length of ['10', '', '-1', 'many'])
      expect((await strict(post('/predict', long, { 'content-length': length }))).status).toBe(413)
    expect((await strict(post('/predict', row, { 'content-length': String(JSON.stringify(row).length) }))).status).toBe(200)
  })

  it('refuses what is not JSON in UTF-8', async () => {
    const types = ['text/csv', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'text/plain; a=application/json']
    for (const type of types) expect((await handler(post('/predict', '{}', { 'content-type': type }))).status).toBe(415)
    for (const type of ['application/json', 'Application/JSON; Charset="UTF-8"', 'application/vnd.rows+json']) {
      expect((await handler(post('/predict', row, { 'content-type': type }))).status).toBe(200)
    }
    const latin = new Request('http://localhost/predict', {
      method: 'POST',
      body: Uint8Array.of(0x22, 0xe9, 0x22),
      headers: { 'content-type': 'application/json' },
    })
    expect((await ask(handler, latin)).body).toMatchObject({ status: 400, detail: 'the body is not valid UTF-8' })
  })

  it('does not let __proto__ through', async () => {
    for (const name of ['__proto__', '\\u005f_proto__']) {
      const { status, body } = await ask(handler, post('/predict', `{"rows":[{"${name}":{"celsius":30}}]}`))
      expect([status, (body.errors as unknown[]).length]).toEqual([422, 1])
    }
    expect(({} as { celsius?: number }).celsius).toBeUndefined()
  })

  it('answers overload with 503 and 429, a missed deadline with 504', async () => {
    const failing = (error: unknown): Handler =>
      createHandler(
        feelsPredictor({}, () => {
          throw error
        }),
      )
    const limited = await ask(
      failing(new MillwrightError('RateLimited', 'slow down', { details: { retryAfterMs: 2500 } })),
      post('/predict', row),
    )
    expect([limited.status, limited.headers.get('retry-after'), limited.body.code]).toEqual([429, '3', 'rate-limited'])
    const busy = await ask(failing(new MillwrightError('Unavailable', 'busy')), post('/predict', row))
    expect([busy.status, busy.headers.get('retry-after'), busy.body.code]).toEqual([503, '1', 'overloaded'])
    const late = createHandler(
      feelsPredictor({}, () => new Promise(() => {})),
      { limits: { deadlineMs: 5 } },
    )
    expect(await ask(late, post('/predict', row))).toMatchObject({ status: 504, body: { code: 'deadline-exceeded' } })
    const closed = feelsPredictor()
    await closed.close()
    expect((await ask(createHandler(closed), post('/predict', row))).status).toBe(503)
  })

  it('takes no more requests at once than allowed; health is not counted', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const held = createHandler(
      feelsPredictor({}, async () => gate.then(() => 'hot')),
      { limits: { maxConcurrent: 1 } },
    )
    const first = held(post('/predict', row))
    const second = await ask(held, post('/predict', row))
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await held(get('/healthz'))).status).toBe(200)
    release()
    expect((await first).status).toBe(200)
  })

  it('carries ids through', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { 'x-request-id': 'abc-1', traceparent }
    const response = await handler(post('/predict', row, headers))
    expect([response.headers.get('x-request-id'), response.headers.get('traceparent')]).toEqual(['abc-1', traceparent])
    const odd = await handler(post('/predict', row, { 'x-request-id': 'a b"<script>', traceparent: 'nonsense' }))
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(odd.headers.get('traceparent')).toBeNull()
  })

  it('answers any text with a status, never with a crash', async () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.dictionary(fc.string(), fc.jsonValue())).map((rows) => JSON.stringify({ rows })),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const { status } = await handler(post('/predict', text))
        expect([200, 400, 422]).toContain(status)
      }),
    )
  })
})

describe('the other paths', () => {
  it('tell health and readiness', async () => {
    const predictor = feelsPredictor()
    const handler = createHandler(predictor)
    for (const path of ['/healthz', '/livez', '/health', '/ping', '/healthz/']) expect((await handler(get(path))).status).toBe(200)
    expect(await ask(handler, get('/readyz'))).toMatchObject({
      status: 200,
      body: { status: 'ready', models: { feels: { version: '3', ready: true } } },
    })
    handler.drain()
    expect(await ask(handler, get('/readyz'))).toMatchObject({ status: 503, body: { status: 'draining' } })
    expect([handler.draining, (await handler(get('/healthz'))).status, (await handler(post('/predict', row))).status]).toEqual([
      true,
      200,
      200,
    ])
    await predictor.close()
    expect((await handler(get('/readyz'))).status).toBe(503)
  })

  it('tell what they do not answer', async () => {
    const handler = createHandler(feelsPredictor())
    expect(await ask(handler, get('/nothing'))).toMatchObject({ status: 404, body: { code: 'not-found' } })
    const wrong = await handler(get('/predict'))
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const options = await handler(new Request('http://localhost/healthz', { method: 'OPTIONS' }))
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const head = await handler(new Request('http://localhost/healthz', { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('lead a person to the page and a program to the links', async () => {
    const handler = createHandler(feelsPredictor(), { basePath: '/ml' })
    const page = await handler(get('/ml/', { accept: 'text/html' }))
    expect([page.status, page.headers.get('location')]).toEqual([302, '/ml/docs'])
    expect((await ask(handler, get('/ml'))).body).toMatchObject({
      models: [{ name: 'feels', version: '3' }],
      routes: ['POST /ml/predict', 'POST /ml/models/:name/predict'],
    })
    expect((await handler(get('/healthz'))).status).toBe(404)
    expect((await handler(get('/mlx/healthz'))).status).toBe(404)
    expect((await handler(post('/ml/predict?x=/y', row))).status).toBe(200)
  })

  it('describe the signature as OpenAPI 3.1', async () => {
    const { body } = await ask(createHandler(feelsPredictor(), { title: 'Weather' }), get('/openapi.json'))
    expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Weather', version: '3' } })
    const schemas = (body.components as { schemas: Record<string, { properties: Record<string, unknown> }> }).schemas
    expect(schemas['feels.Row']).toEqual({
      type: 'object',
      properties: {
        celsius: { type: 'number' },
        place: { type: ['string', 'null'], examples: ['Oslo', '<b>Cairo</b>'] },
        people: { type: ['integer', 'null'], minimum: -2147483647, maximum: 2147483647 },
        indoors: { type: ['boolean', 'null'] },
        at: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'number', description: 'epoch milliseconds' }, { type: 'null' }] },
      },
      required: ['celsius'],
    })
    expect(schemas['feels.Prediction']?.properties.prediction).toEqual({ enum: ['cold', 'hot', null] })
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name as string)
    expect(references.length).toBeGreaterThan(5)
    for (const name of references) expect(schemas).toHaveProperty([name])
    // The example of the description is itself a request that is answered.
    const example = (body.paths as Record<string, { post: { requestBody: { content: Record<string, { example: unknown }> } } }>)['/predict']
    const text = JSON.stringify(example?.post.requestBody.content['application/json']?.example)
    expect((await createHandler(feelsPredictor())(post('/predict', text))).status).toBe(200)
  })

  it('give a page that needs no network and escapes everything', async () => {
    const name = '"><script>alert(1)</script>'
    const response = await createHandler({ models: { [name]: feelsPredictor() } }, { title: '<i>Weather' })(get('/docs'))
    const html = await response.text()
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain('<i>')
    expect(html).not.toContain('<b>Cairo')
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(html).toContain('celsius')
    expect(html.length).toBeLessThan(20_000)
  })

  it('refuse bad options', () => {
    const predictor = feelsPredictor()
    expect(() => createHandler(predictor, { limits: { maxRows: 0 } })).toThrow(
      '`maxRows` of `limits` of createHandler must be a whole number ≥ 1, got 0',
    )
    expect(() => createHandler(predictor, { basePath: 'ml' })).toThrow(/`basePath` of createHandler must be a path such as \/ml/)
    expect(() => createHandler({ models: {} })).toThrow(
      /takes several models as \{ models: \{ name: model \} \} with at least one, got an empty object/,
    )
    expect(() => createHandler({ models: { a: {} as never } })).toThrow(
      /the model "a" of createHandler needs a model \(a fitted model, a functionModel, or what a runtime has loaded\), got an empty object/,
    )
  })
})

describe('protocols', () => {
  it('bring their own routes and their own words for errors', async () => {
    const echo: Protocol = {
      name: 'echo',
      routes: [
        {
          method: 'POST',
          path: '/echo/:what',
          handle: async ({ params, json }) => ({ status: 200, headers: {}, body: JSON.stringify([params.what, await json()]) }),
        },
      ],
      renderProblem: ({ status, detail }) => ({ status, headers: {}, body: JSON.stringify({ oops: detail }) }),
    }
    const handler = createHandler(feelsPredictor(), { protocols: [echo] })
    expect((await ask(handler, post('/echo/a%20b', { x: 1 }))).body).toEqual(['a b', { x: 1 }])
    expect((await ask(handler, post('/echo/a', '{'))).body).toEqual({ oops: 'the body is not valid JSON (at character 1)' })
  })

  it('of MLflow: every JSON form of /invocations', async () => {
    const handler = createHandler(feelsPredictor(), { protocols: [mlflowProtocol()] })
    const bodies = [
      {
        dataframe_split: {
          columns: ['celsius', 'place'],
          data: [
            [30, 'Oslo'],
            [3, null],
          ],
        },
      },
      { dataframe_records: [{ celsius: 30 }, { celsius: 3 }], params: {} },
      { instances: [{ celsius: 30 }, { celsius: 3 }] },
      { inputs: { celsius: [30, 3], place: ['Oslo', 'Oslo'] } },
    ]
    for (const body of bodies)
      expect(await ask(handler, post('/invocations', body))).toMatchObject({ status: 200, body: { predictions: ['hot', 'cold'] } })
    for (const body of [
      [{ celsius: 1 }],
      {},
      { instances: 1 },
      { inputs: {} },
      { instances: [], inputs: {} },
      { dataframe_split: { columns: ['a'], data: [[1, 2]] } },
      { inputs: { a: [1], b: [] } },
    ]) {
      expect(await ask(handler, post('/invocations', body))).toMatchObject({ status: 400, body: { error_code: 'BAD_REQUEST' } })
    }
    const mismatch = await ask(handler, post('/invocations', { instances: [{}] }))
    expect(mismatch).toMatchObject({
      status: 400,
      body: { error_code: 'BAD_REQUEST', message: expect.stringContaining('a value is required') },
    })
    for (const [type, status, code] of [
      ['text/plain', 415, 'BAD_REQUEST'],
      ['application/json; charset=latin1', 415, 'BAD_REQUEST'],
    ] as const) {
      const refused = await ask(handler, post('/invocations', '{"instances":[]}', { 'content-type': type }))
      expect([refused.status, refused.body.error_code]).toEqual([status, code])
    }
    const failure = await ask(handler, post('/invocations', { instances: [{ celsius: -273 }] }))
    expect(failure.status).toBe(500)
    expect(JSON.stringify(failure.body)).not.toContain('secret')
    expect((await ask(handler, get('/version'))).body).toEqual({ version: '3' })
  })

  it('of open inference: health and metadata', async () => {
    const handler = createHandler(feelsPredictor(), { protocols: [openInferenceProtocol()] })
    expect((await ask(handler, get('/v2/'))).body).toEqual({
      name: 'millwright',
      version: '3',
      extensions: ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics'],
    })
    expect((await ask(handler, get('/v2/health/live'))).body).toEqual({ live: true })
    expect((await ask(handler, get('/v2/health/ready'))).status).toBe(200)
    expect((await ask(handler, get('/v2/models'))).body).toEqual({ models: ['feels'] })
    expect((await ask(handler, get('/v2/models/feels/versions/3'))).body).toMatchObject({
      name: 'feels',
      versions: ['3'],
      inputs: [
        { name: 'celsius', datatype: 'FP64', shape: [-1] },
        { name: 'place', datatype: 'BYTES', shape: [-1] },
        { name: 'people', datatype: 'INT32', shape: [-1] },
        { name: 'indoors', datatype: 'BOOL', shape: [-1] },
        { name: 'at', datatype: 'FP64', shape: [-1] },
      ],
      outputs: [
        { name: 'feels', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', datatype: 'FP64', shape: [-1, 2] },
      ],
    })
    expect((await ask(handler, get('/v2/models/feels/ready'))).body).toEqual({ name: 'feels', ready: true })
    expect(await ask(handler, get('/v2/models/feels/versions/4'))).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('version "4"') },
    })
    expect((await ask(handler, get('/v2/models/other'))).status).toBe(404)
    handler.drain()
    expect((await ask(handler, get('/v2/health/ready'))).status).toBe(503)
  })
})
