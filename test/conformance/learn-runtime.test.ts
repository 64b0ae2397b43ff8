import { describe, expect, it } from 'vitest'
import { chain, learnRuntime, linearRegression, oneHotEncoder, randomForestClassifier, simpleImputer } from '../../src/learn'
import type { ModelPackage } from '../../src/ports/model'
import { tableFromRows } from '../../src/schema/table'
import { bindChecks, modelRuntimeChecks } from '../../src/testing'

const rows = Array.from({ length: 60 }, (_, i) => ({
  length: i % 7 === 0 ? null : 30 + (i % 12) * 2 + (i % 3) * 10,
  place: ['north', 'south', null][i % 3] ?? null,
  kind: ['long', 'short'][i % 2] as string,
}))
const table = tableFromRows(rows, { length: 'float64', place: 'string' })
const model = (): ModelPackage =>
  chain([simpleImputer({ strategy: 'mean' }), oneHotEncoder(), randomForestClassifier({ nEstimators: 8, maxDepth: 6, seed: 1 })])
    .fit(table, { target: 'kind' })
    .pack()

/** A model without transformers, of numbers and booleans: it takes rows of cells too. */
const numbers = tableFromRows(
  rows.map(({ length, kind }, i) => ({ count: i % 5, length, isOdd: i % 9 === 0 ? null : i % 2 === 1, kind })),
  { length: 'float64', isOdd: 'boolean' },
)
const ofNumbers = (): ModelPackage =>
  randomForestClassifier({ nEstimators: 8, maxDepth: 6, seed: 1 }).fit(numbers, { target: 'kind' }).pack()

bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: learnRuntime(), model: model(), input: table }) }, { describe, it })
describe('without transformers', () => {
  bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: learnRuntime(), model: ofNumbers(), input: numbers }) }, { describe, it })

  it('takes cells', async () => {
    expect((await learnRuntime().load(ofNumbers())).runCells).toBeDefined()
    expect((await learnRuntime().load(model())).runCells).toBeUndefined()
  })

  it('refuses missing cells of a learner that takes none, as for a table', async () => {
    const complete = tableFromRows(rows.map((_, i) => ({ a: i, b: i % 3, y: 2 * i })))
    const loaded = linearRegression().fit(complete, { target: 'y' }).open()
    expect(() => loaded.runCells?.([[1, null]])).toThrow('linearRegression takes no missing values, but "b" is missing in row 0')
    expect((await loaded.runCells?.([[2, 2]]))?.predictions[0]).toBeCloseTo(4, 9)
  })
})
