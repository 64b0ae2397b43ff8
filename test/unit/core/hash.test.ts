import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, sha256Hex } from '../../../src/core/hash'

const reference = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')

describe('sha256', () => {
  it('has the published test values (FIPS 180-4 examples)', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256Hex('a'.repeat(1_000_000))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')
  })

  it('equals node:crypto at every length around the block size', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255)
      expect(sha256Hex(bytes)).toBe(reference(bytes))
    }
  })

  it('equals node:crypto however the bytes are cut, strings included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 150 }), fc.string({ unit: 'grapheme', maxLength: 60 })), { maxLength: 8 }),
        (parts) => {
          const hasher = sha256()
          const expected = createHash('sha256')
          for (const part of parts) {
            hasher.update(part)
            expected.update(part)
          }
          expect(hasher.digest()).toBe(expected.digest('hex'))
        },
      ),
    )
  })

  it('works on views into larger buffers and leaves the input alone', () => {
    const whole = Uint8Array.from({ length: 300 }, (_, i) => i & 255)
    const copy = whole.slice()
    expect(sha256Hex(whole.subarray(7, 207))).toBe(reference(copy.subarray(7, 207)))
    expect(whole).toEqual(copy)
  })

  it('keeps two hashers apart', () => {
    const [a, b] = [sha256(), sha256()]
    a.update('x'.repeat(70))
    b.update('y')
    a.update('z')
    expect(b.digest()).toBe(reference('y'))
    expect(a.digest()).toBe(reference(`${'x'.repeat(70)}z`))
  })
})
