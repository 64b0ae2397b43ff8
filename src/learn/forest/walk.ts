/**
 * Trees laid out for prediction without a branch: both children of a node lie side by side, so that a step is an addition, and a leaf is its own child.
 * Four walks run side by side, so that one waits for memory while the others go on.
 */
import { MISSING_BIN } from './bins'

/** Trees for rows without missing cells. */
export interface WalkTrees {
  /** Two integers per node: `feature << 16 | bin`, and the left child; the right one follows it. A row goes left when its bin is at most this one. */
  readonly nodes: Int32Array
  /** By tree: its root. */
  readonly starts: Int32Array
  /** By node: the row of its leaf. */
  readonly leaves: Int32Array
  /** By tree: room for the leaf of one row. */
  readonly found: Int32Array
}

/** Lays the trees of a `Forest` out. */
export function walkTrees({ nodes, roots }: { readonly nodes: Int32Array; readonly roots: Int32Array }): WalkTrees {
  const count = nodes.length / 2
  const laid = new Int32Array(2 * count)
  const leaves = new Int32Array(count)
  const starts = roots.slice(0, -1)
  const waiting: number[] = []
  for (let tree = 0; tree < starts.length; tree++) {
    const root = roots[tree] as number
    let free = root + 1
    waiting.push(root, root)
    while (waiting.length > 0) {
      const place = waiting.pop() as number
      const node = waiting.pop() as number
      const word = nodes[2 * node] as number
      if (word < 0) {
        // No bin is above this one: a row stays.
        laid[2 * place] = MISSING_BIN
        laid[2 * place + 1] = place
        leaves[place] = ~word
        continue
      }
      laid[2 * place] = ((word >>> 17) << 16) | ((word & 65535) - ((word >>> 16) & 1))
      laid[2 * place + 1] = free
      waiting.push(nodes[2 * node + 1] as number, free + 1, node + 1, free)
      free += 2
    }
  }
  return { nodes: laid, starts, leaves, found: new Int32Array(starts.length) }
}

/** Whether a cell is missing. */
export function holdsMissing(bins: Uint16Array): boolean {
  return bins.includes(MISSING_BIN)
}

/** The leaf nodes of four rows in one tree; their bins begin at `base` and `stride` apart. */
export function walkRows(nodes: Int32Array, root: number, bins: Uint16Array, base: number, stride: number, found: Int32Array): void {
  const second = base + stride
  const third = second + stride
  const fourth = third + stride
  let [a, b, c, d] = [root, root, root, root]
  for (;;) {
    const nextA = step(nodes, a, bins, base)
    const nextB = step(nodes, b, bins, second)
    const nextC = step(nodes, c, bins, third)
    const nextD = step(nodes, d, bins, fourth)
    if (((nextA ^ a) | (nextB ^ b) | (nextC ^ c) | (nextD ^ d)) === 0) break
    a = nextA
    b = nextB
    c = nextC
    d = nextD
  }
  found[0] = a
  found[1] = b
  found[2] = c
  found[3] = d
}

/** Writes the leaf nodes of one row in all trees to `found`, four trees at a time. */
export function walkAll({ nodes, starts, found }: WalkTrees, bins: Uint16Array, base: number): void {
  let tree = 0
  for (; tree + 4 <= starts.length; tree += 4) {
    let a = starts[tree] as number
    let b = starts[tree + 1] as number
    let c = starts[tree + 2] as number
    let d = starts[tree + 3] as number
    for (;;) {
      const nextA = step(nodes, a, bins, base)
      const nextB = step(nodes, b, bins, base)
      const nextC = step(nodes, c, bins, base)
      const nextD = step(nodes, d, bins, base)
      if (((nextA ^ a) | (nextB ^ b) | (nextC ^ c) | (nextD ^ d)) === 0) break
      a = nextA
      b = nextB
      c = nextC
      d = nextD
    }
    found[tree] = a
    found[tree + 1] = b
    found[tree + 2] = c
    found[tree + 3] = d
  }
  for (; tree < starts.length; tree++) {
    let node = starts[tree] as number
    for (let next = step(nodes, node, bins, base); next !== node; next = step(nodes, node, bins, base)) node = next
    found[tree] = node
  }
}

function step(nodes: Int32Array, node: number, bins: Uint16Array, base: number): number {
  const word = nodes[2 * node] as number
  return ((nodes[2 * node + 1] as number) + (((word & 65535) - (bins[base + (word >> 16)] as number)) >>> 31)) | 0
}
