import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { memoryTracker } from '../../src/adapters/tracker/memory'
import { queuedTracker } from '../../src/adapters/tracker/queued'
import { bindChecks, trackerChecks } from '../../src/testing'
import { hostileSample } from '../support/effort'

bindChecks(
  trackerChecks({ hostileNames: hostileSample(4) }),
  { make: () => queuedTracker({ backend: memoryTracker(), storage: memoryStorage(), waitMs: 20_000 }) },
  { describe, it },
)
