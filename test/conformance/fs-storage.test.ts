import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import type { ObjectStore } from '../../src/ports/object-store'
import { bindChecks, objectStoreChecks } from '../../src/testing'

const roots = new WeakMap<ObjectStore, string>()

for (const fsync of [true, false]) {
  describe(`fsStorage with fsync ${fsync}`, () => {
    bindChecks(
      objectStoreChecks(),
      {
        async make() {
          const root = await mkdtemp(join(tmpdir(), 'millwright-fs-'))
          const store = fsStorage({ root, fsync })
          roots.set(store, root)
          return store
        },
        reopen: (store) => fsStorage({ root: roots.get(store) as string, fsync }),
        async cleanUp(store) {
          await store.close()
          await rm(roots.get(store) as string, { recursive: true, force: true })
        },
      },
      { describe, it },
    )
  })
}
