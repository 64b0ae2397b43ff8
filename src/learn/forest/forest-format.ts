/**
 * A forest as JSON and bytes. All numbers little endian, sections without gaps, in this order:
 *
 * | section | type | count |
 * | --- | --- | --- |
 * | bin edges, feature after feature | float64 | sum of `edges` |
 * | leaf numbers, row-major | float64 | `leaves` × `width` |
 * | nodes per tree | uint32 | `trees` |
 * | leaf of each leaf node, in node order | `leafBytes` bytes, unsigned | leaf nodes |
 * | test of each node, depth first, tree after tree | uint32 | `nodes` |
 *
 * A test is `feature << 17 | missingLeft << 16 | (bin + missingLeft)`, see `Forest`; all bits set marks a leaf. Children need no
 * links: the left one follows its parent, the right one follows the left one's last descendant.
 */
import { MillwrightError } from '../../core/errors'
import type { Forest } from './forest'

/** Marks a leaf among the tests. */
const LEAF = 0xffffffff

/** The JSON part of a stored forest: the sizes of the sections. */
export interface ForestHeader {
  readonly edges: readonly number[]
  readonly trees: number
  readonly nodes: number
  readonly width: number
  readonly leaves: number
  readonly leafBytes: 1 | 2 | 4
}

/** Sizes of a forest's sections. */
export function forestHeader(forest: Forest): ForestHeader {
  const leaves = forest.leaves.length / forest.width
  return {
    edges: forest.edges.map((edges) => edges.length),
    trees: forest.roots.length - 1,
    nodes: forest.nodes.length / 2,
    width: forest.width,
    leaves,
    leafBytes: leaves <= 256 ? 1 : leaves <= 65536 ? 2 : 4,
  }
}

/** The binary part of a stored forest. */
export function forestBytes(forest: Forest): Uint8Array {
  const header = forestHeader(forest)
  const { nodes, roots } = forest
  const bytes = new Uint8Array(sizeOf(header, leafCount(header)))
  const writer = new Cursor(bytes)
  for (const edges of forest.edges) for (const edge of edges) writer.putFloat(edge)
  for (const value of forest.leaves) writer.putFloat(value)
  for (let tree = 0; tree < header.trees; tree++) writer.put((roots[tree + 1] as number) - (roots[tree] as number), 4)
  for (let i = 0; i < nodes.length; i += 2) if ((nodes[i] as number) < 0) writer.put(~(nodes[i] as number), header.leafBytes)
  for (let i = 0; i < nodes.length; i += 2) writer.put((nodes[i] as number) < 0 ? LEAF : (nodes[i] as number), 4)
  return bytes
}

/**
 * Reads a forest from its two parts. Checks every index, and that the sizes are consistent.
 *
 * @param fields how many features a test may name; boosted trees have more than there are features
 * @throws Corrupt
 */
export function forestFrom(header: ForestHeader, bytes: Uint8Array | undefined, fields = header.edges.length): Forest {
  if ((header.nodes + header.trees) % 2 !== 0) throw corruptForest('the numbers of nodes and trees do not fit')
  const expected = sizeOf(header, leafCount(header))
  if (bytes === undefined || bytes.length !== expected) {
    throw corruptForest(`${expected} bytes of trees expected, ${bytes === undefined ? 'none' : bytes.length} found`)
  }
  const reader = new Cursor(bytes)
  const edges = header.edges.map((count) => Float64Array.from({ length: count }, () => reader.takeFloat()))
  const leaves = Float64Array.from({ length: header.leaves * header.width }, () => reader.takeFloat())
  const roots = new Int32Array(header.trees + 1)
  for (let tree = 0; tree < header.trees; tree++) roots[tree + 1] = (roots[tree] as number) + reader.take(4)
  if (roots[header.trees] !== header.nodes) throw corruptForest('the trees do not add up to the nodes')
  const leafOfNode = Int32Array.from({ length: leafCount(header) }, () => reader.take(header.leafBytes))
  if (leafOfNode.some((leaf) => leaf < 0 || leaf >= header.leaves)) throw corruptForest('a leaf is out of range')
  return { edges, roots, nodes: linked(header, roots, leafOfNode, reader, fields), width: header.width, leaves }
}

/** Reads the tests and finds every right child. */
function linked(header: ForestHeader, roots: Int32Array, leafOfNode: Int32Array, reader: Cursor, fields: number): Int32Array {
  const nodes = new Int32Array(2 * header.nodes)
  let leaf = 0
  for (let tree = 0; tree < header.trees; tree++) {
    const open: number[] = [] // interior nodes whose right child is still to come
    const end = roots[tree + 1] as number
    for (let node = roots[tree] as number; node < end; node++) {
      const test = reader.take(4)
      if (test !== LEAF) {
        if (test >>> 17 >= fields || test > 0x7fffffff) throw corruptForest('a test names a feature that is not there')
        nodes[2 * node] = test
        open.push(node)
        continue
      }
      if (leaf >= leafOfNode.length) throw corruptForest('there are more leaves than stored')
      nodes[2 * node] = ~(leafOfNode[leaf++] as number)
      const parent = open.pop()
      if ((parent === undefined) !== (node === end - 1)) throw corruptForest('a tree does not end where it should')
      if (parent !== undefined) nodes[2 * parent + 1] = node + 1
    }
    if (open.length > 0 || end === roots[tree]) throw corruptForest('a tree is not complete')
  }
  return nodes
}

/** Leaf nodes: every tree has one more leaf than interior nodes. */
function leafCount({ nodes, trees }: ForestHeader): number {
  return (nodes + trees) / 2
}

function sizeOf(header: ForestHeader, leafNodes: number): number {
  const edges = header.edges.reduce((sum, count) => sum + count, 0)
  return 8 * (edges + header.leaves * header.width) + 4 * header.trees + leafNodes * header.leafBytes + header.nodes * 4
}

/** The error for damaged trees. */
export function corruptForest(what: string): MillwrightError {
  return new MillwrightError('Corrupt', `the stored forest is damaged: ${what}`)
}

/** Reads or writes little-endian numbers one after another. */
class Cursor {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  putFloat(value: number): void {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  takeFloat(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  put(value: number, size: 1 | 2 | 4): void {
    if (size === 1) this.#view.setUint8(this.#at, value)
    else if (size === 2) this.#view.setUint16(this.#at, value, true)
    else this.#view.setUint32(this.#at, value, true)
    this.#at += size
  }

  take(size: 1 | 2 | 4): number {
    this.#at += size
    if (size === 1) return this.#view.getUint8(this.#at - 1)
    return size === 2 ? this.#view.getUint16(this.#at - 2, true) : this.#view.getUint32(this.#at - 4, true)
  }
}
