/** What `Predictor.of`, `createHandler` and `serve` take for a model, and what they say to the rest. */
import { describe, expect, it } from 'vitest'
import { onnxModel } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { chain, linearRegression, randomForestClassifier, simpleImputer } from '../../../src/learn'
import { Predictor } from '../../../src/predictor'
import { tableFromRows } from '../../../src/schema/table'
import { createHandler } from '../../../src/serve'
import { serve } from '../../../src/serve/serve'
import { post } from '../serve/helpers'
import { watchedModel } from './helpers'

const train = tableFromRows(
  Array.from({ length: 40 }, (_, i) => ({ delay: i, carrier: i % 2 ? 'UA' : 'DL', late: i > 20, minutes: 2 * i + 1 })),
)
const classifier = chain([simpleImputer(), randomForestClassifier({ nEstimators: 3, seed: 1 })])

describe('a fitted model', () => {
  it('is a predictor at once, with the signature of its training data', async () => {
    const table = tableFromRows(Array.from({ length: 40 }, (_, i) => ({ delay: i, late: i > 20 })))
    const fitted = classifier.fit(table, { target: 'late' })
    const predictor = Predictor.of(fitted, { name: 'late', version: '2' })
    expect(predictor.signature).toEqual(fitted.signature)
    const [early, late] = await predictor.predict([{ delay: 1 }, { delay: 39 }])
    expect([early?.prediction, late?.prediction]).toEqual([false, true])
    expect(Object.keys(early?.probabilities ?? {})).toEqual(['false', 'true'])
    expect(String(predictor)).toBe('Predictor: late@2 (classification, 1 columns), 2 rows answered')
    await expect(predictor.predict([{ dealy: 1 }])).rejects.toMatchObject({
      code: 'SchemaMismatch',
      issues: [{ code: 'missing' }, { code: 'unknown-column' }],
    })
    await predictor.close()
    // The fitted model is still there for others.
    expect((await Predictor.of(fitted).predictOne({ delay: 39 })).prediction).toBe(true)
  })

  it('of numbers gives numbers', async () => {
    const table = tableFromRows(Array.from({ length: 20 }, (_, i) => ({ delay: i, minutes: 2 * i + 1 })))
    const predictor = Predictor.of(linearRegression().fit(table, { target: 'minutes' }))
    expect((await predictor.predictOne({ delay: 100 })).prediction).toBeCloseTo(201, 6)
  })

  it('is served at once, alone or by name', async () => {
    const table = tableFromRows(Array.from({ length: 20 }, (_, i) => ({ delay: i, minutes: 2 * i + 1 })))
    const fitted = linearRegression().fit(table, { target: 'minutes' })
    const one = (await (await createHandler(fitted)(post('/predict', { delay: 1 }))).json()) as Record<string, unknown>
    expect(one).toMatchObject({ model: 'model', version: '0' })
    const named = createHandler({ models: { minutes: fitted, other: Predictor.of(watchedModel()) } })
    expect(await (await named(post('/models/minutes/predict', { delay: 1 }))).json()).toMatchObject({ model: 'minutes' })
    const server = await serve(fitted, { port: 0 })
    expect(String(server)).toBe(`NodeServer: ${server.url}`)
    const response = await fetch(`${server.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"delay":100}',
    })
    expect(response.status).toBe(200)
    await server.close()
    expect(String(server)).toBe(`NodeServer: ${server.url}, closed`)
  })

  it('is closed with the server that made its predictor; a predictor that was handed in is not', async () => {
    const mine = watchedModel()
    const theirs = Predictor.of(watchedModel())
    const server = await serve({ models: { mine, theirs } }, { port: 0 })
    await server.close()
    await server.closed
    await new Promise((resolve) => setImmediate(resolve))
    expect([mine.disposed(), theirs.closed]).toEqual([1, false])
  })
})

describe('what is no model', () => {
  const onnx = (): unknown => Object.assign(Object.create({}), { pack: onnxModel })
  const cases: [string, () => unknown, string][] = [
    ['a promise', () => Promise.resolve(1), 'got a promise in place of a model: did you forget `await`?'],
    ['an estimator', () => classifier, 'needs a model that is fitted, got one that is not: call its `fit` and hand in what that gives'],
    ['a packable model', onnx, 'got a model that a runtime must open first'],
    ['a function', () => () => 1, 'got a function in place of a model'],
    ['a table', () => train, 'needs a model (a fitted model, a functionModel, or what a runtime has loaded), got an object ('],
    ['nothing', () => undefined, 'needs a model (a fitted model, a functionModel, or what a runtime has loaded), got undefined'],
  ]

  it.each(cases)('%s', async (_, make, message) => {
    expect(() => Predictor.of(make() as never)).toThrow(`Predictor.of ${message}`)
    expect(() => createHandler(make() as never)).toThrow(`createHandler ${message}`)
    await expect(serve(make() as never)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(`serve ${message}`),
    })
    expect(() => createHandler({ models: { a: make() as never } })).toThrow(`the model "a" of createHandler ${message}`)
  })

  it('a predictor is used as it is, and not when it is closed', async () => {
    const predictor = Predictor.of(watchedModel())
    expect(() => Predictor.of(predictor as never)).toThrow('Predictor.of got a predictor, which needs no other around it: use it as it is')
    await predictor.close()
    await expect(serve(predictor, { port: 0 })).rejects.toMatchObject({
      code: 'InvalidState',
      message: 'cannot serve model@0: the predictor is closed',
    })
  })

  it('Predictor.load says what it needs', async () => {
    const load = Predictor.load as (...given: unknown[]) => Promise<unknown>
    await expect(load(Promise.resolve(), 'a@1')).rejects.toThrow(
      'Predictor.load got a promise in place of a registry: did you forget `await`?',
    )
    await expect(load(watchedModel(), 'a@1')).rejects.toThrow('Predictor.load needs a registry, got an object (')
    await expect(load({ openModel: () => {} }, 7)).rejects.toThrow(
      'Predictor.load needs a reference such as "flights@champion" or "flights@3", got 7',
    )
  })

  it('options that do not exist are refused', async () => {
    const predictor = Predictor.of(watchedModel())
    expect(() => Predictor.of(watchedModel(), { nmae: 'x' } as never)).toThrow(
      '`nmae` is not an option of Predictor.of; it has name, version',
    )
    expect(() => Predictor.of(watchedModel(), { name: '' })).toThrow('`name` of Predictor.of must be a non-empty string')
    expect(() => predictor.swap(watchedModel(), { version: '2', nam: 'x' } as never)).toThrow('`nam` is not an option of swap')
    await expect(predictor.predictOne({ x: 1 }, { timeout: 1 } as never)).rejects.toThrow('`timeout` is not an option of predict')
    await expect(serve(predictor, { prot: 1 } as never)).rejects.toThrow(/`prot` is not an option of serve; it has title, basePath, .*port/)
    expect(() => createHandler({ models: { a: predictor }, title: 'x' } as never)).toThrow('got also "title"')
  })
})
