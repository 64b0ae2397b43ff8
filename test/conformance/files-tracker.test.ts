import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { MillwrightError } from '../../src/core/errors'
import type { ObjectStore } from '../../src/ports/object-store'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { bindChecks, trackerChecks } from '../../src/testing'
import { hostileSample } from '../support/effort'

/** The storage beneath a tracker, and what to do with it afterwards. */
const beneath = new WeakMap<TrackerBackend, { readonly open: () => ObjectStore; readonly remove: () => Promise<void> }>()

function over(name: string, make: () => Promise<{ open: () => ObjectStore; remove: () => Promise<void> }>): void {
  describe(name, () => {
    bindChecks(
      trackerChecks({ hostileNames: hostileSample(1) }),
      {
        async make() {
          const storage = await make()
          const tracker = filesTracker({ storage: storage.open() })
          beneath.set(tracker, storage)
          return tracker
        },
        reopen: (tracker) => filesTracker({ storage: (beneath.get(tracker) as { open: () => ObjectStore }).open() }),
        async cleanUp(tracker) {
          await tracker.close()
          await beneath.get(tracker)?.remove()
        },
      },
      { describe, it },
    )
  })
}

over('filesTracker on memoryStorage', async () => {
  const storage = memoryStorage()
  return { open: () => storage, remove: () => storage.close() }
})

over('filesTracker on a store without append', async () => {
  const storage = memoryStorage()
  const append = (): never => {
    throw new MillwrightError('Unsupported', 'this store cannot append')
  }
  const plain: ObjectStore = { ...storage, append, capabilities: { ...storage.capabilities, appendAtomic: false } }
  return { open: () => plain, remove: () => storage.close() }
})

over('filesTracker on fsStorage', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millwright-runs-'))
  return { open: () => fsStorage({ root, fsync: false }), remove: () => rm(root, { recursive: true, force: true }) }
})
