import { describe, it } from 'vitest'
import { functionModel, functionRuntime, type RowFunction } from '../../src/adapters/function/function-runtime'
import type { ModelSignature } from '../../src/schema/signature'
import { tableFromRows } from '../../src/schema/table'
import { bindChecks, modelRuntimeChecks } from '../../src/testing'

const signature: ModelSignature = {
  inputs: [
    { name: 'celsius', type: 'float64', required: false },
    { name: 'place', type: 'string' },
  ],
  outputs: [{ name: 'hot', type: 'string' }],
}
const hot: RowFunction = ({ celsius, place }) => {
  const probability = 1 / (1 + Math.exp((place === 'Oslo' ? 20 : 28) - Number(celsius ?? 0)))
  return { prediction: probability > 0.5 ? 'hot' : 'cold', probabilities: { hot: probability, cold: 1 - probability } }
}
const input = tableFromRows([
  { celsius: 25, place: 'Oslo' },
  { celsius: 25, place: 'Cairo' },
  { celsius: null, place: 'Oslo' },
])
const model = functionModel(hot, { name: 'hot', signature, classes: ['cold', 'hot'] }).pack()

bindChecks(
  modelRuntimeChecks(),
  { make: () => ({ runtime: functionRuntime({ functions: { hot } }), model, input, expected: ['hot', 'cold', 'cold'] }) },
  { describe, it },
)
