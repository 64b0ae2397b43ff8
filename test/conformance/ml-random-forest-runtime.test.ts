import { describe, it } from 'vitest'
import { mlRandomForestModel, mlRandomForestRuntime } from '../../src/adapters/ml-random-forest/ml-random-forest-runtime'
import { tableFromRows } from '../../src/schema/table'
import { bindChecks, modelRuntimeChecks } from '../../src/testing'
import { mlClassifier, mlRegression, mlRows } from '../support/ml-random-forest'

const features = ['a', 'b', 'c']
const input = tableFromRows(mlRows(30, 5).map(([a = 0, b = 0, c = 0], i) => ({ a: i === 4 ? null : a, b, c })))

const tensors = { X: { dtype: 'float64', shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 0, 1) } } as const

describe('a classifier', () => {
  const model = mlRandomForestModel(mlClassifier(), { features, classes: ['low', 'middle', 'high'] }).pack()
  bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: mlRandomForestRuntime(), model, input, tensors }) }, { describe, it })
})

describe('a regression', () => {
  const model = mlRandomForestModel(mlRegression('median'), { features }).pack()
  bindChecks(modelRuntimeChecks(), { make: () => ({ runtime: mlRandomForestRuntime(), model, input, tensors }) }, { describe, it })
})
