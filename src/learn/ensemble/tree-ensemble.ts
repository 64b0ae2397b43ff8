/** Sums of trees that another library has grown, and how they predict. */
import type { TreeArrays } from '../forest/forest'
import type { FeatureMatrix } from '../learner'
import { type FlatTrees, flatTreeArrays, flatTrees, type LayoutProblem, leafNode } from './flat-trees'
import { type EnsembleLink, linked } from './links'

/** Trees whose leaf numbers are added up. */
export interface TreeEnsemble extends FlatTrees {
  readonly numFeatures: number
  /** Sums per row: 1, or one per class. */
  readonly outputs: number
  /** The sum that each tree adds to. */
  readonly targets: Int32Array
  /** What each sum begins with. */
  readonly base: Float64Array
  /** What the sums are multiplied by before the link. */
  readonly scale: number
  readonly link: EnsembleLink
  /** Whether sums and answers are rounded to float32 at every step, as XGBoost computes them. */
  readonly precision: 'float32' | 'float64'
  /** By feature: 1 where numbers of at most 1e-35 count as missing (LightGBM's `zero_as_missing`). */
  readonly zeroIsMissing: Uint8Array
}

/** Facts of an ensemble besides its trees. */
export type EnsembleFacts = Omit<TreeEnsemble, keyof FlatTrees>

/** Numbers whose absolute value is at most this are zeros. LightGBM's `kZeroThreshold`, which is a float32. */
export const LEAST_NUMBER = 1.0000000180025095e-35

/** An ensemble of trees of one number per leaf. @param problem the error for a tree whose nodes do not form one */
export function treeEnsemble(trees: readonly TreeArrays[], facts: EnsembleFacts, problem: LayoutProblem): TreeEnsemble {
  return { ...flatTrees(trees, problem), ...facts }
}

/** The trees with thresholds and child indices, for converters. Zeros that count as missing are not in them. */
export function ensembleTreeArrays(ensemble: TreeEnsemble): TreeArrays[] {
  return flatTreeArrays(ensemble)
}

/** Cells of a block of rows: they stay in the L1 cache while every tree is applied. */
const BLOCK_CELLS = 4096

/** The sums of each row before the link: row-major, rows × outputs. */
export function ensembleSums(ensemble: TreeEnsemble, features: FeatureMatrix): Float64Array {
  const { base, outputs, scale, precision, numFeatures } = ensemble
  const { numRows } = features
  const sums = new Float64Array(numRows * outputs)
  for (let at = 0; at < sums.length; at++) sums[at] = base[at % outputs] as number
  const rows = Math.max(16, Math.floor(BLOCK_CELLS / Math.max(1, numFeatures)))
  const cells = new Float64Array(Math.min(rows, numRows) * numFeatures)
  for (let start = 0; start < numRows; start += rows) {
    const end = Math.min(numRows, start + rows)
    fillCells(ensemble, features, { start, end }, cells)
    addTrees(ensemble, cells, { start, end }, sums)
  }
  if (scale !== 1) for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) * scale
  return precision === 'float32' ? sums.map(Math.fround) : sums
}

/** Predictions: probabilities of all classes, or numbers. */
export function predictEnsemble(ensemble: TreeEnsemble, features: FeatureMatrix): Float64Array {
  const answers = linked(ensemble.link, ensembleSums(ensemble, features), ensemble.outputs)
  if (ensemble.precision === 'float32') for (let at = 0; at < answers.length; at++) answers[at] = Math.fround(answers[at] as number)
  return answers
}

/** The features with `NaN` for zeros, where zeros count as missing. */
export function withMissingZeros(features: FeatureMatrix, { zeroIsMissing }: Pick<TreeEnsemble, 'zeroIsMissing'>): FeatureMatrix {
  if (!zeroIsMissing.includes(1)) return features
  const columns = features.columns.map((column, f) =>
    zeroIsMissing[f] === 1 ? column.map((value) => (Math.abs(value) <= LEAST_NUMBER ? Number.NaN : value)) : column,
  )
  return { ...features, columns }
}

/** Rows from `start` up to `end`. */
interface Block {
  readonly start: number
  readonly end: number
}

/** Writes rows one behind the other. */
function fillCells(
  { numFeatures, zeroIsMissing }: TreeEnsemble,
  { columns }: FeatureMatrix,
  { start, end }: Block,
  cells: Float64Array,
): void {
  for (let f = 0; f < numFeatures; f++) {
    const column = columns[f] as Float64Array
    const zero = zeroIsMissing[f] === 1
    for (let row = start, at = f; row < end; row++, at += numFeatures) {
      const value = column[row] as number
      cells[at] = zero && Math.abs(value) <= LEAST_NUMBER ? Number.NaN : value
    }
  }
}

function addTrees(ensemble: TreeEnsemble, cells: Float64Array, { start, end }: Block, sums: Float64Array): void {
  const { roots, targets, floats, numFeatures, outputs, precision } = ensemble
  const isSingle = precision === 'float32'
  for (let tree = 0; tree < targets.length; tree++) {
    const root = roots[tree] as number
    const target = targets[tree] as number
    for (let row = start, base = 0; row < end; row++, base += numFeatures) {
      const at = row * outputs + target
      const sum = (sums[at] as number) + (floats[2 * leafNode(ensemble, root, cells, base) + 1] as number)
      sums[at] = isSingle ? Math.fround(sum) : sum
    }
  }
}
