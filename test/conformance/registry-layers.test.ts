import { describe, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { withCache, withPrefix, withRetry, withTrace } from '../../src/layers'
import { objectStoreBackend } from '../../src/registry'
import { bindChecks } from '../../src/testing/bind'
import { failingStore } from '../../src/testing/failing-store'
import { objectStoreChecks } from '../../src/testing/object-store-checks'
import { registryChecks } from '../../src/testing/registry-checks'
import { hostileSample } from '../support/effort'

describe('layers keep the promises of a store', () => {
  for (const [name, wrap] of Object.entries({
    withRetry,
    withCache,
    withTrace: (store: ReturnType<typeof memoryStorage>) => withTrace(store, { onCall: () => {} }),
    withPrefix: (store: ReturnType<typeof memoryStorage>) => withPrefix(store, 'team/ä'),
  })) {
    describe(name, () => bindChecks(objectStoreChecks(), { make: () => wrap(memoryStorage()) }, { describe, it }))
  }
})

describe('a registry on layers over a store that loses every third answer', () => {
  bindChecks(
    registryChecks({ hostileNames: hostileSample(6) }),
    {
      make() {
        const flaky = failingStore(
          memoryStorage(),
          ({ operation, index }) => operation !== 'append' && index % 3 === 2 && (index % 2 ? 'before' : 'after'),
        )
        // Hundreds of calls go on at once, in an order that timers decide: one of them has met the third turn eight times in a row.
        return objectStoreBackend(withPrefix(withRetry(flaky, { baseDelayMs: 0, attempts: 30 }), 'team'))
      },
    },
    { describe, it },
  )
})
