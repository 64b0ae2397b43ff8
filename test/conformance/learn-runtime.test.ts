import { describe, it } from 'vitest'
import { chain, learnRuntime, oneHotEncoder, randomForestClassifier, simpleImputer } from '../../src/learn'
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

bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: learnRuntime(), model: model(), input: table }) }, { describe, it })
