/** The two ONNX models of the serving bench: six numbers in, one of three classes with its probabilities out. */
import { createRng } from '../../src/core/random'
import { GraphBuilder } from '../../src/onnx/graph-builder'
import { int } from '../../src/onnxfile/attribute'

/** The columns of both models, in the order of the tensor. */
export const columnNames = ['a', 'b', 'c', 'd', 'e', 'f'] as const

/** `small` is a logistic regression. `heavy` has a hidden layer of 2,048 × 2,048 weights, which one row reads for itself and a batch reads once. */
export function benchModel(kind: 'small' | 'heavy'): Uint8Array {
  const rng = createRng(3)
  const graph = new GraphBuilder()
  graph.reserve(['features', 'label', 'probabilities'])
  const weights = (rows: number, columns: number): string =>
    graph.constant(
      'float32',
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => rng.normal() / Math.sqrt(rows)),
    )
  let value = graph.input('features', 'float32', ['rows', 6])
  let width = 6
  if (kind === 'heavy') {
    for (const units of [2048, 2048]) {
      value = graph.node('Relu', [graph.node('MatMul', [value, weights(width, units)])])
      width = units
    }
  }
  const scores = graph.node('MatMul', [value, weights(width, 3)])
  graph.node('Softmax', [scores], { attributes: { axis: int(1) }, output: 'probabilities' })
  graph.node('ArgMax', [scores], { attributes: { axis: int(1), keepdims: int(0) }, output: 'label' })
  graph.output('label', 'int64', ['rows'])
  graph.output('probabilities', 'float32', ['rows', 3])
  return graph.build({ name: `bench ${kind}` })
}
