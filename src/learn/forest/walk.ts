/**
 * Trees laid out for prediction without a branch: both children of a node lie side by side, so that a step is an addition, and a leaf is its own child.
 * Several walks run side by side, so that one waits for memory while the others go on.
 */
import { loadWebAssembly } from '../../core/web-assembly'
import { MISSING_BIN } from './bins'
import { WALK_CODE } from './walk-code'

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
  /** The walks in WebAssembly; absent where there is none, and for small trees, which are not worth the memory. */
  readonly program: WalkProgram | undefined
}

/** The functions of walk/index.as.ts, and the room for some rows. */
export interface WalkProgram {
  /** Rows that there is room for. */
  readonly rows: number
  /** Their bins, row-major. */
  readonly bins: Uint16Array
  /** Their sums, row-major. */
  readonly sums: Float64Array
  /** Adds the leaves of the first `rowCount` rows to the sums, tree after tree. Trees of one number take turns at `turns` of the `outputs` of a row. */
  addRows(rowCount: number, outputs: number, turns: number): void
}

/** Trees to be laid out. */
export interface WalkedForest {
  readonly edges: readonly unknown[]
  readonly nodes: Int32Array
  readonly roots: Int32Array
  readonly leaves: Float64Array
  readonly width: number
}

/** How trees are laid out. */
export interface WalkOptions {
  /** Sums of a row, unless they are as many as the numbers of a leaf. */
  readonly outputs?: number
  /** WebAssembly walks through trees of at least so many nodes in all. */
  readonly leastNodes?: number
}

/** WebAssembly takes a page of memory of its own, which fewer nodes are not worth. */
const LEAST_NODES = 2000
/** Cells of the rows that WebAssembly has room for, in which a tree is read from memory once. At least so many rows, at most so many. */
const [ROOM_CELLS, LEAST_ROOM, MOST_ROOM] = [262_144, 64, 16_384]

/** Lays the trees of a forest out. */
export function walkTrees(forest: WalkedForest, { outputs = forest.width, leastNodes = LEAST_NODES }: WalkOptions = {}): WalkTrees {
  const room = forest.nodes.length >= 2 * leastNodes ? programFor(forest, outputs) : undefined
  const count = forest.nodes.length / 2
  const trees = forest.roots.length - 1
  const arrays = room ?? {
    nodes: new Int32Array(2 * count),
    leaves: new Int32Array(count),
    starts: new Int32Array(trees),
    found: new Int32Array(trees),
  }
  layOut(forest, arrays)
  return { ...arrays, program: room?.program }
}

/** A program for a forest, and the arrays that it reads the laid-out trees from. */
function programFor({ nodes, roots, leaves, width, edges }: WalkedForest, outputs: number): WalkTrees | undefined {
  const count = nodes.length / 2
  const trees = roots.length - 1
  // Small trees stay in the cache from one room of rows to the next.
  const most = Math.min(MOST_ROOM, Math.max(1024, count >>> 5))
  const rows = Math.min(most, Math.max(LEAST_ROOM, Math.floor(ROOM_CELLS / Math.max(edges.length, 4 * outputs))))
  const sizes = [8 * count, 4 * trees, 4 * count, 8 * leaves.length, 4 * trees, 2 * rows * edges.length, 8 * rows * outputs]
  const positions: number[] = []
  let used = 0
  for (const bytes of sizes) {
    positions.push(used)
    used += Math.ceil(bytes / 64) * 64
  }
  const loaded = loadWebAssembly<WalkExports>(WALK_CODE, used)
  if (loaded === undefined) return undefined
  const { buffer, exports } = loaded
  exports.place(...positions, trees, edges.length, width)
  const [nodesAt, startsAt, leafOfNodeAt, leavesAt, foundAt, binsAt, sumsAt] = positions
  new Float64Array(buffer, leavesAt, leaves.length).set(leaves)
  return {
    nodes: new Int32Array(buffer, nodesAt, 2 * count),
    starts: new Int32Array(buffer, startsAt, trees),
    leaves: new Int32Array(buffer, leafOfNodeAt, count),
    found: new Int32Array(buffer, foundAt, trees),
    program: {
      rows,
      bins: new Uint16Array(buffer, binsAt, rows * edges.length),
      sums: new Float64Array(buffer, sumsAt, rows * outputs),
      addRows: exports.addRows,
    },
  }
}

/** What the program exports. */
interface WalkExports extends Pick<WalkProgram, 'addRows'> {
  place(...positionsAndSizes: readonly number[]): void
}

/** Children, grandchildren and so on of a node that lie together: a walk of so many steps reads about one line of the cache. */
const BLOCK_LEVELS = 3

function layOut({ nodes, roots }: WalkedForest, { nodes: laid, starts, leaves }: Omit<WalkTrees, 'program'>): void {
  starts.set(roots.subarray(0, -1))
  // Pairs: a node, and the place that it gets.
  const waiting: number[] = []
  for (let tree = 0; tree < starts.length; tree++) {
    const root = roots[tree] as number
    let free = root + 1
    waiting.push(root, root)
    while (waiting.length > 0) {
      const place = waiting.pop() as number
      let level = [waiting.pop() as number, place]
      for (let depth = 0; depth < BLOCK_LEVELS; depth++) {
        const next: number[] = []
        for (let i = 0; i < level.length; i += 2) {
          const node = level[i] as number
          const at = level[i + 1] as number
          const word = nodes[2 * node] as number
          if (word < 0) {
            // No bin is above this one: a row stays.
            laid[2 * at] = MISSING_BIN
            laid[2 * at + 1] = at
            leaves[at] = ~word
            continue
          }
          laid[2 * at] = ((word >>> 17) << 16) | ((word & 65535) - ((word >>> 16) & 1))
          laid[2 * at + 1] = free
          next.push(node + 1, free, nodes[2 * node + 1] as number, free + 1)
          free += 2
        }
        level = next
      }
      // The last are taken first: the block of the first child follows this one.
      for (let i = level.length - 2; i >= 0; i -= 2) waiting.push(level[i] as number, level[i + 1] as number)
    }
  }
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
