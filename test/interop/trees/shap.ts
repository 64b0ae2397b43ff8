/** SHAP values of our forests and boosted trees on real flights, against the package shap given the same trees and covers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { drop } from '../../../src/dataset/select'
import {
  chain,
  type Estimator,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  isFittedBoosting,
  isFittedForest,
  ordinalEncoder,
  randomForestClassifier,
  randomForestRegressor,
  shapValues,
  type TreeArrays,
} from '../../../src/learn'
import { coversOf } from '../../../src/learn/explain/shap-values'
import { matrixFor } from '../../../src/learn/fitted-model'

const python = '.venvs/trees/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-trees-'))

function run(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}

/** A tree as shap takes it: leaves have no children and the feature −2; a value equal to the threshold goes left. */
function shapTree(tree: TreeArrays, cover: Float64Array, scale: number): object {
  const inner = (numbers: ArrayLike<number>, ofLeaf: number): number[] =>
    Array.from(numbers, (value, node) => ((tree.leaf[node] as number) >= 0 ? ofLeaf : value))
  return {
    children_left: inner(tree.left, -1),
    children_right: inner(tree.right, -1),
    children_default: inner(
      Int32Array.from(tree.left, (_, node) => (tree.missingLeft[node] === 1 ? tree.left[node] : tree.right[node]) as number),
      -1,
    ),
    features: inner(tree.feature, -2),
    thresholds: inner(
      tree.threshold.map((threshold) => Math.min(threshold, Number.MAX_VALUE)),
      -2,
    ),
    values: Array.from(tree.leaf, (leaf) =>
      Array.from({ length: tree.width }, (_, o) => (leaf < 0 ? 0 : scale * (tree.values[leaf * tree.width + o] as number))),
    ),
    node_sample_weight: Array.from(cover),
  }
}

run('test/interop/onnx/flights.py', join(folder, 'train.csv'), '5000', '1')
run('test/interop/onnx/flights.py', join(folder, 'unseen.csv'), '310', '2')
const [train, unseen] = ['train.csv', 'unseen.csv'].map((file) => parseCsv(readFileSync(join(folder, file), 'utf8')))
if (train === undefined || unseen === undefined) throw new Error('no flights')

// Single-output models of boosting, and forests: the dictionary form of shap has no trees for one class each.
const models: Readonly<Record<string, readonly [Estimator, 'late' | 'arr_delay']>> = {
  'a forest of classes': [chain([ordinalEncoder(), randomForestClassifier({ nEstimators: 10, maxDepth: 8, seed: 1 })]), 'late'],
  'a forest of numbers': [chain([ordinalEncoder(), randomForestRegressor({ nEstimators: 10, maxDepth: 8, seed: 1 })]), 'arr_delay'],
  'boosted trees of two classes': [chain([ordinalEncoder(), gradientBoostingClassifier({ nEstimators: 30 })]), 'late'],
  'boosted trees of numbers': [chain([ordinalEncoder(), gradientBoostingRegressor({ nEstimators: 30 })]), 'arr_delay'],
}
const cases = Object.entries(models).map(([name, [estimator, target]]) => {
  const fitted = estimator.fit(drop(train, [target === 'late' ? 'arr_delay' : 'late']), { target })
  const { learner } = fitted.parts
  if (!isFittedForest(learner) && !isFittedBoosting(learner)) throw new Error(`${name} has no trees`)
  const trees = learner.trees()
  const background = matrixFor(fitted.parts, train)
  const rows = matrixFor(fitted.parts, unseen)
  const { values, baseValues, outputs } = shapValues(fitted, unseen, { background: train })
  const scale = isFittedForest(learner) ? 1 / trees.length : 1
  return {
    name,
    trees: trees.map((tree) => shapTree(tree, coversOf(tree, background), scale)),
    rows: Array.from({ length: rows.numRows }, (_, row) => rows.columns.map((column) => column[row])),
    values: Array.from(values),
    baseValues: Array.from(baseValues),
    base: isFittedBoosting(learner) ? Array.from(learner.boosted.base) : new Array(outputs).fill(0),
  }
})
writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
for (const line of run('test/interop/trees/explain.py', join(folder, 'cases.json')).trim().split('\n')) {
  const found = JSON.parse(line) as { name?: string; difference?: number; largest?: number; baseDifference?: number }
  console.log(line)
  if (found.name === undefined) continue
  // shap computes in double precision, and reads thresholds and rows as doubles.
  const relative = (found.difference ?? 1) / Math.max(1, found.largest ?? 0)
  if (!(relative <= 1e-6) || !((found.baseDifference ?? 1) <= 1e-6 * Math.max(1, found.largest ?? 0))) process.exitCode = 1
}
rmSync(folder, { recursive: true, force: true })
