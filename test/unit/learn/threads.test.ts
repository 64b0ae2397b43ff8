/** Fits on real threads of Node: the same models and scores as on one. */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../../src/core/hash'
import { createRng } from '../../../src/core/random'
import { ProgramThread } from '../../../src/core/threads'
import { fromColumns } from '../../../src/dataset/create'
import { select } from '../../../src/dataset/select'
import {
  chain,
  crossValidate,
  crossValPredict,
  type FittedModel,
  gradientBoostingClassifier,
  gridSearch,
  kNeighborsClassifier,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
} from '../../../src/learn'

const rng = createRng(8)
const x = Array.from({ length: 400 }, () => rng.normal())
const z = Array.from({ length: 400 }, (_, i) => (i % 9 === 0 ? null : rng.normal()))
const table = fromColumns({
  x,
  z,
  kind: x.map((_, i) => ['a', 'b', 'c'][i % 3] as string),
  label: x.map((value, i) => (value + (i % 3) > 1 ? 'yes' : i % 7 === 0 ? 'maybe' : 'no')),
  number: x.map((value, i) => value * 2 + (z[i] ?? 0) + rng.normal()),
})
/** The files of a packed model. */
function digests(model: FittedModel): string[] {
  return Object.values(model.pack().files).map((bytes) => sha256Hex(bytes))
}

const forLabel = select(table, ['x', 'z', 'label'])
const forNumber = select(table, ['x', 'z', 'number'])

// The program is bundled when it is first imported.
beforeAll(() => import('../../../src/learn/threads/fit-program'))

describe('a forest on threads', () => {
  it.each([1, 2])('is the same as on one, with %i of them', async (workers) => {
    for (const options of [
      {},
      { classWeight: 'balancedSubsample' as const, oobScore: true },
      { criterion: 'entropy' as const, maxDepth: 3 },
    ]) {
      const model = randomForestClassifier({ nEstimators: 11, seed: 5, ...options })
      const alone = model.fit(forLabel, { target: 'label' })
      const ask = vi.spyOn(ProgramThread.prototype, 'ask')
      const together = await model.fitAsync(forLabel, { target: 'label', workers })
      expect(digests(together)).toEqual(digests(alone))
      // The forest goes to every thread, and each grows trees of it.
      expect(new Set(ask.mock.contexts).size).toBe(workers)
      expect(ask.mock.calls.filter(([message]) => 'run' in message).length).toBeGreaterThanOrEqual(workers)
      ask.mockRestore()
    }
    const model = randomForestRegressor({ nEstimators: 9, seed: 5, oobScore: true })
    const together = await model.fitAsync(forNumber, { target: 'number', workers })
    expect(digests(together)).toEqual(digests(model.fit(forNumber, { target: 'number' })))
  })

  it('reports progress up to the end, and stops when told to', async () => {
    const done: number[] = []
    const model = randomForestClassifier({ nEstimators: 30 })
    await model.fitAsync(forLabel, { target: 'label', workers: 1, onProgress: (event) => done.push(event.done) })
    expect(done.at(-1)).toBe(30)
    const controller = new AbortController()
    const fit = randomForestClassifier({ nEstimators: 3000 }).fitAsync(forLabel, {
      target: 'label',
      workers: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(fit).rejects.toThrow('enough')
  })

  it('refuses a number of threads that is none', async () => {
    const fit = randomForestClassifier().fitAsync(forLabel, { target: 'label', workers: -1 })
    await expect(fit).rejects.toThrow(/workers/)
  })
})

describe('folds on threads', () => {
  const models = {
    'boosted trees with categories': gradientBoostingClassifier({ nEstimators: 8 }),
    'a chain with a forest': chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 6 })]),
    'neighbours, which are not worth a thread': chain([oneHotEncoder(), kNeighborsClassifier()]),
  }
  const data = fromColumns({ x, kind: table.column('kind').toArray() as string[], label: table.column('label').toArray() as string[] })

  it.each(Object.entries(models))('score as one after another: %s', async (name, model) => {
    const options = { target: 'label', folds: 4, scoring: ['accuracy', 'logLoss'], returnTrainScores: true } as const
    const alone = await crossValidate(model, data, options)
    const ask = vi.spyOn(ProgramThread.prototype, 'ask')
    const together = await crossValidate(model, data, { ...options, workers: 2 })
    expect(ask.mock.calls.length > 0).toBe(!name.startsWith('neighbours'))
    ask.mockRestore()
    expect(together.logLoss).toEqual(alone.logLoss)
    expect(together.accuracy).toEqual(alone.accuracy)
  })

  it('serve searches and out-of-fold predictions, too', async () => {
    const model = gradientBoostingClassifier({ nEstimators: 5 })
    const predicted = await crossValPredict(model, data, { target: 'label', folds: 3, workers: 2 })
    expect(predicted).toEqual(await crossValPredict(model, data, { target: 'label', folds: 3 }))
    const search = { target: 'label', folds: 3, params: { maxLeafNodes: [3, 7] }, pruning: true, scoring: ['logLoss'] } as const
    const [alone, together] = [await gridSearch(model, data, search), await gridSearch(model, data, { ...search, workers: 2 })]
    expect(together.trials.map(({ score, status }) => [score, status])).toEqual(alone.trials.map(({ score, status }) => [score, status]))
  })

  it('stop when told to, and throw what a fit throws', async () => {
    const controller = new AbortController()
    const folds = crossValidate(gradientBoostingClassifier({ nEstimators: 2000 }), data, {
      target: 'label',
      workers: 1,
      signal: controller.signal,
    })
    controller.abort(new Error('enough'))
    await expect(folds).rejects.toThrow('enough')
    const refused = crossValidate(gradientBoostingClassifier({ categoricalFeatures: ['nothing'] }), data, { target: 'label', workers: 2 })
    await expect(refused).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('are fitted by the calling thread where there are no threads', async () => {
    vi.resetModules()
    vi.doMock('../../../src/learn/threads/fit-program', () => ({ program: undefined }))
    const fresh = await import('../../../src/learn')
    const model = fresh.randomForestClassifier({ nEstimators: 5, seed: 2 })
    const fitted = await model.fitAsync(forLabel, { target: 'label', workers: 2 })
    expect(digests(fitted)).toEqual(digests(model.fit(forLabel, { target: 'label' })))
    const scores = await fresh.crossValidate(model, forLabel, { target: 'label', folds: 3, workers: 2 })
    expect(scores.accuracy).toEqual((await fresh.crossValidate(model, forLabel, { target: 'label', folds: 3 })).accuracy)
    vi.doUnmock('../../../src/learn/threads/fit-program')
  })
})
