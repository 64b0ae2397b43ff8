import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { queuedTracker } from '../../src/layers/queued/queued-tracker'
import { bindChecks, trackerChecks } from '../../src/testing'
import { hostileSample } from '../support/effort'

bindChecks(
  trackerChecks({ hostileNames: hostileSample(4) }),
  { make: () => queuedTracker({ backend: memoryTracker(), storage: memoryStorage(), waitMs: 20_000 }) },
  { describe, it },
)
