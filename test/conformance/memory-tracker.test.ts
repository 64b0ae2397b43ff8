import { describe, it } from 'vitest'
import { memoryTracker } from '../../src/adapters/tracker/memory'
import { bindChecks, trackerChecks } from '../../src/testing'

bindChecks(trackerChecks(), { make: () => memoryTracker() }, { describe, it })
