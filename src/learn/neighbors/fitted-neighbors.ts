/** The training rows as a fitted learner: it answers by the nearest of them. */
import type { FeatureMatrix, FittedLearner } from '../learner'
import { corruptModel } from '../model-format'
import type { StoredNeighbors } from '../stored-parts'
import { type DistanceMetric, type KdTree, kdTree } from './k-d-tree'

/** What the nearest neighbours are asked from. */
export interface NeighborsState {
  readonly kind: 'kNeighborsClassifier' | 'kNeighborsRegressor'
  readonly nNeighbors: number
  readonly weights: 'uniform' | 'distance'
  readonly metric: DistanceMetric
  readonly p: number
  /** Row-major, rows × features. */
  readonly points: Float64Array
  /** Class codes, or numbers. */
  readonly values: Float64Array
  readonly features: number
  /** 0 for numbers. */
  readonly classes: number
}

/** The nearest neighbours as a fitted learner. */
export function fittedNeighbors(state: NeighborsState): FittedLearner {
  const { kind, points, features, values, classes, nNeighbors, weights, metric, p } = state
  let tree: KdTree | undefined
  return {
    kind,
    takesMissing: false,
    predict(matrix) {
      tree ??= kdTree(points, features, { metric, p })
      return predictBy(tree, state, matrix)
    },
    state: () => ({
      kind,
      json: { nNeighbors, weights, metric, p, features, classes, rows: values.length },
      bytes: bytesOf([points, values]),
    }),
  }
}

function predictBy(
  tree: KdTree,
  { nNeighbors, values, classes, weights }: NeighborsState,
  { numRows, columns }: FeatureMatrix,
): Float64Array {
  const width = Math.max(1, classes)
  const answers = new Float64Array(numRows * width)
  const nearest = { points: new Int32Array(nNeighbors), distances: new Float64Array(nNeighbors) }
  const row = new Float64Array(columns.length)
  const shares = new Float64Array(nNeighbors)
  for (let r = 0; r < numRows; r++) {
    for (let f = 0; f < row.length; f++) row[f] = (columns[f] as Float64Array)[r] as number
    tree.nearest(row, 0, nearest)
    weigh(weights, nearest.distances, shares)
    for (let i = 0; i < nNeighbors; i++) {
      const value = values[nearest.points[i] as number] as number
      const to = classes === 0 ? r : r * width + value
      answers[to] = (answers[to] as number) + (shares[i] as number) * (classes === 0 ? value : 1)
    }
  }
  return answers
}

/** How much each neighbour counts; the sum is 1. By distance, those at no distance count alone. */
function weigh(weights: NeighborsState['weights'], distances: Float64Array, shares: Float64Array): void {
  // Those infinitely far from all training rows have no nearer ones.
  if (weights === 'uniform' || distances[0] === Number.POSITIVE_INFINITY) shares.fill(1 / shares.length)
  else {
    const isAt = distances[0] === 0
    let all = 0
    for (let i = 0; i < shares.length; i++) {
      const distance = distances[i] as number
      const weight = isAt ? Number(distance === 0) : 1 / distance
      shares[i] = weight
      all += weight
    }
    for (let i = 0; i < shares.length; i++) shares[i] = (shares[i] as number) / all
  }
}

/** Numbers as little-endian float64. */
function bytesOf(arrays: readonly Float64Array[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * arrays.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const array of arrays) for (const value of array) view.setFloat64(8 * at++, value, true)
  return new Uint8Array(view.buffer)
}

/** The neighbours of a stored state. @throws Corrupt */
export function restoreNeighbors(
  state: StoredNeighbors,
  bytes: Uint8Array | undefined,
  shape: { readonly features: number; readonly classes: number },
): FittedLearner {
  const { kind, nNeighbors, weights, metric, p, features, classes, rows } = state
  if (features !== shape.features) throw corruptModel(`${shape.features} columns for ${features} features`)
  if (classes !== shape.classes) throw corruptModel(`${classes} classes stored, ${shape.classes} named`)
  if (nNeighbors > rows) throw corruptModel(`${nNeighbors} neighbours of ${rows} rows`)
  const expected = 8 * rows * (features + 1)
  if (bytes?.length !== expected) throw corruptModel(`${expected} bytes of rows expected, ${bytes?.length ?? 'none'} found`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const numbers = (from: number, length: number): Float64Array =>
    Float64Array.from({ length }, (_, i) => view.getFloat64(8 * (from + i), true))
  const points = numbers(0, rows * features)
  const values = numbers(rows * features, rows)
  if (points.some((value) => !Number.isFinite(value))) throw corruptModel('a stored row is not finite')
  if (classes > 0 && values.some((code) => !Number.isInteger(code) || code < 0 || code >= classes))
    throw corruptModel('a class is not there')
  return fittedNeighbors({ kind, nNeighbors, weights, metric, p, points, values, features, classes })
}
