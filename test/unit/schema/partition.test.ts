import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { columnFrom } from '../../../src/schema/column'
import {
  blockFolds,
  complement,
  orderOf,
  randomFolds,
  strataOf,
  stratifiedFolds,
  stratifiedParts,
  timeFolds,
} from '../../../src/schema/partition'

describe('folds of row numbers', () => {
  it('stratified: sizes and strata differ by at most one between folds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 10, maxLength: 200 }),
        fc.integer({ min: 2, max: 10 }),
        fc.integer(),
        (codes, k, seed) => {
          const tests = stratifiedFolds(codes, k, createRng(seed))
          expect(tests.flatMap((test) => [...test]).sort((a, b) => a - b)).toEqual(codes.map((_, i) => i))
          const spread = (counts: number[]) => Math.max(...counts) - Math.min(...counts)
          expect(spread(tests.map((test) => test.length))).toBeLessThanOrEqual(1)
          for (const code of new Set(codes))
            expect(spread(tests.map((test) => test.filter((row) => codes[row] === code).length))).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('stratified parts have the sizes asked for and the right shares', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 200 }), fc.integer(), (codes, seed) => {
        const n = codes.length
        const sizes = [Math.floor(n / 4), Math.floor(n / 3)]
        const parts = stratifiedParts(codes, sizes, createRng(seed))
        expect(parts.map((part) => part.length)).toEqual([...sizes, n - (sizes[0] as number) - (sizes[1] as number)])
        expect(parts.flatMap((part) => [...part]).sort((a, b) => a - b)).toEqual(codes.map((_, i) => i))
        for (const code of new Set(codes)) {
          const all = codes.filter((other) => other === code).length
          const got = (parts[0] as Int32Array).filter((row) => codes[row] === code).length
          expect(Math.abs(got - (all * (sizes[0] as number)) / n)).toBeLessThan(1)
        }
      }),
    )
  })

  it('random, block and time folds', () => {
    // KFold(2).split(range(5)) and KFold(4).split(range(342)) of scikit-learn 1.9.
    expect(blockFolds(5, 2).map((rows) => [...rows])).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
    expect(blockFolds(342, 4).map(({ length }) => length)).toEqual([86, 86, 85, 85])
    expect(randomFolds(10, 3, createRng(1)).map(({ length }) => length)).toEqual([4, 3, 3])
    expect(timeFolds(Int32Array.of(3, 1, 0, 2), 3).map(({ train, test }) => [[...train], [...test]])).toEqual([
      [[3], [1]],
      [[3, 1], [0]],
      [[3, 1, 0], [2]],
    ])
    // TimeSeriesSplit(3).split(range(11)): tests of two rows each, behind 5, 7 and 9.
    const eleven = Int32Array.from({ length: 11 }, (_, row) => row)
    expect(timeFolds(eleven, 3).map(({ train, test }) => [train.length, ...test])).toEqual([
      [5, 5, 6],
      [7, 7, 8],
      [9, 9, 10],
    ])
    expect(() => blockFolds(5, 1)).toThrow('a whole number ≥ 2, got 1')
    expect([...complement(Int32Array.of(0, 2), 4)]).toEqual([1, 3])
  })

  it('orders with NaN last and ties in place', () => {
    expect([...orderOf([3, Number.NaN, 1, 3, 1])]).toEqual([2, 4, 0, 3, 1])
    expect([...orderOf([1, 2, Number.NaN])]).toEqual([0, 1, 2])
  })

  it('numbers strata by first appearance, missing as one of them', () => {
    expect([...strataOf(columnFrom('x', 'float64', [2, null, 1, 2, null]))]).toEqual([0, 1, 2, 0, 1])
    expect([...strataOf(columnFrom('x', 'string', ['b', null, 'a', 'b']))]).toEqual([0, 1, 2, 0])
  })
})
