/** What is stored has memory of its own. `slice` of Node's `Buffer` shares memory, so that a caller who uses a buffer again would change it. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { copyBytes } from '../../src/core/bytes'
import { withCache } from '../../src/layers'
import { createBareTracker } from '../../src/run'

describe('a Buffer that is used again', () => {
  it('does not change a copy of it', () => {
    const buffer = Buffer.from('abcdef')
    const [whole, part] = [copyBytes(buffer), copyBytes(buffer, 2, 4)]
    buffer.fill(0)
    expect([String.fromCharCode(...whole), String.fromCharCode(...part)]).toEqual(['abcdef', 'cd'])
    expect(part.buffer.byteLength).toBe(2)
  })

  it.each([
    ['memoryStorage', memoryStorage()],
    ['withCache', withCache(memoryStorage())],
  ])('does not change what %s holds', async (_, storage) => {
    const buffer = Buffer.from('stored')
    await storage.put('key', buffer)
    buffer.fill(0)
    const read = Buffer.from((await storage.get('key')) as Uint8Array)
    expect(read.toString()).toBe('stored')
    expect(Buffer.from((await storage.get('key')) as Uint8Array).toString()).toBe('stored')
  })

  it('does not change an artifact of a run', async () => {
    const tracker = createBareTracker({ backend: memoryTracker() })
    let runId = ''
    await tracker.run({ experiment: 'e' }, async (run) => {
      runId = run.runId
      const buffer = Buffer.from('logged')
      run.logArtifact('a.txt', buffer)
      buffer.fill(0)
    })
    expect(Buffer.from(await tracker.readArtifact(runId, 'a.txt')).toString()).toBe('logged')
    await tracker.close()
  })
})
