/**
 * Trees of another library as JSON and bytes. All numbers little endian, sections without gaps, in this order:
 *
 * | section | type | count |
 * | --- | --- | --- |
 * | threshold, number of a set, or leaf number of each node, depth first, tree after tree | float64 | `nodes` |
 * | test of each node | uint32 | `nodes` |
 * | nodes per tree | uint32 | `trees` |
 * | sets of categories | uint32 | sum of `sets` |
 *
 * A test is `feature << 2 | isSet << 1 | missingLeft`, all bits set marks a leaf. Children need no links: the left one follows its parent, the
 * right one follows the left one's last descendant.
 */
import { MillwrightError } from '../../core/errors'
import { type FlatTrees, nodeMemory } from './flat-trees'
import type { EnsembleLink } from './links'
import type { TreeEnsemble } from './tree-ensemble'

/** The JSON part of stored trees. */
export interface EnsembleHeader {
  readonly features: number
  readonly trees: number
  readonly nodes: number
  readonly outputs: number
  readonly targets: readonly number[]
  readonly base: readonly number[]
  readonly scale: number
  readonly link: EnsembleLink
  readonly precision: TreeEnsemble['precision']
  readonly zeroIsMissing: readonly number[]
  /** Words of each set of categories. */
  readonly sets: readonly number[]
}

/** The JSON part. */
export function ensembleHeader(ensemble: TreeEnsemble): EnsembleHeader {
  const { targets, outputs, base, scale, link, precision, roots, sets, zeroIsMissing } = ensemble
  return {
    features: ensemble.numFeatures,
    trees: targets.length,
    nodes: roots[targets.length] as number,
    outputs,
    targets: Array.from(targets),
    base: Array.from(base),
    scale,
    link,
    precision,
    zeroIsMissing: [...zeroIsMissing.keys()].filter((f) => zeroIsMissing[f] === 1),
    sets: sets.map(({ length }) => length),
  }
}

/** The binary part. */
export function ensembleBytes({ roots, ints, floats, sets }: TreeEnsemble): Uint8Array {
  const nodes = ints.length / 4
  const words = sets.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(12 * nodes + 4 * (roots.length - 1) + 4 * words)
  const view = new DataView(bytes.buffer)
  for (let node = 0; node < nodes; node++) {
    view.setFloat64(8 * node, floats[2 * node + 1] as number, true)
    view.setInt32(8 * nodes + 4 * node, ints[4 * node] as number, true)
  }
  let at = 12 * nodes
  for (let tree = 0; tree < roots.length - 1; tree++, at += 4)
    view.setUint32(at, (roots[tree + 1] as number) - (roots[tree] as number), true)
  for (const word of sets.flatMap((set) => Array.from(set))) {
    view.setUint32(at, word, true)
    at += 4
  }
  return bytes
}

/** Reads trees from their two parts. Checks every index, and that the sizes are consistent. @throws Corrupt */
export function ensembleFrom(header: EnsembleHeader, bytes: Uint8Array | undefined): TreeEnsemble {
  const { features, trees, nodes, outputs, targets, base, zeroIsMissing } = header
  const words = header.sets.reduce((sum, length) => sum + length, 0)
  const expected = 12 * nodes + 4 * trees + 4 * words
  if (bytes?.length !== expected) throw corruptTrees(`${expected} bytes expected, ${bytes?.length ?? 'none'} found`)
  if (targets.length !== trees || targets.some((target) => target >= outputs)) throw corruptTrees('the trees do not add up to the outputs')
  if (base.length !== outputs) throw corruptTrees(`${base.length} base values for ${outputs} outputs`)
  if (zeroIsMissing.some((f) => f >= features)) throw corruptTrees('a feature is not there')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const flags = new Uint8Array(features)
  for (const f of zeroIsMissing) flags[f] = 1
  return {
    ...readTrees(view, header),
    numFeatures: features,
    outputs,
    targets: Int32Array.from(targets),
    base: Float64Array.from(base),
    scale: header.scale,
    link: header.link,
    precision: header.precision,
    zeroIsMissing: flags,
  }
}

function readTrees(view: DataView, header: EnsembleHeader): FlatTrees {
  const { trees, nodes } = header
  const { ints, floats } = nodeMemory(nodes)
  const roots = new Int32Array(trees + 1)
  for (let tree = 0; tree < trees; tree++) {
    const end = (roots[tree] as number) + view.getUint32(12 * nodes + 4 * tree, true)
    if (end > nodes) throw corruptTrees('the trees have more nodes than stored')
    roots[tree + 1] = end
  }
  if (roots[trees] !== nodes) throw corruptTrees('the trees do not add up to the nodes')
  for (let node = 0; node < nodes; node++) {
    const test = view.getInt32(8 * nodes + 4 * node, true)
    const value = view.getFloat64(8 * node, true)
    if (test >> 2 >= header.features || test < -1) throw corruptTrees('a test names a feature that is not there')
    const isSet = test >= 0 && (test & 2) !== 0
    if (isSet && !(Number.isInteger(value) && value >= 0 && value < header.sets.length))
      throw corruptTrees('a set of categories is not there')
    ints[4 * node] = test
    floats[2 * node + 1] = value
  }
  for (let tree = 0; tree < trees; tree++) linkTree(ints, roots[tree] as number, roots[tree + 1] as number)
  let at = 12 * nodes + 4 * trees
  const sets = header.sets.map((length) => {
    const set = Uint32Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, true))
    at += 4 * length
    return set
  })
  return { roots, ints, floats, sets }
}

/** Finds every right child of a tree. */
function linkTree(ints: Int32Array, root: number, end: number): void {
  const open: number[] = [] // interior nodes whose right child is still to come
  for (let node = root; node < end; node++) {
    if ((ints[4 * node] as number) >= 0) {
      open.push(node)
      continue
    }
    const parent = open.pop()
    if ((parent === undefined) !== (node === end - 1)) throw corruptTrees('a tree does not end where it should')
    if (parent !== undefined) ints[4 * parent + 1] = node + 1
  }
  if (open.length > 0 || end === root) throw corruptTrees('a tree is not complete')
}

function corruptTrees(what: string): MillwrightError {
  return new MillwrightError('Corrupt', `the stored trees are damaged: ${what}`)
}
