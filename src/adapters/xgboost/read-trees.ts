/** The trees of an XGBoost file as trees whose rows go left by `value ≤ threshold`, in double precision. */
import { damaged } from '../../core/damage'
import { MillwrightError } from '../../core/errors'
import type { TreeArrays } from '../../learn/forest/forest'
import { lastBelow } from './float32-order'
import type { FileNumbers, FileTree } from './model-file'

/** Most words of 32 bits of all sets of categories together: 64 MiB. */
const MOST_WORDS = 2 ** 24
/** XGBoost's own limit: categories are float32. */
const MOST_CATEGORIES = 2 ** 24

/** Reads trees one after another. */
export interface TreeReader {
  /** @param place the number of the tree, for messages. @param weight what its leaves are multiplied by */
  read(tree: FileTree, place: number, weight: number): TreeArrays
  /** What the splits gained, by feature. */
  readonly gains: Float64Array
}

/** A reader of the trees of a file. @throws Corrupt, Unsupported from `read` */
export function treeReader(numFeatures: number, subject: string): TreeReader {
  const gains = new Float64Array(numFeatures)
  let words = 0
  return {
    gains,
    read(tree, place, weight) {
      const path = ['learner', 'gradient_booster', 'model', 'trees', place]
      if (Number(tree.tree_param.size_leaf_vector ?? 0) > 1) {
        throw new MillwrightError('Unsupported', `${subject} has trees with several numbers per leaf (multi_strategy multi_output_tree)`)
      }
      const columns = new Columns(tree, numFeatures, [subject, path])
      const sets = setsOf(tree, columns, () => ++words <= MOST_WORDS)
      const { count } = columns
      const nodes = emptyTree(count)
      for (let node = 0; node < count; node++) {
        const value = columns.number('split_conditions', node)
        if (columns.index('left_children', node, count) < 0) {
          nodes.leaf[node] = node
          nodes.values[node] = Math.fround(value * weight)
          continue
        }
        const feature = columns.index('split_indices', node, numFeatures)
        const set = sets.get(node)
        const left = columns.index('left_children', node, count)
        const right = columns.index('right_children', node, count)
        const isLeft = columns.number('default_left', node) === 0 ? 0 : 1
        nodes.feature[node] = feature
        // A row whose category is in the set goes to the right child of XGBoost, which is the left one here.
        nodes.left[node] = set === undefined ? left : right
        nodes.right[node] = set === undefined ? right : left
        nodes.missingLeft[node] = set === undefined ? isLeft : 1 - isLeft
        nodes.threshold[node] = set === undefined ? columns.threshold(node, value) : 0
        gains[feature] = (gains[feature] as number) + Math.max(0, columns.number('loss_changes', node))
      }
      if (sets.size === 0) return nodes
      const order = [...sets.keys()]
      const set = new Int32Array(count).fill(-1)
      for (const [i, node] of order.entries()) set[node] = i
      return { ...nodes, categories: { set, sets: order.map((node) => sets.get(node) as Uint32Array) } }
    },
  }
}

function emptyTree(count: number): TreeArrays {
  const indices = (): Int32Array => new Int32Array(count)
  const [left, right] = [indices(), indices()]
  const threshold = new Float64Array(count)
  const values = new Float64Array(count)
  return {
    feature: indices().fill(-1),
    threshold,
    left,
    right,
    missingLeft: new Uint8Array(count),
    leaf: indices().fill(-1),
    values,
    width: 1,
  }
}

/** By node: the categories that go right. */
function setsOf(tree: FileTree, columns: Columns, takesWord: () => boolean): Map<number, Uint32Array> {
  const sets = new Map<number, Uint32Array>()
  const { categories = [], categories_nodes: nodes = [], categories_segments: starts = [], categories_sizes: sizes = [] } = tree
  const isSplit = (node: number): boolean => tree.split_type !== undefined && tree.split_type[node] === 1
  for (let i = 0; i < nodes.length; i++) {
    const node = columns.checked('categories_nodes', nodes, i, columns.count)
    if (!isSplit(node)) continue
    const start = columns.checked('categories_segments', starts, i, categories.length + 1)
    const end = start + columns.checked('categories_sizes', sizes, i, categories.length - start + 1)
    let set: number[] = []
    for (let at = start; at < end; at++) {
      const category = columns.checked('categories', categories, at, MOST_CATEGORIES)
      while (set.length <= category >>> 5) {
        if (!takesWord()) throw columns.tooMany()
        set.push(0)
      }
      set[category >>> 5] = (set[category >>> 5] as number) | (1 << (category & 31))
    }
    sets.set(node, Uint32Array.from(set))
    set = []
  }
  for (let node = 0; node < columns.count; node++) {
    if (isSplit(node) && !sets.has(node) && columns.index('left_children', node, columns.count) >= 0) sets.set(node, new Uint32Array(1))
  }
  return sets
}

type NodeColumn = 'left_children' | 'right_children' | 'split_indices' | 'split_conditions' | 'default_left' | 'loss_changes'

/** The columns of a tree's nodes, checked where they are read. */
class Columns {
  readonly #tree: FileTree
  readonly #subject: string
  readonly #path: readonly PropertyKey[]
  readonly count: number

  constructor(tree: FileTree, numFeatures: number, [subject, path]: readonly [string, readonly PropertyKey[]]) {
    this.#tree = tree
    this.#subject = subject
    this.#path = path
    this.count = tree.left_children.length
    if (this.count === 0 || numFeatures < 0) throw this.#damaged('left_children', 'nodes', 'none')
    for (const name of ['right_children', 'split_indices', 'split_conditions', 'default_left', 'loss_changes'] as const) {
      if (tree[name].length !== this.count) throw this.#damaged(name, `${this.count} numbers, one per node`, tree[name].length)
    }
  }

  number(name: NodeColumn, node: number): number {
    return this.#tree[name][node] ?? Number.NaN
  }

  /** An index below `end`; −1 is one, too. */
  index(name: NodeColumn, node: number, end: number): number {
    const value = this.number(name, node)
    if (name === 'left_children' && value === -1) return -1
    return this.checked(name, this.#tree[name], node, end)
  }

  /** A whole number from 0 and below `end`. */
  checked(name: string, values: FileNumbers, at: number, end: number): number {
    const value = values[at] ?? Number.NaN
    if (Number.isInteger(value) && value >= 0 && value < end) return value
    throw damaged(this.#subject, [...this.#path, name, at], `a whole number from 0 and below ${end}`, value)
  }

  /** The largest double that goes left. */
  threshold(node: number, value: number): number {
    if (value !== value) throw damaged(this.#subject, [...this.#path, 'split_conditions', node], 'a number', value)
    return lastBelow(Math.fround(value))
  }

  tooMany(): MillwrightError {
    return new MillwrightError(
      'Unsupported',
      `${this.#subject} has sets of categories that take more than ${(4 * MOST_WORDS) / 2 ** 20} MiB`,
    )
  }

  #damaged(name: string, expected: string, found: unknown): MillwrightError {
    return damaged(this.#subject, [...this.#path, name], expected, found)
  }
}
