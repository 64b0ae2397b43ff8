import { describe, expect, it } from 'vitest'
import { assertSafeKey, assertSafeSegment, newId } from '../../../src/core/ids'
import { createRng } from '../../../src/core/random'

describe('newId', () => {
  it('is 32 hexadecimal digits, new each time, repeatable from a seeded generator', () => {
    const ids = Array.from({ length: 100 }, () => newId())
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
    expect(new Set(ids).size).toBe(100)
    expect(newId(createRng(1))).toBe(newId(createRng(1)))
    expect(newId(createRng(1))).not.toBe(newId(createRng(2)))
  })
})

describe('assertSafeSegment', () => {
  it.each([
    'a',
    'flights',
    'v1.2',
    '.hidden',
    'a b',
    'naïve',
    '模型',
    '🙂',
    'x'.repeat(255),
    'console',
    'com',
    'lpt',
    'aux1',
    '-',
    '_',
    '~',
    "it's",
  ])('takes %s', (name) => {
    expect(() => assertSafeSegment(name, 'a name')).not.toThrow()
  })

  it.each([
    ['', 'empty'],
    ['.', 'a relative path'],
    ['..', 'a relative path'],
    ['a/b', 'a path separator or colon'],
    ['a\\b', 'a path separator or colon'],
    ['C:', 'a path separator or colon'],
    ['a:stream', 'a path separator or colon'],
    ['a\0b', 'a control character'],
    ['a\nb', 'a control character'],
    ['\x7f', 'a control character'],
    ['a.', 'ends in a dot or space'],
    ['...', 'ends in a dot or space'],
    ['a ', 'ends in a dot or space'],
    ['con', 'a reserved device name'],
    ['NUL.txt', 'a reserved device name'],
    ['Com1', 'a reserved device name'],
    ['lpt9.tar.gz', 'a reserved device name'],
    ['x'.repeat(256), 'longer than 255 bytes'],
    ['é'.repeat(128), 'longer than 255 bytes'],
    ['a\ud800', 'a lone surrogate'],
  ])('refuses %j', (name, reason) => {
    expect(() => assertSafeSegment(name, 'the name of a model')).toThrow(
      /^the name of a model must be usable as a file name on every system, got /,
    )
    expect(() => assertSafeSegment(name, 'x')).toThrow(`(${reason})`)
  })

  it('refuses what is not a string', () => {
    for (const value of [undefined, null, 5, {}, ['a']]) expect(() => assertSafeSegment(value as string, 'x')).toThrow('(not a string)')
  })
})

describe('assertSafeKey', () => {
  it('takes segments joined by slashes', () => {
    for (const key of ['a', 'mlruns/0/meta.yaml', `${'a/'.repeat(511)}a`]) expect(() => assertSafeKey(key)).not.toThrow()
  })

  it.each(['', '/', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/./b', 'C:/x', 'a/nul', '\\\\host\\share', 'a/\0', 'x'.repeat(1025)])(
    'refuses %j',
    (key) => {
      expect(() => assertSafeKey(key)).toThrow(/^a storage key must be /)
    },
  )

  it('refuses what is not a string', () => {
    for (const value of [undefined, 5, null]) expect(() => assertSafeKey(value as unknown as string, 'x')).toThrow('x must be a string')
  })
})
