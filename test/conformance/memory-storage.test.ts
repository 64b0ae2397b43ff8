import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { bindChecks, objectStoreChecks } from '../../src/testing'

bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
