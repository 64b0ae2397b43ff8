/** One tree as LightGBM's files have it. */
import type { TreeArrays } from '../../learn/forest/forest'

/** How a tree is written. */
export interface TreeFacts {
  /** Which number of its leaves. */
  readonly number: number
  /** What leaf numbers are multiplied by. */
  readonly scale: number
  /** What is added to them. */
  readonly begin: number
  readonly zeroIsMissing: Uint8Array
}

/** `decision_type` of a set of categories; a missing value then always goes right. */
const CATEGORIES = 1
const DEFAULT_LEFT = 2
const ZERO_IS_MISSING = 4
const NAN_IS_MISSING = 8

/** The lines of a tree. */
export function writeTree(tree: TreeArrays, facts: TreeFacts): string {
  const { leaf, values, width } = tree
  const splits = [...leaf.keys()].filter((node) => (leaf[node] as number) < 0)
  const leaves = [...leaf.keys()].filter((node) => (leaf[node] as number) >= 0)
  const placeOf = new Int32Array(leaf.length)
  for (const [i, node] of splits.entries()) placeOf[node] = i
  for (const [i, node] of leaves.entries()) placeOf[node] = ~i
  const numbers = leaves.map((node) => facts.begin + facts.scale * (values[(leaf[node] as number) * width + facts.number] as number))
  const { lines, sets } = splitLines(tree, splits, placeOf, facts)
  const bounds = sets.map((_, i) => sets.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0))
  return [
    `num_leaves=${leaves.length}`,
    `num_cat=${sets.length}`,
    ...(splits.length === 0 ? [] : lines),
    `leaf_value=${numbers.map(text).join(' ')}`,
    ...(splits.length === 0 ? [] : [`leaf_weight=${zeros(leaves)}`, `leaf_count=${zeros(leaves)}`]),
    ...(splits.length === 0
      ? []
      : [`internal_value=${zeros(splits)}`, `internal_weight=${zeros(splits)}`, `internal_count=${zeros(splits)}`]),
    ...(sets.length === 0 ? [] : [`cat_boundaries=0 ${bounds.join(' ')}`, `cat_threshold=${sets.map((set) => set.join(' ')).join(' ')}`]),
    'is_linear=0',
    'shrinkage=1',
    '',
  ].join('\n')
}

function splitLines(
  { feature, threshold, left, right, missingLeft, categories }: TreeArrays,
  splits: readonly number[],
  placeOf: Int32Array,
  { zeroIsMissing }: TreeFacts,
): { readonly lines: readonly string[]; readonly sets: readonly Uint32Array[] } {
  const sets: Uint32Array[] = []
  const columns = { thresholds: [] as string[], decisions: [] as number[], lefts: [] as number[], rights: [] as number[] }
  for (const node of splits) {
    let [toLeft, toRight] = [left[node] as number, right[node] as number]
    const set = categories?.sets[categories.set[node] as number]
    const isLeft = missingLeft[node] === 1
    const f = feature[node] as number
    if (set === undefined) {
      columns.thresholds.push(text(threshold[node] as number))
      columns.decisions.push((isLeft ? DEFAULT_LEFT : 0) | (zeroIsMissing[f] === 1 ? ZERO_IS_MISSING : NAN_IS_MISSING))
    } else {
      // Missing values of categories always go right: where they go left here, the sides are exchanged, and the set is all other categories.
      if (isLeft) [toLeft, toRight] = [toRight, toLeft]
      columns.thresholds.push(String(sets.push(isLeft ? others(set) : set) - 1))
      columns.decisions.push(CATEGORIES)
    }
    columns.lefts.push(placeOf[toLeft] as number)
    columns.rights.push(placeOf[toRight] as number)
  }
  const lines = [
    `split_feature=${splits.map((node) => feature[node]).join(' ')}`,
    `split_gain=${zeros(splits)}`,
    `threshold=${columns.thresholds.join(' ')}`,
    `decision_type=${columns.decisions.join(' ')}`,
    `left_child=${columns.lefts.join(' ')}`,
    `right_child=${columns.rights.join(' ')}`,
  ]
  return { lines, sets }
}

/** The categories that are not in a set: at least up to 255, the most that boosted trees here have. */
function others(set: Uint32Array): Uint32Array {
  return Uint32Array.from({ length: Math.max(8, set.length) }, (_, word) => ~(set[word] ?? 0))
}

function zeros(nodes: readonly number[]): string {
  return nodes.map(() => '0').join(' ')
}

/** The shortest text that reads back as the same number. `inf` would be no number to LightGBM's reader of thresholds. */
function text(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '1.7976931348623157e+308'
  return value === Number.NEGATIVE_INFINITY ? '-1.7976931348623157e+308' : String(value)
}
