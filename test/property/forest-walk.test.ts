/** Trees answer in WebAssembly as in TypeScript, whatever they are and however many rows are asked for. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRng } from '../../src/core/random'
import { addLeaves, type Forest } from '../../src/learn/forest/forest'
import { walkTrees } from '../../src/learn/forest/walk'
import { times } from '../support/effort'

/** Trees that split anywhere, some of them nothing but a leaf. */
function randomForest(
  seed: number,
  shape: { readonly trees: number; readonly features: number; readonly width: number; readonly depth: number },
): Forest {
  const rng = createRng(seed)
  const edges = Array.from({ length: shape.features }, () => Float64Array.from({ length: 1 + rng.int(5) }, (_, i) => i))
  const nodes: number[] = []
  const leaves = 1 + rng.int(7)
  const grow = (depth: number): void => {
    const at = nodes.length
    nodes.push(~rng.int(leaves), 0)
    if (depth === 0 || rng.next() < 0.2) return
    const feature = rng.int(shape.features)
    const toLeft = rng.int(2)
    nodes[at] = (feature << 17) | (toLeft << 16) | (rng.int((edges[feature] as Float64Array).length) + toLeft)
    grow(depth - 1)
    nodes[at + 1] = nodes.length / 2
    grow(depth - 1)
  }
  const roots = [0]
  for (let tree = 0; tree < shape.trees; tree++) {
    grow(shape.depth)
    roots.push(nodes.length / 2)
  }
  const values = Float64Array.from({ length: leaves * shape.width }, () => rng.normal())
  return { edges, roots: Int32Array.from(roots), nodes: Int32Array.from(nodes), width: shape.width, leaves: values }
}

it('for any trees, rows and outputs', () => {
  const shapes = fc.record({
    trees: fc.integer({ min: 1, max: 20 }),
    features: fc.integer({ min: 1, max: 5 }),
    width: fc.integer({ min: 1, max: 4 }),
    depth: fc.integer({ min: 0, max: 8 }),
  })
  const rowCounts = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1000, max: 1100 }))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), shapes, rowCounts, fc.integer({ min: 1, max: 4 }), (seed, shape, numRows, outputs) => {
      const forest = randomForest(seed, shape)
      // Trees of one number may take turns at the outputs, as those of boosting do.
      const cycle = shape.width === 1 ? outputs : 1
      const perRow = shape.width === 1 ? outputs : shape.width
      const rng = createRng(seed)
      const columns = Array.from({ length: shape.features }, () => Float64Array.from({ length: numRows }, () => 6 * rng.next() - 0.5))
      const begin = Float64Array.from({ length: numRows * perRow }, () => rng.normal())
      const sumsBy = (leastNodes: number) => {
        const walk = walkTrees(forest, { outputs: perRow, leastNodes })
        expect(walk.program === undefined).toBe(leastNodes > 0)
        const sums = begin.slice()
        addLeaves(forest, walk, { numRows, names: columns.map((_, f) => `x${f}`), columns }, { sums, outputs: perRow, cycle })
        return sums
      }
      expect(sumsBy(0)).toEqual(sumsBy(Number.POSITIVE_INFINITY))
    }),
    { numRuns: times(40, 2000), seed: 13 },
  )
})
