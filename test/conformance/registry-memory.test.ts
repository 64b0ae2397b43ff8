import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { objectStoreBackend } from '../../src/registry'
import { bindChecks } from '../../src/testing/bind'
import { registryChecks } from '../../src/testing/registry-checks'
import { hostileSample } from '../support/effort'

bindChecks(registryChecks({ hostileNames: hostileSample(7) }), { make: () => objectStoreBackend(memoryStorage()) }, { describe, it })
