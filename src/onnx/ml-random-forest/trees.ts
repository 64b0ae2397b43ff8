/** The trees of a forest of ml-random-forest as a TreeEnsembleRegressor. */
import type { MlForest, MlTree } from '../../modelfiles/ml-random-forest'
import { type AttributeValue, int, ints, string, strings, tensor } from '../../onnxfile/attribute'
import { tensorProto } from '../../onnxfile/tensor'
import type { GraphBuilder } from '../graph-builder'

/** What the trees give. */
export interface MlTreeOutput {
  /** One vote of 1 for one of several classes, or the mean of one number. */
  readonly targets: number
  readonly output?: string | undefined
}

/** Writes the trees: counts of votes for each class, or the mean of the numbers. A missing value goes right, as in ml-random-forest. */
export function writeMlTrees(graph: GraphBuilder, forest: MlForest, input: string, { targets, output }: MlTreeOutput): string {
  const isVotes = forest.selection === 'votes'
  const nodes = forest.trees.flatMap((tree, id) => Array.from(tree.feature, (feature, node) => ({ tree, id, feature, node })))
  const leaves = nodes.filter(({ feature }) => feature < 0)
  const listOf = (field: 'left' | 'right'): AttributeValue => ints(nodes.map(({ tree, node }) => tree[field][node] as number))
  const answer = ({ tree, node }: { readonly tree: MlTree; readonly node: number }): number => tree.answer[node] as number
  return graph.node('TreeEnsembleRegressor', [input], {
    domain: 'ai.onnx.ml',
    output,
    attributes: {
      n_targets: int(targets),
      aggregate_function: string(isVotes ? 'SUM' : 'AVERAGE'),
      post_transform: string('NONE'),
      nodes_treeids: ints(nodes.map(({ id }) => id)),
      nodes_nodeids: ints(nodes.map(({ node }) => node)),
      nodes_featureids: ints(nodes.map(({ feature }) => Math.max(0, feature))),
      nodes_modes: strings(nodes.map(({ feature }) => (feature < 0 ? 'LEAF' : 'BRANCH_LT'))),
      nodes_values_as_tensor: numbers(nodes.map(({ tree, node }) => tree.threshold[node] as number)),
      nodes_truenodeids: listOf('left'),
      nodes_falsenodeids: listOf('right'),
      target_treeids: ints(leaves.map(({ id }) => id)),
      target_nodeids: ints(leaves.map(({ node }) => node)),
      target_ids: ints(leaves.map((leaf) => (isVotes ? answer(leaf) : 0))),
      target_weights_as_tensor: numbers(leaves.map((leaf) => (isVotes ? 1 : answer(leaf)))),
    },
  })
}

function numbers(values: readonly number[]): AttributeValue {
  return tensor(tensorProto('', 'float64', [values.length], Float64Array.from(values)))
}
