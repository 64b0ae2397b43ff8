import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { sqliteRegistry } from '../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import { utf8 } from '../../src/core/bytes'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import { ModelRegistry } from '../../src/registry'
import { bindChecks, registryChecks } from '../../src/testing'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'
import { hostileSample } from '../support/effort'

/** What lies beneath a registry: how to open it again, and how to remove its folder. */
const beneath = new WeakMap<RegistryBackend, { readonly open: () => Promise<RegistryBackend>; readonly remove: () => Promise<void> }>()
const libs = await sqliteLibs()

if (libs.length === 0) it.skip(`sqliteRegistry (left out: ${NO_SQLITE})`, () => {})

for (const { name, lib } of libs) {
  describe(`sqliteRegistry with ${name}`, () => {
    bindChecks(
      registryChecks({ hostileNames: hostileSample(8) }),
      {
        async make() {
          const root = await mkdtemp(join(tmpdir(), 'millwright-sqlite-registry-'))
          const storage = fsStorage({ root, fsync: false })
          const open = async (): Promise<RegistryBackend> => {
            const backend = await sqliteRegistry({ path: join(root, 'mlflow.db'), storage, lib })
            beneath.set(backend, { open, remove: () => rm(root, { recursive: true, force: true }) })
            return backend
          }
          return open()
        },
        reopen: (backend) => (beneath.get(backend) as { open: () => Promise<RegistryBackend> }).open(),
        async cleanUp(backend) {
          await backend.close()
          await beneath.get(backend)?.remove()
        },
      },
      { describe, it },
    )
  })

  describe(`sqliteRegistry in memory with ${name}`, () => {
    bindChecks(
      registryChecks({ hostileNames: hostileSample(8) }),
      { make: () => sqliteRegistry({ path: ':memory:', storage: memoryStorage(), lib }) },
      { describe, it },
    )
  })
  describe(`sqliteRegistry beside a tracker with ${name}`, () => {
    const model = { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files: { a: utf8('x') } } as const

    it('links a version with its run, and one whose run is elsewhere with nothing', async () => {
      const root = await mkdtemp(join(tmpdir(), 'millwright-sqlite-registry-'))
      const at = { path: join(root, 'mlflow.db'), storage: fsStorage({ root, fsync: false }), lib }
      const tracker = await sqliteTracker(at)
      const registry = new ModelRegistry({ backend: await sqliteRegistry(at) })
      const { experimentId } = await tracker.ensureExperiment('flights')
      const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
      const version = await registry.register('flights', model, {
        run: { runId, experimentId },
        metrics: { accuracy: 0.9, odd: Number.NaN },
      })
      expect((await tracker.getRun(runId)).outputModels).toEqual([{ modelId: version.modelId, step: 0 }])
      expect(await tracker.getModel(version.modelId as string)).toMatchObject({ experimentId, sourceRunId: runId, status: 'ready' })
      expect(version.source).toContain(`/mlruns/${experimentId}/models/`)
      const elsewhere = await registry.register('flights', model, { run: { runId: 'f'.repeat(32), experimentId: '99' } })
      expect([elsewhere.runId, elsewhere.lineage.experimentId]).toEqual(['f'.repeat(32), '99'])
      expect(elsewhere.source).toContain('/mlruns/0/models/')
      await registry.close()
      // The same file with a storage that does not hold the models' files: they are shown, not read.
      const stray = new ModelRegistry({ backend: await sqliteRegistry({ ...at, storage: memoryStorage() }) })
      expect((await stray.listVersions('flights')).map(({ flavor }) => flavor)).toEqual(['unknown', 'unknown'])
      await expect(stray.readFile('flights@1', 'a')).rejects.toMatchObject({ code: 'NotFound' })
      await stray.close()
      await expect(stray.listModels()).rejects.toMatchObject({ code: 'InvalidState' })
      await tracker.close()
      await rm(root, { recursive: true, force: true })
    })

    it('marks a model whose files did not all arrive, and registers nothing', async () => {
      const storage = memoryStorage()
      let fails = true
      const flaky = {
        ...storage,
        put: (...given: Parameters<typeof storage.put>) => {
          if (fails && given[0].endsWith('/millwright.json')) throw new Error('disk full')
          return storage.put(...given)
        },
      }
      const registry = new ModelRegistry({ backend: await sqliteRegistry({ path: ':memory:', storage: flaky, lib }) })
      await expect(registry.register('flights', model)).rejects.toThrow('disk full')
      expect(await registry.listVersions('flights')).toEqual([])
      fails = false
      expect((await registry.register('flights', model)).version).toBe('1')
      await registry.close()
    })
  })
}
