import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { createRng } from '../../../src/core/random'
import {
  chain,
  crossValidate,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  gridSearch,
  logisticRegression,
  logUniform,
  medianPruner,
  oneHotEncoder,
  optimize,
  type Pruner,
  percentilePruner,
  type RoundScore,
  randomForestClassifier,
  randomForestRegressor,
  randomSearch,
  type SearchTrial,
  simpleImputer,
  successiveHalvingPruner,
  uniform,
} from '../../../src/learn'
import { ranked } from '../../../src/learn/search/trial'
import { metricByName } from '../../../src/metrics'
import { createBareTracker } from '../../../src/run'
import golden from '../../golden/pruners.json'
import { sample } from '../../support/effort'
import { goldenSet, tableFrom } from './data'

const iris = goldenSet('iris')
const diabetes = goldenSet('diabetes')

/** The pruner of a golden case. */
function prunerOf(kind: string, options: Readonly<Record<string, number | undefined>>): Pruner {
  if (kind === 'SuccessiveHalvingPruner') {
    const { min_resource, reduction_factor, min_early_stopping_rate, bootstrap_count } = options
    return successiveHalvingPruner({
      ...{ minResource: min_resource, reductionFactor: reduction_factor },
      ...{ minEarlyStoppingRate: min_early_stopping_rate, bootstrapCount: bootstrap_count },
    })
  }
  const { percentile = 50, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials } = options
  const more = { startupTrials: n_startup_trials, warmupSteps: n_warmup_steps, intervalSteps: interval_steps, minTrials: n_min_trials }
  return kind === 'MedianPruner' ? medianPruner(more) : percentilePruner(percentile, more)
}

describe('pruners decide as those of Optuna', () => {
  const { curves, lengths, levels, schedules } = golden
  const named = golden.cases.map(
    (each) => [`${each.kind} ${JSON.stringify(each.options)}, ${each.direction}, ${each.schedule}`, each] as const,
  )

  it.each(sample(named, 30, 45))('%s', async (_, { kind, options, direction, schedule, outcomes }) => {
    const steps = schedules[schedule as keyof typeof schedules]
    const trials: SearchTrial[] = []
    await optimize(
      (__, trial) => {
        const made = lengths[trial.number] as number
        for (let i = 0; i < made; i++) if (trial.report(Number(curves[trial.number]?.[i]), steps[i])) return Number.NaN
        return levels[trial.number] as number
      },
      {
        ...{ params: { x: uniform(0, 1) }, sampler: 'random', trials: lengths.length, direction: direction as 'minimize' | 'maximize' },
        ...{ pruning: prunerOf(kind, options), onTrial: (trial: SearchTrial) => void trials.push(trial) },
      },
      // Where every trial is pruned the search has found nothing.
    ).catch((error: unknown) => expect(String(error)).toMatch(/none of 40 trials succeeded/))
    expect(
      trials.map(({ reports, status, completedRungs = [] }) => [reports.length, Number(status === 'pruned'), ...completedRungs]),
    ).toEqual(outcomes.map(([made, pruned, ...rungs]) => [made, pruned, ...rungs.map(Number)]))
  })
})

it('of pruned trials, those that came further rank first', () => {
  const trial = (number: number, status: SearchTrial['status'], score: number, steps: readonly number[]): SearchTrial => ({
    ...{ number, status, score, steps, reports: steps.map(() => score), params: {}, scores: {}, startTime: 0, seconds: 0 },
  })
  const trials = [
    trial(0, 'pruned', 0.1, [10]),
    trial(1, 'failed', Number.NaN, []),
    trial(2, 'pruned', 0.4, [10, 20]),
    trial(3, 'pruned', 0.3, [10, 20]),
    trial(4, 'finished', 0.9, [10, 20, 30]),
    { ...trial(5, 'pruned', 0.2, []), steps: undefined, reports: [0.2] },
  ]
  expect(ranked(trials, false).map(({ number }) => number)).toEqual([4, 3, 2, 0, 5, 1])
})

describe('the option `pruning`', () => {
  const search = (pruning: unknown, model = gradientBoostingClassifier({ nEstimators: 2 })) =>
    gridSearch(model, iris, { target: 'target', folds: 2, params: { maxDepth: [2] }, pruning: pruning as Pruner })

  it.each([
    [{ pruner: { kind: 'hyperband' } }, /`pruner` of `pruning` of gridSearch must be medianPruner\(\)/],
    [{ kind: 'percentile', percentile: 101 }, /percentilePruner takes a number from 0 to 100, got 101/],
    [{ kind: 'successiveHalving', reductionFactor: 1 }, /`reductionFactor` of successiveHalvingPruner/],
    [{ pruner: medianPruner(), warmupSteps: 2 }, /or a `pruner`, which has its own/],
    [{ every: 5 }, /needs `each: 'round'`/],
    [{ each: 'tree' }, /`each` of `pruning` of gridSearch must be/],
    [{ warmup: 2 }, /`warmup` is not an option of `pruning` of gridSearch/],
    [3, /`pruning` of gridSearch must be/],
  ])('refuses %j', async (pruning, message) => {
    await expect(search(pruning)).rejects.toThrow(message)
  })

  it('refuses rounds of a learner that has none, of a function, and steps that do not rise', async () => {
    const linear = gridSearch(logisticRegression(), iris, { target: 'target', params: { c: [1] }, pruning: { each: 'round' } })
    await expect(linear).rejects.toMatchObject({ code: 'Unsupported', message: expect.stringMatching(/a learner that learns in rounds/) })
    const options = { params: { x: [1] }, trials: 1 }
    await expect(optimize(() => 1, { ...options, pruning: { each: 'round' } as object })).rejects.toThrow(
      /`each` of `pruning` is for models/,
    )
    const twice = optimize((_, trial) => Number(trial.report(1, 3) || trial.report(1, 3)), options)
    await expect(twice).rejects.toThrow(/trial.report takes as step a whole number greater than 3, got 3/)
    expect(() => successiveHalvingPruner({ bootstrapCount: 2 })).toThrow(/needs a `minResource`/)
  })
})

/** A table with text, missing values, and a target that depends on them. */
function mixedTable(rows: number, seed: number) {
  const rng = createRng(seed)
  const kinds = Array.from({ length: rows }, () => ['a', 'b', 'c', 'd'][rng.int(4)] as string)
  const x = kinds.map(() => (rng.next() < 0.1 ? null : rng.normal()))
  return tableFrom({ kind: kinds, x, late: kinds.map((kind, i) => (x[i] ?? 1) + (kind === 'a' ? 1 : 0) + rng.normal() / 2 > 0.5) })
}

describe('validation of a fit', () => {
  const [train, rest] = [mixedTable(150, 1), mixedTable(60, 2)]
  const unseen = tableFrom({ kind: ['z', 'a', null], x: [0.1, null, 9], late: [true, false, true] })
  const encoded = (learner: Parameters<typeof chain>[0][number]) =>
    chain([simpleImputer(), oneHotEncoder({ handleUnknown: 'ignore' }), learner as never])
  const models = {
    'boosted trees with categories': gradientBoostingClassifier({ nEstimators: 12, minSamplesLeaf: 3 }),
    'boosted trees of part of the rows': gradientBoostingClassifier({ nEstimators: 8, subsample: 0.6, maxFeatures: 0.5, seed: 2 }),
    'boosted trees that stop early': gradientBoostingClassifier({ nEstimators: 60, learningRate: 0.5, earlyStopping: true, patience: 2 }),
    'a chain with a forest': encoded(randomForestClassifier({ nEstimators: 9, seed: 3 })),
    'a forest with weights': encoded(randomForestClassifier({ nEstimators: 7, classWeight: 'balancedSubsample', oobScore: true })),
  }
  const metrics = ['logLoss', 'accuracy'] as const

  it.each(Object.entries(models))('scores every round as a model of that many would, and changes nothing: %s', async (_, model) => {
    const plain = model.fit(train, { target: 'late' }).pack()
    for (const others of [rest, unseen]) {
      for (const metric of metrics) {
        const told: RoundScore[] = []
        const fitted = model.fit(train, {
          target: 'late',
          validation: { table: others, metric, onScore: (score) => void told.push(score) },
        })
        expect(fitted.pack()).toEqual(plain)
        expect(told.map(({ round }) => round)).toEqual(told.map((_score, i) => i + 1))
        const last = told.at(-1) as RoundScore
        expect(last.rounds).toBe(told.length)
        // Trees after the best iteration are taken away where a fit stops early.
        const kept = fitted.iterations === undefined ? last.round : fitted.iterations
        const { compute } = metricByName(metric) as { compute: (...given: unknown[]) => number }
        const actual = others.column('late').toArray()
        const expected = metric === 'accuracy' ? compute(actual, fitted.predict(others)) : compute(actual, fitted.predictProba(others))
        expect(told[kept - 1]?.value).toBe(expected)
      }
    }
  })

  it('scores numbers and several classes, now and then', async () => {
    const told: RoundScore[] = []
    const onScore = (score: RoundScore): void => void told.push(score)
    for (const model of [gradientBoostingRegressor({ nEstimators: 10 }), randomForestRegressor({ nEstimators: 10 })]) {
      told.length = 0
      const fitted = await model.fitAsync(diabetes, { target: 'target', validation: { table: diabetes, every: 4, onScore }, workers: 1 })
      expect(told.map(({ round, metric }) => [round, metric])).toEqual([4, 8, 10].map((round) => [round, 'rmse']))
      const actual = Array.from(diabetes.column('target').toArray(), Number)
      const squares = fitted.predict(diabetes).reduce((sum: number, value, i) => sum + (Number(value) - (actual[i] as number)) ** 2, 0)
      expect(told.at(-1)?.value).toBeCloseTo(Math.sqrt(squares / actual.length), 10)
    }
    told.length = 0
    const flowers = gradientBoostingClassifier({ nEstimators: 3 }).fit(iris, { target: 'target', validation: { table: iris, onScore } })
    const probabilities = flowers.predictProba(iris)
    const actual = iris.column('target').toArray()
    expect(told.at(-1)?.value).toBe(
      (metricByName('logLoss') as { compute: (...given: unknown[]) => number }).compute(actual, probabilities),
    )
  })

  it('ends a fit with the trees so far, and throws what the listener throws', async () => {
    // Boosting grows a tree of every class in a round.
    const models = [
      [gradientBoostingClassifier({ nEstimators: 50 }), 21],
      [randomForestClassifier({ nEstimators: 50, seed: 1 }), 7],
    ] as const
    for (const [model, trees] of models) {
      const options = { target: 'target', validation: { table: iris, onScore: ({ round }: RoundScore) => round === 7 } }
      const ended = [model.fit(iris, options), await model.fitAsync(iris, options)]
      for (const each of ended) expect((each.parts.learner as unknown as { trees(): unknown[] }).trees()).toHaveLength(trees)
      expect(ended[0]?.predict(iris)).toEqual(ended[1]?.predict(iris))
    }
    const seven = gradientBoostingRegressor({ nEstimators: 7 }).fit(diabetes, { target: 'target' })
    const cut = gradientBoostingRegressor({ nEstimators: 50 }).fit(diabetes, {
      target: 'target',
      validation: { table: diabetes, onScore: ({ round }) => round === 7 },
    })
    expect(cut.predict(diabetes)).toEqual(seven.predict(diabetes))
    expect(cut.iterations).toBe(7)
    const onScore = (): never => {
      throw new Error('enough')
    }
    expect(() => randomForestClassifier().fit(iris, { target: 'target', validation: { table: iris, onScore } })).toThrow('enough')
  })

  it('refuses what does not fit', () => {
    const model = gradientBoostingClassifier({ nEstimators: 2 })
    const fitting = (validation: object) => () => model.fit(iris, { target: 'target', validation: validation as never })
    expect(fitting({ table: iris })).toThrow(/needs `onScore`/)
    expect(fitting({ table: diabetes, metric: 'rmse', onScore: () => {} })).toThrow(/"rmse" is for regression|'rmse' is for regression/)
    expect(fitting({ table: iris, evry: 1, onScore: () => {} })).toThrow(/`evry` is not an option/)
    expect(fitting({ table: tableFrom({ x: [1] }), onScore: () => {} })).toThrow(/no column/)
    expect(() => logisticRegression().fit(iris, { target: 'target', validation: { table: iris, onScore: () => {} } })).toThrow(
      /needs a learner that learns in rounds, "logisticRegression" does not|needs a learner that learns in rounds, 'logisticRegression' does not/,
    )
  })
})

describe('a search that prunes in rounds', () => {
  const model = gradientBoostingClassifier({ nEstimators: 24, minSamplesLeaf: 5 })
  const shared = { target: 'late', folds: 3, scoring: ['logLoss', 'accuracy'], seed: 4, refit: false } as const
  const table = mixedTable(180, 5)
  const params = { learningRate: logUniform(1e-4, 0.5) }

  it('stops hopeless fits early, gives the others the scores of crossValidate, and resumes', async () => {
    const tracker = createBareTracker({ backend: filesTracker({ storage: memoryStorage() }) })
    const run = await tracker.startRun({ experiment: 'rounds' })
    const pruning = { pruner: successiveHalvingPruner({ minResource: 4, reductionFactor: 2 }), each: 'round', every: 4 } as const
    const found = await randomSearch(model, table, { ...shared, params, trials: 10, pruning, run, returnTrainScores: true })
    const pruned = found.trials.filter(({ status }) => status === 'pruned')
    expect(pruned.length).toBeGreaterThan(3)
    for (const { reports, steps, score, scores } of pruned) {
      expect(steps).toEqual(reports.map((_, i) => 4 * (i + 1)))
      expect((steps ?? []).at(-1)).toBeLessThan(24)
      expect(score).toBe(reports.at(-1))
      expect(scores.logLoss?.mean).toBe(score)
    }
    expect(found.best.status).toBe('finished')
    expect(found.best.steps).toEqual([4, 8, 12, 16, 20, 24])
    const { learningRate } = found.bestParams as { learningRate: number }
    const best = gradientBoostingClassifier({ nEstimators: 24, minSamplesLeaf: 5, learningRate })
    expect(found.best.scores).toEqual(
      await crossValidate(best, table, { target: 'late', folds: 3, scoring: shared.scoring, seed: 4, returnTrainScores: true }),
    )
    expect(found.best.reports.at(-1)).toBe(found.best.score)

    const nested = (await tracker.search({ limit: 100 })).filter(({ tags }) => tags['mlflow.parentRunId'] === run.runId)
    const tagged = nested.filter(({ tags }) => tags['millwright.trial_status'] === 'pruned')
    expect(tagged.map(({ tags }) => tags['millwright.trial']).sort()).toEqual(pruned.map(({ number }) => String(number)).sort())
    const one = tagged.find(({ tags }) => tags['millwright.trial'] === String(pruned[0]?.number))
    const points = await tracker.metricHistory(one?.runId as string, 'reported')
    expect(points.map(({ step, value }) => [step, value])).toEqual(pruned[0]?.reports.map((value, i) => [4 * (i + 1), value]))
    const again = await randomSearch(model, table, {
      ...shared,
      params,
      trials: 10,
      pruning,
      run,
      resume: tracker,
      returnTrainScores: true,
    })
    expect(again.trials).toEqual(found.trials)
    await tracker.close()
  })

  it('prunes forests by trees, and by the median', async () => {
    const forest = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 12, seed: 1 })])
    const pruning = { pruner: medianPruner({ startupTrials: 2, warmupSteps: 3 }), each: 'round', every: 3 } as const
    const found = await gridSearch(forest, table, { ...shared, params: { 'randomForestClassifier.maxDepth': [6, 5, 1, 1, 4] }, pruning })
    expect(found.trials.map(({ status }) => status)).toContain('pruned')
    expect(found.trials[0]?.steps).toEqual([3, 6, 9, 12])
  })

  it('stops between trees when it is aborted', async () => {
    const abort = new AbortController()
    const search = gridSearch(model, table, {
      ...{ ...shared, params: { maxDepth: [2, 3] }, signal: abort.signal, pruning: { each: 'round' } },
      onTrial: () => abort.abort(new Error('enough')),
    })
    await expect(search).rejects.toThrow('enough')
  })
})
