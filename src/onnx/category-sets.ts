/** ONNX for splits by sets of categories: each set becomes a column, 1 where a row's category is in it, and the split a threshold on that column. */
import { hasCategory, type TreeArrays } from '../learn/forest/forest'
import { int } from '../onnxfile/attribute'
import { dataTypeOf } from '../onnxfile/types'
import type { Features } from './features'

/** Trees that have thresholds only, and the matrix they look at. */
export interface TreesWithoutSets {
  readonly trees: readonly TreeArrays[]
  readonly input: string
}

/** Adds a column for every set that the trees split by. */
export function writeCategorySets(features: Features, input: string, trees: readonly TreeArrays[], numFeatures: number): TreesWithoutSets {
  /** By feature: its sets. */
  const columns = new Map<number, CategorySet[]>()
  const columnOf = new Map<number, number>()
  for (const { feature, missingLeft, categories } of trees) {
    if (categories === undefined) continue
    categories.set.forEach((set, node) => {
      if (set < 0) return
      const list = columns.get(feature[node] as number) ?? []
      columns.set(feature[node] as number, list)
      list.push({ set, bits: categories.sets[set] as Uint32Array, missing: missingLeft[node] as number })
    })
  }
  if (columns.size === 0) return { trees, input }
  const parts = [input]
  let next = numFeatures
  for (const [feature, sets] of columns) {
    for (const { set } of sets) columnOf.set(set, next++)
    parts.push(writeMemberships(features, input, feature, sets))
  }
  const wide = features.graph.node('Concat', parts, { attributes: { axis: int(1) } })
  return { input: wide, trees: trees.map((tree) => withColumns(tree, columnOf)) }
}

/** A set that a split asks for. */
interface CategorySet {
  readonly set: number
  readonly bits: Uint32Array
  /** 1 where a missing value counts as one of the set. */
  readonly missing: number
}

/** The columns of one feature's sets: a row of the table for each category, then one for all others, and one for missing values. */
function writeMemberships(features: Features, input: string, feature: number, sets: readonly CategorySet[]): string {
  const { graph } = features
  const known = 32 * Math.max(...sets.map(({ bits }) => bits.length))
  const table = Array.from({ length: known + 2 }, (_, code) =>
    sets.map(({ bits, missing }) => (code > known ? missing : Number(hasCategory(bits, code)))),
  ).flat()
  const column = graph.node('Gather', [input, graph.constant('int64', [], BigInt64Array.of(BigInt(feature)))], {
    attributes: { axis: int(1) },
  })
  const number = (value: number): string => features.numbers([], [value])
  const isKnown = graph.node('And', [graph.node('Greater', [column, number(-1)]), graph.node('Less', [column, number(known)])])
  const code = graph.node('Where', [isKnown, column, number(known)])
  const row = graph.node('Where', [graph.node('IsNaN', [column]), number(known + 1), code])
  const index = graph.node('Cast', [row], { attributes: { to: int(dataTypeOf.int64) } })
  return graph.node('Gather', [features.numbers([known + 2, sets.length], table), index], { attributes: { axis: int(0) } })
}

/** A row in the set has 1 there, which is above the threshold: its left child becomes the right one. */
function withColumns(tree: TreeArrays, columnOf: ReadonlyMap<number, number>): TreeArrays {
  const { categories } = tree
  if (categories === undefined) return tree
  const isSet = (node: number): boolean => (categories.set[node] as number) >= 0
  return {
    ...tree,
    categories: undefined,
    feature: tree.feature.map((feature, node) => (isSet(node) ? (columnOf.get(categories.set[node] as number) as number) : feature)),
    threshold: tree.threshold.map((threshold, node) => (isSet(node) ? 0.5 : threshold)),
    left: tree.left.map((child, node) => (isSet(node) ? (tree.right[node] as number) : child)),
    right: tree.right.map((child, node) => (isSet(node) ? (tree.left[node] as number) : child)),
    missingLeft: tree.missingLeft.map((left, node) => (isSet(node) ? 0 : left)),
  }
}
