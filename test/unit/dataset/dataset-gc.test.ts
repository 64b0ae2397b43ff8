import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { DatasetStore, fingerprint } from '../../../src/dataset'
import type { ObjectStore } from '../../../src/ports/object-store'
import { manualClock } from '../../../src/testing'

import { small, table } from '../../support/version-table'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('gc', () => {
  const chunkCount = async (storage: ObjectStore): Promise<number> => (await storage.list({ prefix: 'datasets/chunks/' })).objects.length

  it('deletes what nothing needs, in two phases, and nothing else', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const store = new DatasetStore({ storage, clock, graceMs: 1000, ...small })
    await store.commit('d', table(300))
    const kept = await chunkCount(storage)
    await store.commit('d', table(300, 2))
    await store.remove('d@2')
    const all = await chunkCount(storage)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: 0 })
    await clock.advance(1000)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: all - kept })
    await clock.advance(999)
    expect(await store.gc({ dryRun: true })).toMatchObject({ deleted: 0 })
    await clock.advance(1)
    expect(await store.gc({ dryRun: true })).toMatchObject({ deleted: all - kept })
    expect(await chunkCount(storage)).toBe(all)
    expect(await store.gc()).toMatchObject({ chunks: all, deleted: all - kept, condemned: 0, isDeferred: false })
    expect(await chunkCount(storage)).toBe(kept)
    expect(await store.verify()).toEqual([])
    expect(await store.gc({ graceMs: 0 })).toMatchObject({ deleted: 0 })
  })

  it('deletes nothing while a commit is under way, which uses what was condemned', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const open = (put = storage.put): DatasetStore => new DatasetStore({ storage: { ...storage, put }, clock, graceMs: 1000, ...small })
    await open().commit('d', table(300))
    await open().remove('d@1')
    await clock.advance(1000)
    expect((await open().gc()).condemned).toBeGreaterThan(0)
    await clock.advance(1000)
    // The collection runs at the worst moment: all chunks were found to be there, the version is not written yet.
    const reports: unknown[] = []
    const late = open(async (key, bytes, options) => {
      if (key.startsWith('datasets/versions/')) reports.push(await open().gc())
      return storage.put(key, bytes, options)
    })
    await late.commit('d', table(300))
    expect(reports).toMatchObject([{ deleted: 0, isDeferred: true }])
    expect(await open().verify()).toEqual([])
    expect(fingerprint(await open().load('d'))).toBe(fingerprint(table(300)))
    expect(await open().gc({ graceMs: 0 })).toMatchObject({ deleted: 0, isDeferred: false })
  })

  it('makes a commit that begins meanwhile wait; what is deleted is written again', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const order: string[] = []
    let late: Promise<unknown> | undefined
    const remove: ObjectStore['delete'] = async (key, options) => {
      if (key.startsWith('datasets/chunks/')) {
        late ??= new DatasetStore({ storage, clock, ...small }).commit('d', table(300)).then(() => order.push('committed'))
        await Promise.resolve()
        order.push('deleted')
      }
      await storage.delete(key, options)
    }
    const store = new DatasetStore({ storage: { ...storage, delete: remove }, clock, graceMs: 1000, ...small })
    await store.commit('d', table(300))
    await store.remove('d@1')
    const { deleted } = await store.gc({ graceMs: 0 })
    expect(deleted).toBeGreaterThan(0)
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(1000)
    }
    await late
    expect(order).toEqual([...Array.from({ length: deleted }, () => 'deleted'), 'committed'])
    expect(await store.verify()).toEqual([])
  })

  it('is not held up by a commit that was killed, nor a commit by a collection that was', async () => {
    const clock = manualClock(1_000_000)
    const storage = memoryStorage({ clock })
    const store = new DatasetStore({ storage, clock, graceMs: 1000, ...small })
    await storage.put('datasets/commits/0123.json', bytesOf('{"formatVersion":1,"id":"0123","renewedAt":1000000,"lifeMs":1000}'))
    await storage.put('datasets/sweep.json', bytesOf('{"formatVersion":1,"id":"x","renewedAt":900000,"lifeMs":60000}'))
    await storage.put(`datasets/chunks/ab/${'0'.repeat(62)}`, bytesOf('left over'))
    await store.commit('d', table(20))
    await clock.advance(999)
    expect(await store.gc({ graceMs: 0 })).toMatchObject({ deleted: 0, isDeferred: true })
    await clock.advance(1)
    expect(await store.gc()).toMatchObject({ deleted: 0, condemned: 1, isDeferred: false })
    await clock.advance(1000)
    expect(await store.gc()).toMatchObject({ deleted: 1, isDeferred: false })
    expect((await storage.list({ prefix: 'datasets/' })).objects.map(({ key }) => key).filter((key) => /commits|sweep/.test(key))).toEqual(
      [],
    )
  })
})
