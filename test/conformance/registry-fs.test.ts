import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import { objectStoreBackend } from '../../src/registry'
import { bindChecks } from '../../src/testing/bind'
import { registryChecks } from '../../src/testing/registry-checks'
import { hostileSample } from '../support/effort'

const roots = new WeakMap<RegistryBackend, string>()

bindChecks(
  registryChecks({ hostileNames: hostileSample(5) }),
  {
    async make() {
      const root = await mkdtemp(join(tmpdir(), 'millwright-registry-'))
      const backend = objectStoreBackend(fsStorage({ root, fsync: false }))
      roots.set(backend, root)
      return backend
    },
    reopen: (backend) => objectStoreBackend(fsStorage({ root: roots.get(backend) as string, fsync: false })),
    async cleanUp(backend) {
      await backend.close()
      await rm(roots.get(backend) as string, { recursive: true, force: true })
    },
  },
  { describe, it },
)
