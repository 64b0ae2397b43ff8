/** ONNX for trees: a TreeEnsembleRegressor with one target per class, because TreeEnsembleClassifier misreports two classes (onnxruntime). */
import type { TreeArrays } from '../learn/forest/forest'
import { type AttributeValue, int, ints, string, strings, tensor } from '../onnxfile/attribute'
import { tensorProto } from '../onnxfile/tensor'
import type { Features } from './features'

/** How the leaves of the trees make an answer. */
export interface TreeSum {
  /** The matrix the trees look at. */
  readonly input: string
  /** Numbers per leaf. */
  readonly targets: number
  readonly aggregate: 'SUM' | 'AVERAGE'
  /** Of trees whose leaves hold one number: the target it is added to. @default leaf number `i` to target `i` */
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
  const values = (numbers: readonly number[]): AttributeValue =>
    tensor(tensorProto('', 'float64', [numbers.length], Float64Array.from(numbers)))
  return features.graph.node('TreeEnsembleRegressor', [input], {
    domain: 'ai.onnx.ml',
    output,
    attributes: {
      n_targets: int(targets),
      aggregate_function: string(aggregate),
      post_transform: string('NONE'),
      nodes_treeids: ints(lists.treeIds),
      nodes_nodeids: ints(lists.nodeIds),
      nodes_featureids: ints(lists.featureIds),
      nodes_modes: strings(lists.modes),
      nodes_values_as_tensor: values(lists.values),
      nodes_truenodeids: ints(lists.trueIds),
      nodes_falsenodeids: ints(lists.falseIds),
      nodes_missing_value_tracks_true: ints(lists.missingTrue),
      target_treeids: ints(lists.targetTrees),
      target_nodeids: ints(lists.targetNodes),
      target_ids: ints(lists.targetIds),
      target_weights_as_tensor: values(lists.weights),
    },
  })
}

interface TreeLists {
  readonly treeIds: number[]
  readonly nodeIds: number[]
  readonly featureIds: number[]
  readonly modes: string[]
  readonly values: number[]
  readonly trueIds: number[]
  readonly falseIds: number[]
  readonly missingTrue: number[]
  readonly targetTrees: number[]
  readonly targetNodes: number[]
  readonly targetIds: number[]
  readonly weights: number[]
}

function listsOf(trees: readonly TreeArrays[], targetOf: (tree: number) => number): TreeLists {
  const lists: TreeLists = {
    treeIds: [],
    nodeIds: [],
    featureIds: [],
    modes: [],
    values: [],
    trueIds: [],
    falseIds: [],
    missingTrue: [],
    targetTrees: [],
    targetNodes: [],
    targetIds: [],
    weights: [],
  }
  for (const [id, tree] of trees.entries()) addTree(lists, id, tree, targetOf(id))
  return lists
}

function addTree(lists: TreeLists, id: number, tree: TreeArrays, first: number): void {
  for (let node = 0; node < tree.feature.length; node++) {
    const leaf = tree.leaf[node] as number
    const inner = leaf < 0
    lists.treeIds.push(id)
    lists.nodeIds.push(node)
    lists.featureIds.push(inner ? (tree.feature[node] as number) : 0)
    lists.modes.push(inner ? 'BRANCH_LEQ' : 'LEAF')
    lists.values.push(inner ? (tree.threshold[node] as number) : 0)
    lists.trueIds.push(inner ? (tree.left[node] as number) : 0)
    lists.falseIds.push(inner ? (tree.right[node] as number) : 0)
    lists.missingTrue.push(inner ? (tree.missingLeft[node] as number) : 0)
    if (inner) continue
    for (let target = 0; target < tree.width; target++) {
      const weight = tree.values[leaf * tree.width + target] as number
      // A leaf without any number would be no leaf to onnxruntime.
      if (weight === 0 && target > 0) continue
      lists.targetTrees.push(id)
      lists.targetNodes.push(node)
      lists.targetIds.push(first + target)
      lists.weights.push(weight)
    }
  }
}
