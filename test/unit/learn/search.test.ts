import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import {
  chain,
  choice,
  type Estimator,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  gridSearch,
  int,
  lassoRegression,
  linearRegression,
  logisticRegression,
  logUniform,
  optimize,
  randomForestClassifier,
  randomSearch,
  ridgeRegression,
  type SearchTrials,
  simpleImputer,
  standardScaler,
  successiveHalving,
  tpeSearch,
  trialsTable,
  uniform,
  withOptions,
} from '../../../src/learn'
import { createBareTracker } from '../../../src/run'
import { goldenSet } from './data'

const iris = goldenSet('iris')
const model = chain([simpleImputer(), standardScaler(), logisticRegression({ maxIterations: 300, tolerance: 1e-5 })])
const forest = randomForestClassifier({ nEstimators: 3, seed: 1 })
const quiet = { ...console, warn: () => {} }
/** What two runs of one search must share. */
const facts = ({ trials, bestParams }: SearchTrials) => ({
  bestParams,
  trials: trials.map(({ number, params, status, score, reports }) => ({ number, params, status, score, reports })),
})

describe('withOptions', () => {
  it('changes options by the names that options lists', () => {
    const changed = withOptions(model, { 'simpleImputer.strategy': 'median', 'logisticRegression.c': 7 })
    expect(changed.options).toMatchObject({
      'simpleImputer.strategy': 'median',
      'logisticRegression.c': 7,
      'logisticRegression.maxIterations': 300,
    })
    expect(model.options['logisticRegression.c']).toBe(1)
    expect(withOptions(forest, { maxDepth: 3 }).options).toMatchObject({ maxDepth: 3, nEstimators: 3 })
    expect(withOptions(withOptions(forest, { maxDepth: 3 }), { maxDepth: null }).options.maxDepth).toBeUndefined()
  })

  it.each([
    [gradientBoostingClassifier(), { nEstimators: 5 }],
    [gradientBoostingRegressor({ loss: 'quantile', quantile: 0.9 }), { quantile: 0.1 }],
    [ridgeRegression(), { alpha: 2 }],
    [lassoRegression(), { alpha: 2 }],
  ])('changes every learner: %s', (estimator: Estimator, changes) => {
    expect(withOptions(estimator, changes).options).toEqual({ ...estimator.options, ...changes })
  })

  it('finds the second of two steps of one kind', () => {
    const twice = chain([standardScaler(), standardScaler(), linearRegression()])
    expect(withOptions(twice, { 'standardScaler2.withMean': false }).options).toMatchObject({
      'standardScaler.withMean': true,
      'standardScaler2.withMean': false,
    })
  })

  it.each([
    [{ 'forest.maxDepth': 3 }, /"forest.maxDepth" names no step|'forest.maxDepth' names no step/],
    [{ 'logisticRegression.depth': 3 }, /`depth` is not an option of logisticRegression/],
    [{ 'logisticRegression.c': -1 }, /`c` of logisticRegression must be/],
    [{ c: 1 }, /names no step/],
  ])('refuses %j', (changes, message) => {
    expect(() => withOptions(model as Estimator, changes)).toThrow(message)
  })
})

describe('gridSearch', () => {
  it('tries every combination, keeps the best, and fits it', async () => {
    const found = await gridSearch(model, iris, {
      target: 'target',
      folds: 3,
      params: { 'simpleImputer.strategy': ['mean', 'median'], 'logisticRegression.c': [1e-4, 1, 100] },
      scoring: ['accuracy', 'logLoss'],
      returnTrainScores: true,
    })
    expect(found.trials.map(({ params }) => Object.values(params))).toEqual([
      ['mean', 1e-4],
      ['mean', 1],
      ['mean', 100],
      ['median', 1e-4],
      ['median', 1],
      ['median', 100],
    ])
    const scores = found.trials.map(({ score }) => score)
    expect(found.bestScore).toBe(Math.max(...scores))
    expect(found.best.number).toBe(scores.indexOf(Math.max(...scores)))
    expect(found.best.scores.logLoss?.values).toHaveLength(3)
    expect(found.best.scores.accuracy?.train?.mean).toBeGreaterThan(0.9)
    expect(found.fitted?.options).toMatchObject(found.bestParams)
    expect(found.fitted?.predict(iris.numRows > 0 ? iris : [])).toHaveLength(iris.numRows)
    expect(String(found)).toContain('gridSearch: best accuracy')
    expect(trialsTable(found).columnNames).toEqual(
      [
        'number',
        'status',
        'simpleImputer.strategy',
        'logisticRegression.c',
        'mean_accuracy',
        'std_accuracy',
        'mean_logLoss',
        'std_logLoss',
      ].concat('score', 'seconds'),
    )
  })

  it('takes a function in place of names, and records trials that fail', async () => {
    const found = await gridSearch(({ depth }) => randomForestClassifier({ nEstimators: 2, maxFeatures: depth as number }), iris, {
      target: 'target',
      folds: 2,
      refit: false,
      params: { depth: [1, 9] },
    })
    expect(found.trials.map(({ status }) => status)).toEqual(['finished', 'failed'])
    expect(found.trials[1]?.error).toMatch(/there are only 4 features/)
    expect(found.fitted).toBeUndefined()
  })

  it('says why when every trial fails', async () => {
    const search = gridSearch(forest, iris, { target: 'target', folds: 2, params: { maxFeatures: [8, 9] } })
    await expect(search).rejects.toThrow(/none of 2 trials succeeded; trial 0: .*only 4 features/)
  })

  it.each([
    [{ params: { maxDepht: [1] } }, /`maxDepht` is not an option/],
    [{ params: {} }, /needs `params`/],
    [{ params: { maxDepth: uniform(1, 2) } }, /is a range of numbers/],
    [{ params: { maxDepth: [] } }, /at least one value/],
    [{ params: { maxDepth: int(1, 1000), minSamplesLeaf: int(1, 1000) } }, /1000000 combinations/],
    [{ params: { maxDepth: [1] }, concurency: 2 }, /`concurency` is not an option/],
  ])('refuses %j', async (options, message) => {
    await expect(gridSearch(forest, iris, { target: 'target', ...options } as never)).rejects.toThrow(message)
  })
})

describe('randomSearch', () => {
  const options = { target: 'target', folds: 2, seed: 5, logger: quiet, refit: false } as const

  it('gives the same trials for the same seed, and begins alike with more of them', async () => {
    const params = { 'logisticRegression.c': logUniform(1e-3, 1e3), 'simpleImputer.strategy': choice(['mean', 'median']) }
    const a = await randomSearch(model, iris, { ...options, params, trials: 4 })
    const b = await randomSearch(model, iris, { ...options, params, trials: 6, concurrency: 3 })
    expect(facts(b).trials.slice(0, 4)).toEqual(facts(a).trials)
    for (const { params: drawn } of b.trials) {
      expect(drawn['logisticRegression.c']).toBeGreaterThanOrEqual(1e-3)
      expect(drawn['logisticRegression.c']).toBeLessThanOrEqual(1e3)
    }
  })

  it('tries no combination twice where there are finitely many', async () => {
    const found = await randomSearch(forest, iris, { ...options, params: { maxDepth: int(1, 3), bootstrap: [true, false] }, trials: 50 })
    expect(new Set(found.trials.map(({ params }) => JSON.stringify(params))).size).toBe(6)
    expect(found.trials).toHaveLength(6)
  })
})

describe('distributions', () => {
  it('int keeps to its steps and ends', async () => {
    const found = await optimize(({ a, b }) => (a as number) + (b as number), {
      params: { a: int(2, 11, { step: 4 }), b: int(1, 100, { log: true }), c: uniform(0, 1) },
      trials: 300,
      sampler: 'random',
    })
    expect(new Set(found.trials.map(({ params }) => params.a))).toEqual(new Set([2, 6, 10]))
    const logs = found.trials.map(({ params }) => params.b as number)
    expect(logs.every((value) => Number.isInteger(value) && value >= 1 && value <= 100)).toBe(true)
    // Half of the logarithms are below 10.
    expect(logs.filter((value) => value < 10).length / logs.length).toBeGreaterThan(0.4)
  })

  it.each([
    [() => uniform(2, 1)],
    [() => logUniform(0, 1)],
    [() => int(0.5, 3)],
    [() => int(1, 8, { step: 2, log: true })],
    [() => choice([])],
  ])('refuses %s', (make) => {
    expect(make).toThrow(/takes|needs/)
  })
})

describe('trials', () => {
  const space = { x: uniform(-5, 5), y: int(-5, 5), kind: choice(['a', 'b']) }
  const bowl = ({ x, y, kind }: Readonly<Record<string, unknown>>) => (x as number) ** 2 + (y as number) ** 2 + (kind === 'a' ? 0 : 5)

  it('the estimate finds a bowl and the right choice', async () => {
    const found = await optimize(bowl, { params: space, trials: 60, seed: 3 })
    expect(found.bestScore).toBeLessThan(1.5)
    expect(found.bestParams.kind).toBe('a')
    const late = found.trials.slice(30).filter(({ params }) => params.kind === 'a').length
    expect(late).toBeGreaterThan(20)
  })

  it('a slow trial changes nothing: the same seed and concurrency give the same trials', async () => {
    const run = (order: number) =>
      optimize(
        async (params, { number }) => {
          // The first of each pair gives way to the other in one of the runs.
          for (let i = 0; i < ((number + order) % 2) * 20; i++) await Promise.resolve()
          return bowl(params)
        },
        { params: space, trials: 30, concurrency: 3, seed: 9 },
      )
    expect(facts(await run(0))).toEqual(facts(await run(1)))
  })

  it('the median rule stops what is worse than half of those before', async () => {
    const steps: number[] = []
    const found = await optimize(
      ({ x }, trial) => {
        for (let step = 1; step <= 5; step++) if (trial.report((x as number) / step)) return Number.NaN
        steps.push(trial.number)
        return x as number
      },
      { params: { x: uniform(0, 1) }, trials: 40, sampler: 'random', pruning: { startupTrials: 4, warmupSteps: 1 }, seed: 2 },
    )
    const pruned = found.trials.filter(({ status }) => status === 'pruned')
    expect(pruned.length).toBeGreaterThan(8)
    expect(pruned.every(({ reports, number }) => reports.length === 2 && number >= 4)).toBe(true)
    expect(found.trials.filter(({ status }) => status === 'finished').map(({ number }) => number)).toEqual(steps)
    expect(found.best.status).toBe('finished')
  })

  it('prunes folds of hopeless options', async () => {
    const found = await tpeSearch(model, iris, {
      target: 'target',
      folds: 4,
      scoring: ['logLoss'],
      trials: 14,
      startupTrials: 5,
      params: { 'logisticRegression.c': logUniform(1e-6, 100) },
      pruning: { startupTrials: 3 },
      logger: quiet,
    })
    const pruned = found.trials.filter(({ status }) => status === 'pruned')
    expect(pruned.length).toBeGreaterThan(0)
    expect(pruned.every(({ scores }) => (scores.logLoss?.values.length ?? 9) < 4)).toBe(true)
    expect(found.higherIsBetter).toBe(false)
    expect(found.best.scores.logLoss?.values).toHaveLength(4)
  })

  it('a restart skips finished trials, and goes on as if nothing had happened', async () => {
    const storage = memoryStorage()
    const tried: number[] = []
    const abort = new AbortController()
    const options = { params: space, trials: 20, seed: 4, store: { storage, key: 'searches/bowl' } }
    const objective = (params: Readonly<Record<string, unknown>>, { number }: { readonly number: number }): number => {
      tried.push(number)
      if (number === 12 && !abort.signal.aborted) abort.abort(new Error('the power went'))
      return bowl(params)
    }
    await expect(optimize(objective, { ...options, signal: abort.signal })).rejects.toThrow('the power went')
    const before = tried.length
    const resumed = await optimize(objective, options)
    expect(tried.slice(before)[0]).toBe(13)
    expect(facts(resumed)).toEqual(facts(await optimize(bowl, { ...options, store: undefined })))
    await expect(optimize(bowl, { ...options, seed: 5 })).rejects.toMatchObject({ code: 'Conflict' })
    await storage.put('searches/bowl/trials/000003.json', new TextEncoder().encode('{"formatVersion":1,"number":-1}'))
    await expect(optimize(bowl, options)).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('a search of models resumes too, and refuses other data', async () => {
    const storage = memoryStorage()
    const options = { target: 'target', folds: 2, trials: 3, params: { maxDepth: int(1, 6) }, store: { storage, key: 's' } }
    const first = await randomSearch(forest, iris, options)
    let now = 0
    const again = await randomSearch(forest, iris, { ...options, trials: 5, onTrial: () => void now++ })
    expect(facts(again).trials.slice(0, 3)).toEqual(facts(first).trials)
    expect(again.trials[0]).toEqual(first.trials[0])
    expect(now).toBe(5)
    const wine = goldenSet('wine')
    await expect(randomSearch(forest, wine, options)).rejects.toThrow(/holds the trials of another search/)
  })
})

describe('successiveHalving', () => {
  it('gives fewer candidates more rows', async () => {
    const found = await successiveHalving(forest, iris, { target: 'target', folds: 3, trials: 9, params: { maxDepth: int(1, 9) }, seed: 1 })
    const rounds = [0, 1, 2].map((rung) => found.trials.filter((trial) => trial.rung === rung))
    expect(rounds.map(({ length }) => length)).toEqual([9, 3, 1])
    expect(rounds.map(([trial]) => trial?.resource)).toEqual([16, 48, 144])
    const order = [...(rounds[0] ?? [])].sort((a, b) => b.score - a.score || a.number - b.number).slice(0, 3)
    expect(rounds[1]?.map(({ params }) => params)).toEqual(order.map(({ params }) => params))
    expect(found.best.rung).toBe(2)
  })

  it('gives fewer candidates more trees', async () => {
    const found = await successiveHalving(forest, iris, {
      target: 'target',
      folds: 2,
      trials: 4,
      factor: 2,
      resource: 'nEstimators',
      maxResource: 8,
      params: { maxDepth: int(1, 9) },
    })
    expect(found.trials.map(({ params }) => params.nEstimators)).toEqual([2, 2, 2, 2, 4, 4, 8])
    expect(found.fitted?.options.nEstimators).toBe(8)
  })

  it('needs to know how far an option may go', async () => {
    const options = { target: 'target', trials: 4, resource: 'nEstimators', params: { maxDepth: [1, 2, 3, 4] } } as const
    await expect(successiveHalving(forest, iris, options)).rejects.toThrow(/needs `maxResource`/)
  })
})

describe('tracking', () => {
  it('logs each trial as a nested run, as MLflow shows them', async () => {
    const tracker = createBareTracker({ backend: filesTracker({ storage: memoryStorage() }) })
    const found = await tracker.run({ experiment: 'search' }, async (run) =>
      gridSearch(forest, iris, { target: 'target', folds: 2, params: { maxDepth: [1, 4], maxFeatures: [2, 9] }, run }),
    )
    const runs = await tracker.search({ experiment: 'search' })
    const parent = runs.find(({ tags }) => tags['mlflow.parentRunId'] === undefined)
    const children = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === parent?.runId)
    expect(children).toHaveLength(4)
    const statuses = children.map(({ status, tags }) => `${status} ${tags['millwright.trial_status']}`).sort()
    expect(statuses).toEqual(['failed failed', 'failed failed', 'finished finished', 'finished finished'])
    const best = children.find(({ tags }) => tags['millwright.trial'] === String(found.best.number))
    expect(best?.params).toMatchObject({ maxDepth: String(found.bestParams.maxDepth), maxFeatures: '2' })
    expect(best?.metrics.mean_test_accuracy).toMatchObject({ value: found.best.scores.accuracy?.mean })
    expect(parent?.params).toMatchObject({ best_maxDepth: String(found.bestParams.maxDepth), search: 'gridSearch' })
    expect(parent?.metrics.best_cv_score).toMatchObject({ value: found.bestScore })
    await tracker.close()
  })
})
