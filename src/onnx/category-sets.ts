/** ONNX for splits by sets of categories: each set becomes a column, 1 where a row's category is in it, and the split a threshold on that column. */
import type { TreeArrays } from '../learn/forest/forest'
import { int } from '../onnxfile/attribute'
import { dataTypeOf } from '../onnxfile/types'
import type { Features } from './features'

/** Trees that have thresholds only, and the matrix they look at. */
export interface TreesWithoutSets {
  readonly trees: readonly TreeArrays[]
  readonly input: string
}

/** Words of 32 bits per set; the last bit is for missing values. */
const WORDS = 8
const MISSING = 255

/** Adds a column for every set that the trees split by. */
export function writeCategorySets(features: Features, input: string, trees: readonly TreeArrays[], numFeatures: number): TreesWithoutSets {
  /** By feature: its sets. */
  const columns = new Map<number, { readonly set: number; readonly bits: Uint32Array }[]>()
  const columnOf = new Map<number, number>()
  for (const { feature, categories } of trees) {
    if (categories === undefined) continue
    categories.set.forEach((set, node) => {
      if (set < 0) return
      const list = columns.get(feature[node] as number) ?? []
      columns.set(feature[node] as number, list)
      list.push({ set, bits: categories.sets.subarray(set * WORDS, set * WORDS + WORDS) })
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

/** The columns of one feature's sets: a row of the table for each category, and the last for missing values. */
function writeMemberships(features: Features, input: string, feature: number, sets: readonly { readonly bits: Uint32Array }[]): string {
  const { graph } = features
  const isIn = (bits: Uint32Array, bit: number): number => ((bits[bit >>> 5] as number) >>> (bit & 31)) & 1
  const table = Array.from({ length: MISSING + 1 }, (_, bit) => sets.map(({ bits }) => isIn(bits, bit))).flat()
  const column = graph.node('Gather', [input, graph.constant('int64', [], BigInt64Array.of(BigInt(feature)))], {
    attributes: { axis: int(1) },
  })
  const code = graph.node('Where', [graph.node('IsNaN', [column]), features.numbers([], [MISSING]), column])
  const index = graph.node('Cast', [code], { attributes: { to: int(dataTypeOf.int64) } })
  return graph.node('Gather', [features.numbers([MISSING + 1, sets.length], table), index], { attributes: { axis: int(0) } })
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
