/** The trees of a LightGBM file. */
import { MillwrightError } from '../../core/errors'
import { LEAST_NUMBER } from '../../learn/ensemble/tree-ensemble'
import type { TreeArrays } from '../../learn/forest/forest'
import { countOf, damagedText, numbersOf, type Section, type TextPlace } from './model-text'

/** Bits of a node's `decision_type`. */
const IS_CATEGORICAL = 1
const DEFAULT_LEFT = 2
/** Behind them, what counts as missing: 0 nothing (`NaN` is 0), 1 zeros and `NaN`, 2 `NaN`. */
const MISSING_SHIFT = 2

/** Most words of 32 bits of all sets of categories together: 64 MiB. */
const MOST_WORDS = 2 ** 24
const MOST_LEAVES = 2 ** 26

/** Reads trees one after another. */
export interface TreeReader {
  read(tree: Section, place: number): TreeArrays
  /** What the splits gained, by feature. */
  readonly gains: Float64Array
  /** By feature: 1 where zeros count as missing. */
  readonly zeroIsMissing: Uint8Array
}

/** A reader of the trees of a file. @throws Corrupt, Unsupported from `read` */
export function treeReader(numFeatures: number, subject: string): TreeReader {
  const gains = new Float64Array(numFeatures)
  /** By feature: 0 not split so far, 1 zeros are numbers, 2 zeros count as missing. */
  const zeros = new Uint8Array(numFeatures)
  const zeroIsMissing = new Uint8Array(numFeatures)
  let words = 0
  const takeWords = (count: number): void => {
    words += count
    if (words > MOST_WORDS)
      throw new MillwrightError('Unsupported', `${subject} has sets of categories that take more than ${(4 * MOST_WORDS) / 2 ** 20} MiB`)
  }
  return {
    gains,
    zeroIsMissing,
    read(section, number) {
      const at: TextPlace = { subject, place: `tree ${number}` }
      if (section.get('is_linear')?.trim() === '1') {
        throw new MillwrightError('Unsupported', `${subject} has linear models in its leaves (linear_tree), which are not read`)
      }
      const leaves = countOf(section, 'num_leaves', MOST_LEAVES, at)
      if (leaves < 1) throw damagedText(subject, `${at.place} has no leaf`)
      const splits = leaves - 1
      const values = numbersOf(section, 'leaf_value', leaves, at)
      const tree = leafNodes(splits, values)
      if (splits === 0) return tree
      const nodes = nodesOf(section, splits, at)
      const sets = setsOf(section, at, takeWords)
      const set = new Int32Array(splits + leaves).fill(-1)
      for (let node = 0; node < splits; node++) {
        const feature = wholeNumber(nodes.split_feature[node] as number, numFeatures, 'a feature', at)
        const decision = wholeNumber(nodes.decision_type[node] as number, 16, 'a decision', at)
        tree.feature[node] = feature
        tree.left[node] = childOf(nodes.left_child[node] as number, splits, at)
        tree.right[node] = childOf(nodes.right_child[node] as number, splits, at)
        gains[feature] = (gains[feature] as number) + Math.max(0, nodes.split_gain[node] as number)
        const threshold = nodes.threshold[node] as number
        if ((decision & IS_CATEGORICAL) !== 0) {
          set[node] = wholeNumber(threshold, sets.length, 'a set of categories', at)
          continue
        }
        const missing = decision >> MISSING_SHIFT
        tree.threshold[node] = besideZero(threshold)
        // Where nothing was missing in training, a missing value is 0.
        tree.missingLeft[node] = missing === 0 ? Number(threshold >= 0) : (decision & DEFAULT_LEFT) === 0 ? 0 : 1
        const zero = missing === 1 ? 2 : 1
        if (zeros[feature] !== 0 && zeros[feature] !== zero) {
          throw new MillwrightError(
            'Unsupported',
            `${subject}: zeros of feature ${feature} are missing to some trees and numbers to others`,
          )
        }
        zeros[feature] = zero
        zeroIsMissing[feature] = zero - 1
      }
      return sets.length === 0 ? tree : { ...tree, categories: { set, sets } }
    },
  }
}

/** LightGBM takes numbers of at most 1e-35 for 0: a threshold among them is one beside them. */
function besideZero(threshold: number): number {
  if (threshold >= 0) return Math.max(threshold, LEAST_NUMBER)
  return threshold >= -LEAST_NUMBER ? -ABOVE_LEAST : threshold
}

/** The double after `LEAST_NUMBER`. */
const ABOVE_LEAST = 1.0000000180025096e-35

/** A tree whose splits come first and whose leaves lie behind them. */
function leafNodes(splits: number, values: Float64Array): TreeArrays {
  const count = splits + values.length
  const indices = (): Int32Array => new Int32Array(count)
  const leaf = indices().fill(-1)
  for (let i = 0; i < values.length; i++) leaf[splits + i] = i
  const feature = indices().fill(-1)
  return {
    feature,
    threshold: new Float64Array(count),
    left: indices(),
    right: indices(),
    missingLeft: new Uint8Array(count),
    leaf,
    values,
    width: 1,
  }
}

const nodeLines = ['split_feature', 'split_gain', 'threshold', 'decision_type', 'left_child', 'right_child'] as const

function nodesOf(section: Section, splits: number, at: TextPlace): Record<(typeof nodeLines)[number], Float64Array> {
  const [split_feature, split_gain, threshold, decision_type, left_child, right_child] = nodeLines.map((name) =>
    numbersOf(section, name, splits, at),
  )
  return { split_feature, split_gain, threshold, decision_type, left_child, right_child } as Record<
    (typeof nodeLines)[number],
    Float64Array
  >
}

/** Below 0 a child is a leaf: `~leaf`. */
function childOf(child: number, splits: number, at: TextPlace): number {
  return child < 0 ? splits + wholeNumber(-1 - child, splits + 1, 'a leaf', at) : wholeNumber(child, splits, 'a node', at)
}

/** The sets of categories of a tree: bits in words of 32. */
function setsOf(section: Section, at: TextPlace, takeWords: (count: number) => void): Uint32Array[] {
  const count = countOf(section, 'num_cat', MOST_LEAVES, at)
  if (count === 0) return []
  const bounds = numbersOf(section, 'cat_boundaries', count + 1, at)
  const length = wholeNumber(bounds[count] as number, MOST_WORDS, 'an end of categories', at)
  takeWords(length)
  const bits = numbersOf(section, 'cat_threshold', length, at)
  return Array.from({ length: count }, (_, i) => {
    const end = wholeNumber(bounds[i + 1] as number, length + 1, 'a bound of categories', at)
    const start = wholeNumber(bounds[i] as number, end + 1, 'a bound of categories', at)
    return Uint32Array.from(bits.subarray(start, end), (word) => wholeNumber(word, 2 ** 32, 'a word of categories', at))
  })
}

function wholeNumber(value: number, end: number, what: string, { subject, place }: TextPlace): number {
  if (Number.isInteger(value) && value >= 0 && value < end) return value
  throw damagedText(subject, `${what} of ${place} must be a whole number from 0 and below ${end}, got ${value}`)
}
