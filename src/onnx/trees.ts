/** ONNX for trees: a TreeEnsembleRegressor with one target per class, because TreeEnsembleClassifier misreports two classes (onnxruntime). */
import type { TreeArrays } from '../learn/forest/forest'
import { type AttributeValue, int, packedInts, pickedStrings, string, tensor } from '../onnxfile/attribute'
import { tensorProto } from '../onnxfile/tensor'
import type { Features } from './features'

/** How the leaves of the trees make an answer. */
export interface TreeSum {
  /** The matrix the trees look at. */
  readonly input: string
  /** Numbers per leaf. */
  readonly targets: number
  readonly aggregate: 'SUM' | 'AVERAGE'
  /** The target that the first number of a tree's leaves goes to. @default 0 for every tree */
  readonly targetOf?: ((tree: number) => number) | undefined
  /** The name of the output. @default one of the graph's */
  readonly output?: string | undefined
}

/** Writes trees whose leaf numbers are summed or averaged: a float tensor of the shape [rows, targets]. */
export function writeTrees(
  trees: readonly TreeArrays[],
  features: Features,
  { input, targets, aggregate, targetOf = () => 0, output }: TreeSum,
): string {
  const lists = listsOf(trees, targetOf)
  const values = (numbers: Float64Array): AttributeValue => tensor(tensorProto('', 'float64', [numbers.length], numbers))
  return features.graph.node('TreeEnsembleRegressor', [input], {
    domain: 'ai.onnx.ml',
    output,
    attributes: {
      n_targets: int(targets),
      aggregate_function: string(aggregate),
      post_transform: string('NONE'),
      nodes_treeids: packedInts(lists.treeIds),
      nodes_nodeids: packedInts(lists.nodeIds),
      nodes_featureids: packedInts(lists.featureIds),
      nodes_modes: pickedStrings(modes, lists.modes),
      nodes_values_as_tensor: values(lists.values),
      nodes_truenodeids: packedInts(lists.trueIds),
      nodes_falsenodeids: packedInts(lists.falseIds),
      nodes_missing_value_tracks_true: packedInts(lists.missingTrue),
      target_treeids: packedInts(lists.targetTrees),
      target_nodeids: packedInts(lists.targetNodes),
      target_ids: packedInts(lists.targetIds),
      target_weights_as_tensor: values(lists.weights),
    },
  })
}

/** The lists of the operator: one entry per node, then one per number of a leaf. */
interface TreeLists {
  readonly treeIds: Int32Array
  readonly nodeIds: Int32Array
  readonly featureIds: Int32Array
  /** Places in {@link modes}. */
  readonly modes: Uint8Array
  readonly values: Float64Array
  readonly trueIds: Int32Array
  readonly falseIds: Int32Array
  readonly missingTrue: Int32Array
  readonly targetTrees: Int32Array
  readonly targetNodes: Int32Array
  readonly targetIds: Int32Array
  readonly weights: Float64Array
}

const modes = ['BRANCH_LEQ', 'LEAF'] as const

function listsOf(trees: readonly TreeArrays[], targetOf: (tree: number) => number): TreeLists {
  const nodes = trees.reduce((sum, { feature }) => sum + feature.length, 0)
  const numbers = trees.reduce((sum, { leaf, width }) => sum + width * leaf.reduce((count, row) => (row >= 0 ? count + 1 : count), 0), 0)
  const lists = emptyLists(nodes, numbers)
  let [node, number] = [0, 0]
  for (const [id, tree] of trees.entries()) {
    addNodes(lists, id, tree, node)
    node += tree.feature.length
    number = addNumbers(lists, id, tree, { from: number, first: targetOf(id) })
  }
  const { targetTrees, targetNodes, targetIds, weights } = lists
  const filled = <T extends Int32Array | Float64Array>(list: T): T => list.subarray(0, number) as T
  return {
    ...lists,
    targetTrees: filled(targetTrees),
    targetNodes: filled(targetNodes),
    targetIds: filled(targetIds),
    weights: filled(weights),
  }
}

function emptyLists(nodes: number, numbers: number): TreeLists {
  const ints = (length: number): Int32Array => new Int32Array(length)
  return {
    treeIds: ints(nodes),
    nodeIds: ints(nodes),
    featureIds: ints(nodes),
    modes: new Uint8Array(nodes),
    values: new Float64Array(nodes),
    trueIds: ints(nodes),
    falseIds: ints(nodes),
    missingTrue: ints(nodes),
    targetTrees: ints(numbers),
    targetNodes: ints(numbers),
    targetIds: ints(numbers),
    weights: new Float64Array(numbers),
  }
}

function addNodes(lists: TreeLists, id: number, tree: TreeArrays, from: number): void {
  for (let node = 0, at = from; node < tree.feature.length; node++, at++) {
    lists.treeIds[at] = id
    lists.nodeIds[at] = node
    if ((tree.leaf[node] as number) >= 0) {
      lists.modes[at] = 1
      continue
    }
    lists.featureIds[at] = tree.feature[node] as number
    lists.values[at] = tree.threshold[node] as number
    lists.trueIds[at] = tree.left[node] as number
    lists.falseIds[at] = tree.right[node] as number
    lists.missingTrue[at] = tree.missingLeft[node] as number
  }
}

/** Adds the numbers of a tree's leaves; gives the place behind them. */
function addNumbers(
  lists: TreeLists,
  id: number,
  tree: TreeArrays,
  { from, first }: { readonly from: number; readonly first: number },
): number {
  let at = from
  for (let node = 0; node < tree.leaf.length; node++) {
    const leaf = tree.leaf[node] as number
    for (let target = 0; leaf >= 0 && target < tree.width; target++) {
      const weight = tree.values[leaf * tree.width + target] as number
      // A leaf without any number would be no leaf to onnxruntime.
      if (weight === 0 && target > 0) continue
      lists.targetTrees[at] = id
      lists.targetNodes[at] = node
      lists.targetIds[at] = first + target
      lists.weights[at++] = weight
    }
  }
  return at
}
