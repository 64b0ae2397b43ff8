import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fingerprint } from '../../../src/dataset/fingerprint'
import { chain, randomForestClassifier, randomForestRegressor, simpleImputer } from '../../../src/learn'
import { autolog, createBareTracker as createTracker, tfjsCallbacks, track, trackAsync } from '../../../src/run'
import { tableFromRows } from '../../../src/schema/table'

const table = tableFromRows(Array.from({ length: 60 }, (_, i) => ({ x: i, noise: (i * 7) % 13, late: i >= 30, delay: i * 2 })))
const newTracker = () => createTracker({ backend: memoryTracker(), fingerprint })

describe('autolog', () => {
  it('logs params and input before fitting, scores after, and gives the very model', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun()
    const estimator = chain([simpleImputer(), randomForestClassifier({ nEstimators: 5, seed: 1 })])
    const model = await autolog(estimator, run, { modelName: 'forest' }).fitAsync(table, { target: 'late' })
    await run.finish()
    const record = await tracker.getRun(run.runId)
    const predicted = model.predict(table)
    const right = predicted.filter((label, i) => label === i >= 30).length
    expect(record.metrics.training_accuracy?.value).toBe(right / 60)
    expect(record.metrics.training_seconds?.value).toBeGreaterThan(0)
    expect(record.params.estimator).toBe(estimator.kind)
    for (const [key, value] of Object.entries(estimator.options)) {
      if (typeof value === 'number') expect(record.params[key]).toBe(String(value))
    }
    expect(record.tags['mlflow.autologging']).toBe('millwright')
    expect(record.datasets).toMatchObject([{ context: 'training', digest: fingerprint(table).slice(0, 36) }])
    expect(record.outputModels).toHaveLength(1)
    expect(() => autolog(estimator, run, { modelName: 'm' }).fit(table, { target: 'late' })).toThrow(/fitAsync/)
    expect(() => autolog({} as typeof estimator, run)).toThrow(/estimator/)
  })

  it('scores labels of another type than the target column has, and leaves out rows without one', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun()
    const data = tableFromRows([{ late: 'True' }, { late: 'False' }, { late: null }])
    const model = { task: 'classification' as const, classes: [false, true], predict: () => [true, true, true] }
    const estimator = {
      kind: 'made',
      options: {},
      fit: (_table: unknown, _options: { target: string }) => model,
      fitAsync: async (_table: unknown, _options: { target: string }) => model,
    }
    autolog(estimator, run).fit(data, { target: 'late' })
    await run.finish()
    expect((await tracker.getRun(run.runId)).metrics.training_accuracy?.value).toBe(0.5)
  })

  it('scores regressors, and takes scores of its own', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun()
    const data = tableFromRows(Array.from({ length: 60 }, (_, i) => ({ x: i, delay: i * 2 })))
    const model = autolog(randomForestRegressor({ nEstimators: 5, seed: 1 }), run).fit(data, { target: 'delay' })
    const errors = model.predict(data).map((value, i) => Number(value) - i * 2)
    const metrics = (await tracker.getRun(run.runId)).metrics
    expect(metrics.training_root_mean_squared_error?.value).toBeCloseTo(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / 60), 10)
    expect(metrics.training_mean_absolute_error?.value).toBeCloseTo(errors.reduce((sum, e) => sum + Math.abs(e), 0) / 60, 10)
    expect(metrics.training_r2_score?.value).toBeGreaterThan(0.9)
    const own = await tracker.startRun()
    autolog(randomForestRegressor({ nEstimators: 2, seed: 1 }), own, { evaluate: () => ({ mine: 3 }), logInput: false }).fit(data, {
      target: 'delay',
    })
    const record = await tracker.getRun(own.runId)
    expect([record.metrics.training_mine?.value, record.datasets.length]).toEqual([3, 0])
    await tracker.close()
  })
})

describe('tfjsCallbacks', () => {
  it('logs epochs as steps, numbers only', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun()
    const callbacks = tfjsCallbacks(run, { params: { epochs: 2, optimizer: 'adam' }, batches: true })
    callbacks.onTrainBegin()
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let batch = 0; batch < 3; batch++) callbacks.onBatchEnd?.(batch, { batch, size: 32, loss: epoch * 3 + batch })
      callbacks.onEpochEnd(epoch, { loss: 1 / (epoch + 1), val_loss: 2, tensor: {} })
    }
    callbacks.onTrainEnd()
    const steps = async (key: string) => (await tracker.metricHistory(run.runId, key)).map(({ step, value }) => [step, value])
    expect(await steps('loss')).toEqual([
      [0, 1],
      [1, 0.5],
    ])
    expect((await steps('batch_loss')).length).toBe(6)
    expect((await steps('batch_loss')).at(-1)).toEqual([5, 5])
    const record = await tracker.getRun(run.runId)
    expect(Object.keys(record.metrics).sort()).toEqual(['batch_loss', 'loss', 'val_loss'])
    expect([record.params.optimizer, record.tags['mlflow.autologging']]).toEqual(['adam', 'tensorflow.js'])
    await tracker.close()
  })
})

describe('track', () => {
  it('logs steps and durations, tells progress, and stops where the loop does', async () => {
    const tracker = newTracker()
    const run = await tracker.startRun()
    const progress: unknown[] = []
    for (const { item, step, log } of track(run, ['a', 'b', 'c', 'd'], { onProgress: ({ done, total }) => progress.push([done, total]) })) {
      log({ length: item.length + step })
      if (item === 'c') break
    }
    async function* stream(): AsyncGenerator<number> {
      yield* [10, 20]
    }
    for await (const { item, log } of trackAsync(run, stream(), { firstStep: 4, durationKey: 'batch_seconds' })) log({ late: item })
    const steps = async (key: string) => (await tracker.metricHistory(run.runId, key)).map(({ step, value }) => [step, value])
    expect(await steps('length')).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ])
    expect((await steps('step_seconds')).map(([step]) => step)).toEqual([0, 1])
    expect(progress).toEqual([
      [1, 4],
      [2, 4],
    ])
    expect(await steps('late')).toEqual([
      [4, 10],
      [5, 20],
    ])
    expect((await steps('batch_seconds')).map(([step]) => step)).toEqual([4, 5])
    await tracker.close()
  })
})
