/** Boosted trees in memory, and how they predict. */
import { softmaxOf } from '../ensemble/links'
import { toBins } from '../forest/bins'
import { addLeaves, type Forest, type TreeArrays, treesOf } from '../forest/forest'
import type { WalkTrees } from '../forest/walk'
import type { FeatureMatrix } from '../learner'
import { sigmoid } from './exponential'
import type { BoostingLink } from './losses'
import { MISSING_BIT, SET_WORDS } from './split'

/**
 * Trees whose leaf values are added up. Nodes are those of a {@link Forest}, and for sets of categories: `(features + feature) << 17 | set`,
 * where a row goes left when its category is in the set.
 */
export interface BoostedTrees extends Forest {
  /** Sums per row: 1, or one per class. Tree `t` adds to sum `t mod outputs`. */
  readonly outputs: number
  /** What each sum begins with. */
  readonly base: Float64Array
  readonly link: BoostingLink
  /** 1 for features whose bins are categories. */
  readonly categorical: Uint8Array
  /** Sets of categories, 256 bits each, the lowest first; the last bit is for missing values. */
  readonly sets: Uint32Array
}

/** Rows predicted together: their bins and sums stay in the L1 cache while every tree is applied. */
const BLOCK = 1024

/** The sums of each row before the link: row-major, rows × outputs. @param walk the trees laid out for rows without missing cells; absent with sets */
export function boostedSums(trees: BoostedTrees, features: FeatureMatrix, walk: WalkTrees | undefined): Float64Array {
  const { outputs, base } = trees
  const sums = new Float64Array(features.numRows * outputs)
  for (let at = 0; at < sums.length; at++) sums[at] = base[at % outputs] as number
  if (walk === undefined) addBySets(trees, features, sums)
  else addLeaves(trees, walk, features, { sums, outputs, cycle: outputs })
  return sums
}

function addBySets(trees: BoostedTrees, features: FeatureMatrix, sums: Float64Array): void {
  const { outputs, roots, leaves } = trees
  const bins = toBins(features, trees.edges)
  const stride = features.columns.length
  for (let start = 0; start < features.numRows; start += BLOCK) {
    const end = Math.min(features.numRows, start + BLOCK)
    for (let tree = 0; tree < roots.length - 1; tree++) {
      const root = roots[tree] as number
      const output = tree % outputs
      for (let row = start; row < end; row++) {
        const leaf = leafBySets(trees, root, bins, row * stride)
        sums[row * outputs + output] = (sums[row * outputs + output] as number) + (leaves[leaf] as number)
      }
    }
  }
}

/** The leaf of the row whose bins begin at `base`, where there are sets of categories. */
function leafBySets({ nodes, sets, edges }: BoostedTrees, root: number, bins: Uint16Array, base: number): number {
  const numFeatures = edges.length
  let node = root
  let word = nodes[2 * node] as number
  while (word >= 0) {
    const field = word >>> 17
    let left: boolean
    if (field >= numFeatures) left = isInSet(sets, word & 131071, bins[base + field - numFeatures] as number)
    else left = (((bins[base + field] as number) + ((word >>> 16) & 1)) & 65535) <= (word & 65535)
    node = left ? node + 1 : (nodes[2 * node + 1] as number)
    word = nodes[2 * node] as number
  }
  return ~word
}

/** Whether a bin, or a missing value, is in a set. */
export function isInSet(sets: Uint32Array, set: number, bin: number): boolean {
  const bit = bin < MISSING_BIT ? bin : MISSING_BIT
  return (((sets[set * SET_WORDS + (bit >>> 5)] as number) >>> (bit & 31)) & 1) === 1
}

/** Predictions: probabilities of all classes, or numbers. */
export function predictBoosted(trees: BoostedTrees, features: FeatureMatrix, walk: WalkTrees | undefined): Float64Array {
  return linkedSums(trees.link, trees.outputs, boostedSums(trees, features, walk))
}

/** Predictions from sums: row-major, rows × outputs. May write to `sums`. */
export function linkedSums(link: BoostingLink, outputs: number, sums: Float64Array): Float64Array {
  if (link === 'softmax') return softmaxOf(sums, outputs)
  if (link === 'identity') return sums
  const probabilities = new Float64Array(2 * sums.length)
  for (let row = 0; row < sums.length; row++) {
    probabilities[2 * row] = sigmoid(-(sums[row] as number))
    probabilities[2 * row + 1] = sigmoid(sums[row] as number)
  }
  return probabilities
}

/** The trees with thresholds and child indices, for converters. */
export function boostedTreeArrays(trees: BoostedTrees): TreeArrays[] {
  const all = treesOf(trees)
  if (trees.sets.length === 0) return all
  const numFeatures = trees.edges.length
  const sets = Array.from({ length: trees.sets.length / SET_WORDS }, (_, i) => categoriesOf(trees.sets, i))
  return all.map((tree, t) => {
    const root = trees.roots[t] as number
    const set = tree.feature.map((field, i) => (field < numFeatures ? -1 : (trees.nodes[2 * (root + i)] as number) & 131071))
    return {
      ...tree,
      feature: tree.feature.map((field) => (field < numFeatures ? field : field - numFeatures)),
      missingLeft: tree.missingLeft.map((left, i) =>
        (set[i] as number) < 0 ? left : Number(isInSet(trees.sets, set[i] as number, MISSING_BIT)),
      ),
      threshold: tree.threshold.map((threshold, i) => ((set[i] as number) < 0 ? threshold : 0)),
      categories: { set, sets },
    }
  })
}

/** The categories of a set, without the bit for missing values. */
function categoriesOf(sets: Uint32Array, set: number): Uint32Array {
  const words = sets.slice(set * SET_WORDS, (set + 1) * SET_WORDS)
  words[SET_WORDS - 1] = (words[SET_WORDS - 1] as number) & 0x7fffffff
  return words
}
