import { expect, it, vi } from 'vitest'
import { loadWebAssembly } from '../../../src/core/web-assembly'
import { WALK_CODE } from '../../../src/learn/forest/walk-code'

it('asks once for a memory that is refused, and gets smaller ones all the same', () => {
  // Refused by the engine; the rest of this worker's tests take less.
  const refused = 1_400_000_000
  const tooLarge = 2 ** 40
  const asked: number[] = []
  const { Memory } = WebAssembly
  vi.stubGlobal('WebAssembly', {
    ...Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name as 'Module']])),
    Memory: class extends Memory {
      constructor(size: WebAssembly.MemoryDescriptor) {
        asked.push(size.initial)
        if (size.initial > 20_000) throw new RangeError('no memory')
        super(size)
      }
    },
  })
  try {
    expect(loadWebAssembly(WALK_CODE, tooLarge)).toBeUndefined()
    expect(loadWebAssembly(WALK_CODE, refused)).toBeUndefined()
    expect(loadWebAssembly(WALK_CODE, refused + 1)).toBeUndefined()
    expect(loadWebAssembly(WALK_CODE, 100)?.buffer.byteLength).toBe(65_536)
    expect(asked).toEqual([Math.ceil(refused / 65_536), 1])
  } finally {
    vi.unstubAllGlobals()
  }
})

it('gives nothing where a program cannot be compiled', () => {
  expect(loadWebAssembly('AAAA', 100)).toBeUndefined()
  expect(loadWebAssembly('AAAA', 100)).toBeUndefined()
})
