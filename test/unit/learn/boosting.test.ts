/** Gradient boosting: scores, weights, categories, constraints, early stopping, storing. */
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { exponential } from '../../../src/learn/boosting/exponential'
import { histogramKernel } from '../../../src/learn/boosting/histogram-kernel'
import {
  chain,
  crossValidate,
  evaluate,
  type FittedModel,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  isFittedBoosting,
  randomForestClassifier,
  restoreModel,
  selectColumns,
} from '../../../src/learn/index'
import type { Table } from '../../../src/schema/table'
import { goldenSet, tableFrom } from './data'

const numbers = (length: number, of: (i: number) => number): number[] => Array.from({ length }, (_, i) => of(i))

/** Rows with a category of 30 values that decides nearly everything, in an order that says nothing. */
function categorical(rows: number, seed: number): Table {
  const rng = createRng(seed)
  const good = (c: number): boolean => (c * 7) % 30 < 15
  const codes = numbers(rows, () => rng.int(30))
  return tableFrom({
    city: codes.map((c) => (rng.next() < 0.05 ? null : `city ${c}`)),
    x: numbers(rows, () => rng.normal()),
    y: codes.map((c) => (good(c) !== rng.next() < 0.05 ? 'yes' : 'no')),
  })
}

/** y rises with x on the whole, but not everywhere; z falls. */
function wavy(rows: number): Table {
  const rng = createRng(9)
  const x = numbers(rows, () => rng.next() * 10)
  const z = numbers(rows, () => rng.next() * 10)
  return tableFrom({ x, z, y: x.map((value, i) => value + 3 * Math.sin(2 * value) - (z[i] as number) + rng.normal()) })
}

function predictAlong(model: FittedModel, name: string, fixed: Record<string, number>): number[] {
  return model.predict(numbers(101, (i) => i / 10).map((value) => ({ ...fixed, [name]: value }))) as number[]
}

describe('as good as scikit-learn and LightGBM (their scores with the same options, by 5 folds: bench/boosting.ts has larger tables)', () => {
  it('on three classes', async () => {
    const model = gradientBoostingClassifier({ minSamplesLeaf: 5, nEstimators: 40 })
    const { accuracy } = await crossValidate(model, goldenSet('wine'), { target: 'target', scoring: ['accuracy'], seed: 1 })
    expect(accuracy.mean).toBeGreaterThan(0.95)
  })

  it('on numbers', async () => {
    const model = gradientBoostingRegressor({ nEstimators: 30, maxLeafNodes: 8 })
    const { r2 } = await crossValidate(model, goldenSet('diabetes'), { target: 'target', scoring: ['r2'], seed: 1 })
    expect(r2.mean).toBeGreaterThan(0.37)
  })

  it('splits sets of categories that no order separates', () => {
    const [train, test] = [categorical(2000, 1), categorical(500, 2)]
    const model = gradientBoostingClassifier({ nEstimators: 20 }).fit(train, { target: 'y' })
    expect(evaluate(model, test, { metrics: ['accuracy'] }).accuracy).toBeGreaterThan(0.9)
    expect(model.featureImportance()[0]?.feature).toBe('city')
    expect(model.features.map(({ type }) => type)).toEqual(['string', 'float64'])
    // An unknown city is answered like a missing one.
    const [unknown, missing] = model
      .predictProba([
        { city: 'elsewhere', x: 0 },
        { city: null, x: 0 },
      ])
      .values.filter((_, i) => i % 2 === 1)
    expect(unknown).toBe(missing)
  })

  it('numbers named as categories have no order', () => {
    const rng = createRng(3)
    const shop = numbers(2000, () => rng.int(8))
    const table = tableFrom({ shop, x: numbers(2000, () => rng.normal()), y: shop.map((s) => (s % 2) * 10 + rng.normal() * 0.1) })
    const settings = { nEstimators: 1, learningRate: 1, maxLeafNodes: 2 }
    const ordered = gradientBoostingRegressor(settings).fit(table, { target: 'y' })
    const model = gradientBoostingRegressor({ ...settings, categoricalFeatures: ['shop'] }).fit(table, { target: 'y' })
    expect(evaluate(ordered, table).r2).toBeLessThan(0.5)
    expect(evaluate(model, table).r2).toBeGreaterThan(0.99)
  })
})

describe('constraints and losses', () => {
  it('predictions rise and fall as they must, and do not without constraints', () => {
    const table = wavy(1000)
    const free = gradientBoostingRegressor({ nEstimators: 30 }).fit(table, { target: 'y' })
    const bound = gradientBoostingRegressor({ nEstimators: 30, monotonicConstraints: { x: 1, z: -1 } }).fit(table, { target: 'y' })
    const steps = (model: FittedModel, name: string): number[] => {
      const other = name === 'x' ? { z: 5 } : { x: 5 }
      const along = predictAlong(model, name, other)
      return along.slice(1).map((value, i) => value - (along[i] as number))
    }
    expect(Math.min(...steps(free, 'x'))).toBeLessThan(-0.1)
    for (const fixed of [1, 5, 9]) {
      const along = predictAlong(bound, 'x', { z: fixed })
      expect(Math.min(...along.slice(1).map((value, i) => value - (along[i] as number)))).toBeGreaterThanOrEqual(0)
    }
    expect(Math.max(...steps(bound, 'z'))).toBeLessThanOrEqual(0)
    expect(evaluate(bound, table).r2).toBeGreaterThan(0.6)
  })

  it('the absolute error predicts medians, and a quantile is passed by its share of the rows', () => {
    const rng = createRng(4)
    const x = numbers(1500, () => rng.next())
    const table = tableFrom({ x, y: x.map((value) => value + Math.exp(1.5 * rng.normal())) })
    const y = table.column('y').toArray() as number[]
    const shareBelow = (loss: 'absoluteError' | 'quantile', quantile?: number): number => {
      const model = gradientBoostingRegressor({ loss, quantile, nEstimators: 30, maxLeafNodes: 8 }).fit(table, { target: 'y' })
      return model.predict(table).filter((predicted, i) => (y[i] as number) <= (predicted as number)).length / y.length
    }
    expect(Math.abs(shareBelow('absoluteError') - 0.5)).toBeLessThan(0.03)
    expect(Math.abs(shareBelow('quantile', 0.9) - 0.9)).toBeLessThan(0.03)
  })
})

describe('weights', () => {
  const table = wavy(600)
  const halves = numbers(600, (i) => i % 2)

  it('a row of weight 2 counts like two rows, and one of weight 0 like none', () => {
    const settings = { nEstimators: 5, minSamplesLeaf: 1, maxLeafNodes: 4 }
    const kept = numbers(600, (i) => i).filter((i) => halves[i] === 1)
    const part = tableFrom(Object.fromEntries(table.columnNames.map((name) => [name, kept.map((i) => table.column(name).at(i) as number)])))
    const plain = gradientBoostingRegressor(settings).fit(part, { target: 'y' })
    const weighted = gradientBoostingRegressor(settings).fit(table, { target: 'y', sampleWeight: halves.map((half) => 2 * half) })
    // Bins are cut on all rows, so the trees differ in their thresholds alone.
    const [own, other] = [evaluate(plain, part).r2, evaluate(weighted, part).r2]
    expect(Math.abs(own - other)).toBeLessThan(0.03)
  })

  it('are taken from a column, which is then no feature', () => {
    const columns = Object.fromEntries(table.columnNames.map((name) => [name, table.column(name).toArray()]))
    const withColumn = tableFrom({ ...columns, w: numbers(600, (i) => 1 + (i % 3)) })
    const named = gradientBoostingRegressor({ nEstimators: 3 }).fit(withColumn, { target: 'y', sampleWeight: 'w' })
    const given = gradientBoostingRegressor({ nEstimators: 3 }).fit(table, { target: 'y', sampleWeight: numbers(600, (i) => 1 + (i % 3)) })
    expect(named.features.map(({ name }) => name)).toEqual(['x', 'z'])
    expect(named.predict(table)).toEqual(given.predict(table))
  })

  it('balanced classes find more of the rare one', () => {
    const rng = createRng(6)
    const x = numbers(2000, () => rng.normal())
    const rare = tableFrom({ x, y: x.map((value) => (value + rng.normal() > 2.2 ? 'rare' : 'common')) })
    const found = (classWeight?: 'balanced'): number =>
      gradientBoostingClassifier({ nEstimators: 20, classWeight })
        .fit(rare, { target: 'y' })
        .predict(rare)
        .filter((label) => label === 'rare').length
    expect(found('balanced')).toBeGreaterThan(2 * found())
  })

  it.each([
    [[1, 2], 'one number per row (600), got 2'],
    [numbers(600, (i) => (i === 3 ? -1 : 1)), 'row 3 is -1'],
    [numbers(600, () => 0), '0 in every row'],
    ['y', 'which is the target'],
  ])('refuses weights, case %#', (sampleWeight, message) => {
    expect(() => gradientBoostingRegressor().fit(table, { target: 'y', sampleWeight })).toThrow(message)
  })

  it('are refused by learners that take none', () => {
    expect(() => randomForestClassifier().fit(categorical(50, 1), { target: 'y', sampleWeight: numbers(50, () => 1) })).toThrow(
      'takes no `sampleWeight`',
    )
  })
})

describe('fitting', () => {
  it('stops early, and keeps the iterations up to the lowest loss', () => {
    const model = gradientBoostingClassifier({ nEstimators: 400, learningRate: 0.3, earlyStopping: true, patience: 5 })
    const done: number[] = []
    const fitted = model.fit(categorical(1500, 3), { target: 'y', onProgress: ({ done: now }) => void done.push(now) })
    expect(fitted.iterations).toBeLessThan(100)
    expect(done.at(-1)).toBe((fitted.iterations as number) + 5)
    const { learner } = fitted.parts
    expect(isFittedBoosting(learner) && learner.trees().length).toBe(fitted.iterations)
  })

  it('gives the same model for the same seed, another for another, and the same from fitAsync', async () => {
    const table = wavy(500)
    const bytesOf = (seed: number): unknown =>
      gradientBoostingRegressor({ nEstimators: 5, subsample: 0.5, maxFeatures: 0.5, seed }).fit(table, { target: 'y' }).pack().files[
        'learner.bin'
      ]
    expect(bytesOf(1)).toEqual(bytesOf(1))
    expect(bytesOf(1)).not.toEqual(bytesOf(2))
    const later = await gradientBoostingRegressor({ nEstimators: 5, subsample: 0.5, maxFeatures: 0.5, seed: 1 }).fitAsync(table, {
      target: 'y',
    })
    expect(later.pack().files['learner.bin']).toEqual(bytesOf(1))
  })

  it('stops on a signal between iterations', async () => {
    const controller = new AbortController()
    const running = gradientBoostingRegressor({ nEstimators: 1000 }).fitAsync(wavy(500), {
      target: 'y',
      signal: controller.signal,
      onProgress: ({ done }) => done >= 3 && controller.abort(new Error('enough')),
    })
    await expect(running).rejects.toThrow('enough')
  })

  it('splits missing values off where they say something', () => {
    const rng = createRng(8)
    const x = numbers(1000, () => (rng.next() < 0.3 ? Number.NaN : rng.normal()))
    const table = tableFrom({
      x: x.map((value) => (Number.isNaN(value) ? null : value)),
      y: x.map((value) => (Number.isNaN(value) ? 5 : 0)),
    })
    const fitted = gradientBoostingRegressor({ nEstimators: 1, learningRate: 1 }).fit(table, { target: 'y' })
    expect(fitted.predict([{ x: null }, { x: 0 }, { x: 100 }])).toEqual([5, 0, 0].map((value) => expect.closeTo(value, 9)))
  })

  it('learns from two rows, and refuses a target of one class', () => {
    expect(() => gradientBoostingClassifier().fit(tableFrom({ x: [1, 2], y: ['a', 'a'] }), { target: 'y' })).toThrow('at least 2 classes')
    const table = tableFrom({ x: [1, 2], y: [3, 5] })
    expect(
      gradientBoostingRegressor()
        .fit(table, { target: 'y' })
        .predict([{ x: 1 }]),
    ).toEqual([4])
  })

  it.each([
    [{ nEstimators: 0 }, 'nEstimators'],
    [{ learningRate: 0 }, 'learningRate'],
    [{ maxBins: 256 }, 'maxBins'],
    [{ patience: 3 }, '`patience` of gradientBoostingClassifier needs `earlyStopping`'],
    [{ monotonicConstraints: { x: 2 } }, 'a record of column'],
    [{ numLeaves: 3 }, 'is not an option'],
  ])('refuses the options %j', (options, message) => {
    expect(() => gradientBoostingClassifier(options as object)).toThrow(message)
  })

  it('refuses constraints and categories of columns that are not there', () => {
    const table = categorical(100, 1)
    expect(() => gradientBoostingClassifier({ monotonicConstraints: { w: 1 } }).fit(table, { target: 'y' })).toThrow('is no feature')
    expect(() => gradientBoostingClassifier({ monotonicConstraints: { city: 1 } }).fit(table, { target: 'y' })).toThrow('no order')
    expect(() => gradientBoostingClassifier({ categoricalFeatures: ['w'] }).fit(table, { target: 'y' })).toThrow('w')
    expect(() => chain([selectColumns(['x']), gradientBoostingClassifier()]).fit(table, { target: 'y' })).not.toThrow()
  })
})

describe('stored', () => {
  it.each([
    ['three classes', gradientBoostingClassifier({ nEstimators: 4 }), goldenSet('wine'), 'target'],
    ['categories', gradientBoostingClassifier({ nEstimators: 4 }), categorical(800, 5), 'y'],
    ['numbers', gradientBoostingRegressor({ nEstimators: 4 }), wavy(300), 'y'],
  ] as const)('%s: predictions, importance and iterations are the same after restoring', (_, estimator, table, target) => {
    const fitted = estimator.fit(table, { target })
    const restored = restoreModel(fitted.pack())
    expect(restored.predict(table)).toEqual(fitted.predict(table))
    if (fitted.task === 'classification') expect(restored.predictProba(table)).toEqual(fitted.predictProba(table))
    expect(restored.featureImportance()).toEqual(fitted.featureImportance())
    expect(restored.iterations).toBe(4)
    expect(restored.pack().files).toEqual(fitted.pack().files)
  })

  it('every change of a byte of the header is refused or predicts finite numbers', () => {
    const table = categorical(300, 5)
    const packed = gradientBoostingClassifier({ nEstimators: 2, maxLeafNodes: 4 }).fit(table, { target: 'y' }).pack()
    const text = new TextDecoder().decode(packed.files['model.json'])
    const rng = createRng(12)
    for (let i = 0; i < 60; i++) {
      const at = rng.int(text.length)
      const changed = text.slice(0, at) + String(rng.int(10)) + text.slice(at + 1)
      const files = { ...packed.files, 'model.json': new TextEncoder().encode(changed) }
      try {
        const { values } = restoreModel({ ...packed, files }).predictProba(table)
        expect(values.every(Number.isFinite)).toBe(true)
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/Corrupt|Unsupported|SchemaMismatch/)
      }
    }
  })
})

describe('the arithmetic', () => {
  it('counts the same histograms with and without WebAssembly, at both widths', () => {
    for (const [numRows, numFeatures, numCells] of [
      [300, 5, 50],
      [40, 3, 70_000],
    ] as const) {
      const rng = createRng(numCells)
      const kernels = [true, false].map((wasm) => histogramKernel({ numRows, numFeatures, numCells }, { wasm }))
      for (let i = 0; i < numRows * numFeatures; i++) {
        const cell = rng.int(numCells)
        for (const { cells } of kernels) cells[i] = cell
      }
      for (let i = 0; i < 2 * numRows; i++) {
        const value = Math.floor(rng.normal() * 1e9)
        for (const { derivatives } of kernels) derivatives[i] = value
      }
      for (const { rows } of kernels) for (let i = 0; i < numRows; i++) rows[i] = (i * 7) % numRows
      const [near, plain] = kernels.map((kernel) => {
        const histogram = kernel.take()
        kernel.add(histogram, 3, numRows - 2)
        return { histogram, shared: histogram.buffer === kernel.cells.buffer }
      })
      expect(near?.shared).toBe(true)
      expect(plain?.shared).toBe(false)
      expect(near?.histogram.every((sum, i) => sum === plain?.histogram[i])).toBe(true)
      expect(near?.histogram.some((sum) => sum !== 0)).toBe(true)
    }
  })

  it('computes powers of e to 3 units in the last place', () => {
    const rng = createRng(2)
    for (let i = 0; i < 5000; i++) {
      const x = rng.normal() * 100
      const known = Math.exp(x)
      if (Math.abs(x) < 700) expect(Math.abs(exponential(x) - known) / known).toBeLessThan(7e-16)
    }
    expect(exponential(0)).toBe(1)
    expect(exponential(-1e9)).toBeGreaterThan(0)
  })
})
