import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, parseJson } from '../../../src/core/json'

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const turned = JSON.parse(JSON.stringify(value), (_, member: unknown) =>
          typeof member === 'object' && member !== null && !Array.isArray(member)
            ? Object.fromEntries(Object.entries(member).reverse())
            : member,
        ) as unknown
        expect(canonicalJson(turned)).toBe(canonicalJson(value))
      }),
    )
  })

  it('is JSON that means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value), (_, v: unknown) => (Object.is(v, -0) ? 0 : v)))
      }),
    )
  })

  it.each([
    [{ b: 1, a: [true, null, 'é"\n'] }, '{"a":[true,null,"é\\"\\n"],"b":1}'],
    [{ B: 1, a: 2, ä: 3, 10: 4, 9: 5 }, '{"10":4,"9":5,"B":1,"a":2,"ä":3}'],
    [{ a: undefined, f: () => 1 }, '{}'],
    [[undefined, Number.NaN, Infinity, -Infinity, -0, 1e21], '[null,"NaN","Infinity","-Infinity",0,1e+21]'],
    // biome-ignore lint/suspicious/noSparseArray: holes must not give broken JSON
    [[1, , 3], '[1,null,3]'],
    [Float64Array.of(1.5, Number.NaN), '[1.5,"NaN"]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [12345678901234567890n, '"12345678901234567890"'],
    [undefined, 'null'],
  ])('writes %o', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })
})

describe('parseJson', () => {
  it('reads JSON', () => {
    expect(parseJson('{"a":[1,"\\u00e9"]}', 'x')).toEqual({ a: [1, 'é'] })
  })

  it.each([
    '{"__proto__":{"polluted":1},"a":1}',
    '{"\\u005f_proto__":{"polluted":1},"a":1}',
    '{"_\\u005fprot\\u006F__":{"polluted":1},"a":1}',
  ])('drops __proto__ in %s', (text) => {
    const value = parseJson(text, 'x') as object
    expect(Object.keys(value)).toEqual(['a'])
    expect((value as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('names what it was reading', () => {
    expect(() => parseJson('{"a"', 'the model file')).toThrow(/^the model file is not valid JSON: /)
    expect(() => parseJson('['.repeat(1e6), 'x')).toThrow('x is not valid JSON')
  })
})
