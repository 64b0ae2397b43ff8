import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes'
import { crc32 } from '../../../src/core/crc32'

describe('crc32', () => {
  it.each([
    ['', 0],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j is that of the standard', (text, sum) => {
    expect(crc32(utf8(text))).toBe(sum)
  })

  it('goes on from what precedes', () => {
    expect(crc32(utf8('6789'), crc32(utf8('12345')))).toBe(0xcbf43926)
  })
})
