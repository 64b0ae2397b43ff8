/**
 * Walks through trees, in AssemblyScript: see ../growth/index.as.ts for the language. `npm run generate:kernels` writes what this becomes to ../walk-code.ts. Trees are laid out as ../walk.ts says; rows
 * have no missing cells. All positions are in bytes.
 */

let nodes: usize = 0
let starts: usize = 0
let leafOfNode: usize = 0
let leaves: usize = 0
let found: usize = 0
let bins: usize = 0
let sums: usize = 0
let treeCount: i32 = 0
let stride: usize = 0
let width: i32 = 0
let outputs: i32 = 0
let cycle: i32 = 0

/** Where the arrays begin, and their sizes. */
export function place(
  nodesAt: usize,
  startsAt: usize,
  leafOfNodeAt: usize,
  leavesAt: usize,
  foundAt: usize,
  binsAt: usize,
  sumsAt: usize,
  trees: i32,
  features: i32,
  numbersPerLeaf: i32,
): void {
  nodes = nodesAt
  starts = startsAt
  leafOfNode = leafOfNodeAt
  leaves = leavesAt
  found = foundAt
  bins = binsAt
  sums = sumsAt
  treeCount = trees
  stride = <usize>features << 1
  width = numbersPerLeaf
}

/** The place in `nodes` that follows a place for a row: the same one at a leaf. */
@inline
function step(node: usize, row: usize): usize {
  const at = nodes + node
  const word = load<i32>(at)
  const above = ((word & 0xffff) - <i32>load<u16>(row + ((<usize>word >>> 16) << 1))) >>> 31
  return <usize>(load<i32>(at, 4) + above) << 3
}

@inline
function root(tree: i32): usize {
  return <usize>load<i32>(starts + (<usize>tree << 2)) << 3
}

/** Where the numbers of a leaf begin. */
@inline
function leafAt(node: usize): usize {
  return leaves + ((<usize>load<i32>(leafOfNode + (node >> 1)) * <usize>width) << 3)
}

/** Adds the numbers of a leaf to those at `to`. */
@inline
function addLeaf(leaf: usize, to: usize): void {
  if (width === 1) store<f64>(to, load<f64>(to) + load<f64>(leaf))
  else if (width === 2) {
    store<f64>(to, load<f64>(to) + load<f64>(leaf))
    store<f64>(to, load<f64>(to, 8) + load<f64>(leaf, 8), 8)
  } else for (let c = 0; c < width; c++) {
    const at = <usize>c << 3
    store<f64>(to + at, load<f64>(to + at) + load<f64>(leaf + at))
  }
}

/** Adds the leaves of `rowCount` rows, tree after tree. Trees of one number take turns at `turns` outputs of a row. */
export function addRows(rowCount: i32, outputCount: i32, turns: i32): void {
  outputs = outputCount
  cycle = turns
  if (rowCount < 8) for (let i = 0; i < rowCount; i++) addRow(bins + <usize>i * stride, sums + ((<usize>i * <usize>outputs) << 3))
  else for (let tree = 0; tree < treeCount; tree++) addTree(tree, rowCount)
}

/** One row through eight trees at a time: while one walk waits for memory the others go on. All leaves are known before the first is read, so that those wait together. */
function addRow(row: usize, to: usize): void {
  let tree = 0
  let at = found
  for (; tree + 8 <= treeCount; tree += 8, at += 32) {
    let a = root(tree)
    let b = root(tree + 1)
    let c = root(tree + 2)
    let d = root(tree + 3)
    let e = root(tree + 4)
    let f = root(tree + 5)
    let g = root(tree + 6)
    let h = root(tree + 7)
    for (;;) {
      const nextA = step(a, row)
      const nextB = step(b, row)
      const nextC = step(c, row)
      const nextD = step(d, row)
      const nextE = step(e, row)
      const nextF = step(f, row)
      const nextG = step(g, row)
      const nextH = step(h, row)
      const moved = (nextA ^ a) | (nextB ^ b) | (nextC ^ c) | (nextD ^ d) | (nextE ^ e) | (nextF ^ f) | (nextG ^ g) | (nextH ^ h)
      if (moved === 0) break
      a = nextA
      b = nextB
      c = nextC
      d = nextD
      e = nextE
      f = nextF
      g = nextG
      h = nextH
    }
    store<u32>(at, <u32>leafAt(a))
    store<u32>(at, <u32>leafAt(b), 4)
    store<u32>(at, <u32>leafAt(c), 8)
    store<u32>(at, <u32>leafAt(d), 12)
    store<u32>(at, <u32>leafAt(e), 16)
    store<u32>(at, <u32>leafAt(f), 20)
    store<u32>(at, <u32>leafAt(g), 24)
    store<u32>(at, <u32>leafAt(h), 28)
  }
  for (; tree < treeCount; tree++, at += 4) store<u32>(at, <u32>leafAt(walk(tree, row)))
  for (let i = 0, turn = 0; i < treeCount; i++) {
    addLeaf(<usize>load<u32>(found + (<usize>i << 2)), to + (<usize>turn << 3))
    if (++turn >= cycle) turn = 0
  }
}

/** The leaf of one row in one tree. */
function walk(tree: i32, row: usize): usize {
  let node = root(tree)
  for (let next = step(node, row); next !== node; next = step(node, row)) node = next
  return node
}

/** Eight rows at a time through one tree, which stays in the cache. */
function addTree(tree: i32, rowCount: i32): void {
  const first = root(tree)
  const size = <usize>outputs << 3
  let row = bins
  let to = sums + (<usize>(tree % cycle) << 3)
  let i = 0
  for (; i + 8 <= rowCount; i += 8) {
    const rowB = row + stride
    const rowC = rowB + stride
    const rowD = rowC + stride
    const rowE = rowD + stride
    const rowF = rowE + stride
    const rowG = rowF + stride
    const rowH = rowG + stride
    let a = first
    let b = first
    let c = first
    let d = first
    let e = first
    let f = first
    let g = first
    let h = first
    for (;;) {
      const nextA = step(a, row)
      const nextB = step(b, rowB)
      const nextC = step(c, rowC)
      const nextD = step(d, rowD)
      const nextE = step(e, rowE)
      const nextF = step(f, rowF)
      const nextG = step(g, rowG)
      const nextH = step(h, rowH)
      const moved = (nextA ^ a) | (nextB ^ b) | (nextC ^ c) | (nextD ^ d) | (nextE ^ e) | (nextF ^ f) | (nextG ^ g) | (nextH ^ h)
      if (moved === 0) break
      a = nextA
      b = nextB
      c = nextC
      d = nextD
      e = nextE
      f = nextF
      g = nextG
      h = nextH
    }
    addLeaf(leafAt(a), to)
    addLeaf(leafAt(b), to + size)
    addLeaf(leafAt(c), to + 2 * size)
    addLeaf(leafAt(d), to + 3 * size)
    addLeaf(leafAt(e), to + 4 * size)
    addLeaf(leafAt(f), to + 5 * size)
    addLeaf(leafAt(g), to + 6 * size)
    addLeaf(leafAt(h), to + 7 * size)
    row = rowH + stride
    to += 8 * size
  }
  for (; i < rowCount; i++, row += stride, to += size) addLeaf(leafAt(walk(tree, row)), to)
}
