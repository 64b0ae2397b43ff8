/** Explanations over HTTP: of a model, of what cannot explain, and of models that share traffic, each by the model that answered. */
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { randomForestClassifier, shapExplainer } from '../../../src/learn'
import type { LoadedModel } from '../../../src/ports/model'
import { Predictor } from '../../../src/predictor'
import { createHandler } from '../../../src/serve'
import { manualClock } from '../../../src/testing/manual-clock'
import { createAbTest, createBandit, createCanary, createShadow } from '../../../src/traffic'
import { classifier, unitsOf, variantOf } from '../traffic/helpers'
import { post } from './helpers'

/** A predictor whose explanations name it. */
const explained = (name: string): Predictor =>
  Predictor.of(classifier(0.5), {
    ...{ name, version: '1' },
    explain: (input, predictions) =>
      predictions.map((prediction, i) => ({
        output: `${name}: ${prediction}`,
        baseValue: 0,
        contributions: { x: Number(input.column('x').at(i)) },
      })),
  })

describe('explain over HTTP', () => {
  it('gives the contributions of every column, and says so where nobody can', async () => {
    const train = parseCsv('delay,wind,late\n1,9,no\n3,8,no\n40,2,yes\n50,1,yes\n')
    const fitted = randomForestClassifier({ nEstimators: 5, seed: 1 }).fit(train, { target: 'late' })
    const body = { rows: [{ delay: 45, wind: 2 }], explain: true }
    const predictor = Predictor.of(fitted, { explain: shapExplainer(fitted, { background: train }) })
    const answer = await createHandler(predictor)(post('/predict', body))
    const { predictions } = (await answer.json()) as { predictions: { explanation: { output: string; contributions: object } }[] }
    expect(predictions[0]?.explanation).toMatchObject({
      output: 'yes',
      contributions: { delay: expect.any(Number), wind: expect.any(Number) },
    })
    const refused = await createHandler(fitted)(post('/predict', body))
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'cannot-explain' }])
  })
})

describe('explanations of models that share traffic', () => {
  const rows = unitsOf(60).map((user, i) => ({ x: i / 60, user }))
  const clock = manualClock()

  it.each([
    [
      'an A/B test',
      () =>
        createAbTest({
          name: 't',
          arms: { a: explained('a'), b: explained('b'), c: explained('c') },
          key: 'user',
          metrics: { m: { kind: 'share', minimumEffect: 0.1 } },
          clock,
        }),
    ],
    ['a bandit', () => createBandit({ name: 'b', arms: { a: explained('a'), b: explained('b') }, key: 'user', seed: 1, clock })],
    [
      'a canary',
      () =>
        createCanary({
          name: 'c',
          stable: explained('stable'),
          candidate: explained('candidate'),
          key: 'user',
          steps: [{ weight: 0.5 }],
          clock,
        }),
    ],
  ] as const)('%s gives those of the model that answered', async (_, make) => {
    const predictor = Predictor.of(await make())
    const answers = await predictor.predict(rows, { explain: true })
    expect(answers.map(({ explanation }) => explanation)).toEqual(
      answers.map((answer, i) => ({ output: `${variantOf(answer)}: ${answer.prediction}`, baseValue: 0, contributions: { x: i / 60 } })),
    )
    expect(new Set(answers.map(variantOf)).size).toBeGreaterThan(1)
    // Also of answers given before, which say by whom; labels alone do not.
    expect(await predictor.explain(rows, answers)).toEqual(answers.map(({ explanation }) => explanation))
    await expect(
      predictor.explain(
        rows,
        answers.map(({ prediction }) => ({ prediction })),
      ),
    ).rejects.toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining('`variant`') })
    await predictor.close()
  })

  it('are refused where a model changes its answers by `postprocess`', async () => {
    const swapped = Predictor.of(classifier(0.5), { explain: () => [], postprocess: (answers) => answers })
    const test = await createAbTest({
      ...{ name: 't', arms: { a: explained('a'), b: swapped }, key: 'user', clock },
      metrics: { m: { kind: 'share', minimumEffect: 0.1 } },
    })
    const answer = await createHandler(test)(post('/predict', { rows: [{ x: 1, user: 'u' }], explain: true }))
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'cannot-explain' }])
    await test.dispose()
  })

  it('a shadow gives those of the primary', async () => {
    const predictor = Predictor.of(createShadow({ primary: explained('primary'), candidate: classifier(0.9), clock }))
    const [answer] = await predictor.predict([{ x: 0.75 }], { explain: true })
    expect(answer?.explanation).toMatchObject({ output: 'primary: yes', contributions: { x: 0.75 } })
    await predictor.close()
  })

  const abTest = () =>
    createAbTest({
      ...{ name: 't', arms: { a: explained('a'), b: explained('b') }, key: 'user', clock },
      metrics: { m: { kind: 'share', minimumEffect: 0.1 } },
    })

  it('a shadow of an A/B test gives those of the arm that answered, and keeps its name', async () => {
    const test = await abTest()
    const shadow = createShadow({ primary: test, candidate: classifier(0.9), clock })
    expect(shadow.signature).toEqual(Predictor.of(test).signature)
    const answer = await createHandler(shadow)(post('/predict', { rows, explain: true }))
    expect(answer.status).toBe(200)
    const { predictions } = (await answer.json()) as { predictions: { prediction: string; outputs: object; explanation: object }[] }
    expect(predictions.map(({ outputs }) => outputs)).toEqual(rows.map(({ user }) => ({ variant: test.variantOf(user) })))
    expect(predictions.map(({ explanation }) => explanation)).toMatchObject(
      rows.map(({ user }, i) => ({ output: `${test.variantOf(user)}: ${predictions[i]?.prediction}` })),
    )
    await shadow.dispose()
  })

  it.each([
    ['a canary', (test: LoadedModel) => createCanary({ name: 'c', stable: test, candidate: explained('candidate'), clock })],
    ['a canary beside it', (test: LoadedModel) => createCanary({ name: 'c', stable: explained('stable'), candidate: test, clock })],
    [
      'a canary with its shadow',
      (test: LoadedModel) =>
        createCanary({
          name: 'c',
          stable: createShadow({ primary: test, candidate: classifier(0.9), clock }),
          candidate: explained('candidate'),
          clock,
        }),
    ],
  ] as const)('are refused of %s around an A/B test: both name an arm by `variant`', async (_, make) => {
    const outer = await make(await abTest())
    const body = { rows: [{ x: 1, user: 'u' }] }
    const refused = await createHandler(outer)(post('/predict', { ...body, explain: true }))
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'cannot-explain' }])
    const answer = await createHandler(outer)(post('/predict', body))
    expect(await answer.json()).toMatchObject({ predictions: [{ outputs: { variant: expect.stringMatching(/^(stable|candidate)$/) } }] })
    await outer.dispose()
  })

  it('are refused where one of the models cannot explain', async () => {
    const canary = await createCanary({ name: 'c', stable: explained('stable'), candidate: classifier(0.5), clock })
    const answer = await createHandler(canary)(post('/predict', { rows: [{ x: 1 }], explain: true }))
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'cannot-explain' }])
    await canary.dispose()
  })
})
