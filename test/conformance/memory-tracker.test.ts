import { describe, it } from 'vitest'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { bindChecks, trackerChecks } from '../../src/testing'
import { hostileSample } from '../support/effort'

bindChecks(trackerChecks({ hostileNames: hostileSample(2) }), { make: () => memoryTracker() }, { describe, it })
