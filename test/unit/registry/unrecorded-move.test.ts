import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { MillwrightError } from '../../../src/core/errors'
import type { ObjectStore } from '../../../src/ports/object-store'
import { ModelRegistry } from '../../../src/registry'

describe('a move that the history cannot take', () => {
  it('says that the alias has moved, and is noted by the same call later', async () => {
    const store = memoryStorage()
    let isFull = false
    const storage: ObjectStore = {
      ...store,
      put: (key, bytes, options) => {
        if (isFull && key.includes('/history/')) throw new MillwrightError('Unavailable', 'the disk is full (ENOSPC)')
        return store.put(key, bytes, options)
      },
    }
    const registry = new ModelRegistry({ storage })
    for (let i = 0; i < 2; i++) {
      await registry.register('m', { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files: { a: Uint8Array.of(i) } })
    }
    await registry.promote('m', 1, 'champion')
    isFull = true
    const error = await registry.promote('m', 2, 'champion').catch((caught) => caught as MillwrightError)
    expect(error).toMatchObject({
      code: 'Unavailable',
      retryable: true,
      details: { model: 'm', alias: 'champion', version: '2', hasMoved: true },
    })
    expect((error as MillwrightError).message).toBe(
      'champion of "m" has moved to version 2, but the event could not be written to the history: the disk is full (ENOSPC)',
    )
    expect((await registry.resolve('m@champion')).version).toBe('2')
    isFull = false
    await registry.promote('m', 2, 'champion')
    await registry.promote('m', 2, 'champion')
    const moves = (await registry.history('m')).filter(({ kind }) => kind === 'alias-moved')
    expect(moves.map(({ from, version }) => [from, version])).toEqual([
      [undefined, '1'],
      ['1', '2'],
    ])
    expect((await registry.rollback('m', 'champion')).version).toBe('1')
  })
})
