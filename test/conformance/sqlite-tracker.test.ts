import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import type { ObjectStore } from '../../src/ports/object-store'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { bindChecks, trackerChecks } from '../../src/testing'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'
import { hostileSample } from '../support/effort'

/** What lies beneath a tracker: its file, its storage, and how to remove both. */
const beneath = new WeakMap<TrackerBackend, { readonly open: () => Promise<TrackerBackend>; readonly remove: () => Promise<void> }>()
const libs = await sqliteLibs()
const skip = { '−0 keeps its sign': 'SQLite stores −0 as 0, as MLflow does' }

if (libs.length === 0) it.skip(`sqliteTracker (left out: ${NO_SQLITE})`, () => {})

for (const { name, lib } of libs) {
  describe(`sqliteTracker with ${name}`, () => {
    bindChecks(
      trackerChecks({ hostileNames: hostileSample(9) }),
      {
        async make() {
          const root = await mkdtemp(join(tmpdir(), 'millwright-sqlite-'))
          // Artifacts of a file on disk too: another process would find them there.
          const storage: ObjectStore = fsStorage({ root, fsync: false })
          const open = async (): Promise<TrackerBackend> => {
            const tracker = await sqliteTracker({ path: join(root, 'mlflow.db'), storage, lib })
            beneath.set(tracker, { open, remove: () => rm(root, { recursive: true, force: true }) })
            return tracker
          }
          return open()
        },
        reopen: (tracker) => (beneath.get(tracker) as { open: () => Promise<TrackerBackend> }).open(),
        async cleanUp(tracker) {
          await tracker.close()
          await beneath.get(tracker)?.remove()
        },
        skip,
      },
      { describe, it },
    )
  })

  describe(`sqliteTracker in memory with ${name}`, () => {
    bindChecks(
      trackerChecks({ hostileNames: hostileSample(9) }),
      { make: () => sqliteTracker({ path: ':memory:', storage: memoryStorage(), lib }), skip },
      { describe, it },
    )
  })
}
