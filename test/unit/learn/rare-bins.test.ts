/** Forests that count rare bins from lists are the same forests. */
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { type BinnedForest, binnedForest, runGrower } from '../../../src/learn/forest/grow-forest'
import { forestSettings } from '../../../src/learn/forest/random-forest-options'
import type { TargetVector } from '../../../src/learn/learner'

const numRows = 256

/** A number, one of each category of a few columns, a feature that is rarely 0, one of two even halves, and one with missing values. */
function featuresOf(seed: number, categories: number) {
  const rng = createRng(seed)
  const columns = [Float64Array.from({ length: numRows }, () => rng.int(40))]
  for (let column = 0; column < 3; column++) {
    const category = Int32Array.from({ length: numRows }, () => rng.int(categories))
    for (let c = 0; c < categories; c++) columns.push(Float64Array.from(category, (own) => Number(own === c)))
  }
  columns.push(Float64Array.from({ length: numRows }, () => Number(rng.next() < 0.95)))
  columns.push(Float64Array.from({ length: numRows }, () => rng.int(2)))
  columns.push(Float64Array.from({ length: numRows }, () => (rng.next() < 0.05 ? Number.NaN : Number(rng.next() < 0.05))))
  return { numRows, names: columns.map((_, f) => `x${f}`), columns }
}

/** Forests of WebAssembly, and the same of TypeScript without lists of rare bins. */
function runsOf(forest: BinnedForest) {
  const grown = (given: BinnedForest, wasm: boolean) => {
    const steps = runGrower(given, { wasm }).run(0, given.settings.nEstimators)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }
  const wanted = grown({ ...forest, data: { ...forest.data, rare: undefined } }, false)
  expect(grown(forest, false)).toEqual(wanted)
  return { found: grown(forest, true), wanted }
}

describe.each([
  ['a table with rows near to each other', 20],
  ['more features than are cleared as a whole', 1370],
])('%s', (_, categories) => {
  const features = featuresOf(categories, categories)
  const score = Float64Array.from({ length: numRows }, (_, row) =>
    features.columns.reduce((sum, column, f) => sum + (f % 7) * (column[row] || 0), 0),
  )
  const settings = forestSettings(
    'test',
    { nEstimators: 2, seed: 5, maxFeatures: 0.5, maxDepth: categories > 100 ? 2 : undefined },
    { maxFeatures: 'sqrt' },
  )

  it('classes', () => {
    const values = Int32Array.from(score, (value) => value % 3)
    const target: TargetVector = { task: 'classification', values, numClasses: 3, classNames: ['a', 'b', 'c'] }
    const forest = binnedForest({ kind: 'test', settings }, features, target)
    const rare = features.columns.map((column) => {
      const ones = column.filter((value) => value === 1).length
      const isTwo = column.every((value) => value === 0 || value === 1)
      if (!isTwo || ones === 0) return -1
      return ones <= numRows / 8 ? 1 : ones >= (numRows * 7) / 8 ? 0 : -1
    })
    expect(rare).toContain(0)
    expect([...(forest.data.rare?.bin ?? [])]).toEqual(rare)
    const { found, wanted } = runsOf(forest)
    expect(found).toEqual(wanted)
  })

  it('numbers', () => {
    // Multiples of 1/256 are summed without rounding in any order.
    const target: TargetVector = { task: 'regression', values: score, numClasses: 0, classNames: [] }
    const { found, wanted } = runsOf(binnedForest({ kind: 'test', settings }, features, target))
    expect(found).toEqual(wanted)
  })

  it('are not used where few features are tried', () => {
    const target: TargetVector = { task: 'regression', values: score, numClasses: 0, classNames: [] }
    const few = forestSettings('test', { nEstimators: 1, maxFeatures: 1 }, { maxFeatures: 'sqrt' })
    expect(binnedForest({ kind: 'test', settings: few }, features, target).data.rare).toBeUndefined()
  })
})
