import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../src/adapters/onnxruntime/onnx-runtime'
import { tableFromRows } from '../../src/schema/table'
import { bindChecks, modelRuntimeChecks } from '../../src/testing'

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/onnx/${name}`, import.meta.url))
const numeric = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
const model = onnxModel(fixture('penguins_logreg.onnx'), { inputs: { numeric } }).pack()
const { rows } = JSON.parse(fixture('penguins_logreg.expected.json').toString()) as {
  rows: { numeric: (number | null)[]; island: string; sex: string; label: string }[]
}
// Every thirtieth row, and the fourth, whose numbers are all missing.
const some = rows.filter((_, i) => i % 30 === 0 || i === 3)
const input = tableFromRows(
  some.map((row) => ({
    ...Object.fromEntries(numeric.map((name, j) => [name, row.numeric[j] ?? null])),
    island: row.island,
    sex: row.sex || null,
  })),
  { bill_length_mm: 'float64', sex: 'string' },
)

const texts = (data: string[]) => ({ dtype: 'str', shape: [2, 1], data }) as const
const tensors = {
  numeric: { dtype: 'float32', shape: [2, 4], data: Float32Array.of(39, 18, 181, 3750, 50, 15, 220, 5000) } as const,
  island: texts(['Torgersen', 'Biscoe']),
  sex: texts(['male', '']),
}

bindChecks(
  modelRuntimeChecks(),
  { make: () => ({ runtime: onnxRuntime(), model, input, tensors, expected: some.map(({ label }) => label) }) },
  { describe, it },
)
