/** Forests of the package ml-random-forest, from the JSON that its `toJSON` gives. The package itself is not imported. */
import * as z from 'zod/mini'
import { damaged } from '../core/damage'
import { MillwrightError } from '../core/errors'
import { readStored, storedFormat } from '../core/stored'

/** How the answers of the trees become one. */
export type ForestSelection = 'votes' | 'mean' | 'median'

/** A tree as arrays, one entry a node; the first node is the root. */
export interface MlTree {
  /** The feature of the row that is tested; −1 in leaves. */
  readonly feature: Int32Array
  /** Go left when the value is smaller; a missing value goes right. 0 in leaves. */
  readonly threshold: Float64Array
  /** Numbers of nodes; 0 in leaves. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** What a leaf answers: the number of a class, or a number. 0 in other nodes. */
  readonly answer: Float64Array
}

/** A forest. */
export interface MlForest {
  readonly selection: ForestSelection
  readonly trees: readonly MlTree[]
  /** The smallest number of features that a row must have. */
  readonly numFeatures: number
  /** Of classifiers: the smallest number of classes; 0 of regressions. */
  readonly numClasses: number
}

/** Limits of what is read: more is refused, so that no file takes all memory. */
const MAX_NODES = 20_000_000
const MAX_DEPTH = 10_000

interface StoredForest {
  readonly name: 'RFClassifier' | 'RFRegression'
  readonly selectionMethod?: 'mean' | 'median' | undefined
  readonly baseModel: {
    readonly indexes: readonly (readonly number[])[]
    readonly estimators: readonly { readonly root: unknown }[]
    readonly isClassifier?: boolean | undefined
  }
}

const forestFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<StoredForest> => {
  const index = z.int().check(z.minimum(0), z.maximum(1_000_000))
  return z.looseObject({
    name: z.enum(['RFClassifier', 'RFRegression']),
    selectionMethod: z.optional(z.enum(['mean', 'median'])),
    baseModel: z.looseObject({
      indexes: z.array(z.array(index).check(z.minLength(1))),
      estimators: z.array(z.looseObject({ root: z.unknown() })).check(z.minLength(1), z.maxLength(100_000)),
      isClassifier: z.optional(z.boolean()),
    }),
  })
})

/**
 * Reads a forest.
 *
 * @param document the parsed JSON
 * @param subject the file, for messages
 * @throws Corrupt naming the place that is wrong; Unsupported for forests beyond the limits (20 million nodes, 10,000 deep)
 */
export function readMlForest(document: unknown, subject: string): MlForest {
  const { name, selectionMethod = 'mean', baseModel } = readStored(forestFormat, document, subject)
  const { indexes, estimators } = baseModel
  const isClassifier = name === 'RFClassifier'
  if (baseModel.isClassifier !== undefined && baseModel.isClassifier !== isClassifier)
    throw damaged(subject, ['baseModel', 'isClassifier'], String(isClassifier), baseModel.isClassifier)
  if (indexes.length !== estimators.length)
    throw damaged(subject, ['baseModel', 'indexes'], `one list for each of ${estimators.length} trees`, `${indexes.length} lists`)
  let numNodes = 0
  let numClasses = 0
  const trees = estimators.map(({ root }, t) => {
    const reader = new TreeReader({ subject, tree: t, features: indexes[t] as readonly number[], isClassifier, room: MAX_NODES - numNodes })
    const tree = reader.read(root)
    numNodes += tree.feature.length
    numClasses = Math.max(numClasses, reader.numClasses)
    return tree
  })
  const numFeatures = indexes.reduce((most, list) => list.reduce((max, index) => Math.max(max, index + 1), most), 0)
  return { selection: isClassifier ? 'votes' : selectionMethod, trees, numFeatures, numClasses }
}

interface TreeFacts {
  readonly subject: string
  readonly tree: number
  /** The features of the forest that the tree's columns are. */
  readonly features: readonly number[]
  readonly isClassifier: boolean
  /** How many nodes may be read. */
  readonly room: number
}

/** Reads one tree without recursion: a file can be deeper than the stack. */
class TreeReader {
  readonly #facts: TreeFacts
  readonly #feature: number[] = []
  readonly #threshold: number[] = []
  readonly #left: number[] = []
  readonly #right: number[] = []
  readonly #answer: number[] = []
  numClasses = 0

  constructor(facts: TreeFacts) {
    this.#facts = facts
  }

  read(root: unknown): MlTree {
    const waiting: { readonly node: unknown; readonly depth: number; readonly parent: number; readonly isLeft: boolean }[] = [
      { node: root, depth: 0, parent: -1, isLeft: false },
    ]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node, depth, parent, isLeft } = next
      const at = this.#feature.length
      if (at >= this.#facts.room || depth > MAX_DEPTH) throw this.#tooLarge()
      if (parent >= 0) (isLeft ? this.#left : this.#right)[parent] = at
      const children = this.#add(node)
      if (children === undefined) continue
      waiting.push({ node: children.right, depth: depth + 1, parent: at, isLeft: false })
      waiting.push({ node: children.left, depth: depth + 1, parent: at, isLeft: true })
    }
    return {
      feature: Int32Array.from(this.#feature),
      threshold: Float64Array.from(this.#threshold),
      left: Int32Array.from(this.#left),
      right: Int32Array.from(this.#right),
      answer: Float64Array.from(this.#answer),
    }
  }

  /** Adds a node; the two below it, or `undefined` for a leaf. A leaf may still say what it would have been split by. */
  #add(node: unknown): { readonly left: unknown; readonly right: unknown } | undefined {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) throw this.#damaged('node', 'an object', node)
    const { left, right, splitColumn, splitValue, distribution } = node as Readonly<Record<string, unknown>>
    this.#left.push(0)
    this.#right.push(0)
    if (left === undefined || right === undefined || left === null || right === null) {
      this.#feature.push(-1)
      this.#threshold.push(0)
      this.#answer.push(this.#facts.isClassifier ? this.#vote(distribution) : this.#number('distribution', distribution))
      return undefined
    }
    const { features } = this.#facts
    const column = this.#number('splitColumn', splitColumn)
    const feature = features[column]
    if (feature === undefined) throw this.#damaged('splitColumn', `a column of the tree's ${features.length}`, splitColumn)
    this.#feature.push(feature)
    this.#threshold.push(this.#number('splitValue', splitValue))
    this.#answer.push(0)
    return { left, right }
  }

  /** The class that a leaf votes for: the first with the largest share. High classes that the leaf never saw are left out of its list. */
  #vote(distribution: unknown): number {
    const shares = Array.isArray(distribution) ? (distribution[0] as unknown) : undefined
    if (!Array.isArray(shares) || shares.length === 0 || !shares.every((share) => typeof share === 'number' && Number.isFinite(share)))
      throw this.#damaged('distribution', 'a list of a list of shares', distribution)
    this.numClasses = Math.max(this.numClasses, shares.length)
    return shares.indexOf(shares.reduce((most: number, share: number) => Math.max(most, share), Number.NEGATIVE_INFINITY))
  }

  #number(name: string, value: unknown): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#damaged(name, 'a number', value)
    return value
  }

  #damaged(name: string, expected: string, found: unknown): MillwrightError {
    return damaged(this.#facts.subject, ['baseModel', 'estimators', this.#facts.tree, name], expected, found)
  }

  #tooLarge(): MillwrightError {
    return new MillwrightError(
      'Unsupported',
      `${this.#facts.subject} holds too large a forest: at most ${MAX_NODES} nodes, ${MAX_DEPTH} deep, are read`,
      { details: { tree: this.#facts.tree } },
    )
  }
}
