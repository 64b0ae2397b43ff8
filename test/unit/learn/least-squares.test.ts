/** The two ways to solve least squares agree, and so do the two kernels of the Gram matrix. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createRng } from '../../../src/core/random'
import { gramMatrix } from '../../../src/learn/linear/gram-matrix'
import { byTransformations } from '../../../src/learn/linear/least-squares'
import { normalEquations } from '../../../src/learn/linear/normal-equations'
import { type StandardColumn, standardColumn } from '../../../src/learn/linear/standard-columns'
import { addWeighted, standardMatrix, standardMatrixColumn, sumProducts } from '../../../src/learn/linear/standard-matrix'
import { times } from '../../support/effort'

type Rng = ReturnType<typeof createRng>

/** Dense columns of any scale, columns of few ones, of few numbers, and one column of every category. */
function columnsOf(rng: Rng, numRows: number, kinds: readonly number[]): Float64Array[] {
  return kinds.map((kind) => {
    const scale = 10 ** (rng.int(9) - 4)
    const shift = rng.int(3) * 100 * scale
    return Float64Array.from({ length: numRows }, () => {
      if (kind === 0) return rng.normal() * scale + shift
      if (kind === 1) return Number(rng.next() < 0.1)
      return rng.next() < 0.08 ? rng.normal() * scale + scale : 0
    })
  })
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

const tables = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  numRows: fc.integer({ min: 40, max: 120 }),
  kinds: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 11 }),
})

describe('features as a standard matrix', () => {
  it('sparse columns are the same as dense ones', () => {
    fc.assert(
      fc.property(tables, ({ seed, numRows, kinds }) => {
        const rng = createRng(seed)
        const columns = columnsOf(rng, numRows, kinds)
        const matrix = standardMatrix(columns, numRows)
        expect(matrix.sparse.length + matrix.dense.length).toBe(columns.length)
        const plain = columns.map(standardColumn)
        const weights = Float64Array.from(columns, () => rng.normal())
        const factors = Float64Array.from({ length: numRows }, () => rng.normal())
        const sums = new Float64Array(numRows)
        const products = new Float64Array(columns.length)
        addWeighted(matrix, weights, sums)
        sumProducts(matrix, factors, products)
        const gram = gramMatrix(matrix)
        plain.forEach(({ values, mean, scale }, f) => {
          expect(Math.abs((matrix.standard[f] as { mean: number }).mean - mean)).toBeLessThan(1e-12 * (scale + Math.abs(mean)))
          expect((matrix.standard[f] as { scale: number }).scale / scale).toBeCloseTo(1, 12)
          expect(largestDifference(standardMatrixColumn(matrix, f), values)).toBeLessThan(1e-10)
          const dot = (other: Float64Array) => values.reduce((sum, value, row) => sum + value * (other[row] as number), 0)
          expect(products[f]).toBeCloseTo(dot(factors), 8)
          plain.forEach((other, g) => {
            expect(gram[f * columns.length + g]).toBeCloseTo(dot(other.values), 8)
          })
        })
        const wanted = Float64Array.from(sums, (_, row) =>
          plain.reduce((sum, { values }, f) => sum + (weights[f] as number) * (values[row] as number), 0),
        )
        expect(largestDifference(sums, wanted)).toBeLessThan(1e-10)
      }),
      { numRuns: times(20, 400) },
    )
  })

  it.each([
    [1, 1],
    [300, 5],
    [700, 9],
    [5000, 4],
  ])('%d rows × %d columns: the Gram matrix is the same, bit by bit, without WebAssembly', (numRows, width) => {
    const columns = columnsOf(
      createRng(numRows),
      numRows,
      Array.from({ length: width }, (_, f) => f % 3),
    )
    const matrix = standardMatrix(columns, numRows)
    expect(gramMatrix(matrix, { wasm: false })).toEqual(gramMatrix(matrix))
  })

  it.each([3, 4, 5])('of %d columns, the Gram matrix takes memory for a block of rows only', (width) => {
    const matrixOf = (numRows: number) => standardMatrix(columnsOf(createRng(7), numRows, new Array<number>(width).fill(0)), numRows)
    const cellsFor = (matrix: ReturnType<typeof matrixOf>): number => {
      let cells = 0
      const construct = (target: Float64ArrayConstructor, taken: [number]): object => {
        cells += taken[0]
        return Reflect.construct(target, taken)
      }
      vi.stubGlobal('Float64Array', new Proxy(Float64Array, { construct }))
      gramMatrix(matrix, { wasm: false })
      vi.unstubAllGlobals()
      return cells
    }
    expect(cellsFor(matrixOf(5000))).toBe(cellsFor(matrixOf(300)))
  })
})

describe('normal equations', () => {
  const solve = (columns: readonly Float64Array[], target: Float64Array, alpha: number) => {
    const { values } = standardColumn(target)
    const matrix = standardMatrix(columns, target.length)
    return { found: normalEquations(matrix, values, alpha), wanted: byTransformations(matrix, values, alpha) }
  }

  it('give what orthogonal transformations give, also where columns are dependent', () => {
    let solved = 0
    let all = 0
    fc.assert(
      fc.property(tables, fc.constantFrom(0, 0, 1e-3, 10), fc.integer({ min: 0, max: 3 }), ({ seed, numRows, kinds }, alpha, twins) => {
        const rng = createRng(seed)
        const columns = columnsOf(rng, numRows, kinds)
        // Each category of one column, whose columns add up to 1, and combinations of columns: the smallest of many solutions is wanted.
        const category = Int32Array.from({ length: numRows }, () => rng.int(12))
        if (twins > 1) for (let c = 0; c < 12; c++) columns.push(Float64Array.from(category, (own) => Number(own === c)))
        if (twins % 2 === 1) {
          const [first, second = first] = columns.map(standardColumn) as [StandardColumn, StandardColumn]
          columns.push(first.values.map((value, row) => 2 * value - (second.values[row] as number)))
        }
        const target = Float64Array.from({ length: numRows }, (_, row) => (columns[0]?.[row] as number) + rng.normal())
        const { found, wanted } = solve(columns, target, alpha)
        all++
        if (found === undefined) return
        solved++
        const scales = columns.map((column) => standardColumn(column).scale)
        const original = (weights: Float64Array) => weights.map((weight, f) => weight / (scales[f] as number))
        const largest = original(wanted).reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
        expect(largestDifference(original(found), original(wanted)) / (largest || 1)).toBeLessThan(1e-9)
        // The predictions, whose target has standard deviation 1.
        const difference = new Float64Array(numRows)
        addWeighted(
          standardMatrix(columns, numRows),
          found.map((weight, f) => weight - (wanted[f] as number)),
          difference,
        )
        expect(largestDifference(difference, new Float64Array(numRows))).toBeLessThan(1e-10)
      }),
      { numRuns: times(60, 2000) },
    )
    expect(solved).toBeGreaterThan(0.7 * all)
  })

  it.each([0, 1e-3])('solve tables with constant columns, with alpha %d', (alpha) => {
    const rng = createRng(9)
    const [one, two, ...rest] = columnsOf(rng, 60, [0, 0, 1, 2]) as [Float64Array, Float64Array]
    const columns = [new Float64Array(60).fill(7), one, new Float64Array(60), two, ...rest]
    const target = one.map((value, row) => value - 3 * (two[row] as number) + rng.normal())
    const { found = new Float64Array(), wanted } = solve(columns, target, alpha)
    expect(found).toHaveLength(columns.length)
    expect(largestDifference(found, wanted)).toBeLessThan(1e-12)
    expect(found[0]).toBeCloseTo(0, 15)
    expect(found[2]).toBeCloseTo(0, 15)
  })

  it('are not trusted where columns are nearly dependent, or are too many', () => {
    const rng = createRng(5)
    const one = Float64Array.from({ length: 50 }, () => rng.normal())
    const near = one.map((value) => value + 1e-6 * rng.normal())
    expect(solve([one, near], one, 0).found).toBeUndefined()
    expect(solve([one, near], one, 1e-9).found).toBeUndefined()
    expect(solve([one, near], one, 1).found).toBeDefined()
    expect(solve([one, one.slice()], one, 0).found).toBeUndefined()
    expect(
      solve(
        [one, near].map((column) => column.slice(0, 2)),
        one.slice(0, 2),
        0,
      ).found,
    ).toBeUndefined()
  })
})
