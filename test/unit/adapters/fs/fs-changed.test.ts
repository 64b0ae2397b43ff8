import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fsStorage } from '../../../../src/adapters/fs/fs-storage'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'
import type { ChangedAnswer, ObjectStore } from '../../../../src/ports/object-store'
import { expectSameBytes } from '../../../support/same-bytes'

let root = ''
let store: ObjectStore

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millwright-changed-'))
  store = fsStorage({ root, fsync: false })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

/** Stops the clock so long after the file `f/a` was written, however long the test has taken. */
const at = (offsetMs: number): void => {
  const writtenAt = statSync(join(root, 'f/a')).mtimeMs
  vi.spyOn(Date, 'now').mockImplementation(() => writtenAt + offsetMs)
}
async function ask(key: string, stamp?: string): Promise<ChangedAnswer | undefined> {
  return (await store.getChanged?.([stamp === undefined ? { key } : { key, stamp }]))?.[0]
}

describe('getChanged of fsStorage', () => {
  it('gives no stamp to what changed just now, nor to what changed in the future', async () => {
    await store.put('f/a', utf8('1'))
    for (const offset of [0, 2000, -3_600_000]) {
      at(offset)
      expect((await ask('f/a'))?.stamp).toBe('')
      expect((await ask('f/'))?.stamp).toBe('')
      expect(fromUtf8((await ask('f/a', ''))?.bytes as Uint8Array)).toBe('1')
    }
    at(10_000)
    const { stamp = '' } = (await ask('f/a')) ?? {}
    expect(stamp).not.toBe('')
    expect(await ask('f/a', stamp)).toEqual({ stamp })
    // A stamp that was given stays good when the clock is set back: the file is the same.
    at(-3_600_000)
    expect(await ask('f/a', stamp)).toEqual({ stamp })
    const folder = (await ask('f/'))?.names
    expect(folder).toEqual(['a'])
  })

  it('reads small and large files, and leaves links out as listings do', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'millwright-outside-'))
    try {
      const large = new Uint8Array(1_000_003).map((_, i) => i % 251)
      await store.put('f/large', large)
      await store.put('f/empty', new Uint8Array(0))
      writeFileSync(join(outside, 'secret'), 'x')
      symlinkSync(join(outside, 'secret'), join(root, 'f/link'))
      symlinkSync(outside, join(root, 'out'))
      mkdirSync(join(root, 'f/sub'))
      expectSameBytes((await ask('f/large'))?.bytes, large)
      expect((await ask('f/empty'))?.bytes).toHaveLength(0)
      expect(await ask('f/link')).toBeUndefined()
      expect(await ask('f/sub')).toBeUndefined()
      expect((await ask('f/'))?.names).toEqual(['empty', 'large', 'sub/'])
      await expect(ask('out/secret')).rejects.toMatchObject({ code: 'PermissionDenied' })
      expect(await ask('out/')).toBeUndefined()
      for (const key of ['.millwright/tmp/', '.millwright/x', '../x', 'a//b', '/etc/passwd']) {
        await expect(ask(key)).rejects.toMatchObject({ code: 'InvalidArgument' })
      }
    } finally {
      await rm(outside, { recursive: true, force: true })
    }
  })

  it('lets others run while it looks at many, and stops when aborted', async () => {
    for (let i = 0; i < 50; i++) await store.put(`f/${i}`, utf8(`${i}`))
    const controller = new AbortController()
    setImmediate(() => controller.abort(new Error('enough')))
    const queries = Array.from({ length: 200_000 }, (_, i) => ({ key: `f/${i % 50}` }))
    await expect(store.getChanged?.(queries, { signal: controller.signal })).rejects.toThrow('enough')
  })
})
