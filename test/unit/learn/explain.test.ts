/** Explanations: SHAP values against the definition, permutation importance, partial dependence, comparison. */
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { coversOf } from '../../../src/learn/explain/shap-values'
import { childOf } from '../../../src/learn/explain/tree-shap'
import type { TreeArrays } from '../../../src/learn/forest/forest'
import {
  compareImportances,
  type FittedModel,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  isFittedBoosting,
  isFittedForest,
  linearRegression,
  partialDependence,
  permutationImportance,
  randomForestClassifier,
  shapValues,
} from '../../../src/learn/index'
import type { Table } from '../../../src/schema/table'
import { tableFrom } from './data'

const numbers = (length: number, of: (i: number) => number): number[] => Array.from({ length }, (_, i) => of(i))

/** Two columns that matter together, one alone, with missing cells; one that does not. */
function made(rows: number, seed: number): Table {
  const rng = createRng(seed)
  const [a, b, c, d] = [0, 1, 2, 3].map(() => numbers(rows, () => rng.normal())) as [number[], number[], number[], number[]]
  const value = (i: number): number => (a[i] as number) * (b[i] as number) + 2 * (c[i] as number)
  return tableFrom({
    a,
    b,
    c: c.map((x) => (x > 1.5 ? null : x)),
    d,
    y: numbers(rows, value),
    label: numbers(rows, (i) => (value(i) > 0 ? 1 : 0)),
  })
}

function firstRows(from: Table, count: number): Table {
  return tableFrom(Object.fromEntries(from.columnNames.map((name) => [name, from.column(name).toArray().slice(0, count)])))
}

const table = made(400, 1)
const only = (target: 'y' | 'label', from = table): Table =>
  tableFrom(Object.fromEntries(['a', 'b', 'c', 'd', target].map((name) => [name, from.column(name).toArray()])))

/** The value of a tree when only the features of `known` are known: the definition that TreeSHAP computes fast. */
function expectation(tree: TreeArrays, cover: Float64Array, cells: readonly number[], known: number, node = 0): number {
  const leaf = tree.leaf[node] as number
  if (leaf >= 0) return tree.values[leaf * tree.width + tree.width - 1] as number
  const go = (child: number): number => expectation(tree, cover, cells, known, child)
  if ((known >> (tree.feature[node] as number)) & 1) return go(childOf(tree, node, (f) => cells[f] as number))
  const [left, right] = [tree.left[node] as number, tree.right[node] as number]
  const part = (child: number): number =>
    (cover[child] as number) > 0 ? ((cover[child] as number) / (cover[node] as number)) * go(child) : 0
  return part(left) + part(right)
}

/** Shapley values by all subsets of four features. */
function shapley(value: (known: number) => number): number[] {
  const weights = [1 / 4, 1 / 12, 1 / 12, 1 / 4]
  return [0, 1, 2, 3].map((f) => {
    let sum = 0
    for (let known = 0; known < 16; known++) {
      if ((known >> f) & 1) continue
      const size = [0, 1, 2, 3].filter((g) => (known >> g) & 1).length
      sum += (weights[size] as number) * (value(known | (1 << f)) - value(known))
    }
    return sum
  })
}

describe('SHAP values', () => {
  const models: Readonly<Record<string, FittedModel>> = {
    'a forest': randomForestClassifier({ nEstimators: 4, maxDepth: 6, seed: 1 }).fit(only('label'), { target: 'label' }),
    'boosted trees': gradientBoostingRegressor({ nEstimators: 6, maxLeafNodes: 10 }).fit(only('y'), { target: 'y' }),
  }

  it.each(Object.keys(models))('of %s are those of the definition', (name) => {
    const model = models[name] as FittedModel
    const { learner } = model.parts
    if (!isFittedForest(learner) && !isFittedBoosting(learner)) throw new Error('no trees')
    const trees = learner.trees()
    const scale = isFittedForest(learner) ? 1 / trees.length : 1
    const columns = ['a', 'b', 'c', 'd'].map((column) => table.column(column).toFloat64())
    const matrix = { numRows: table.numRows, names: ['a', 'b', 'c', 'd'], columns }
    const { values, outputs } = shapValues(model, firstRows(table, 30), { background: table })
    const covers = trees.map((tree) => coversOf(tree, matrix))
    for (let row = 0; row < 30; row++) {
      const cells = columns.map((column) => column[row] as number)
      const all = shapley((known) =>
        trees.reduce((sum, tree, t) => sum + scale * expectation(tree, covers[t] as Float64Array, cells, known), 0),
      )
      for (const [f, value] of all.entries()) expect(values[(row * 4 + f) * outputs + outputs - 1]).toBeCloseTo(value, 10)
    }
  })

  it('add up to the prediction, with categories and several classes', () => {
    const rng = createRng(4)
    const city = numbers(500, () => rng.int(6))
    const rows = tableFrom({
      city: city.map((c) => `city ${c}`),
      x: numbers(500, () => rng.normal()),
      y: city.map((c) => 'abc'[(c * 5) % 3] as string),
    })
    const model = gradientBoostingClassifier({ nEstimators: 5 }).fit(rows, { target: 'y' })
    const { values, baseValues, outputs, features } = shapValues(model, rows, { background: firstRows(rows, 200) })
    expect([features, outputs]).toEqual([['city', 'x'], 3])
    const probabilities = model.predictProba(rows).values
    for (let row = 0; row < 500; row++) {
      const scores = [0, 1, 2].map((o) =>
        Math.exp((baseValues[o] as number) + (values[row * 6 + o] as number) + (values[row * 6 + 3 + o] as number)),
      )
      const sum = scores.reduce((total, score) => total + score, 0)
      for (const [o, score] of scores.entries()) expect(score / sum).toBeCloseTo(probabilities[row * 3 + o] as number, 10)
    }
  })

  it('refuses other models and no background', () => {
    const linear = linearRegression().fit(tableFrom({ x: [1, 2, 3], y: [1, 2, 4] }), { target: 'y' })
    expect(() => shapValues(linear, [{ x: 1 }], { background: tableFrom({ x: [1] }) })).toThrow('not linearRegression')
    expect(() => shapValues(models['a forest'] as FittedModel, table, {} as never)).toThrow('background')
  })
})

describe('permutation importance', () => {
  const model = gradientBoostingRegressor({ nEstimators: 40 }).fit(only('y'), { target: 'y' })

  it('ranks what matters, and finds nothing in noise', () => {
    const found = permutationImportance(model, made(200, 2), { seed: 3 })
    expect(found[0]?.feature).toBe('c')
    const noise = found.find(({ feature }) => feature === 'd')
    expect(Math.abs(noise?.mean ?? 1)).toBeLessThan(0.05)
    expect(found[0]?.mean).toBeGreaterThan(0.5)
    expect(found).toEqual(permutationImportance(model, made(200, 2), { seed: 3 }))
  })

  it('is positive for errors too', () => {
    const [first] = permutationImportance(model, made(200, 2), { metric: 'rmse', repeats: 2 })
    expect(first?.values).toHaveLength(2)
    expect(first?.mean).toBeGreaterThan(0.5)
  })
})

describe('partial dependence', () => {
  it('of a linear model is its line', () => {
    const x = numbers(50, (i) => i)
    const line = linearRegression().fit(tableFrom({ x, z: x.map((v) => (v * v) % 7), y: x.map((v) => 3 * v + ((v * v) % 7)) }), {
      target: 'y',
    })
    const rows = tableFrom({ x: [1, 2, 3], z: [0, 1, 5] })
    const { curves, values } = partialDependence(line, rows, 'x', { values: [0, 0.5, 10] })
    expect(values).toEqual([0, 0.5, 10])
    expect(curves).toEqual([[2, 3.5, 32].map((value) => expect.closeTo(value, 6))])
  })

  it('has a curve per class, which add up to 1, over quantiles', () => {
    const model = randomForestClassifier({ nEstimators: 5 }).fit(only('label'), { target: 'label' })
    const { curves, values, classes } = partialDependence(model, table, 'c', { points: 7 })
    expect([classes, values.length, curves.length]).toEqual([[0, 1], 7, 2])
    for (const [i, share] of (curves[0] ?? []).entries()) expect(share + (curves[1]?.[i] as number)).toBeCloseTo(1, 12)
    expect(curves[1]?.at(-1)).toBeGreaterThan(curves[1]?.[0] as number)
    expect(() => partialDependence(model, table, 'label')).toThrow('reads no feature')
  })
})

it('compares importances, largest change first', () => {
  const a = gradientBoostingRegressor({ nEstimators: 5 }).fit(only('y'), { target: 'y' })
  const less = tableFrom({ a: table.column('a').toArray(), d: table.column('d').toArray(), y: table.column('y').toArray() })
  const b = gradientBoostingRegressor({ nEstimators: 5 }).fit(less, { target: 'y' })
  const [first, ...rest] = compareImportances(a, b)
  expect(first).toMatchObject({ feature: 'c', rankA: 1, rankB: undefined, b: 0 })
  expect(rest).toHaveLength(3)
  expect(compareImportances(a, a).every(({ change }) => change === 0)).toBe(true)
})
