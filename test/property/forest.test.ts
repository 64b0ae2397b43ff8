import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng, permutation } from '../../src/core/random'
import { randomForestClassifier, randomForestRegressor, restoreModel } from '../../src/learn/index'
import { columnFrom, takeColumn } from '../../src/schema/column'
import { type Table, tableOf } from '../../src/schema/table'
import { times } from '../support/effort'

/** Tables of odd shapes: few or many distinct values, gaps, infinities, one to five classes. */
const tables = fc
  .record({
    rows: fc.integer({ min: 1, max: 120 }),
    features: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
  })
  .map(({ rows, features, classes, seed }) => {
    const rng = createRng(seed)
    const cell = (kind: number): number | null => {
      if (rng.next() < 0.1) return null
      if (kind === 0) return rng.int(3)
      if (kind === 1) return rng.next() < 0.05 ? Number.POSITIVE_INFINITY : rng.normal() * 1e6
      return rng.normal()
    }
    const columns = Array.from({ length: features }, (_, f) =>
      columnFrom(
        `x${f}`,
        'float64',
        Array.from({ length: rows }, () => cell(f % 3)),
      ),
    )
    const labels = Array.from({ length: rows }, () => rng.int(classes))
    return { table: tableOf([...columns, columnFrom('y', 'int32', labels)]), seed }
  })

const small = { nEstimators: 5 }

function reordered(table: Table, order: Int32Array): Table {
  return tableOf(table.columnNames.map((name) => takeColumn(table.column(name), order)))
}

describe('any forest', () => {
  it('gives probabilities in [0, 1] that add up to 1, whatever the options', () => {
    fc.assert(
      fc.property(
        tables,
        fc.record({
          criterion: fc.constantFrom('gini' as const, 'entropy' as const),
          classWeight: fc.constantFrom(undefined, 'balanced' as const, 'balancedSubsample' as const),
          minSamplesLeaf: fc.integer({ min: 1, max: 10 }),
          maxBins: fc.constantFrom(2, 255, 65535),
          maxDepth: fc.constantFrom(undefined, 1, 4),
        }),
        ({ table, seed }, options) => {
          const model = randomForestClassifier({ ...small, ...options, seed }).fit(table, { target: 'y' })
          const { classes, values } = model.predictProba(table)
          expect(values.every((share) => share >= 0 && share <= 1 + 1e-12)).toBe(true)
          for (let row = 0; row < table.numRows; row++) {
            let sum = 0
            for (let c = 0; c < classes.length; c++) sum += values[row * classes.length + c] as number
            expect(sum).toBeCloseTo(1, 12)
          }
        },
      ),
      { numRuns: times(20, 60) },
    )
  })

  it('predicts each row alone as among others, in any order', () => {
    fc.assert(
      fc.property(tables, ({ table, seed }) => {
        const model = randomForestClassifier({ ...small, seed }).fit(table, { target: 'y' })
        const order = permutation(table.numRows, createRng(seed))
        const all = model.predictProba(table)
        const k = all.classes.length
        const mixed = model.predictProba(reordered(table, order)).values
        order.forEach((row, i) => {
          expect(mixed.subarray(i * k, i * k + k)).toEqual(all.values.subarray(row * k, row * k + k))
        })
        const alone = model.predictProba(reordered(table, order.slice(0, 1))).values
        expect(alone).toEqual(mixed.slice(0, k))
      }),
      { numRuns: 40 },
    )
  })

  it('comes back from its files as it was', () => {
    fc.assert(
      fc.property(tables, fc.boolean(), ({ table, seed }, regression) => {
        const estimator = regression ? randomForestRegressor({ ...small, seed }) : randomForestClassifier({ ...small, seed })
        const model = estimator.fit(table, { target: 'y' })
        const again = restoreModel(model.pack())
        expect(again.predict(table)).toEqual(model.predict(table))
        expect(again.pack()).toEqual(model.pack())
      }),
      { numRuns: 40 },
    )
  })

  it('regression stays within the targets', () => {
    fc.assert(
      fc.property(tables, ({ table, seed }) => {
        const targets = Array.from({ length: table.numRows }, (_, row) => table.column('y').at(row) as number)
        const predictions = randomForestRegressor({ ...small, seed })
          .fit(table, { target: 'y' })
          .predict(table) as number[]
        expect(Math.min(...predictions)).toBeGreaterThanOrEqual(Math.min(...targets) - 1e-9)
        expect(Math.max(...predictions)).toBeLessThanOrEqual(Math.max(...targets) + 1e-9)
      }),
      { numRuns: 40 },
    )
  })

  it('does not survive changed bytes unnoticed', () => {
    const table = tableOf([columnFrom('x', 'float64', [1, 2, 3, 4, 5, 6]), columnFrom('y', 'int32', [0, 1, 0, 1, 1, 0])])
    const packed = randomForestClassifier(small).fit(table, { target: 'y' }).pack()
    const bytes = packed.files['learner.bin'] as Uint8Array
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] as number) ^ flip
        expect(() => restoreModel({ ...packed, files: { ...packed.files, 'learner.bin': changed } })).toThrow(
          expect.objectContaining({ code: 'Corrupt' }),
        )
      }),
      { numRuns: 50 },
    )
  })
})
