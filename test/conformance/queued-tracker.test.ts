import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { memoryTracker } from '../../src/adapters/tracker/memory'
import { queuedTracker } from '../../src/adapters/tracker/queued'
import { bindChecks, trackerChecks } from '../../src/testing'

bindChecks(
  trackerChecks(),
  { make: () => queuedTracker({ backend: memoryTracker(), storage: memoryStorage(), waitMs: 20_000 }) },
  { describe, it },
)
