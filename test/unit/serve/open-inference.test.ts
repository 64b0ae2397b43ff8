import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { onnxModel, onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { concatBytes, fromUtf8, utf8 } from '../../../src/core/bytes'
import { fromFloat16, toFloat16 } from '../../../src/core/float16'
import { linearRegression } from '../../../src/learn'
import { GraphBuilder } from '../../../src/onnx/graph-builder'
import { Predictor } from '../../../src/predictor'
import { createHandler, type Handler, openInferenceProtocol } from '../../../src/serve'
import { readBinary, writeBinary } from '../../../src/serve/open-inference/binary'
import type { Datatype } from '../../../src/serve/open-inference/datatypes'
import { feelsPredictor, get, post } from './helpers'

const handlerOf = (served: Parameters<typeof createHandler>[0]): Handler => createHandler(served, { protocols: [openInferenceProtocol()] })
const ask = async (handler: Handler, request: Request): Promise<{ status: number; body: never }> => {
  const response = await handler(request)
  return { status: response.status, body: (await response.json()) as never }
}
const celsius = (data: unknown, more: object = {}): object => ({ name: 'celsius', shape: [2], datatype: 'FP64', data, ...more })

/** A request with bytes behind its JSON. */
function binary(body: object, parts: readonly Uint8Array[]): Request {
  const json = utf8(JSON.stringify(body))
  return new Request('http://localhost/v2/models/feels/infer', {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(json.length) },
    body: concatBytes([json, ...parts]) as Uint8Array<ArrayBuffer>,
  })
}

describe('POST /v2/models/:name/infer', () => {
  it('takes a tensor for each column, nested or flat, and gives prediction and probabilities', async () => {
    const handler = handlerOf(feelsPredictor())
    const place = { name: 'place', shape: [2, 1], datatype: 'BYTES', data: [['Oslo'], ['Oslo']] }
    const { status, body } = await ask(handler, post('/v2/models/feels/infer', { id: 'x7', inputs: [celsius([30, 3]), place] }))
    expect(status).toBe(200)
    expect(body).toMatchObject({
      model_name: 'feels',
      model_version: '3',
      id: 'x7',
      outputs: [
        { name: 'feels', datatype: 'BYTES', shape: [2], data: ['hot', 'cold'] },
        {
          name: 'probabilities',
          datatype: 'FP64',
          shape: [2, 2],
          data: [expect.closeTo(0.0000454, 6), expect.closeTo(1, 3), expect.any(Number), expect.any(Number)],
        },
      ],
    })
    const some = await ask(handler, post('/v2/models/feels/versions/3/infer', { inputs: [celsius([30, 3])], outputs: [{ name: 'feels' }] }))
    expect(some.body).toMatchObject({ id: expect.any(String), outputs: [{ name: 'feels', data: ['hot', 'cold'] }] })
  })

  it('takes one matrix for all columns, and says null for NaN', async () => {
    const fitted = linearRegression().fit(parseCsv('a,b,y\n1,2,8\n2,1,7\n3,5,21\n4,4,20\n'), { target: 'y' })
    const handler = handlerOf(fitted)
    const matrix = { name: 'input-0', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 5] }
    const { body } = await ask(handler, post('/v2/models/model/infer', { inputs: [matrix] }))
    expect(body).toMatchObject({ outputs: [{ datatype: 'FP64', shape: [2], data: [expect.closeTo(8, 6), expect.closeTo(21, 6)] }] })
    const odd = Predictor.of({
      signature: { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'float64' }] },
      task: 'regression',
      run: () => ({ predictions: [Number.NaN] }),
      dispose: async () => {},
    })
    const answer = await ask(
      handlerOf(odd),
      post('/v2/models/model/infer', { inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [1] }] }),
    )
    expect(answer.body).toMatchObject({ parameters: { nan_as_null: true }, outputs: [{ data: [null] }] })
  })

  it('takes and gives bytes behind the JSON, mixed with JSON', async () => {
    const handler = handlerOf(feelsPredictor())
    const bytes = new Uint8Array(Float32Array.of(30, 3).buffer)
    const input = { name: 'celsius', shape: [2], datatype: 'FP32', parameters: { binary_data_size: bytes.length } }
    const place = { name: 'place', shape: [2], datatype: 'BYTES', data: ['Oslo', null] }
    const outputs = [{ name: 'feels', parameters: { binary_data: true } }, { name: 'probabilities' }]
    const response = await handler(binary({ inputs: [place, input], outputs }, [bytes]))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    const length = Number(response.headers.get('inference-header-content-length'))
    const whole = new Uint8Array(await response.arrayBuffer())
    const json = JSON.parse(fromUtf8(whole.subarray(0, length)))
    expect(json.outputs[0]).toEqual({ name: 'feels', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 15 } })
    expect(json.outputs[1].data).toHaveLength(4)
    expect(readBinary(whole.subarray(length), 'BYTES', 2, 'feels')).toEqual(['hot', 'cold'])
    const all = await handler(binary({ inputs: [input], parameters: { binary_data_output: true } }, [bytes]))
    expect(
      JSON.parse(fromUtf8(new Uint8Array(await all.arrayBuffer()).subarray(0, Number(all.headers.get('inference-header-content-length')))))
        .outputs,
    ).toMatchObject([{ parameters: { binary_data_size: 15 } }, { parameters: { binary_data_size: 32 } }])
  })

  it('reads truth values and half-precision numbers from their bytes', async () => {
    const handler = handlerOf(feelsPredictor())
    const inputs = [
      { name: 'celsius', shape: [2], datatype: 'FP16', parameters: { binary_data_size: 4 } },
      { name: 'indoors', shape: [2], datatype: 'BOOL', parameters: { binary_data_size: 2 } },
    ]
    const parts = [new Uint8Array(Uint16Array.of(toFloat16(30), toFloat16(-3.5)).buffer), Uint8Array.of(1, 0)]
    const response = await handler(binary({ inputs }, parts))
    expect(await response.json()).toMatchObject({ outputs: [{ data: ['hot', 'cold'] }, {}] })
  })

  it('runs models of tensors with their own tensors', async () => {
    const graph = new GraphBuilder()
    graph.reserve(['sum'])
    const x = graph.input('x', 'int64', ['n', 3])
    graph.node('Add', [x, graph.constant('int64', [1], BigInt64Array.of(1n))], { output: 'sum' })
    graph.output('sum', 'int64', ['n', 3])
    const loaded = await onnxRuntime().load(onnxModel(graph.build({ name: 'adder' }), { tensors: true }).pack())
    const handler = handlerOf(Predictor.of(loaded, { name: 'adder' }))
    expect((await ask(handler, get('/v2/models/adder'))).body).toMatchObject({ inputs: [{ name: 'x', datatype: 'INT64', shape: [-1, 3] }] })
    expect(await (await handler(get('/docs'))).text()).toMatch(/1 tensors[\s\S]*<code>x<\/code><\/td><td>int64<\/td><td>any × 3/)
    const data = [1, '9007199254740993', -5]
    const { body } = await ask(handler, post('/v2/models/adder/infer', { inputs: [{ name: 'x', shape: [1, 3], datatype: 'INT64', data }] }))
    expect(body).toMatchObject({ outputs: [{ name: 'sum', datatype: 'INT64', shape: [1, 3], data: [2, '9007199254740994', -4] }] })
    const refused = await ask(
      handler,
      post('/v2/models/adder/infer', { inputs: [{ name: 'x', shape: [1, 2], datatype: 'INT64', data: [1, 2] }] }),
    )
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining('shape') } })
    await loaded.dispose()
  })

  it('refuses what is no request, with one sentence that names the input', async () => {
    const handler = handlerOf(feelsPredictor())
    const cases: [object, RegExp][] = [
      [[], /"inputs"/],
      [{ inputs: [] }, /"inputs"/],
      [{ inputs: [{ shape: [1] }] }, /"name"/],
      [{ inputs: [celsius([1, 2], { datatype: 'FP8' })] }, /"celsius" must have a "datatype"/],
      [{ inputs: [celsius([1, 2], { shape: [-1] })] }, /"shape"/],
      [{ inputs: [celsius([1])] }, /2 elements for the shape \[2\], it holds 1/],
      [{ inputs: [celsius([[1], [2, 3]], { shape: [2, 2] })] }, /nested as its shape/],
      [{ inputs: [celsius([1, 'a'])] }, /numbers as FP64; element 1/],
      [{ inputs: [celsius([1, 2], { datatype: 'FP16' })] }, /no JSON form/],
      [{ inputs: [celsius([2 ** 60, 1], { datatype: 'INT64' })] }, /strings of digits/],
      [{ inputs: [celsius(['9223372036854775808', 1], { datatype: 'INT64' })] }, /of its range/],
      [{ inputs: [celsius([1, -5], { datatype: 'UINT64' })] }, /of its range/],
      [{ inputs: [celsius([300, 1], { datatype: 'UINT8' })] }, /whole numbers of its range/],
      [{ inputs: [celsius([1, 2]), celsius([1, 2])] }, /twice/],
      [{ inputs: [celsius([1, 2], { parameters: { binary_data_size: 8 } })] }, /not both/],
      [{ inputs: [celsius(undefined, { parameters: { binary_data_size: 8 } })] }, /8 bytes behind the JSON, there are 0/],
      [{ inputs: [{ name: 'other', shape: [1], datatype: 'FP64', data: [1] }] }, /no input "other"/],
      [{ inputs: [celsius([1, 2], { shape: [1, 2] })] }, /shape \[1\] or \[1, 1\]/],
      [{ inputs: [celsius([1, 2])], outputs: [{ name: 'logits' }] }, /gives no output "logits"/],
      [{ inputs: [celsius([1, 2])], outputs: 5 }, /"outputs" must be a list/],
      [{ id: 5, inputs: [celsius([1, 2])] }, /"id" must be a string/],
      [{ inputs: [celsius([1, null])] }, /a value is required/],
    ]
    for (const [body, message] of cases)
      expect(await ask(handler, post('/v2/models/feels/infer', body)), JSON.stringify(body)).toMatchObject({
        status: 400,
        body: { error: expect.stringMatching(message) },
      })
    const longer = await handler(binary({ inputs: [celsius([1, 2])] }, [new Uint8Array(4)]))
    expect(await longer.json()).toMatchObject({ error: expect.stringContaining('behind the JSON there are 4 bytes') })
    const header = new Request('http://localhost/v2/models/feels/infer', {
      method: 'POST',
      headers: { 'inference-header-content-length': '99' },
      body: '{}',
    })
    expect((await handler(header)).status).toBe(400)
  })

  it('answers any binary body with a status of 400 or less, never with a crash', async () => {
    const handler = handlerOf(feelsPredictor())
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(50),
        fc.constantFrom('FP32', 'BYTES', 'INT64', 'BOOL'),
        async (bytes, size, datatype) => {
          const request = binary({ inputs: [{ name: 'celsius', shape: [2], datatype, parameters: { binary_data_size: size } }] }, [bytes])
          expect((await handler(request)).status).toBeLessThanOrEqual(400)
        },
      ),
      { seed: 3, numRuns: 200 },
    )
  })
})

describe('the bytes of tensors', () => {
  it('are read back as they were written, for every datatype', () => {
    const cases: [Datatype, unknown[]][] = [
      ['BOOL', [true, false]],
      ['UINT8', [0, 255]],
      ['INT8', [-128, 127]],
      ['UINT16', [0, 65535]],
      ['INT16', [-32768, 32767]],
      ['UINT32', [0, 4294967295]],
      ['INT32', [-2147483648, 2147483647]],
      ['UINT64', [0n, 18446744073709551615n]],
      ['INT64', [-(2n ** 63n), 2n ** 63n - 1n]],
      ['FP32', [1.5, -0.25]],
      ['FP64', [0.1, 1e300]],
      ['BYTES', ['', 'Zürich', '日本']],
    ]
    for (const [datatype, values] of cases) {
      const read = readBinary(writeBinary(values, datatype), datatype, values.length, 'x')
      expect(
        Array.from(read as ArrayLike<unknown>, (value) => (datatype === 'BOOL' ? value === 1 : value)),
        datatype,
      ).toEqual(values)
    }
    const halves = readBinary(writeBinary([0.5, -2], 'FP16'), 'FP16', 2, 'x') as Uint16Array
    expect(Array.from(halves, fromFloat16)).toEqual([0.5, -2])
    expect(writeBinary(Uint16Array.of(toFloat16(0.5)), 'FP16')).toEqual(new Uint8Array(Uint16Array.of(toFloat16(0.5)).buffer))
    // Little-endian, with the length of a text before it: the bytes that Triton's documentation gives.
    expect([...writeBinary([1], 'INT32')]).toEqual([1, 0, 0, 0])
    expect([...writeBinary(['ab'], 'BYTES')]).toEqual([2, 0, 0, 0, 97, 98])
  })

  it('are refused where they do not fit', () => {
    expect(() => readBinary(new Uint8Array(7), 'FP32', 2, 'x')).toThrow(/8 bytes for its 2 elements, it has 7/)
    expect(() => readBinary(Uint8Array.of(2), 'BOOL', 1, 'x')).toThrow(/0 and 1/)
    expect(() => readBinary(Uint8Array.of(1, 0, 0, 0, 255), 'BYTES', 1, 'x')).toThrow(/not UTF-8/)
    expect(() => readBinary(Uint8Array.of(9, 0, 0, 0, 97), 'BYTES', 1, 'x')).toThrow(/after its length/)
  })
})

describe('models as the protocol sees them', () => {
  it('have configuration, statistics and an entry in the index', async () => {
    const handler = handlerOf(feelsPredictor())
    await handler(post('/v2/models/feels/infer', { inputs: [celsius([1, 2])] }))
    expect((await ask(handler, get('/v2/models/feels/config'))).body).toMatchObject({
      name: 'feels',
      max_batch_size: 10_000,
      input: [{ data_type: 'TYPE_FP64', dims: [1] }, { data_type: 'TYPE_STRING' }, {}, {}, {}],
    })
    const stats = { inference_count: 2, execution_count: 1, inference_stats: { success: { count: 1 }, compute_infer: { count: 1 } } }
    expect((await ask(handler, get('/v2/models/feels/stats'))).body).toMatchObject({ model_stats: [stats] })
    expect((await ask(handler, get('/v2/models/stats'))).body).toMatchObject({ model_stats: [stats] })
    const index = new Request('http://localhost/v2/repository/index', { method: 'POST' })
    expect((await ask(handler, index)).body).toEqual([{ name: 'feels', version: '3', state: 'READY', reason: '' }])
    expect((await ask(handler, post('/v2/repository/models/feels/unload', {}))).status).toBe(403)
  })

  it('are taken out of service and back by administrators', async () => {
    const token = 'correct-horse-battery'
    const handler = createHandler(feelsPredictor(), { protocols: [openInferenceProtocol()], admin: { token } })
    const admin = { authorization: `Bearer ${token}` }
    expect((await ask(handler, post('/v2/repository/models/feels/unload', {}))).status).toBe(401)
    expect((await ask(handler, post('/v2/repository/models/feels/unload', {}, admin))).body).toEqual({ name: 'feels', load: false })
    expect((await ask(handler, post('/v2/models/feels/infer', { inputs: [celsius([1, 2])] }))).status).toBe(503)
    expect((await ask(handler, post('/predict', { rows: [{ celsius: 1 }] }))).status).toBe(503)
    expect((await ask(handler, get('/v2/models/feels/ready'))).status).toBe(503)
    expect((await ask(handler, post('/v2/repository/index', { ready: true }))).body).toEqual([])
    expect((await ask(handler, post('/v2/repository/models/feels/load', {}, admin))).body).toEqual({ name: 'feels', load: true })
    expect((await ask(handler, post('/predict', { rows: [{ celsius: 1 }] }))).status).toBe(200)
    expect((await ask(handler, post('/v2/repository/models/other/load', {}, admin))).status).toBe(404)
  })
})
