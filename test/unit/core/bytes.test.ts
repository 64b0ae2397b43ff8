import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromBase64, fromUtf8, toBase64, toHex, utf8 } from '../../../src/core/bytes'

describe('bytes and text', () => {
  it('agree with Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
      }),
    )
    const large = Uint8Array.from({ length: 100_001 }, (_, i) => i & 255)
    expect(toBase64(large)).toBe(Buffer.from(large).toString('base64'))
  })

  it('go through UTF-8, byte order mark and malformed bytes included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
    expect(fromUtf8(Uint8Array.of(0x61, 0xff))).toBe('a\ufffd')
  })

  it('are joined by copying', () => {
    const part = Uint8Array.of(1, 2)
    const whole = concatBytes([part, new Uint8Array(0), Uint8Array.of(3)])
    part[0] = 9
    expect([...whole]).toEqual([1, 2, 3])
    expect(concatBytes([])).toHaveLength(0)
  })
})
