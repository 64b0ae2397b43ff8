/** Forests grown by WebAssembly are those of the same code in TypeScript, whatever the table and the options. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRng } from '../../src/core/random'
import { type BinnedForest, binnedForest, runGrower } from '../../src/learn/forest/grow-forest'
import { classMemory } from '../../src/learn/forest/growth-memory'
import { forestSettings } from '../../src/learn/forest/random-forest-options'
import type { TargetVector } from '../../src/learn/learner'
import { times } from '../support/effort'

function grown(forest: BinnedForest, wasm: boolean) {
  const grower = runGrower(forest, { wasm })
  const run = () => {
    const steps = grower.run(0, forest.settings.nEstimators)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }
  const first = run()
  expect(run(), 'the next run in the same memory').toEqual(first)
  return first
}

/** Columns of many and of few values, of two values of which one is rare, of values of very different size and of infinite ones, with and without gaps. */
function columnOf(kind: number, numRows: number, rng: ReturnType<typeof createRng>): Float64Array {
  const gaps = kind % 2 === 1 ? 0.1 : 0
  const value = [
    () => rng.normal(),
    () => rng.int(12),
    () => Number(rng.next() < 0.06),
    () => Math.exp(8 * rng.normal()),
    () => rng.int(3) / rng.int(2),
  ][kind >> 1]
  return Float64Array.from({ length: numRows }, () => (rng.next() < gaps ? Number.NaN : (value as () => number)()))
}

const tables = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  numRows: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 400 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1001, max: 3000 }) },
  ),
  kinds: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 17 }),
  numClasses: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 5 }) }, { weight: 1, arbitrary: fc.integer({ min: 6, max: 40 }) }),
  criterion: fc.constantFrom('gini' as const, 'entropy' as const),
  classWeight: fc.constantFrom(undefined, undefined, 'balanced' as const, 'balancedSubsample' as const, { c0: 0 }, { c0: 1e300 }),
  minSamplesLeaf: fc.constantFrom(1, 1, 3, 200),
  maxDepth: fc.constantFrom(undefined, undefined, 1, 4),
  maxBins: fc.constantFrom(undefined, undefined, 2, 7),
  maxFeatures: fc.constantFrom(0.4, 1),
  bootstrap: fc.boolean(),
  noise: fc.constantFrom(0.1, 3, 1e300),
})

it('any table and options', () => {
  fc.assert(
    fc.property(tables, ({ seed, numRows, kinds, numClasses, criterion, classWeight, noise, ...options }) => {
      const rng = createRng(seed)
      const columns = kinds.map((kind) => columnOf(kind, numRows, rng))
      const score = Float64Array.from({ length: numRows }, (_, row) => Math.abs((columns[0]?.[row] || 0) + noise * rng.normal()))
      const isClasses = numClasses > 0
      const target: TargetVector = {
        task: isClasses ? 'classification' : 'regression',
        values: isClasses
          ? Int32Array.from(score, (value) => Math.min(numClasses - 1, Math.floor(value * (numClasses > 5 ? 10 : 1))))
          : score,
        numClasses,
        classNames: Array.from({ length: numClasses }, (_, c) => `c${c}`),
      }
      const settings = forestSettings('test', { nEstimators: 2, seed, ...options }, { maxFeatures: 'sqrt' })
      const features = { numRows, names: columns.map((_, f) => `x${f}`), columns }
      const given = isClasses ? { criterion, classWeight } : {}
      const forest = binnedForest({ kind: 'test', settings, ...given }, features, target)
      expect(grown(forest, true)).toEqual(grown(forest, false))
    }),
    { numRuns: times(40, 2000), seed: 11 },
  )
})

it('there is WebAssembly here, so the other test compares two programs', () => {
  const data = { bins: new Uint16Array(2), numRows: 2, numFeatures: 1, counts: Int32Array.of(1) }
  expect(classMemory(data, 2, 2).program).toBeDefined()
  expect(classMemory(data, 2, 2, { wasm: false }).program).toBeUndefined()
})
