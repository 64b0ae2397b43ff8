import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { bindChecks, objectStoreChecks } from '../../src/testing'

bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
