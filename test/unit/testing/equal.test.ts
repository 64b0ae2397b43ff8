import { describe, expect, it } from 'vitest'
import { expectEqual } from '../../../src/testing'
import { firstDifference, textOf } from '../../../src/testing/equal'

const cyclic = (): object => {
  const value: Record<string, unknown> = { a: 1 }
  value.self = value
  return value
}

describe('firstDifference', () => {
  it.each<[string, unknown, unknown]>([
    ['NaN', [Number.NaN], [Number.NaN]],
    ['an undefined member and an absent one', { a: 1, b: undefined }, { a: 1 }],
    ['members in another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['a typed array and an array', Float64Array.of(1, -0), [1, -0]],
    ['bytes of a Buffer and of a Uint8Array', Buffer.from([1]), Uint8Array.of(1)],
    [
      'maps in another order',
      new Map([
        [1, { a: 1 }],
        [2, { a: 2 }],
      ]),
      new Map([
        [2, { a: 2 }],
        [1, { a: 1 }],
      ]),
    ],
    ['sets of objects', new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
    ['dates', new Date(5), new Date(5)],
    ['values that hold themselves', cyclic(), cyclic()],
  ])('is nothing for %s', (_, a, b) => {
    expect(firstDifference(a, b)).toBeUndefined()
  })

  it.each<[string, unknown, unknown, string]>([
    ['0 and −0', { a: [0] }, { a: [-0] }, '.a[0]'],
    ['NaN and the text that canonical JSON makes of it', [Number.NaN], ['NaN'], '[0]'],
    ['null and undefined in a list', [undefined], [null], '[0]'],
    ['a missing element', [1], [1, 2], '.length'],
    ['maps', new Map([['a', 1]]), new Map([['a', 2]]), '.get("a")'],
    ['a map and an empty object', new Map([['a', 1]]), {}, ''],
    ['sets', new Set([1]), new Set([2]), ''],
    ['typed arrays of two kinds', Float64Array.of(1), Int32Array.of(1), ''],
    ['an array and an object', [], {}, ''],
    ['a number and a bigint', { 'odd key': 1 }, { 'odd key': 1n }, '["odd key"]'],
    ['members called __proto__', JSON.parse('{"__proto__":1}'), {}, '.__proto__'],
  ])('tells %s apart', (_, a, b, path) => {
    expect(firstDifference(a, b)?.path).toBe(path)
    expect(firstDifference(b, a)?.path).toBe(path)
  })

  it('is named in the message of expectEqual', () => {
    expect(() => expectEqual({ a: [1, -0] }, { a: [1, 0] }, 'the values')).toThrow(
      'check failed: the values: expected {"a":[1,0]}, got {"a":[1,-0]} (at .a[1]: expected 0, got -0)',
    )
  })

  it('writes values on one short line', () => {
    expect(textOf(new Map<unknown, unknown>([[Number.NaN, new Set([1n])]]))).toBe('Map{[NaN,Set{1n}]}')
    expect(textOf(new Uint8Array(1000))).toHaveLength(200)
  })
})
