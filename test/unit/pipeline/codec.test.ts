import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes'
import { valueCodec } from '../../../src/pipeline'

const { encode, decode } = valueCodec()

describe('valueCodec', () => {
  it('gives back what it was given', () => {
    const value = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: false, withSparseArray: false })
    fc.assert(
      fc.property(value, (v) => {
        const bytes = encode(v) as Uint8Array
        expect(decode(bytes)).toEqual(v)
        expect(encode(decode(bytes))).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps apart what JSON confuses', () => {
    const value = [
      undefined,
      null,
      Number.NaN,
      Infinity,
      -Infinity,
      -0,
      0,
      { a: undefined },
      { $: 'bigint', v: '3' },
      3n,
      new Date(Number.NaN),
    ]
    expect(decode(encode(value) as Uint8Array)).toEqual(value)
    expect(Object.is((decode(encode([-0]) as Uint8Array) as number[])[0], -0)).toBe(true)
  })

  it('keeps a member called __proto__ a plain member', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"a":1}') as object
    const back = decode(encode(value) as Uint8Array) as object
    expect(Object.keys(back)).toEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })

  it('copies only the part a view shows', () => {
    const view = new Float64Array([1, 2, 3, 4]).subarray(1, 3)
    expect(decode(encode(view) as Uint8Array)).toEqual(Float64Array.of(2, 3))
  })

  it.each([
    [() => 1, 'it is a function'],
    [{ a: [new Map()] }, 'its member a[0] is a Map'],
    [{ a: { b: Symbol('s') } }, 'its member a.b is a symbol'],
    [new (class Model {})(), 'it is a Model'],
  ])('refuses %s', (value, message) => {
    expect(() => encode(value)).toThrow(message)
  })

  it('refuses circles and foreign bytes', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(() => encode(circle)).toThrow('nests more than 200 deep')
    expect(() => decode(utf8('{"$":"Function","v":""}'))).toThrow('cannot be read')
    expect(() => decode(utf8('not json'))).toThrow('cannot be read')
  })
})
