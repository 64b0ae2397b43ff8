/** One tree as XGBoost's files have it. */
import type { TreeArrays } from '../../learn/forest/forest'
import { firstAbove } from './float32-order'
import type { WritableValue } from './write-ubjson'

/** How a tree is written. */
export interface TreeFacts {
  /** Which number of its leaves. */
  readonly number: number
  /** What leaf numbers are multiplied by. */
  readonly scale: number
  /** What is added to them. */
  readonly begin: number
  readonly id: number
  readonly numFeatures: number
}

/** XGBoost's number for "no parent". */
const NO_PARENT = 2_147_483_647

/** The tree. Both children of a node lie side by side: XGBoost finds the right one behind the left one, whatever the file says. */
export function writeTree(tree: TreeArrays, { number, scale, begin, id, numFeatures }: TreeFacts): WritableValue {
  const { feature, threshold, left, right, missingLeft, leaf, values, width, categories } = tree
  const setOf = (node: number): Uint32Array | undefined => categories?.sets[categories.set[node] as number]
  const count = feature.length
  /** The nodes in the order of the file: level by level. */
  const order = new Int32Array(count)
  const parents = new Int32Array(count).fill(NO_PARENT)
  const [lefts, rights] = [new Int32Array(count).fill(-1), new Int32Array(count).fill(-1)]
  const indices = new Int32Array(count)
  const conditions = new Float32Array(count)
  const defaults = new Uint8Array(count)
  const types = new Uint8Array(count)
  const lists: { readonly node: number; readonly codes: readonly number[] }[] = []
  let placed = 1
  for (let place = 0; place < count; place++) {
    const node = order[place] as number
    if ((leaf[node] as number) >= 0) {
      conditions[place] = begin + scale * (values[(leaf[node] as number) * width + number] as number)
      continue
    }
    const set = setOf(node)
    // A row whose category is in the set goes to XGBoost's right child.
    const children = set === undefined ? [left[node], right[node]] : [right[node], left[node]]
    order.set(children as number[], placed)
    parents.fill(place, placed, placed + 2)
    lefts[place] = placed
    rights[place] = placed + 1
    placed += 2
    indices[place] = feature[node] as number
    defaults[place] = set === undefined ? (missingLeft[node] as number) : 1 - (missingLeft[node] as number)
    if (set === undefined) conditions[place] = firstAbove(threshold[node] as number)
    else {
      types[place] = 1
      lists.push({ node: place, codes: codesOf(set) })
    }
  }
  let end = 0
  const starts = lists.map(({ codes }) => {
    end += codes.length
    return end - codes.length
  })
  return {
    base_weights: new Float32Array(count),
    categories: Int32Array.from(lists.flatMap(({ codes }) => codes)),
    categories_nodes: Int32Array.from(lists, ({ node }) => node),
    categories_segments: BigInt64Array.from(starts, BigInt),
    categories_sizes: BigInt64Array.from(lists, ({ codes }) => BigInt(codes.length)),
    default_left: defaults,
    id,
    left_children: lefts,
    loss_changes: new Float32Array(count),
    parents,
    right_children: rights,
    split_conditions: conditions,
    split_indices: indices,
    split_type: types,
    sum_hessian: new Float32Array(count),
    tree_param: {
      num_deleted: '0',
      num_feature: String(numFeatures),
      num_nodes: String(count),
      size_leaf_vector: '1',
    },
  }
}

function codesOf(set: Uint32Array): number[] {
  return Array.from({ length: 32 * set.length }, (_, code) => code).filter(
    (code) => (((set[code >>> 5] as number) >>> (code & 31)) & 1) === 1,
  )
}
