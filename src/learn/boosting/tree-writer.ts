/** Collects grown trees in the form in which they predict. */
import { invalidArgument } from '../../core/errors'
import type { BoostedTrees } from './boosted-trees'
import type { GrownNode } from './grow-boosted-tree'
import type { HistogramCells } from './histogram-cells'
import { SET_WORDS } from './split'

/** Most sets of categories: a node's word has 17 bits for their number. */
const MOST_SETS = 131_072

/** Trees, and what their splits gained. */
export interface WrittenTrees {
  readonly trees: Omit<BoostedTrees, 'outputs' | 'base' | 'link'>
  /** The share of each feature in all gains. */
  readonly importance: Float64Array
}

/** Collects trees one after another. */
export interface TreeWriter {
  /** The gains of the tree being grown, by feature. */
  readonly gains: Float64Array
  add(root: GrownNode): void
  /** The first trees. */
  finish(trees: number): WrittenTrees
}

/** A writer of trees over `data`, whose leaf values are times `rate`. */
export function treeWriter(data: HistogramCells, rate: number): TreeWriter {
  const gains = new Float64Array(data.numFeatures)
  const gainsOf: Float64Array[] = []
  const words: number[] = []
  const leaves: number[] = []
  const sets: number[] = []
  const roots: number[] = [0]

  const write = (node: GrownNode): void => {
    const { split, left, right } = node
    const at = words.length
    if (split === undefined || left === undefined || right === undefined) {
      words.push(~leaves.length, 0)
      leaves.push(node.value * rate)
      return
    }
    words.push(wordOf(split.feature, split.bin, split.missingLeft, split.set), 0)
    write(left)
    words[at + 1] = words.length / 2
    write(right)
  }
  const wordOf = (feature: number, bin: number, missingLeft: boolean, set: Uint32Array): number => {
    if (bin >= 0) {
      // A cut behind the last bin: only missing values may go right.
      const cut = bin === (data.bins[feature] as number) - 1 ? 65_534 : bin
      return (feature << 17) | (missingLeft ? (1 << 16) | (cut + 1) : cut)
    }
    if (sets.length >= MOST_SETS * SET_WORDS) {
      throw invalidArgument(`boosted trees split at most ${MOST_SETS} sets of categories`, {
        hint: 'lower `nEstimators` or `maxLeafNodes`',
      })
    }
    sets.push(...set)
    return ((data.numFeatures + feature) << 17) | (sets.length / SET_WORDS - 1)
  }

  return {
    gains,
    add(root) {
      write(root)
      roots.push(words.length / 2)
      gainsOf.push(gains.slice())
      gains.fill(0)
    },
    finish(trees) {
      const nodes = Int32Array.from(words.slice(0, 2 * (roots[trees] as number)))
      const kept = keptCounts(nodes, data.numFeatures)
      const importance = new Float64Array(data.numFeatures)
      for (const gain of gainsOf.slice(0, trees))
        gain.forEach((value, f) => {
          importance[f] = (importance[f] as number) + value
        })
      const all = importance.reduce((sum, gain) => sum + gain, 0)
      return {
        importance: all > 0 ? importance.map((gain) => gain / all) : importance,
        trees: {
          edges: data.edges,
          roots: Int32Array.from(roots.slice(0, trees + 1)),
          nodes,
          width: 1,
          leaves: Float64Array.from(leaves.slice(0, kept.leaves)),
          categorical: data.categorical,
          sets: Uint32Array.from(sets.slice(0, kept.sets * SET_WORDS)),
        },
      }
    },
  }
}

/** How many leaves and sets some nodes have. */
function keptCounts(nodes: Int32Array, numFeatures: number): { readonly leaves: number; readonly sets: number } {
  let leaves = 0
  let sets = 0
  for (let i = 0; i < nodes.length; i += 2) {
    const word = nodes[i] as number
    if (word < 0) leaves++
    else if (word >>> 17 >= numFeatures) sets++
  }
  return { leaves, sets }
}
