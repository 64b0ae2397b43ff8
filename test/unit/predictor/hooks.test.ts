import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { gradientBoostingClassifier, randomForestClassifier, randomForestRegressor, shapExplainer, shapValues } from '../../../src/learn'
import { Predictor } from '../../../src/predictor'
import { tableFromRows } from '../../../src/schema/table'
import { packed, settle, sourceOf, watchedModel } from './helpers'

describe('preprocess and postprocess', () => {
  it('change the rows before the check and the answers after the model, and keep the ids', async () => {
    const events: unknown[] = []
    const predictor = Predictor.of(watchedModel(), {
      name: 'f',
      version: '7',
      preprocess: (rows, { model, version }) => {
        expect([model, version]).toEqual(['f', '7'])
        return (rows as { celsius: number }[]).map(({ celsius }) => ({ x: celsius + 1 }))
      },
      postprocess: async (predictions) => predictions.map((one) => ({ ...one, id: 'lost', prediction: `${one.prediction} degrees` })),
    })
    predictor.on('prediction', ({ input, prediction }) => events.push([input, prediction]))
    expect(await predictor.predict([{ celsius: 1 }, { celsius: 2 }], { ids: ['a', 'b'] })).toEqual([
      { id: 'a', prediction: '4 degrees' },
      { id: 'b', prediction: '6 degrees' },
    ])
    expect(events).toEqual([
      [{ x: 2 }, '4 degrees'],
      [{ x: 3 }, '6 degrees'],
    ])
  })

  it('fail the call as the model would, and say which of them it was', async () => {
    const failing = Predictor.of(watchedModel(), {
      preprocess: () => {
        throw new Error('no lookup')
      },
    })
    await expect(failing.predictOne({ x: 1 })).rejects.toMatchObject({ code: 'Internal', message: /`preprocess` of model@0 .*no lookup/ })
    const short = Predictor.of(watchedModel(), { postprocess: () => [] })
    await expect(short.predictOne({ x: 1 })).rejects.toMatchObject({ code: 'Internal', message: /must return 1 rows.*returned 0/ })
    expect(failing.stats().failed).toBe(1)
  })
})

describe('explain', () => {
  const table = parseCsv('a,b,y\n1,5,p\n2,1,p\n8,2,q\n9,4,q\n3,3,p\n7,1,q\n')

  it('gives the SHAP values of the predicted class', async () => {
    const fitted = randomForestClassifier({ nEstimators: 7, seed: 1 }).fit(table, { target: 'y' })
    const predictor = Predictor.of(fitted, { explain: shapExplainer(fitted, { background: table }), cache: {} })
    const rows = [
      { a: 2, b: 2 },
      { a: 8, b: 3 },
    ]
    const answers = await predictor.predict(rows, { explain: true })
    const { features, values, baseValues, outputs } = shapValues(fitted, rows, { background: table })
    answers.forEach(({ prediction, probabilities, explanation }, row) => {
      const k = fitted.classes?.indexOf(prediction as string) as number
      expect(explanation?.output).toBe(prediction)
      expect(explanation?.baseValue).toBe(baseValues[k])
      expect(explanation?.contributions).toEqual(
        Object.fromEntries(features.map((name, j) => [name, values[(row * features.length + j) * outputs + k]])),
      )
      const sum = Object.values(explanation?.contributions ?? {}).reduce((total, value) => total + value, explanation?.baseValue ?? 0)
      expect(sum).toBeCloseTo(probabilities?.[String(prediction)] as number, 10)
    })
    // Answers without `explain` have none, also from the cache.
    expect((await predictor.predict(rows))[0]).not.toHaveProperty('explanation')
  })

  it('explains scores of two classes as those of the second, and numbers as they are', async () => {
    const boosted = gradientBoostingClassifier({ nEstimators: 3, seed: 1 }).fit(table, { target: 'y' })
    const [answer] = await Predictor.of(boosted, { explain: shapExplainer(boosted, { background: table }) }).predict([{ a: 1, b: 1 }], {
      explain: true,
    })
    expect(answer?.explanation?.output).toBe('q')
    const numbers = tableFromRows([1, 2, 3, 4, 5, 6].map((x) => ({ x, y: 3 * x })))
    const regressor = randomForestRegressor({ nEstimators: 3, seed: 1 }).fit(numbers, { target: 'y' })
    const [number] = await Predictor.of(regressor, { explain: shapExplainer(regressor, { background: numbers }) }).predict([{ x: 2 }], {
      explain: true,
    })
    expect(number?.explanation?.output).toBe('prediction')
    expect((number?.explanation?.baseValue ?? 0) + (number?.explanation?.contributions.x ?? 0)).toBeCloseTo(
      number?.prediction as number,
      10,
    )
  })

  it('is refused where nobody can explain', async () => {
    await expect(Predictor.of(watchedModel()).predict([{ x: 1 }], { explain: true })).rejects.toMatchObject({ code: 'Unsupported' })
    expect(() => shapExplainer({} as never, { background: table })).toThrow(/fitted model/)
  })
})

describe('explain, of answers given before', () => {
  const table = parseCsv('a,b,y\n1,5,p\n2,1,p\n8,2,q\n9,4,q\n3,3,p\n7,1,q\n')
  const fitted = randomForestClassifier({ nEstimators: 5, seed: 1 }).fit(table, { target: 'y' })
  const explain = shapExplainer(fitted, { background: table })
  const rows = [
    { a: 1, b: 5 },
    { a: 9, b: 4 },
  ]

  it('gives what the call with `explain` gives, without predicting again', async () => {
    const predictor = Predictor.of(fitted, { explain })
    const answers = await predictor.predict(rows, { explain: true })
    const { batches } = predictor.stats()
    expect(batches).toBe(1)
    expect(await predictor.explain(rows, answers)).toEqual(answers.map(({ explanation }) => explanation))
    expect(await predictor.explain([], [])).toEqual([])
    expect(predictor.stats().batches).toBe(batches)
    expect(predictor.explainsAnswers).toBe(true)
  })

  it('refuses a label that is none of the classes, which it took for the first class', async () => {
    const boosted = gradientBoostingClassifier({ nEstimators: 2, seed: 1 }).fit(table, { target: 'y' })
    for (const predictor of [
      Predictor.of(fitted, { explain }),
      Predictor.of(boosted, { explain: shapExplainer(boosted, { background: table }) }),
    ]) {
      await expect(predictor.explain(rows, [{ prediction: 'q' }, { prediction: 1 }])).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: 'shapExplainer explains the classes "p", "q" of its model, got the label 1',
      })
    }
  })

  it('refuses answers that `postprocess` has changed, and explains those of a call', async () => {
    const predictor = Predictor.of(fitted, {
      explain,
      postprocess: (answers) => answers.map((one) => ({ ...one, prediction: one.prediction === 'p' ? 'q' : 'p' })),
    })
    const answers = await predictor.predict(rows, { explain: true })
    expect(answers.map(({ prediction, explanation }) => [prediction, explanation?.output])).toEqual([
      ['q', 'p'],
      ['p', 'q'],
    ])
    await expect(predictor.explain(rows, answers)).rejects.toMatchObject({ code: 'Unsupported', message: /`postprocess` has changed/ })
    expect([predictor.explains, predictor.explainsAnswers]).toEqual([true, false])
    // A hint to ask for explanations with the answers would lead nowhere.
    const without = Predictor.of(fitted, { postprocess: (given) => given })
    await expect(without.explain(rows, answers)).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringContaining('cannot explain its predictions'),
      hint: expect.stringContaining('shapExplainer'),
    })
  })

  it.each([
    ['no answers', rows, undefined, 'needs the answers to the rows, as `predict` gave them: an array, got undefined'],
    ['fewer answers', rows, [{ prediction: 'p' }], 'one for each of the 2 rows, got 1'],
    ['more answers', [], [{ prediction: 'p' }], 'one for each of the 0 rows, got 1'],
    ['labels in place of answers', rows, ['p', 'q'], 'objects with `prediction`, got "p" at 0'],
    ['a row in place of rows', rows[0], [{ prediction: 'p' }], 'must be an array of rows or a table'],
    ['no rows', undefined, [], 'must be an array of rows or a table, got undefined'],
    ['too many rows', [...rows, ...rows], [], 'takes at most 3 rows, got 4'],
  ])('refuses %s', async (_, input, answers, message) => {
    const predictor = Predictor.of(fitted, { explain, limits: { maxRowsPerCall: 3 } })
    await expect(predictor.explain(input as never, answers as never)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    })
  })
})

describe('warmUp', () => {
  it('runs the example before the first call, and does not use a model that fails on it', async () => {
    const seen: unknown[] = []
    const { functionRuntime } = await import('../../../src/adapters/function/function-runtime')
    const run = ({ x }: Record<string, unknown>): number => {
      seen.push(x)
      if (x === 13) throw new Error('13 brings bad luck')
      return Number(x)
    }
    const runtimes = [functionRuntime({ functions: { f: run } })]
    const source = sourceOf({ 1: packed(run), 2: packed(run) }, { champion: '1' })
    let example: { x: number } | undefined = { x: 5 }
    const withExample = { openModel: async (reference: string) => ({ ...(await source.openModel(reference)), example }) }
    const predictor = await Predictor.load(withExample, 'f@champion', { runtimes, warmUp: true, batch: { maxSize: 3 } })
    expect(seen).toEqual([5, 5, 5, 5])
    example = { x: 13 }
    await expect(Predictor.load(withExample, 'f@2', { runtimes, warmUp: true })).rejects.toThrow(/bad luck/)
    example = undefined
    await Predictor.load(withExample, 'f@2', { runtimes, warmUp: true })
    expect(seen.at(-1)).toBe(0)
    await settle()
    expect(predictor.stats().requests).toBe(0)
  })
})
