import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { linearRegression } from '../../../src/learn'
import { createHandler, mlflowProtocol, tensorflowProtocol } from '../../../src/serve'
import { feelsPredictor, get, post } from './helpers'

const handler = createHandler(feelsPredictor(), { protocols: [tensorflowProtocol(), mlflowProtocol({ parseCsv })] })
const ask = async (request: Request): Promise<{ status: number; body: unknown }> => {
  const response = await handler(request)
  return { status: response.status, body: await response.json() }
}

describe('the protocol of TensorFlow Serving', () => {
  it('takes rows and columns, as objects, lists and base64', async () => {
    const row = [30, 'Oslo', null, null, null]
    for (const instances of [[{ celsius: 30, place: 'Oslo' }], [row], [{ celsius: [30], place: { b64: btoa('Oslo') } }]])
      expect(await ask(post('/v1/models/feels:predict', { instances, signature_name: 'serving_default' }))).toEqual({
        status: 200,
        body: { predictions: ['hot'] },
      })
    expect(await ask(post('/v1/models/feels/versions/3:predict', { inputs: { celsius: [30, 3] } }))).toEqual({
      status: 200,
      body: { outputs: ['hot', 'cold'] },
    })
    expect((await ask(post('/v1/models/feels/labels/stable:predict', { instances: [{ celsius: 3 }] }))).status).toBe(200)
    const one = createHandler(linearRegression().fit(parseCsv('x,y\n1,2\n2,4\n'), { target: 'y' }), { protocols: [tensorflowProtocol()] })
    const answers = await Promise.all(
      [{ instances: [1, [2]] }, { inputs: [1, 2] }].map(async (body) => (await one(post('/v1/models/model:predict', body))).json()),
    )
    expect(answers).toEqual([
      { predictions: [expect.closeTo(2, 6), expect.closeTo(4, 6)] },
      { outputs: [expect.closeTo(2, 6), expect.closeTo(4, 6)] },
    ])
  })

  it('describes models', async () => {
    expect((await ask(get('/v1/models'))).body).toEqual({ models: ['feels'] })
    expect((await ask(get('/v1/models/feels'))).body).toMatchObject({
      model_version_status: [{ version: '3', state: 'AVAILABLE' }],
      ready: true,
    })
    expect((await ask(get('/v1/models/feels/versions/3/metadata'))).body).toMatchObject({
      model_spec: { name: 'feels', version: '3' },
      metadata: {
        signature_def: {
          signature_def: { serving_default: { inputs: { celsius: { dtype: 'DT_DOUBLE' }, place: { dtype: 'DT_STRING' } } } },
        },
      },
    })
  })

  it('refuses other verbs, models, versions and forms', async () => {
    const cases: [string, object, number][] = [
      ['/v1/models/feels:classify', { instances: [{ celsius: 1 }] }, 405],
      ['/v1/models/other:predict', { instances: [] }, 404],
      ['/v1/models/feels/versions/4:predict', { instances: [] }, 404],
      ['/v1/models/feels:predict', {}, 400],
      ['/v1/models/feels:predict', { instances: [], inputs: {} }, 400],
      ['/v1/models/feels:predict', { instances: [[1]] }, 400],
      ['/v1/models/feels:predict', { instances: [{ celsius: 'warm' }] }, 400],
      ['/v1/models/feels:predict', { inputs: { celsius: [1], place: [] } }, 400],
      ['/v1/models/feels:predict', { instances: [{ celsius: 1, place: { b64: '%' } }] }, 400],
    ]
    for (const [path, body, status] of cases) expect(await ask(post(path, body)), path + JSON.stringify(body)).toMatchObject({ status })
  })
})

describe("MLflow's CSV", () => {
  const csv = (body: string, type = 'text/csv'): Request =>
    new Request('http://localhost/invocations', { method: 'POST', headers: { 'content-type': type }, body })

  it('is read with a header line', async () => {
    expect(await ask(csv('celsius,place\n30,Oslo\n3,\n'))).toEqual({ status: 200, body: { predictions: ['hot', 'cold'] } })
    expect(await ask(csv('celsius\n30\n', 'text/csv; charset=utf-8'))).toMatchObject({ status: 200 })
  })

  it('is refused where it does not fit, and without a reader', async () => {
    expect(await ask(csv('place\nOslo\n'))).toMatchObject({ status: 400, body: { error_code: 'BAD_REQUEST' } })
    expect(await ask(csv('celsius\n"30\n'))).toMatchObject({ status: 400, body: { message: expect.stringContaining('CSV') } })
    const without = createHandler(feelsPredictor(), { protocols: [mlflowProtocol()] })
    expect((await without(csv('celsius\n30\n'))).status).toBe(415)
  })
})
